/* Scores of a block of rows (X W^T) for one (REAL, INPUT), by register tiles.
 *
 * A tile keeps rows x classes sums in registers. Weights (and gradients, in gradient_tiles.inc.h) are packed tile by
 * tile: for each vector of columns, the vectors of the tile's classes stand side by side, so that both phases stream
 * through them in order. `coming` are the rows of the next block, asked for in both phases.
 */

#if !defined(REAL) || !defined(INPUT) || !defined(EACH_TILE)
#error "dense/tiles.inc.h needs REAL, INPUT, EACH_TILE"
#endif

#define X_VECTOR(p) LOAD(REAL, INPUT)(p)

/* Sums of n_vectors products for ROWS rows and CLASSES classes, added to sums[row][class]. */
#define DEFINE_SCORES_TILE(CLASSES, ROWS)                                                                              \
    static void RI(scores_tile_##CLASSES##_##ROWS)(const INPUT *const *rows, const char *const *coming,                \
                                                   ptrdiff_t first, ptrdiff_t n_vectors, const REAL *w,                \
                                                   VECTOR *sums) {                                                     \
        VECTOR acc[ROWS][CLASSES];                                                                                     \
        const INPUT *x[ROWS];                                                                                          \
        const char *ahead[ROWS];                                                                                       \
        _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++) {                                                       \
            x[r] = rows[r] + first;                                                                                    \
            ahead[r] = coming[r] + first * (ptrdiff_t)sizeof(INPUT);                                                   \
        }                                                                                                              \
        _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++)                                                         \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) acc[r][c] = sums[r * CLASSES + c];              \
        for (ptrdiff_t v = 0; v < n_vectors; v++) {                                                                    \
            VECTOR a[ROWS];                                                                                            \
            _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++) {                                                   \
                __builtin_prefetch(ahead[r] + v * LANES * (ptrdiff_t)sizeof(INPUT), 0, 2);                             \
                a[r] = X_VECTOR(x[r] + v * LANES);                                                                     \
            }                                                                                                          \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                               \
                VECTOR b = ((const VECTOR *)w)[v * CLASSES + c];                                                       \
                KEEP_IN_REGISTER(b);                                                                                   \
                _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++) acc[r][c] = FMA(a[r], b, acc[r][c]);            \
            }                                                                                                          \
        }                                                                                                              \
        _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++)                                                         \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) sums[r * CLASSES + c] = acc[r][c];              \
    }

/* CLASSES with the rows that fill the registers, and with one. */
#define DEFINE_TILES(CLASSES, MANY)                                                                                    \
    DEFINE_SCORES_TILE(CLASSES, MANY)                                                                                  \
    DEFINE_SCORES_TILE(CLASSES, 1)
#define TILE_ROW(CLASSES, MANY) {MANY, RI(scores_tile_##CLASSES##_##MANY), RI(scores_tile_##CLASSES##_1)}

EACH_TILE(DEFINE_TILES, )

typedef void (*RI(scores_tile))(const INPUT *const *, const char *const *, ptrdiff_t, ptrdiff_t, const REAL *,
                                VECTOR *);

static const struct {
    int many;
    RI(scores_tile) scores, scores_one;
} RI(scores_tiles)[] = {{0, NULL, NULL}, EACH_TILE(TILE_ROW, COMMA)};

/* Vector v of the block's rows, of which only a part is the rows', times the weights. */
INLINE void RI(edge_scores)(const RI(block) * b, int edge, ptrdiff_t v, int classes, const REAL *wt, VECTOR *sums) {
    const INPUT *const *x = b->edges[edge];
    const REAL *w = wt + v * classes * LANES;
    int r = 0, many = RI(scores_tiles)[classes].many;
    for (; r + many <= b->n_rows; r += many)
        RI(scores_tiles)[classes].scores(x + r, b->coming + r, 0, 1, w, sums + r * classes);
    for (; r < b->n_rows; r++)
        RI(scores_tiles)[classes].scores_one(x + r, b->coming + r, 0, 1, w, sums + r * classes);
}

/* The lanes of each of n vectors added up, where the first of these vectors stood: there is room for a whole group. The
 * first term is that of the lane of column 0, and every lane has seen its columns in order: so wherever in memory x
 * begins, the sums are the same bits. */
INLINE REAL *RI(lanes_added)(const layout *l, VECTOR *sums, ptrdiff_t n) {
    REAL *flat = (REAL *)sums; /* written behind what is still to be read */
    for (ptrdiff_t i = 0; l->lead > 0 && i < n; i++) sums[i] = ROTATED(sums[i], l->lead);
    for (ptrdiff_t i = 0; i < n; i += LANES) {
        VECTOR group = HORIZONTAL_SUMS(sums + i);
        memcpy(flat + i, &group, sizeof group);
    }
    return flat;
}

/* scores[row][class] = <x, w> + bias, for K classes */
APART void RI(block_scores)(const layout *l, const RI(block) * b, const REAL *w, const REAL *bias, VECTOR *sums,
                             REAL *scores) {
    ptrdiff_t K = l->n_outputs;
    for (ptrdiff_t c0 = 0, tile = 0; tile < l->n_tiles; tile++) {
        int classes = (int)tile_classes(l, tile), many = RI(scores_tiles)[classes].many;
        const REAL *wt = w + c0 * l->n_vectors * LANES;
        int n_sums = b->n_rows * classes;
        memset(sums, 0, (size_t)n_sums * sizeof(VECTOR));
        ptrdiff_t segment = l->segment;
        if (l->first_whole > 0) RI(edge_scores)(b, 0, 0, classes, wt, sums);
        for (ptrdiff_t v = l->first_whole; v < l->last_whole; v += segment) {
            ptrdiff_t count = l->last_whole - v < segment ? l->last_whole - v : segment;
            const REAL *ws = wt + v * classes * LANES;
            int r = 0;
            for (; r + many <= b->n_rows; r += many)
                RI(scores_tiles)[classes].scores(b->rows + r, b->coming + r, v * LANES, count, ws, sums + r * classes);
            for (; r < b->n_rows; r++)
                RI(scores_tiles)[classes].scores_one(b->rows + r, b->coming + r, v * LANES, count, ws, sums + r * classes);
        }
        if (l->last_whole < l->n_vectors) RI(edge_scores)(b, 1, l->last_whole, classes, wt, sums);
        const REAL *flat = RI(lanes_added)(l, sums, n_sums);
        for (int r = 0; r < b->n_rows; r++)
            for (int c = 0; c < classes; c++) scores[r * K + c0 + c] = flat[r * classes + c] + bias[c0 + c];
        c0 += classes;
    }
}

#undef X_VECTOR
#undef DEFINE_SCORES_TILE
#undef DEFINE_TILES
#undef TILE_ROW
