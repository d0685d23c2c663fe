/* What the sums of dual coordinate ascent need of a row, in double, and where they are kept. */

#if !defined(DOUBLE_LANES) || !defined(TILE_CLASSES)
#error "dual/sums.inc.h needs DOUBLE_LANES, TILE_CLASSES"
#endif

/* The row's coefficients A (k,) from whatever duals are kept: inside their box, the right class less their sum, so
 * that they are feasible to the last bit. Adds to the totals; returns whether any is not 0. */
static int row_coefficients(const gd_problem *p, gd_duals *asked, ptrdiff_t i, int64_t id, double *to) {
    ptrdiff_t k = p->n_classes;
    double upper = row_upper_double(p, asked, id), sum = 0;
    for (ptrdiff_t c = 0; c < k; c++) {
        double a = asked->is_double ? ((const double *)asked->duals)[i * k + c]
                                    : (double)((const float *)asked->duals)[i * k + c];
        if (!asked->as_given) {
            a = a > 0 ? a : 0; /* NaN too */
            a = a < upper ? a : upper;
        }
        to[c] = a;
    }
    if (asked->as_given) return 1;
    to[p->labels[id]] = 0;
    for (ptrdiff_t c = 0; c < k; c++) sum += to[c];
    to[p->labels[id]] = -sum;
    asked->total += sum;
    asked->moment += 2 * sum * sqrt(asked->squares[i]);
    return sum > 0;
}

static layout dual_sums_layout(const gd_problem *p) {
    layout l = make_layout(p, 1, LANES);
    l.chunk_rows = l.n_chunks = 1;
    return l;
}

static size_t dense_dual_sums_scratch(const gd_problem *p) {
    size_t used;
    layout l = dual_sums_layout(p);
    lay_worker_double(NULL, p, &l, &used);
    return used + 64 + (size_t)p->n_features * sizeof(double);
}

/* Squared norms of dense rows as the model sees them; `row` and `inverse_scale` (d,) are scratch. */
static void dense_dual_squares(const gd_problem *p, double *squares, double *row, double *inverse_scale,
                               pool_control *control) {
    invert_scale_double(p, inverse_scale);
    for (ptrdiff_t i = 0; i < p->n_rows; i++) {
        if (i % 256 == 0 && pool_stopped(control, 0)) return;
        read_row_double(p, p->index ? p->index[i] : i, inverse_scale, row);
        double sums[8] = {0};
        ptrdiff_t whole = p->n_features / 8 * 8;
        for (ptrdiff_t j = 0; j < whole; j += 8)
            for (int e = 0; e < 8; e++) sums[e] += row[j + e] * row[j + e];
        for (ptrdiff_t j = whole; j < p->n_features; j++) sums[0] += row[j] * row[j];
        squares[i] = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
    }
}
