/* Many stochastic steps in one call, for float and double arithmetic, each type of W and each type of X. */

#include "common.inc.h"

#include "sparse/layout.inc.h"

static sparse_move sparse_move_of(const gd_descent *asked) {
    if (asked->rule == RULE_GRADIENT_DESCENT && asked->l1 == 0) return MOVE_ROWS;
    return asked->rule == RULE_ADAGRAD && asked->l1 == 0 && asked->l2 == 0 ? MOVE_TOUCHED : MOVE_ALL;
}

/* ---- float ---- */
#include "real_float.inc.h"
#include "losses/block.inc.h"
#include "dense/packed.inc.h"
#include "dense/worker.inc.h"
#include "steps/unfold.inc.h"
#include "sparse/rows.inc.h"
#include "sparse/turned.inc.h"
#define INPUT uint8_t
#include "dense/block.inc.h"
#include "dense/tiles.inc.h"
#include "dense/gradient_tiles.inc.h"
#include "steps/step_tiles.inc.h"
#undef INPUT
#define INPUT half
#include "dense/block.inc.h"
#include "dense/tiles.inc.h"
#include "dense/gradient_tiles.inc.h"
#include "steps/step_tiles.inc.h"
#undef INPUT
#define INPUT float
#include "dense/block.inc.h"
#include "dense/tiles.inc.h"
#include "dense/gradient_tiles.inc.h"
#include "steps/step_tiles.inc.h"
#undef INPUT
#define MASTER float
#include "steps/rules.inc.h"
#include "dense/repack.inc.h"
#include "steps/folding.inc.h"
#include "steps/dense_scratch.inc.h"
#define INPUT uint8_t
#include "steps/segments.inc.h"
#include "steps/dense.inc.h"
#undef INPUT
#define INPUT half
#include "steps/segments.inc.h"
#include "steps/dense.inc.h"
#undef INPUT
#define INPUT float
#include "steps/segments.inc.h"
#include "steps/dense.inc.h"
#undef INPUT
#include "steps/sparse.inc.h"
#undef MASTER
#define MASTER double
#include "steps/rules.inc.h"
#include "dense/repack.inc.h"
#include "steps/folding.inc.h"
#include "steps/dense_scratch.inc.h"
#define INPUT uint8_t
#include "steps/segments.inc.h"
#include "steps/dense.inc.h"
#undef INPUT
#define INPUT half
#include "steps/segments.inc.h"
#include "steps/dense.inc.h"
#undef INPUT
#define INPUT float
#include "steps/segments.inc.h"
#include "steps/dense.inc.h"
#undef INPUT
#undef MASTER
#include "real_end.inc.h"

/* ---- double ---- */
#include "real_double.inc.h"
#include "losses/block.inc.h"
#include "dense/packed.inc.h"
#include "dense/worker.inc.h"
#include "steps/unfold.inc.h"
#include "sparse/rows.inc.h"
#include "sparse/turned.inc.h"
#define INPUT uint8_t
#include "dense/block.inc.h"
#include "dense/tiles.inc.h"
#include "dense/gradient_tiles.inc.h"
#include "steps/step_tiles.inc.h"
#undef INPUT
#define INPUT half
#include "dense/block.inc.h"
#include "dense/tiles.inc.h"
#include "dense/gradient_tiles.inc.h"
#include "steps/step_tiles.inc.h"
#undef INPUT
#define INPUT float
#include "dense/block.inc.h"
#include "dense/tiles.inc.h"
#include "dense/gradient_tiles.inc.h"
#include "steps/step_tiles.inc.h"
#undef INPUT
#define INPUT double
#include "dense/block.inc.h"
#include "dense/tiles.inc.h"
#include "dense/gradient_tiles.inc.h"
#include "steps/step_tiles.inc.h"
#undef INPUT
#define MASTER float
#include "steps/rules.inc.h"
#include "dense/repack.inc.h"
#include "steps/folding.inc.h"
#include "steps/dense_scratch.inc.h"
#define INPUT uint8_t
#include "steps/segments.inc.h"
#include "steps/dense.inc.h"
#undef INPUT
#define INPUT half
#include "steps/segments.inc.h"
#include "steps/dense.inc.h"
#undef INPUT
#define INPUT float
#include "steps/segments.inc.h"
#include "steps/dense.inc.h"
#undef INPUT
#define INPUT double
#include "steps/segments.inc.h"
#include "steps/dense.inc.h"
#undef INPUT
#undef MASTER
#define MASTER double
#include "steps/rules.inc.h"
#include "dense/repack.inc.h"
#include "steps/folding.inc.h"
#include "steps/dense_scratch.inc.h"
#define INPUT uint8_t
#include "steps/segments.inc.h"
#include "steps/dense.inc.h"
#undef INPUT
#define INPUT half
#include "steps/segments.inc.h"
#include "steps/dense.inc.h"
#undef INPUT
#define INPUT float
#include "steps/segments.inc.h"
#include "steps/dense.inc.h"
#undef INPUT
#define INPUT double
#include "steps/segments.inc.h"
#include "steps/dense.inc.h"
#undef INPUT
#include "steps/sparse.inc.h"
#undef MASTER
#include "real_end.inc.h"

/* ---- which of them ---- */

size_t GD(take_steps_scratch)(const gd_problem *p, const gd_descent *asked, int double_arithmetic) {
    if (double_arithmetic)
        return asked->is_double ? take_steps_scratch_double_double(p, asked) : take_steps_scratch_double_float(p, asked);
    return asked->is_double ? take_steps_scratch_float_double(p, asked) : take_steps_scratch_float_float(p, asked);
}

void GD(take_steps)(const gd_problem *p, gd_descent *asked, int double_arithmetic, void *scratch,
                    pool_control *control) {
    typedef void (*run)(const gd_problem *, gd_descent *, void *, pool_control *);
    static const run runs[2][2][4] = {
        {{take_steps_float_float_uint8_t, take_steps_float_float_half, take_steps_float_float_float, NULL},
         {take_steps_float_double_uint8_t, take_steps_float_double_half, take_steps_float_double_float, NULL}},
        {{take_steps_double_float_uint8_t, take_steps_double_float_half, take_steps_double_float_float,
          take_steps_double_float_double},
         {take_steps_double_double_uint8_t, take_steps_double_double_half, take_steps_double_double_float,
          take_steps_double_double_double}}};
    runs[double_arithmetic][asked->is_double][p->input](p, asked, scratch, control);
}

size_t GD(take_steps_sparse_scratch)(const gd_problem *p, gd_descent *asked) {
    return asked->is_double ? sparse_take_steps_scratch_double(p, asked) : sparse_take_steps_scratch_float(p, asked);
}

void GD(take_steps_sparse)(const gd_problem *p, const gd_csr *x, gd_descent *asked, void *scratch,
                           pool_control *control) {
    (asked->is_double ? sparse_take_steps_double : sparse_take_steps_float)(p, x, asked, scratch, control);
}

/* Settings and states of each rule. */
const gd_rule_facts GD(rules)[RULE_COUNT] = {{0, 0}, {1, 1}, {1, 1}, {1, 1}, {2, 1}, {3, 2}, {4, 2}};
