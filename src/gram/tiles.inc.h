/* A tile of the Gram matrix for one REAL: TILE_ROWS columns of one panel times all columns of another, over the rows of a
 * part. Sums of a part are REAL, in registers; their totals are double. Both panels of the next part come meanwhile. */

#if !defined(REAL) || !defined(PANEL_VECTORS)
#error "gram/tiles.inc.h needs REAL, PANEL_VECTORS"
#endif

#if REGISTERS == 32 && VECTOR_BYTES == 16
#define TILE_ROWS 6
#elif REGISTERS == 32
#define TILE_ROWS 8
#elif VECTOR_BYTES == 16 && REAL_IS_DOUBLE
#define TILE_ROWS 3 /* of 6 columns */
#else
#define TILE_ROWS 4
#endif
#define PANEL (PANEL_VECTORS * LANES)
#define AHEAD_BYTES (PANEL_VECTORS * VECTOR_BYTES / (PANEL / TILE_ROWS)) /* of a step of the next part: a tile's share */

APART void R(gram_tile)(const REAL *rows, const REAL *columns, ptrdiff_t n, double *totals, const char *ahead,
                        ptrdiff_t apart) {
    VECTOR sums[TILE_ROWS][PANEL_VECTORS];
    for (int r = 0; r < TILE_ROWS; r++)
        for (int v = 0; v < PANEL_VECTORS; v++) sums[r][v] = BROADCAST(0);
    for (ptrdiff_t i = 0; i < n; i++, rows += PANEL, columns += PANEL, ahead += AHEAD_BYTES) {
        __builtin_prefetch(ahead);
        __builtin_prefetch(ahead + apart);
        VECTOR first = *(const VECTOR *)columns, second = *(const VECTOR *)(columns + LANES),
               third = *(const VECTOR *)(columns + 2 * LANES);
        KEEP_IN_REGISTER(first);
        KEEP_IN_REGISTER(second);
        KEEP_IN_REGISTER(third);
#pragma GCC unroll 8
        for (int r = 0; r < TILE_ROWS; r++) {
            VECTOR a = BROADCAST(rows[r]);
            sums[r][0] = FMA(a, first, sums[r][0]);
            sums[r][1] = FMA(a, second, sums[r][1]);
            sums[r][2] = FMA(a, third, sums[r][2]);
        }
    }
    VECTOR stored[TILE_ROWS * PANEL_VECTORS];
    for (int r = 0; r < TILE_ROWS; r++)
        for (int v = 0; v < PANEL_VECTORS; v++) stored[r * PANEL_VECTORS + v] = sums[r][v];
    for (int e = 0; e < TILE_ROWS * PANEL; e += DOUBLE_LANES)
        *(vdouble *)(totals + e) += LOAD(double, REAL)((const REAL *)stored + e);
}

#define ELEMENT REAL
#define TOTAL double
#include "gram/pairs.inc.h"
#undef ELEMENT
#undef TOTAL
#undef TILE_ROWS
#undef AHEAD_BYTES
#undef PANEL
