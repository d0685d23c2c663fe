/* The pass for many outputs, for one REAL: all but the reading of X (many_outputs_pass.inc.h).
 *
 * W is packed once, panel by panel of outputs: (columns, outputs of the panel). The gradient has the same form,
 * once for all threads: blocks of rows are added to it in order, strip by strip, so that a thread follows the
 * one before it and waits only where that one is late. Its sums are REAL; every PANEL_SETTLE_BLOCKS blocks they
 * move to the answer, and what the answer's type can't hold stays behind: the total is as good as one kept
 * in more digits, and takes no memory. */

#if !defined(REAL) || !defined(EACH_PANEL)
#error "dense/many_outputs.inc.h needs REAL, EACH_PANEL"
#endif

/* The register tile: TILE_SIDE x (a panel's vectors) sums.
 *
 * X is packed as tiles of TILE_SIDE rows by TILE_SIDE columns. Scores take a tile's rows and sum over columns,
 * gradients take its columns and sum over rows: the same loop, the tile read the one way or the other. Sums
 * start at zero and are added to `out` at the end, so that long sums are sums of short ones. */

/* out[t][.] += sum over steps and j of x[t * OF_OUT + j * OF_SUM] * b[j][.]; the next step's x is `next_x` further */
#define DEFINE_PANEL_TILE(NAME, VECTORS, OF_OUT, OF_SUM)                                                               \
    static void R(NAME##_##VECTORS)(const REAL *x, ptrdiff_t next_x, ptrdiff_t n_steps, const REAL *b, REAL *out) {    \
        VECTOR acc[TILE_SIDE][VECTORS];                                                                                \
        _Pragma("GCC unroll 8") for (int t = 0; t < TILE_SIDE; t++)                                                    \
            _Pragma("GCC unroll 4") for (int v = 0; v < VECTORS; v++) acc[t][v] = BROADCAST((REAL)0);                  \
        for (ptrdiff_t step = 0; step < n_steps; step++) {                                                             \
            _Pragma(PANEL_UNROLL) for (int j = 0; j < TILE_SIDE; j++) {                                                \
                VECTOR w[VECTORS];                                                                                     \
                _Pragma("GCC unroll 4") for (int v = 0; v < VECTORS; v++) w[v] = ((const VECTOR *)b)[j * VECTORS + v]; \
                _Pragma("GCC unroll 8") for (int t = 0; t < TILE_SIDE; t++) {                                          \
                    VECTOR a = BROADCAST(x[t * OF_OUT + j * OF_SUM]);                                                  \
                    _Pragma("GCC unroll 4") for (int v = 0; v < VECTORS; v++) acc[t][v] = FMA(a, w[v], acc[t][v]);     \
                }                                                                                                      \
            }                                                                                                          \
            x += next_x;                                                                                               \
            b += TILE_SIDE * VECTORS * LANES;                                                                          \
        }                                                                                                              \
        _Pragma("GCC unroll 8") for (int t = 0; t < TILE_SIDE; t++)                                                    \
            _Pragma("GCC unroll 4") for (int v = 0; v < VECTORS; v++)((VECTOR *)out)[t * VECTORS + v] += acc[t][v];    \
    }

#define DEFINE_PANEL_TILES(VECTORS)                                                                                    \
    DEFINE_PANEL_TILE(panel_scores, VECTORS, TILE_SIDE, 1)                                                             \
    DEFINE_PANEL_TILE(panel_gradient, VECTORS, 1, TILE_SIDE)
#define PANEL_TILES_ROW(VECTORS) {R(panel_scores_##VECTORS), R(panel_gradient_##VECTORS)}

EACH_PANEL(DEFINE_PANEL_TILES, )

typedef void (*R(panel_tile))(const REAL *, ptrdiff_t, ptrdiff_t, const REAL *, REAL *);

static const struct {
    R(panel_tile) scores, gradient;
} R(panel_tiles)[] = {{NULL, NULL}, EACH_PANEL(PANEL_TILES_ROW, COMMA)};

#undef DEFINE_PANEL_TILE
#undef DEFINE_PANEL_TILES
#undef PANEL_TILES_ROW

typedef struct R(panel_worker) {
    REAL *x;       /* (n_columns / TILE_SIDE, block_rows, TILE_SIDE) */
    REAL *row;     /* one row of X, converted */
    double *wide;  /* (n_features,) of W as it is read, of the gradient as it is written */
    REAL *scores;  /* (block_rows, K) and a vector's room */
    REAL *panel;   /* (block_rows, outputs of a panel): scores, then coefficients */
    REAL *compact; /* (block_rows, k) and a vector's room, where there are several models */
    double *values; /* (n_models,) */
    void *copies;  /* rows that can't be read in place */
} R(panel_worker);

typedef struct R(panels) {
    const gd_problem *problem;
    const gd_weights *weights;
    const gd_answer *answer;
    panel_layout layout;
    REAL *w, *bias;
    REAL *gradient;
    double *bias_gradient, *values; /* totals */
    char *workers;
    size_t worker_bytes;
    pool_turn *turns; /* one for each strip */
    pool_control *control;
} R(panels);

static R(panel_worker) R(lay_panel_worker)(char *base, const R(panels) * e, size_t *used) {
    const panel_layout *l = &e->layout;
    R(panel_worker) w;
    size_t rows = (size_t)l->block_rows, K = (size_t)l->n_outputs;
    size_t copied = (size_t)(l->rows.n_vectors * LANES) * (size_t)input_bytes(e->problem->input);
    *used = 0;
    w.x = carve(base, used, rows * (size_t)l->n_columns * sizeof(REAL));
    w.row = carve(base, used, (size_t)l->n_columns * sizeof(REAL));
    w.wide = carve(base, used, (size_t)e->problem->n_features * sizeof(double));
    w.scores = carve(base, used, (rows * K + LANES) * sizeof(REAL));
    w.panel = carve(base, used, rows * PANEL_VECTORS * sizeof(VECTOR));
    w.compact = e->weights->n_models == 1
                    ? NULL
                    : carve(base, used, (rows * (size_t)e->problem->n_classes + LANES) * sizeof(REAL));
    w.values = carve(base, used, (size_t)e->weights->n_models * sizeof(double));
    w.copies = carve(base, used, l->rows.direct ? 2 * PANEL_GATHER_ROWS * VECTOR_BYTES : PANEL_GATHER_ROWS * copied);
    return w;
}

static int R(panel_threads)(const R(panels) * e, int n_threads) {
    return useful_threads(n_threads, e->layout.useful_threads);
}

static size_t R(lay_panels)(char *base, R(panels) * e, int n_threads) {
    const panel_layout *l = &e->layout;
    size_t used = 0, K = (size_t)(l->n_vectors * LANES), packed = K * (size_t)l->n_columns;
    e->w = carve(base, &used, packed * sizeof(REAL));
    e->bias = carve(base, &used, K * sizeof(REAL));
    e->gradient = e->weights->n_models == 1 ? carve(base, &used, packed * sizeof(REAL)) : NULL;
    e->bias_gradient = carve(base, &used, K * sizeof(double));
    e->values = carve(base, &used, (size_t)e->weights->n_models * sizeof(double));
    R(lay_panel_worker)(NULL, e, &e->worker_bytes);
    e->workers = carve(base, &used, e->worker_bytes * (size_t)R(panel_threads)(e, n_threads));
    return used;
}

static size_t R(panels_scratch)(const gd_problem *p, const gd_weights *weights, int n_threads) {
    R(panels) e = {.problem = p, .weights = weights, .layout = make_panel_layout(p, weights->n_models, LANES)};
    return R(lay_panels)(NULL, &e, n_threads);
}

static void R(pack_panel)(void *context, ptrdiff_t panel, int worker) {
    const R(panels) *e = context;
    const gd_problem *p = e->problem;
    const panel_layout *l = &e->layout;
    ptrdiff_t c0 = panel_start(l, panel) * LANES, width = panel_start(l, panel + 1) * LANES - c0;
    ptrdiff_t outputs = l->n_outputs - c0 < width ? l->n_outputs - c0 : width;
    size_t used;
    double *row = R(lay_panel_worker)(e->workers + (size_t)worker * e->worker_bytes, e, &used).wide;
    REAL *to = e->w + c0 * l->n_columns;
    memset(to, 0, (size_t)(width * l->n_columns) * sizeof(REAL));
    for (ptrdiff_t c = 0; c < width; c++) e->bias[c0 + c] = 0;
    for (ptrdiff_t c = 0; c < outputs; c++) {
        e->bias[c0 + c] = (REAL)R(fold_row)(p, e->weights, c0 + c, row);
        for (ptrdiff_t j = 0; j < p->n_features; j++) to[j * width + c] = (REAL)row[j];
    }
}

/* n elements; whole vectors where that is all */
INLINE void R(copy_outputs)(const REAL *from, ptrdiff_t n, REAL *to) {
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES) memcpy(to + i, from + i, sizeof(VECTOR));
    for (; i < n; i++) to[i] = from[i];
}

/* scores[row][output] = <x, w> + bias */
static void R(panel_scores)(const R(panels) * e, const R(panel_worker) * w, int n_rows) {
    const panel_layout *l = &e->layout;
    ptrdiff_t next_x = l->block_rows * TILE_SIDE, rows = whole_tiles(n_rows), K = l->n_outputs;
    for (ptrdiff_t panel = 0; panel < l->n_panels; panel++) {
        ptrdiff_t v0 = panel_start(l, panel), vectors = panel_start(l, panel + 1) - v0, width = vectors * LANES;
        ptrdiff_t c0 = v0 * LANES, outputs = K - c0 < width ? K - c0 : width;
        ptrdiff_t n_steps = l->n_columns / TILE_SIDE, piece = PANEL_WEIGHT_BYTES / (TILE_SIDE * vectors * VECTOR_BYTES);
        const REAL *weights = e->w + c0 * l->n_columns;
        memset(w->panel, 0, (size_t)(rows * width) * sizeof(REAL));
        for (ptrdiff_t step = 0; step < n_steps; step += piece) {
            ptrdiff_t steps = n_steps - step < piece ? n_steps - step : piece;
            for (ptrdiff_t r = 0; r < rows; r += TILE_SIDE)
                R(panel_tiles)[vectors].scores(w->x + step * next_x + r * TILE_SIDE, next_x, steps,
                                               weights + step * TILE_SIDE * width, w->panel + r * width);
        }
        for (ptrdiff_t r = 0; r < n_rows; r++) {
            for (ptrdiff_t c = 0; c < width; c += LANES)
                *(VECTOR *)(w->panel + r * width + c) += *(const VECTOR *)(e->bias + c0 + c);
            R(copy_outputs)(w->panel + r * width, outputs, w->scores + r * K + c0);
        }
    }
}

/* Leaves the rows of the block that are active, and zeros up to a whole tile. */
static void R(keep_active)(const panel_layout *l, const int *active, int n_active, REAL *x) {
    size_t side = TILE_SIDE * sizeof(REAL);
    for (ptrdiff_t j = 0; j < l->n_columns; j += TILE_SIDE, x += l->block_rows * TILE_SIDE) {
        for (int a = 0; a < n_active; a++)
            if (active[a] != a) memcpy(x + a * TILE_SIDE, x + active[a] * TILE_SIDE, side);
        memset(x + n_active * TILE_SIDE, 0, (size_t)(whole_tiles(n_active) - n_active) * side);
    }
}

/* The answer's sums += the panel's; what is lost in rounding is left in the panel. */
static void R(settle_panel)(const R(panels) * e, ptrdiff_t c0, ptrdiff_t width, ptrdiff_t outputs) {
    const gd_problem *p = e->problem;
    const ptrdiff_t columns = p->n_features + p->has_bias, few = 16;
    for (ptrdiff_t j0 = 0; j0 < p->n_features; j0 += few)
        for (ptrdiff_t c = 0; c < outputs; c++)
            for (ptrdiff_t j = j0; j < j0 + few && j < p->n_features; j++) {
                REAL *rest = e->gradient + c0 * e->layout.n_columns + j * width + c;
                ptrdiff_t at = (c0 + c) * columns + j;
                double *wide = (double *)e->answer->gradient + at, before, after;
                float *narrow = (float *)e->answer->gradient + at;
                before = e->weights->is_double ? *wide : (double)*narrow;
                after = before + (double)*rest;
                if (e->weights->is_double)
                    *wide = after;
                else
                    after = *narrow = (float)after;
                double added = after - before;
                *rest = (REAL)((before - (after - added)) + ((double)*rest - added));
            }
}

/* gradient += C^T X for one panel */
static void R(panel_gradient)(const R(panels) * e, const R(panel_worker) * w, ptrdiff_t panel, const int *active,
                              int n_active, int settle) {
    const panel_layout *l = &e->layout;
    ptrdiff_t v0 = panel_start(l, panel), vectors = panel_start(l, panel + 1) - v0, width = vectors * LANES;
    ptrdiff_t K = l->n_outputs, c0 = v0 * LANES, outputs = K - c0 < width ? K - c0 : width;
    ptrdiff_t rows = whole_tiles(n_active);
    REAL *gradient = e->gradient + c0 * l->n_columns;
    memset(w->panel + n_active * width, 0, (size_t)((rows - n_active) * width) * sizeof(REAL));
    for (ptrdiff_t c = 0; c < width; c += LANES) {
        VECTOR sum = BROADCAST((REAL)0);
        for (int a = 0; a < n_active; a++) {
            REAL *to = w->panel + a * width + c;
            const REAL *from = w->scores + active[a] * K + c0 + c;
            if (c + LANES <= outputs)
                memcpy(to, from, sizeof(VECTOR));
            else
                for (ptrdiff_t i = 0; i < LANES; i++) to[i] = c + i < outputs ? from[i] : 0;
            sum += *(VECTOR *)to;
        }
        for (ptrdiff_t i = 0; i < LANES; i++) e->bias_gradient[c0 + c + i] += (double)sum[i];
    }
    for (ptrdiff_t j = 0; j < l->n_columns; j += TILE_SIDE) {
        REAL *out = gradient + j * width;
        for (ptrdiff_t i = 0; i < TILE_SIDE * width; i += 64 / (ptrdiff_t)sizeof(REAL))
            __builtin_prefetch(out + TILE_SIDE * width + i, 1, 3);
        R(panel_tiles)[vectors].gradient(w->x + j * l->block_rows, TILE_SIDE * TILE_SIDE, rows / TILE_SIDE, w->panel,
                                         out);
    }
    if (settle) R(settle_panel)(e, c0, width, outputs);
}

/* A block's losses and its share of the gradient are added when it is its turn; `done` is 0 when stopped. */
static void R(add_block)(const R(panels) * e, const R(panel_worker) * w, ptrdiff_t block, const int *active,
                         int n_active, int done) {
    const panel_layout *l = &e->layout;
    int settle = (block + 1) % PANEL_SETTLE_BLOCKS == 0;
    ptrdiff_t n_strips = e->answer->gradient ? l->n_strips : 1;
    for (ptrdiff_t strip = 0; strip < n_strips; strip++) {
        pool_turn_wait(&e->turns[strip], block);
        if (done && strip == 0)
            for (ptrdiff_t m = 0; m < e->weights->n_models; m++) e->values[m] += w->values[m];
        if (done && e->answer->gradient)
            for (ptrdiff_t panel = strip * l->n_panels / n_strips; panel < (strip + 1) * l->n_panels / n_strips; panel++)
                R(panel_gradient)(e, w, panel, active, n_active, settle);
        pool_turn_done(&e->turns[strip]);
    }
}

static void R(deliver_panel)(void *context, ptrdiff_t panel, int worker) {
    const R(panels) *e = context;
    const gd_problem *p = e->problem;
    const panel_layout *l = &e->layout;
    ptrdiff_t c0 = panel_start(l, panel) * LANES, width = panel_start(l, panel + 1) * LANES - c0;
    ptrdiff_t outputs = l->n_outputs - c0 < width ? l->n_outputs - c0 : width, d = p->n_features;
    int settled = l->n_blocks >= PANEL_SETTLE_BLOCKS;
    int is_double = e->weights->is_double;
    size_t used;
    double *row = R(lay_panel_worker)(e->workers + (size_t)worker * e->worker_bytes, e, &used).wide;
    for (ptrdiff_t c = 0; c < outputs; c++) {
        ptrdiff_t first = (c0 + c) * (d + p->has_bias);
        for (ptrdiff_t j = 0; j < d; j++) {
            row[j] = (double)e->gradient[c0 * l->n_columns + j * width + c];
            if (settled)
                row[j] += is_double ? ((double *)e->answer->gradient)[first + j]
                                    : (double)((float *)e->answer->gradient)[first + j];
        }
        R(unfold_row)(p, row, e->bias_gradient[c0 + c], c0 + c, is_double, e->answer->gradient);
    }
}

/* `task` is panels_block of the problem's input type */
static void R(panels_with)(pool_task task, const gd_problem *p, const gd_weights *weights, const gd_answer *answer,
                           void *scratch, int n_threads, pool_control *control) {
    pool_turn turns[PANEL_STRIPS_MOST];
    R(panels) e = {.problem = p, .weights = weights, .answer = answer, .turns = turns, .control = control,
                   .layout = make_panel_layout(p, weights->n_models, LANES)};
    const panel_layout *l = &e.layout;
    n_threads = R(panel_threads)(&e, n_threads);
    R(lay_panels)(scratch, &e, n_threads);
    for (int t = 0; t < n_threads; t++) {
        size_t used;
        R(panel_worker) w = R(lay_panel_worker)(e.workers + (size_t)t * e.worker_bytes, &e, &used);
        memset(w.row, 0, (size_t)l->n_columns * sizeof(REAL));
        memset(w.scores + l->block_rows * l->n_outputs, 0, sizeof(VECTOR));
        if (w.compact) memset(w.compact, 0, ((size_t)(l->block_rows * p->n_classes) + LANES) * sizeof(REAL));
    }
    memset(e.values, 0, (size_t)weights->n_models * sizeof(double));
    memset(e.bias_gradient, 0, (size_t)(l->n_vectors * LANES) * sizeof(double));
    if (answer->gradient) {
        size_t columns = (size_t)(p->n_features + p->has_bias);
        memset(e.gradient, 0, (size_t)(l->n_vectors * LANES * l->n_columns) * sizeof(REAL));
        memset(answer->gradient, 0, (size_t)l->n_outputs * columns * (weights->is_double ? sizeof(double) : sizeof(float)));
    }
    if (!answer->coefficients) pool_run(R(pack_panel), &e, l->n_panels, n_threads, control);
    if (control->stop) return;
    for (int s = 0; s < PANEL_STRIPS_MOST; s++) pool_turn_init(&turns[s]);
    pool_run(task, &e, l->n_blocks, n_threads, control);
    for (int s = 0; s < PANEL_STRIPS_MOST; s++) pool_turn_destroy(&turns[s]);
    if (control->stop) return;
    if (answer->value)
        for (ptrdiff_t m = 0; m < weights->n_models; m++) answer->value[m] = e.values[m] * p->normalizer;
    if (answer->gradient) pool_run(R(deliver_panel), &e, l->n_panels, n_threads, control);
}
