/* Vectors of one instruction set, for float and double: their types here, and what is written once for all of them. What
 * an instruction set has of its own (fused multiply-adds, loads that convert, sums of integers) is in its file of
 * vectors/, the only ones with intrinsics. */

#if defined(GD_AVX512)
#define VECTOR_BYTES 64
#elif defined(GD_AVX2)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
#define FLOAT_LANES (VECTOR_BYTES / 4)
#define DOUBLE_LANES (VECTOR_BYTES / 8)

typedef float vfloat __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef double vdouble __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef int32_t vint32 __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef int64_t vint64 __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef uint32_t vuint32 __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef uint64_t vuint64 __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef vfloat vfloat_unaligned __attribute__((aligned(4)));
typedef vdouble vdouble_unaligned __attribute__((aligned(8)));

#define INLINE static inline __attribute__((always_inline, unused))
#define APART static __attribute__((noinline))  /* a call for each block costs nothing, and leaves loops their registers */
#define LOCAL static __attribute__((unused)) /* in files that several units include: not all of them use it */

/* Lanes of two vectors, by constant numbers. GCC has clang's builtin since 12; before it the numbers are a vector of
 * whole numbers as wide as the lanes. */
#if defined(__clang__) || !defined(__GNUC__) || __GNUC__ >= 12
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define WHOLE(type, a) ((type __attribute__((vector_size(sizeof(a))))){0})
#define LANES_OF(a) __typeof__(__builtin_choose_expr(sizeof((a)[0]) == 4, WHOLE(int32_t, a), WHOLE(int64_t, a)))
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (LANES_OF(a)){__VA_ARGS__})
#endif

INLINE vfloat broadcast_float(float a) { return a - (vfloat){0}; }
INLINE vdouble broadcast_double(double a) { return a - (vdouble){0}; }

/* IEEE half precision -> float, in integers (for builds without a conversion instruction). */
INLINE float half_to_float(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16, magnitude = half & 0x7fffu;
    union {
        uint32_t bits;
        float value;
    } out;
    if (magnitude >= 0x7c00u) /* infinity, NaN */
        out.bits = sign | 0x7f800000u | ((magnitude & 0x3ffu) << 13);
    else if (magnitude >= 0x400u)
        out.bits = sign | ((magnitude + 0x1c000u) << 13);
    else { /* subnormal: magnitude * 2^-24 */
        out.value = (float)magnitude * 5.9604644775390625e-8f;
        out.bits |= sign;
    }
    return out.value;
}

typedef uint16_t half;

INLINE vfloat load_float_float(const float *p) { return *(const vfloat_unaligned *)p; }
INLINE vdouble load_double_double(const double *p) { return *(const vdouble_unaligned *)p; }

/* What each file of vectors/ gives:
 *   REGISTERS, HAS_FMA       by which tiles are chosen
 *   KEEP_IN_REGISTER(v)      v was loaded once: the compiler would rather read it again for each of its uses
 *   fma_, max_ (a, b)        max is a where a > b, else b
 *   HAS_CLAMP                1: clamp_vdouble(m, t), sign(t) * min(max(m, -|t|), |t|), in one instruction or two
 *   load_<to>_<from>         one vector of `to` from consecutive elements of `from`
 *   store_float_double       one vector of double as so many floats
 *   rotated_<type>(a, by)    lane i is a's lane (i + by) mod lanes, 0 <= by < lanes
 * and for integers, all of which vint32 carries:
 *   broadcast_int32, greater_bits (a bit for each lane where a > b)
 *   load_bytes               bytes of X, each less BYTES_LESS, as signed ones where that is not 0
 *   interleave_<bits>_<half> elements of a and b in turn, of 16-byte pieces their lower or upper half
 *   add_fours(sum, x, k)     to each 32-bit sum four products of bytes of X with signed bytes (not where HAS_SHORT_SUMS)
 *   add_pairs(sum, a, b)     to each 32-bit sum two products of 16-bit numbers from 0 to 255
 *   load_score_bytes, store_score_weight, add_score_products
 *                            SCORE_COLUMNS columns of X less SCORE_BYTES_LESS, weights for them, both multiplied and added
 *                            to 32-bit sums, column i to that of lane SCORE_LANE(i); weights are at most SCORE_WEIGHT_MOST,
 *                            columns at most SCORE_FEATURES_MOST
 *   widened_sums             the sum of these sums, as that of DOUBLE_LANES doubles
 *   HAS_BYTE_SCORES          1: add_fours is one instruction for any k; load_double_int32, store_int32_int64 are there */
#if defined(GD_AVX512)
#include "vectors/avx512.inc.h"
#elif defined(GD_AVX2)
#include "vectors/avx2.inc.h"
#elif defined(GD_NEON) || defined(GD_NEON_DOTPROD)
#include "vectors/neon.inc.h"
#elif defined(__SSE2__)
#include "vectors/sse2.inc.h"
#else
#include "vectors/plain.inc.h"
#endif

/* One element, for packing at any stride and alignment. */
INLINE double scalar_float(const char *p) {
    float a;
    memcpy(&a, p, sizeof a);
    return a;
}
INLINE double scalar_double(const char *p) {
    double a;
    memcpy(&a, p, sizeof a);
    return a;
}
INLINE double scalar_uint8_t(const char *p) { return *(const uint8_t *)p; }
INLINE double scalar_half(const char *p) {
    half a;
    memcpy(&a, p, sizeof a);
    return half_to_float(a);
}

/* Horizontal sums: LANES vectors -> the vector of their sums, in order. Each stage folds every
 * vector's partial sums to half as many and sets two vectors side by side. */
#define PAIR(a, b, low, high) (SHUFFLE(a, b, low) + SHUFFLE(a, b, high))
#define LOW_16_8 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define HIGH_16_8 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31
#define LOW_16_4 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27
#define HIGH_16_4 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31
#define LOW_16_2 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29
#define HIGH_16_2 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31
#define LOW_16_1 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define HIGH_16_1 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define LOW_8_4 0, 1, 2, 3, 8, 9, 10, 11
#define HIGH_8_4 4, 5, 6, 7, 12, 13, 14, 15
#define LOW_8_2 0, 1, 4, 5, 8, 9, 12, 13
#define HIGH_8_2 2, 3, 6, 7, 10, 11, 14, 15
#define LOW_8_1 0, 2, 4, 6, 8, 10, 12, 14
#define HIGH_8_1 1, 3, 5, 7, 9, 11, 13, 15
#define LOW_4_2 0, 1, 4, 5
#define HIGH_4_2 2, 3, 6, 7
#define LOW_4_1 0, 2, 4, 6
#define HIGH_4_1 1, 3, 5, 7
#define LOW_2_1 0, 2
#define HIGH_2_1 1, 3
#define FOLD(lanes, part, v, n)                                                                                        \
    for (int i_ = 0; i_ < (n); i_++) (v)[i_] = PAIR((v)[2 * i_], (v)[2 * i_ + 1], PASTE_LOW(lanes, part), PASTE_HIGH(lanes, part))
#define PASTE_LOW(lanes, part) LOW_##lanes##_##part
#define PASTE_HIGH(lanes, part) HIGH_##lanes##_##part

INLINE vfloat sums_float(vfloat *v) {
#if FLOAT_LANES == 16
    FOLD(16, 8, v, 8);
    FOLD(16, 4, v, 4);
    FOLD(16, 2, v, 2);
    FOLD(16, 1, v, 1);
#elif FLOAT_LANES == 8
    FOLD(8, 4, v, 4);
    FOLD(8, 2, v, 2);
    FOLD(8, 1, v, 1);
#else
    FOLD(4, 2, v, 2);
    FOLD(4, 1, v, 1);
#endif
    return v[0];
}
INLINE vdouble sums_double(vdouble *v) {
#if DOUBLE_LANES == 8
    FOLD(8, 4, v, 4);
    FOLD(8, 2, v, 2);
    FOLD(8, 1, v, 1);
#elif DOUBLE_LANES == 4
    FOLD(4, 2, v, 2);
    FOLD(4, 1, v, 1);
#else
    FOLD(2, 1, v, 1);
#endif
    return v[0];
}
#if HAS_BYTE_SCORES
INLINE vint32 sums_int32(vint32 *v) {
#if FLOAT_LANES == 16
    FOLD(16, 8, v, 8);
    FOLD(16, 4, v, 4);
    FOLD(16, 2, v, 2);
    FOLD(16, 1, v, 1);
#else
    FOLD(4, 2, v, 2);
    FOLD(4, 1, v, 1);
#endif
    return v[0];
}
#endif
