/* Scores and gradient over one tile of sparse X for one (REAL, INPUT): a column's weights, or its share of the
 * gradient, stay in registers while its entries go by.
 *
 * Rows of scores hold 4 * QUADS classes, the last ones zeros, as whole vectors and what is left over.
 */

/* A row of 4 * QUADS values in registers: `many` vectors, then a pair of quads, then a quad. */
#define ROW_MANY(QUADS) (4 * (QUADS) / LANES)
#define ROW_PAIR(QUADS) (4 * (QUADS) % LANES / 8)
#define ROW_QUAD(QUADS) (4 * (QUADS) % LANES % 8 / 4)
#define ROW_DECLARE(name, QUADS)                                                                                       \
    VECTOR name[ROW_MANY(QUADS) + 1];                                                                                  \
    R(pair) name##_pair;                                                                                               \
    R(quad) name##_quad
#define ROW_EACH(QUADS, MANY, PAIR, QUAD)                                                                              \
    _Pragma("GCC unroll 16") for (int v = 0; v < ROW_MANY(QUADS); v++) { MANY; }                                       \
    if (ROW_PAIR(QUADS)) { PAIR; }                                                                                     \
    if (ROW_QUAD(QUADS)) { QUAD; }
#define PAIR_AT(QUADS) (ROW_MANY(QUADS) * LANES)
#define QUAD_AT(QUADS) (ROW_MANY(QUADS) * LANES + ROW_PAIR(QUADS) * 8)
#define ROW_LOAD(name, from, QUADS)                                                                                    \
    ROW_EACH(QUADS, memcpy(&name[v], (from) + v * LANES, sizeof(VECTOR)),                                              \
             memcpy(&name##_pair, (from) + PAIR_AT(QUADS), sizeof name##_pair),                                        \
             memcpy(&name##_quad, (from) + QUAD_AT(QUADS), sizeof name##_quad))
#define ROW_STORE(name, to, QUADS)                                                                                     \
    ROW_EACH(QUADS, memcpy((to) + v * LANES, &name[v], sizeof(VECTOR)),                                                \
             memcpy((to) + PAIR_AT(QUADS), &name##_pair, sizeof name##_pair),                                          \
             memcpy((to) + QUAD_AT(QUADS), &name##_quad, sizeof name##_quad))
/* sum += x * row */
#define ROW_ADD(sum, x, row, QUADS)                                                                                    \
    ROW_EACH(QUADS, sum[v] = FMA(BROADCAST(x), row[v], sum[v]), sum##_pair += (x) * row##_pair,                        \
             sum##_quad += (x) * row##_quad)

/* scores[row] += x * w[column] over a tile; w is (block_columns, 4 * QUADS) */
#define DEFINE_SPARSE_SCORES(QUADS)                                                                                    \
    static void RI(sparse_scores_##QUADS)(const sparse_tile *t, const REAL *w, REAL *scores) {                         \
        const uint16_t *row = t->rows;                                                                                 \
        const INPUT *value = t->values;                                                                                \
        for (ptrdiff_t q = 0; q < t->n_listed; q++) {                                                                  \
            ROW_DECLARE(weight, QUADS);                                                                                \
            ROW_LOAD(weight, w + (size_t)t->columns[q] * (4 * QUADS), QUADS)                                           \
            int count = t->counts[q] + 1;                                                                              \
            for (int e = 0; e < count; e++) {                                                                          \
                REAL *s = scores + (size_t)row[e] * (4 * QUADS), x = (REAL)value[e];                                   \
                ROW_DECLARE(sum, QUADS);                                                                               \
                ROW_LOAD(sum, s, QUADS)                                                                                \
                ROW_ADD(sum, x, weight, QUADS)                                                                         \
                ROW_STORE(sum, s, QUADS)                                                                               \
            }                                                                                                          \
            row += count;                                                                                              \
            value += count;                                                                                            \
        }                                                                                                              \
    }

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
                ROW_EACH(QUADS, sum[v] = BROADCAST((REAL)0), sum_pair = (R(pair)){0}, sum_quad = (R(quad)){0})         \
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

#define EACH_QUADS(M) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8)
EACH_QUADS(DEFINE_SPARSE_SCORES)
EACH_QUADS(DEFINE_SPARSE_GRADIENT)

#define SPARSE_ROW(QUADS) {RI(sparse_scores_##QUADS), RI(sparse_gradient_##QUADS)},
static const R(sparse_kernel) RI(sparse_kernels)[] = {{NULL, NULL}, EACH_QUADS(SPARSE_ROW)};

#undef SPARSE_ROW
#undef DEFINE_SPARSE_SCORES
#undef DEFINE_SPARSE_GRADIENT
