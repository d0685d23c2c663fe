/* Where an element of W stands in its packed form, for one REAL: tile by tile of classes, vector by vector of columns. */

#if !defined(REAL) || !defined(TILE_CLASSES)
#error "dense/packed.inc.h needs REAL, TILE_CLASSES"
#endif

/* w[column] of the packed form of class c within tile (c0, classes) */
INLINE size_t R(packed)(const layout *l, ptrdiff_t c0, ptrdiff_t classes, ptrdiff_t c, ptrdiff_t j) {
    ptrdiff_t column = j + l->lead;
    return (size_t)(c0 * l->n_vectors * LANES + ((column / LANES) * classes + c) * LANES + column % LANES);
}

/* Columns of W lie side by side in pieces of the packed form: this many from column j on. */
INLINE ptrdiff_t R(piece)(const layout *l, ptrdiff_t d, ptrdiff_t j) {
    ptrdiff_t room = LANES - (j + l->lead) % LANES;
    return room < d - j ? room : d - j;
}
