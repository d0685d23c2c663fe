/* A step on one dense row together with the scores of the next, for one (REAL, INPUT). */

#if !defined(REAL) || !defined(INPUT) || !defined(EACH_TILE)
#error "steps/step_tiles.inc.h needs REAL, INPUT, EACH_TILE"
#endif

#define X_VECTOR(p) LOAD(REAL, INPUT)(p)

/* One vector of w, and of the velocity q, moved: a of x, b[c] the coefficient of class c in the gradient, which of plain
 * gradient descent is times the length of the step; m the momentum, down minus that length. */
#define PLAIN_MOVE(c) g[c] = FMA(a, b[c], g[c]);
#define MOMENTUM_MOVE(c)                                                                                               \
    q[c] = FMA(m, q[c], a * b[c]);                                                                                     \
    g[c] = FMA(down, q[c], g[c]);
#define NESTEROV_MOVE(c)                                                                                               \
    VECTOR s = a * b[c];                                                                                               \
    q[c] = FMA(m, q[c], s);                                                                                            \
    g[c] = FMA(down, FMA(m, q[c], s), g[c]);

/* Weights and velocity [vector][class] are moved by x, and sums[class] += w * next[vector] with what came of it: one
 * sweep over arrays that do not fit the first-level cache, where a step and the scores after it would take several. */
#define DEFINE_STEP_TILE(NAME, CLASSES, MOVE)                                                                          \
    static void RI(NAME##_tile_##CLASSES)(const INPUT *x, const INPUT *next, const char *coming, ptrdiff_t n_vectors,  \
                                          const REAL *coefficients, REAL momentum, REAL rate, REAL *restrict w,        \
                                          REAL *restrict velocity, VECTOR *sums) {                                     \
        VECTOR acc[CLASSES], b[CLASSES], m = BROADCAST(momentum), down = BROADCAST(-rate);                             \
        (void)m, (void)down, (void)velocity;                                                                           \
        _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                                   \
            acc[c] = sums[c];                                                                                          \
            b[c] = BROADCAST(coefficients[c]);                                                                         \
        }                                                                                                              \
        for (ptrdiff_t v = 0; v < n_vectors; v++) {                                                                    \
            VECTOR *g = (VECTOR *)w + v * CLASSES, *q = (VECTOR *)velocity + v * CLASSES;                              \
            (void)q;                                                                                                   \
            __builtin_prefetch(coming + v * LANES * (ptrdiff_t)sizeof(INPUT), 0, 2);                                   \
            VECTOR a = X_VECTOR(x + v * LANES), n = X_VECTOR(next + v * LANES);                                        \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                               \
                MOVE(c)                                                                                                \
                acc[c] = FMA(n, g[c], acc[c]);                                                                         \
            }                                                                                                          \
        }                                                                                                              \
        _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) sums[c] = acc[c];                                   \
    }

#define DEFINE_TILES(CLASSES, MANY)                                                                                    \
    DEFINE_STEP_TILE(plain, CLASSES, PLAIN_MOVE)                                                                       \
    DEFINE_STEP_TILE(momentum, CLASSES, MOMENTUM_MOVE)                                                                 \
    DEFINE_STEP_TILE(nesterov, CLASSES, NESTEROV_MOVE)
#define TILE_ROW(CLASSES, MANY)                                                                                        \
    {RI(plain_tile_##CLASSES), RI(momentum_tile_##CLASSES), RI(nesterov_tile_##CLASSES)}

EACH_TILE(DEFINE_TILES, )

typedef void (*RI(step_tile))(const INPUT *, const INPUT *, const char *, ptrdiff_t, const REAL *, REAL, REAL, REAL *,
                              REAL *, VECTOR *);

/* by classes and rule, in the order of gd_rule */
static const RI(step_tile) RI(step_tiles)[][3] = {{NULL, NULL, NULL}, EACH_TILE(TILE_ROW, COMMA)};

/* A step by one row, and what comes of it times the next row into `sums` (n_outputs,): see DEFINE_STEP_TILE. Sums in
 * block_scores' order, so that both give the same bits. */
static void RI(block_step)(const layout *l, const RI(block) * b, const RI(block) * next, gd_rule rule,
                           const REAL *coefficients, REAL momentum, REAL rate, REAL *w, REAL *velocity, VECTOR *sums) {
    memset(sums, 0, (size_t)l->n_outputs * sizeof(VECTOR));
    const char *coming = b->coming[0];
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < l->n_tiles; tile++, c0 += classes) {
        classes = tile_classes(l, tile);
        RI(step_tile) step = RI(step_tiles)[classes][rule];
        const REAL *k = coefficients + c0;
        ptrdiff_t from = c0 * l->n_vectors * LANES, last = l->n_vectors - 1, first = l->first_whole;
        REAL *wt = w + from, *vt = velocity ? velocity + from : wt;
        if (first > 0)
            step(b->edges[0][0], next->edges[0][0], coming, 1, k, momentum, rate, wt, vt, sums + c0);
        step(b->rows[0] + first * LANES, next->rows[0] + first * LANES,
             coming + first * LANES * (ptrdiff_t)sizeof(INPUT), l->last_whole - first, k, momentum, rate,
             wt + first * classes * LANES, vt + first * classes * LANES, sums + c0);
        if (l->last_whole <= last)
            step(b->edges[1][0], next->edges[1][0], coming, 1, k, momentum, rate, wt + last * classes * LANES,
                 vt + last * classes * LANES, sums + c0);
    }
}

/* scores = the lanes of `sums` added up, + bias */
static void RI(step_scores)(const layout *l, const REAL *bias, VECTOR *sums, REAL *scores) {
    const REAL *flat = RI(lanes_added)(l, sums, l->n_outputs);
    for (ptrdiff_t c = 0; c < l->n_outputs; c++) scores[c] = flat[c] + bias[c];
}

/* What one row adds to the gradient, for some vectors of one tile: coefficient[class] * x[vector] */
static void RI(row_gradient)(const INPUT *x, ptrdiff_t n_vectors, ptrdiff_t classes, const REAL *coefficients,
                             REAL *gradient) {
    VECTOR *g = (VECTOR *)gradient;
    for (ptrdiff_t v = 0; v < n_vectors; v++) {
        VECTOR a = X_VECTOR(x + v * LANES);
        for (ptrdiff_t c = 0; c < classes; c++) *g++ = a * BROADCAST(coefficients[c]);
    }
}

#undef X_VECTOR
#undef PLAIN_MOVE
#undef MOMENTUM_MOVE
#undef NESTEROV_MOVE
#undef DEFINE_STEP_TILE
#undef DEFINE_TILES
#undef TILE_ROW
