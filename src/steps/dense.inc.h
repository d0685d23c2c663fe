/* Many stochastic steps in one call, for one REAL, MASTER (the type of W) and INPUT: rows, gradient, update
 * rule and learning rate. Where nothing is folded and W has the arithmetic's type, the kernels work on W
 * itself: a plain gradient step on one block of rows is added to W with no gradient in between, and a step on
 * one row, by any rule, is one sweep over W and the states, which leaves the scores of the next row. */

#if !defined(REAL) || !defined(MASTER) || !defined(INPUT)
#error "steps/dense.inc.h needs REAL, MASTER, INPUT"
#endif

static void D(take_steps)(const gd_problem *p, gd_descent *asked, void *scratch, pool_control *control) {
    U(descent) s;
    layout l = U(descent_layout)(p);
    U(lay_descent)(scratch, &s, p, asked, &l);
    ptrdiff_t k = p->n_classes, d = p->n_features, packed = k * l.n_vectors * LANES, B = l.block_rows;
    int folded = p->mean || p->scale, same = U(is_same) && !folded;
    RI(block) blocks[2], *block = &blocks[0], *next = &blocks[1], none;
    blocks[0].copies = s.worker.copies;
    /* room for one row each, where both are used */
    blocks[1].copies = blocks[0].copies + (l.direct ? 2 : l.n_vectors) * LANES;
    memset(s.zeros, 0, (size_t)(l.n_vectors * LANES) * sizeof(REAL));
    none.rows[0] = none.edges[0][0] = none.edges[1][0] = (const INPUT *)s.zeros;
    int is_scored = 0, is_known = 0; /* the step before has left this step's sums, and the penalty of W */
    double penalty = 0;
    int has_penalty = asked->l1 != 0 || asked->l2 != 0, is_plain = asked->rule == RULE_GRADIENT_DESCENT && !has_penalty;
    int has_tile = is_plain || (!has_penalty && (asked->rule == RULE_MOMENTUM || asked->rule == RULE_NESTEROV));
    memset(s.worker.copies, 0, s.worker.copies_bytes);
    memset(s.w, 0, (size_t)packed * sizeof(MASTER));
    memset(s.bias, 0, (size_t)k * sizeof(MASTER));
    U(repack)(&l, d, p->has_bias, asked->w, s.w, s.bias, 1);
    for (int i = 0; i < asked->n_states; i++) {
        memset(s.state[i], 0, (size_t)packed * sizeof(MASTER));
        U(repack)(&l, d, p->has_bias, asked->state[i], s.state[i], s.bias_state[i], 1);
    }
    for (ptrdiff_t j = 0; j < l.n_vectors * LANES; j++) {
        int inside = j >= l.lead && j < l.lead + d;
        s.inverse_scale[j] = !inside ? 0 : p->scale ? 1 / p->scale[j - l.lead] : 1;
        s.mean[j] = inside && p->mean ? p->mean[j - l.lead] : 0;
    }
    REAL *w = same ? (REAL *)s.w : s.effective, *bias = same ? (REAL *)s.bias : s.effective_bias;
    asked->done = 0;
    double work = WATCHED_WORK; /* since the stop flag was read, which costs as much as a small step */
    for (ptrdiff_t step = 0; step < asked->n_steps; step++) {
        if (work >= WATCHED_WORK) {
            if (pool_stopped(control, 0)) break;
            work = 0;
        }
        if (!same) U(effective)(p, &l, s.w, s.bias, s.inverse_scale, s.mean, w, bias);
        ptrdiff_t begin = asked->starts[step], end = asked->starts[step + 1];
        double norm = 1 / ((double)(end - begin) * asked->mean_weight), value = 0;
        work += (double)(end - begin + 1) * (double)packed;
        int single = same && end - begin == 1 && k <= BLOCK_ROWS_MOST * TILE_CLASSES;
        int direct = single || (same && asked->rule == RULE_GRADIENT_DESCENT && end - begin <= B);
        U(rule) rule = U(make_rule)(asked, step, norm), bias_rule = rule;
        if (!asked->penalize_bias) bias_rule.l1 = bias_rule.l2 = 0;
        memset(s.worker.bias_gradient, 0, (size_t)k * sizeof(double));
        if (!direct) memset(s.worker.gradient, 0, (size_t)packed * sizeof(REAL));
        int stopped = 0;
        double asked_at = 0; /* the same within a large batch, which is left before anything has moved */
        for (ptrdiff_t i = begin; i < end; i += B) {
            if ((double)(i - begin) * (double)packed >= asked_at + WATCHED_WORK) {
                asked_at = (double)(i - begin) * (double)packed;
                stopped = pool_stopped(control, 0);
                if (stopped) break;
            }
            int n_rows = (int)(end - i < B ? end - i : B), active[BLOCK_ROWS_MOST], n_active;
            const int64_t *ids = asked->order + i;
            /* a sweep reads the next row already */
            int ahead = single ? 2 : n_rows;
            ptrdiff_t coming = asked->starts[asked->n_steps] - i - ahead;
            RI(announce)(p, ids + ahead, l.direct ? (int)(coming < n_rows ? coming : n_rows) : 0, n_rows, block);
            if (is_scored) {
                RI(step_scores)(&l, bias, s.worker.sums, s.worker.scores);
            } else {
                RI(gather)(p, &l, ids, n_rows, block);
                RI(block_scores)(&l, block, w, bias, s.worker.sums, s.worker.scores);
            }
            is_scored = 0;
            value += R(block_loss)(p, ids, n_rows, s.worker.scores, active, &n_active);
            for (int a = 0; a < n_active; a++)
                for (ptrdiff_t c = 0; c < k; c++)
                    s.worker.bias_gradient[c] += (double)s.worker.scores[active[a] * k + c];
            if (!direct) {
                RI(block_gradient)(&l, block, s.worker.scores, active, n_active, s.worker.compact, s.worker.gradient);
                continue;
            }
            if (!is_known) penalty = U(packed_penalty)(asked, &l, s.w);
            value = value * norm + penalty;
            is_known = 0;
            if (single && !is_plain) {
                if (value - value != 0) break;
                const RI(block) *mover = block;
                if (n_active == 0) { /* its row may be anything: zeros stand for it */
                    memset(s.worker.scores, 0, (size_t)k * sizeof(REAL));
                    none.coming[0] = block->coming[0];
                    mover = &none;
                }
                is_scored = step + 1 < asked->n_steps && asked->starts[step + 2] - end == 1;
                if (is_scored) RI(gather)(p, &l, asked->order + end, 1, next);
                const RI(block) *scored = is_scored ? next : mover;
                if (has_tile) {
                    for (ptrdiff_t c = 0; c < k; c++) s.worker.scores[c] *= (REAL)norm;
                    RI(block_step)(&l, mover, scored, asked->rule, s.worker.scores, (REAL)asked->settings[0],
                                   (REAL)asked->rates[step], w, (REAL *)s.state[0], s.worker.sums);
                } else {
                    penalty = D(segment_step)(&l, mover, scored, asked, &rule, s.worker.scores, &s);
                    is_known = 1;
                }
            } else {
                if (has_penalty) U(shrink)(&rule, s.w, packed);
                for (ptrdiff_t e = 0; e < n_rows * k; e++) s.worker.scores[e] *= (REAL)(-asked->rates[step] * norm);
                is_scored = single && n_active == 1 && step + 1 < asked->n_steps && value - value == 0 &&
                            asked->starts[step + 2] - end == 1;
                if (!is_scored) {
                    RI(block_gradient)(&l, block, s.worker.scores, active, n_active, s.worker.compact, w);
                    continue;
                }
                RI(gather)(p, &l, asked->order + end, 1, next);
                RI(block_step)(&l, block, next, asked->rule, s.worker.scores, 0, 0, w, NULL, s.worker.sums);
            }
            if (is_scored) {
                RI(block) *was = block;
                block = next;
                next = was;
            }
        }
        if (stopped) break;
        if (!direct) value = value * norm + U(packed_penalty)(asked, &l, s.w);
        if (asked->penalize_bias && p->has_bias) value += U(penalty)(asked, s.bias, k);
        asked->values[step] = value;
        if (!(value - value == 0)) break; /* not finite: this step is not taken */
        if (!direct) {
            if (folded) R(unfold)(&l, s.worker.bias_gradient, s.inverse_scale, s.mean, s.worker.gradient);
            U(update)(&rule, s.worker.gradient, packed, s.w, s.state[0], s.state[1]);
            is_known = 0;
        }
        if (p->has_bias) {
            for (ptrdiff_t c = 0; c < k; c++) s.worker.compact[c] = (REAL)s.worker.bias_gradient[c];
            U(update)(&bias_rule, s.worker.compact, k, s.bias, s.bias_state[0], s.bias_state[1]);
        }
        asked->done = step + 1;
    }
    U(repack)(&l, d, p->has_bias, asked->w, s.w, s.bias, 0);
    for (int i = 0; i < asked->n_states; i++)
        U(repack)(&l, d, p->has_bias, asked->state[i], s.state[i], s.bias_state[i], 0);
}
