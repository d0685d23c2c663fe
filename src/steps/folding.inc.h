/* Mean and scale in a run of steps on dense rows, for one REAL and MASTER: weights as the kernels multiply by them. */

#if !defined(REAL) || !defined(MASTER) || !defined(TILE_CLASSES)
#error "steps/folding.inc.h needs REAL, MASTER, TILE_CLASSES"
#endif

/* What the kernels multiply by: w itself, or w / scale with the mean folded into the bias. */
static void U(effective)(const gd_problem *p, const layout *l, const MASTER *w, const MASTER *bias,
                         const double *inverse_scale, const double *mean, REAL *to, REAL *bias_to) {
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < l->n_tiles; tile++, c0 += classes) {
        classes = tile_classes(l, tile);
        for (ptrdiff_t c = 0; c < classes; c++) {
            double b = p->has_bias ? (double)bias[c0 + c] : 0;
            for (ptrdiff_t v = 0; v < l->n_vectors; v++) {
                size_t at = (size_t)(((c0 * l->n_vectors) + v * classes + c) * LANES);
                const double *s = inverse_scale + v * LANES, *m = mean + v * LANES;
                for (int e = 0; e < LANES; e++) {
                    double a = (double)w[at + (size_t)e] * s[e];
                    to[at + (size_t)e] = (REAL)a;
                    b -= a * m[e];
                }
            }
            bias_to[c0 + c] = (REAL)b;
        }
    }
}
