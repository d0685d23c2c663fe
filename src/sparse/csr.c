/* Checks of compressed rows, and their copy in tiles. */
#include "sparse/csr.h"

#include <string.h>

enum { ASKED_EVERY = 1 << 20, ROWS_BETWEEN = 4096 }; /* entries, rows between two questions whether to stop */

/* ---- checks ---- */

#define DEFINE_INDEX_SCAN(type, unsigned_type)                                                                         \
    static int64_t first_outside_##type(const type *indices, int64_t begin, int64_t end, ptrdiff_t n_columns,          \
                                        pool_control *control) {                                                       \
        const int64_t step = 4096;                                                                                     \
        unsigned_type limit = (unsigned_type)((uint64_t)n_columns - 1);                                                \
        if ((uint64_t)n_columns - 1 > (unsigned_type)-1 / 2) limit = (unsigned_type)-1 / 2;                            \
        for (int64_t i = begin; i < end && (i == begin || i % ASKED_EVERY || !pool_stopped(control, 0)); i += step) {  \
            int64_t stop = end - i < step ? end : i + step;                                                            \
            int found = 0;                                                                                             \
            for (int64_t e = i; e < stop; e++) found |= (unsigned_type)indices[e] > limit;                             \
            for (int64_t e = i; found && e < stop; e++)                                                                \
                if ((unsigned_type)indices[e] > limit) return e;                                                       \
        }                                                                                                              \
        return -1;                                                                                                     \
    }
DEFINE_INDEX_SCAN(int32_t, uint32_t)
DEFINE_INDEX_SCAN(int64_t, uint64_t)

#define DEFINE_VALUE_SCAN(type, exponent)                                                                              \
    static int64_t first_not_finite_##type(const void *values, int64_t n, pool_control *control) {                     \
        const int64_t step = 4096;                                                                                     \
        const type *bits = values;                                                                                     \
        for (int64_t i = 0; i < n && (i % ASKED_EVERY || !pool_stopped(control, 0)); i += step) {                      \
            int64_t stop = n - i < step ? n : i + step;                                                                \
            int found = 0;                                                                                             \
            for (int64_t e = i; e < stop; e++) found |= (bits[e] & exponent) == exponent;                              \
            for (int64_t e = i; found && e < stop; e++)                                                                \
                if ((bits[e] & exponent) == exponent) return e;                                                        \
        }                                                                                                              \
        return -1;                                                                                                     \
    }
DEFINE_VALUE_SCAN(uint32_t, 0x7f800000u)
DEFINE_VALUE_SCAN(uint64_t, 0x7ff0000000000000u)

gd_csr_fault gd_check_csr(const gd_csr *x, ptrdiff_t n_rows, ptrdiff_t n_columns, int64_t n_entries, int check_finite,
                          int64_t *at, pool_control *control) {
    *at = 0;
    if (x->first[0] != 0) return CSR_START;
    for (ptrdiff_t i = 0; i < n_rows; i++) {
        *at = i + 1;
        if (x->first[i + 1] < x->first[i]) return CSR_DECREASING;
    }
    int64_t end = x->first[n_rows];
    if (end > n_entries) return CSR_BEYOND;
    *at = x->wide_indices ? first_outside_int64_t(x->indices, 0, end, n_columns, control)
                          : first_outside_int32_t(x->indices, 0, end, n_columns, control);
    if (*at >= 0) return CSR_INDEX;
    if (!check_finite || x->value_bytes == 1) return CSR_RIGHT;
    *at = x->value_bytes == 8 ? first_not_finite_uint64_t(x->values, end, control)
                              : first_not_finite_uint32_t(x->values, end, control);
    return *at >= 0 ? CSR_NOT_FINITE : CSR_RIGHT;
}

int gd_leads_outside(const gd_csr *x, const int64_t *index, ptrdiff_t n_rows, pool_control *control) {
    for (ptrdiff_t i = 0; i < n_rows && (i % ROWS_BETWEEN || !pool_stopped(control, 0)); i++) {
        int64_t row = index ? index[i] : i, begin = x->first[row], end = x->first[row + 1];
        int64_t at = x->wide_indices ? first_outside_int64_t(x->indices, begin, end, x->n_columns, control)
                                     : first_outside_int32_t(x->indices, begin, end, x->n_columns, control);
        if (at >= 0) return 1;
    }
    return 0;
}

/* ---- tiles ---- */

int64_t gd_count_entries(const gd_csr *x, const int64_t *index, ptrdiff_t n_rows, ptrdiff_t panel_rows,
                         int64_t *fullest) {
    int64_t total = 0, in_panel = 0;
    *fullest = 0;
    for (ptrdiff_t i = 0; i < n_rows; i++) {
        int64_t row = index ? index[i] : i, count = x->first[row + 1] - x->first[row];
        in_panel = i % panel_rows == 0 ? count : in_panel + count;
        total += count;
        *fullest = in_panel > *fullest ? in_panel : *fullest;
    }
    return total;
}

static void copy_value(int wide, void *to, int64_t i, const void *from, int64_t j) {
    if (wide)
        ((double *)to)[i] = ((const double *)from)[j];
    else
        ((float *)to)[i] = ((const float *)from)[j];
}

static void set_value(int wide, void *to, int64_t i, double value) {
    if (wide)
        ((double *)to)[i] = value;
    else
        ((float *)to)[i] = (float)value;
}

static void add_value(int wide, void *to, int64_t i, const void *from, int64_t j) {
    if (wide)
        ((double *)to)[i] += ((const double *)from)[j];
    else
        ((float *)to)[i] += ((const float *)from)[j];
}

/* A panel's entries, dealt to their blocks in order of rows, and where the next of each block goes. */
typedef struct dealt {
    void *values;
    uint16_t *rows, *columns;
} dealt;

/* Deals the entries of a panel; its tiles' `entry` becomes where the dealt ones END, from 0. */
static void deal_panel(const gd_tiles *t, const gd_csr *x, const int64_t *index, ptrdiff_t panel, int64_t *end,
                       dealt *to) {
    ptrdiff_t begin = panel * t->panel_rows, rows = t->n_rows - begin < t->panel_rows ? t->n_rows - begin : t->panel_rows;
    int shift = 0;
    while ((ptrdiff_t)1 << shift < t->block_columns) shift++;
    memset(end, 0, (size_t)t->n_blocks * sizeof(int64_t));
    for (ptrdiff_t r = 0; r < rows; r++) {
        int64_t row = index ? index[begin + r] : begin + r;
        for (int64_t e = x->first[row]; e < x->first[row + 1]; e++) end[gd_column_of(x, e) >> shift]++;
    }
    int64_t sum = 0;
    for (ptrdiff_t b = 0; b < t->n_blocks; b++) {
        int64_t count = end[b];
        end[b] = sum;
        sum += count;
    }
    for (ptrdiff_t r = 0; r < rows; r++) {
        int64_t row = index ? index[begin + r] : begin + r;
        for (int64_t e = x->first[row]; e < x->first[row + 1]; e++) {
            int64_t column = gd_column_of(x, e), place = end[column >> shift]++;
            to->rows[place] = (uint16_t)r;
            to->columns[place] = (uint16_t)(column & (t->block_columns - 1));
            set_value(t->wide_values, to->values, place, gd_value_of(x, e));
        }
    }
}

enum { LEVELS = 12 }; /* columns with as many entries are listed together: loops over them end as foreseen */

/* Sorts one tile's dealt entries by column, repeats added up, and appends them. */
static void fill_tile(gd_tiles *t, const dealt *from, int64_t begin, int64_t end, int64_t *entry, int64_t *listed,
                      int64_t *next) {
    ptrdiff_t width = t->block_columns;
    int64_t base = *entry;
    memset(next, 0, (size_t)width * sizeof(int64_t));
    for (int64_t e = begin; e < end; e++) next[from->columns[e]]++;
    int64_t sum = 0, lowest = 0;
    int64_t first_listed = *listed;
    for (int64_t level = LEVELS; level > 0; level--)
        for (ptrdiff_t c = 0; c < width; c++)
            if (next[c] == level || (level == LEVELS && next[c] > level)) t->columns[(*listed)++] = (uint16_t)c;
    for (int64_t q = first_listed; q < *listed; q++) {
        int64_t count = next[t->columns[q]];
        next[t->columns[q]] = sum;
        sum += count;
    }
    int repeats = 0;
    for (int64_t e = begin; e < end; e++) {
        uint16_t c = from->columns[e];
        int64_t place = base + next[c]++;
        t->rows[place] = from->rows[e];
        copy_value(t->wide_values, t->values, place, from->values, e);
    }
    /* next[c] is now where column c ends: rows ascend within it, so repeats are neighbours */
    int64_t kept = base;
    for (int64_t q = first_listed; q < *listed; q++) {
        int64_t stop = next[t->columns[q]];
        int64_t start = kept;
        for (int64_t e = base + lowest; e < base + stop; e++) {
            if (kept > start && t->rows[kept - 1] == t->rows[e]) {
                add_value(t->wide_values, t->values, kept - 1, t->values, e);
                repeats = 1;
                continue;
            }
            if (repeats) {
                t->rows[kept] = t->rows[e];
                copy_value(t->wide_values, t->values, kept, t->values, e);
            }
            kept++;
        }
        t->counts[q] = (uint16_t)(kept - start - 1);
        lowest = stop;
    }
    *entry = kept;
}

int64_t gd_fill_tiles(gd_tiles *t, const gd_csr *x, const int64_t *index, void *spare, int64_t fullest,
                      pool_control *control) {
    size_t size = t->wide_values ? sizeof(double) : sizeof(float);
    dealt to = {.values = spare, .rows = (uint16_t *)((char *)spare + (size_t)fullest * size)};
    to.columns = to.rows + fullest;
    int64_t next[GD_BLOCK_COLUMNS_MOST];
    int64_t entry = 0, listed = 0;
    for (ptrdiff_t panel = 0; panel < t->n_panels && !pool_stopped(control, 0); panel++) {
        int64_t *ends = t->entry + panel * t->n_blocks, begin = 0;
        deal_panel(t, x, index, panel, ends, &to);
        for (ptrdiff_t b = 0; b < t->n_blocks; b++) {
            int64_t end = ends[b];
            ends[b] = entry;
            t->listed[panel * t->n_blocks + b] = listed;
            if (end > begin) fill_tile(t, &to, begin, end, &entry, &listed, next);
            begin = end;
        }
    }
    t->entry[t->n_panels * t->n_blocks] = entry;
    t->listed[t->n_panels * t->n_blocks] = listed;
    return listed;
}
