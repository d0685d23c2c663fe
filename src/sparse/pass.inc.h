/* Loss, gradient and scores of sparse X for one REAL, in three parallel steps: scores, tile by tile (scores.inc.h);
 * losses, which turn scores into coefficients; gradient, each block of columns by itself. */

#if !defined(REAL) || !defined(QUADS_MOST)
#error "sparse/pass.inc.h needs REAL, QUADS_MOST"
#endif

static size_t R(evaluate_sparse_scratch)(const gd_problem *p, const gd_tiles *t, const gd_weights *weights,
                                         int n_threads) {
    R(sparse_job) j = R(make_sparse_job)(p, t, weights);
    return R(lay_sparse_job)(NULL, &j, n_threads);
}

/* ---- losses ---- */

static void R(sparse_losses)(void *context, ptrdiff_t chunk, int worker) {
    const R(sparse_job) *j = context;
    const gd_problem *p = j->problem;
    const sparse_layout *l = &j->layout;
    ptrdiff_t k = p->n_classes, n = p->n_rows, models = j->weights->n_models;
    size_t used = 0;
    char *base = j->workers + (size_t)worker * j->worker_bytes;
    REAL *scores = carve(base, &used, ((size_t)(BLOCK_ROWS_MOST * k) + LANES) * sizeof(REAL));
    double *bias_gradient = carve(base, &used, (size_t)k * sizeof(double)), value = 0;
    memset(base, 0, used);
    ptrdiff_t begin = chunk * l->loss_rows, end = begin + l->loss_rows < n ? begin + l->loss_rows : n;
    for (ptrdiff_t i = begin; i < end && !pool_stopped(j->control, worker); i += BLOCK_ROWS_MOST) {
        int rows = (int)(end - i < BLOCK_ROWS_MOST ? end - i : BLOCK_ROWS_MOST), n_active;
        int active[BLOCK_ROWS_MOST];
        int64_t ids[BLOCK_ROWS_MOST];
        for (int r = 0; r < rows; r++) ids[r] = p->index ? p->index[i + r] : i + r;
        R(finish_scores)(j, i, rows, scores);
        if (j->answer->scores)
            for (int r = 0; r < rows; r++)
                memcpy((REAL *)j->answer->scores + ((i + r) * models + j->model) * k, scores + r * k,
                       (size_t)k * sizeof(REAL));
        if (!j->answer->value) continue;
        value += R(block_loss)(p, ids, rows, scores, active, &n_active);
        if (!j->answer->gradient) continue;
        for (int r = 0, a = 0; r < rows; r++) {
            int on = a < n_active && active[a] == r;
            a += on;
            for (ptrdiff_t c = 0; on && c < k; c++) bias_gradient[c] += (double)scores[r * k + c];
            for (ptrdiff_t g = 0; g < l->n_groups; g++) {
                ptrdiff_t c0 = g * l->group_classes, classes = group_classes(l, p, g);
                REAL *to = j->scores + (g * n + i + r) * l->K;
                for (ptrdiff_t c = 0; c < classes; c++) to[c] = on ? scores[r * k + c0 + c] : 0;
                for (ptrdiff_t c = classes; c < l->K; c++) to[c] = 0;
            }
        }
    }
    pool_turn_wait(j->turn, chunk);
    *j->value += value;
    for (ptrdiff_t c = 0; c < k; c++) j->bias_gradient[c] += bias_gradient[c];
    pool_turn_done(j->turn);
}

/* ---- gradient ---- */

/* Sums (columns, K) of a block -> the answer's rows. */
#define DEFINE_DELIVER(type)                                                                                           \
    static void R(deliver_##type)(const R(sparse_job) * j, ptrdiff_t group, ptrdiff_t first, ptrdiff_t n,              \
                                  const double *sums) {                                                                \
        const gd_problem *p = j->problem;                                                                              \
        ptrdiff_t K = j->layout.K, stride = p->n_features + p->has_bias, c0 = group * j->layout.group_classes;         \
        ptrdiff_t classes = group_classes(&j->layout, p, group);                                                       \
        type *to = (type *)j->answer->gradient + c0 * stride + first;                                                  \
        for (ptrdiff_t c = 0; c < classes; c += 4) {                                                                   \
            ptrdiff_t i = 0;                                                                                           \
            if (c + 4 <= classes)                                                                                      \
                for (; i + 4 <= n; i += 4) {                                                                           \
                    quad_double q[4];                                                                                  \
                    _Pragma("GCC unroll 4") for (int r = 0; r < 4; r++) memcpy(&q[r], sums + (i + r) * K + c, sizeof q[r]); \
                    TRANSPOSE(quad_double, q[0], q[1], q[2], q[3]);                                                         \
                    _Pragma("GCC unroll 4") for (int r = 0; r < 4; r++) {                                              \
                        if (p->scale) {                                                                                \
                            quad_double scale;                                                                         \
                            memcpy(&scale, p->scale + first + i, sizeof scale);                                        \
                            q[r] /= scale;                                                                             \
                        }                                                                                              \
                        q[r] *= p->normalizer;                                                                         \
                        quad_##type out = __builtin_convertvector(q[r], quad_##type);                                  \
                        memcpy(to + (c + r) * stride + i, &out, sizeof out);                                           \
                    }                                                                                                  \
                }                                                                                                      \
            for (; i < n; i++)                                                                                         \
                for (ptrdiff_t r = c; r < c + 4 && r < classes; r++) {                                                 \
                    double sum = sums[i * K + r];                                                                      \
                    if (p->scale) sum /= p->scale[first + i];                                                          \
                    to[r * stride + i] = (type)(sum * p->normalizer);                                                  \
                }                                                                                                      \
        }                                                                                                              \
    }                                                                                                                  \
    /* Only the listed columns: the others get zeros. */                                                               \
    static void R(place_##type)(const R(sparse_job) * j, ptrdiff_t group, ptrdiff_t first, ptrdiff_t n,                \
                                const sparse_tile *t, const double *sums) {                                            \
        const gd_problem *p = j->problem;                                                                              \
        ptrdiff_t K = j->layout.K, stride = p->n_features + p->has_bias, c0 = group * j->layout.group_classes;         \
        for (ptrdiff_t c = 0; c < group_classes(&j->layout, p, group); c++) {                                          \
            type *to = (type *)j->answer->gradient + (c0 + c) * stride + first;                                        \
            memset(to, 0, (size_t)n * sizeof(type));                                                                   \
            for (ptrdiff_t q = 0; q < t->n_listed; q++) {                                                              \
                ptrdiff_t i = t->columns[q];                                                                           \
                double sum = sums[i * K + c];                                                                          \
                if (p->scale) sum /= p->scale[first + i];                                                              \
                to[i] = (type)(sum * p->normalizer);                                                                   \
            }                                                                                                          \
        }                                                                                                              \
    }
DEFINE_DELIVER(float)
DEFINE_DELIVER(double)

static void R(sparse_gradient)(void *context, ptrdiff_t chunk, int worker) {
    const R(sparse_job) *j = context;
    const gd_tiles *t = j->tiles;
    const sparse_layout *l = &j->layout;
    double *sums = (double *)(j->workers + (size_t)worker * j->worker_bytes);
    ptrdiff_t begin = chunk * l->gradient_blocks, end = begin + l->gradient_blocks;
    if (end > t->n_blocks) end = t->n_blocks;
    int wide = j->weights->is_double;
    for (ptrdiff_t group = 0; group < l->n_groups; group++)
        for (ptrdiff_t b0 = begin; b0 < end && !pool_stopped(j->control, worker); b0 += l->stay_blocks) {
            ptrdiff_t b1 = end - b0 < l->stay_blocks ? end : b0 + l->stay_blocks, size = t->block_columns * l->K;
            sparse_tile tile = get_tile(t, 0, b0);
            int few = t->n_panels == 1 && tile.n_listed * 4 < columns_of_block(t, b0);
            if (few)
                for (ptrdiff_t q = 0; q < tile.n_listed; q++)
                    memset(sums + tile.columns[q] * l->K, 0, (size_t)l->K * sizeof(double));
            else
                memset(sums, 0, (size_t)((b1 - b0) * size) * sizeof(double));
            for (ptrdiff_t panel = 0; panel < t->n_panels; panel++)
                for (ptrdiff_t b = b0; b < b1; b++) {
                    tile = get_tile(t, panel, b);
                    const REAL *coefficients = j->scores + (group * t->n_rows + panel * t->panel_rows) * l->K;
                    j->gradient_tile(&tile, coefficients, sums + (b - b0) * size);
                }
            for (ptrdiff_t b = b0; b < b1; b++) {
                ptrdiff_t first = b * t->block_columns, n = columns_of_block(t, b);
                if (few)
                    (wide ? R(place_double) : R(place_float))(j, group, first, n, &tile, sums);
                else
                    (wide ? R(deliver_double) : R(deliver_float))(j, group, first, n, sums + (b - b0) * size);
            }
        }
}

/* ---- all of it ---- */

static void R(evaluate_sparse_with)(const R(sparse_scores_tile) *scores_tiles,
                                    const R(sparse_gradient_tile) *gradient_tiles, const gd_problem *p,
                                    const gd_tiles *t, const gd_weights *weights, const gd_answer *answer, void *scratch, int n_threads,
                                    pool_control *control) {
    R(sparse_job) j = R(make_sparse_job)(p, t, weights);
    const sparse_layout *l = &j.layout;
    pool_turn turn;
    j.answer = answer;
    j.scores_tile = scores_tiles[l->quads];
    j.gradient_tile = gradient_tiles[l->quads];
    j.turn = &turn;
    j.control = control;
    R(lay_sparse_job)(scratch, &j, n_threads);
    ptrdiff_t k = p->n_classes, stride = p->n_features + p->has_bias, d = p->n_features;
    for (j.model = 0; j.model < weights->n_models; j.model++) {
        memset(j.bias_gradient, 0, (size_t)k * sizeof(double));
        *j.value = 0;
        R(run_sparse_scores)(&j, n_threads);
        if (control->stop) return;
        pool_turn_init(&turn);
        pool_run(R(sparse_losses), &j, l->loss_chunks, n_threads, control);
        pool_turn_destroy(&turn);
        if (control->stop) return;
        if (answer->value) answer->value[j.model] = *j.value * p->normalizer;
    }
    if (!answer->gradient) return;
    pool_run(R(sparse_gradient), &j, l->gradient_chunks, n_threads, control);
    for (ptrdiff_t c = 0; c < k && p->has_bias; c++) {
        double g = j.bias_gradient[c] * p->normalizer;
        if (weights->is_double)
            ((double *)answer->gradient)[c * stride + d] = g;
        else
            ((float *)answer->gradient)[c * stride + d] = (float)g;
    }
}
