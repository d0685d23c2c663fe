/* Structured numerical differences, dense and sparse, in float64 for each type of X. */

#include "common.inc.h"

#include "sparse/layout.inc.h"

#include "real_double.inc.h"
#include "dense/packed.inc.h"
#include "dense/weights.inc.h"
#include "sparse/scores.inc.h"
#include "differences/loss.inc.h"
#define LOSS_IN_DIFFERENCES
#include "losses/each.inc.h"
#undef LOSS_IN_DIFFERENCES
#include "differences/generic.inc.h"
#include "differences/job.inc.h"
#include "differences/sparse_pass.inc.h"
#define INPUT double
#include "sparse/tiles.inc.h"
#undef INPUT
#define INPUT float
#include "sparse/tiles.inc.h"
#undef INPUT
#define INPUT double
#include "dense/block.inc.h"
#include "dense/tiles.inc.h"
#include "differences/dense_pass.inc.h"
#undef INPUT
#define INPUT float
#include "dense/block.inc.h"
#include "dense/tiles.inc.h"
#include "differences/dense_pass.inc.h"
#undef INPUT
#define INPUT half
#include "dense/block.inc.h"
#include "dense/tiles.inc.h"
#include "differences/dense_pass.inc.h"
#undef INPUT
#define INPUT uint8_t
#include "dense/block.inc.h"
#include "dense/tiles.inc.h"
#include "differences/dense_pass.inc.h"
#undef INPUT
#include "real_end.inc.h"

/* ---- which of them ---- */

static difference_job make_difference_job(const gd_problem *p, const gd_differences *asked) {
    difference_job j = {.problem = p, .asked = asked, .loss = differences_of(p, asked),
                        .layout = make_layout(p, 1, DOUBLE_LANES)};
    return j;
}

size_t GD(differences_scratch)(const gd_problem *p, const gd_differences *asked, int n_threads) {
    difference_job j = make_difference_job(p, asked);
    return lay_difference_job(NULL, &j, n_threads);
}

void GD(differences)(const gd_problem *p, const gd_weights *weights, const gd_differences *asked, void *scratch,
                        int n_threads, pool_control *control) {
    static const pool_task tasks[] = {difference_chunk_double_uint8_t, difference_chunk_double_half,
                                      difference_chunk_double_float, difference_chunk_double_double};
    difference_job j = make_difference_job(p, asked);
    pool_sum sum;
    j.sum = &sum;
    j.control = control;
    n_threads = useful_threads(n_threads, j.layout.n_chunks);
    lay_difference_job(scratch, &j, n_threads);
    pack_weights_double(p, weights, &j.layout, j.row, j.w, j.bias);
    for (int t = 0; t < j.n_pieces; t++) {
        difference_worker w = difference_piece(&j, t);
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
    pool_sum_init(&sum, n_threads, j.n_pieces);
    pool_run(tasks[p->input], &j, j.layout.n_chunks, n_threads, control);
    pool_sum_destroy(&sum);
    if (control->stop) return;
    for (ptrdiff_t c = 0; c < p->n_classes; c++)
        for (ptrdiff_t q = 0; q < asked->n_columns; q++) {
            asked->difference[c * asked->n_columns + q] = j.moved[c * j.stride + q] * p->normalizer;
            if (asked->scheme == SCHEME_CROSSINGS)
                asked->crossings[c * asked->n_columns + q] = j.crossings[c * j.stride + q];
        }
}

void GD(differences_sparse)(const gd_problem *p, const gd_tiles *t, const gd_weights *w, const gd_differences *asked,
                               void *scratch, int n_threads, pool_control *control) {
    differences_sparse_with(t->wide_values ? sparse_scores_tiles_double_double : sparse_scores_tiles_double_float, p, t, w, asked,
                            scratch, n_threads, control);
}
