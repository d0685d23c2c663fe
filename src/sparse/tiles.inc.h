/* Scores over one tile of sparse X for one (REAL, INPUT): a column's weights stay in registers while its entries go by. */

#if !defined(REAL) || !defined(INPUT) || !defined(EACH_QUADS)
#error "sparse/tiles.inc.h needs REAL, INPUT, EACH_QUADS"
#endif

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

EACH_QUADS(DEFINE_SPARSE_SCORES)

#define SPARSE_ROW(QUADS) RI(sparse_scores_##QUADS),
static const R(sparse_scores_tile) RI(sparse_scores_tiles)[] = {NULL, EACH_QUADS(SPARSE_ROW)};

#undef SPARSE_ROW
#undef DEFINE_SPARSE_SCORES
