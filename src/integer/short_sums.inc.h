/* A block's share of the gradient of uint8 X where products of bytes add up in 16 bits (AVX2): half the instructions of
 * sums in 32 bits. They start at zero for every strip of columns, take as many groups of four rows as surely fit, and
 * are added to the gradient. */

#if !HAS_SHORT_SUMS || !defined(EACH_INTEGER_TILE) || !defined(INTEGER_BLOCK_ROWS)
#error "integer/short_sums.inc.h needs HAS_SHORT_SUMS, EACH_INTEGER_TILE, INTEGER_BLOCK_ROWS"
#endif

/* Products of four bytes as the sums of two pairs, added to sums of 16 bits; |k| + |k'| <= 128 for neighbours. The compiler
 * would gather the products of many sums before it adds them, and spill the sums: assembly keeps the order. */
INLINE vint32 add_short_fours(vint32 sum, vint32 x, vint32 k) {
    vint32 pairs = INTEGER_OPERATION(maddubs_epi16, x, k);
    __asm__ volatile("vpaddw %1, %0, %0" : "+x"(sum) : "x"(pairs));
    return sum;
}
INLINE vint32 add_short_sums(vint32 sum, vint32 shorts) { return add_pairs(sum, shorts, broadcast_int32(0x10001)); }

/* Sets the bytes of four rows side by side, for PADDED_COLUMNS columns (a line of the cache) from `first` on:
 * GROUP_VECTORS vectors a group. */
APART void short_gather(const uint8_t *const *rows, ptrdiff_t first, int n_groups, vint32 *interleaved) {
    for (int group = 0; group < n_groups; group++)
        _Pragma("GCC unroll 2") for (int part = 0; part < PADDED_COLUMNS / VECTOR_BYTES; part++) {
            vint32 x[4], ab, cd;
            _Pragma("GCC unroll 4") for (int r = 0; r < 4; r++)
                x[r] = load_bytes(rows[4 * group + r] + first + part * VECTOR_BYTES);
            ab = interleave_8_low(x[0], x[1]);
            cd = interleave_8_low(x[2], x[3]);
            *interleaved++ = interleave_16_low(ab, cd);
            *interleaved++ = interleave_16_high(ab, cd);
            ab = interleave_8_high(x[0], x[1]);
            cd = interleave_8_high(x[2], x[3]);
            *interleaved++ = interleave_16_low(ab, cd);
            *interleaved++ = interleave_16_high(ab, cd);
        }
}

/* Two vectors of each group: g[2][class] += four coefficients * four rows. */
#define DEFINE_SHORT_GRADIENT(CLASSES, MANY)                                                                           \
    static void short_gradient_##CLASSES(const vint32 *interleaved, int n_groups, int at_once,                         \
                                         const int32_t *coefficients, vint32 *g) {                                     \
        for (int group = 0, stop; group < n_groups;) {                                                                 \
            vint32 acc[2][CLASSES];                                                                                    \
            stop = n_groups - group < at_once ? n_groups : group + at_once;                                            \
            _Pragma("GCC unroll 2") for (int q = 0; q < 2; q++)                                                        \
                _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) acc[q][c] = (vint32){0};                    \
            for (; group < stop; group++) {                                                                            \
                vint32 left = interleaved[GROUP_VECTORS * group], right = interleaved[GROUP_VECTORS * group + 1];      \
                _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                           \
                    vint32 b = broadcast_int32(coefficients[group * CLASSES + c]);                                     \
                    acc[0][c] = add_short_fours(acc[0][c], left, b);                                                   \
                    acc[1][c] = add_short_fours(acc[1][c], right, b);                                                  \
                }                                                                                                      \
            }                                                                                                          \
            _Pragma("GCC unroll 2") for (int q = 0; q < 2; q++)                                                        \
                _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++)                                             \
                    g[q * CLASSES + c] = add_short_sums(g[q * CLASSES + c], acc[q][c]);                                \
        }                                                                                                              \
    }
#define SHORT_GRADIENT(CLASSES, MANY) short_gradient_##CLASSES

EACH_INTEGER_TILE(DEFINE_SHORT_GRADIENT, )

static void (*const short_gradients[])(const vint32 *, int, int, const int32_t *, vint32 *) = {
    NULL, EACH_INTEGER_TILE(SHORT_GRADIENT, COMMA)};

static void integer_gradient(const integer_job *j, const integer_block *b, const int8_t *coefficients,
                             vint32 *interleaved, int32_t *gradient) {
    const uint8_t *rows[INTEGER_ENTRIES_MOST + 3], *tails[INTEGER_ENTRIES_MOST + 3];
    int n_groups = b->n_entries / 4;
    for (int a = 0; a < b->n_entries; a++) {
        rows[a] = b->rows[b->entries[a]];
        tails[a] = b->tails[b->entries[a]];
    }
    for (ptrdiff_t from = 0; from < j->columns; from += PADDED_COLUMNS) {
        int tail = from >= j->whole;
        short_gather(tail ? tails : rows, tail ? 0 : from, n_groups, interleaved);
        for (ptrdiff_t c0 = 0, tile = 0, classes; tile < j->n_tiles; tile++, c0 += classes) {
            classes = integer_tile_classes(j, tile);
            const int32_t *words = (const int32_t *)(coefficients + 4 * c0 * j->group_room);
            vint32 *g = (vint32 *)(gradient + c0 * j->columns + from * classes);
            for (int q = 0; q < GROUP_VECTORS; q += 2)
                short_gradients[classes](interleaved + q, n_groups, b->groups_at_once, words, g + q * classes);
        }
    }
}
