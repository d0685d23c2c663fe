/* Register tiles in integers, for uint8 X: scores (x times 16-bit weights) and gradients (small coefficients
 * times x). Every sum is exact, so neither the order nor the instruction set can be seen in it.
 *
 * Scores widen x to 16 bits and add products of neighbouring columns. Gradients set the bytes of four rows
 * side by side, column by column, so that one instruction adds four products; a coefficient of four rows is
 * one 32-bit word. */

#if !defined(VECTOR_BYTES) || !defined(SCORE_LANE)
#error "integer/tiles.inc.h needs VECTOR_BYTES, SCORE_LANE"
#endif

#define SCORE_COLUMNS (VECTOR_BYTES / 2)   /* columns of one vector of 16-bit weights */
#define PADDED_COLUMNS 64                  /* rows are taken in such pieces on every instruction set */
#define INTEGER_COLUMNS (VECTOR_BYTES / 4) /* columns of one vector of gradient sums */

#if defined(GD_AVX2)
#define HAS_SHORT_SUMS 1 /* gradients are short_sums.inc.h's */
#else
#define HAS_SHORT_SUMS 0
#endif

#if REGISTERS == 32 && VECTOR_BYTES == 64
#define INTEGER_TILE_CLASSES 9
#define EACH_INTEGER_TILE(M, SEPARATOR)                                                                                \
    M(1, 4) SEPARATOR M(2, 4) SEPARATOR M(3, 4) SEPARATOR M(4, 4) SEPARATOR M(5, 4) SEPARATOR M(6, 3)                  \
        SEPARATOR M(7, 3) SEPARATOR M(8, 3) SEPARATOR M(9, 3)
#elif REGISTERS == 32 /* with one for the weights, which no instruction reads from memory */
#define INTEGER_TILE_CLASSES 9
#define EACH_INTEGER_TILE(M, SEPARATOR)                                                                                \
    M(1, 4) SEPARATOR M(2, 4) SEPARATOR M(3, 4) SEPARATOR M(4, 4) SEPARATOR M(5, 4) SEPARATOR M(6, 3)                  \
        SEPARATOR M(7, 2) SEPARATOR M(8, 2) SEPARATOR M(9, 2)
#else
#define INTEGER_TILE_CLASSES 5
#define EACH_INTEGER_TILE(M, SEPARATOR) M(1, 4) SEPARATOR M(2, 4) SEPARATOR M(3, 2) SEPARATOR M(4, 2) SEPARATOR M(5, 2)
#endif

/* sums[row][class] += (where fresh: =) products of n_vectors vectors of columns, LOADed and ADDed, with weights laid out in the order
 * of use. Asks for the lines of the `coming` rows. */
#define DEFINE_INTEGER_SCORES(NAME, COLUMNS, LOAD, ADD, CLASSES, ROWS)                                                 \
    static void NAME##_##CLASSES##_##ROWS(const uint8_t *const *rows, const uint8_t *const *coming, ptrdiff_t first,   \
                                          ptrdiff_t n_vectors, const vint32 *w, int fresh, vint32 *sums) {             \
        vint32 acc[ROWS][CLASSES];                                                                                     \
        const uint8_t *x[ROWS], *ahead[ROWS];                                                                          \
        _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++) {                                                       \
            x[r] = rows[r] + first;                                                                                    \
            ahead[r] = coming[r] + first;                                                                              \
        }                                                                                                              \
        _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++)                                                         \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++)                                                 \
                acc[r][c] = fresh ? (vint32){0} : sums[r * CLASSES + c];                                               \
        for (ptrdiff_t v = 0; v < n_vectors; v++) {                                                                    \
            vint32 a[ROWS];                                                                                            \
            _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++) {                                                   \
                __builtin_prefetch(ahead[r] + v * COLUMNS, 0, 2);                                                      \
                a[r] = LOAD(x[r] + v * COLUMNS);                                                                       \
            }                                                                                                          \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                               \
                vint32 b = w[v * CLASSES + c];                                                                         \
                _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++) acc[r][c] = ADD(acc[r][c], a[r], b);            \
            }                                                                                                          \
        }                                                                                                              \
        _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++)                                                         \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) sums[r * CLASSES + c] = acc[r][c];              \
    }

#if !HAS_SHORT_SUMS
#define GROUP_VECTORS 4 /* a group of four rows set side by side, as many columns as a strip has */
/* One half of a strip of VECTOR_BYTES columns: g[2][class] += four coefficients * four rows, for each group of rows.
 * `gather` takes the first half and leaves both behind, four vectors a group, for all who come after; they ask for the
 * columns that come next, at `first`. */
#define DEFINE_INTEGER_GRADIENT(NAME, CLASSES, TAKE)                                                                   \
    static void integer_##NAME##_##CLASSES(const uint8_t *const *rows, ptrdiff_t first, vint32 *interleaved,           \
                                           int n_groups, const int32_t *coefficients, vint32 *g) {                     \
        vint32 acc[2][CLASSES];                                                                                        \
            _Pragma("GCC unroll 2") for (int q = 0; q < 2; q++)                                                            \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) acc[q][c] = g[q * CLASSES + c];                 \
        for (int group = 0; group < n_groups; group++) {                                                               \
            vint32 *four = interleaved + 4 * group, left, right;                                                       \
            TAKE                                                                                                       \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                               \
                vint32 b = broadcast_int32(coefficients[group * CLASSES + c]);                                         \
                acc[0][c] = add_fours(acc[0][c], left, b);                                                             \
                acc[1][c] = add_fours(acc[1][c], right, b);                                                            \
            }                                                                                                          \
        }                                                                                                              \
        _Pragma("GCC unroll 2") for (int q = 0; q < 2; q++)                                                            \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) g[q * CLASSES + c] = acc[q][c];                 \
    }
#define TAKE_ROWS                                                                                                      \
    vint32 x[4], ab, cd;                                                                                               \
    _Pragma("GCC unroll 4") for (int r = 0; r < 4; r++) x[r] = load_bytes(rows[4 * group + r] + first);                \
    ab = interleave_8_high(x[0], x[1]);                                                                                \
    cd = interleave_8_high(x[2], x[3]);                                                                                \
    four[2] = interleave_16_low(ab, cd);                                                                               \
    four[3] = interleave_16_high(ab, cd);                                                                              \
    ab = interleave_8_low(x[0], x[1]);                                                                                 \
    cd = interleave_8_low(x[2], x[3]);                                                                                 \
    four[0] = left = interleave_16_low(ab, cd);                                                                        \
    four[1] = right = interleave_16_high(ab, cd);
#define TAKE_INTERLEAVED                                                                                               \
    _Pragma("GCC unroll 4") for (int r = 0; r < 4; r++) __builtin_prefetch(rows[4 * group + r] + first, 0, 3);         \
    left = four[0];                                                                                                    \
    right = four[1];
#define DEFINE_GRADIENTS(CLASSES)                                                                                      \
    DEFINE_INTEGER_GRADIENT(gather, CLASSES, TAKE_ROWS)                                                                \
    DEFINE_INTEGER_GRADIENT(gradient, CLASSES, TAKE_INTERLEAVED)
#define GRADIENTS(CLASSES) integer_gather_##CLASSES, integer_gradient_##CLASSES
#else
#define GROUP_VECTORS 8
#define DEFINE_GRADIENTS(CLASSES)
#define GRADIENTS(CLASSES) NULL, NULL
#endif

#if HAS_BYTE_SCORES /* the same with weights of one byte: VECTOR_BYTES columns a vector, no conversion */
#define DEFINE_BYTE_SCORES(CLASSES, ROWS)                                                                              \
    DEFINE_INTEGER_SCORES(byte_scores, VECTOR_BYTES, load_bytes, add_fours, CLASSES, ROWS)
#define BYTE_SCORES(CLASSES, ROWS) byte_scores_##CLASSES##_##ROWS
#else
#define DEFINE_BYTE_SCORES(CLASSES, ROWS)
#define BYTE_SCORES(CLASSES, ROWS) NULL
#endif
#define DEFINE_WIDE_SCORES(CLASSES, ROWS)                                                                              \
    DEFINE_INTEGER_SCORES(wide_scores, SCORE_COLUMNS, load_score_bytes, add_score_products, CLASSES, ROWS)

/* CLASSES with the rows that fill the registers, and with one. */
#define DEFINE_INTEGER_TILES(CLASSES, MANY)                                                                            \
    DEFINE_WIDE_SCORES(CLASSES, MANY)                                                                                  \
    DEFINE_WIDE_SCORES(CLASSES, 1)                                                                                     \
    DEFINE_BYTE_SCORES(CLASSES, MANY)                                                                                  \
    DEFINE_BYTE_SCORES(CLASSES, 1)                                                                                     \
    DEFINE_GRADIENTS(CLASSES)

#define INTEGER_TILE_ROW(CLASSES, MANY)                                                                                \
    {MANY, {wide_scores_##CLASSES##_##MANY, wide_scores_##CLASSES##_1},                                                \
     {BYTE_SCORES(CLASSES, MANY), BYTE_SCORES(CLASSES, 1)}, GRADIENTS(CLASSES)}

EACH_INTEGER_TILE(DEFINE_INTEGER_TILES, )

typedef void (*integer_scores_tile)(const uint8_t *const *, const uint8_t *const *, ptrdiff_t, ptrdiff_t,
                                    const vint32 *, int, vint32 *);
typedef void (*integer_gradient_tile)(const uint8_t *const *, ptrdiff_t, vint32 *, int, const int32_t *, vint32 *);

static const struct {
    int many;
    integer_scores_tile scores[2], byte_scores[2]; /* of `many` rows, of one */
    integer_gradient_tile gather, gradient;
} integer_tiles[] = {{0, {NULL, NULL}, {NULL, NULL}, NULL, NULL}, EACH_INTEGER_TILE(INTEGER_TILE_ROW, COMMA)};
