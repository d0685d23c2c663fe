/* Difference quotients of a loss when one weight moves: for a perturbed weight of class c and column j,
 * row i's score c moves by t = h * x_ij, and the row's loss changes by a difference that is evaluated
 * here on both sides and added up in float64.
 *
 * Rows come grouped by their label: what moving the correct class does to a hinge is, by the centred
 * scheme, minus the sum of what moving the others does. The steps t of a block of rows are packed once
 * into a panel of columns and serve every class. Weights are folded in: the hinge is homogeneous in
 * (margin, t), the squared losses in their squares, Huber's in those of (residual, t, delta).
 */

#if !defined(DOUBLE_LANES) || !defined(EACH_TILE)
#error "differences/tiles.inc.h needs DOUBLE_LANES, EACH_TILE"
#endif

#define PANEL_COLUMNS 256
#define PRODUCT_REACH 1.0 /* rows * |t| up to which products of 1 + p * expm1(t) stay accurate */

/* ---- tiles: CLASSES x VECTORS sums over the rows of a block; m is (n_rows, CLASSES), panels (n_rows, PANEL_COLUMNS) ---- */

#define DIFFERENCE_ARGUMENTS                                                                                           \
    const double *m, const double *plus, const double *minus, int n_rows, double *moved, double *correct,              \
        ptrdiff_t stride

#define DEFINE_DIFFERENCE_TILE(NAME, CLASSES, VECTORS, TERM, CORRECT_FROM_TERMS, SHIFT)                                \
    static void NAME##_##CLASSES(DIFFERENCE_ARGUMENTS) {                                                               \
        vdouble acc[CLASSES][VECTORS], other[VECTORS];                                                                 \
        _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++) {                                                    \
            other[q] = broadcast_double(0);                                                                            \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) acc[c][q] = broadcast_double(0);                \
        }                                                                                                              \
        for (int r = 0; r < n_rows; r++) {                                                                             \
            vdouble t[VECTORS], limit = *(const vdouble *)(minus + r * PANEL_COLUMNS);                                 \
            (void)limit;                                                                                               \
            _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++) t[q] =                                           \
                ((const vdouble *)(plus + r * PANEL_COLUMNS))[q];                                                      \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                               \
                vdouble b = broadcast_double(m[r * CLASSES + c]);                                                      \
                _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++) { TERM(acc[c][q], other[q], b, t[q], limit) }\
            }                                                                                                          \
        }                                                                                                              \
        _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++) {                                                    \
            vdouble shift = SHIFT ? ((const vdouble *)minus)[q] : broadcast_double(0);                                 \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                               \
                vdouble sum = acc[c][q] + shift;                                                                       \
                ((vdouble *)(moved + c * stride))[q] += sum;                                                           \
                if (CORRECT_FROM_TERMS) other[q] -= sum;                                                               \
            }                                                                                                          \
            if (correct) ((vdouble *)correct)[q] += other[q];                                                          \
        }                                                                                                              \
    }

/* max(0, m + t) - max(0, m - t) = t + sign(t) min(max(m, -|t|), |t|) = 2 t + max(m, -t) - max(m, t);
 * the sum of the first summand over the rows comes as `minus` */
#if HAS_CLAMP
#define HINGE_SHIFT 1
#define HINGE_CENTERED_TERM(acc, other, m, t, limit) acc += clamp_vdouble(m, t);
#define HELD_WITHIN(m, limit) clamp_vdouble(m, limit)
#else
#define HINGE_SHIFT 2
#define HINGE_CENTERED_TERM(acc, other, m, t, limit) acc += max_vdouble(m, -(t)) - max_vdouble(m, t);
#define HELD_WITHIN(m, limit) (-max_vdouble(-max_vdouble(m, -(limit)), -(limit)))
#endif
#define HINGE_FORWARD_TERM(acc, other, m, t, limit)                                                                    \
    vdouble here = max_vdouble(m, broadcast_double(0));                                                                \
    acc += max_vdouble(m + t, broadcast_double(0)) - here;                                                             \
    other += max_vdouble(m - t, broadcast_double(0)) - here;
#define SQUARED_HINGE_CENTERED_TERM(acc, other, m, t, limit)                                                           \
    vdouble up = max_vdouble(m + t, broadcast_double(0)), down = max_vdouble(m - t, broadcast_double(0));              \
    acc = fma_vdouble(up - down, up + down, acc);
#define SQUARED_HINGE_FORWARD_TERM(acc, other, m, t, limit)                                                            \
    vdouble here = max_vdouble(m, broadcast_double(0)), up = max_vdouble(m + t, broadcast_double(0)),                  \
            down = max_vdouble(m - t, broadcast_double(0));                                                            \
    acc = fma_vdouble(up - here, up + here, acc);                                                                      \
    other = fma_vdouble(down - here, down + here, other);
#define SQUARED_ERROR_CENTERED_TERM(acc, other, m, t, limit)                                                           \
    vdouble up = m + t, down = m - t;                                                                                  \
    acc = fma_vdouble(up - down, up + down, acc);
#define SQUARED_ERROR_FORWARD_TERM(acc, other, m, t, limit)                                                            \
    vdouble up = m + t;                                                                                                \
    acc = fma_vdouble(up - m, up + m, acc);

/* h(m + t) - h(m - t) for h(x) = c (2 x - c), c being x held within +- limit: with the sum and the difference of the
 * two c it is 2 sum t + difference (2 m - sum), which is exact to rounding where both ends lie on one piece */
#define HUBER_CENTERED_TERM(acc, other, m, t, limit)                                                                   \
    vdouble up = HELD_WITHIN(m + t, limit), down = HELD_WITHIN(m - t, limit), both = up + down;                        \
    acc = fma_vdouble(both + both, t, fma_vdouble(up - down, (m + m) - both, acc));
#define HUBER_FORWARD_TERM(acc, other, m, t, limit)                                                                    \
    vdouble up = HELD_WITHIN(m + t, limit), here = HELD_WITHIN(m, limit), both = up + here;                            \
    acc = fma_vdouble(both, t, fma_vdouble(up - here, (m + m) + t - both, acc));

/* Softmax: log of the product over rows of 1 + p expm1(t), kept as the product minus 1 on both sides */
#define DEFINE_SOFTMAX_TILE(NAME, CLASSES, VECTORS, BOTH_SIDES)                                                        \
    static void NAME##_##CLASSES(DIFFERENCE_ARGUMENTS) {                                                               \
        vdouble up[CLASSES][VECTORS], down[CLASSES][VECTORS];                                                          \
        (void)correct;                                                                                                 \
        _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++)                                                      \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) up[c][q] = down[c][q] = broadcast_double(0);    \
        for (int r = 0; r < n_rows; r++) {                                                                             \
            vdouble a[VECTORS], b[VECTORS];                                                                            \
            _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++) {                                                \
                a[q] = ((const vdouble *)(plus + r * PANEL_COLUMNS))[q];                                               \
                if (BOTH_SIDES) b[q] = ((const vdouble *)(minus + r * PANEL_COLUMNS))[q];                              \
            }                                                                                                          \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                               \
                vdouble p = broadcast_double(m[r * CLASSES + c]);                                                      \
                _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++) {                                            \
                    vdouble u = p * a[q];                                                                              \
                    up[c][q] = fma_vdouble(up[c][q], u, up[c][q] + u);                                                 \
                    if (BOTH_SIDES) {                                                                                  \
                        vdouble d = p * b[q];                                                                          \
                        down[c][q] = fma_vdouble(down[c][q], d, down[c][q] + d);                                       \
                    }                                                                                                  \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++)                                                      \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                               \
                vdouble sum = log1p_vector(up[c][q]);                                                                  \
                if (BOTH_SIDES) sum -= log1p_vector(down[c][q]);                                                       \
                ((vdouble *)(moved + c * stride))[q] += sum;                                                           \
            }                                                                                                          \
    }

#define DEFINE_DIFFERENCE_TILES(CLASSES, MANY)                                                                         \
    DEFINE_DIFFERENCE_TILE(hinge_centered, CLASSES, MANY, HINGE_CENTERED_TERM, 1, 1)                                   \
    DEFINE_DIFFERENCE_TILE(hinge_forward, CLASSES, MANY, HINGE_FORWARD_TERM, 0, 0)                                     \
    DEFINE_DIFFERENCE_TILE(squared_hinge_centered, CLASSES, MANY, SQUARED_HINGE_CENTERED_TERM, 1, 0)                   \
    DEFINE_DIFFERENCE_TILE(squared_hinge_forward, CLASSES, MANY, SQUARED_HINGE_FORWARD_TERM, 0, 0)                     \
    DEFINE_DIFFERENCE_TILE(squared_error_centered, CLASSES, MANY, SQUARED_ERROR_CENTERED_TERM, 0, 0)                   \
    DEFINE_DIFFERENCE_TILE(squared_error_forward, CLASSES, MANY, SQUARED_ERROR_FORWARD_TERM, 0, 0)                     \
    DEFINE_DIFFERENCE_TILE(huber_centered, CLASSES, MANY, HUBER_CENTERED_TERM, 0, 0)                                   \
    DEFINE_DIFFERENCE_TILE(huber_forward, CLASSES, MANY, HUBER_FORWARD_TERM, 0, 0)                                     \
    DEFINE_SOFTMAX_TILE(softmax_centered, CLASSES, (MANY / 2), 1)                                                      \
    DEFINE_SOFTMAX_TILE(softmax_forward, CLASSES, (MANY / 2), 0)
EACH_TILE(DEFINE_DIFFERENCE_TILES, )

typedef void (*difference_tile)(DIFFERENCE_ARGUMENTS);
#define DIFFERENCE_ROW(CLASSES, MANY)                                                                                  \
    {{{hinge_centered_##CLASSES, hinge_forward_##CLASSES},                                                             \
      {squared_hinge_centered_##CLASSES, squared_hinge_forward_##CLASSES},                                             \
      {softmax_centered_##CLASSES, softmax_forward_##CLASSES},                                                         \
      {squared_error_centered_##CLASSES, squared_error_forward_##CLASSES},                                             \
      {huber_centered_##CLASSES, huber_forward_##CLASSES}},                                                            \
     MANY}
static const struct {
    difference_tile of[5][2]; /* [gd_loss][gd_scheme] */
    int many;
} difference_tiles[] = {{{{0}}, 0}, EACH_TILE(DIFFERENCE_ROW, COMMA)};

/* ---- scratch and job ---- */

typedef struct difference_worker {
    vdouble *sums;
    double *scores;   /* (block_rows, k): becomes margins, probabilities or residuals */
    double *compact;  /* (block_rows, TILE_CLASSES) */
    double *plus;     /* panel of t, or of expm1(t) */
    double *minus;    /* panel of expm1(-t); for the hinge row 0 is a sum over the rows, for Huber rows hold limits */
    double *ignored;  /* what a perturbed class beyond the loss's terms would get */
    double *moved;    /* (k, stride) the chunk's differences */
    int64_t *crossings;
    int64_t *order;   /* (chunk_rows,) row numbers grouped by label */
    int64_t *starts;  /* (k + 1,) */
    void *copies;
    size_t copies_bytes;
} difference_worker;

typedef struct difference_job {
    const gd_problem *problem;
    const gd_differences *asked;
    layout layout;
    ptrdiff_t stride; /* columns, padded to whole panels' vectors */
    double *w, *bias;
    double *row;             /* (d,) of W, on its way in */
    double *step, *shift; /* t = step * (x - shift), per perturbed column */
    double *moved;        /* totals (k, stride) */
    int64_t *crossings;
    char *workers;
    size_t worker_bytes;
    pool_turn *turn;
    pool_control *control;
} difference_job;

static difference_worker lay_difference_worker(char *base, const difference_job *j, size_t *used) {
    difference_worker w;
    const gd_problem *p = j->problem;
    const layout *l = &j->layout;
    size_t k = (size_t)p->n_classes, B = BLOCK_ROWS_MOST;
    *used = 0;
    w.sums = carve(base, used, (B * TILE_CLASSES + DOUBLE_LANES) * sizeof(vdouble));
    w.scores = carve(base, used, (B * k + DOUBLE_LANES) * sizeof(double));
    w.compact = carve(base, used, B * TILE_CLASSES * sizeof(double));
    w.plus = carve(base, used, B * PANEL_COLUMNS * sizeof(double));
    w.minus = carve(base, used, B * PANEL_COLUMNS * sizeof(double));
    w.moved = carve(base, used, k * (size_t)j->stride * sizeof(double));
    w.crossings =
        carve(base, used, j->asked->scheme == SCHEME_CROSSINGS ? k * (size_t)j->stride * sizeof(int64_t) : 0);
    w.order = carve(base, used, (size_t)l->chunk_rows * sizeof(int64_t));
    w.starts = carve(base, used, (k + 1) * sizeof(int64_t));
    w.copies_bytes = (l->direct ? 2 * B * DOUBLE_LANES : (size_t)(l->block_rows * l->n_vectors) * DOUBLE_LANES) *
                     (size_t)input_bytes(p->input);
    w.copies = carve(base, used, w.copies_bytes);
    return w;
}

static size_t lay_difference_job(char *base, difference_job *j, int n_threads) {
    const gd_problem *p = j->problem;
    size_t used = 0, k = (size_t)p->n_classes;
    size_t unit = (size_t)(4 * DOUBLE_LANES); /* the widest tile */
    j->stride = (ptrdiff_t)(((size_t)j->asked->n_columns + unit - 1) / unit * unit);
    j->w = carve(base, &used, k * (size_t)(j->layout.n_vectors * DOUBLE_LANES) * sizeof(double));
    j->bias = carve(base, &used, k * sizeof(double));
    j->row = carve(base, &used, (size_t)p->n_features * sizeof(double));
    j->step = carve(base, &used, (size_t)j->stride * sizeof(double));
    j->shift = carve(base, &used, (size_t)j->stride * sizeof(double));
    j->moved = carve(base, &used, k * (size_t)j->stride * sizeof(double));
    j->crossings =
        carve(base, &used, j->asked->scheme == SCHEME_CROSSINGS ? k * (size_t)j->stride * sizeof(int64_t) : 0);
    lay_difference_worker(NULL, j, &j->worker_bytes);
    j->workers = carve(base, &used, j->worker_bytes * (size_t)useful_threads(n_threads, j->layout.n_chunks));
    return used;
}

/* Row numbers of a chunk, grouped by label (in order for a loss without labels); rows of weight 0 are left out. */
static void group_rows(const gd_problem *p, ptrdiff_t begin, ptrdiff_t end, int64_t *order, int64_t *starts) {
    ptrdiff_t k = p->n_classes;
    memset(starts, 0, (size_t)(k + 1) * sizeof(int64_t));
    for (int pass = 0; pass < 2; pass++) {
        for (ptrdiff_t i = begin; i < end; i++) {
            int64_t id = p->index ? p->index[i] : i;
            if (p->weights && p->weights[id] == 0) continue;
            ptrdiff_t group = p->labels ? p->labels[id] : 0;
            if (pass)
                order[starts[group]++] = id;
            else
                starts[group]++;
        }
        if (pass) break;
        int64_t sum = 0;
        for (ptrdiff_t c = 0; c <= k; c++) {
            int64_t count = starts[c];
            starts[c] = sum;
            sum += count;
        }
    }
    for (ptrdiff_t c = k; c > 0; c--) starts[c] = starts[c - 1];
    starts[0] = 0;
}

/* Scores of a block -> what the tiles need: margins (the correct class at -inf), probabilities or residuals. */
static void scores_to_terms(const gd_problem *p, const int64_t *ids, int n_rows, ptrdiff_t label, double *scores) {
    ptrdiff_t k = p->n_classes;
    for (int r = 0; r < n_rows; r++) {
        double *s = scores + r * k, weight = p->weights ? p->weights[ids[r]] : 1.0;
        if (p->loss == LOSS_CROSS_ENTROPY) {
            double most = s[0], sum = 0;
            for (ptrdiff_t c = 1; c < k; c++) most = s[c] > most ? s[c] : most;
            for (ptrdiff_t c = 0; c < k; c++) sum += s[c] = exp(s[c] - most);
            for (ptrdiff_t c = 0; c < k; c++) s[c] /= sum;
        } else if (p->targets) {
            for (ptrdiff_t c = 0; c < k; c++) s[c] = sqrt(weight) * (s[c] - p->targets[ids[r] * k + c]);
        } else {
            double correct = s[label], factor = p->loss == LOSS_HINGE ? weight : sqrt(weight);
            for (ptrdiff_t c = 0; c < k; c++) s[c] = factor * ((s[c] - correct) + p->margin);
            s[label] = -INFINITY;
        }
    }
}

/* max |t| over one row of a panel, whose padding is 0 */
static double longest_step(const double *t, ptrdiff_t n_columns) {
    vdouble most = broadcast_double(0);
    for (ptrdiff_t q = 0; q < n_columns; q += DOUBLE_LANES) {
        vdouble a = *(const vdouble *)(t + q);
        most = max_vdouble(most, max_vdouble(a, -a));
    }
    double longest = 0;
    for (int e = 0; e < DOUBLE_LANES; e++) longest = most[e] > longest ? most[e] : longest;
    return longest;
}

/* Terms whose margin changes sign within the stencil: how many, and what they add to the quotient beyond
 * the slope at the centre. Pairs whose margin is out of reach of the row's largest step are passed over. */
static void count_crossings(const double *margins, ptrdiff_t k, ptrdiff_t label, const double *t, int n_rows,
                            ptrdiff_t n_columns, double *excess, int64_t *crossings, ptrdiff_t stride) {
    for (int r = 0; r < n_rows; r++) {
        double reach = longest_step(t + r * PANEL_COLUMNS, n_columns);
        for (ptrdiff_t c = 0; c < k; c++) {
            double m = margins[r * k + c];
            if (!(fabs(m) < reach)) continue;
            for (ptrdiff_t q = 0; q < n_columns; q++) {
                double step = t[r * PANEL_COLUMNS + q], size = fabs(step);
                if (!(fabs(m) < size)) continue;
                double extra = copysign(1.0, step) * (m > 0 ? m - size : m + size);
                excess[c * stride + q] += extra;
                excess[label * stride + q] -= extra;
                crossings[c * stride + q]++;
                crossings[label * stride + q]++;
            }
        }
    }
}

static void add_differences(difference_job *j, const difference_worker *w, ptrdiff_t chunk) {
    ptrdiff_t size = j->problem->n_classes * j->stride;
    pool_turn_wait(j->turn, chunk);
    for (ptrdiff_t i = 0; i < size; i++) j->moved[i] += w->moved[i];
    if (j->asked->scheme == SCHEME_CROSSINGS)
        for (ptrdiff_t i = 0; i < size; i++) j->crossings[i] += w->crossings[i];
    pool_turn_done(j->turn);
}

/* One panel of columns of one block of rows with the same label. */
static void difference_panel(const difference_job *j, difference_worker *w, const int64_t *ids, int n_rows,
                             ptrdiff_t label, ptrdiff_t first, ptrdiff_t n_columns) {
    const gd_problem *p = j->problem;
    ptrdiff_t k = p->n_classes, padded = j->stride - first < PANEL_COLUMNS ? j->stride - first : PANEL_COLUMNS;
    int forward = j->asked->scheme == SCHEME_FORWARD, softmax = p->loss == LOSS_CROSS_ENTROPY;
    double *moved = w->moved + first;
    if (j->asked->scheme == SCHEME_CROSSINGS) {
        count_crossings(w->scores, k, label, w->plus, n_rows, n_columns, moved, w->crossings + first, j->stride);
        return;
    }
    int rows_at_once = n_rows;
    if (softmax) { /* the correct class's -t (or -2 t), then steps -> expm1 */
        double most = 0;
        for (int r = 0; r < n_rows; r++) {
            double weight = (forward ? 1 : 2) * (p->weights ? p->weights[ids[r]] : 1.0);
            double longest = longest_step(w->plus + r * PANEL_COLUMNS, n_columns);
            most = longest > most ? longest : most;
            for (ptrdiff_t q = 0; q < padded; q++)
                moved[label * j->stride + q] -= weight * w->plus[r * PANEL_COLUMNS + q];
        }
        if (most > PRODUCT_REACH) { /* steps too long for products: one by one */
            for (int r = 0; r < n_rows; r++)
                for (ptrdiff_t c = 0; c < k; c++) {
                    double prob = w->scores[r * k + c], rest = 0, weight = p->weights ? p->weights[ids[r]] : 1.0;
                    for (ptrdiff_t o = 0; o < k; o++) rest += o == c ? 0 : w->scores[r * k + o];
                    for (ptrdiff_t q = 0; q < n_columns; q++) {
                        double t = w->plus[r * PANEL_COLUMNS + q];
                        double change = log_moved(prob, rest, t) - (forward ? 0 : log_moved(prob, rest, -t));
                        moved[c * j->stride + q] += weight * change;
                    }
                }
            return;
        }
        if (most * n_rows > PRODUCT_REACH || p->weights) rows_at_once = 1;
        for (int r = 0; r < n_rows; r++)
            for (ptrdiff_t q = 0; q < padded; q += DOUBLE_LANES) {
                vdouble a = expm1_vector(*(vdouble *)(w->plus + r * PANEL_COLUMNS + q));
                *(vdouble *)(w->plus + r * PANEL_COLUMNS + q) = a;
                *(vdouble *)(w->minus + r * PANEL_COLUMNS + q) = -a / (a + 1.0);
            }
    } else if (p->loss == LOSS_HINGE && !forward) { /* the sum of t or 2 t, shared by every class */
        memset(w->minus, 0, PANEL_COLUMNS * sizeof(double));
        for (int r = 0; r < n_rows; r++)
            for (ptrdiff_t q = 0; q < padded; q++) w->minus[q] += HINGE_SHIFT * w->plus[r * PANEL_COLUMNS + q];
    } else if (p->loss == LOSS_HUBER)
        for (int r = 0; r < n_rows; r++) {
            double limit = p->margin * (p->weights ? sqrt(p->weights[ids[r]]) : 1.0);
            for (ptrdiff_t q = 0; q < padded; q++) w->minus[r * PANEL_COLUMNS + q] = limit;
        }
    int labelled = p->loss == LOSS_HINGE || p->loss == LOSS_SQUARED_HINGE;
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < j->layout.n_tiles; tile++, c0 += classes) {
        classes = tile_classes(&j->layout, tile);
        difference_tile of = difference_tiles[classes].of[p->loss][forward];
        ptrdiff_t step = (softmax ? difference_tiles[classes].many / 2 : difference_tiles[classes].many) * DOUBLE_LANES;
        for (int r = 0; r < n_rows; r++)
            memcpy(w->compact + r * classes, w->scores + r * k + c0, (size_t)classes * sizeof(double));
        for (int r = 0; r < n_rows; r += rows_at_once)
            for (ptrdiff_t q = 0; q < padded; q += step) {
                double *to = moved + c0 * j->stride + q;
                double *correct = labelled ? moved + label * j->stride + q : NULL;
                if (softmax && p->weights) { /* weigh the row's share before it is added */
                    double share[TILE_CLASSES * 4 * DOUBLE_LANES] __attribute__((aligned(64))) = {0};
                    of(w->compact + r * classes, w->plus + r * PANEL_COLUMNS + q, w->minus + r * PANEL_COLUMNS + q, 1,
                       share, NULL, step);
                    for (ptrdiff_t c = 0; c < classes; c++)
                        for (ptrdiff_t e = 0; e < step; e++)
                            to[c * j->stride + e] += p->weights[ids[r]] * share[c * step + e];
                } else
                    of(w->compact + r * classes, w->plus + r * PANEL_COLUMNS + q, w->minus + r * PANEL_COLUMNS + q,
                       rows_at_once, to, correct, j->stride);
            }
    }
}
