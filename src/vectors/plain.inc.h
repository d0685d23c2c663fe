/* Any other processor, in C alone: the compiler makes what it can of vectors of 16 bytes. */

#if !defined(VECTOR_BYTES)
#error "vectors/plain.inc.h needs VECTOR_BYTES"
#endif

#include "vectors/portable.inc.h"

#define REGISTERS 16
#define HAS_FMA 0
#define HAS_CLAMP 0
#define KEEP_IN_REGISTER(vector) (void)(vector)

#define fma_vfloat(a, b, c) ((a) * (b) + (c))
#define fma_vdouble(a, b, c) ((a) * (b) + (c))
INLINE vfloat max_vfloat(vfloat a, vfloat b) {
    vint32 greater = a > b;
    return (vfloat)(((vint32)a & greater) | ((vint32)b & ~greater));
}
INLINE vdouble max_vdouble(vdouble a, vdouble b) {
    vint64 greater = a > b;
    return (vdouble)(((vint64)a & greater) | ((vint64)b & ~greater));
}

INLINE vfloat load_float_uint8_t(const uint8_t *p) { return (vfloat){p[0], p[1], p[2], p[3]}; }

INLINE void store_float_double(float *p, vdouble a) {
    p[0] = (float)a[0];
    p[1] = (float)a[1];
}

/* ---- integers: in memory's order of bytes, which may be either ---- */
#define BYTES_LESS 0
#define HAS_BYTE_SCORES 0
INLINE vint32 broadcast_int32(int32_t a) { return a - (vint32){0}; }
INLINE vint32 add_pairs(vint32 sum, vint32 x, vint32 w) {
    return sum + ((x << 16) >> 16) * ((w << 16) >> 16) + (x >> 16) * (w >> 16);
}
/* Each byte as the lowest of 32 bits, of k with its sign. */
INLINE vint32 add_fours(vint32 sum, vint32 x, vint32 k) {
    vint32 low = (x & 255) * ((k << 24) >> 24) + (x >> 8 & 255) * ((k << 16) >> 24);
    return sum + low + (x >> 16 & 255) * ((k << 8) >> 24) + (x >> 24 & 255) * (k >> 24);
}
INLINE vint32 load_bytes(const uint8_t *p) {
    vint32 a;
    memcpy(&a, p, sizeof a);
    return a;
}
/* Pieces of so many bytes from a and b in turn, from byte `first` of each on. */
INLINE vint32 in_turn(vint32 a, vint32 b, size_t piece, size_t first) {
    char out[sizeof a];
    for (size_t i = 0; i < sizeof a / 2; i += piece) {
        memcpy(out + 2 * i, (const char *)&a + first + i, piece);
        memcpy(out + 2 * i + piece, (const char *)&b + first + i, piece);
    }
    memcpy(&a, out, sizeof a);
    return a;
}
#define interleave_8_low(a, b) in_turn(a, b, 1, 0)
#define interleave_8_high(a, b) in_turn(a, b, 1, 8)
#define interleave_16_low(a, b) in_turn(a, b, 2, 0)
#define interleave_16_high(a, b) in_turn(a, b, 2, 8)
#define SCORE_BYTES_LESS 0
#define SCORE_WEIGHT_MOST 32767
#define SCORE_FEATURES_MOST (1 << 20)
#define SCORE_LANE(column) ((column) % SCORE_COLUMNS / 2)
#define add_score_products add_pairs
INLINE vint32 load_score_bytes(const uint8_t *p) {
    const int16_t wide[] = {p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]};
    vint32 a;
    memcpy(&a, wide, sizeof a);
    return a;
}
INLINE void store_score_weight(int16_t *vector, ptrdiff_t column, int q) { vector[column] = (int16_t)q; }
INLINE unsigned greater_bits(vdouble a, vdouble b) { return (unsigned)(a[0] > b[0]) | (unsigned)(a[1] > b[1]) << 1; }
INLINE vdouble widened_sums(vint32 a) { return (vdouble){(double)a[0] + (double)a[2], (double)a[1] + (double)a[3]}; }
