/* Mean and scale in a run of steps on dense rows, for one REAL: what they make of a packed gradient. */

#if !defined(REAL) || !defined(TILE_CLASSES)
#error "steps/unfold.inc.h needs REAL, TILE_CLASSES"
#endif

/* A packed gradient with respect to W / scale, mean folded -> with respect to W */
static void R(unfold)(const layout *l, const double *bias_gradient, const double *inverse_scale, const double *mean,
                      REAL *gradient) {
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < l->n_tiles; tile++, c0 += classes) {
        classes = tile_classes(l, tile);
        for (ptrdiff_t v = 0; v < l->n_vectors; v++)
            for (ptrdiff_t c = 0; c < classes; c++) {
                REAL *g = gradient + (c0 * l->n_vectors + v * classes + c) * LANES;
                for (int e = 0; e < LANES; e++)
                    g[e] = (REAL)(((double)g[e] - bias_gradient[c0 + c] * mean[v * LANES + e]) *
                                  inverse_scale[v * LANES + e]);
            }
    }
}
