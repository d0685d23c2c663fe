/* What the instruction sets of x86 have in common. */

#if !defined(VECTOR_BYTES)
#error "vectors/x86.inc.h needs VECTOR_BYTES"
#endif

#include <immintrin.h>

/* ---- integers ---- */
#define BYTES_LESS 0
#define SCORE_BYTES_LESS 0
#define SCORE_WEIGHT_MOST 32767
#define SCORE_FEATURES_MOST (1 << 20)
#define SCORE_LANE(column) ((column) % SCORE_COLUMNS / 2)
#define add_score_products add_pairs
INLINE void store_score_weight(int16_t *vector, ptrdiff_t column, int q) { vector[column] = (int16_t)q; }
#define interleave_8_low(a, b) INTEGER_OPERATION(unpacklo_epi8, a, b)
#define interleave_8_high(a, b) INTEGER_OPERATION(unpackhi_epi8, a, b)
#define interleave_16_low(a, b) INTEGER_OPERATION(unpacklo_epi16, a, b)
#define interleave_16_high(a, b) INTEGER_OPERATION(unpackhi_epi16, a, b)
