/* Losses that are sums of functions of one number, on a grid of points: the numbers m + a u + b v of many rows, one after
 * another, at many b at once. */

#if !defined(LOSS_ON_SCORES) || !REAL_IS_DOUBLE
#error "losses/grid_terms.inc.h needs LOSS_ON_SCORES, REAL double"
#endif

enum { GRID_TERMS = 512, GRID_VECTORS = 8 }; /* of a sweep; of points at most, whose sums are in registers */
#define GRID_LARGEST 1e150 /* of a number: its square is one too */

typedef struct grid_terms {
    const gd_problem *problem;
    const gd_grid_part *part;
    double most_a, most_b; /* the largest sizes */
    double *b;             /* (n_b,), filled up */
    double *m, *u, *v, *w; /* (GRID_TERMS,), and their weights */
    double *row;           /* (k,) scores of a row */
    ptrdiff_t n;           /* terms that are there */
} grid_terms;

static size_t grid_terms_carve(char *base, grid_terms *g, ptrdiff_t k, ptrdiff_t n_b) {
    size_t used = 0;
    g->b = carve(base, &used, (size_t)(n_b + GRID_VECTORS * DOUBLE_LANES) * sizeof(double));
    g->row = carve(base, &used, (size_t)(k + DOUBLE_LANES) * sizeof(double));
    g->m = carve(base, &used, 4 * GRID_TERMS * sizeof(double));
    g->u = base ? g->m + GRID_TERMS : NULL, g->v = base ? g->u + GRID_TERMS : NULL, g->w = base ? g->v + GRID_TERMS : NULL;
    return used;
}

static size_t grid_terms_scratch(ptrdiff_t k, ptrdiff_t n_a, ptrdiff_t n_b) {
    grid_terms g;
    (void)n_a;
    return grid_terms_carve(NULL, &g, k, n_b);
}

static grid_terms grid_terms_of(const gd_problem *p, const gd_grid_part *part, void *scratch) {
    grid_terms g = {.problem = p, .part = part};
    const double *a = part->grid->a + part->first_a, *b = part->grid->b + part->first_b;
    grid_terms_carve(scratch, &g, p->n_classes, part->n_b);
    for (ptrdiff_t i = 0; i < part->n_a; i++) g.most_a = fabs(a[i]) <= g.most_a ? g.most_a : fabs(a[i]);
    for (ptrdiff_t i = 0; i < part->n_b; i++) g.most_b = fabs(b[i]) <= g.most_b ? g.most_b : fabs(b[i]);
    for (ptrdiff_t i = 0; i < part->n_b + GRID_VECTORS * DOUBLE_LANES; i++) g.b[i] = b[i < part->n_b ? i : part->n_b - 1];
    return g;
}

INLINE double grid_weight(const gd_problem *p, int64_t id) { return p->weights ? p->weights[id] : 1.0; }

/* x / y, or 0 where that is too large */
INLINE double grid_ratio(double x, double y) {
    double ratio = x / y;
    return fabs(ratio) < 1e100 ? ratio : 0;
}

/* Whether no number of row i can be too large, or NaN. */
static int grid_row_is_plain(const grid_terms *g, ptrdiff_t i, int64_t id) {
    ptrdiff_t k = g->problem->n_classes;
    const gd_grid *grid = g->part->grid;
    const double *targets = g->problem->targets ? g->problem->targets + id * k : NULL;
    double all = 0;
    for (ptrdiff_t c = 0; c < k; c++)
        all += fabs(grid->base[i * k + c]) + g->most_a * fabs(grid->first[i * k + c]) +
               g->most_b * fabs(grid->second[i * k + c]) + (targets ? fabs(targets[c]) : 0);
    return all < GRID_LARGEST && g->most_a < GRID_LARGEST && g->most_b < GRID_LARGEST;
}

/* A row point by point, as any other scores. */
static void grid_row(const grid_terms *g, ptrdiff_t i, int64_t id) {
    const gd_problem *p = g->problem;
    const gd_grid *grid = g->part->grid;
    ptrdiff_t k = p->n_classes;
    for (ptrdiff_t q = 0; q < g->part->n_a; q++)
        for (ptrdiff_t r = 0; r < g->part->n_b; r++) {
            double loss, a = grid->a[g->part->first_a + q], b = grid->b[g->part->first_b + r];
            for (ptrdiff_t c = 0; c < k; c++)
                g->row[c] = grid->base[i * k + c] + a * grid->first[i * k + c] + b * grid->second[i * k + c];
            GD(losses)[p->loss]->rows_double(p, &id, 1, g->row, &loss);
            g->part->sums[q * g->part->n_b + r] += grid_weight(p, id) * loss;
        }
}

typedef void (*grid_sweep)(const grid_terms *g, double a, const double *b, double *sums);

/* `sweeps`: by how many vectors of points. */
static void grid_terms_sum(grid_terms *g, const grid_sweep *sweeps) {
    const gd_grid_part *part = g->part;
    ptrdiff_t vectors = (part->n_b + DOUBLE_LANES - 1) / DOUBLE_LANES, n_sweeps = (vectors + GRID_VECTORS - 1) / GRID_VECTORS;
    vectors = (vectors + n_sweeps - 1) / n_sweeps;
    for (ptrdiff_t q = 0; q < part->n_a; q++)
        for (ptrdiff_t r = 0; r < part->n_b; r += vectors * DOUBLE_LANES) {
            double sums[GRID_VECTORS * DOUBLE_LANES] __attribute__((aligned(64)));
            ptrdiff_t n = part->n_b - r < vectors * DOUBLE_LANES ? part->n_b - r : vectors * DOUBLE_LANES;
            sweeps[vectors](g, part->grid->a[part->first_a + q], g->b + r, sums);
            for (ptrdiff_t e = 0; e < n; e++) part->sums[q * part->n_b + r + e] += sums[e];
        }
    g->n = 0;
}

/* Terms of margins of wrong classes, or (where there are targets) of residuals. A term of `degree` 1 or 2 takes its weight
 * into the margin. */
static void grid_terms_add(const gd_problem *p, const gd_grid_part *part, ptrdiff_t begin, ptrdiff_t end, void *scratch,
                           pool_control *control, int worker, const grid_sweep *sweeps, int degree) {
    grid_terms g = grid_terms_of(p, part, scratch);
    ptrdiff_t k = p->n_classes;
    for (ptrdiff_t i = begin; i < end; i++) {
        int64_t id = p->index ? p->index[i] : i;
        ptrdiff_t own = p->labels ? p->labels[id] : -1;
        double weight = grid_weight(p, id);
        if (weight == 0) continue;
        if (!grid_row_is_plain(&g, i, id)) {
            if (pool_stopped(control, worker)) return;
            grid_row(&g, i, id);
            continue;
        }
        const double *s = part->grid->base + i * k, *u = part->grid->first + i * k, *v = part->grid->second + i * k;
        double factor = degree == 1 ? weight : degree == 2 ? sqrt(weight) : 1;
        for (ptrdiff_t c = 0; c < k; c++) {
            if (c == own) continue;
            g.m[g.n] = factor * (own < 0 ? s[c] - p->targets[id * k + c] : (s[c] - s[own]) + p->margin);
            g.u[g.n] = factor * (own < 0 ? u[c] : u[c] - u[own]);
            g.v[g.n] = factor * (own < 0 ? v[c] : v[c] - v[own]);
            g.w[g.n++] = weight;
            if (g.n < GRID_TERMS) continue;
            if (pool_stopped(control, worker)) return;
            grid_terms_sum(&g, sweeps);
        }
    }
    grid_terms_sum(&g, sweeps);
}

/* TERM(sum, t): adds the loss f(t) to a vector of sums; it may use the weight w and the problem's margin (or delta), limit. */
#define DEFINE_GRID_SWEEP(NAME, TERM, VECTORS)                                                                         \
    APART void NAME##_sweep_##VECTORS(const grid_terms *g, double a, const double *b, double *sums) {                  \
        vdouble sum[VECTORS];                                                                                          \
        double limit = g->problem->margin;                                                                             \
        (void)limit;                                                                                                   \
        _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++) sum[q] = broadcast_double(0);                        \
        for (ptrdiff_t e = 0; e < g->n; e++) {                                                                         \
            vdouble m = broadcast_double(g->m[e] + a * g->u[e]), v = broadcast_double(g->v[e]);                        \
            vdouble w = broadcast_double(g->w[e]);                                                                     \
            (void)w;                                                                                                   \
            _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++) {                                                \
                vdouble t = fma_vdouble(v, ((const vdouble_unaligned *)b)[q], m);                                      \
                TERM(sum[q], t);                                                                                       \
            }                                                                                                          \
        }                                                                                                              \
        _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++)((vdouble *)sums)[q] = sum[q];                        \
    }

#define DEFINE_ON_GRID(NAME, TERM, DEGREE)                                                                             \
    DEFINE_GRID_SWEEP(NAME, TERM, 1)                                                                                   \
    DEFINE_GRID_SWEEP(NAME, TERM, 2)                                                                                   \
    DEFINE_GRID_SWEEP(NAME, TERM, 3)                                                                                   \
    DEFINE_GRID_SWEEP(NAME, TERM, 4)                                                                                   \
    DEFINE_GRID_SWEEP(NAME, TERM, 5)                                                                                   \
    DEFINE_GRID_SWEEP(NAME, TERM, 6)                                                                                   \
    DEFINE_GRID_SWEEP(NAME, TERM, 7)                                                                                   \
    DEFINE_GRID_SWEEP(NAME, TERM, 8)                                                                                   \
    static void NAME##_on_grid(const gd_problem *p, const gd_grid_part *part, ptrdiff_t begin, ptrdiff_t end,          \
                               void *scratch, pool_control *control, int worker) {                                     \
        static const grid_sweep sweeps[GRID_VECTORS + 1] = {                                                           \
            NULL,            NAME##_sweep_1, NAME##_sweep_2, NAME##_sweep_3, NAME##_sweep_4,                           \
            NAME##_sweep_5,  NAME##_sweep_6, NAME##_sweep_7, NAME##_sweep_8,                                           \
        };                                                                                                             \
        grid_terms_add(p, part, begin, end, scratch, control, worker, sweeps, DEGREE);                                 \
    }
