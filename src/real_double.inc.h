/* Arithmetic in double: what the files that are written for one REAL are compiled with, until real_end.inc.h. */

#if !defined(VECTOR_BYTES) || defined(REAL)
#error "real_double.inc.h needs vectors.inc.h before it, and no other REAL"
#endif

#define REAL double
#define REAL_IS_DOUBLE 1
#define VECTOR vdouble
#define INTEGERS vint64
#define UNSIGNED vuint64
#define LANES DOUBLE_LANES
#define FMA fma_vdouble
#define MAX max_vdouble
#define BROADCAST broadcast_double
#define HORIZONTAL_SUMS sums_double
#define ROTATED rotated_double
