/* The exact pass, all rows: chunks add up integers, from which loss and gradient follow (weights.inc.h says
 * how). */

#if !defined(INTEGER_BLOCK_ROWS)
#error "integer/pass.inc.h needs INTEGER_BLOCK_ROWS"
#endif

static integer_worker integer_piece(const integer_job *j, int piece) {
    size_t used;
    return lay_integer_worker(j->workers + (size_t)piece * j->worker_bytes, j, &used);
}

static void add_integers(void *context, int piece) {
    integer_job *j = context;
    integer_worker w = integer_piece(j, piece);
    for (ptrdiff_t i = 0; i < j->outputs * j->columns; i++) j->gradient[i] += w.gradient[i];
    for (ptrdiff_t c = 0; c < j->problem->n_classes; c++) j->by_class[c] += w.by_class[c];
    j->n_terms += *w.n_terms;
}

static void integer_chunk(void *context, ptrdiff_t chunk, int worker) {
    integer_job *j = context;
    const gd_problem *p = j->problem;
    integer_worker w = integer_piece(j, pool_piece(j->sum, worker));
    ptrdiff_t k = p->n_classes, size = j->outputs * j->columns, begin = chunk * j->chunk_rows;
    ptrdiff_t end = begin + j->chunk_rows < p->n_rows ? begin + j->chunk_rows : p->n_rows;
    integer_block b;
    *w.n_terms = 0;
    memset(w.gradient, 0, (size_t)size * sizeof(int32_t));
    memset(w.by_class, 0, (size_t)k * sizeof(int64_t));
    for (ptrdiff_t i = begin; i < end && !pool_stopped(j->control, worker); i += j->block_rows) {
        integer_gather(j, i, (int)(end - i < j->block_rows ? end - i : j->block_rows), &w, &b);
        integer_scores(j, &b, w.sums, w.scores);
        integer_losses(j, &b, &w, w.n_terms);
        integer_gradient(j, &b, w.coefficients, w.interleaved, w.gradient);
    }
    pool_sum_add(j->sum, chunk, worker, add_integers, j);
}

/* Where column i of a tile's first class stands in its gradient; the next class is INTEGER_COLUMNS further. */
INLINE ptrdiff_t integer_place(ptrdiff_t i, ptrdiff_t classes) {
    ptrdiff_t e = i % VECTOR_BYTES; /* 16-byte lanes hold quarters of columns: see the interleaving */
    return i / VECTOR_BYTES * VECTOR_BYTES * classes + e % 16 / 4 * classes * INTEGER_COLUMNS + e / 16 * 4 + e % 4;
}

/* sum += a * b with the rounding errors of both operations kept in `low` */
INLINE void add_product(double a, double b, double *sum, double *low) {
    double product = a * b, total = *sum + product, back = total - *sum;
    *low += (*sum - (total - back)) + (product - back) + fma(a, b, -product);
    *sum = total;
}

/* A class's sums of coefficients * x and of coefficients -> its row of the gradient */
static void data_to_answer(const integer_job *j, ptrdiff_t c, const double *data, double by_class) {
    const gd_problem *p = j->problem;
    ptrdiff_t d = p->n_features, columns = d + p->has_bias;
    for (ptrdiff_t i = 0; i < columns; i++) {
        double g = by_class;
        if (i < d) {
            double of_data = data[i];
            if (p->mean) of_data -= by_class * p->mean[i];
            if (p->scale) of_data /= p->scale[i];
            g = of_data;
        }
        g *= p->normalizer;
        if (j->weights->is_double)
            ((double *)j->answer->gradient)[c * columns + i] = g;
        else
            ((float *)j->answer->gradient)[c * columns + i] = (float)g;
    }
}

/* From the totals to the loss and its gradient. */
static void integer_answers(const integer_job *j) {
    const gd_problem *p = j->problem;
    ptrdiff_t d = p->n_features, k = p->n_classes;
    memset(j->unpacked, 0, (size_t)d * sizeof(double)); /* class 0: minus the others */
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < j->n_tiles; tile++, c0 += classes) {
        classes = integer_tile_classes(j, tile);
        for (ptrdiff_t c = 0; c < classes; c++) {
            double *to = j->unpacked + (1 + c0 + c) * d;
            const double *from = j->gradient + c0 * j->columns + c * INTEGER_COLUMNS;
            for (ptrdiff_t i = 0; i < d; i++) {
                to[i] = from[integer_place(i, classes)];
                if (BYTES_LESS) to[i] += BYTES_LESS * (double)j->by_class[1 + c0 + c];
                j->unpacked[i] -= to[i];
            }
        }
    }
    double sum = 0, low = 0;
    for (ptrdiff_t c = 1; c < k; c++) j->by_class[0] -= j->by_class[c];
    for (ptrdiff_t c = 0; c < k; c++) {
        for (ptrdiff_t i = 0; i < d; i++) add_product(j->unpacked[c * d + i], j->w[c * d + i], &sum, &low);
        add_product((double)j->by_class[c], j->bias[c], &sum, &low);
    }
    add_product((double)j->n_terms, p->margin, &sum, &low);
    j->answer->value[0] = (sum + low) * p->normalizer;
    if (!j->answer->gradient) return;
    for (ptrdiff_t c = 0; c < k; c++) data_to_answer(j, c, j->unpacked + c * d, (double)j->by_class[c]);
}

static integer_job hinge_job(const gd_problem *p, const gd_weights *weights) {
    return make_integer_job(p, weights, p->n_classes - 1, 255 * (p->n_classes - 1));
}

static size_t integer_scratch(const gd_problem *p, const gd_weights *weights, int n_threads) {
    integer_job j = hinge_job(p, weights);
    return lay_integer_job(NULL, &j, n_threads);
}

/* Does the pass; returns 0, with nothing done, where W is too large for it. */
static int evaluate_integers(const gd_problem *p, const gd_weights *weights, const gd_answer *answer, void *scratch,
                             int n_threads, pool_control *control) {
    pool_sum sum;
    integer_job j = hinge_job(p, weights);
    j.answer = answer;
    j.sum = &sum;
    j.control = control;
    n_threads = useful_threads(n_threads, j.n_chunks);
    lay_integer_job(scratch, &j, n_threads);
    if (!integer_weights(&j)) return 0;
    for (int t = 0; t < j.n_pieces; t++) {
        integer_worker w = integer_piece(&j, t);
        memset(w.tails, 0, (size_t)j.block_rows * PADDED_COLUMNS);
        memset(w.sums, 0, integer_sums_bytes(&j));
    }
    memset(j.gradient, 0, (size_t)(j.outputs * j.columns) * sizeof(double));
    memset(j.by_class, 0, (size_t)p->n_classes * sizeof(int64_t));
    pool_sum_init(&sum, n_threads, j.n_pieces);
    pool_run(integer_chunk, &j, j.n_chunks, n_threads, control);
    pool_sum_destroy(&sum);
    if (!control->stop) integer_answers(&j);
    return 1;
}
