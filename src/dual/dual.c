/* Dual coordinate ascent in the table: which kernel for which arithmetic and type of X. x NULL: dense rows. */

#include "common.inc.h"

#include "sparse/layout.inc.h"

/* ---- float ---- */
#include "real_float.inc.h"
#include "dense/packed.inc.h"
#include "sparse/rows.inc.h"
#include "sparse/turned.inc.h"
#include "dual/row_problem.inc.h"
#define MASTER float
#include "dense/repack.inc.h"
#include "dual/sparse_epoch.inc.h"
#include "dual/dense_epoch.inc.h"
#undef MASTER
#include "real_end.inc.h"

/* ---- double ---- */
#include "real_double.inc.h"
#include "dense/packed.inc.h"
#include "sparse/rows.inc.h"
#include "sparse/turned.inc.h"
#include "dual/row_problem.inc.h"
#include "dense/worker.inc.h"
#include "dual/sums.inc.h"
#define MASTER double
#include "dense/repack.inc.h"
#include "dual/sparse_epoch.inc.h"
#include "dual/dense_epoch.inc.h"
#undef MASTER
#define INPUT double
#include "dense/block.inc.h"
#include "dense/gradient_tiles.inc.h"
#include "dual/dense_sums.inc.h"
#undef INPUT
#define INPUT float
#include "dense/block.inc.h"
#include "dense/gradient_tiles.inc.h"
#include "dual/dense_sums.inc.h"
#undef INPUT
#define INPUT half
#include "dense/block.inc.h"
#include "dense/gradient_tiles.inc.h"
#include "dual/dense_sums.inc.h"
#undef INPUT
#define INPUT uint8_t
#include "dense/block.inc.h"
#include "dense/gradient_tiles.inc.h"
#include "dual/dense_sums.inc.h"
#undef INPUT
#include "real_end.inc.h"

/* ---- which of them ---- */

size_t GD(dual_epoch_scratch)(const gd_problem *p, const gd_csr *x, int double_arithmetic) {
    if (x) return double_arithmetic ? sparse_dual_scratch_double(p) : sparse_dual_scratch_float(p);
    return double_arithmetic ? dual_scratch_double(p) : dual_scratch_float(p);
}

void GD(dual_epoch)(const gd_problem *p, const gd_csr *x, gd_duals *asked, void *scratch, pool_control *control) {
    if (x)
        (asked->is_double ? sparse_dual_epoch_double : sparse_dual_epoch_float)(p, x, asked, scratch, control);
    else
        (asked->is_double ? dual_epoch_double : dual_epoch_float)(p, asked, scratch, control);
}

size_t GD(dual_sums_scratch)(const gd_problem *p, const gd_csr *x) {
    size_t sums = x ? sparse_dual_scratch_double(p) : dense_dual_sums_scratch(p);
    size_t rows = 2 * ((size_t)p->n_features * sizeof(double) + 64);
    return sums > rows ? sums : rows;
}

void GD(dual_sums)(const gd_problem *p, const gd_csr *x, gd_duals *asked, void *scratch, pool_control *control) {
    typedef void (*run)(const gd_problem *, gd_duals *, void *, pool_control *);
    static const run runs[] = {dual_sums_double_uint8_t, dual_sums_double_half, dual_sums_double_float,
                               dual_sums_double_double};
    asked->total = asked->moment = 0;
    if (x)
        sparse_dual_sums(p, x, asked, scratch, control);
    else
        runs[p->input](p, asked, scratch, control);
}

int GD(dual_squares)(const gd_problem *p, const gd_csr *x, double *squares, void *scratch, pool_control *control) {
    double *row = scratch, *inverse_scale = row + (p->n_features + 7) / 8 * 8;
    if (x) return sparse_dual_squares(p, x, squares, row);
    dense_dual_squares(p, squares, row, inverse_scale, control);
    return 0;
}
