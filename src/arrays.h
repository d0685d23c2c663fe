/* Small services to the binding: scans for NaN, infinity and positions out of range, reproducible permutations. */
#ifndef GD_ARRAYS_H
#define GD_ARRAYS_H

#include "pool.h"

#include <stddef.h>
#include <stdint.h>

/* What may last takes a pool_control, asked every so often: where it stops, what is returned or written is worthless. */

/* Row-major position of the first element of X (n, d) that is NaN or infinite, or -1. `size` is 2, 4 or 8
 * bytes (IEEE half, single, double); strides are in bytes; any alignment. */
ptrdiff_t gd_first_not_finite(const char *x, ptrdiff_t n, ptrdiff_t d, ptrdiff_t row_stride, ptrdiff_t column_stride,
                              int size, pool_control *control);

/* A permutation of 0 .. n - 1 by Fisher-Yates, a pure function of (seed, epoch): Philox4x32-10 keyed by the
 * seed, counted by (epoch, draw), unbiased. */
void gd_permutation(int64_t *out, int64_t n, uint64_t seed, uint64_t epoch, pool_control *control);

/* Copies n positions, each of which must be in [0, limit); the first that is not, or -1. Likewise labels. */
int64_t gd_copy_positions(int64_t *to, const int64_t *from, int64_t n, int64_t limit);
int64_t gd_copy_labels(int32_t *to, const int32_t *from, int64_t n, int32_t limit);

/* The first of n numbers that is not above the one before it, or -1. */
int64_t gd_first_not_rising(const int64_t *numbers, int64_t n);

/* Hints that this memory is worth large pages, where the system has them and the memory spans some: fewer faults
 * when it is first touched, and fewer misses in the tables of pages when it is read at random. */
void gd_prefer_large_pages(void *memory, size_t size);

#endif
