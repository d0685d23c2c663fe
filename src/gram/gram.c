/* The Gram matrix of rows in the table: slab by slab, packed by all threads, then multiplied by all threads. A tile of the
 * matrix is one task's for all rows, which come in their order: the same bits at any number of threads. */

#include "common.inc.h"

#include "gram/layout.inc.h"

#include "gram/integer_tiles.inc.h"

/* ---- float ---- */
#include "real_float.inc.h"
#include "gram/tiles.inc.h"
#define INPUT float
#include "gram/pack.inc.h"
#undef INPUT
#define INPUT half
#include "gram/pack.inc.h"
#undef INPUT
#define INPUT uint8_t
#include "gram/pack.inc.h"
#undef INPUT
#include "real_end.inc.h"

/* ---- double ---- */
#include "real_double.inc.h"
#include "gram/tiles.inc.h"
#define INPUT double
#include "gram/pack.inc.h"
#undef INPUT
#define INPUT float
#include "gram/pack.inc.h"
#undef INPUT
#define INPUT half
#include "gram/pack.inc.h"
#undef INPUT
#define INPUT uint8_t
#include "gram/pack.inc.h"
#undef INPUT
#include "real_end.inc.h"

static void pack_part(void *context, ptrdiff_t part, int worker) {
    const gram_job *job = context;
    if (!pool_stopped(job->control, worker)) job->pack(job, part, worker);
}

/* ---- the end: what integers left to do, the factor, and the upper half ---- */

/* Columns [start, stop) of row i of the lower half. */
static void finish_row(const gram_job *job, ptrdiff_t i, ptrdiff_t start, ptrdiff_t stop, double *restrict row) {
    double factor = job->asked->factor;
    if (kind_of_gram(job->p, job->asked) != GRAM_INTEGERS) {
        for (ptrdiff_t j = start; j < stop; j++) row[j] *= factor;
        return;
    }
    const double *sums = job->ones, *mean = job->mean, *inverse = job->inverse_scale;
    double own_mean = mean[i], own_inverse = inverse[i];
    double of_rows = sums[i] - sums[job->n_columns - 1] * own_mean; /* 0 but for rounding if the mean is the rows' own */
    for (ptrdiff_t j = start; j < stop; j++)
        row[j] = ((row[j] - own_mean * sums[j]) - mean[j] * of_rows) * own_inverse * inverse[j] * factor;
}

static void finish_rows(void *context, ptrdiff_t block, int worker) {
    const gram_job *job = context;
    ptrdiff_t m = job->p->n_features + job->p->has_bias, first = block * FINISHED_ROWS, end = first + FINISHED_ROWS;
    double *G = job->asked->matrix;
    if (end > m) end = m;
    if (pool_stopped(job->control, worker)) return;
    double turned[FINISHED_ROWS * FINISHED_ROWS]; /* in the matrix, lines a power of two apart push each other out */
    for (ptrdiff_t start = 0; start < end; start += FINISHED_ROWS) {
        ptrdiff_t stop = start + FINISHED_ROWS < m ? start + FINISHED_ROWS : m;
        for (ptrdiff_t i = first; i < end; i++) {
            ptrdiff_t after = stop < i + 1 ? stop : i + 1;
            finish_row(job, i, start, after, G + i * m);
            for (ptrdiff_t j = start; j < after; j++) turned[(j - start) * FINISHED_ROWS + i - first] = G[i * m + j];
        }
        for (ptrdiff_t j = start; j < stop; j++)
            for (ptrdiff_t i = j < first ? first : j; i < end; i++)
                G[j * m + i] = turned[(j - start) * FINISHED_ROWS + i - first];
    }
}

/* ---- which of them ---- */

size_t GD(gram_scratch)(const gd_problem *p, const gd_gram *asked, int n_threads) {
    size_t used;
    cut_gram(p, asked, n_threads, NULL, &used);
    return used;
}

void GD(gram)(const gd_problem *p, const gd_gram *asked, void *scratch, int n_threads, pool_control *control) {
    typedef void (*pack)(const gram_job *, ptrdiff_t, int);
    static const pack floats[] = {pack_float_uint8_t, pack_float_half, pack_float_float, NULL};
    static const pack doubles[] = {pack_double_uint8_t, pack_double_half, pack_double_float, pack_double_double};
    size_t used;
    gram_job job = cut_gram(p, asked, n_threads, scratch, &used);
    gram_kind kind = kind_of_gram(p, asked);
    ptrdiff_t m = p->n_features + p->has_bias, columns = job.n_panels * job.panel;
    job.control = control;
    job.pack = kind == GRAM_INTEGERS ? pack_int32_t_uint8_t : (kind == GRAM_DOUBLE ? doubles : floats)[p->input];
    job.pairs = kind == GRAM_INTEGERS ? gram_pairs_int32_t : kind == GRAM_DOUBLE ? gram_pairs_double : gram_pairs_float;
    for (ptrdiff_t j = 0; j < columns; j++) {
        job.mean[j] = p->mean && j < p->n_features ? p->mean[j] : 0;
        job.inverse_scale[j] = p->scale && j < p->n_features ? 1 / p->scale[j] : 1;
    }
    memset(job.largest, 0, (size_t)(n_threads * columns) * sizeof(double));
    ptrdiff_t part_rows = job.steps * job.step_rows, n_tasks = gram_tasks(&job);
    for (; job.first < p->n_rows; job.first += job.n_rows) {
        job.n_rows = job.n_parts * part_rows < p->n_rows - job.first ? job.n_parts * part_rows : p->n_rows - job.first;
        pool_run(pack_part, &job, (job.n_rows + part_rows - 1) / part_rows, n_threads, control);
        if (pool_stopped(control, 0)) return;
        pool_run(job.pairs, &job, n_tasks, n_threads, control);
        if (pool_stopped(control, 0)) return;
    }
    if (kind == GRAM_INTEGERS && p->has_bias) memcpy(job.ones, asked->matrix + (m - 1) * m, (size_t)m * sizeof(double));
    pool_run(finish_rows, &job, (m + FINISHED_ROWS - 1) / FINISHED_ROWS, n_threads, control);
    for (ptrdiff_t j = 0; j < m; j++) {
        double most = kind == GRAM_INTEGERS ? 1 : 0;
        for (int worker = 0; worker < n_threads; worker++) {
            double other = job.largest[worker * columns + j];
            most = other > most ? other : most;
        }
        asked->largest[j] = most;
    }
}
