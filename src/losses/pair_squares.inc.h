/* Half of sum over c != y of f_c (s_c - s_y)^2, the factors f (n_total, k) >= 0 in place of targets: no loss of a user's,
 * but the quadratic form of terms that depend on differences of scores. Its gradient at V is a product with their second
 * derivatives, in one pass over X. */

#if !defined(LOSS_ON_SCORES) && !defined(LOSS_FACTS)
#error "losses/pair_squares.inc.h needs one of LOSS_ON_SCORES (and REAL), LOSS_FACTS"
#endif

/* ---- value and coefficients, for one REAL ---- */
#if defined(LOSS_ON_SCORES)

INLINE double R(pair_squares_row)(REAL *s, ptrdiff_t k, int32_t y, const double *factors) {
    REAL own = s[y], sum = 0;
    double squares = 0;
    for (ptrdiff_t c = 0; c < k; c++) {
        REAL difference = s[c] - own, coefficient = (REAL)factors[c] * difference;
        squares += (double)coefficient * (double)difference; /* 0 at y, but for a score that is not finite */
        sum += c == y ? (REAL)0 : coefficient;
        s[c] = coefficient;
    }
    s[y] = -sum;
    return squares / 2;
}

static void R(pair_squares_rows)(const gd_problem *p, const int64_t *ids, int n_rows, REAL *scores, double *losses) {
    ptrdiff_t k = p->n_classes;
    for (int r = 0; r < n_rows; r++)
        losses[r] = R(pair_squares_row)(scores + r * k, k, p->labels[ids[r]], p->targets + ids[r] * k);
}

#endif

/* ---- its row ---- */
#if defined(LOSS_FACTS)

static const gd_loss_row pair_squares_loss = {
    .name = "pair_squares",
    .rows_float = pair_squares_rows_float,
    .rows_double = pair_squares_rows_double,
    .takes_labels = 1,
    .zero_is_flat = 1,
};

#endif
