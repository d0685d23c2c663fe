/* AVX-512 with VNNI: 32 registers of 64 bytes. */

#if !defined(VECTOR_BYTES)
#error "vectors/avx512.inc.h needs VECTOR_BYTES"
#endif

#include "vectors/x86.inc.h"

#define REGISTERS 32
#define HAS_FMA 1
#define KEEP_IN_REGISTER(vector) __asm__("" : "+v"(vector))

#define fma_vfloat(a, b, c) ((vfloat)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define fma_vdouble(a, b, c) ((vdouble)_mm512_fmadd_pd((__m512d)(a), (__m512d)(b), (__m512d)(c)))
#define max_vfloat(a, b) ((vfloat)_mm512_max_ps((__m512)(a), (__m512)(b)))
#define max_vdouble(a, b) ((vdouble)_mm512_max_pd((__m512d)(a), (__m512d)(b)))

/* What a row of sparse X has beyond whole vectors: eight floats, four floats, four doubles. */
#define fma_pair_float(a, b, c) ((pair_float)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define fma_quad_float(a, b, c) ((quad_float)_mm_fmadd_ps((__m128)(a), (__m128)(b), (__m128)(c)))
#define fma_quad_double(a, b, c) ((quad_double)_mm256_fmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c)))
#define low_pair_float(a) ((pair_float)_mm512_castps512_ps256((__m512)(a)))
#define low_quad_float(a) ((quad_float)_mm512_castps512_ps128((__m512)(a)))
#define low_quad_double(a) ((quad_double)_mm512_castpd512_pd256((__m512d)(a)))

#define HAS_CLAMP 1
INLINE vdouble clamp_vdouble(vdouble m, vdouble t) {
    __m512i turned = _mm512_ternarylogic_epi64((__m512i)m, (__m512i)t, _mm512_set1_epi64(INT64_MIN), 0x78); /* m ^ (t & sign) */
    return (vdouble)_mm512_range_pd((__m512d)turned, (__m512d)t, 2); /* the smaller magnitude, the first's sign */
}

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

INLINE void store_float_double(float *p, vdouble a) { _mm256_storeu_ps(p, _mm512_cvtpd_ps((__m512d)a)); }

INLINE vfloat rotated_float(vfloat a, ptrdiff_t by) {
    const vint32 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return (vfloat)_mm512_permutexvar_ps((__m512i)(lanes + (int32_t)by), (__m512)a); /* of a number its last 4 bits */
}
INLINE vdouble rotated_double(vdouble a, ptrdiff_t by) {
    const vint64 lanes = {0, 1, 2, 3, 4, 5, 6, 7};
    return (vdouble)_mm512_permutexvar_pd((__m512i)(lanes + (int64_t)by), (__m512d)a);
}

/* ---- integers ---- */
#define HAS_BYTE_SCORES 1
#define INTEGER_OPERATION(name, a, b) ((vint32)_mm512_##name((__m512i)(a), (__m512i)(b)))
INLINE vint32 load_bytes(const uint8_t *p) { return (vint32)_mm512_loadu_si512((const void *)p); }
INLINE vint32 load_score_bytes(const uint8_t *p) {
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
