/* NEON, what every arm64 has: 32 registers of 16 bytes, fused multiply-adds; and a table more for processors that add up
 * products of four bytes in one instruction (FEAT_DotProd).
 *
 * Where bytes are multiplied by signed ones they are taken less 128, as signed bytes: SDOT and SMULL have no operands of
 * both kinds. What is missing, 128 times a sum of the other factors, is the same for all columns and is added at the end.
 * So USDOT (i8mm), which has, would save one EOR for each vector that is loaded, and no more. */

#if !defined(VECTOR_BYTES)
#error "vectors/neon.inc.h needs VECTOR_BYTES"
#endif

#include <arm_neon.h>

#define REGISTERS 32
#define HAS_FMA 1
#define KEEP_IN_REGISTER(vector) (void)(vector) /* no instruction has an operand in memory */

#define fma_vfloat(a, b, c) ((vfloat)vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b)))
#define fma_vdouble(a, b, c) ((vdouble)vfmaq_f64((float64x2_t)(c), (float64x2_t)(a), (float64x2_t)(b)))
INLINE vfloat max_vfloat(vfloat a, vfloat b) {
    return (vfloat)vbslq_f32(vcgtq_f32((float32x4_t)a, (float32x4_t)b), (float32x4_t)a, (float32x4_t)b);
}
INLINE vdouble max_vdouble(vdouble a, vdouble b) {
    return (vdouble)vbslq_f64(vcgtq_f64((float64x2_t)a, (float64x2_t)b), (float64x2_t)a, (float64x2_t)b);
}
#define HAS_CLAMP 0

INLINE vfloat load_float_uint8_t(const uint8_t *p) {
    uint32_t four;
    memcpy(&four, p, sizeof four);
    return (vfloat)vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(four)))));
}
INLINE vfloat load_float_half(const half *p) { return (vfloat)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
INLINE vdouble load_double_float(const float *p) { return (vdouble)vcvt_f64_f32(vld1_f32(p)); }
INLINE vdouble load_double_uint8_t(const uint8_t *p) {
    uint16_t two;
    memcpy(&two, p, sizeof two);
    uint32x4_t wide = vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(two))));
    return (vdouble)vcvtq_f64_u64(vmovl_u32(vget_low_u32(wide)));
}
INLINE vdouble load_double_half(const half *p) {
    uint32_t two;
    memcpy(&two, p, sizeof two);
    return (vdouble)vcvt_f64_f32(vget_low_f32(vcvt_f32_f16(vreinterpret_f16_u64(vcreate_u64(two)))));
}

INLINE void store_float_double(float *p, vdouble a) { vst1_f32(p, vcvt_f32_f64((float64x2_t)a)); }

INLINE vint32 rotated_bytes(vint32 a, ptrdiff_t by) {
    const uint8x16_t bytes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    uint8x16_t from = vandq_u8(vaddq_u8(bytes, vdupq_n_u8((uint8_t)by)), vdupq_n_u8(15));
    return (vint32)vqtbl1q_u8((uint8x16_t)a, from);
}
INLINE vfloat rotated_float(vfloat a, ptrdiff_t by) { return (vfloat)rotated_bytes((vint32)a, 4 * by); }
INLINE vdouble rotated_double(vdouble a, ptrdiff_t by) { return (vdouble)rotated_bytes((vint32)a, 8 * by); }

/* ---- integers ---- */
#define BYTES_LESS 128
INLINE vint32 broadcast_int32(int32_t a) { return (vint32)vdupq_n_s32(a); }
INLINE vint32 load_bytes(const uint8_t *p) { return (vint32)veorq_u8(vld1q_u8(p), vdupq_n_u8(BYTES_LESS)); }
#define interleave_8_low(a, b) ((vint32)vzip1q_u8((uint8x16_t)(a), (uint8x16_t)(b)))
#define interleave_8_high(a, b) ((vint32)vzip2q_u8((uint8x16_t)(a), (uint8x16_t)(b)))
#define interleave_16_low(a, b) ((vint32)vzip1q_u16((uint16x8_t)(a), (uint16x8_t)(b)))
#define interleave_16_high(a, b) ((vint32)vzip2q_u16((uint16x8_t)(a), (uint16x8_t)(b)))
INLINE unsigned greater_bits(vdouble a, vdouble b) {
    uint64x2_t greater = vcgtq_f64((float64x2_t)a, (float64x2_t)b);
    return (unsigned)((vgetq_lane_u64(greater, 0) & 1) | (vgetq_lane_u64(greater, 1) & 2));
}
INLINE vdouble load_double_int32(const int32_t *p) { return (vdouble)vcvtq_f64_s64(vmovl_s32(vld1_s32(p))); }
INLINE void store_int32_int64(int32_t *p, vint64 a) { vst1_s32(p, vmovn_s64((int64x2_t)a)); }

#if defined(GD_NEON_DOTPROD)
#define HAS_BYTE_SCORES 1
INLINE vint32 add_fours(vint32 sum, vint32 x, vint32 k) {
    return (vint32)vdotq_s32((int32x4_t)sum, (int8x16_t)x, (int8x16_t)k);
}
INLINE vint32 add_pairs(vint32 sum, vint32 a, vint32 b) { /* of bytes: every other one is 0 */
    return (vint32)vdotq_u32((uint32x4_t)sum, (uint8x16_t)a, (uint8x16_t)b);
}
/* Weights for scores: 8 low bytes, 8 high ones, beside the same 8 columns twice. Sums of up to 2^17 columns fit 32 bits. */
#define SCORE_BYTES_LESS BYTES_LESS
#define SCORE_WEIGHT_MOST 32639 /* 127 * 257 */
#define SCORE_FEATURES_MOST (1 << 17)
#define SCORE_LANE(column) ((column) % 4)
#define add_score_products add_fours
INLINE vint32 load_score_bytes(const uint8_t *p) {
    uint64_t eight;
    memcpy(&eight, p, sizeof eight);
    return (vint32)veorq_u8(vreinterpretq_u8_u64(vdupq_n_u64(eight)), vdupq_n_u8(SCORE_BYTES_LESS));
}
INLINE void store_score_weight(int16_t *vector, ptrdiff_t column, int q) {
    int low = (q & 255) - ((q & 128) << 1);
    ((int8_t *)vector)[column] = (int8_t)low;
    ((int8_t *)vector)[8 + column] = (int8_t)((q - low) / 256);
}
INLINE vdouble widened_sums(vint32 a) {
    int32x2_t low = vget_low_s32((int32x4_t)a), high = vget_high_s32((int32x4_t)a);
    return (vdouble)vcvtq_f64_s64(vaddq_s64(vmovl_s32(low), vshll_n_s32(high, 8)));
}
#else
#define HAS_BYTE_SCORES 0
/* Pairs of products must fit 16 bits: |k| + |k'| <= 128 for neighbours. */
INLINE vint32 add_fours(vint32 sum, vint32 x, vint32 k) {
    int8x16_t a = (int8x16_t)x, b = (int8x16_t)k;
    int16x8_t pairs = vpaddq_s16(vmull_s8(vget_low_s8(a), vget_low_s8(b)), vmull_high_s8(a, b));
    return (vint32)vpadalq_s16((int32x4_t)sum, pairs);
}
INLINE vint32 add_pairs(vint32 sum, vint32 x, vint32 w) {
    int16x8_t a = (int16x8_t)x, b = (int16x8_t)w;
    int32x4_t products = vpaddq_s32(vmull_s16(vget_low_s16(a), vget_low_s16(b)), vmull_high_s16(a, b));
    return (vint32)vaddq_s32((int32x4_t)sum, products);
}
#define SCORE_BYTES_LESS 0
#define SCORE_WEIGHT_MOST 32767
#define SCORE_FEATURES_MOST (1 << 20)
#define SCORE_LANE(column) ((column) % 4) /* column and column + 4 go into the same sum */
INLINE vint32 add_score_products(vint32 sum, vint32 x, vint32 w) {
    int16x8_t a = (int16x8_t)x, b = (int16x8_t)w;
    return (vint32)vmlal_high_s16(vmlal_s16((int32x4_t)sum, vget_low_s16(a), vget_low_s16(b)), a, b);
}
INLINE vint32 load_score_bytes(const uint8_t *p) { return (vint32)vmovl_u8(vld1_u8(p)); }
INLINE void store_score_weight(int16_t *vector, ptrdiff_t column, int q) { vector[column] = (int16_t)q; }
INLINE vdouble widened_sums(vint32 a) {
    return (vdouble)vcvtq_f64_s64(vaddl_s32(vget_low_s32((int32x4_t)a), vget_high_s32((int32x4_t)a)));
}
#endif
