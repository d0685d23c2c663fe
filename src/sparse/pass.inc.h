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
        if (j->answer->coefficients) {
            n_active = R(take_coefficients)(j->answer->coefficients + i * k, rows, k, scores, active);
        } else {
            R(finish_scores)(j, i, rows, scores);
            if (j->answer->scores)
                for (int r = 0; r < rows; r++)
                    memcpy((REAL *)j->answer->scores + ((i + r) * models + j->model) * k, scores + r * k,
                           (size_t)k * sizeof(REAL));
            if (!j->answer->value) continue;
            value += R(block_loss)(p, ids, rows, scores, active, &n_active);
            if (!j->answer->gradient) continue;
        }
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

/* Sums (columns, K) of a block -> the answer's rows, line by line as weights are turned. */
#define DEFINE_DELIVER(type)                                                                                           \
    static void R(deliver_##type)(const R(sparse_job) * j, ptrdiff_t group, ptrdiff_t first, ptrdiff_t n,              \
                                  const REAL *sums) {                                                                  \
        const gd_problem *p = j->problem;                                                                              \
        ptrdiff_t K = j->layout.K, stride = p->n_features + p->has_bias, c0 = group * j->layout.group_classes;         \
        ptrdiff_t classes = group_classes(&j->layout, p, group), whole = n / 4 * 4;                                    \
        type *to = (type *)j->answer->gradient + c0 * stride + first;                                                  \
        for (ptrdiff_t i0 = 0; i0 < whole; i0 += LINE_COLUMNS(type))                                                   \
            for (ptrdiff_t c = 0; c < classes; c += 4) {                                                               \
                type *line = to + c * stride + i0;                                                                     \
                ptrdiff_t left = classes - c, end = whole - i0 < LINE_COLUMNS(type) ? whole - i0 : LINE_COLUMNS(type); \
                for (ptrdiff_t r = 0; r < 4 && r < left; r++) PREFETCH_AHEAD(line + r * stride, 1);                    \
                for (ptrdiff_t i = 0; i < end; i += 4) {                                                               \
                    R(quad) q[4];                                                                                      \
                    _Pragma("GCC unroll 4") for (int r = 0; r < 4; r++)                                                \
                        memcpy(&q[r], sums + (i0 + i + r) * K + c, sizeof q[r]);                                       \
                    TRANSPOSE(R(quad), q[0], q[1], q[2], q[3]);                                                        \
                    _Pragma("GCC unroll 4") for (int r = 0; r < 4; r++) {                                              \
                        quad_double wide = __builtin_convertvector(q[r], quad_double);                                 \
                        if (p->scale) {                                                                                \
                            quad_double scale;                                                                         \
                            memcpy(&scale, p->scale + first + i0 + i, sizeof scale);                                   \
                            wide /= scale;                                                                             \
                        }                                                                                              \
                        quad_##type out = __builtin_convertvector(wide * p->normalizer, quad_##type);                  \
                        if (r < left) memcpy(line + r * stride + i, &out, sizeof out);                                 \
                    }                                                                                                  \
                }                                                                                                      \
            }                                                                                                          \
        for (ptrdiff_t i = whole; i < n; i++)                                                                          \
            for (ptrdiff_t r = 0; r < classes; r++) {                                                                  \
                double sum = (double)sums[i * K + r];                                                                  \
                if (p->scale) sum /= p->scale[first + i];                                                              \
                to[r * stride + i] = (type)(sum * p->normalizer);                                                      \
            }                                                                                                          \
    }                                                                                                                  \
    /* Only the listed columns: the others get zeros. */                                                               \
    static void R(place_##type)(const R(sparse_job) * j, ptrdiff_t group, ptrdiff_t first, ptrdiff_t n,                \
                                const sparse_tile *t, const REAL *sums) {                                              \
        const gd_problem *p = j->problem;                                                                              \
        ptrdiff_t K = j->layout.K, stride = p->n_features + p->has_bias, c0 = group * j->layout.group_classes;         \
        for (ptrdiff_t c = 0; c < group_classes(&j->layout, p, group); c++) {                                          \
            type *to = (type *)j->answer->gradient + (c0 + c) * stride + first;                                        \
            memset(to, 0, (size_t)n * sizeof(type));                                                                   \
            for (ptrdiff_t q = 0; q < t->n_listed; q++) {                                                              \
                ptrdiff_t i = t->columns[q];                                                                           \
                double sum = (double)sums[i * K + c];                                                                  \
                if (p->scale) sum /= p->scale[first + i];                                                              \
                to[i] = (type)(sum * p->normalizer);                                                                   \
            }                                                                                                          \
        }                                                                                                              \
    }
DEFINE_DELIVER(float)
DEFINE_DELIVER(double)

/* Sums in double become REAL in place: each is read before anything is written over it. */
static void R(narrow_sums)(double *sums, ptrdiff_t n) {
    REAL *to = (REAL *)sums;
    for (ptrdiff_t i = 0; !REAL_IS_DOUBLE && i < n; i += 4) { /* n is a multiple of 4 */
        quad_double wide;
        memcpy(&wide, sums + i, sizeof wide);
        R(quad) narrow = __builtin_convertvector(wide, R(quad));
        memcpy(to + i, &narrow, sizeof narrow);
    }
}

/* The sums of blocks [b0, b1): all of a column's entries are in one tile, or panels are added up in double. */
static void R(sum_blocks)(const R(sparse_job) * j, ptrdiff_t group, ptrdiff_t b0, ptrdiff_t b1, void *sums) {
    const gd_tiles *t = j->tiles;
    ptrdiff_t K = j->layout.K, size = t->block_columns * K;
    const REAL *coefficients = j->scores + group * t->n_rows * K;
    if (t->n_panels == 1) {
        for (ptrdiff_t b = b0; b < b1; b++) {
            sparse_tile tile = get_tile(t, 0, b);
            REAL *to = (REAL *)sums + (b - b0) * size;
            if (tile.n_listed < columns_of_block(t, b)) memset(to, 0, (size_t)size * sizeof(REAL));
            j->gradient_tile.set(&tile, coefficients, to);
        }
        return;
    }
    memset(sums, 0, (size_t)((b1 - b0) * size) * sizeof(double));
    for (ptrdiff_t panel = 0; panel < t->n_panels; panel++)
        for (ptrdiff_t b = b0; b < b1; b++) {
            sparse_tile tile = get_tile(t, panel, b);
            j->gradient_tile.add(&tile, coefficients + panel * t->panel_rows * K, (double *)sums + (b - b0) * size);
        }
    R(narrow_sums)(sums, (b1 - b0) * size);
}

static void R(sparse_gradient)(void *context, ptrdiff_t chunk, int worker) {
    const R(sparse_job) *j = context;
    const gd_tiles *t = j->tiles;
    const sparse_layout *l = &j->layout;
    char *sums = j->workers + (size_t)worker * j->worker_bytes;
    ptrdiff_t begin = chunk * l->gradient_blocks, end = begin + l->gradient_blocks;
    if (end > t->n_blocks) end = t->n_blocks;
    int wide = j->weights->is_double;
    for (ptrdiff_t group = 0; group < l->n_groups; group++)
        for (ptrdiff_t b0 = begin; b0 < end && !pool_stopped(j->control, worker); b0 += l->stay_blocks) {
            ptrdiff_t b1 = end - b0 < l->stay_blocks ? end : b0 + l->stay_blocks, size = t->block_columns * l->K;
            sparse_tile tile = get_tile(t, 0, b0);
            if (t->n_panels == 1 && tile.n_listed * 4 < columns_of_block(t, b0)) { /* stay_blocks is 1 */
                j->gradient_tile.set(&tile, j->scores + group * t->n_rows * l->K, (REAL *)sums);
                (wide ? R(place_double) : R(place_float))(j, group, b0 * t->block_columns, columns_of_block(t, b0), &tile,
                                                          (REAL *)sums);
                continue;
            }
            R(sum_blocks)(j, group, b0, b1, sums);
            for (ptrdiff_t b = b0; b < b1; b++)
                (wide ? R(deliver_double) : R(deliver_float))(j, group, b * t->block_columns, columns_of_block(t, b),
                                                              (REAL *)sums + (b - b0) * size);
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
        if (!answer->coefficients) R(run_sparse_scores)(&j, n_threads);
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
