/* Loss, gradient and scores of sparse X, for float and double and each type of its values. */

#include "common.inc.h"

#include "sparse/layout.inc.h"

/* ---- float ---- */
#include "real_float.inc.h"
#include "losses/block.inc.h"
#include "sparse/scores.inc.h"
#include "sparse/pass.inc.h"
#define INPUT float
#include "sparse/tiles.inc.h"
#include "sparse/gradient_tiles.inc.h"
#undef INPUT
#include "real_end.inc.h"

/* ---- double ---- */
#include "real_double.inc.h"
#include "losses/block.inc.h"
#include "sparse/scores.inc.h"
#include "sparse/pass.inc.h"
#define INPUT double
#include "sparse/tiles.inc.h"
#include "sparse/gradient_tiles.inc.h"
#undef INPUT
#define INPUT float
#include "sparse/tiles.inc.h"
#include "sparse/gradient_tiles.inc.h"
#undef INPUT
#include "real_end.inc.h"

/* ---- which of them ---- */

size_t GD(evaluate_sparse_scratch)(const gd_problem *p, const gd_tiles *t, const gd_weights *w,
                                      int double_arithmetic, int n_threads) {
    return double_arithmetic ? evaluate_sparse_scratch_double(p, t, w, n_threads)
                             : evaluate_sparse_scratch_float(p, t, w, n_threads);
}

/* float64 X needs double arithmetic */
void GD(evaluate_sparse)(const gd_problem *p, const gd_tiles *t, const gd_weights *w, const gd_answer *a,
                            int double_arithmetic, void *scratch, int n_threads, pool_control *control) {
    if (!double_arithmetic)
        evaluate_sparse_with_float(sparse_scores_tiles_float_float, sparse_gradient_tiles_float_float, p, t, w, a,
                                   scratch, n_threads, control);
    else if (t->wide_values)
        evaluate_sparse_with_double(sparse_scores_tiles_double_double, sparse_gradient_tiles_double_double, p, t, w, a,
                                    scratch, n_threads, control);
    else
        evaluate_sparse_with_double(sparse_scores_tiles_double_float, sparse_gradient_tiles_double_float, p, t, w, a,
                                    scratch, n_threads, control);
}
