/* Scores of sparse X for one REAL, tile by tile: the first of the three steps of a pass (pass.inc.h), and all that
 * differences need of it.
 *
 * Classes go in groups of at most 4 * QUADS_MOST. Scores of a group are (n_rows, 4 * quads); where all rows
 * are one panel, its columns are cut into `splits` that have scores of their own, added up in order.
 * Weights are turned to (columns, classes): block by block during the pass where each is needed once (one
 * panel), else all of them beforehand.
 */

#if !defined(REAL) || !defined(QUADS_MOST)
#error "sparse/scores.inc.h needs REAL, QUADS_MOST"
#endif

typedef void (*R(sparse_scores_tile))(const sparse_tile *, const REAL *w, REAL *scores);
typedef struct R(sparse_gradient_tile) {
    void (*add)(const sparse_tile *, const REAL *coefficients, double *gradient);
    void (*set)(const sparse_tile *, const REAL *coefficients, REAL *sums); /* of columns that are in one tile alone */
} R(sparse_gradient_tile);

typedef struct R(sparse_job) {
    const gd_problem *problem;
    const gd_tiles *tiles;
    const gd_weights *weights;
    const gd_answer *answer;
    sparse_layout layout;
    R(sparse_scores_tile) scores_tile;
    R(sparse_gradient_tile) gradient_tile; /* NULLs where scores are all that is needed */
    ptrdiff_t model;      /* of weights, the one at work */
    REAL *turned;         /* (n_groups, n_blocks * block_columns, K) or NULL */
    REAL *scores;         /* (splits, n_groups, n_rows, K): sums, then the first split's are coefficients */
    double *bias, *bias_gradient, *value;
    char *workers;
    size_t worker_bytes;
    pool_turn *turn;
    pool_control *control;
} R(sparse_job);

/* Of the longest of its loops: more threads are of no use. */
static ptrdiff_t R(most_chunks)(const R(sparse_job) * j) {
    const sparse_layout *l = &j->layout;
    ptrdiff_t counts[] = {l->n_groups * j->tiles->n_blocks, j->tiles->n_panels * l->splits, l->loss_chunks,
                          l->gradient_chunks}, most = 1;
    for (int i = 0; i < 4; i++) most = counts[i] > most ? counts[i] : most;
    return most;
}

static size_t R(lay_sparse_job)(char *base, R(sparse_job) * j, int n_threads) {
    const sparse_layout *l = &j->layout;
    size_t used = 0, K = (size_t)l->K, block = (size_t)j->tiles->block_columns;
    size_t rows = (size_t)j->problem->n_rows, groups = (size_t)l->n_groups;
    j->turned = NULL;
    if (l->turned) j->turned = carve(base, &used, groups * block * (size_t)j->tiles->n_blocks * K * sizeof(REAL));
    j->scores = carve(base, &used, (size_t)l->splits * groups * rows * K * sizeof(REAL));
    j->bias = carve(base, &used, (size_t)j->problem->n_classes * sizeof(double));
    j->bias_gradient = carve(base, &used, (size_t)j->problem->n_classes * sizeof(double));
    j->value = carve(base, &used, sizeof(double));
    size_t turned_block = block * K * sizeof(REAL), gradient_blocks = (size_t)l->stay_blocks * block * K * sizeof(double);
    size_t loss = ((size_t)(BLOCK_ROWS_MOST * j->problem->n_classes) + LANES) * sizeof(REAL) + 64;
    loss += (size_t)j->problem->n_classes * sizeof(double);
    size_t most = turned_block > gradient_blocks ? turned_block : gradient_blocks;
    j->worker_bytes = ((most > loss ? most : loss) + 63) / 64 * 64;
    j->workers = carve(base, &used, j->worker_bytes * (size_t)useful_threads(n_threads, R(most_chunks)(j)));
    return used;
}

static R(sparse_job) R(make_sparse_job)(const gd_problem *p, const gd_tiles *t, const gd_weights *weights) {
    R(sparse_job) j = {.problem = p, .tiles = t, .weights = weights, .layout = make_sparse_layout(p, t)};
    return j;
}

/* ---- weights: (classes, columns) -> (columns, K) ---- */

/* Columns [first, first + n) of the classes of a group into `to`; classes beyond the last are zeros. A line of each class
 * at a time, and those ahead are asked for: the classes are too many streams for the processor to see them coming. */
#define DEFINE_TURN(type)                                                                                              \
    static void R(turn_##type)(const R(sparse_job) * j, ptrdiff_t group, ptrdiff_t first, ptrdiff_t n, REAL *to) {     \
        const gd_problem *p = j->problem;                                                                              \
        ptrdiff_t K = j->layout.K, stride = p->n_features + p->has_bias, c0 = group * j->layout.group_classes;         \
        ptrdiff_t classes = group_classes(&j->layout, p, group);                                                       \
        const type *w = (const type *)j->weights->w + (j->model * p->n_classes + c0) * stride + first;                 \
        ptrdiff_t whole = n / 4 * 4;                                                                                   \
        for (ptrdiff_t i0 = 0; i0 < whole; i0 += LINE_COLUMNS(type))                                                   \
            for (ptrdiff_t c = 0; c < K; c += 4) {                                                                     \
                const type *from = w + c * stride + i0;                                                                \
                ptrdiff_t left = classes - c, end = whole - i0 < LINE_COLUMNS(type) ? whole - i0 : LINE_COLUMNS(type); \
                for (ptrdiff_t r = 0; r < 4 && r < left; r++) PREFETCH_AHEAD(from + r * stride, 0);                    \
                for (ptrdiff_t i = 0; i < end; i += 4) {                                                               \
                    R(quad) q[4];                                                                                      \
                    _Pragma("GCC unroll 4") for (int r = 0; r < 4; r++) {                                              \
                        quad_##type narrow = {0};                                                                      \
                        if (r < left) memcpy(&narrow, from + r * stride + i, sizeof narrow);                           \
                        if (p->scale) {                                                                                \
                            quad_double wide = __builtin_convertvector(narrow, quad_double), scale;                    \
                            memcpy(&scale, p->scale + first + i0 + i, sizeof scale);                                   \
                            wide /= scale;                                                                             \
                            q[r] = __builtin_convertvector(wide, R(quad));                                             \
                        } else                                                                                         \
                            q[r] = __builtin_convertvector(narrow, R(quad));                                           \
                    }                                                                                                  \
                    TRANSPOSE(R(quad), q[0], q[1], q[2], q[3]);                                                        \
                    _Pragma("GCC unroll 4") for (int r = 0; r < 4; r++)                                                \
                        memcpy(to + (i0 + i + r) * K + c, &q[r], sizeof q[r]);                                         \
                }                                                                                                      \
            }                                                                                                          \
        for (ptrdiff_t i = whole; i < n; i++)                                                                          \
            for (ptrdiff_t r = 0; r < K; r++) {                                                                        \
                double value = r < classes ? (double)w[r * stride + i] : 0;                                            \
                to[i * K + r] = (REAL)(p->scale ? value / p->scale[first + i] : value);                                \
            }                                                                                                          \
    }                                                                                                                  \
    /* Only the listed columns. */                                                                                     \
    static void R(pick_##type)(const R(sparse_job) * j, ptrdiff_t group, ptrdiff_t first, const sparse_tile *t,        \
                               REAL *to) {                                                                             \
        const gd_problem *p = j->problem;                                                                              \
        ptrdiff_t K = j->layout.K, stride = p->n_features + p->has_bias, c0 = group * j->layout.group_classes;         \
        ptrdiff_t classes = group_classes(&j->layout, p, group);                                                       \
        const type *w = (const type *)j->weights->w + (j->model * p->n_classes + c0) * stride + first;                 \
        for (ptrdiff_t r = 0; r < K; r++)                                                                              \
            for (ptrdiff_t q = 0; q < t->n_listed; q++) {                                                              \
                ptrdiff_t i = t->columns[q];                                                                           \
                double value = r < classes ? (double)w[r * stride + i] : 0;                                            \
                to[i * K + r] = (REAL)(p->scale ? value / p->scale[first + i] : value);                                \
            }                                                                                                          \
    }
DEFINE_TURN(float)
DEFINE_TURN(double)

static void R(turn_block)(void *context, ptrdiff_t chunk, int worker) {
    const R(sparse_job) *j = context;
    (void)worker;
    ptrdiff_t group = chunk / j->tiles->n_blocks, block = chunk % j->tiles->n_blocks;
    REAL *to = j->turned + chunk * j->tiles->block_columns * j->layout.K;
    ptrdiff_t first = block * j->tiles->block_columns, n = columns_of_block(j->tiles, block);
    (j->weights->is_double ? R(turn_double) : R(turn_float))(j, group, first, n, to);
}

/* ---- scores ---- */

static void R(sparse_scores)(void *context, ptrdiff_t chunk, int worker) {
    const R(sparse_job) *j = context;
    const gd_tiles *t = j->tiles;
    const sparse_layout *l = &j->layout;
    REAL *buffer = (REAL *)(j->workers + (size_t)worker * j->worker_bytes);
    ptrdiff_t panel = chunk / l->splits, split = chunk % l->splits, first_row = panel * t->panel_rows;
    ptrdiff_t rows = t->n_rows - first_row < t->panel_rows ? t->n_rows - first_row : t->panel_rows;
    ptrdiff_t begin = split_block(t, panel, split, l->splits), end = split_block(t, panel, split + 1, l->splits);
    for (ptrdiff_t group = 0; group < l->n_groups; group++) {
        REAL *scores = j->scores + ((split * l->n_groups + group) * t->n_rows + first_row) * l->K;
        memset(scores, 0, (size_t)(rows * l->K) * sizeof(REAL));
        for (ptrdiff_t b = begin; b < end && !pool_stopped(j->control, worker); b++) {
            sparse_tile tile = get_tile(t, panel, b);
            if (tile.n_listed == 0) continue;
            const REAL *w = buffer;
            ptrdiff_t first = b * t->block_columns, n = columns_of_block(t, b);
            if (j->turned)
                w = j->turned + (group * t->n_blocks + b) * t->block_columns * l->K;
            else if (tile.n_listed * 4 < n)
                (j->weights->is_double ? R(pick_double) : R(pick_float))(j, group, first, &tile, buffer);
            else
                (j->weights->is_double ? R(turn_double) : R(turn_float))(j, group, first, n, buffer);
            j->scores_tile(&tile, w, scores);
        }
    }
}

/* Rows [i, i + n_rows): the splits' sums and the bias, into (n_rows, k). */
APART void R(finish_scores)(const R(sparse_job) * j, ptrdiff_t i, int n_rows, REAL *scores) {
    const gd_problem *p = j->problem;
    const sparse_layout *l = &j->layout;
    ptrdiff_t k = p->n_classes, n = p->n_rows;
    for (ptrdiff_t g = 0; g < l->n_groups; g++) {
        ptrdiff_t c0 = g * l->group_classes, classes = group_classes(l, p, g);
        for (int r = 0; r < n_rows; r++) {
            const REAL *from = j->scores + (g * n + i + r) * l->K;
            REAL *to = scores + r * k + c0;
            for (ptrdiff_t c = 0; c < classes; c++) to[c] = from[c];
            for (ptrdiff_t s = 1; s < l->splits; s++) {
                from += l->n_groups * n * l->K;
                for (ptrdiff_t c = 0; c < classes; c++) to[c] += from[c];
            }
            for (ptrdiff_t c = 0; c < classes; c++) to[c] += (REAL)j->bias[c0 + c];
        }
    }
}

/* The scores of one model, split by split, without the bias, which is laid ready. */
static void R(run_sparse_scores)(R(sparse_job) * j, int n_threads) {
    const gd_problem *p = j->problem;
    const gd_tiles *t = j->tiles;
    ptrdiff_t k = p->n_classes, d = p->n_features;
    for (ptrdiff_t c = 0; c < k; c++) {
        ptrdiff_t at = (j->model * k + c) * (d + p->has_bias) + d;
        const void *w = j->weights->w;
        j->bias[c] = !p->has_bias ? 0 : j->weights->is_double ? ((const double *)w)[at] : (double)((const float *)w)[at];
    }
    if (j->turned) pool_run(R(turn_block), j, j->layout.n_groups * t->n_blocks, n_threads, j->control);
    if (!j->control->stop) pool_run(R(sparse_scores), j, t->n_panels * j->layout.splits, n_threads, j->control);
}
