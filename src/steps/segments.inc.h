/* A step on one dense row by any rule, and the scores of the next, segment by segment of the weights, for one REAL, MASTER
 * and INPUT. */

#if !defined(REAL) || !defined(MASTER) || !defined(INPUT)
#error "steps/segments.inc.h needs REAL, MASTER, INPUT"
#endif

/* How many of a row's n vectors from `from` on can be read at once, and where: its edges are copies. */
static ptrdiff_t D(readable)(const layout *l, const RI(block) * b, ptrdiff_t from, ptrdiff_t n, const INPUT **x) {
    *x = b->rows[0] + from * LANES;
    if (from < l->first_whole) *x = b->edges[0][0];
    if (from >= l->last_whole) *x = b->edges[1][0];
    if (from < l->first_whole || from >= l->last_whole) return 1;
    return from + n < l->last_whole ? n : l->last_whole - from;
}

/* The gradient, the rule's move and the next row's scores while a segment of weights and states is in the first-level
 * cache; returns the penalty of what came of it. Sums in block_scores' order, penalties in packed_penalty's, so that both
 * give the same bits. */
static double D(segment_step)(const layout *l, const RI(block) * b, const RI(block) * next, const gd_descent *asked,
                              const U(rule) * rule, const REAL *coefficients, U(descent) * s) {
    U(penalties) sum = {{0}, {0}};
    VECTOR *sums = s->worker.sums;
    memset(sums, 0, (size_t)l->n_outputs * sizeof(VECTOR));
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < l->n_tiles; tile++, c0 += classes) {
        classes = tile_classes(l, tile);
        ptrdiff_t segment = U(segment_vectors)(classes);
        for (ptrdiff_t v = 0, n; v < l->n_vectors; v += n) {
            n = l->n_vectors - v < segment ? l->n_vectors - v : segment;
            ptrdiff_t at = (c0 * l->n_vectors + v * classes) * LANES, size = n * classes * LANES;
            const INPUT *x;
            for (ptrdiff_t q = 0, some; q < n; q += some) {
                some = D(readable)(l, b, v + q, n - q, &x);
                RI(row_gradient)(x, some, classes, coefficients + c0, s->segment + q * classes * LANES);
            }
            MASTER *first = s->state[0] ? s->state[0] + at : NULL, *second = s->state[1] ? s->state[1] + at : NULL;
            U(update)(rule, s->segment, size, s->w + at, first, second);
            if (asked->l1 != 0 || asked->l2 != 0) U(add_penalties)(asked, s->w + at, size, &sum);
            for (ptrdiff_t q = 0, some; q < n; q += some) {
                some = D(readable)(l, next, v + q, n - q, &x);
                const char *coming = b->coming[0] + (v + q) * LANES * (ptrdiff_t)sizeof(INPUT);
                const REAL *w = (const REAL *)(s->w + at) + q * classes * LANES;
                RI(scores_tiles)[classes].scores_one(&x, &coming, 0, some, w, sums + c0);
            }
        }
    }
    return U(penalty_of)(asked, &sum);
}
