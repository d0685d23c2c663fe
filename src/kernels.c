/* Every kernel family, for float and double and each type of X, compiled once per instruction set.
 * Exports one table. */

#include <math.h>
#include <string.h>

#include "kernels.h"

#include "vectors.inc.h"
#include "layout.inc.h"
#include "panel_layout.inc.h"
#include "sparse_layout.inc.h"

#define PASTE2(a, b) a##_##b
#define PASTE3(a, b, c) a##_##b##_##c
#define EXPAND2(a, b) PASTE2(a, b)
#define EXPAND3(a, b, c) PASTE3(a, b, c)
#define R(name) EXPAND2(name, REAL)         /* a name for one REAL */
#define RI(name) EXPAND3(name, REAL, INPUT) /* a name for one REAL and one INPUT */
#define U(name) EXPAND3(name, REAL, MASTER)  /* a name for one REAL and one type of W */
#define D(name) EXPAND4(name, REAL, MASTER, INPUT)
#define PASTE4(a, b, c, d) a##_##b##_##c##_##d
#define EXPAND4(a, b, c, d) PASTE4(a, b, c, d)
#define LOAD(real, input) EXPAND3(load, real, input)
#define SCALAR(input) EXPAND2(scalar, input)

typedef uint32_t vuint32 __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef uint64_t vuint64 __attribute__((vector_size(VECTOR_BYTES), may_alias));

/* ---- float ---- */
#define REAL float
#define REAL_IS_DOUBLE 0
#define VECTOR vfloat
#define INTEGERS vint32
#define UNSIGNED vuint32
#define LANES FLOAT_LANES
#define FMA fma_vfloat
#define MAX max_vfloat
#define BROADCAST broadcast_float
#define HORIZONTAL_SUMS sums_float
#include "evaluation.inc.h"
#include "losses.inc.h"
#include "sparse_rows.inc.h"
#include "panel_tiles.inc.h"
#include "panels.inc.h"
#include "sparse_evaluation.inc.h"
#include "dual_rows.inc.h"
#define INPUT float
#include "sparse_tiles.inc.h"
#include "tiles.inc.h"
#include "evaluate.inc.h"
#include "panels_pass.inc.h"
#undef INPUT
#define INPUT half
#include "tiles.inc.h"
#include "evaluate.inc.h"
#include "panels_pass.inc.h"
#undef INPUT
#define INPUT uint8_t
#include "tiles.inc.h"
#include "evaluate.inc.h"
#include "panels_pass.inc.h"
#undef INPUT
#define MASTER float
#define SQUARE_ROOT sqrtf
#define is_same_float_float 1
#define is_same_double_float 0
#include "updates.inc.h"
#include "descents.inc.h"
#include "sparse_descent.inc.h"
#include "dual_sparse.inc.h"
#include "dual.inc.h"
#undef MASTER
#undef SQUARE_ROOT
#define MASTER double
#define SQUARE_ROOT sqrt
#define is_same_float_double 0
#define is_same_double_double 1
#include "updates.inc.h"
#include "descents.inc.h"
#undef MASTER
#undef SQUARE_ROOT
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

/* ---- double ---- */
#define REAL double
#define REAL_IS_DOUBLE 1
#define VECTOR vdouble
#define INTEGERS vint64
#define UNSIGNED vuint64
#define LANES DOUBLE_LANES
#define FMA fma_vdouble
#define MAX max_vdouble
#define BROADCAST broadcast_double
#define HORIZONTAL_SUMS sums_double
#include "evaluation.inc.h"
#include "losses.inc.h"
#include "panel_tiles.inc.h"
#include "panels.inc.h"
#include "elementary.inc.h"
#include "differences.inc.h"
#include "mixes.inc.h"
#include "sparse_rows.inc.h"
#include "sparse_evaluation.inc.h"
#include "dual_rows.inc.h"
#include "dual_totals.inc.h"
#include "sparse_differences.inc.h"
#define INPUT double
#include "sparse_tiles.inc.h"
#include "tiles.inc.h"
#include "evaluate.inc.h"
#include "panels_pass.inc.h"
#include "dual_sums.inc.h"
#include "differences_pass.inc.h"
#undef INPUT
#define INPUT float
#include "sparse_tiles.inc.h"
#include "tiles.inc.h"
#include "evaluate.inc.h"
#include "panels_pass.inc.h"
#include "dual_sums.inc.h"
#include "differences_pass.inc.h"
#undef INPUT
#define INPUT half
#include "tiles.inc.h"
#include "evaluate.inc.h"
#include "panels_pass.inc.h"
#include "dual_sums.inc.h"
#include "differences_pass.inc.h"
#undef INPUT
#define INPUT uint8_t
#include "tiles.inc.h"
#include "evaluate.inc.h"
#include "panels_pass.inc.h"
#include "dual_sums.inc.h"
#include "differences_pass.inc.h"
#undef INPUT
#define MASTER float
#define SQUARE_ROOT sqrtf
#define is_same_float_float 1
#define is_same_double_float 0
#include "updates.inc.h"
#include "descents.inc.h"
#undef MASTER
#undef SQUARE_ROOT
#define MASTER double
#define SQUARE_ROOT sqrt
#define is_same_float_double 0
#define is_same_double_double 1
#include "updates.inc.h"
#include "descents.inc.h"
#include "sparse_descent.inc.h"
#include "dual_sparse.inc.h"
#include "dual.inc.h"
#undef MASTER
#undef SQUARE_ROOT

/* ---- integers ---- */
#include "integer_tiles.inc.h"
#include "integer_weights.inc.h"
#include "integer_rows.inc.h"
#include "integers.inc.h"
#include "fixed_weights.inc.h"
#include "fixed_point.inc.h"

/* ---- the table ---- */

static size_t evaluate_float_scratch(const gd_problem *p, const gd_weights *w, int n_threads) {
    size_t size = panels_fit(p, w) ? panels_scratch_float(p, w, n_threads) : evaluate_scratch_float(p, w, n_threads);
    size_t other = 0;
    if (integers_fit(p, w)) other = integer_scratch(p, w, n_threads);
    if (fixed_fits(p, w)) other = fixed_scratch(p, w, n_threads);
    return size > other ? size : other;
}

static void evaluate_float(const gd_problem *p, const gd_weights *w, const gd_answer *a, void *scratch, int n_threads,
                           pool_control *control) {
    int whole = a->value && !a->scores; /* the roads through integers give nothing else */
    if (whole && integers_fit(p, w) && evaluate_integers(p, w, a, scratch, n_threads, control)) return;
    if (whole && fixed_fits(p, w) && evaluate_fixed(p, w, a, scratch, n_threads, control)) return;
    static const pool_task tasks[] = {evaluate_chunk_float_uint8_t, evaluate_chunk_float_half,
                                      evaluate_chunk_float_float};
    static const pool_task panels[] = {panels_block_float_uint8_t, panels_block_float_half, panels_block_float_float};
    if (panels_fit(p, w))
        panels_with_float(panels[p->input], p, w, a, scratch, n_threads, control);
    else
        evaluate_with_float(tasks[p->input], p, w, a, scratch, n_threads, control);
}

static size_t evaluate_double_scratch(const gd_problem *p, const gd_weights *w, int n_threads) {
    return panels_fit(p, w) ? panels_scratch_double(p, w, n_threads) : evaluate_scratch_double(p, w, n_threads);
}

static void evaluate_double(const gd_problem *p, const gd_weights *w, const gd_answer *a, void *scratch, int n_threads,
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

static difference_job make_difference_job(const gd_problem *p, const gd_differences *asked) {
    difference_job j = {.problem = p, .asked = asked, .layout = make_layout(p, 1, DOUBLE_LANES)};
    return j;
}

static size_t differences_scratch(const gd_problem *p, const gd_differences *asked, int n_threads) {
    difference_job j = make_difference_job(p, asked);
    return lay_difference_job(NULL, &j, n_threads);
}

static void differences(const gd_problem *p, const gd_weights *weights, const gd_differences *asked, void *scratch,
                        int n_threads, pool_control *control) {
    static const pool_task tasks[] = {difference_chunk_double_uint8_t, difference_chunk_double_half,
                                      difference_chunk_double_float, difference_chunk_double_double};
    difference_job j = make_difference_job(p, asked);
    pool_turn turn;
    j.turn = &turn;
    j.control = control;
    n_threads = useful_threads(n_threads, j.layout.n_chunks);
    lay_difference_job(scratch, &j, n_threads);
    evaluation_double e = {.problem = p, .weights = weights, .layout = j.layout, .w = j.w, .bias = j.bias, .row = j.row};
    pack_weights_double(&e);
    for (int t = 0; t < n_threads; t++) {
        size_t used;
        difference_worker w = lay_difference_worker(j.workers + (size_t)t * j.worker_bytes, &j, &used);
        memset(w.copies, 0, w.copies_bytes);
        memset(w.sums, 0, (BLOCK_ROWS_MOST * TILE_CLASSES + DOUBLE_LANES) * sizeof(vdouble));
    }
    for (ptrdiff_t q = 0; q < asked->n_columns; q++) {
        ptrdiff_t column = asked->columns[q];
        int feature = column < p->n_features;
        j.step[q] = feature && p->scale ? asked->h / p->scale[column] : asked->h;
        j.shift[q] = feature && p->mean ? p->mean[column] : 0;
    }
    size_t size = (size_t)(p->n_classes * j.stride);
    memset(j.moved, 0, size * sizeof(double));
    if (asked->scheme == SCHEME_CROSSINGS) memset(j.crossings, 0, size * sizeof(int64_t));
    pool_turn_init(&turn);
    pool_run(tasks[p->input], &j, j.layout.n_chunks, n_threads, control);
    pool_turn_destroy(&turn);
    if (control->stop) return;
    for (ptrdiff_t c = 0; c < p->n_classes; c++)
        for (ptrdiff_t q = 0; q < asked->n_columns; q++) {
            asked->difference[c * asked->n_columns + q] = j.moved[c * j.stride + q] * p->normalizer;
            if (asked->scheme == SCHEME_CROSSINGS)
                asked->crossings[c * asked->n_columns + q] = j.crossings[c * j.stride + q];
        }
}

static size_t descend_scratch(const gd_problem *p, const gd_descent *asked, int double_arithmetic) {
    if (double_arithmetic)
        return asked->is_double ? descend_scratch_double_double(p, asked) : descend_scratch_double_float(p, asked);
    return asked->is_double ? descend_scratch_float_double(p, asked) : descend_scratch_float_float(p, asked);
}

static void descend(const gd_problem *p, gd_descent *asked, int double_arithmetic, void *scratch,
                    pool_control *control) {
    typedef void (*run)(const gd_problem *, gd_descent *, void *, pool_control *);
    static const run runs[2][2][4] = {
        {{descend_float_float_uint8_t, descend_float_float_half, descend_float_float_float, NULL},
         {descend_float_double_uint8_t, descend_float_double_half, descend_float_double_float, NULL}},
        {{descend_double_float_uint8_t, descend_double_float_half, descend_double_float_float,
          descend_double_float_double},
         {descend_double_double_uint8_t, descend_double_double_half, descend_double_double_float,
          descend_double_double_double}}};
    runs[double_arithmetic][asked->is_double][p->input](p, asked, scratch, control);
}

static size_t evaluate_sparse_scratch(const gd_problem *p, const gd_tiles *t, const gd_weights *w,
                                      int double_arithmetic, int n_threads) {
    return double_arithmetic ? evaluate_sparse_scratch_double(p, t, w, n_threads)
                             : evaluate_sparse_scratch_float(p, t, w, n_threads);
}

/* float64 X needs double arithmetic */
static void evaluate_sparse(const gd_problem *p, const gd_tiles *t, const gd_weights *w, const gd_answer *a,
                            int double_arithmetic, void *scratch, int n_threads, pool_control *control) {
    if (!double_arithmetic)
        evaluate_sparse_with_float(sparse_kernels_float_float, p, t, w, a, scratch, n_threads, control);
    else
        evaluate_sparse_with_double(t->wide_values ? sparse_kernels_double_double : sparse_kernels_double_float, p, t,
                                    w, a, scratch, n_threads, control);
}

static void differences_sparse(const gd_problem *p, const gd_tiles *t, const gd_weights *w, const gd_differences *asked,
                               void *scratch, int n_threads, pool_control *control) {
    differences_sparse_with(t->wide_values ? sparse_kernels_double_double : sparse_kernels_double_float, p, t, w, asked,
                            scratch, n_threads, control);
}

static size_t descend_sparse_scratch(const gd_problem *p, gd_descent *asked) {
    return asked->is_double ? sparse_descend_scratch_double(p, asked) : sparse_descend_scratch_float(p, asked);
}

static void descend_sparse(const gd_problem *p, const gd_csr *x, gd_descent *asked, void *scratch,
                           pool_control *control) {
    (asked->is_double ? sparse_descend_double : sparse_descend_float)(p, x, asked, scratch, control);
}

#include "dual_table.inc.h"

static const gd_loss_facts loss_facts[] = {{1, 1, 1}, {1, 1, 0}, {1, 0, 0}, {0, 0, 0}, {0, 0, 0}};
_Static_assert(sizeof loss_facts / sizeof loss_facts[0] == LOSS_COUNT, "one row for each loss");

static const gd_rule_facts rule_facts[] = {{0, 0}, {1, 1}, {1, 1}, {1, 1}, {2, 1}, {3, 2}, {4, 2}};
_Static_assert(sizeof rule_facts / sizeof rule_facts[0] == RULE_COUNT, "one row for each rule");

const gd_kernels EXPAND2(gd_kernels, GD_ISA) = {
    .name = GD_ISA_NAME,
    .losses = loss_facts,
    .rules = rule_facts,
    .evaluate_float_scratch = evaluate_float_scratch,
    .evaluate_double_scratch = evaluate_double_scratch,
    .evaluate_float = evaluate_float,
    .evaluate_double = evaluate_double,
    .differences_scratch = differences_scratch,
    .differences = differences,
    .mix_scratch = mix_scratch,
    .mix = mix,
    .evaluate_sparse_scratch = evaluate_sparse_scratch,
    .evaluate_sparse = evaluate_sparse,
    .differences_sparse_scratch = differences_sparse_scratch,
    .differences_sparse = differences_sparse,
    .descend_sparse_scratch = descend_sparse_scratch,
    .descend_sparse = descend_sparse,
    .descend_scratch = descend_scratch,
    .descend = descend,
    .duals = {dual_epoch_scratch, dual_epoch, dual_sums_scratch, dual_sums, dual_squares},
};
