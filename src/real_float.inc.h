/* Arithmetic in float: what the files that are written for one REAL are compiled with, until real_end.inc.h. */

#if !defined(VECTOR_BYTES) || defined(REAL)
#error "real_float.inc.h needs vectors.inc.h before it, and no other REAL"
#endif

#define REAL float
#define REAL_IS_DOUBLE 0
#define VECTOR vfloat
#define INTEGERS vint32
#define UNSIGNED vuint32
#define LANES FLOAT_LANES
#define FMA fma_vfloat
#define MAX max_vfloat
#define BROADCAST broadcast_float
#define HORIZONTAL_SUMS sums_float
#define ROTATED rotated_float
