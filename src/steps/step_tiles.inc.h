/* A plain gradient step on one dense row together with the scores of the next, for one (REAL, INPUT). */

#if !defined(REAL) || !defined(INPUT) || !defined(EACH_TILE)
#error "steps/step_tiles.inc.h needs REAL, INPUT, EACH_TILE"
#endif

#define X_VECTOR(p) LOAD(REAL, INPUT)(p)

/* w[vector][class] += coefficient[class] * x[vector], and sums[class] += w * next[vector] with what came of it: one
 * sweep over weights that do not fit the first-level cache, where a step and the scores after it would take two. */
#define DEFINE_STEP_TILE(CLASSES)                                                                                      \
    static void RI(step_tile_##CLASSES)(const INPUT *x, const INPUT *next, const char *coming, ptrdiff_t n_vectors,    \
                                        const REAL *coefficients, REAL *w, VECTOR *sums) {                             \
        VECTOR acc[CLASSES], b[CLASSES];                                                                               \
        _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                                   \
            acc[c] = sums[c];                                                                                          \
            b[c] = BROADCAST(coefficients[c]);                                                                         \
        }                                                                                                              \
        for (ptrdiff_t v = 0; v < n_vectors; v++) {                                                                    \
            VECTOR *g = (VECTOR *)w + v * CLASSES;                                                                     \
            __builtin_prefetch(coming + v * LANES * (ptrdiff_t)sizeof(INPUT), 0, 2);                                   \
            VECTOR a = X_VECTOR(x + v * LANES), n = X_VECTOR(next + v * LANES);                                        \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                               \
                g[c] = FMA(a, b[c], g[c]);                                                                             \
                acc[c] = FMA(n, g[c], acc[c]);                                                                         \
            }                                                                                                          \
        }                                                                                                              \
        _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) sums[c] = acc[c];                                   \
    }

#define DEFINE_TILES(CLASSES, MANY) DEFINE_STEP_TILE(CLASSES)
#define TILE_ROW(CLASSES, MANY) RI(step_tile_##CLASSES)

EACH_TILE(DEFINE_TILES, )

typedef void (*RI(step_tile))(const INPUT *, const INPUT *, const char *, ptrdiff_t, const REAL *, REAL *, VECTOR *);

static const RI(step_tile) RI(step_tiles)[] = {NULL, EACH_TILE(TILE_ROW, COMMA)};

/* What block_gradient does with one row, and what comes of it times the next row into `sums` (n_outputs,): see
 * DEFINE_STEP_TILE. Sums in block_scores' order, so that both give the same bits. */
static void RI(block_step)(const layout *l, const RI(block) * b, const RI(block) * next, const REAL *coefficients,
                           REAL *w, VECTOR *sums) {
    memset(sums, 0, (size_t)l->n_outputs * sizeof(VECTOR));
    const char *coming = b->coming[0];
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < l->n_tiles; tile++, c0 += classes) {
        classes = tile_classes(l, tile);
        RI(step_tile) step = RI(step_tiles)[classes];
        REAL *wt = w + c0 * l->n_vectors * LANES;
        ptrdiff_t last = l->n_vectors - 1, first = l->first_whole, inner = l->last_whole - first;
        if (first > 0) step(b->edges[0][0], next->edges[0][0], coming, 1, coefficients + c0, wt, sums + c0);
        step(b->rows[0] + first * LANES, next->rows[0] + first * LANES,
             coming + first * LANES * (ptrdiff_t)sizeof(INPUT), inner, coefficients + c0, wt + first * classes * LANES,
             sums + c0);
        if (l->last_whole <= last)
            step(b->edges[1][0], next->edges[1][0], coming, 1, coefficients + c0, wt + last * classes * LANES,
                 sums + c0);
    }
}

/* scores = the lanes of `sums` added up, + bias */
static void RI(step_scores)(const layout *l, const REAL *bias, VECTOR *sums, REAL *scores) {
    const REAL *flat = RI(lanes_added)(l, sums, l->n_outputs);
    for (ptrdiff_t c = 0; c < l->n_outputs; c++) scores[c] = flat[c] + bias[c];
}

#undef X_VECTOR
#undef DEFINE_STEP_TILE
#undef DEFINE_TILES
#undef TILE_ROW
