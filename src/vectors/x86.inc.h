/* What the instruction sets of x86 have in common. */

#if !defined(VECTOR_BYTES)
#error "vectors/x86.inc.h needs VECTOR_BYTES"
#endif

#include <immintrin.h>

#define HAS_INTEGERS 1 /* bytes of X, 16-bit weights, sums in 32 bits (vint32 carries all of them) */
#define interleave_8_low(a, b) INTEGER_OPERATION(unpacklo_epi8, a, b)
#define interleave_8_high(a, b) INTEGER_OPERATION(unpackhi_epi8, a, b)
#define interleave_16_low(a, b) INTEGER_OPERATION(unpacklo_epi16, a, b)
#define interleave_16_high(a, b) INTEGER_OPERATION(unpackhi_epi16, a, b)
