/* Register tiles in integers, for uint8 X: scores (x times 16-bit weights) and gradients (small coefficients
 * times x). Every sum is exact, so neither the order nor the instruction set can be seen in it.
 *
 * Scores widen x to 16 bits and add products of neighbouring columns. Gradients set the bytes of four rows
 * side by side, column by column, so that one instruction adds four products; a coefficient of four rows is
 * one 32-bit word. */

#if defined(__SSE2__)
#define INTEGER_ROAD 1

#define SCORE_COLUMNS (VECTOR_BYTES / 2)   /* columns of one vector of 16-bit weights */
#define PADDED_COLUMNS 64                  /* rows are taken in such pieces on every instruction set */
#define INTEGER_COLUMNS (VECTOR_BYTES / 4) /* columns of one vector of gradient sums */

#if defined(GD_AVX512)
#define INTEGER_TILE_CLASSES 9
#define EACH_INTEGER_TILE(M, SEPARATOR)                                                                                \
    M(1, 4) SEPARATOR M(2, 4) SEPARATOR M(3, 4) SEPARATOR M(4, 4) SEPARATOR M(5, 4) SEPARATOR M(6, 3)                  \
        SEPARATOR M(7, 3) SEPARATOR M(8, 3) SEPARATOR M(9, 3)
#else
#define INTEGER_TILE_CLASSES 5
#define EACH_INTEGER_TILE(M, SEPARATOR) M(1, 4) SEPARATOR M(2, 4) SEPARATOR M(3, 2) SEPARATOR M(4, 2) SEPARATOR M(5, 2)
#endif

/* sums[row][class] += products of n_vectors vectors of columns. Asks for the lines of the `coming` rows. */
#define DEFINE_INTEGER_SCORES(CLASSES, ROWS)                                                                           \
    static void integer_scores_##CLASSES##_##ROWS(const uint8_t *const *rows, const uint8_t *const *coming,            \
                                                  ptrdiff_t first, ptrdiff_t n_vectors, const int16_t *w,              \
                                                  vint32 *sums) {                                                      \
        vint32 acc[ROWS][CLASSES];                                                                                     \
        const uint8_t *x[ROWS], *ahead[ROWS];                                                                          \
        _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++) {                                                       \
            x[r] = rows[r] + first;                                                                                    \
            ahead[r] = coming[r] + first;                                                                              \
        }                                                                                                              \
        _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++)                                                         \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) acc[r][c] = sums[r * CLASSES + c];              \
        for (ptrdiff_t v = 0; v < n_vectors; v++) {                                                                    \
            vint32 a[ROWS];                                                                                            \
            _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++) {                                                   \
                __builtin_prefetch(ahead[r] + v * SCORE_COLUMNS, 0, 2);                                                \
                a[r] = load_int16_uint8_t(x[r] + v * SCORE_COLUMNS);                                                   \
            }                                                                                                          \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                               \
                vint32 b = ((const vint32 *)w)[v * CLASSES + c];                                                       \
                _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++) acc[r][c] = add_pairs(acc[r][c], a[r], b);      \
            }                                                                                                          \
        }                                                                                                              \
        _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++)                                                         \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) sums[r * CLASSES + c] = acc[r][c];              \
    }

/* One half (0, 1) of a strip of VECTOR_BYTES columns: g[2][class] += four coefficients * four rows, for each group */
#define DEFINE_INTEGER_GRADIENT(CLASSES, HALF)                                                                         \
    static void integer_gradient_##CLASSES##_##HALF(const uint8_t *const *rows, ptrdiff_t first, int n_groups,         \
                                                    const int32_t *coefficients, vint32 *g) {                          \
        vint32 acc[2][CLASSES];                                                                                        \
        _Pragma("GCC unroll 2") for (int q = 0; q < 2; q++)                                                            \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) acc[q][c] = g[q * CLASSES + c];                 \
        for (int group = 0; group < n_groups; group++) {                                                               \
            const uint8_t *const *four = rows + 4 * group;                                                             \
            vint32 ab = interleave_8_##HALF(load_bytes(four[0] + first), load_bytes(four[1] + first));                 \
            vint32 cd = interleave_8_##HALF(load_bytes(four[2] + first), load_bytes(four[3] + first));                 \
            vint32 low = interleave_16_0(ab, cd), high = interleave_16_1(ab, cd);                                      \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                               \
                vint32 b = broadcast_int32(coefficients[group * CLASSES + c]);                                         \
                acc[0][c] = add_fours(acc[0][c], low, b);                                                              \
                acc[1][c] = add_fours(acc[1][c], high, b);                                                             \
            }                                                                                                          \
        }                                                                                                              \
        _Pragma("GCC unroll 2") for (int q = 0; q < 2; q++)                                                            \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) g[q * CLASSES + c] = acc[q][c];                 \
    }

/* CLASSES with the rows that fill the registers, and with one. */
#define DEFINE_INTEGER_TILES(CLASSES, MANY)                                                                            \
    DEFINE_INTEGER_SCORES(CLASSES, MANY)                                                                               \
    DEFINE_INTEGER_SCORES(CLASSES, 1)                                                                                  \
    DEFINE_INTEGER_GRADIENT(CLASSES, 0)                                                                                \
    DEFINE_INTEGER_GRADIENT(CLASSES, 1)

#define INTEGER_TILE_ROW(CLASSES, MANY)                                                                                \
    {MANY, integer_scores_##CLASSES##_##MANY, integer_scores_##CLASSES##_1,                                            \
     {integer_gradient_##CLASSES##_0, integer_gradient_##CLASSES##_1}}

EACH_INTEGER_TILE(DEFINE_INTEGER_TILES, )

typedef void (*integer_scores_tile)(const uint8_t *const *, const uint8_t *const *, ptrdiff_t, ptrdiff_t,
                                    const int16_t *, vint32 *);
typedef void (*integer_gradient_tile)(const uint8_t *const *, ptrdiff_t, int, const int32_t *, vint32 *);

static const struct {
    int many;
    integer_scores_tile scores, scores_one;
    integer_gradient_tile gradient[2];
} integer_tiles[] = {{0, NULL, NULL, {NULL, NULL}}, EACH_INTEGER_TILE(INTEGER_TILE_ROW, COMMA)};

#endif
