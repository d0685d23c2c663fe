/* Gradient over one tile of sparse X for one (REAL, INPUT): a column's share stays in registers while its entries go
 * by. */

#if !defined(REAL) || !defined(INPUT) || !defined(EACH_QUADS)
#error "sparse/gradient_tiles.inc.h needs REAL, INPUT, EACH_QUADS"
#endif

/* For a column at a time, GRADIENT_RUN entries in REAL and their sums in double:
 *   sparse_gradient: gradient[column] += sum of x * coefficients[row] over a tile
 *   sparse_sums: sums[column] = the same, where a tile has all of a column's entries
 * Even and odd entries are added up apart: one sum alone would wait for itself. */
#define DEFINE_SPARSE_GRADIENT(QUADS)                                                                                  \
    INLINE void RI(sparse_run_##QUADS)(const uint16_t *row, const INPUT *value, int count, const REAL *coefficients,   \
                                       REAL *out) {                                                                    \
        ROW_DECLARE(even, QUADS);                                                                                      \
        ROW_DECLARE(odd, QUADS);                                                                                       \
        ROW_DECLARE(coefficient, QUADS);                                                                               \
        ROW_CLEAR(even, QUADS)                                                                                         \
        int e = 0;                                                                                                     \
        if (count > 1) {                                                                                               \
            ROW_CLEAR(odd, QUADS)                                                                                      \
            for (; e + 2 <= count; e += 2) {                                                                           \
                ROW_LOAD(coefficient, coefficients + (size_t)row[e] * (4 * QUADS), QUADS)                              \
                ROW_ADD(even, (REAL)value[e], coefficient, QUADS)                                                      \
                ROW_LOAD(coefficient, coefficients + (size_t)row[e + 1] * (4 * QUADS), QUADS)                          \
                ROW_ADD(odd, (REAL)value[e + 1], coefficient, QUADS)                                                   \
            }                                                                                                          \
            ROW_JOIN(even, odd, QUADS)                                                                                 \
        }                                                                                                              \
        if (e < count) {                                                                                               \
            ROW_LOAD(coefficient, coefficients + (size_t)row[e] * (4 * QUADS), QUADS)                                  \
            ROW_ADD(even, (REAL)value[e], coefficient, QUADS)                                                          \
        }                                                                                                              \
        ROW_STORE(even, out, QUADS)                                                                                    \
    }                                                                                                                  \
    static void RI(sparse_gradient_##QUADS)(const sparse_tile *t, const REAL *coefficients, double *gradient) {        \
        const uint16_t *row = t->rows;                                                                                 \
        const INPUT *value = t->values;                                                                                \
        for (ptrdiff_t q = 0; q < t->n_listed; q++) {                                                                  \
            double *g = gradient + (size_t)t->columns[q] * (4 * QUADS);                                                \
            for (int left = t->counts[q] + 1; left > 0;) {                                                             \
                int count = left < GRADIENT_RUN ? left : GRADIENT_RUN;                                                 \
                REAL flat[4 * QUADS];                                                                                  \
                RI(sparse_run_##QUADS)(row, value, count, coefficients, flat);                                         \
                for (int c = 0; c < 4 * QUADS; c++) g[c] += (double)flat[c];                                           \
                row += count;                                                                                          \
                value += count;                                                                                        \
                left -= count;                                                                                         \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    static void RI(sparse_sums_##QUADS)(const sparse_tile *t, const REAL *coefficients, REAL *sums) {                  \
        const uint16_t *row = t->rows;                                                                                 \
        const INPUT *value = t->values;                                                                                \
        for (ptrdiff_t q = 0; q < t->n_listed; q++) {                                                                  \
            REAL *s = sums + (size_t)t->columns[q] * (4 * QUADS);                                                      \
            int left = t->counts[q] + 1, count = left < GRADIENT_RUN ? left : GRADIENT_RUN;                            \
            RI(sparse_run_##QUADS)(row, value, count, coefficients, s);                                                \
            row += count;                                                                                              \
            value += count;                                                                                            \
            left -= count;                                                                                             \
            if (left == 0) continue;                                                                                   \
            double total[4 * QUADS];                                                                                   \
            for (int c = 0; c < 4 * QUADS; c++) total[c] = (double)s[c];                                               \
            for (; left > 0; left -= count, row += count, value += count) {                                            \
                count = left < GRADIENT_RUN ? left : GRADIENT_RUN;                                                     \
                RI(sparse_run_##QUADS)(row, value, count, coefficients, s);                                            \
                for (int c = 0; c < 4 * QUADS; c++) total[c] += (double)s[c];                                          \
            }                                                                                                          \
            for (int c = 0; c < 4 * QUADS; c++) s[c] = (REAL)total[c];                                                 \
        }                                                                                                              \
    }

EACH_QUADS(DEFINE_SPARSE_GRADIENT)

#define SPARSE_ROW(QUADS) {RI(sparse_gradient_##QUADS), RI(sparse_sums_##QUADS)},
static const R(sparse_gradient_tile) RI(sparse_gradient_tiles)[] = {{NULL, NULL}, EACH_QUADS(SPARSE_ROW)};

#undef SPARSE_ROW
#undef DEFINE_SPARSE_GRADIENT
