/* The end of the files for one REAL. */

#ifndef REAL
#error "real_end.inc.h needs real_float.inc.h or real_double.inc.h before it"
#endif

#undef REAL
#undef REAL_IS_DOUBLE
#undef VECTOR
#undef INTEGERS
#undef UNSIGNED
#undef LANES
#undef FMA
#undef MAX
#undef BROADCAST
#undef HORIZONTAL_SUMS
#undef ROTATED
