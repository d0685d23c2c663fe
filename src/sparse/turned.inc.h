/* Sparse rows visited one by one, for one REAL: turned weights (n_features, K) of each group of classes, a row's scores,
 * a row added to weights or gradient. What stochastic steps and dual coordinate ascent share. */

#if !defined(REAL) || !defined(EACH_QUADS)
#error "sparse/turned.inc.h needs REAL, EACH_QUADS"
#endif

typedef struct R(sparse_descent) {
    const gd_problem *problem;
    const gd_csr *x;
    gd_descent *asked;
    sparse_layout layout;
    sparse_move move;
    ptrdiff_t longest;     /* rows in the largest batch */
    size_t size;           /* weights of a group, padded to whole lines */
    REAL *v;               /* (n_groups, size) */
    REAL *gradient;        /* likewise, unless rows are added to v */
    REAL *state[2];        /* likewise */
    REAL *bias, *bias_gradient, *bias_state[2];
    REAL *before;          /* v before a large batch, where rows are added to v */
    int64_t *touched;      /* columns of the step, MOVE_TOUCHED */
    uint8_t *is_touched;
    ptrdiff_t n_touched;
    REAL *scores;          /* (longest, k) */
    REAL *padded;          /* (n_groups, K) of one row */
    R(reader) reader;
    double shrink, squares; /* MOVE_ROWS: w = shrink * v; squares: sum of v^2 */
} R(sparse_descent);

INLINE R(split_rows) R(group_of)(const R(sparse_descent) * s, REAL *weights, ptrdiff_t group) {
    return R(split)(weights + (size_t)group * s->size, s->problem->n_features, s->layout.K);
}

/* Weights or a state (k, columns) -> turned, and its bias column; or back, multiplied by `factor`, the bias as it is. */
static void R(turn_weights)(const R(sparse_descent) * s, REAL *w, REAL *turned, REAL *bias, int back, REAL factor) {
    const gd_problem *p = s->problem;
    const sparse_layout *l = &s->layout;
    ptrdiff_t d = p->n_features, stride = d + p->has_bias, K = l->K;
    for (ptrdiff_t c = 0; c < p->n_classes && p->has_bias; c++) {
        if (back)
            w[c * stride + d] = bias[c];
        else
            bias[c] = w[c * stride + d];
    }
    for (ptrdiff_t group = 0; group < l->n_groups; group++)
        for (ptrdiff_t first = 0; first < d; first += LINE_COLUMNS(REAL)) { /* as scores.inc.h turns them */
            ptrdiff_t end = d - first < LINE_COLUMNS(REAL) ? d : first + LINE_COLUMNS(REAL);
            ptrdiff_t classes = group_classes(l, p, group);
            R(split_rows) rows = R(group_of)(s, turned, group);
            REAL *from = w + group * l->group_classes * stride;
            for (ptrdiff_t c = 0; c < K; c += 4) {
                ptrdiff_t i = first, step;
                for (ptrdiff_t r = c; r < c + 4 && r < classes; r++) {
                    if (back)
                        PREFETCH_AHEAD(from + r * stride + i, 1);
                    else
                        PREFETCH_AHEAD(from + r * stride + i, 0);
                }
                REAL *v = R(quad_of)(&rows, K, c, &step);
                if (c + 4 <= classes)
                    for (; i + 4 <= end; i += 4) {
                        R(quad) q[4];
                        for (int r = 0; r < 4; r++)
                            memcpy(&q[r], back ? v + (i + r) * step : from + (c + r) * stride + i, sizeof q[r]);
                        TRANSPOSE(R(quad), q[0], q[1], q[2], q[3]);
                        for (int r = 0; r < 4; r++) {
                            if (back) q[r] *= factor;
                            memcpy(back ? from + (c + r) * stride + i : v + (i + r) * step, &q[r], sizeof q[r]);
                        }
                    }
                for (; i < end; i++)
                    for (ptrdiff_t r = c; r < c + 4; r++) {
                        if (!back)
                            v[i * step + r - c] = r < classes ? from[r * stride + i] : 0;
                        else if (r < classes)
                            from[r * stride + i] = v[i * step + r - c] * factor;
                    }
            }
        }
}

/* (n_groups, K) of one row, without the padding -> out = padded * factor + shift; and the other way. */
static void R(from_padded)(const sparse_layout *l, ptrdiff_t k, const REAL *padded, REAL factor, const REAL *shift,
                           REAL *out) {
    for (ptrdiff_t left = k; left > 0; left -= l->group_classes, padded += l->K) {
        ptrdiff_t classes = left < l->group_classes ? left : l->group_classes;
        const REAL *restrict from = padded, *restrict more = shift + (k - left);
        REAL *restrict to = out + (k - left);
        for (ptrdiff_t c = 0; c < classes; c++) to[c] = from[c] * factor + more[c];
    }
}

static int R(to_padded)(const sparse_layout *l, ptrdiff_t k, const REAL *from, REAL factor, REAL *padded) {
    int on = 0;
    for (ptrdiff_t left = k; left > 0; left -= l->group_classes, padded += l->K) {
        ptrdiff_t classes = left < l->group_classes ? left : l->group_classes;
        const REAL *restrict some = from + (k - left);
        REAL *restrict to = padded;
        for (ptrdiff_t c = 0; c < classes; c++) {
            on |= some[c] != 0;
            to[c] = some[c] * factor;
        }
    }
    return on;
}

/* The scores of row order[i], without the bias, in `padded`. */
APART void R(score_row)(R(sparse_descent) * s, ptrdiff_t i) {
    const int64_t *order = s->asked->order, *first = s->x->first;
    ptrdiff_t n = s->asked->starts[s->asked->n_steps];
    if (i + ROWS_AHEAD < n) R(announce_row)(s->x, order[i + ROWS_AHEAD]);
    memset(s->padded, 0, (size_t)(s->layout.n_groups * s->layout.K) * sizeof(REAL));
    for (int64_t e = first[order[i]], end = first[order[i] + 1]; e < end; e += RUN_MOST) {
        const R(row_run) *next, *run = R(run_at)(&s->reader, e, end, i + 1 < n ? order[i + 1] : -1, &next);
        for (ptrdiff_t g = 0; g < s->layout.n_groups; g++)
            R(sparse_rows)[s->layout.quads].scores(run, next, R(group_of)(s, s->v, g), s->padded + g * s->layout.K);
    }
}

/* The row times the coefficients in `padded` is added to `to`, weights or gradient; `after`: the next one, or -1. */
APART void R(add_row)(R(sparse_descent) * s, int64_t row, int64_t after, REAL *to) {
    const int64_t *first = s->x->first;
    for (int64_t e = first[row], end = first[row + 1]; e < end; e += RUN_MOST) {
        const R(row_run) *next, *run = R(run_at)(&s->reader, e, end, after, &next);
        for (ptrdiff_t g = 0; g < s->layout.n_groups; g++) {
            const REAL *coefficients = s->padded + g * s->layout.K;
            if (s->move == MOVE_ROWS && s->asked->l2 != 0)
                s->squares += R(sparse_rows)[s->layout.quads].add_squares(run, next, coefficients, R(group_of)(s, to, g));
            else
                R(sparse_rows)[s->layout.quads].add(run, next, coefficients, R(group_of)(s, to, g));
        }
        for (int i = 0; s->move == MOVE_TOUCHED && i < run->n; i++) {
            int64_t column = run->columns[i];
            s->touched[s->n_touched] = column; /* overwritten by the next one, unless it is new */
            s->n_touched += !s->is_touched[column];
            s->is_touched[column] = 1;
        }
    }
}
