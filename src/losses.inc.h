/* The losses on a block of scores, for one REAL: sum of losses, and scores turned into coefficients
 * (d loss / d score) in place. A row whose coefficients are all zero is not listed as active. */

#if !defined(REAL) || !defined(BLOCK_ROWS_MOST)
#error "losses.inc.h needs REAL, BLOCK_ROWS_MOST"
#endif

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

/* Weston-Watkins hinge: a term counts when its margin is strictly > 0 */
INLINE double R(hinge_row)(REAL *s, ptrdiff_t k, int32_t y, REAL margin) {
    REAL correct = s[y], sum = 0, count = 0;
    s[y] = -(REAL)INFINITY;
    for (ptrdiff_t c = 0; c < k; c++) {
        REAL m = (s[c] - correct) + margin, on = m > 0 ? (REAL)1 : (REAL)0;
        sum += m > 0 ? m : (REAL)0;
        count += on;
        s[c] = on;
    }
    s[y] = -count;
    /* a score that is not finite must reach the value */
    return correct - correct == 0 ? (double)sum : (double)NAN;
}

INLINE double R(squared_hinge_row)(REAL *s, ptrdiff_t k, int32_t y, REAL margin) {
    REAL correct = s[y], sum = 0, total = 0;
    s[y] = -(REAL)INFINITY;
    for (ptrdiff_t c = 0; c < k; c++) {
        REAL m = (s[c] - correct) + margin;
        m = m > 0 ? m : (REAL)0;
        sum += m * m;
        s[c] = 2 * m;
        total += 2 * m;
    }
    s[y] = -total;
    return correct - correct == 0 ? (double)sum : (double)NAN;
}

INLINE double R(squared_error_row)(REAL *s, ptrdiff_t k, const double *target) {
    double sum = 0;
    for (ptrdiff_t c = 0; c < k; c++) {
        double residual = (double)s[c] - target[c];
        sum += residual * residual;
        s[c] = (REAL)(2 * residual);
    }
    return sum;
}

/* r^2 up to |r| = delta, from there on along its tangent: with q = min(|r|, delta) both are q (2 |r| - q), and 2 |r| - q
 * is exactly |r| inside */
INLINE double R(huber_row)(REAL *s, ptrdiff_t k, const double *target, double delta) {
    double sum = 0;
    for (ptrdiff_t c = 0; c < k; c++) {
        double residual = (double)s[c] - target[c], size = fabs(residual), q = size < delta ? size : delta;
        sum += q * (2 * size - q);
        s[c] = (REAL)(2 * copysign(q, residual));
    }
    return sum;
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

/* Softmax of n_rows consecutive groups of k scores: losses of the rows into `row_losses`. The padding
 * after the last score (to a whole vector) is scratch. */
static void R(cross_entropy_rows)(REAL *scores, ptrdiff_t n_rows, ptrdiff_t k, const int32_t *labels,
                                  double *row_losses) {
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
    for (ptrdiff_t r = 0; r < n_rows; r++) {
        REAL *s = scores + r * k;
        double sum = R(sum)(s, k);
        row_losses[r] += log(sum);
        REAL scale = (REAL)(1 / sum);
        for (ptrdiff_t c = 0; c < k; c++) s[c] *= scale;
        s[labels[r]] -= 1;
    }
}

/* One block: `scores` (n_rows, k) become coefficients times the row's weight. Returns the sum of losses. */
APART double R(block_loss)(const gd_problem *p, const int64_t *ids, int n_rows, REAL *scores, int *active,
                            int *n_active) {
    ptrdiff_t k = p->n_classes;
    double total = 0, losses[BLOCK_ROWS_MOST];
    if (p->loss == LOSS_CROSS_ENTROPY) {
        int32_t labels[BLOCK_ROWS_MOST];
        for (int r = 0; r < n_rows; r++) labels[r] = p->labels[ids[r]];
        R(cross_entropy_rows)(scores, n_rows, k, labels, losses);
    } else if (p->loss == LOSS_HINGE) {
        for (int r = 0; r < n_rows; r++)
            losses[r] = R(hinge_row)(scores + r * k, k, p->labels[ids[r]], (REAL)p->margin);
    } else if (p->loss == LOSS_SQUARED_HINGE) {
        for (int r = 0; r < n_rows; r++)
            losses[r] = R(squared_hinge_row)(scores + r * k, k, p->labels[ids[r]], (REAL)p->margin);
    } else if (p->loss == LOSS_HUBER) {
        for (int r = 0; r < n_rows; r++)
            losses[r] = R(huber_row)(scores + r * k, k, p->targets + ids[r] * k, p->margin);
    } else {
        for (int r = 0; r < n_rows; r++) losses[r] = R(squared_error_row)(scores + r * k, k, p->targets + ids[r] * k);
    }
    int n = 0;
    for (int r = 0; r < n_rows; r++) {
        double weight = p->weights ? p->weights[ids[r]] : 1.0;
        if (weight == 0) continue;
        total += weight * losses[r];
        if (p->weights)
            for (ptrdiff_t c = 0; c < k; c++) scores[r * k + c] *= (REAL)weight;
        /* the hinges' losses are 0 exactly when every coefficient is; NaN keeps the row */
        if (losses[r] != 0) active[n++] = r;
    }
    *n_active = n;
    return total;
}
