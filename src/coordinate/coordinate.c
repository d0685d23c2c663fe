/* Coordinate descent on quadratic models with L1 and L2, in the table: float64 throughout, one thread. */

#include "common.inc.h"

#include "coordinate/weight.inc.h"

#include "real_double.inc.h"
#include "coordinate/quadratic.inc.h"
#include "coordinate/columns.inc.h"
#include "real_end.inc.h"

size_t GD(quadratic_scratch)(const gd_quadratic *q) { return (size_t)q->size * sizeof(int64_t); }

void GD(descend_quadratic)(gd_quadratic *q, void *scratch, pool_control *control) {
    descend_quadratic_double(q, scratch, control);
}

size_t GD(columns_scratch)(const gd_columns *q) { return (size_t)q->n_pairs * (sizeof(double) + sizeof(int64_t)); }

void GD(descend_columns)(gd_columns *q, void *scratch, pool_control *control) {
    double *bends = scratch;
    descend_columns_double(q, bends, (int64_t *)(bends + q->n_pairs), control);
}
