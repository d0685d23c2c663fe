/* An epoch of dual coordinate ascent over dense rows, for one REAL.
 *
 * W is packed in tiles of classes as for evaluation. One pass over it adds a row's change and takes the next row's
 * scores, while a later row is asked for. Rows are read into scratch, padded and as the model sees them.
 */

#if !defined(REAL) || !defined(MASTER) || !defined(EACH_TILE)
#error "dual/dense_epoch.inc.h needs REAL, MASTER, EACH_TILE"
#endif

#define ASKED_BYTES 4096 /* of rows on their way, about */

typedef struct R(dual_run) {
    layout layout;
    ptrdiff_t row; /* values of a padded row */
    VECTOR *sums;
    REAL *w, *bias, *scores, *change, *u, *rows[2];
    double *inverse_scale;
} R(dual_run);

static size_t R(lay_dual)(char *base, R(dual_run) * s, const gd_problem *p) {
    size_t used = 0, k = (size_t)p->n_classes;
    s->layout = make_layout(p, 1, LANES);
    s->layout.lead = 0;
    s->layout.n_vectors = (p->n_features + LANES - 1) / LANES;
    s->row = s->layout.n_vectors * LANES;
    s->sums = carve(base, &used, (TILE_CLASSES + LANES) * sizeof(VECTOR));
    s->w = carve(base, &used, k * (size_t)s->row * sizeof(REAL));
    s->bias = carve(base, &used, k * sizeof(REAL));
    s->scores = carve(base, &used, k * sizeof(REAL));
    s->change = carve(base, &used, k * sizeof(REAL));
    s->u = carve(base, &used, (k + LANES) * sizeof(REAL));
    for (int i = 0; i < 2; i++) s->rows[i] = carve(base, &used, (size_t)s->row * sizeof(REAL));
    s->inverse_scale = carve(base, &used, (size_t)p->n_features * sizeof(double));
    return used;
}

static size_t R(dual_scratch)(const gd_problem *p) {
    R(dual_run) s;
    return R(lay_dual)(NULL, &s, p);
}

/* w[vector][class] += change[class] * x[vector], and sums[class] = the products of next with that. `ahead` is asked
 * for, step bytes for each vector. */
#define DEFINE_MOVE_TILE(CLASSES, MANY)                                                                                \
    static void R(move_tile_##CLASSES)(const REAL *x, const REAL *next, ptrdiff_t n_vectors, const REAL *change,       \
                                       const char *ahead, ptrdiff_t step, REAL *w, VECTOR *sums) {                     \
        VECTOR acc[CLASSES], k[CLASSES];                                                                               \
        _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                                   \
            acc[c] = BROADCAST((REAL)0);                                                                               \
            k[c] = BROADCAST(change[c]);                                                                               \
        }                                                                                                              \
        for (ptrdiff_t v = 0; v < n_vectors; v++) {                                                                    \
            VECTOR a = ((const VECTOR *)x)[v], b = ((const VECTOR *)next)[v], *to = (VECTOR *)w + v * CLASSES;         \
            __builtin_prefetch(ahead + v * step, 0, 2);                                                                \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                               \
                VECTOR moved = FMA(k[c], a, to[c]);                                                                    \
                to[c] = moved;                                                                                         \
                acc[c] = FMA(b, moved, acc[c]);                                                                        \
            }                                                                                                          \
        }                                                                                                              \
        _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) sums[c] = acc[c];                                   \
    }                                                                                                                  \
    static void R(score_tile_##CLASSES)(const REAL *next, ptrdiff_t n_vectors, const char *ahead, ptrdiff_t step,       \
                                       const REAL *w, VECTOR *sums) {                                                  \
        VECTOR acc[CLASSES];                                                                                           \
        _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) acc[c] = BROADCAST((REAL)0);                        \
        for (ptrdiff_t v = 0; v < n_vectors; v++) {                                                                    \
            VECTOR b = ((const VECTOR *)next)[v];                                                                      \
            __builtin_prefetch(ahead + v * step, 0, 2);                                                                \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++)                                                 \
                acc[c] = FMA(b, ((const VECTOR *)w)[v * CLASSES + c], acc[c]);                                         \
        }                                                                                                              \
        _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) sums[c] = acc[c];                                   \
    }

EACH_TILE(DEFINE_MOVE_TILE, )

#define MOVE_ROW(CLASSES, MANY) {R(move_tile_##CLASSES), R(score_tile_##CLASSES)}
static const struct {
    void (*move)(const REAL *, const REAL *, ptrdiff_t, const REAL *, const char *, ptrdiff_t, REAL *, VECTOR *);
    void (*score)(const REAL *, ptrdiff_t, const char *, ptrdiff_t, const REAL *, VECTOR *);
} R(move_tiles)[] = {{NULL, NULL}, EACH_TILE(MOVE_ROW, COMMA)};

/* Adds x times change to W unless x is NULL; the scores of `next`. */
static void R(move_on)(R(dual_run) * s, const REAL *x, const REAL *next, const char *ahead, ptrdiff_t step) {
    const layout *l = &s->layout;
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < l->n_tiles; tile++, c0 += classes) {
        classes = tile_classes(l, tile);
        REAL *w = s->w + c0 * s->row, flat[TILE_CLASSES + LANES];
        if (x)
            R(move_tiles)[classes].move(x, next, l->n_vectors, s->change + c0, ahead, step, w, s->sums);
        else
            R(move_tiles)[classes].score(next, l->n_vectors, ahead, step, w, s->sums);
        for (ptrdiff_t c = 0; c < classes; c += LANES) {
            VECTOR group = HORIZONTAL_SUMS(s->sums + c);
            memcpy(flat + c, &group, sizeof group);
        }
        for (ptrdiff_t c = 0; c < classes; c++) s->scores[c0 + c] = flat[c] + s->bias[c0 + c];
        step = 0; /* asked for once */
    }
}

static void R(dual_epoch)(const gd_problem *p, gd_duals *asked, void *scratch, pool_control *control) {
    R(dual_run) s;
    ptrdiff_t k = p->n_classes, n = asked->n_visits;
    R(lay_dual)(scratch, &s, p);
    memset(s.w, 0, (size_t)(k * s.row) * sizeof(REAL));
    memset(s.bias, 0, (size_t)k * sizeof(REAL));
    memset(s.sums, 0, (TILE_CLASSES + LANES) * sizeof(VECTOR));
    for (int i = 0; i < 2; i++) memset(s.rows[i], 0, (size_t)s.row * sizeof(REAL));
    for (ptrdiff_t c = 0; c < k + LANES; c++) s.u[c] = -(REAL)INFINITY;
    R(invert_scale)(p, s.inverse_scale);
    EXPAND3(repack, REAL, REAL)(&s.layout, p->n_features, p->has_bias, asked->w, s.w, s.bias, 1);
    ptrdiff_t step = p->column_stride == input_bytes(p->input) ? LANES * p->column_stride : 0;
    ptrdiff_t distance = ASKED_BYTES / (p->n_features * input_bytes(p->input)) + 2;
    if (distance > 16) distance = 16;
    REAL bias_unit = (REAL)(asked->bias_square * asked->unit);
    double work = WATCHED_WORK;
    for (ptrdiff_t i = -1; i < n; i++) { /* row i has its scores; i + 1 gets them */
        REAL *x = s.rows[i & 1], *next = i + 1 < n ? s.rows[(i + 1) & 1] : x;
        const char *ahead = (const char *)next;
        if (work >= WATCHED_WORK) {
            if (pool_stopped(control, 0)) return;
            work = 0;
        }
        work += (double)(k * s.row);
        if (i + 1 < n) R(read_row)(p, asked->rows[i + 1], s.inverse_scale, next);
        int asks = i + distance < n;
        if (asks) {
            ahead = p->x + asked->rows[i + distance] * p->row_stride;
            R(ask_for_duals)(p, asked, i + distance);
        }
        int moved = i >= 0 && R(visit_duals)(p, asked, i, s.scores, s.u, s.change);
        if (moved)
            for (ptrdiff_t c = 0; c < k; c++) {
                s.bias[c] -= s.change[c] * bias_unit;
                s.change[c] *= (REAL)-asked->unit;
            }
        R(move_on)(&s, moved ? x : NULL, next, ahead, asks ? step : 0);
    }
    EXPAND3(repack, REAL, REAL)(&s.layout, p->n_features, p->has_bias, asked->w, s.w, s.bias, 0);
}

#undef DEFINE_MOVE_TILE
#undef MOVE_ROW
#undef ASKED_BYTES
