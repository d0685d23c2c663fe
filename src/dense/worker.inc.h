/* What one thread needs for a pass over dense X, for one REAL. */

#if !defined(REAL) || !defined(TILE_CLASSES)
#error "dense/worker.inc.h needs REAL, TILE_CLASSES"
#endif

typedef struct R(worker) {
    VECTOR *sums;          /* (block_rows * TILE_CLASSES) and a vector's room */
    REAL *scores;          /* (block_rows, K) */
    REAL *compact;         /* (block_rows, max(TILE_CLASSES, k)) */
    REAL *gradient;        /* packed like W */
    double *bias_gradient; /* (K,) */
    double *values;        /* (n_models,) */
    void *copies;          /* rows or edges that can't be read in place */
    size_t copies_bytes;
} R(worker);

static R(worker) R(lay_worker)(char *base, const gd_problem *p, const layout *l, size_t *used) {
    R(worker) w;
    size_t K = (size_t)l->n_outputs, B = BLOCK_ROWS_MOST, k = (size_t)p->n_classes;
    size_t row = (size_t)(l->n_vectors * LANES);
    *used = 0;
    w.sums = carve(base, used, (B * TILE_CLASSES + LANES) * sizeof(VECTOR));
    w.scores = carve(base, used, (B * K + LANES) * sizeof(REAL));
    w.compact = carve(base, used, (B * (k > TILE_CLASSES ? k : TILE_CLASSES) + LANES) * sizeof(REAL));
    w.gradient = carve(base, used, K * row * sizeof(REAL));
    w.bias_gradient = carve(base, used, K * sizeof(double));
    w.values = carve(base, used, K * sizeof(double));
    w.copies_bytes = (l->direct ? 2 * B * LANES : (size_t)l->block_rows * row) * (size_t)input_bytes(p->input);
    w.copies = carve(base, used, w.copies_bytes);
    return w;
}

LOCAL R(worker) R(carve_worker)(char *base, const gd_problem *p, const layout *l) {
    size_t used;
    return R(lay_worker)(base, p, l, &used);
}
