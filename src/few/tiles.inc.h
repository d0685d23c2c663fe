/* Scores of a few rows of one REAL: tiles of rows by classes, whose sums stay in registers. */

#if !defined(REAL) || !defined(LANES)
#error "few/tiles.inc.h needs REAL, LANES"
#endif

#ifndef FEW_CLASSES
#define FEW_CLASSES 24 /* of W's rows, which stay near while all rows of X meet them: a multiple of every tile's */
#endif

/* Every sum is taken in the same order in every tile, so a row has the same scores whatever comes with it. */
#define DEFINE_TILE(ROWS, CLASSES)                                                                                     \
    static void R(few_##ROWS##_##CLASSES)(const gd_few *a, ptrdiff_t r0, ptrdiff_t c0) {                               \
        const REAL *x[ROWS], *w[CLASSES];                                                                              \
        VECTOR sums[ROWS][CLASSES];                                                                                    \
        ptrdiff_t d = a->n_features, whole = d / LANES * LANES;                                                        \
        for (int r = 0; r < ROWS; r++) x[r] = (const REAL *)((const char *)a->x + (r0 + r) * a->x_stride);             \
        for (int c = 0; c < CLASSES; c++) w[c] = (const REAL *)((const char *)a->w + (c0 + c) * a->w_stride);          \
        _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++)                                                         \
            _Pragma("GCC unroll 8") for (int c = 0; c < CLASSES; c++) sums[r][c] = BROADCAST((REAL)0);                 \
        for (ptrdiff_t i = 0; i < whole; i += LANES) {                                                                 \
            VECTOR here[ROWS];                                                                                         \
            _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++) here[r] = LOAD(REAL, REAL)(x[r] + i);               \
            _Pragma("GCC unroll 8") for (int c = 0; c < CLASSES; c++) {                                                \
                VECTOR weights = LOAD(REAL, REAL)(w[c] + i);                                                           \
                _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++)                                                 \
                    sums[r][c] = FMA(here[r], weights, sums[r][c]);                                                    \
            }                                                                                                          \
        }                                                                                                              \
        for (int r = 0; r < ROWS; r++)                                                                                 \
            for (int c = 0; c < CLASSES; c++) {                                                                        \
                REAL lanes[LANES], total;                                                                              \
                memcpy(lanes, &sums[r][c], sizeof lanes);                                                              \
                for (int half = LANES / 2; half > 0; half /= 2)                                                        \
                    for (int i = 0; i < half; i++) lanes[i] += lanes[i + half];                                        \
                total = lanes[0];                                                                                      \
                for (ptrdiff_t i = whole; i < d; i++) total += x[r][i] * w[c][i];                                      \
                if (a->bias) total += *(const REAL *)((const char *)a->bias + (c0 + c) * a->bias_stride);              \
                ((REAL *)a->scores)[(r0 + r) * a->n_classes + c0 + c] = total;                                         \
            }                                                                                                          \
    }
DEFINE_TILE(1, 8)
DEFINE_TILE(2, 4)
DEFINE_TILE(4, 3)
DEFINE_TILE(1, 1)
#undef DEFINE_TILE

/* All rows, classes [begin, end): a few classes at a time, so that W comes from memory once. */
static void R(few_scores)(const gd_few *a, ptrdiff_t begin, ptrdiff_t end) {
    for (ptrdiff_t c0 = begin; c0 < end; c0 += FEW_CLASSES) {
        ptrdiff_t c1 = c0 + FEW_CLASSES < end ? c0 + FEW_CLASSES : end;
        for (ptrdiff_t r = 0, rows; r < a->n_rows; r += rows) {
            ptrdiff_t left = a->n_rows - r, c = c0;
            rows = left >= 4 ? 4 : left >= 2 ? 2 : 1;
            if (rows == 4)
                for (; c + 3 <= c1; c += 3) R(few_4_3)(a, r, c);
            else if (rows == 2)
                for (; c + 4 <= c1; c += 4) R(few_2_4)(a, r, c);
            else
                for (; c + 8 <= c1; c += 8) R(few_1_8)(a, r, c);
            for (; c < c1; c++)
                for (ptrdiff_t one = 0; one < rows; one++) R(few_1_1)(a, r + one, c);
        }
    }
}

/* Of numbers that are finite, the differences to themselves are 0. */
static int R(few_finite)(const gd_few *a) {
    const REAL *s = a->scores;
    ptrdiff_t size = a->n_rows * a->n_classes, whole = size / LANES * LANES;
    VECTOR sums = BROADCAST((REAL)0);
    REAL rest = 0;
    for (ptrdiff_t i = 0; i < whole; i += LANES) {
        VECTOR here = LOAD(REAL, REAL)(s + i);
        sums += here - here;
    }
    for (int lane = 0; lane < LANES; lane++) rest += sums[lane];
    for (ptrdiff_t i = whole; i < size; i++) rest += s[i] - s[i];
    return rest == 0;
}
