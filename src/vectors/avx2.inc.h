/* AVX2 with fused multiply-adds and half precision: 16 registers of 32 bytes. */

#if !defined(VECTOR_BYTES)
#error "vectors/avx2.inc.h needs VECTOR_BYTES"
#endif

#include "vectors/x86.inc.h"

#define REGISTERS 16
#define HAS_FMA 1
#define KEEP_IN_REGISTER(vector) __asm__("" : "+x"(vector))

#define fma_vfloat(a, b, c) ((vfloat)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define fma_vdouble(a, b, c) ((vdouble)_mm256_fmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c)))
#define max_vfloat(a, b) ((vfloat)_mm256_max_ps((__m256)(a), (__m256)(b)))
#define max_vdouble(a, b) ((vdouble)_mm256_max_pd((__m256d)(a), (__m256d)(b)))

/* What a row of sparse X has beyond whole vectors: four floats. */
#define fma_quad_float(a, b, c) ((quad_float)_mm_fmadd_ps((__m128)(a), (__m128)(b), (__m128)(c)))
#define low_quad_float(a) ((quad_float)_mm256_castps256_ps128((__m256)(a)))

#define HAS_CLAMP 0

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

INLINE void store_float_double(float *p, vdouble a) { _mm_storeu_ps(p, _mm256_cvtpd_ps((__m256d)a)); }

INLINE vfloat rotated_float(vfloat a, ptrdiff_t by) {
    const vint32 lanes = {0, 1, 2, 3, 4, 5, 6, 7};
    return (vfloat)_mm256_permutevar8x32_ps((__m256)a, (__m256i)(lanes + (int32_t)by)); /* of a number its last 3 bits */
}
INLINE vdouble rotated_double(vdouble a, ptrdiff_t by) { return (vdouble)rotated_float((vfloat)a, 2 * by); }

/* ---- integers ---- */
#define HAS_BYTE_SCORES 0
#define INTEGER_OPERATION(name, a, b) ((vint32)_mm256_##name((__m256i)(a), (__m256i)(b)))
INLINE vint32 load_bytes(const uint8_t *p) { return (vint32)_mm256_loadu_si256((const __m256i *)p); }
INLINE vint32 load_score_bytes(const uint8_t *p) {
    return (vint32)_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)p));
}
INLINE vint32 broadcast_int32(int32_t a) { return (vint32)_mm256_set1_epi32(a); }
INLINE vint32 add_pairs(vint32 sum, vint32 x, vint32 w) { return sum + INTEGER_OPERATION(madd_epi16, x, w); }
INLINE unsigned greater_bits(vdouble a, vdouble b) {
    return (unsigned)_mm256_movemask_pd(_mm256_cmp_pd((__m256d)a, (__m256d)b, _CMP_GT_OQ));
}
INLINE vdouble widened_sums(vint32 a) {
    return (vdouble)_mm256_cvtepi32_pd(_mm256_castsi256_si128((__m256i)a)) +
           (vdouble)_mm256_cvtepi32_pd(_mm256_extracti128_si256((__m256i)a, 1));
}
