/* Loss, gradient and scores of dense X, for float and double and each type of X. */

#include "common.inc.h"

#include "dense/many_outputs_layout.inc.h"

/* ---- float ---- */
#include "real_float.inc.h"
#include "losses/block.inc.h"
#include "dense/packed.inc.h"
#include "dense/worker.inc.h"
#include "dense/weights.inc.h"
#include "dense/frame.inc.h"
#include "dense/many_outputs.inc.h"
#define INPUT float
#include "dense/block.inc.h"
#include "dense/tiles.inc.h"
#include "dense/gradient_tiles.inc.h"
#include "dense/pass.inc.h"
#include "dense/many_outputs_pass.inc.h"
#undef INPUT
#define INPUT half
#include "dense/block.inc.h"
#include "dense/tiles.inc.h"
#include "dense/gradient_tiles.inc.h"
#include "dense/pass.inc.h"
#include "dense/many_outputs_pass.inc.h"
#undef INPUT
#define INPUT uint8_t
#include "dense/block.inc.h"
#include "dense/tiles.inc.h"
#include "dense/gradient_tiles.inc.h"
#include "dense/pass.inc.h"
#include "dense/many_outputs_pass.inc.h"
#undef INPUT
#include "real_end.inc.h"

/* ---- double ---- */
#include "real_double.inc.h"
#include "losses/block.inc.h"
#include "dense/packed.inc.h"
#include "dense/worker.inc.h"
#include "dense/weights.inc.h"
#include "dense/frame.inc.h"
#include "dense/many_outputs.inc.h"
#define INPUT double
#include "dense/block.inc.h"
#include "dense/tiles.inc.h"
#include "dense/gradient_tiles.inc.h"
#include "dense/pass.inc.h"
#include "dense/many_outputs_pass.inc.h"
#undef INPUT
#define INPUT float
#include "dense/block.inc.h"
#include "dense/tiles.inc.h"
#include "dense/gradient_tiles.inc.h"
#include "dense/pass.inc.h"
#include "dense/many_outputs_pass.inc.h"
#undef INPUT
#define INPUT half
#include "dense/block.inc.h"
#include "dense/tiles.inc.h"
#include "dense/gradient_tiles.inc.h"
#include "dense/pass.inc.h"
#include "dense/many_outputs_pass.inc.h"
#undef INPUT
#define INPUT uint8_t
#include "dense/block.inc.h"
#include "dense/tiles.inc.h"
#include "dense/gradient_tiles.inc.h"
#include "dense/pass.inc.h"
#include "dense/many_outputs_pass.inc.h"
#undef INPUT
#include "real_end.inc.h"

/* ---- which of them ---- */

size_t GD(evaluate_float_scratch)(const gd_problem *p, const gd_weights *w, int n_threads) {
    size_t size = panels_fit(p, w) ? panels_scratch_float(p, w, n_threads) : evaluate_scratch_float(p, w, n_threads);
    size_t other = GD(evaluate_integer_scratch)(p, w, n_threads);
    return size > other ? size : other;
}

void GD(evaluate_float)(const gd_problem *p, const gd_weights *w, const gd_answer *a, void *scratch, int n_threads,
                           pool_control *control) {
    if (GD(evaluate_integer)(p, w, a, scratch, n_threads, control)) return;
    static const pool_task tasks[] = {evaluate_chunk_float_uint8_t, evaluate_chunk_float_half,
                                      evaluate_chunk_float_float};
    static const pool_task panels[] = {panels_block_float_uint8_t, panels_block_float_half, panels_block_float_float};
    if (panels_fit(p, w))
        panels_with_float(panels[p->input], p, w, a, scratch, n_threads, control);
    else
        evaluate_with_float(tasks[p->input], p, w, a, scratch, n_threads, control);
}

size_t GD(evaluate_double_scratch)(const gd_problem *p, const gd_weights *w, int n_threads) {
    return panels_fit(p, w) ? panels_scratch_double(p, w, n_threads) : evaluate_scratch_double(p, w, n_threads);
}

void GD(evaluate_double)(const gd_problem *p, const gd_weights *w, const gd_answer *a, void *scratch, int n_threads,
                            pool_control *control) {
    static const pool_task tasks[] = {evaluate_chunk_double_uint8_t, evaluate_chunk_double_half,
                                      evaluate_chunk_double_float, evaluate_chunk_double_double};
    static const pool_task panels[] = {panels_block_double_uint8_t, panels_block_double_half,
                                       panels_block_double_float, panels_block_double_double};
    if (panels_fit(p, w))
        panels_with_double(panels[p->input], p, w, a, scratch, n_threads, control);
    else
        evaluate_with_double(tasks[p->input], p, w, a, scratch, n_threads, control);
}
