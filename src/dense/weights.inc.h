/* W on its way in, for one REAL: in double, mean and scale folded in, packed. */

#if !defined(REAL) || !defined(TILE_CLASSES)
#error "dense/weights.inc.h needs REAL, TILE_CLASSES"
#endif

/* Row c of W in double, divided by the scale; returns the bias less the product with the mean. */
static double R(fold_row)(const gd_problem *p, const gd_weights *weights, ptrdiff_t c, double *row) {
    ptrdiff_t d = p->n_features, first = c * (d + p->has_bias);
    double bias = 0;
    if (weights->is_double) {
        const double *w = (const double *)weights->w + first;
        for (ptrdiff_t j = 0; j < d; j++) row[j] = w[j];
        if (p->has_bias) bias = w[d];
    } else {
        const float *w = (const float *)weights->w + first;
        for (ptrdiff_t j = 0; j < d; j++) row[j] = (double)w[j];
        if (p->has_bias) bias = (double)w[d];
    }
    if (p->scale)
        for (ptrdiff_t j = 0; j < d; j++) row[j] /= p->scale[j];
    if (p->mean)
        for (ptrdiff_t j = 0; j < d; j++) bias -= row[j] * p->mean[j];
    return bias;
}

/* W (n_outputs, d + has_bias) -> packed `w` and `bias`; `row` (d,) is scratch. */
static void R(pack_weights)(const gd_problem *p, const gd_weights *weights, const layout *l, double *row, REAL *w,
                            REAL *bias) {
    ptrdiff_t d = p->n_features;
    memset(w, 0, (size_t)(l->n_outputs * l->n_vectors * LANES) * sizeof(REAL));
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < l->n_tiles; tile++, c0 += classes) {
        classes = tile_classes(l, tile);
        for (ptrdiff_t c = 0; c < classes; c++) {
            bias[c0 + c] = (REAL)R(fold_row)(p, weights, c0 + c, row);
            for (ptrdiff_t j = 0, n; j < d; j += n) {
                REAL *to = w + R(packed)(l, c0, classes, c, j);
                n = R(piece)(l, d, j);
                for (ptrdiff_t i = 0; i < n; i++) to[i] = (REAL)row[j + i];
            }
        }
    }
}
