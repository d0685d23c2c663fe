/* Weights of one MASTER into the packed form of one REAL and back, as they are. */

#if !defined(REAL) || !defined(MASTER) || !defined(TILE_CLASSES)
#error "dense/repack.inc.h needs REAL, MASTER, TILE_CLASSES"
#endif

/* Weights or a state (k, columns) <-> packed, the bias apart. */
static void U(repack)(const layout *l, ptrdiff_t d, int has_bias, MASTER *outside, MASTER *packed, MASTER *bias,
                      int inwards) {
    ptrdiff_t columns = d + has_bias;
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < l->n_tiles; tile++, c0 += classes) {
        classes = tile_classes(l, tile);
        for (ptrdiff_t c = 0; c < classes; c++) {
            MASTER *row = outside + (c0 + c) * columns;
            for (ptrdiff_t j = 0, n; j < d; j += n) {
                MASTER *place = packed + R(packed)(l, c0, classes, c, j);
                n = R(piece)(l, d, j);
                memcpy(inwards ? place : row + j, inwards ? row + j : place, (size_t)n * sizeof(MASTER));
            }
            if (has_bias && inwards) bias[c0 + c] = row[d];
            if (has_bias && !inwards) row[d] = bias[c0 + c];
        }
    }
}
