/* Mean and scale in a run of steps on dense rows, for one REAL and MASTER: weights as the kernels multiply by them. */

#if !defined(REAL) || !defined(MASTER) || !defined(TILE_CLASSES)
#error "steps/folding.inc.h needs REAL, MASTER, TILE_CLASSES"
#endif

/* What the kernels multiply by: w itself, or w / scale with the mean folded into the bias. Lane by lane, added up from that
 * of column 0 on: wherever in memory x begins, the same bits. */
static void U(effective)(const gd_problem *p, const layout *l, const MASTER *w, const MASTER *bias,
                         const double *inverse_scale, const double *mean, REAL *to, REAL *bias_to) {
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < l->n_tiles; tile++, c0 += classes) {
        classes = tile_classes(l, tile);
        double share[TILE_CLASSES][LANES] = {{0}};
        const MASTER *from = w + c0 * l->n_vectors * LANES;
        REAL *packed = to + c0 * l->n_vectors * LANES;
        for (ptrdiff_t v = 0; v < l->n_vectors; v++)
            for (ptrdiff_t c = 0; c < classes; c++, from += LANES, packed += LANES)
                for (int e = 0; e < LANES; e++) {
                    double a = (double)from[e] * inverse_scale[v * LANES + e];
                    packed[e] = (REAL)a;
                    share[c][e] += a * mean[v * LANES + e];
                }
        for (ptrdiff_t c = 0; c < classes; c++) {
            double b = p->has_bias ? (double)bias[c0 + c] : 0;
            for (int e = 0; e < LANES; e++) b -= share[c][(l->lead + e) % LANES];
            bias_to[c0 + c] = (REAL)b;
        }
    }
}
