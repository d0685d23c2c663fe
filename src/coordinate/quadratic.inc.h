/* Coordinate descent on a quadratic whose matrix is there, with L1 and L2: covariance updates (Friedman, Hastie and
 * Tibshirani 2010). */

#if !defined(REAL_IS_DOUBLE) || !defined(LANES) || !defined(ACTIVE_SHARE)
#error "coordinate/quadratic.inc.h needs real_double.inc.h, coordinate/weight.inc.h"
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
static double R(visit_quadratic)(const gd_quadratic *q, ptrdiff_t j) {
    const double *row = q->matrix + j * q->size;
    double w = q->w[j], g = q->gradient[j];
    double size = subgradient_size(w, g, q->l1[j], q->l2[j]);
    double to = best_weight(w, g, row[j], q->l1[j], q->l2[j]);
    if (to != w) {
        q->w[j] = to;
        R(add_row)(q->gradient, row, to - w, q->size);
    }
    return size;
}

static void R(descend_quadratic)(gd_quadratic *q, int64_t *active, pool_control *control) {
    double work = WATCHED_WORK;
    for (q->epochs = 0; q->epochs < q->epochs_most;) {
        double worst = 0;
        ptrdiff_t n_active = 0;
        for (ptrdiff_t j = 0; j < q->size; j++) {
            double before = q->w[j], size = R(visit_quadratic)(q, j);
            worst = size > worst ? size : worst;
            if (before != 0 || q->w[j] != 0) active[n_active++] = j;
            work += (double)q->size;
            if (work >= WATCHED_WORK) {
                if (pool_stopped(control, 0)) return;
                work = 0;
            }
        }
        q->epochs++;
        q->violation = worst;
        if (!(worst > q->tolerance)) return;
        double enough = ACTIVE_SHARE * worst > q->tolerance ? ACTIVE_SHARE * worst : q->tolerance;
        for (int epoch = 0; epoch < ACTIVE_EPOCHS && q->epochs < q->epochs_most; epoch++) {
            double most = 0;
            for (ptrdiff_t a = 0; a < n_active; a++) {
                double size = R(visit_quadratic)(q, active[a]);
                most = size > most ? size : most;
            }
            q->epochs++;
            work += (double)q->size * (double)n_active;
            if (!(most > enough)) break;
        }
    }
}
