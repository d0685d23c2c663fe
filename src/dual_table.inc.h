/* Dual coordinate ascent in the table: which kernel for which arithmetic and type of X. x NULL: dense rows. */

static size_t dual_epoch_scratch(const gd_problem *p, const gd_csr *x, int double_arithmetic) {
    if (x) return double_arithmetic ? sparse_dual_scratch_double(p) : sparse_dual_scratch_float(p);
    return double_arithmetic ? dual_scratch_double(p) : dual_scratch_float(p);
}

static void dual_epoch(const gd_problem *p, const gd_csr *x, gd_duals *asked, void *scratch, pool_control *control) {
    if (x)
        (asked->is_double ? sparse_dual_epoch_double : sparse_dual_epoch_float)(p, x, asked, scratch, control);
    else
        (asked->is_double ? dual_epoch_double : dual_epoch_float)(p, asked, scratch, control);
}

static size_t dual_sums_scratch(const gd_problem *p, const gd_csr *x) {
    size_t sums = x ? sparse_dual_scratch_double(p) : dense_dual_sums_scratch(p);
    size_t rows = 2 * ((size_t)p->n_features * sizeof(double) + 64);
    return sums > rows ? sums : rows;
}

static void dual_sums(const gd_problem *p, const gd_csr *x, gd_duals *asked, void *scratch, pool_control *control) {
    typedef void (*run)(const gd_problem *, gd_duals *, void *, pool_control *);
    static const run runs[] = {dual_sums_double_uint8_t, dual_sums_double_half, dual_sums_double_float,
                               dual_sums_double_double};
    asked->total = asked->moment = 0;
    if (x)
        sparse_dual_sums(p, x, asked, scratch, control);
    else
        runs[p->input](p, asked, scratch, control);
}

static void dual_squares(const gd_problem *p, const gd_csr *x, double *squares, void *scratch, pool_control *control) {
    double *row = scratch, *inverse_scale = row + (p->n_features + 7) / 8 * 8;
    if (x)
        sparse_dual_squares(p, x, squares, row);
    else
        dense_dual_squares(p, squares, row, inverse_scale, control);
}
