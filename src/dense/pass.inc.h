/* One fused pass over X for one (REAL, INPUT): a block of rows stays in cache while its scores, its
 * losses and its share of the gradient are computed. */

#if !defined(REAL) || !defined(INPUT) || !defined(BLOCK_ROWS_MOST)
#error "dense/pass.inc.h needs REAL, INPUT, BLOCK_ROWS_MOST"
#endif

static void RI(evaluate_chunk)(void *context, ptrdiff_t chunk, int worker) {
    const R(evaluation) *e = context;
    char *scratch = e->workers + (size_t)pool_piece(e->sum, worker) * e->worker_bytes;
    const gd_problem *p = e->problem;
    const layout *l = &e->layout;
    R(worker) w = R(carve_worker)(scratch, p, l);
    RI(block) block;
    block.copies = (INPUT *)w.copies;
    ptrdiff_t k = p->n_classes, K = l->n_outputs, n_models = e->weights->n_models;
    ptrdiff_t begin = chunk * l->chunk_rows, end = begin + l->chunk_rows < p->n_rows ? begin + l->chunk_rows : p->n_rows;
    int gradient = e->answer->gradient != NULL;
    for (ptrdiff_t m = 0; m < n_models; m++) w.values[m] = 0;
    if (gradient) {
        memset(w.gradient, 0, (size_t)(K * l->n_vectors * LANES) * sizeof(REAL));
        memset(w.bias_gradient, 0, (size_t)K * sizeof(double));
    }
    for (ptrdiff_t i = begin; i < end && !pool_stopped(e->control, worker); i += l->block_rows) {
        int n_rows = (int)(end - i < l->block_rows ? end - i : l->block_rows), n_active;
        int64_t ids[BLOCK_ROWS_MOST];
        int active[BLOCK_ROWS_MOST];
        ptrdiff_t next = i + n_rows, n_next = end - next < l->block_rows ? end - next : l->block_rows;
        for (ptrdiff_t r = 0; r < n_next; r++) ids[r] = p->index ? p->index[next + r] : next + r;
        RI(announce)(p, ids, l->direct ? (int)n_next : 0, n_rows, &block);
        for (int r = 0; r < n_rows; r++) ids[r] = p->index ? p->index[i + r] : i + r;
        RI(gather)(p, l, ids, n_rows, &block);
        if (e->answer->coefficients) {
            n_active = R(take_coefficients)(e->answer->coefficients + i * K, n_rows, K, w.scores, active);
        } else {
            RI(block_scores)(l, &block, e->w, e->bias, w.sums, w.scores);
            if (e->answer->scores)
                memcpy((REAL *)e->answer->scores + i * K, w.scores, (size_t)(n_rows * K) * sizeof(REAL));
            if (!e->answer->value) continue;
            R(losses)(p, n_models, ids, n_rows, w.scores, w.compact, w.values, active, &n_active);
            if (!gradient) continue;
        }
        for (int a = 0; a < n_active; a++)
            for (ptrdiff_t c = 0; c < k; c++) w.bias_gradient[c] += (double)w.scores[active[a] * k + c];
        RI(block_gradient)(l, &block, w.scores, active, n_active, w.compact, w.gradient);
    }
    pool_sum_add(e->sum, chunk, worker, R(add_chunk), context);
}
