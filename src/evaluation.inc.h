/* What surrounds the pass over X for one REAL: packing W (mean and scale folded in), scratch, adding up
 * the chunks in order, unpacking the gradient. */

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

typedef struct R(evaluation) {
    const gd_problem *problem;
    const gd_weights *weights;
    const gd_answer *answer;
    layout layout;
    REAL *w, *bias;               /* packed */
    double *gradient, *bias_gradient, *values; /* totals */
    char *workers;
    size_t worker_bytes;
    pool_turn *turn;
    pool_control *control;
} R(evaluation);

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

static R(worker) R(carve_worker)(char *base, const gd_problem *p, const layout *l) {
    size_t used;
    return R(lay_worker)(base, p, l, &used);
}

static size_t R(lay_evaluation)(char *base, R(evaluation) * e, int n_threads) {
    const layout *l = &e->layout;
    n_threads = useful_threads(n_threads, l->n_chunks);
    size_t used = 0, K = (size_t)l->n_outputs, packed = K * (size_t)(l->n_vectors * LANES);
    e->w = carve(base, &used, packed * sizeof(REAL));
    e->bias = carve(base, &used, K * sizeof(REAL));
    e->gradient = carve(base, &used, packed * sizeof(double));
    e->bias_gradient = carve(base, &used, K * sizeof(double));
    e->values = carve(base, &used, K * sizeof(double));
    R(lay_worker)(NULL, e->problem, l, &e->worker_bytes);
    e->workers = carve(base, &used, e->worker_bytes * (size_t)n_threads);
    return used;
}

static size_t R(evaluate_scratch)(const gd_problem *p, const gd_weights *weights, int n_threads) {
    R(evaluation) e = {.problem = p, .weights = weights, .layout = make_layout(p, weights->n_models, LANES)};
    return R(lay_evaluation)(NULL, &e, n_threads);
}

/* w[column] of the packed form of class c within tile (c0, classes) */
INLINE size_t R(packed)(const layout *l, ptrdiff_t c0, ptrdiff_t classes, ptrdiff_t c, ptrdiff_t j) {
    ptrdiff_t column = j + l->lead;
    return (size_t)(c0 * l->n_vectors * LANES + ((column / LANES) * classes + c) * LANES + column % LANES);
}

/* W's element of class c and feature j as the kernels take it, its mean's share moved to the bias. */
INLINE double R(folded_weight)(const gd_problem *p, const gd_weights *weights, ptrdiff_t c, ptrdiff_t j, double *bias) {
    ptrdiff_t at = c * (p->n_features + p->has_bias) + j;
    double w = weights->is_double ? ((const double *)weights->w)[at] : (double)((const float *)weights->w)[at];
    if (p->scale) w /= p->scale[j];
    if (p->mean) *bias -= w * p->mean[j];
    return w;
}

/* The bias as it stands in W. */
INLINE double R(given_bias)(const gd_problem *p, const gd_weights *weights, ptrdiff_t c) {
    ptrdiff_t at = c * (p->n_features + p->has_bias) + p->n_features;
    if (!p->has_bias) return 0;
    return weights->is_double ? ((const double *)weights->w)[at] : (double)((const float *)weights->w)[at];
}

static void R(pack_weights)(R(evaluation) * e) {
    const gd_problem *p = e->problem;
    const layout *l = &e->layout;
    memset(e->w, 0, (size_t)(l->n_outputs * l->n_vectors * LANES) * sizeof(REAL));
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < l->n_tiles; tile++, c0 += classes) {
        classes = tile_classes(l, tile);
        for (ptrdiff_t c = 0; c < classes; c++) {
            double bias = R(given_bias)(p, e->weights, c0 + c);
            for (ptrdiff_t j = 0; j < p->n_features; j++)
                e->w[R(packed)(l, c0, classes, c, j)] = (REAL)R(folded_weight)(p, e->weights, c0 + c, j, &bias);
            e->bias[c0 + c] = (REAL)bias;
        }
    }
}

/* What the answer holds at (c, j): from the sum over rows there, and that of the class's coefficients. */
INLINE void R(deliver_gradient)(const gd_problem *p, const gd_weights *weights, void *gradient, ptrdiff_t c,
                                ptrdiff_t j, double sum, double of_bias) {
    ptrdiff_t at = c * (p->n_features + p->has_bias) + j;
    if (j == p->n_features) {
        sum = of_bias;
    } else {
        if (p->mean) sum -= of_bias * p->mean[j];
        if (p->scale) sum /= p->scale[j];
    }
    sum *= p->normalizer;
    if (weights->is_double)
        ((double *)gradient)[at] = sum;
    else
        ((float *)gradient)[at] = (float)sum;
}

static void R(unpack_gradient)(const R(evaluation) * e) {
    const gd_problem *p = e->problem;
    const layout *l = &e->layout;
    ptrdiff_t d = p->n_features, columns = d + p->has_bias;
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < l->n_tiles; tile++, c0 += classes) {
        classes = tile_classes(l, tile);
        for (ptrdiff_t c = 0; c < classes; c++)
            for (ptrdiff_t j = 0; j < columns; j++)
                R(deliver_gradient)(p, e->weights, e->answer->gradient, c0 + c, j,
                                    j < d ? e->gradient[R(packed)(l, c0, classes, c, j)] : 0, e->bias_gradient[c0 + c]);
    }
}

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

static void R(add_chunk)(const R(evaluation) * e, const R(worker) * w, ptrdiff_t chunk) {
    const layout *l = &e->layout;
    pool_turn_wait(e->turn, chunk);
    for (ptrdiff_t m = 0; m < e->weights->n_models; m++) e->values[m] += w->values[m];
    if (e->answer->gradient) {
        ptrdiff_t packed = l->n_outputs * l->n_vectors * LANES;
        for (ptrdiff_t i = 0; i < packed; i++) e->gradient[i] += (double)w->gradient[i];
        for (ptrdiff_t c = 0; c < l->n_outputs; c++) e->bias_gradient[c] += w->bias_gradient[c];
    }
    pool_turn_done(e->turn);
}

/* `task` is evaluate_chunk of the problem's input type */
static void R(evaluate_with)(pool_task task, const gd_problem *p, const gd_weights *weights, const gd_answer *answer,
                             void *scratch, int n_threads, pool_control *control) {
    pool_turn turn;
    R(evaluation) e = {.problem = p, .weights = weights, .answer = answer, .turn = &turn, .control = control,
                       .layout = make_layout(p, weights->n_models, LANES)};
    n_threads = useful_threads(n_threads, e.layout.n_chunks);
    R(lay_evaluation)(scratch, &e, n_threads);
    R(pack_weights)(&e);
    for (int t = 0; t < n_threads; t++) {
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
    pool_turn_init(&turn);
    pool_run(task, &e, e.layout.n_chunks, n_threads, control);
    pool_turn_destroy(&turn);
    if (control->stop) return;
    if (answer->value)
        for (ptrdiff_t m = 0; m < weights->n_models; m++) answer->value[m] = e.values[m] * p->normalizer;
    if (answer->gradient) R(unpack_gradient)(&e);
}
