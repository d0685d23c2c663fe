/* The end of the files for one REAL. */

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
