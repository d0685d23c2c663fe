/* SSE2, what every x86-64 has: 16 registers of 16 bytes, no fused multiply-adds. */

#if !defined(VECTOR_BYTES)
#error "vectors/sse2.inc.h needs VECTOR_BYTES"
#endif

#include "vectors/portable.inc.h"
#include "vectors/x86.inc.h"

#define REGISTERS 16
#define HAS_FMA 0
#define KEEP_IN_REGISTER(vector) __asm__("" : "+x"(vector))

#define fma_vfloat(a, b, c) ((a) * (b) + (c))
#define fma_vdouble(a, b, c) ((a) * (b) + (c))
#define max_vfloat(a, b) ((vfloat)_mm_max_ps((__m128)(a), (__m128)(b)))
#define max_vdouble(a, b) ((vdouble)_mm_max_pd((__m128d)(a), (__m128d)(b)))

#define HAS_CLAMP 0

INLINE vfloat load_float_uint8_t(const uint8_t *p) {
    int32_t four;
    memcpy(&four, p, 4);
    __m128i zero = _mm_setzero_si128();
    return (vfloat)_mm_cvtepi32_ps(_mm_unpacklo_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(four), zero), zero));
}

INLINE void store_float_double(float *p, vdouble a) { _mm_storel_pi((__m64 *)p, _mm_cvtpd_ps((__m128d)a)); }

/* ---- integers ---- */
#define HAS_BYTE_SCORES 0
#define INTEGER_OPERATION(name, a, b) ((vint32)_mm_##name((__m128i)(a), (__m128i)(b)))
INLINE vint32 load_bytes(const uint8_t *p) { return (vint32)_mm_loadu_si128((const __m128i *)p); }
INLINE vint32 load_score_bytes(const uint8_t *p) {
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
INLINE vint32 add_pairs(vint32 sum, vint32 x, vint32 w) { return sum + INTEGER_OPERATION(madd_epi16, x, w); }
INLINE unsigned greater_bits(vdouble a, vdouble b) {
    return (unsigned)_mm_movemask_pd(_mm_cmpgt_pd((__m128d)a, (__m128d)b));
}
INLINE vdouble widened_sums(vint32 a) {
    return (vdouble)_mm_cvtepi32_pd((__m128i)a) + (vdouble)_mm_cvtepi32_pd(_mm_unpackhi_epi64((__m128i)a, (__m128i)a));
}
