/* Coordinate descent on quadratic models with L1 and L2, in the table: float64 throughout, one thread. */

#include "common.inc.h"

#include "coordinate/epochs.inc.h"
#include "coordinate/weight.inc.h"

#include "real_double.inc.h"
#include "coordinate/quadratic.inc.h"
#include "coordinate/columns.inc.h"
#include "real_end.inc.h"

size_t GD(quadratic_scratch)(const gd_quadratic *q) { return (size_t)q->visits.size * sizeof(int64_t); }

void GD(descend_quadratic)(gd_quadratic *q, void *scratch, pool_control *control) {
    run_epochs(&q->visits, q, visit_quadratic_double, quadratic_work_double, scratch, control);
}

size_t GD(columns_scratch)(const gd_columns *q) { return (size_t)q->visits.size * (sizeof(double) + sizeof(int64_t)); }

void GD(descend_columns)(gd_columns *q, void *scratch, pool_control *control) {
    q->bends = scratch;
    run_epochs(&q->visits, q, visit_pair_double, column_work_double, (int64_t *)(q->bends + q->visits.size), control);
}
