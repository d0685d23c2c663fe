/* Many stochastic steps on sparse rows in one call, for weights of one REAL.
 *
 * Classes go in groups as for evaluation; weights, states and the gradient are turned, (n_features, K) each. How a
 * step moves them depends on the rule (sparse_moves.inc.h):
 *   MOVE_ROWS     plain gradient descent with L2: rows are added to the weights
 *   MOVE_TOUCHED  AdaGrad without a regularizer: columns without entries stay as they are
 *   MOVE_ALL      the others: every weight moves in every step
 */

#if !defined(REAL) || !defined(MASTER) || !defined(EACH_QUADS)
#error "steps/sparse.inc.h needs REAL, MASTER, EACH_QUADS"
#endif

static size_t R(lay_sparse_descent)(char *base, R(sparse_descent) * s) {
    const gd_problem *p = s->problem;
    size_t used = 0, k = (size_t)p->n_classes, d = (size_t)p->n_features, bias = k * sizeof(REAL);
    s->layout = group_layout(p->n_classes);
    s->move = sparse_move_of(s->asked);
    s->longest = 1;
    for (ptrdiff_t i = 0; i < s->asked->n_steps; i++) {
        ptrdiff_t length = s->asked->starts[i + 1] - s->asked->starts[i];
        s->longest = length > s->longest ? length : s->longest;
    }
    s->size = (d * (size_t)s->layout.K + 15) / 16 * 16;
    size_t weights = (size_t)s->layout.n_groups * s->size * sizeof(REAL);
    int by_gradient = s->move != MOVE_ROWS;
    s->v = carve(base, &used, weights);
    s->gradient = by_gradient ? carve(base, &used, weights) : NULL;
    for (int i = 0; i < 2; i++) {
        int kept = by_gradient && i < s->asked->n_states;
        s->state[i] = kept ? carve(base, &used, weights) : NULL;
        s->bias_state[i] = kept ? carve(base, &used, bias) : NULL;
    }
    s->bias = carve(base, &used, bias);
    s->bias_gradient = carve(base, &used, bias);
    /* What a large batch has moved when it is stopped is put back. */
    s->before = !by_gradient && s->longest >= LARGE_BATCH ? carve(base, &used, weights) : NULL;
    s->touched = s->move == MOVE_TOUCHED ? carve(base, &used, (d + 1) * sizeof(int64_t)) : NULL;
    s->is_touched = s->move == MOVE_TOUCHED ? carve(base, &used, d) : NULL;
    s->scores = carve(base, &used, ((size_t)s->longest * k + LANES) * sizeof(REAL));
    s->padded = carve(base, &used, (size_t)(s->layout.n_groups * s->layout.K) * sizeof(REAL));
    s->reader.x = s->x;
    s->reader.scale = p->scale;
    s->reader.changed = &s->asked->changed;
    s->reader.runs = carve(base, &used, 2 * sizeof(R(row_run)));
    return used;
}

static size_t R(sparse_take_steps_scratch)(const gd_problem *p, gd_descent *asked) {
    R(sparse_descent) s = {.problem = p, .asked = asked};
    return R(lay_sparse_descent)(NULL, &s);
}

/* Coefficients of the batch that begins at order[begin], in `scores`; the sum of its losses. Worthless if stopped. */
static double R(batch_losses)(R(sparse_descent) * s, ptrdiff_t begin, ptrdiff_t length, pool_control *control) {
    ptrdiff_t k = s->problem->n_classes;
    double value = 0;
    for (ptrdiff_t b = 0; b < length && (b == 0 || !pool_stopped(control, 0)); b += BLOCK_ROWS_MOST) {
        int n_rows = (int)(length - b < BLOCK_ROWS_MOST ? length - b : BLOCK_ROWS_MOST), n_active;
        int active[BLOCK_ROWS_MOST];
        REAL *scores = s->scores + b * k;
        for (int r = 0; r < n_rows; r++) {
            R(score_row)(s, begin + b + r);
            R(from_padded)(&s->layout, k, s->padded, (REAL)s->shrink, s->bias, scores + r * k);
        }
        value += R(block_loss)(s->problem, s->asked->order + begin + b, n_rows, scores, active, &n_active);
        for (int r = 0, a = 0; r < n_rows; r++) {
            int on = a < n_active && active[a] == r;
            a += on;
            if (!on) memset(scores + r * k, 0, (size_t)k * sizeof(REAL));
        }
    }
    return value;
}

/* Adds the batch's rows, times their coefficients and `factor`, to weights or gradient; 1 if stopped midway. */
static int R(add_batch)(R(sparse_descent) * s, ptrdiff_t begin, ptrdiff_t length, REAL factor, REAL *to,
                        pool_control *control) {
    const int64_t *order = s->asked->order + begin;
    ptrdiff_t k = s->problem->n_classes;
    for (ptrdiff_t r = 0; r < length; r++) {
        if (r % BLOCK_ROWS_MOST == BLOCK_ROWS_MOST - 1 && pool_stopped(control, 0)) return 1;
        if (R(to_padded)(&s->layout, k, s->scores + r * k, factor, s->padded))
            R(add_row)(s, order[r], r + 1 < length ? order[r + 1] : -1, to);
    }
    return 0;
}

#include "steps/sparse_moves.inc.h"

/* Multiply-adds of a step, about. */
static double R(work_of)(const R(sparse_descent) * s, ptrdiff_t begin, ptrdiff_t length) {
    const int64_t *order = s->asked->order + begin, *first = s->x->first;
    double entries = s->move == MOVE_ALL ? (double)s->problem->n_features : 1;
    for (ptrdiff_t r = 0; r < length; r++) entries += (double)(first[order[r] + 1] - first[order[r]]);
    return entries * (double)s->problem->n_classes;
}

static void R(sparse_take_steps)(const gd_problem *p, const gd_csr *x, gd_descent *asked, void *scratch,
                              pool_control *control) {
    R(sparse_descent) s = {.problem = p, .x = x, .asked = asked, .shrink = 1};
    R(lay_sparse_descent)(scratch, &s);
    memset(s.padded, 0, (size_t)(s.layout.n_groups * s.layout.K) * sizeof(REAL));
    memset(s.scores, 0, ((size_t)(s.longest * p->n_classes) + LANES) * sizeof(REAL));
    R(forget_runs)(&s.reader);
    R(start_steps)(&s);
    asked->done = 0;
    double work = WATCHED_WORK; /* since the stop flag was read, which takes a clock's time */
    for (ptrdiff_t step = 0; step < asked->n_steps; step++) {
        if (work >= WATCHED_WORK) {
            if (pool_stopped(control, 0)) break;
            work = 0;
        }
        ptrdiff_t begin = asked->starts[step], length = asked->starts[step + 1] - begin;
        work += R(work_of)(&s, begin, length);
        double norm = 1 / ((double)length * asked->mean_weight);
        double value = R(batch_losses)(&s, begin, length, control) * norm + R(penalty_of)(&s);
        if (length > BLOCK_ROWS_MOST && pool_stopped(control, 0)) break; /* before anything has moved */
        asked->values[step] = value;
        if (!(value - value == 0)) break; /* not finite: this step is not taken */
        int stopped = s.move == MOVE_ROWS ? R(move_rows)(&s, step, norm, control)
                                          : R(move_by_gradient)(&s, step, norm, control);
        if (stopped) break; /* nothing has moved */
        asked->done = step + 1;
    }
    R(end_steps)(&s);
}
