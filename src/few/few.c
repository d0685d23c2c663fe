/* Scores of a few rows, in the table: W is read where it lies, once, and nothing is packed. */

#include "common.inc.h"

#include "real_float.inc.h"
#include "few/tiles.inc.h"
#include "real_end.inc.h"
#include "real_double.inc.h"
#include "few/tiles.inc.h"
#include "real_end.inc.h"

#define FEW_WORK (1 << 20) /* multiply-adds of a chunk of classes: some 50 us, far more than it takes to wake a thread */

typedef struct few_job {
    const gd_few *asked;
    ptrdiff_t chunk_classes;
    pool_control *control;
} few_job;

static void few_chunk(void *context, ptrdiff_t chunk, int worker) {
    const few_job *j = context;
    const gd_few *a = j->asked;
    ptrdiff_t begin = chunk * j->chunk_classes;
    ptrdiff_t end = begin + j->chunk_classes < a->n_classes ? begin + j->chunk_classes : a->n_classes;
    (void)worker;
    (a->is_double ? few_scores_double : few_scores_float)(a, begin, end);
}

/* Whether all scores are finite. */
int GD(few)(const gd_few *a, int n_threads, pool_control *control) {
    few_job j = {.asked = a, .control = control};
    double per_class = (double)a->n_rows * (double)a->n_features + 1;
    double classes = FEW_WORK / per_class;
    j.chunk_classes = classes < (double)a->n_classes ? ((ptrdiff_t)classes / FEW_CLASSES + 1) * FEW_CLASSES : a->n_classes;
    pool_run(few_chunk, &j, (a->n_classes + j.chunk_classes - 1) / j.chunk_classes, n_threads, control);
    return (a->is_double ? few_finite_double : few_finite_float)(a);
}
