/* Any other processor, in C alone: the compiler makes what it can of vectors of 16 bytes. */

#if !defined(VECTOR_BYTES)
#error "vectors/plain.inc.h needs VECTOR_BYTES"
#endif

#include "vectors/portable.inc.h"

#define HAS_INTEGERS 0
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

INLINE vint32 broadcast_int32(int32_t a) { return a - (vint32){0}; }
INLINE vint32 add_pairs(vint32 sum, vint32 x, vint32 w) {
    return sum + ((x << 16) >> 16) * ((w << 16) >> 16) + (x >> 16) * (w >> 16);
}
