/* Losses on scores that are already there, or on an affine mix of them: base + a * first + b * second.
 * A ray, a plane and a line search are this, and so is a loss on scores alone; always in float64. */

#include "common.inc.h"

#include "real_double.inc.h"
#include "losses/block.inc.h"
#include "mix/points.inc.h"
#include "real_end.inc.h"
#include "mix/grid.inc.h"

size_t GD(mix_scratch)(const gd_problem *p, const gd_mix *asked, int n_threads) {
    return is_many_on_a_line(p, asked) ? line_scratch(p, asked, n_threads) : mix_points_scratch(p, asked, n_threads);
}

void GD(mix)(const gd_problem *p, const gd_mix *asked, void *scratch, int n_threads, pool_control *control) {
    if (is_many_on_a_line(p, asked))
        on_line(p, asked, scratch, n_threads, control);
    else
        mix_points(p, asked, scratch, n_threads, control);
}

/* All points of a grid, one after another, for a loss without sums of its own. */
static gd_mix grid_points(const gd_grid *asked) {
    return (gd_mix){.base = asked->base, .first = asked->first, .second = asked->second, .n_points = asked->n_a * asked->n_b,
                    .values = asked->values};
}

size_t GD(grid_scratch)(const gd_problem *p, const gd_grid *asked, int n_threads) {
    if (GD(losses)[p->loss]->on_grid) return grid_sums_scratch(p, asked, n_threads);
    size_t used = 0;
    gd_mix points = grid_points(asked);
    carve(NULL, &used, 2 * (size_t)points.n_points * sizeof(double));
    return used + mix_points_scratch(p, &points, n_threads);
}

void GD(grid)(const gd_problem *p, const gd_grid *asked, void *scratch, int n_threads, pool_control *control) {
    if (GD(losses)[p->loss]->on_grid) {
        grid_sums(p, asked, scratch, n_threads, control);
        return;
    }
    size_t used = 0;
    gd_mix points = grid_points(asked);
    double *pairs = carve(scratch, &used, 2 * (size_t)points.n_points * sizeof(double));
    for (ptrdiff_t q = 0; q < points.n_points; q++)
        pairs[2 * q] = asked->a[q / asked->n_b], pairs[2 * q + 1] = asked->b[q % asked->n_b];
    points.points = pairs;
    mix_points(p, &points, (char *)scratch + used, n_threads, control);
}
