/* What surrounds the pass over dense X for one REAL: scratch, packing W (mean and scale folded in), adding up the chunks
 * in order, unpacking the gradient. */

#if !defined(REAL) || !defined(TILE_CLASSES)
#error "dense/frame.inc.h needs REAL, TILE_CLASSES"
#endif

typedef struct R(evaluation) {
    const gd_problem *problem;
    const gd_weights *weights;
    const gd_answer *answer;
    layout layout;
    REAL *w, *bias;               /* packed */
    double *row;                  /* (d,) of W as it is read, of the gradient as it is written */
    double *gradient, *bias_gradient, *values; /* totals */
    char *workers;
    size_t worker_bytes;
    int n_pieces;
    pool_sum *sum;
    pool_control *control;
} R(evaluation);

static size_t R(lay_evaluation)(char *base, R(evaluation) * e, int n_threads) {
    const layout *l = &e->layout;
    n_threads = useful_threads(n_threads, l->n_chunks);
    size_t used = 0, K = (size_t)l->n_outputs, packed = K * (size_t)(l->n_vectors * LANES);
    e->w = carve(base, &used, packed * sizeof(REAL));
    e->bias = carve(base, &used, K * sizeof(REAL));
    e->row = carve(base, &used, (size_t)e->problem->n_features * sizeof(double));
    e->gradient = carve(base, &used, packed * sizeof(double));
    e->bias_gradient = carve(base, &used, K * sizeof(double));
    e->values = carve(base, &used, K * sizeof(double));
    R(lay_worker)(NULL, e->problem, l, &e->worker_bytes);
    e->n_pieces = pool_pieces(n_threads, l->n_chunks, e->worker_bytes);
    e->workers = carve(base, &used, e->worker_bytes * (size_t)e->n_pieces);
    return used;
}

static size_t R(evaluate_scratch)(const gd_problem *p, const gd_weights *weights, int n_threads) {
    R(evaluation) e = {.problem = p, .weights = weights, .layout = make_layout(p, weights->n_models, LANES)};
    return R(lay_evaluation)(NULL, &e, n_threads);
}

/* Sums over rows become row c of the gradient with respect to W. */
static void R(unfold_row)(const gd_problem *p, double *row, double of_bias, ptrdiff_t c, int is_double,
                          void *gradient) {
    ptrdiff_t d = p->n_features, first = c * (d + p->has_bias);
    if (p->mean)
        for (ptrdiff_t j = 0; j < d; j++) row[j] -= of_bias * p->mean[j];
    if (p->scale)
        for (ptrdiff_t j = 0; j < d; j++) row[j] /= p->scale[j];
    if (is_double) {
        double *to = (double *)gradient + first;
        for (ptrdiff_t j = 0; j < d; j++) to[j] = row[j] * p->normalizer;
        if (p->has_bias) to[d] = of_bias * p->normalizer;
    } else {
        float *to = (float *)gradient + first;
        for (ptrdiff_t j = 0; j < d; j++) to[j] = (float)(row[j] * p->normalizer);
        if (p->has_bias) to[d] = (float)(of_bias * p->normalizer);
    }
}

static void R(unpack_gradient)(const R(evaluation) * e) {
    const layout *l = &e->layout;
    ptrdiff_t d = e->problem->n_features;
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < l->n_tiles; tile++, c0 += classes) {
        classes = tile_classes(l, tile);
        for (ptrdiff_t c = 0; c < classes; c++) {
            for (ptrdiff_t j = 0, n; j < d; j += n) {
                n = R(piece)(l, d, j);
                memcpy(e->row + j, e->gradient + R(packed)(l, c0, classes, c, j), (size_t)n * sizeof(double));
            }
            R(unfold_row)(e->problem, e->row, e->bias_gradient[c0 + c], c0 + c, e->weights->is_double,
                          e->answer->gradient);
        }
    }
}

/* Losses of n_models side by side, scores (n_rows, n_models * k), added to values (n_models,). The scores
 * become coefficients where there is one model; `compact` is room for the scores of one of several. */
static void R(losses)(const gd_problem *p, ptrdiff_t n_models, const int64_t *ids, int n_rows, REAL *scores,
                      REAL *compact, double *values, int *active, int *n_active) {
    ptrdiff_t k = p->n_classes;
    if (n_models == 1) {
        values[0] += R(block_loss)(p, ids, n_rows, scores, active, n_active);
        return;
    }
    for (ptrdiff_t m = 0; m < n_models; m++) {
        for (int r = 0; r < n_rows; r++)
            memcpy(compact + r * k, scores + (r * n_models + m) * k, (size_t)k * sizeof(REAL));
        values[m] += R(block_loss)(p, ids, n_rows, compact, active, n_active);
    }
}

static void R(add_chunk)(void *context, int piece) {
    const R(evaluation) *e = context;
    const layout *l = &e->layout;
    R(worker) w = R(carve_worker)(e->workers + (size_t)piece * e->worker_bytes, e->problem, l);
    for (ptrdiff_t m = 0; m < e->weights->n_models; m++) e->values[m] += w.values[m];
    if (!e->answer->gradient) return;
    ptrdiff_t packed = l->n_outputs * l->n_vectors * LANES;
    for (ptrdiff_t i = 0; i < packed; i++) e->gradient[i] += (double)w.gradient[i];
    for (ptrdiff_t c = 0; c < l->n_outputs; c++) e->bias_gradient[c] += w.bias_gradient[c];
}

/* `task` is evaluate_chunk of the problem's input type */
static void R(evaluate_with)(pool_task task, const gd_problem *p, const gd_weights *weights, const gd_answer *answer,
                             void *scratch, int n_threads, pool_control *control) {
    pool_sum sum;
    R(evaluation) e = {.problem = p, .weights = weights, .answer = answer, .sum = &sum, .control = control,
                       .layout = make_layout(p, weights->n_models, LANES)};
    n_threads = useful_threads(n_threads, e.layout.n_chunks);
    R(lay_evaluation)(scratch, &e, n_threads);
    if (!answer->coefficients) R(pack_weights)(p, weights, &e.layout, e.row, e.w, e.bias);
    for (int t = 0; t < e.n_pieces; t++) {
        R(worker) w = R(carve_worker)(e.workers + (size_t)t * e.worker_bytes, p, &e.layout);
        memset(w.copies, 0, w.copies_bytes);
        memset(w.sums, 0, (BLOCK_ROWS_MOST * TILE_CLASSES + LANES) * sizeof(VECTOR));
        memset(w.scores, 0, ((size_t)(BLOCK_ROWS_MOST * e.layout.n_outputs) + LANES) * sizeof(REAL));
    }
    for (ptrdiff_t m = 0; m < weights->n_models; m++) e.values[m] = 0;
    if (answer->gradient) {
        memset(e.gradient, 0, (size_t)(e.layout.n_outputs * e.layout.n_vectors * LANES) * sizeof(double));
        memset(e.bias_gradient, 0, (size_t)e.layout.n_outputs * sizeof(double));
    }
    pool_sum_init(&sum, n_threads, e.n_pieces);
    pool_run(task, &e, e.layout.n_chunks, n_threads, control);
    pool_sum_destroy(&sum);
    if (control->stop) return;
    if (answer->value)
        for (ptrdiff_t m = 0; m < weights->n_models; m++) answer->value[m] = e.values[m] * p->normalizer;
    if (answer->gradient) R(unpack_gradient)(&e);
}
