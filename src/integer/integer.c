/* Loss and gradient of uint8 X from integer sums, where processor, problem and W allow it. */

#include "common.inc.h"

#include "integer/tiles.inc.h"
#include "integer/weights.inc.h"
#include "integer/rows.inc.h"
#if HAS_SHORT_SUMS
#include "integer/short_sums.inc.h"
#endif
#include "integer/pass.inc.h"
#if HAS_BYTE_SCORES
#include "real_float.inc.h"
#include "losses/block.inc.h"
#include "real_end.inc.h"
#include "integer/fixed_point_weights.inc.h"
#include "integer/fixed_point_pass.inc.h"
#endif

size_t GD(evaluate_integer_scratch)(const gd_problem *p, const gd_weights *w, int n_threads) {
    if (integers_fit(p, w)) return integer_scratch(p, w, n_threads);
#if HAS_BYTE_SCORES
    if (fixed_fits(p, w)) return fixed_scratch(p, w, n_threads);
#endif
    return 0;
}

/* Does the pass; returns 0, with nothing done, where it is one for the converting kernels. */
int GD(evaluate_integer)(const gd_problem *p, const gd_weights *w, const gd_answer *a, void *scratch, int n_threads,
                         pool_control *control) {
    if (!a->value || a->scores) return 0; /* integers give nothing else */
    if (integers_fit(p, w)) return evaluate_integers(p, w, a, scratch, n_threads, control);
#if HAS_BYTE_SCORES
    if (fixed_fits(p, w)) return evaluate_fixed(p, w, a, scratch, n_threads, control);
#endif
    return 0;
}
