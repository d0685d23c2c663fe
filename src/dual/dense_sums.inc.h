/* Sums over dense rows of one INPUT, in double: A'X, from which weights are rebuilt and bounds proven. */

#if !defined(REAL) || !defined(INPUT) || !defined(TILE_CLASSES)
#error "dual/dense_sums.inc.h needs REAL, INPUT, TILE_CLASSES"
#endif

static void RI(dual_sums)(const gd_problem *p, gd_duals *asked, void *scratch, pool_control *control) {
    layout l = dual_sums_layout(p);
    ptrdiff_t k = p->n_classes, d = p->n_features, packed = k * l.n_vectors * LANES;
    size_t used;
    worker_double w = lay_worker_double(scratch, p, &l, &used);
    double *row = (double *)((char *)scratch + used);
    RI(block) block;
    block.copies = w.copies;
    memset(w.copies, 0, w.copies_bytes);
    memset(w.gradient, 0, (size_t)packed * sizeof(double));
    memset(w.bias_gradient, 0, (size_t)k * sizeof(double));
    for (ptrdiff_t i = 0; i < p->n_rows;) {
        if (pool_stopped(control, 0)) return;
        int64_t ids[BLOCK_ROWS_MOST];
        int active[BLOCK_ROWS_MOST], n = 0;
        for (; i < p->n_rows && n < l.block_rows; i++) { /* rows without duals are not read */
            int64_t id = p->index ? p->index[i] : i;
            if (!row_coefficients(p, asked, i, id, w.scores + n * k)) continue;
            for (ptrdiff_t c = 0; c < k; c++) w.bias_gradient[c] += w.scores[n * k + c];
            active[n] = n;
            ids[n++] = id;
        }
        RI(announce)(p, ids, 0, n, &block);
        RI(gather)(p, &l, ids, n, &block);
        RI(block_gradient)(&l, &block, w.scores, active, n, w.compact, w.gradient);
    }
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < l.n_tiles; tile++, c0 += classes) {
        classes = tile_classes(&l, tile);
        for (ptrdiff_t c = 0; c < classes; c++) {
            double of_bias = w.bias_gradient[c0 + c], *to = asked->sums + (c0 + c) * (d + 1);
            for (ptrdiff_t j = 0, size; j < d; j += size) {
                size = piece_double(&l, d, j);
                memcpy(row + j, w.gradient + packed_double(&l, c0, classes, c, j), (size_t)size * sizeof(double));
            }
            for (ptrdiff_t j = 0; j < d; j++)
                to[j] = (row[j] - (p->mean ? of_bias * p->mean[j] : 0)) / (p->scale ? p->scale[j] : 1);
            to[d] = of_bias;
        }
    }
}
