/* Dual coordinate ascent over sparse rows for one REAL: an epoch, and the sums A'X (in double). Weights are turned as
 * for sparse descent, (n_features, 4 * quads) for each group of classes. */

#if !defined(REAL) || !defined(EACH_QUADS)
#error "dual/sparse_epoch.inc.h needs REAL, EACH_QUADS"
#endif

typedef struct R(sparse_dual) {
    R(sparse_descent) s;
    gd_descent steps; /* what score_row reads of a run: the rows in their order */
    gd_problem with_bias;
    int64_t starts[2];
    REAL *change, *u;
} R(sparse_dual);

static size_t R(lay_sparse_dual)(char *base, R(sparse_dual) * run, const gd_problem *p, const gd_csr *x) {
    R(sparse_descent) *s = &run->s;
    size_t used = 0, k = (size_t)p->n_classes;
    memset(run, 0, sizeof *run);
    s->problem = p;
    s->x = x;
    s->asked = &run->steps;
    s->move = MOVE_ROWS;
    s->layout = group_layout(p->n_classes);
    s->size = ((size_t)(p->n_features * s->layout.K) + 15) / 16 * 16;
    run->steps.starts = run->starts;
    run->steps.n_steps = 1;
    s->v = carve(base, &used, (size_t)s->layout.n_groups * s->size * sizeof(REAL));
    s->scores = carve(base, &used, (k + LANES) * sizeof(REAL));
    s->padded = carve(base, &used, (size_t)(s->layout.n_groups * s->layout.K) * sizeof(REAL));
    s->bias = carve(base, &used, k * sizeof(REAL));
    s->reader.x = x;
    s->reader.scale = p->scale;
    s->reader.changed = &run->steps.changed;
    s->reader.runs = carve(base, &used, 2 * sizeof(R(row_run)));
    if (base) R(forget_runs)(&s->reader);
    run->change = carve(base, &used, (k + LANES) * sizeof(REAL));
    run->u = carve(base, &used, (k + LANES) * sizeof(REAL));
    return used;
}

static size_t R(sparse_dual_scratch)(const gd_problem *p) {
    R(sparse_dual) run;
    return R(lay_sparse_dual)(NULL, &run, p, NULL);
}

static void R(sparse_dual_epoch)(const gd_problem *p, const gd_csr *x, gd_duals *asked, void *scratch,
                                 pool_control *control) {
    R(sparse_dual) run;
    R(lay_sparse_dual)(scratch, &run, p, x);
    R(sparse_descent) *s = &run.s;
    ptrdiff_t k = p->n_classes;
    size_t padded = (size_t)(s->layout.n_groups * s->layout.K) * sizeof(REAL);
    run.steps.order = asked->rows;
    run.starts[1] = asked->n_visits;
    memset(s->padded, 0, padded);
    memset(s->bias, 0, (size_t)k * sizeof(REAL));
    for (ptrdiff_t c = 0; c < k + LANES; c++) run.u[c] = -(REAL)INFINITY;
    R(turn_weights)(s, asked->w, s->v, s->bias, 0, 1);
    REAL bias_unit = (REAL)(asked->bias_square * asked->unit);
    for (ptrdiff_t i = 0; i < asked->n_visits; i++) {
        if (i % 64 == 0 && pool_stopped(control, 0)) return;
        if (i + 2 < asked->n_visits) R(ask_for_duals)(p, asked, i + 2);
        R(score_row)(s, i);
        R(from_padded)(&s->layout, k, s->padded, 1, s->bias, s->scores);
        if (!R(visit_duals)(p, asked, i, s->scores, run.u, run.change)) continue;
        for (ptrdiff_t c = 0; c < k; c++) s->bias[c] -= run.change[c] * bias_unit;
        R(to_padded)(&s->layout, k, run.change, (REAL)-asked->unit, s->padded);
        R(add_row)(s, asked->rows[i], i + 1 < asked->n_visits ? asked->rows[i + 1] : -1, s->v);
    }
    R(turn_weights)(s, asked->w, s->v, s->bias, 1, 1);
    asked->changed = run.steps.changed;
}

#if REAL_IS_DOUBLE
static void sparse_dual_sums(const gd_problem *p, const gd_csr *x, gd_duals *asked, void *scratch,
                             pool_control *control) {
    sparse_dual_double run;
    lay_sparse_dual_double(scratch, &run, p, x);
    sparse_descent_double *s = &run.s;
    ptrdiff_t k = p->n_classes;
    run.with_bias = *p;
    run.with_bias.has_bias = 1;
    s->problem = &run.with_bias;
    memset(s->v, 0, (size_t)s->layout.n_groups * s->size * sizeof(double));
    memset(s->padded, 0, (size_t)(s->layout.n_groups * s->layout.K) * sizeof(double));
    memset(s->bias, 0, (size_t)k * sizeof(double));
    for (ptrdiff_t i = 0; i < p->n_rows; i++) {
        if (i % 64 == 0 && pool_stopped(control, 0)) return;
        int64_t id = p->index ? p->index[i] : i;
        if (!row_coefficients(p, asked, i, id, run.change)) continue;
        for (ptrdiff_t c = 0; c < k; c++) s->bias[c] += run.change[c];
        to_padded_double(&s->layout, k, run.change, 1, s->padded);
        add_row_double(s, id, -1, s->v);
    }
    turn_weights_double(s, asked->sums, s->v, s->bias, 1, 1);
    asked->changed = run.steps.changed;
}

/* Squared norms of the rows. Of repeated entries the sizes are added up: never below the norm, and above what rounding
 * can do to their sum. `row` (d,) is scratch. Returns whether indices have changed since X was checked. */
static int sparse_dual_squares(const gd_problem *p, const gd_csr *x, double *squares, double *row) {
    memset(row, 0, (size_t)p->n_features * sizeof(double));
    for (ptrdiff_t i = 0; i < p->n_rows; i++) {
        int64_t id = p->index ? p->index[i] : i;
        double sum = 0;
        for (int64_t e = x->first[id]; e < x->first[id + 1]; e++) {
            int64_t c = gd_column_of(x, e);
            if ((uint64_t)c >= (uint64_t)p->n_features) return 1;
            double value = gd_value_of(x, e), added = fabs(p->scale ? value / p->scale[c] : value);
            sum += added * (2 * row[c] + added);
            row[c] += added;
        }
        for (int64_t e = x->first[id]; e < x->first[id + 1]; e++) {
            int64_t c = gd_column_of(x, e);
            if ((uint64_t)c >= (uint64_t)p->n_features) return 1;
            row[c] = 0;
        }
        squares[i] = sum;
    }
    return 0;
}
#endif
