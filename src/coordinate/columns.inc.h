/* Coordinate descent on the quadratic model of a loss on scores, column by column of X: what the scores change is kept.
 *
 * Row i's second derivatives by its scores are ``diagonal_i - less_i less_i' + more_i more_i'``, times its share of the
 * mean; with changes D_i of its scores, ``L_i = less_i . D_i`` and ``M_i = more_i . D_i`` the derivative by weight (c, j)
 * is ``gradient_cj + sum_i x_ij (diagonal_ic D_ic - less_ic L_i + more_ic M_i)``. Columns are dense, or compressed.
 */

#if !defined(REAL_IS_DOUBLE) || !defined(LANES)
#error "coordinate/columns.inc.h needs real_double.inc.h"
#endif

#define AT(p) LOAD(REAL, REAL)(p)

/* What belongs to one class: (n_rows,) each; NULL where the model lacks it. */
typedef struct R(one_class) {
    const double *diagonal, *less, *more, *l, *m;
    double *changes;
} R(one_class);

INLINE R(one_class) R(class_of)(const gd_columns *q, ptrdiff_t c) {
    ptrdiff_t n = q->n_rows;
    R(one_class) one = {q->diagonal + c * n, NULL, NULL, q->sums, q->sums + n, q->changes + c * n};
    if (q->less) one.less = q->less + c * n;
    if (q->more) one.more = q->more + c * n;
    return one;
}

/* The sum over rows of x times the change of the derivative by the score. */
INLINE double R(dense_slope)(const double *x, R(one_class) one, int has_less, int has_more, ptrdiff_t n) {
    VECTOR sums[2] = {{0}, {0}};
    double total = 0, lanes[LANES];
    ptrdiff_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES)
        for (int v = 0; v < 2; v++) {
            ptrdiff_t e = i + v * LANES;
            VECTOR change = AT(one.diagonal + e) * AT(one.changes + e);
            if (has_less) change -= AT(one.less + e) * AT(one.l + e);
            if (has_more) change += AT(one.more + e) * AT(one.m + e);
            sums[v] = FMA(AT(x + e), change, sums[v]);
        }
    for (; i < n; i++) {
        double change = one.diagonal[i] * one.changes[i];
        if (has_less) change -= one.less[i] * one.l[i];
        if (has_more) change += one.more[i] * one.m[i];
        total += x[i] * change;
    }
    sums[0] += sums[1];
    memcpy(lanes, sums, sizeof lanes);
    for (int lane = 0; lane < LANES; lane++) total += lanes[lane];
    return total;
}

INLINE double R(sparse_slope)(const gd_columns *q, ptrdiff_t j, R(one_class) one, int has_less, int has_more) {
    double total = 0;
    for (int64_t e = q->starts[j]; e < q->starts[j + 1]; e++) {
        int64_t i = q->rows[e];
        double change = one.diagonal[i] * one.changes[i];
        if (has_less) change -= one.less[i] * one.l[i];
        if (has_more) change += one.more[i] * one.m[i];
        total += q->values[e] * change;
    }
    return total;
}

INLINE double R(slope_with)(const gd_columns *q, ptrdiff_t pair, int has_less, int has_more) {
    ptrdiff_t j = q->columns[pair];
    R(one_class) one = R(class_of)(q, q->classes[pair]);
    return q->gradient[pair] + (q->starts ? R(sparse_slope)(q, j, one, has_less, has_more)
                                          : R(dense_slope)(q->values + j * q->n_rows, one, has_less, has_more, q->n_rows));
}

static double R(slope)(const gd_columns *q, ptrdiff_t pair) {
    if (q->more) return R(slope_with)(q, pair, q->less != NULL, 1);
    return q->less ? R(slope_with)(q, pair, 1, 0) : R(slope_with)(q, pair, 0, 0);
}

/* The second derivative by one weight. */
static double R(bend)(const gd_columns *q, ptrdiff_t pair) {
    ptrdiff_t j = q->columns[pair], n = q->starts ? q->starts[j + 1] - q->starts[j] : q->n_rows;
    R(one_class) one = R(class_of)(q, q->classes[pair]);
    const double *x = q->starts ? q->values + q->starts[j] : q->values + j * q->n_rows;
    const int64_t *rows = q->starts ? q->rows + q->starts[j] : NULL;
    double sums[4] = {0};
    for (ptrdiff_t e = 0; e < n; e++) {
        ptrdiff_t i = rows ? rows[e] : e;
        double bend = one.diagonal[i];
        if (one.less) bend -= one.less[i] * one.less[i];
        if (one.more) bend += one.more[i] * one.more[i];
        sums[e & 3] += x[e] * x[e] * bend;
    }
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

INLINE void R(dense_move)(const double *x, R(one_class) one, double *l, double *m, int has_less, int has_more,
                          double by, ptrdiff_t n) {
    VECTOR many = BROADCAST(by);
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        VECTOR change = many * AT(x + i), to = AT(one.changes + i) + change;
        memcpy(one.changes + i, &to, sizeof to);
        if (has_less) {
            to = FMA(AT(one.less + i), change, AT(l + i));
            memcpy(l + i, &to, sizeof to);
        }
        if (has_more) {
            to = FMA(AT(one.more + i), change, AT(m + i));
            memcpy(m + i, &to, sizeof to);
        }
    }
    for (; i < n; i++) {
        one.changes[i] += by * x[i];
        if (has_less) l[i] += one.less[i] * (by * x[i]);
        if (has_more) m[i] += one.more[i] * (by * x[i]);
    }
}

static void R(move_pair)(const gd_columns *q, ptrdiff_t pair, double by) {
    ptrdiff_t n = q->n_rows, j = q->columns[pair];
    double *l = q->sums, *m = q->sums + n;
    R(one_class) one = R(class_of)(q, q->classes[pair]);
    if (q->starts) {
        for (int64_t e = q->starts[j]; e < q->starts[j + 1]; e++) {
            int64_t i = q->rows[e];
            double change = by * q->values[e];
            one.changes[i] += change;
            if (one.less) l[i] += one.less[i] * change;
            if (one.more) m[i] += one.more[i] * change;
        }
        return;
    }
    const double *x = q->values + j * n;
    if (one.more)
        R(dense_move)(x, one, l, m, one.less != NULL, 1, by, n);
    else if (one.less)
        R(dense_move)(x, one, l, m, 1, 0, by, n);
    else
        R(dense_move)(x, one, l, m, 0, 0, by, n);
}

static double R(column_work)(const void *model, ptrdiff_t pair) {
    const gd_columns *q = model;
    ptrdiff_t j = q->columns[pair];
    return 2 + 2 * (double)(q->starts ? q->starts[j + 1] - q->starts[j] : q->n_rows);
}

/* Moves a weight to its optimum; what its subgradient was. */
static double R(visit_pair)(const void *model, ptrdiff_t pair) {
    const gd_columns *q = model;
    const gd_visits *all = &q->visits;
    if (all->epochs == 0) q->bends[pair] = R(bend)(q, pair); /* the first epoch is over all */
    double w = all->w[pair], g = R(slope)(q, pair);
    double size = subgradient_size(w, g, all->l1[pair], all->l2[pair]);
    double to = best_weight(w, g, q->bends[pair], all->l1[pair], all->l2[pair]);
    if (to != w) {
        all->w[pair] = to;
        R(move_pair)(q, pair, to - w);
    }
    return size;
}

#undef AT
