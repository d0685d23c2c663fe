/* The register tile of the pass for many outputs, for one REAL: TILE_SIDE x (a panel's vectors) sums.
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
