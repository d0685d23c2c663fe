/* A tile of the Gram matrix of bytes: pairs of rows as 16-bit numbers in an int32, multiplied and added up exactly.
 * Sums stay below 2^31 for a slab, whose totals are whole numbers in double: exact, so their order does not show. */

#if !defined(PANEL_VECTORS) || defined(REAL)
#error "gram/integer_tiles.inc.h needs PANEL_VECTORS, and no REAL"
#endif

/* At most 2^31 / (2 * 255^2) steps in a slab. */
typedef char slab_within_int32[SLAB_PARTS_MOST * (PART_BYTES / (PANEL_VECTORS * VECTOR_BYTES)) <= 16512 ? 1 : -1];

#if REGISTERS == 32 && VECTOR_BYTES == 16
#define TILE_ROWS 6
#elif REGISTERS == 32
#define TILE_ROWS 8
#else
#define TILE_ROWS 3 /* a register more than for floats, for what is multiplied and not added yet */
#endif
#define PANEL (PANEL_VECTORS * FLOAT_LANES)
#define AHEAD_BYTES (PANEL_VECTORS * VECTOR_BYTES / (PANEL / TILE_ROWS))

APART void gram_tile_int32_t(const int32_t *rows, const int32_t *columns, ptrdiff_t n, int32_t *totals,
                             const char *ahead, ptrdiff_t apart) {
    vint32 sums[TILE_ROWS][PANEL_VECTORS];
    for (int r = 0; r < TILE_ROWS; r++)
        for (int v = 0; v < PANEL_VECTORS; v++) sums[r][v] = *(const vint32 *)(totals + r * PANEL + v * FLOAT_LANES);
    for (ptrdiff_t i = 0; i < n; i++, rows += PANEL, columns += PANEL, ahead += AHEAD_BYTES) {
        __builtin_prefetch(ahead);
        __builtin_prefetch(ahead + apart);
        vint32 first = *(const vint32 *)columns, second = *(const vint32 *)(columns + FLOAT_LANES),
               third = *(const vint32 *)(columns + 2 * FLOAT_LANES);
        KEEP_IN_REGISTER(first);
        KEEP_IN_REGISTER(second);
        KEEP_IN_REGISTER(third);
#pragma GCC unroll 8
        for (int r = 0; r < TILE_ROWS; r++) {
            vint32 a = broadcast_int32(rows[r]);
            KEEP_IN_REGISTER(a);
            sums[r][0] = add_pairs(sums[r][0], a, first);
            sums[r][1] = add_pairs(sums[r][1], a, second);
            sums[r][2] = add_pairs(sums[r][2], a, third);
        }
    }
    for (int r = 0; r < TILE_ROWS; r++)
        for (int v = 0; v < PANEL_VECTORS; v++) *(vint32 *)(totals + r * PANEL + v * FLOAT_LANES) = sums[r][v];
}

INLINE void pack_pair(const uint8_t *restrict a, const uint8_t *restrict b, int32_t *restrict to) {
    for (int c = 0; c < PANEL; c++) to[c] = (int32_t)(a[c] | (uint32_t)b[c] << 16);
}

/* Two rows in each int32; a row beyond the last is one of zeros. */
static void pack_int32_t_uint8_t(const gram_job *job, ptrdiff_t part, int worker) {
    const gd_problem *p = job->p;
    (void)worker;
    ptrdiff_t first = job->first + part * 2 * job->steps, last = job->first + job->n_rows;
    int32_t *panels = (int32_t *)job->packed + part * job->n_panels * job->steps * PANEL;
    for (ptrdiff_t start = 0; start < job->steps && first + 2 * start < last; start += PACKED_ROWS / 2)
        for (ptrdiff_t panel = 0; panel < job->n_panels; panel++)
            for (ptrdiff_t i = start; i < start + PACKED_ROWS / 2 && i < job->steps && first + 2 * i < last; i++) {
                ptrdiff_t j = panel * PANEL, d = p->n_features, row = first + 2 * i;
                int both = row + 1 < last;
                const uint8_t *a = (const uint8_t *)p->x + gram_row(p, row) * p->row_stride + j * p->column_stride;
                const uint8_t *b = (const uint8_t *)p->x + gram_row(p, row + both) * p->row_stride + j * p->column_stride;
                int32_t *to = panels + (panel * job->steps + i) * PANEL;
                if (job->direct && j + PANEL <= d && both) {
                    ptrdiff_t later = row + PACKED_ROWS + 1 < last ? row + PACKED_ROWS : row;
                    fetch_ahead(p->x + gram_row(p, later) * p->row_stride + j, PANEL);
                    fetch_ahead(p->x + gram_row(p, later + 1) * p->row_stride + j, PANEL);
                    pack_pair(a, b, to);
                    continue;
                }
                for (int c = 0; c < PANEL; c++, a += p->column_stride, b += p->column_stride) {
                    uint32_t x = 0, y = 0;
                    if (j + c < d) {
                        x = *a;
                        y = *b;
                    } else if (j + c == d)
                        x = y = 1;
                    to[c] = (int32_t)(x | (both ? y << 16 : 0));
                }
            }
}

#define ELEMENT int32_t
#define TOTAL int32_t
#include "gram/pairs.inc.h"
#undef ELEMENT
#undef TOTAL
#undef TILE_ROWS
#undef AHEAD_BYTES
#undef PANEL
