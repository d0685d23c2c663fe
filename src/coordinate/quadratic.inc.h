/* Coordinate descent on a quadratic whose matrix is there, with L1 and L2: covariance updates (Friedman, Hastie and
 * Tibshirani 2010). */

#if !defined(REAL_IS_DOUBLE) || !defined(LANES)
#error "coordinate/quadratic.inc.h needs real_double.inc.h"
#endif

/* to += by * from */
static void R(add_row)(REAL *to, const REAL *from, REAL by, ptrdiff_t m) {
    VECTOR many = BROADCAST(by);
    ptrdiff_t i = 0;
    for (; i + 4 * LANES <= m; i += 4 * LANES)
        for (int v = 0; v < 4; v++) {
            VECTOR a = FMA(many, LOAD(REAL, REAL)(from + i + v * LANES), LOAD(REAL, REAL)(to + i + v * LANES));
            memcpy(to + i + v * LANES, &a, sizeof a);
        }
    for (; i < m; i++) to[i] += by * from[i];
}

/* Moves weight j to its optimum; what its subgradient was. */
static double R(visit_quadratic)(const void *model, ptrdiff_t j) {
    const gd_quadratic *q = model;
    const gd_visits *all = &q->visits;
    const double *row = q->matrix + j * all->size;
    double w = all->w[j], g = q->gradient[j];
    double size = subgradient_size(w, g, all->l1[j], all->l2[j]);
    double to = best_weight(w, g, row[j], all->l1[j], all->l2[j]);
    if (to != w) {
        all->w[j] = to;
        R(add_row)(q->gradient, row, to - w, all->size);
    }
    return size;
}

static double R(quadratic_work)(const void *model, ptrdiff_t j) {
    (void)j;
    return (double)((const gd_quadratic *)model)->visits.size;
}
