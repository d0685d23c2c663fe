/* Sparse X in compressed rows (CSR) as it comes, and in tiles as the full-batch kernels read it.
 *
 * A tile is a panel of rows times a block of columns, its entries column by column: row and column
 * numbers within a tile fit 16 bits, so an entry costs 2 bytes and its value. A panel's scores stay in
 * the second-level cache; weights and gradients stream through once, in order. Only columns that have
 * entries are listed, so a few rows of a wide matrix cost what they hold.
 */
#ifndef GD_SPARSE_H
#define GD_SPARSE_H

#include "pool.h"

#include <stddef.h>
#include <stdint.h>

/* Whoever reads every entry takes a pool_control: where it stops, what is returned or written is worthless. */

/* Compressed rows: row i's entries are first[i] .. first[i + 1] - 1, in any order, repeats adding up. */
typedef struct gd_csr {
    const void *values;   /* uint8, float or double */
    const void *indices;  /* columns, int32 or int64 */
    const int64_t *first; /* (n_total + 1,) */
    int value_bytes;      /* of a value: 1, 4 or 8 */
    int wide_indices;
    ptrdiff_t n_columns;
} gd_csr;

/* The column and the value of an entry. */
static inline int64_t gd_column_of(const gd_csr *x, int64_t e) {
    return x->wide_indices ? ((const int64_t *)x->indices)[e] : ((const int32_t *)x->indices)[e];
}
static inline double gd_value_of(const gd_csr *x, int64_t e) {
    return x->value_bytes == 8   ? ((const double *)x->values)[e]
           : x->value_bytes == 4 ? (double)((const float *)x->values)[e]
                                 : ((const uint8_t *)x->values)[e];
}

enum { GD_PANEL_ROWS_MOST = 65536, GD_BLOCK_COLUMNS_MOST = 4096 };

typedef struct gd_tiles {
    ptrdiff_t n_rows, n_columns;
    ptrdiff_t panel_rows, n_panels, block_columns, n_blocks;
    int64_t *entry;    /* (n_panels * n_blocks + 1,) where each tile's entries begin; tile = panel * n_blocks + block */
    int64_t *listed;   /* (n_panels * n_blocks + 1,) where its columns begin */
    uint16_t *columns; /* columns that have entries, within the block, those with many first */
    uint16_t *counts;  /* how many entries, less 1 */
    uint16_t *rows;    /* of each entry, within the panel, ascending in a column, no repeats */
    void *values;      /* double where X's are, else float */
    int wide_values;
} gd_tiles;

typedef enum { CSR_RIGHT, CSR_START, CSR_DECREASING, CSR_BEYOND, CSR_INDEX, CSR_NOT_FINITE } gd_csr_fault;

/* The first fault of CSR arrays with n_rows + 1 row starts, n_entries indices and values; *at is its position
 * in the row starts, or among the entries. Only entries of rows are checked; values only with check_finite. */
gd_csr_fault gd_check_csr(const gd_csr *x, ptrdiff_t n_rows, ptrdiff_t n_columns, int64_t n_entries, int check_finite,
                          int64_t *at, pool_control *control);

/* Whether an index of the rows `index` (n_rows,), or of rows 0 .. n_rows - 1, is not a column. */
int gd_leads_outside(const gd_csr *x, const int64_t *index, ptrdiff_t n_rows, pool_control *control);

/* Entries of the rows `index` (n_rows,), or of rows 0 .. n_rows - 1, repeats counted; *fullest: those of the
 * fullest panel. */
int64_t gd_count_entries(const gd_csr *x, const int64_t *index, ptrdiff_t n_rows, ptrdiff_t panel_rows,
                         int64_t *fullest);

/* Fills the tiles of those rows (sizes are set, arrays have room for every entry); repeats are added up in the
 * values' type. `spare` has room for the fullest panel: 4 bytes and a value for each entry. Returns how
 * many columns are listed; entries kept: entry[n_panels * n_blocks]. */
int64_t gd_fill_tiles(gd_tiles *t, const gd_csr *x, const int64_t *index, void *spare, int64_t fullest,
                      pool_control *control);

#endif
