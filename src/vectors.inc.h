/* Vector types and loads of one instruction set, for float and double; the only file with intrinsics. */

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

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

/* Loaded once and kept: the compiler would rather read a vector again for each of its uses. */
#if defined(GD_AVX512)
#define KEEP_IN_REGISTER(vector) __asm__("" : "+v"(vector))
#elif defined(__x86_64__)
#define KEEP_IN_REGISTER(vector) __asm__("" : "+x"(vector))
#else
#define KEEP_IN_REGISTER(vector) (void)(vector)
#endif

#if defined(GD_AVX512)
#define fma_vfloat(a, b, c) ((vfloat)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define fma_vdouble(a, b, c) ((vdouble)_mm512_fmadd_pd((__m512d)(a), (__m512d)(b), (__m512d)(c)))
#define max_vfloat(a, b) ((vfloat)_mm512_max_ps((__m512)(a), (__m512)(b)))
#define max_vdouble(a, b) ((vdouble)_mm512_max_pd((__m512d)(a), (__m512d)(b)))
#elif defined(GD_AVX2)
#define fma_vfloat(a, b, c) ((vfloat)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define fma_vdouble(a, b, c) ((vdouble)_mm256_fmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c)))
#define max_vfloat(a, b) ((vfloat)_mm256_max_ps((__m256)(a), (__m256)(b)))
#define max_vdouble(a, b) ((vdouble)_mm256_max_pd((__m256d)(a), (__m256d)(b)))
#elif defined(__SSE2__)
#define fma_vfloat(a, b, c) ((a) * (b) + (c))
#define fma_vdouble(a, b, c) ((a) * (b) + (c))
#define max_vfloat(a, b) ((vfloat)_mm_max_ps((__m128)(a), (__m128)(b)))
#define max_vdouble(a, b) ((vdouble)_mm_max_pd((__m128d)(a), (__m128d)(b)))
#else
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
#endif

/* sign(t) * min(max(m, -|t|), |t|), in one instruction where there is one */
#if defined(GD_AVX512)
#define HAS_CLAMP 1
INLINE vdouble clamp_vdouble(vdouble m, vdouble t) {
    __m512i turned = _mm512_ternarylogic_epi64((__m512i)m, (__m512i)t, _mm512_set1_epi64(INT64_MIN), 0x78); /* m ^ (t & sign) */
    return (vdouble)_mm512_range_pd((__m512d)turned, (__m512d)t, 2); /* the smaller magnitude, the first's sign */
}
#else
#define HAS_CLAMP 0
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

/* load_<to>_<from>: one vector of `to` from consecutive elements of `from` */
INLINE vfloat load_float_float(const float *p) { return *(const vfloat_unaligned *)p; }
INLINE vdouble load_double_double(const double *p) { return *(const vdouble_unaligned *)p; }

#if defined(GD_AVX512)
INLINE vfloat load_float_uint8_t(const uint8_t *p) {
    return (vfloat)_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)));
}
INLINE vfloat load_float_half(const half *p) { return (vfloat)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }
INLINE vdouble load_double_float(const float *p) { return (vdouble)_mm512_cvtps_pd(_mm256_loadu_ps(p)); }
INLINE vdouble load_double_uint8_t(const uint8_t *p) {
    return (vdouble)_mm512_cvtepi32_pd(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
INLINE vdouble load_double_half(const half *p) {
    return (vdouble)_mm512_cvtps_pd(_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)));
}
#elif defined(GD_AVX2)
INLINE vfloat load_float_uint8_t(const uint8_t *p) {
    return (vfloat)_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
INLINE vfloat load_float_half(const half *p) { return (vfloat)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }
INLINE vdouble load_double_float(const float *p) { return (vdouble)_mm256_cvtps_pd(_mm_loadu_ps(p)); }
INLINE vdouble load_double_uint8_t(const uint8_t *p) {
    int32_t four;
    memcpy(&four, p, 4);
    return (vdouble)_mm256_cvtepi32_pd(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(four)));
}
INLINE vdouble load_double_half(const half *p) {
    return (vdouble)_mm256_cvtps_pd(_mm_cvtph_ps(_mm_loadl_epi64((const __m128i *)p)));
}
#else
#if defined(__SSE2__)
INLINE vfloat load_float_uint8_t(const uint8_t *p) {
    int32_t four;
    memcpy(&four, p, 4);
    __m128i zero = _mm_setzero_si128();
    return (vfloat)_mm_cvtepi32_ps(_mm_unpacklo_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(four), zero), zero));
}
#else
INLINE vfloat load_float_uint8_t(const uint8_t *p) { return (vfloat){p[0], p[1], p[2], p[3]}; }
#endif
INLINE vfloat load_float_half(const half *p) {
    return (vfloat){half_to_float(p[0]), half_to_float(p[1]), half_to_float(p[2]), half_to_float(p[3])};
}
INLINE vdouble load_double_float(const float *p) { return (vdouble){p[0], p[1]}; }
INLINE vdouble load_double_uint8_t(const uint8_t *p) { return (vdouble){p[0], p[1]}; }
INLINE vdouble load_double_half(const half *p) { return (vdouble){half_to_float(p[0]), half_to_float(p[1])}; }
#endif

/* One vector of double as so many floats. */
#if defined(GD_AVX512)
INLINE void store_float_double(float *p, vdouble a) { _mm256_storeu_ps(p, _mm512_cvtpd_ps((__m512d)a)); }
#elif defined(GD_AVX2)
INLINE void store_float_double(float *p, vdouble a) { _mm_storeu_ps(p, _mm256_cvtpd_ps((__m256d)a)); }
#elif defined(__SSE2__)
INLINE void store_float_double(float *p, vdouble a) { _mm_storel_pi((__m64 *)p, _mm_cvtpd_ps((__m128d)a)); }
#else
INLINE void store_float_double(float *p, vdouble a) {
    p[0] = (float)a[0];
    p[1] = (float)a[1];
}
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

/* Lane i of the result is lane (i + by) mod lanes, 0 <= by < lanes. */
#if defined(GD_AVX512)
INLINE vfloat rotated_float(vfloat a, ptrdiff_t by) {
    const vint32 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return (vfloat)_mm512_permutexvar_ps((__m512i)(lanes + (int32_t)by), (__m512)a); /* of a number its last 4 bits */
}
INLINE vdouble rotated_double(vdouble a, ptrdiff_t by) {
    const vint64 lanes = {0, 1, 2, 3, 4, 5, 6, 7};
    return (vdouble)_mm512_permutexvar_pd((__m512i)(lanes + (int64_t)by), (__m512d)a);
}
#elif defined(GD_AVX2)
INLINE vfloat rotated_float(vfloat a, ptrdiff_t by) {
    const vint32 lanes = {0, 1, 2, 3, 4, 5, 6, 7};
    return (vfloat)_mm256_permutevar8x32_ps((__m256)a, (__m256i)(lanes + (int32_t)by)); /* of a number its last 3 bits */
}
INLINE vdouble rotated_double(vdouble a, ptrdiff_t by) { return (vdouble)rotated_float((vfloat)a, 2 * by); }
#else
#define ROTATED_IN_MEMORY(type)                                                                                        \
    type twice[2 * sizeof a / sizeof(type)], *from = twice + by;                                                       \
    memcpy(twice, &a, sizeof a);                                                                                       \
    memcpy(twice + sizeof a / sizeof(type), &a, sizeof a);                                                             \
    memcpy(&a, from, sizeof a);                                                                                        \
    return a;
INLINE vfloat rotated_float(vfloat a, ptrdiff_t by) { ROTATED_IN_MEMORY(float) }
INLINE vdouble rotated_double(vdouble a, ptrdiff_t by) { ROTATED_IN_MEMORY(double) }
#undef ROTATED_IN_MEMORY
#endif

#if FLOAT_LANES == 16
INLINE vint32 sums_int32(vint32 *v) {
    FOLD(16, 8, v, 8);
    FOLD(16, 4, v, 4);
    FOLD(16, 2, v, 2);
    FOLD(16, 1, v, 1);
    return v[0];
}
#endif

/* ---- integers: bytes of X, 16-bit weights, sums in 32 bits (vint32 carries all of them) ---- */
#if defined(__SSE2__)
#if defined(GD_AVX512)
#define INTEGER_OPERATION(name, a, b) ((vint32)_mm512_##name((__m512i)(a), (__m512i)(b)))
INLINE vint32 load_bytes(const uint8_t *p) { return (vint32)_mm512_loadu_si512((const void *)p); }
INLINE vint32 load_int16_uint8_t(const uint8_t *p) {
    return (vint32)_mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)p));
}
INLINE vint32 broadcast_int32(int32_t a) { return (vint32)_mm512_set1_epi32(a); }
/* One line of assembly each: gcc 12 wraps the intrinsics in copies of the accumulator. */
INLINE vint32 add_pairs(vint32 sum, vint32 x, vint32 w) {
    __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
    return sum;
}
INLINE vint32 add_fours(vint32 sum, vint32 x, vint32 k) {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(k));
    return sum;
}
INLINE vdouble load_double_int32(const int32_t *p) {
    return (vdouble)_mm512_cvtepi32_pd(_mm256_loadu_si256((const __m256i *)p));
}
INLINE void store_int32_int64(int32_t *p, vint64 a) {
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi64_epi32((__m512i)a));
}
INLINE unsigned greater_bits(vdouble a, vdouble b) {
    return _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_GT_OQ);
}
INLINE vdouble widened_sums(vint32 a) {
    return (vdouble)_mm512_cvtepi32_pd(_mm512_castsi512_si256((__m512i)a)) +
           (vdouble)_mm512_cvtepi32_pd(_mm512_extracti64x4_epi64((__m512i)a, 1));
}
#elif defined(GD_AVX2)
#define INTEGER_OPERATION(name, a, b) ((vint32)_mm256_##name((__m256i)(a), (__m256i)(b)))
INLINE vint32 load_bytes(const uint8_t *p) { return (vint32)_mm256_loadu_si256((const __m256i *)p); }
INLINE vint32 load_int16_uint8_t(const uint8_t *p) {
    return (vint32)_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)p));
}
INLINE vint32 broadcast_int32(int32_t a) { return (vint32)_mm256_set1_epi32(a); }
/* Pairs of byte products must fit 16 bits: |k| + |k'| <= 128 for neighbours. */
INLINE vint32 add_fours(vint32 sum, vint32 x, vint32 k) {
    return sum + INTEGER_OPERATION(madd_epi16, INTEGER_OPERATION(maddubs_epi16, x, k), _mm256_set1_epi16(1));
}
INLINE unsigned greater_bits(vdouble a, vdouble b) {
    return (unsigned)_mm256_movemask_pd(_mm256_cmp_pd((__m256d)a, (__m256d)b, _CMP_GT_OQ));
}
INLINE vdouble widened_sums(vint32 a) {
    return (vdouble)_mm256_cvtepi32_pd(_mm256_castsi256_si128((__m256i)a)) +
           (vdouble)_mm256_cvtepi32_pd(_mm256_extracti128_si256((__m256i)a, 1));
}
#else
#define INTEGER_OPERATION(name, a, b) ((vint32)_mm_##name((__m128i)(a), (__m128i)(b)))
INLINE vint32 load_bytes(const uint8_t *p) { return (vint32)_mm_loadu_si128((const __m128i *)p); }
INLINE vint32 load_int16_uint8_t(const uint8_t *p) {
    return (vint32)_mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i *)p), _mm_setzero_si128());
}
INLINE vint32 broadcast_int32(int32_t a) { return (vint32)_mm_set1_epi32(a); }
/* Even and odd bytes apart, as 16-bit numbers. */
INLINE vint32 add_fours(vint32 sum, vint32 x, vint32 k) {
    __m128i bytes = (__m128i)x, few = (__m128i)k;
    __m128i even = _mm_madd_epi16(_mm_and_si128(bytes, _mm_set1_epi16(255)), _mm_srai_epi16(_mm_slli_epi16(few, 8), 8));
    __m128i odd = _mm_madd_epi16(_mm_srli_epi16(bytes, 8), _mm_srai_epi16(few, 8));
    return sum + (vint32)even + (vint32)odd;
}
INLINE unsigned greater_bits(vdouble a, vdouble b) {
    return (unsigned)_mm_movemask_pd(_mm_cmpgt_pd((__m128d)a, (__m128d)b));
}
INLINE vdouble widened_sums(vint32 a) {
    return (vdouble)_mm_cvtepi32_pd((__m128i)a) + (vdouble)_mm_cvtepi32_pd(_mm_unpackhi_epi64((__m128i)a, (__m128i)a));
}
#endif
#if !defined(GD_AVX512)
INLINE vint32 add_pairs(vint32 sum, vint32 x, vint32 w) { return sum + INTEGER_OPERATION(madd_epi16, x, w); }
#endif
#define interleave_8_low(a, b) INTEGER_OPERATION(unpacklo_epi8, a, b)
#define interleave_8_high(a, b) INTEGER_OPERATION(unpackhi_epi8, a, b)
#define interleave_16_low(a, b) INTEGER_OPERATION(unpacklo_epi16, a, b)
#define interleave_16_high(a, b) INTEGER_OPERATION(unpackhi_epi16, a, b)
#else
INLINE vint32 broadcast_int32(int32_t a) { return a - (vint32){0}; }
INLINE vint32 add_pairs(vint32 sum, vint32 x, vint32 w) {
    return sum + ((x << 16) >> 16) * ((w << 16) >> 16) + (x >> 16) * (w >> 16);
}
#endif
