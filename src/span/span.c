/* The smoothed hinge along directions whose changes of the terms are known, in the table: no pass over X. */

#include "common.inc.h"

#define SPAN_BLOCK 256 /* terms: what is known of a block along some 16 directions stays in the first-level cache */

#include "real_float.inc.h"
#include "span/smoothed_block.inc.h"
#include "real_end.inc.h"
#include "real_double.inc.h"
#include "span/smoothed_block.inc.h"
#include "real_end.inc.h"

typedef struct span_job {
    const gd_span *asked;
    ptrdiff_t chunk_terms;
    size_t block_bytes, worker_bytes, n_totals;
    char *workers;
    double *totals;
    pool_sum *sum;
    pool_control *control;
} span_job;

static ptrdiff_t span_chunk_terms(const gd_span *s) {
    double size = (double)s->n_rows * (double)s->n_classes, m = (double)s->n_directions;
    double chunks = size * (m + 2) * (m + 2) / 2 / CHUNK_WORK;
    ptrdiff_t most = chunks < CHUNKS_MOST ? (ptrdiff_t)chunks + 1 : CHUNKS_MOST;
    ptrdiff_t blocks = (s->n_rows * s->n_classes + SPAN_BLOCK - 1) / SPAN_BLOCK;
    ptrdiff_t each = (blocks + most - 1) / most * SPAN_BLOCK;
    return each < 1 ? 1 : each;
}

static ptrdiff_t span_chunks(const gd_span *s) {
    ptrdiff_t each = span_chunk_terms(s);
    return (s->n_rows * s->n_classes + each - 1) / each;
}

static span_job make_span_job(const gd_span *s) {
    span_job j = {.asked = s, .chunk_terms = span_chunk_terms(s)};
    j.n_totals = 1 + (size_t)s->n_directions * ((size_t)s->n_directions + 1);
    carve(NULL, &j.block_bytes, s->is_double ? span_block_bytes_double(s) : span_block_bytes_float(s));
    j.worker_bytes = j.block_bytes;
    carve(NULL, &j.worker_bytes, j.n_totals * sizeof(double));
    return j;
}

static void add_span_totals(void *context, int piece) {
    const span_job *j = context;
    const double *totals = (const double *)(j->workers + (size_t)piece * j->worker_bytes + j->block_bytes);
    for (size_t i = 0; i < j->n_totals; i++) j->totals[i] += totals[i];
}

static void span_chunk(void *context, ptrdiff_t chunk, int worker) {
    const span_job *j = context;
    const gd_span *s = j->asked;
    char *memory = j->workers + (size_t)pool_piece(j->sum, worker) * j->worker_bytes;
    double *totals = (double *)(memory + j->block_bytes);
    ptrdiff_t size = s->n_rows * s->n_classes, begin = chunk * j->chunk_terms;
    ptrdiff_t end = begin + j->chunk_terms < size ? begin + j->chunk_terms : size;
    memset(totals, 0, j->n_totals * sizeof(double));
    for (ptrdiff_t e = begin; e < end && !pool_stopped(j->control, worker); e += SPAN_BLOCK) {
        ptrdiff_t n = end - e < SPAN_BLOCK ? end - e : SPAN_BLOCK;
        (s->is_double ? add_span_block_double : add_span_block_float)(s, memory, e, n, totals);
    }
    pool_sum_add(j->sum, chunk, worker, add_span_totals, context);
}

size_t GD(span_scratch)(const gd_span *s, int n_threads) {
    span_job j = make_span_job(s);
    size_t used = 0;
    carve(NULL, &used, j.n_totals * sizeof(double));
    return used + j.worker_bytes * (size_t)pool_pieces(n_threads, span_chunks(s), j.worker_bytes);
}

void GD(span)(const gd_span *s, void *scratch, int n_threads, pool_control *control) {
    pool_sum sum;
    span_job j = make_span_job(s);
    size_t used = 0, m = (size_t)s->n_directions;
    j.totals = carve(scratch, &used, j.n_totals * sizeof(double));
    j.workers = (char *)scratch + used;
    j.sum = &sum;
    j.control = control;
    memset(j.totals, 0, j.n_totals * sizeof(double));
    n_threads = useful_threads(n_threads, span_chunks(s));
    pool_sum_init(&sum, n_threads, pool_pieces(n_threads, span_chunks(s), j.worker_bytes));
    pool_run(span_chunk, &j, span_chunks(s), n_threads, control);
    pool_sum_destroy(&sum);
    if (control->stop) return;
    s->value[0] = j.totals[0];
    memcpy(s->slopes, j.totals + 1, m * sizeof(double));
    for (size_t a = 0; a < m; a++)
        for (size_t b = 0; b < m; b++)
            s->products[a * m + b] = j.totals[1 + m + (a > b ? a * m + b : b * m + a)];
}
