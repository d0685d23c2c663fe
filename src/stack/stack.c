/* What L-BFGS does with its pairs, in the table: products of long arrays and their combinations, each read once. */

#include "common.inc.h"

#define STACK_BLOCK 512 /* elements: some 30 arrays' blocks stay in the second-level cache while they are multiplied */

#include "real_double.inc.h"
#define INPUT float
#include "stack/products.inc.h"
#undef INPUT
#define INPUT double
#include "stack/products.inc.h"
#undef INPUT
#include "real_end.inc.h"

typedef struct stack_job {
    const gd_stack *asked;
    ptrdiff_t chunk_elements;
    size_t worker_bytes;
    char *workers;
    pool_sum *sum;
    pool_control *control;
} stack_job;

static stack_job make_stack_job(const gd_stack *s) {
    stack_job j = {.asked = s};
    double columns = s->combination ? 1 : (double)s->n_vectors;
    double chunks = (double)s->size * (double)s->n_rows * columns / CHUNK_WORK;
    ptrdiff_t most = chunks < CHUNKS_MOST ? (ptrdiff_t)chunks + 1 : CHUNKS_MOST;
    ptrdiff_t blocks = (s->size + STACK_BLOCK - 1) / STACK_BLOCK;
    j.chunk_elements = (blocks + most - 1) / most * STACK_BLOCK;
    if (!s->combination) carve(NULL, &j.worker_bytes, (size_t)(s->n_rows * s->n_vectors) * sizeof(double));
    return j;
}

static ptrdiff_t stack_chunks(const stack_job *j) {
    return (j->asked->size + j->chunk_elements - 1) / j->chunk_elements;
}

static void add_stack_products(void *context, int piece) {
    const stack_job *j = context;
    const gd_stack *s = j->asked;
    const double *products = (const double *)(j->workers + (size_t)piece * j->worker_bytes);
    for (ptrdiff_t i = 0; i < s->n_rows * s->n_vectors; i++) s->products[i] += products[i];
}

static void stack_chunk(void *context, ptrdiff_t chunk, int worker) {
    const stack_job *j = context;
    const gd_stack *s = j->asked;
    double *products = (double *)(j->workers + (size_t)pool_piece(j->sum, worker) * j->worker_bytes);
    ptrdiff_t begin = chunk * j->chunk_elements;
    ptrdiff_t end = begin + j->chunk_elements < s->size ? begin + j->chunk_elements : s->size;
    memset(products, 0, j->worker_bytes);
    for (ptrdiff_t e = begin; e < end && !pool_stopped(j->control, worker); e += STACK_BLOCK) {
        ptrdiff_t n = end - e < STACK_BLOCK ? end - e : STACK_BLOCK;
        if (s->combination)
            (s->is_double ? combine_double_double : combine_double_float)(s, e, n);
        else
            (s->is_double ? add_products_double_double : add_products_double_float)(s, e, n, products);
    }
    if (!s->combination) pool_sum_add(j->sum, chunk, worker, add_stack_products, context);
}

size_t GD(stack_scratch)(const gd_stack *s, int n_threads) {
    stack_job j = make_stack_job(s);
    return j.worker_bytes * (size_t)pool_pieces(n_threads, stack_chunks(&j), j.worker_bytes);
}

void GD(stack)(const gd_stack *s, void *scratch, int n_threads, pool_control *control) {
    pool_sum sum;
    stack_job j = make_stack_job(s);
    j.workers = scratch;
    j.sum = &sum;
    j.control = control;
    if (!s->combination) memset(s->products, 0, (size_t)(s->n_rows * s->n_vectors) * sizeof(double));
    n_threads = useful_threads(n_threads, stack_chunks(&j));
    pool_sum_init(&sum, n_threads, pool_pieces(n_threads, stack_chunks(&j), j.worker_bytes));
    pool_run(stack_chunk, &j, stack_chunks(&j), n_threads, control);
    pool_sum_destroy(&sum);
}
