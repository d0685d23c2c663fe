/* Softmax cross-entropy: log sum_c exp(s_c) - s_y, with the largest score of a row subtracted first. */

#if !defined(LOSS_ON_SCORES) && !defined(LOSS_IN_DIFFERENCES) && !defined(LOSS_FACTS)
#error "losses/cross_entropy.inc.h needs one of LOSS_ON_SCORES (and REAL), LOSS_IN_DIFFERENCES, LOSS_FACTS"
#endif

/* ---- value and coefficients, for one REAL ---- */
#if defined(LOSS_ON_SCORES)

#define EXP_LEAST (REAL_IS_DOUBLE ? 4e-308 : 2e-38) /* above what the smallest results of exp_vector are */

/* exp of x <= 0 (anything below the smallest normal result counts as that), to 2 units in the last place */
INLINE VECTOR R(exp_vector)(VECTOR x) {
#if REAL_IS_DOUBLE
    const double magic = 6755399441055744.0; /* 1.5 * 2^52: adding it rounds to an integer */
    x = MAX(x, BROADCAST(-708.0));
    VECTOR t = FMA(x, BROADCAST(1.4426950408889634), BROADCAST(magic));
    VECTOR n = t - magic;
    VECTOR r = FMA(n, BROADCAST(-0.6931471803691238), x);
    r = FMA(n, BROADCAST(-1.9082149292705877e-10), r);
    VECTOR p = BROADCAST(1.0 / 6227020800.0);
    p = FMA(p, r, BROADCAST(1.0 / 479001600.0));
    p = FMA(p, r, BROADCAST(1.0 / 39916800.0));
    p = FMA(p, r, BROADCAST(1.0 / 3628800.0));
    p = FMA(p, r, BROADCAST(1.0 / 362880.0));
    p = FMA(p, r, BROADCAST(1.0 / 40320.0));
    p = FMA(p, r, BROADCAST(1.0 / 5040.0));
    p = FMA(p, r, BROADCAST(1.0 / 720.0));
    p = FMA(p, r, BROADCAST(1.0 / 120.0));
    p = FMA(p, r, BROADCAST(1.0 / 24.0));
    p = FMA(p, r, BROADCAST(1.0 / 6.0));
    p = FMA(p, r, BROADCAST(0.5));
    p = FMA(p, r, BROADCAST(1.0));
    p = FMA(p, r, BROADCAST(1.0));
    return (VECTOR)((UNSIGNED)p + ((UNSIGNED)t << 52));
#else
    const float magic = 12582912.0f; /* 1.5 * 2^23 */
    x = MAX(x, BROADCAST(-87.0f));
    VECTOR t = FMA(x, BROADCAST(1.44269504f), BROADCAST(magic));
    VECTOR n = t - magic;
    VECTOR r = FMA(n, BROADCAST(-0.693359375f), x);
    r = FMA(n, BROADCAST(2.12194440e-4f), r);
    VECTOR p = BROADCAST(1.9875691500e-4f);
    p = FMA(p, r, BROADCAST(1.3981999507e-3f));
    p = FMA(p, r, BROADCAST(8.3334519073e-3f));
    p = FMA(p, r, BROADCAST(4.1665795894e-2f));
    p = FMA(p, r, BROADCAST(1.6666665459e-1f));
    p = FMA(p, r, BROADCAST(5.0000001201e-1f));
    p = FMA(p * r, r, r + 1.0f);
    return (VECTOR)((UNSIGNED)p + ((UNSIGNED)t << 23));
#endif
}

/* The largest of n elements; which one where some are NaN is not said */
INLINE REAL R(largest)(const REAL *s, ptrdiff_t n) {
    REAL most = s[0];
    ptrdiff_t c = 0;
    if (n >= 2 * LANES) {
        VECTOR a = LOAD(REAL, REAL)(s), b = LOAD(REAL, REAL)(s + LANES);
        for (c = 2 * LANES; c + 2 * LANES <= n; c += 2 * LANES) {
            a = MAX(a, LOAD(REAL, REAL)(s + c));
            b = MAX(b, LOAD(REAL, REAL)(s + c + LANES));
        }
        a = MAX(a, b);
        for (int e = 0; e < LANES; e++) most = a[e] > most ? a[e] : most;
    }
    for (; c < n; c++) most = s[c] > most ? s[c] : most;
    return most;
}

/* s -= most; returns 0, or NaN where an element is not finite */
INLINE double R(lower)(REAL *s, ptrdiff_t n, REAL most) {
    VECTOR finite = BROADCAST((REAL)0);
    REAL rest = 0;
    ptrdiff_t c = 0;
    for (; c + LANES <= n; c += LANES) {
        VECTOR a = LOAD(REAL, REAL)(s + c) - most;
        memcpy(s + c, &a, sizeof a);
        finite += a * 0;
    }
    if (c > 0)
        for (int e = 0; e < LANES; e++) rest += finite[e];
    for (; c < n; c++) {
        s[c] -= most;
        rest += s[c] * 0;
    }
    return (double)rest;
}

/* In float64, in a fixed order. */
INLINE double R(sum)(const REAL *s, ptrdiff_t n) {
    double total = 0;
    ptrdiff_t c = 0;
    if (n >= 2 * DOUBLE_LANES) {
        vdouble a = LOAD(double, REAL)(s), b = LOAD(double, REAL)(s + DOUBLE_LANES);
        for (c = 2 * DOUBLE_LANES; c + 2 * DOUBLE_LANES <= n; c += 2 * DOUBLE_LANES) {
            a += LOAD(double, REAL)(s + c);
            b += LOAD(double, REAL)(s + c + DOUBLE_LANES);
        }
        a += b;
        for (int e = 0; e < DOUBLE_LANES; e++) total += a[e];
    }
    for (; c < n; c++) total += (double)s[c];
    return total;
}

/* Softmax of n_rows <= BLOCK_ROWS_MOST consecutive groups of k scores: losses of the rows into `row_losses`. The padding
 * after the last score (to a whole vector) is scratch. A row that is nearly sure keeps its digits: its coefficient is less
 * the sum of the other probabilities, not one less than its own, and its loss that sum, not the logarithm of 1. */
static void R(softmax_rows)(REAL *scores, ptrdiff_t n_rows, ptrdiff_t k, const int32_t *labels, double *row_losses) {
    REAL own[BLOCK_ROWS_MOST];
    double nothing = EXP_LEAST * (double)k; /* of exponentials that stand for smaller ones */
    for (ptrdiff_t r = 0; r < n_rows; r++) {
        REAL *s = scores + r * k;
        double finite = R(lower)(s, k, R(largest)(s, k));
        row_losses[r] = -(double)s[labels[r]] + finite;
    }
    for (ptrdiff_t i = 0; i < n_rows * k; i += LANES) {
        VECTOR a;
        memcpy(&a, scores + i, sizeof a);
        a = R(exp_vector)(a);
        memcpy(scores + i, &a, sizeof a);
    }
    for (ptrdiff_t r = 0; r < n_rows; r++) { /* a loop of its own: a load waits for a store that covers a part of it */
        own[r] = scores[r * k + labels[r]];
        scores[r * k + labels[r]] = 0;
    }
    for (ptrdiff_t r = 0; r < n_rows; r++) {
        REAL *s = scores + r * k;
        double others = R(sum)(s, k), sum, inverse;
        if (others < nothing) others = 0;
        sum = others + (double)own[r];
        inverse = 1 / sum;
        row_losses[r] += log(sum) + (others - (sum - (double)own[r])) * inverse;
        REAL scale = (REAL)inverse;
        for (ptrdiff_t c = 0; c < k; c++) s[c] *= scale;
        s[labels[r]] = (REAL)(-others * inverse);
    }
}

static void R(cross_entropy_rows)(const gd_problem *p, const int64_t *ids, int n_rows, REAL *scores, double *losses) {
    int32_t labels[BLOCK_ROWS_MOST];
    for (int r = 0; r < n_rows; r++) labels[r] = p->labels[ids[r]];
    R(softmax_rows)(scores, n_rows, p->n_classes, labels, losses);
}

#undef EXP_LEAST

#if REAL_IS_DOUBLE
#include "losses/cross_entropy_grid.inc.h"
#endif

#endif

/* ---- differences, in float64 ---- */
#if defined(LOSS_IN_DIFFERENCES)

#include "differences/expm1_log1p.inc.h"

#define PRODUCT_REACH 1.0 /* rows * |t| up to which products of 1 + p * expm1(t) stay accurate */

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

#define SOFTMAX_TILES(CLASSES, MANY)                                                                                   \
    DEFINE_SOFTMAX_TILE(softmax_centered, CLASSES, (MANY / 2), 1)                                                      \
    DEFINE_SOFTMAX_TILE(softmax_forward, CLASSES, (MANY / 2), 0)
EACH_TILE(SOFTMAX_TILES, )
#define SOFTMAX_TILE_ROW(CLASSES, MANY) {softmax_centered_##CLASSES, softmax_forward_##CLASSES}
static const difference_tiles softmax_tiles[] = {{NULL, NULL}, EACH_TILE(SOFTMAX_TILE_ROW, COMMA)};

/* Scores -> probabilities */
static void softmax_terms(const gd_problem *p, const int64_t *ids, int n_rows, ptrdiff_t label, double *scores) {
    ptrdiff_t k = p->n_classes;
    (void)ids, (void)label;
    for (int r = 0; r < n_rows; r++) {
        double *s = scores + r * k, most = s[0], sum = 0;
        for (ptrdiff_t c = 1; c < k; c++) most = s[c] > most ? s[c] : most;
        for (ptrdiff_t c = 0; c < k; c++) sum += s[c] = exp(s[c] - most);
        for (ptrdiff_t c = 0; c < k; c++) s[c] /= sum;
    }
}

static void softmax_panel(const difference_job *j, difference_worker *w, const int64_t *ids, int n_rows, ptrdiff_t label,
                          ptrdiff_t first, ptrdiff_t n_columns) {
    const gd_problem *p = j->problem;
    ptrdiff_t k = p->n_classes, padded = padded_columns(j, first);
    int forward = j->asked->scheme == SCHEME_FORWARD, rows_at_once = n_rows;
    double *moved = w->moved + first, most = 0;
    /* the correct class's -t (or -2 t), then steps -> expm1 */
    for (int r = 0; r < n_rows; r++) {
        double weight = (forward ? 1 : 2) * weight_of(p, ids[r]);
        double longest = longest_step(w->plus + r * PANEL_COLUMNS, n_columns);
        most = longest > most ? longest : most;
        for (ptrdiff_t q = 0; q < padded; q++) moved[label * j->stride + q] -= weight * w->plus[r * PANEL_COLUMNS + q];
    }
    if (most > PRODUCT_REACH) { /* steps too long for products: one by one */
        for (int r = 0; r < n_rows; r++)
            for (ptrdiff_t c = 0; c < k; c++) {
                double prob = w->scores[r * k + c], rest = 0, weight = weight_of(p, ids[r]);
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
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < j->layout.n_tiles; tile++, c0 += classes) {
        classes = tile_classes(&j->layout, tile);
        difference_tile of = softmax_tiles[classes][forward];
        ptrdiff_t step = tile_vectors[classes] / 2 * DOUBLE_LANES;
        take_classes(w, n_rows, k, c0, classes);
        for (int r = 0; r < n_rows; r += rows_at_once)
            for (ptrdiff_t q = 0; q < padded; q += step) {
                const double *a = w->plus + r * PANEL_COLUMNS + q, *b = w->minus + r * PANEL_COLUMNS + q;
                double *to = moved + c0 * j->stride + q;
                if (p->weights) { /* weigh the row's share before it is added */
                    double share[TILE_CLASSES * 4 * DOUBLE_LANES] __attribute__((aligned(64))) = {0};
                    of(w->compact + r * classes, a, b, 1, share, NULL, step);
                    for (ptrdiff_t c = 0; c < classes; c++)
                        for (ptrdiff_t e = 0; e < step; e++)
                            to[c * j->stride + e] += p->weights[ids[r]] * share[c * step + e];
                } else
                    of(w->compact + r * classes, a, b, rows_at_once, to, NULL, j->stride);
            }
    }
}

static void softmax_entries(const difference_entries *entries, ptrdiff_t stride, int forward, double *moved) {
    ptrdiff_t k = entries->problem->n_classes;
    for (int e = 0; e < entries->n; e++) {
        const double *p = entries->terms[e];
        double t = entries->t[e], weight = entries->weight[e];
        if (fabs(t) <= 1) {
            vdouble up = expm1_vector(broadcast_double(t)), down = -up / (up + 1.0);
            for (ptrdiff_t c = 0; c < stride; c += DOUBLE_LANES) {
                vdouble q = *(const vdouble *)(p + c), change = log1p_vector(q * up);
                if (!forward) change -= log1p_vector(q * down);
                *(vdouble *)(moved + c) += change * weight;
            }
        } else
            for (ptrdiff_t c = 0; c < k; c++) {
                double rest = 0;
                for (ptrdiff_t o = 0; o < k; o++) rest += o == c ? 0 : p[o];
                moved[c] += weight * (log_moved(p[c], rest, t) - (forward ? 0 : log_moved(p[c], rest, -t)));
            }
        moved[entries->label[e]] -= weight * (forward ? t : 2 * t);
    }
}

static void softmax_centered_entries(const difference_entries *entries, ptrdiff_t stride, double *moved,
                                     int64_t *crossings) {
    (void)crossings;
    softmax_entries(entries, stride, 0, moved);
}

static void softmax_forward_entries(const difference_entries *entries, ptrdiff_t stride, double *moved,
                                    int64_t *crossings) {
    (void)crossings;
    softmax_entries(entries, stride, 1, moved);
}

const gd_loss_differences GD(cross_entropy_differences) = {
    .factor = no_weight, /* the differences are weighed */
    .terms = softmax_terms,
    .panel = softmax_panel,
    .entries = {softmax_centered_entries, softmax_forward_entries},
};

#endif

/* ---- its row ---- */
#if defined(LOSS_FACTS)

static const gd_loss_row cross_entropy_loss = {
    .name = "cross_entropy",
    .rows_float = cross_entropy_rows_float,
    .rows_double = cross_entropy_rows_double,
    .takes_labels = 1,
    .zero_is_flat = 1,
    .fixed_point = 1,
    .on_grid_scratch = softmax_on_grid_scratch,
    .on_grid = softmax_on_grid,
    .differences = &GD(cross_entropy_differences),
};

#endif
