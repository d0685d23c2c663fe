/* Half of sum over c of f_c (s_c - mean)^2, mean = margin * sum of f_c s_c, the factors f (n_total, k) >= 0 in place of
 * targets: no loss of a user's, but the quadratic form of softmax's second derivatives (f its probabilities, margin 1) and
 * of those that are diagonal (margin 0). Its gradient at V is a product with them, in one pass over X. */

#if !defined(LOSS_ON_SCORES) && !defined(LOSS_FACTS)
#error "losses/centred_squares.inc.h needs one of LOSS_ON_SCORES (and REAL), LOSS_FACTS"
#endif

/* ---- value and coefficients, for one REAL ---- */
#if defined(LOSS_ON_SCORES)

INLINE double R(centred_squares_row)(REAL *s, ptrdiff_t k, const double *factors, REAL margin) {
    REAL mean = 0;
    double squares = 0;
    for (ptrdiff_t c = 0; c < k; c++) mean += (REAL)factors[c] * s[c];
    mean *= margin;
    for (ptrdiff_t c = 0; c < k; c++) {
        REAL coefficient = (REAL)factors[c] * (s[c] - mean);
        squares += (double)coefficient * (double)s[c];
        s[c] = coefficient;
    }
    return squares / 2;
}

static void R(centred_squares_rows)(const gd_problem *p, const int64_t *ids, int n_rows, REAL *scores, double *losses) {
    ptrdiff_t k = p->n_classes;
    for (int r = 0; r < n_rows; r++)
        losses[r] = R(centred_squares_row)(scores + r * k, k, p->targets + ids[r] * k, (REAL)p->margin);
}

#endif

/* ---- its row ---- */
#if defined(LOSS_FACTS)

static const gd_loss_row centred_squares_loss = {
    .name = "centred_squares",
    .rows_float = centred_squares_rows_float,
    .rows_double = centred_squares_rows_double,
};

#endif
