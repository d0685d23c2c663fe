/* Many stochastic steps on sparse rows in one call, for weights of one REAL: plain gradient descent, with L2.
 *
 * The interface, per REAL and number of quads (classes go in groups as for evaluation; v is one group's weights,
 * turned to (n_features, 4 * quads), so that an entry touches one or two lines):
 *   row_run               entries of a row, widened; behind them AHEAD columns to come, for the prefetch
 *   read_run(...)         fills it from CSR, folding `scale` in
 *   sparse_rows[quads].scores(run, v, s)           s += sum of x * v[column]
 *   sparse_rows[quads].add(run, coefficients, v)   v[column] += x * coefficients
 *
 * A step with L2 multiplies every weight by 1 - 2 * l2 * rate: that is kept as one number, w = shrink * v, and
 * multiplied out when it gets small and at the end. Sum of w^2 follows the entries that move.
 */

typedef struct R(row_run) {
    int n;
    int64_t columns[RUN_MOST + AHEAD];
    REAL x[RUN_MOST];
} R(row_run);

#define ROW_TOUCH(address, QUADS)                                                                                      \
    _Pragma("GCC unroll 8") for (int b_ = 0; b_ < 4 * (QUADS) * (int)sizeof(REAL); b_ += 64)                            \
        __builtin_prefetch((const char *)(address) + b_, 1)

#define DEFINE_ROWS(QUADS)                                                                                             \
    static void R(row_scores_##QUADS)(const R(row_run) * run, const REAL *v, REAL *s) {                                \
        ROW_DECLARE(even, QUADS);                                                                                      \
        ROW_DECLARE(odd, QUADS);                                                                                       \
        ROW_LOAD(even, s, QUADS)                                                                                       \
        ROW_CLEAR(odd, QUADS)                                                                                          \
        int e = 0;                                                                                                     \
        for (; e + 2 <= run->n; e += 2) {                                                                              \
            ROW_DECLARE(row, QUADS);                                                                                   \
            ROW_TOUCH(v + run->columns[e + AHEAD] * (4 * QUADS), QUADS);                                               \
            ROW_TOUCH(v + run->columns[e + 1 + AHEAD] * (4 * QUADS), QUADS);                                           \
            ROW_LOAD(row, v + run->columns[e] * (4 * QUADS), QUADS)                                                    \
            ROW_ADD(even, run->x[e], row, QUADS)                                                                       \
            ROW_LOAD(row, v + run->columns[e + 1] * (4 * QUADS), QUADS)                                                \
            ROW_ADD(odd, run->x[e + 1], row, QUADS)                                                                    \
        }                                                                                                              \
        if (e < run->n) {                                                                                              \
            ROW_DECLARE(row, QUADS);                                                                                   \
            ROW_TOUCH(v + run->columns[e + AHEAD] * (4 * QUADS), QUADS);                                               \
            ROW_LOAD(row, v + run->columns[e] * (4 * QUADS), QUADS)                                                    \
            ROW_ADD(even, run->x[e], row, QUADS)                                                                       \
        }                                                                                                              \
        ROW_EACH(QUADS, even[q_] += odd[q_], even_pair += odd_pair, even_quad += odd_quad)                             \
        ROW_STORE(even, s, QUADS)                                                                                      \
    }                                                                                                                  \
    static void R(row_add_##QUADS)(const R(row_run) * run, const REAL *coefficients, REAL *v) {                        \
        ROW_DECLARE(coefficient, QUADS);                                                                               \
        ROW_LOAD(coefficient, coefficients, QUADS)                                                                     \
        for (int e = 0; e < run->n; e++) {                                                                             \
            REAL *to = v + run->columns[e] * (4 * QUADS);                                                              \
            ROW_DECLARE(row, QUADS);                                                                                   \
            ROW_LOAD(row, to, QUADS)                                                                                   \
            ROW_ADD(row, run->x[e], coefficient, QUADS)                                                                \
            ROW_STORE(row, to, QUADS)                                                                                  \
        }                                                                                                              \
    }                                                                                                                  \
    /* the same, and what it adds to the sum of squares */                                                             \
    static double R(row_add_squares_##QUADS)(const R(row_run) * run, const REAL *coefficients, REAL *v) {              \
        REAL flat[4 * QUADS];                                                                                          \
        double total = 0;                                                                                              \
        ROW_DECLARE(coefficient, QUADS);                                                                               \
        ROW_DECLARE(sum, QUADS);                                                                                       \
        ROW_LOAD(coefficient, coefficients, QUADS)                                                                     \
        ROW_CLEAR(sum, QUADS)                                                                                          \
        for (int e = 0; e < run->n; e++) {                                                                             \
            REAL *to = v + run->columns[e] * (4 * QUADS);                                                              \
            ROW_DECLARE(row, QUADS);                                                                                   \
            ROW_DECLARE(before, QUADS);                                                                                \
            ROW_LOAD(row, to, QUADS)                                                                                   \
            ROW_EACH(QUADS, before[q_] = row[q_], before_pair = row_pair, before_quad = row_quad)                      \
            ROW_ADD(row, run->x[e], coefficient, QUADS)                                                                \
            ROW_STORE(row, to, QUADS)                                                                                  \
            ROW_EACH(QUADS, sum[q_] += (row[q_] - before[q_]) * (row[q_] + before[q_]),                                \
                     sum_pair += (row_pair - before_pair) * (row_pair + before_pair),                                  \
                     sum_quad += (row_quad - before_quad) * (row_quad + before_quad))                                  \
        }                                                                                                              \
        ROW_STORE(sum, flat, QUADS)                                                                                    \
        for (int c = 0; c < 4 * QUADS; c++) total += (double)flat[c];                                                  \
        return total;                                                                                                  \
    }
EACH_QUADS(DEFINE_ROWS)

#define ROWS_ROW(QUADS) {R(row_scores_##QUADS), R(row_add_##QUADS), R(row_add_squares_##QUADS)},
static const struct {
    void (*scores)(const R(row_run) *, const REAL *v, REAL *s);
    void (*add)(const R(row_run) *, const REAL *coefficients, REAL *v);
    double (*add_squares)(const R(row_run) *, const REAL *coefficients, REAL *v);
} R(sparse_rows)[] = {{NULL, NULL, NULL}, EACH_QUADS(ROWS_ROW)};

INLINE int64_t R(column_at)(const gd_csr *x, int64_t e) {
    return x->wide_indices ? ((const int64_t *)x->indices)[e] : ((const int32_t *)x->indices)[e];
}

/* Entries [begin, begin + n) of a row that ends at `end`; `next` is the first entry of the row to come, if any. */
static void R(read_run)(const gd_csr *x, const double *scale, int64_t begin, int n, int64_t end, int64_t next,
                        int64_t next_end, R(row_run) * run) {
    run->n = n;
    if (x->wide_indices)
        memcpy(run->columns, (const int64_t *)x->indices + begin, (size_t)n * sizeof(int64_t));
    else
        for (int e = 0; e < n; e++) run->columns[e] = ((const int32_t *)x->indices)[begin + e];
    if (x->wide_values)
        for (int e = 0; e < n; e++) run->x[e] = (REAL)((const double *)x->values)[begin + e];
    else
        for (int e = 0; e < n; e++) run->x[e] = (REAL)((const float *)x->values)[begin + e];
    if (scale)
        for (int e = 0; e < n; e++) run->x[e] = (REAL)((double)run->x[e] / scale[run->columns[e]]);
    int a = 0;
    for (int64_t e = begin + n; e < end && a < AHEAD; e++) run->columns[n + a++] = R(column_at)(x, e);
    for (int64_t e = next; e < next_end && a < AHEAD; e++) run->columns[n + a++] = R(column_at)(x, e);
    for (; a < AHEAD; a++) run->columns[n + a] = run->columns[0];
}

/* Prefetches the start of a row's entries; the processor sees the rest coming by itself. */
static void R(announce_row)(const gd_csr *x, int64_t row) {
    int64_t begin = x->first[row], n = x->first[row + 1] - begin;
    if (n > ANNOUNCED_MOST) n = ANNOUNCED_MOST;
    size_t index = x->wide_indices ? 8 : 4, value = x->wide_values ? 8 : 4;
    const char *indices = (const char *)x->indices + (size_t)begin * index;
    const char *values = (const char *)x->values + (size_t)begin * value;
    for (size_t b = 0; b < (size_t)n * index + 63; b += 64) __builtin_prefetch(indices + b);
    for (size_t b = 0; b < (size_t)n * value + 63; b += 64) __builtin_prefetch(values + b);
}

/* (n_groups, K) of one row, without the padding -> out = padded * factor + shift; and the other way. */
static void R(from_padded)(const sparse_layout *l, ptrdiff_t k, const REAL *padded, REAL factor, const REAL *shift,
                           REAL *out) {
    for (ptrdiff_t c0 = 0; c0 < k; c0 += l->group_classes, padded += l->K)
        for (ptrdiff_t c = c0; c < c0 + l->group_classes && c < k; c++) out[c] = padded[c - c0] * factor + shift[c];
}

static int R(to_padded)(const sparse_layout *l, ptrdiff_t k, const REAL *from, REAL factor, REAL *padded) {
    int on = 0;
    for (ptrdiff_t c0 = 0; c0 < k; c0 += l->group_classes, padded += l->K)
        for (ptrdiff_t c = c0; c < c0 + l->group_classes && c < k; c++) {
            on |= from[c] != 0;
            padded[c - c0] = from[c] * factor;
        }
    return on;
}

typedef struct R(sparse_descent) {
    const gd_problem *problem;
    const gd_csr *x;
    gd_descent *asked;
    sparse_layout layout;
    ptrdiff_t longest;   /* rows in the largest batch */
    size_t group_size;   /* weights of a group */
    REAL *v;             /* (n_groups, n_features, K) */
    REAL *scores;        /* (longest, k) */
    REAL *padded;        /* (n_groups, K) of one row */
    REAL *bias;
    R(row_run) * run;
    double shrink, squares; /* w = shrink * v; squares: sum of v^2 */
} R(sparse_descent);

static size_t R(lay_sparse_descent)(char *base, R(sparse_descent) * s) {
    const gd_problem *p = s->problem;
    size_t used = 0, k = (size_t)p->n_classes;
    s->layout = group_layout(p->n_classes);
    s->longest = 1;
    for (ptrdiff_t i = 0; i < s->asked->n_steps; i++) {
        ptrdiff_t length = s->asked->starts[i + 1] - s->asked->starts[i];
        s->longest = length > s->longest ? length : s->longest;
    }
    s->group_size = (size_t)(p->n_features * s->layout.K);
    s->v = carve(base, &used, (size_t)s->layout.n_groups * s->group_size * sizeof(REAL));
    s->scores = carve(base, &used, ((size_t)s->longest * k + LANES) * sizeof(REAL));
    s->padded = carve(base, &used, (size_t)(s->layout.n_groups * s->layout.K) * sizeof(REAL));
    s->bias = carve(base, &used, k * sizeof(REAL));
    s->run = carve(base, &used, sizeof(R(row_run)));
    return used;
}

static size_t R(sparse_descend_scratch)(const gd_problem *p, gd_descent *asked) {
    R(sparse_descent) s = {.problem = p, .asked = asked};
    return R(lay_sparse_descent)(NULL, &s);
}

/* W -> v and bias, or back (multiplied out). */
static void R(turn_weights)(R(sparse_descent) * s, int back) {
    const gd_problem *p = s->problem;
    const sparse_layout *l = &s->layout;
    ptrdiff_t d = p->n_features, stride = d + p->has_bias, K = l->K;
    REAL *w = s->asked->w;
    for (ptrdiff_t c = 0; c < p->n_classes && p->has_bias; c++) {
        if (back)
            w[c * stride + d] = s->bias[c];
        else
            s->bias[c] = w[c * stride + d];
    }
    for (ptrdiff_t group = 0; group < l->n_groups; group++)
        for (ptrdiff_t first = 0; first < d; first += TURN_COLUMNS) {
            ptrdiff_t end = d - first < TURN_COLUMNS ? d : first + TURN_COLUMNS, classes = group_classes(l, p, group);
            REAL *v = s->v + (size_t)group * s->group_size, *from = w + group * l->group_classes * stride;
            for (ptrdiff_t c = 0; c < K; c += 4) {
                ptrdiff_t i = first;
                if (c + 4 <= classes)
                    for (; i + 4 <= end; i += 4) {
                        R(quad) q[4];
                        for (int r = 0; r < 4; r++)
                            memcpy(&q[r], back ? v + (i + r) * K + c : from + (c + r) * stride + i, sizeof q[r]);
                        TRANSPOSE(R(quad), q[0], q[1], q[2], q[3]);
                        for (int r = 0; r < 4; r++) {
                            if (back) q[r] *= (REAL)s->shrink;
                            memcpy(back ? from + (c + r) * stride + i : v + (i + r) * K + c, &q[r], sizeof q[r]);
                        }
                    }
                for (; i < end; i++)
                    for (ptrdiff_t r = c; r < c + 4; r++) {
                        if (!back)
                            v[i * K + r] = r < classes ? from[r * stride + i] : 0;
                        else if (r < classes)
                            from[r * stride + i] = v[i * K + r] * (REAL)s->shrink;
                    }
            }
        }
}

/* Multiplies shrink out, and counts the squares anew. */
static void R(multiply_out)(R(sparse_descent) * s) {
    ptrdiff_t size = s->layout.n_groups * (ptrdiff_t)s->group_size;
    REAL factor = (REAL)s->shrink;
    double squares[4] = {0}; /* the size is a multiple of 4 */
    for (ptrdiff_t i = 0; i < size; i += 4)
        for (int e = 0; e < 4; e++) {
            s->v[i + e] *= factor;
            squares[e] += (double)s->v[i + e] * (double)s->v[i + e];
        }
    s->squares = (squares[0] + squares[1]) + (squares[2] + squares[3]);
    s->shrink = 1;
}

/* Row order[i]: its scores are added to `padded`, or `padded` are its coefficients and v moves. */
static void R(visit_row)(R(sparse_descent) * s, ptrdiff_t i, int add) {
    const gd_csr *x = s->x;
    const sparse_layout *l = &s->layout;
    const gd_descent *asked = s->asked;
    int64_t row = asked->order[i], begin = x->first[row], end = x->first[row + 1], next = 0, next_end = 0;
    if (!add && i + 1 < asked->starts[asked->n_steps]) {
        next = x->first[asked->order[i + 1]];
        next_end = x->first[asked->order[i + 1] + 1];
    }
    if (!add && i + 2 < asked->starts[asked->n_steps]) R(announce_row)(x, asked->order[i + 2]);
    int kept = add && s->longest == 1 && end - begin <= RUN_MOST; /* the run that was read for the scores */
    for (int64_t e = begin; e < end; e += RUN_MOST) {
        int n = end - e < RUN_MOST ? (int)(end - e) : RUN_MOST;
        if (!kept) R(read_run)(x, s->problem->scale, e, n, end, next, next_end, s->run);
        for (ptrdiff_t g = 0; g < l->n_groups; g++) {
            REAL *v = s->v + (size_t)g * s->group_size, *part = s->padded + g * l->K;
            if (!add)
                R(sparse_rows)[l->quads].scores(s->run, v, part);
            else if (asked->l2 != 0)
                s->squares += R(sparse_rows)[l->quads].add_squares(s->run, part, v);
            else
                R(sparse_rows)[l->quads].add(s->run, part, v);
        }
    }
}

static void R(sparse_descend)(const gd_problem *p, const gd_csr *x, gd_descent *asked, void *scratch,
                              pool_control *control) {
    R(sparse_descent) s = {.problem = p, .x = x, .asked = asked, .shrink = 1};
    R(lay_sparse_descent)(scratch, &s);
    const sparse_layout *l = &s.layout;
    ptrdiff_t k = p->n_classes;
    size_t padded = (size_t)(l->n_groups * l->K) * sizeof(REAL);
    memset(s.padded, 0, padded);
    memset(s.bias, 0, (size_t)k * sizeof(REAL));
    memset(s.scores, 0, ((size_t)(s.longest * k) + LANES) * sizeof(REAL));
    R(turn_weights)(&s, 0);
    if (asked->l2 != 0) R(multiply_out)(&s);
    asked->done = 0;
    for (ptrdiff_t step = 0; step < asked->n_steps && !pool_stopped(control, 0); step++) {
        ptrdiff_t begin = asked->starts[step], length = asked->starts[step + 1] - begin;
        double norm = 1 / ((double)length * asked->mean_weight), value = 0, rate = asked->rates[step];
        for (ptrdiff_t b = 0; b < length; b += BLOCK_ROWS_MOST) {
            int n_rows = (int)(length - b < BLOCK_ROWS_MOST ? length - b : BLOCK_ROWS_MOST), n_active;
            int active[BLOCK_ROWS_MOST];
            REAL *scores = s.scores + b * k;
            for (int r = 0; r < n_rows; r++) {
                memset(s.padded, 0, padded);
                R(visit_row)(&s, begin + b + r, 0);
                R(from_padded)(l, k, s.padded, (REAL)s.shrink, s.bias, scores + r * k);
            }
            value += R(block_loss)(p, asked->order + begin + b, n_rows, scores, active, &n_active);
            for (int r = 0, a = 0; r < n_rows; r++) {
                int on = a < n_active && active[a] == r;
                a += on;
                if (!on) memset(scores + r * k, 0, (size_t)k * sizeof(REAL));
            }
        }
        value *= norm;
        if (asked->l2 != 0) value += asked->l2 * s.shrink * s.shrink * s.squares;
        if (asked->l2 != 0 && asked->penalize_bias)
            for (ptrdiff_t c = 0; c < k; c++) value += asked->l2 * (double)s.bias[c] * (double)s.bias[c];
        asked->values[step] = value;
        if (!(value - value == 0)) break; /* not finite: this step is not taken */
        s.shrink *= 1 - 2 * asked->l2 * rate;
        if (!(s.shrink >= SHRINK_LEAST)) R(multiply_out)(&s);
        for (ptrdiff_t c = 0; c < k && p->has_bias; c++) {
            double sum = 0;
            for (ptrdiff_t r = 0; r < length; r++) sum += (double)s.scores[r * k + c];
            double bias = (double)s.bias[c];
            if (asked->penalize_bias) bias -= rate * 2 * asked->l2 * bias;
            s.bias[c] = (REAL)(bias - rate * norm * sum);
        }
        REAL factor = (REAL)(-rate * norm / s.shrink);
        for (ptrdiff_t r = 0; r < length; r++)
            if (R(to_padded)(l, k, s.scores + r * k, factor, s.padded)) R(visit_row)(&s, begin + r, 1);
        asked->done = step + 1;
    }
    R(turn_weights)(&s, 1);
}
