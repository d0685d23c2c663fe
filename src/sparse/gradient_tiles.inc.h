/* Gradient over one tile of sparse X for one (REAL, INPUT): a column's share stays in registers while its entries go
 * by. */

#if !defined(REAL) || !defined(INPUT) || !defined(EACH_QUADS)
#error "sparse/gradient_tiles.inc.h needs REAL, INPUT, EACH_QUADS"
#endif

/* gradient[column] += sum of x * coefficients[row] over a tile: GRADIENT_RUN entries at a time in REAL, their
 * sums in double */
#define DEFINE_SPARSE_GRADIENT(QUADS)                                                                                  \
    static void RI(sparse_gradient_##QUADS)(const sparse_tile *t, const REAL *coefficients, double *gradient) {        \
        const uint16_t *row = t->rows;                                                                                 \
        const INPUT *value = t->values;                                                                                \
        for (ptrdiff_t q = 0; q < t->n_listed; q++) {                                                                  \
            double *g = gradient + (size_t)t->columns[q] * (4 * QUADS);                                                \
            for (int left = t->counts[q] + 1; left > 0;) {                                                             \
                int count = left < GRADIENT_RUN ? left : GRADIENT_RUN;                                                 \
                REAL flat[4 * QUADS];                                                                                  \
                ROW_DECLARE(sum, QUADS);                                                                               \
                ROW_CLEAR(sum, QUADS)                                                                                  \
                for (int e = 0; e < count; e++) {                                                                      \
                    const REAL *c = coefficients + (size_t)row[e] * (4 * QUADS), x = (REAL)value[e];                   \
                    ROW_DECLARE(coefficient, QUADS);                                                                   \
                    ROW_LOAD(coefficient, c, QUADS)                                                                    \
                    ROW_ADD(sum, x, coefficient, QUADS)                                                                \
                }                                                                                                      \
                ROW_STORE(sum, flat, QUADS)                                                                            \
                for (int c = 0; c < 4 * QUADS; c++) g[c] += (double)flat[c];                                           \
                row += count;                                                                                          \
                value += count;                                                                                        \
                left -= count;                                                                                         \
            }                                                                                                          \
        }                                                                                                              \
    }

EACH_QUADS(DEFINE_SPARSE_GRADIENT)

#define SPARSE_ROW(QUADS) RI(sparse_gradient_##QUADS),
static const R(sparse_gradient_tile) RI(sparse_gradient_tiles)[] = {NULL, EACH_QUADS(SPARSE_ROW)};

#undef SPARSE_ROW
#undef DEFINE_SPARSE_GRADIENT
