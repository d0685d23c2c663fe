/* A loss on a block of scores, for one REAL: sum of losses, and scores turned into coefficients (d loss / d score) in
 * place. */

#if !defined(REAL) || !defined(BLOCK_ROWS_MOST)
#error "losses/block.inc.h needs REAL, BLOCK_ROWS_MOST"
#endif

/* Coefficients (n_rows, K) that are given in place of a loss's; returns how many rows are active. */
INLINE int R(take_coefficients)(const double *given, int n_rows, ptrdiff_t K, REAL *coefficients, int *active) {
    int n = 0;
    for (int r = 0; r < n_rows; r++) {
        int any = 0;
        for (ptrdiff_t c = 0; c < K; c++) {
            double a = given[r * K + c];
            coefficients[r * K + c] = (REAL)a;
            any |= a != 0; /* NaN keeps the row */
        }
        if (any) active[n++] = r;
    }
    return n;
}

/* `scores` (n_rows, k) become coefficients times the row's weight. Returns the sum of losses; rows whose coefficients
 * are all zero are not listed as active. */
APART double R(block_loss)(const gd_problem *p, const int64_t *ids, int n_rows, REAL *scores, int *active,
                           int *n_active) {
    ptrdiff_t k = p->n_classes;
    double total = 0, losses[BLOCK_ROWS_MOST];
    const gd_loss_row *loss = GD(losses)[p->loss];
    EXPAND2(loss->rows, REAL)(p, ids, n_rows, scores, losses);
    int n = 0, all = !loss->zero_is_flat;
    for (int r = 0; r < n_rows; r++) {
        double weight = p->weights ? p->weights[ids[r]] : 1.0;
        if (weight == 0) continue;
        total += weight * losses[r];
        if (p->weights)
            for (ptrdiff_t c = 0; c < k; c++) scores[r * k + c] *= (REAL)weight;
        if (losses[r] != 0 || all) active[n++] = r; /* NaN keeps the row */
    }
    *n_active = n;
    return total;
}
