/* What vectors of 16 bytes do element by element, or in memory, where there is no instruction for it. */

#if !defined(VECTOR_BYTES)
#error "vectors/portable.inc.h needs VECTOR_BYTES"
#endif

INLINE vfloat load_float_half(const half *p) {
    return (vfloat){half_to_float(p[0]), half_to_float(p[1]), half_to_float(p[2]), half_to_float(p[3])};
}
INLINE vdouble load_double_float(const float *p) { return (vdouble){p[0], p[1]}; }
INLINE vdouble load_double_uint8_t(const uint8_t *p) { return (vdouble){p[0], p[1]}; }
INLINE vdouble load_double_half(const half *p) { return (vdouble){half_to_float(p[0]), half_to_float(p[1])}; }

#define ROTATED_IN_MEMORY(type)                                                                                        \
    type twice[2 * sizeof a / sizeof(type)], *from = twice + by;                                                       \
    memcpy(twice, &a, sizeof a);                                                                                       \
    memcpy(twice + sizeof a / sizeof(type), &a, sizeof a);                                                             \
    memcpy(&a, from, sizeof a);                                                                                        \
    return a;
INLINE vfloat rotated_float(vfloat a, ptrdiff_t by) { ROTATED_IN_MEMORY(float) }
INLINE vdouble rotated_double(vdouble a, ptrdiff_t by) { ROTATED_IN_MEMORY(double) }
#undef ROTATED_IN_MEMORY
