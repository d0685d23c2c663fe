/* A block's share of the gradient (C^T X) for one (REAL, INPUT): register tiles of classes x vectors of columns. */

#if !defined(REAL) || !defined(INPUT) || !defined(EACH_TILE)
#error "dense/gradient_tiles.inc.h needs REAL, INPUT, EACH_TILE"
#endif

#define X_VECTOR(p) LOAD(REAL, INPUT)(p)

/* gradient[vector][class] += coefficient[row][class] * x[row][vector], for n_strips strips of VECTORS vectors from `first`
 * on. */
#define DEFINE_GRADIENT_TILE(CLASSES, VECTORS)                                                                         \
    static void RI(gradient_tile_##CLASSES##_##VECTORS)(const INPUT *const *rows, const char *const *coming,           \
                                                        ptrdiff_t first, ptrdiff_t n_strips, ptrdiff_t n_rows,         \
                                                        const REAL *coefficients, REAL *gradient) {                    \
        VECTOR *g = (VECTOR *)gradient;                                                                                \
        for (ptrdiff_t s = 0; s < n_strips; s++) {                                                                     \
            VECTOR acc[VECTORS][CLASSES];                                                                              \
            const REAL *k = coefficients;                                                                              \
            _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++)                                                  \
                _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) acc[q][c] = g[q * CLASSES + c];             \
            for (ptrdiff_t r = 0; r < n_rows; r++) {                                                                   \
                const INPUT *x = rows[r] + first;                                                                      \
                if (CLASSES <= GRADIENT_AHEAD) __builtin_prefetch(coming[r] + first * (ptrdiff_t)sizeof(INPUT), 0, 2); \
                VECTOR a[VECTORS];                                                                                     \
                _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++) a[q] = X_VECTOR(x + q * LANES);              \
                _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                           \
                    VECTOR b = BROADCAST(k[c]);                                                                        \
                    _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++) acc[q][c] = FMA(a[q], b, acc[q][c]);     \
                }                                                                                                      \
                k += CLASSES;                                                                                          \
            }                                                                                                          \
            _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++)                                                  \
                _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) g[q * CLASSES + c] = acc[q][c];             \
            g += VECTORS * CLASSES;                                                                                    \
            first += VECTORS * LANES;                                                                                  \
        }                                                                                                              \
    }

/* CLASSES with the vectors that fill the registers, and with one. */
#define DEFINE_TILES(CLASSES, MANY)                                                                                    \
    DEFINE_GRADIENT_TILE(CLASSES, MANY)                                                                                \
    DEFINE_GRADIENT_TILE(CLASSES, 1)
#define TILE_ROW(CLASSES, MANY) {MANY, RI(gradient_tile_##CLASSES##_##MANY), RI(gradient_tile_##CLASSES##_1)}

EACH_TILE(DEFINE_TILES, )

typedef void (*RI(gradient_tile))(const INPUT *const *, const char *const *, ptrdiff_t, ptrdiff_t, ptrdiff_t,
                                  const REAL *, REAL *);

static const struct {
    int many;
    RI(gradient_tile) gradient, gradient_one;
} RI(gradient_tiles)[] = {{0, NULL, NULL}, EACH_TILE(TILE_ROW, COMMA)};

/* gradient += C^T X over the listed rows of the block; `compact` is scratch for one tile's coefficients */
APART void RI(block_gradient)(const layout *l, const RI(block) * b, const REAL *coefficients, const int *active,
                               int n_active, REAL *compact, REAL *gradient) {
    ptrdiff_t K = l->n_outputs;
    const INPUT *rows[BLOCK_ROWS_MOST], *edges[2][BLOCK_ROWS_MOST];
    for (int i = 0; i < n_active; i++) {
        rows[i] = b->rows[active[i]];
        edges[0][i] = b->edges[0][active[i]];
        edges[1][i] = b->edges[1][active[i]];
    }
    for (ptrdiff_t c0 = 0, tile = 0; tile < l->n_tiles; tile++) {
        int classes = (int)tile_classes(l, tile), many = RI(gradient_tiles)[classes].many;
        REAL *gt = gradient + c0 * l->n_vectors * LANES;
        for (int i = 0; i < n_active; i++)
            memcpy(compact + i * classes, coefficients + active[i] * K + c0, (size_t)classes * sizeof(REAL));
        RI(gradient_tile) add = RI(gradient_tiles)[classes].gradient, add_one = RI(gradient_tiles)[classes].gradient_one;
        ptrdiff_t v = l->first_whole, strip = many * classes * LANES;
        ptrdiff_t left = (l->last_whole - v) / many, at_once = GRADIENT_BYTES / (strip * (ptrdiff_t)sizeof(REAL));
        if (v > 0) add_one(edges[0], b->coming, 0, 1, n_active, compact, gt);
        for (ptrdiff_t n; left > 0; left -= n, v += n * many) {
            n = left < at_once ? left : at_once;
            for (int r = 0; r < n_active; r += GRADIENT_ROWS) {
                int n_rows = n_active - r < GRADIENT_ROWS ? n_active - r : GRADIENT_ROWS;
                add(rows + r, b->coming + r, v * LANES, n, n_rows, compact + r * classes, gt + v * classes * LANES);
            }
        }
        add_one(rows, b->coming, v * LANES, l->last_whole - v, n_active, compact, gt + v * classes * LANES);
        if (l->last_whole < l->n_vectors)
            add_one(edges[1], b->coming, 0, 1, n_active, compact, gt + l->last_whole * classes * LANES);
        c0 += classes;
    }
}

#undef X_VECTOR
#undef DEFINE_GRADIENT_TILE
#undef DEFINE_TILES
#undef TILE_ROW
