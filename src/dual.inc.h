/* An epoch of dual coordinate ascent over dense rows, for one REAL (INPUT is the same type): scores of a row, its
 * subproblem, and the row added to W, as a block of one row. Rows of another type, strided ones and those with a mean
 * or a scale are read into scratch first. */

typedef struct R(dual_run) {
    layout layout;
    int in_place;
    VECTOR *sums;
    REAL *w, *bias, *scores, *change, *u, *compact, *copies;
    double *inverse_scale;
} R(dual_run);

static size_t R(lay_dual)(char *base, R(dual_run) * s, const gd_problem *p) {
    size_t used = 0, k = (size_t)p->n_classes, d = (size_t)p->n_features;
    layout *l = &s->layout;
    *l = make_layout(p, 1, LANES);
    s->in_place = l->direct && !p->mean && !p->scale && p->input == (REAL_IS_DOUBLE ? INPUT_FLOAT64 : INPUT_FLOAT32);
    if (!s->in_place) {
        l->direct = 0;
        l->lead = l->first_whole = 0;
        l->n_vectors = l->last_whole = (p->n_features + LANES - 1) / LANES;
    }
    s->sums = carve(base, &used, (TILE_CLASSES + LANES) * sizeof(VECTOR));
    s->w = carve(base, &used, k * (size_t)(l->n_vectors * LANES) * sizeof(REAL));
    s->bias = carve(base, &used, k * sizeof(REAL));
    s->scores = carve(base, &used, (k + LANES) * sizeof(REAL));
    s->change = carve(base, &used, (k + LANES) * sizeof(REAL));
    s->u = carve(base, &used, (k + LANES) * sizeof(REAL));
    s->compact = carve(base, &used, (TILE_CLASSES + LANES) * sizeof(REAL));
    s->copies = carve(base, &used, (size_t)((s->in_place ? 2 : l->n_vectors) * LANES) * sizeof(REAL));
    s->inverse_scale = carve(base, &used, d * sizeof(double));
    return used;
}

static size_t R(dual_scratch)(const gd_problem *p) {
    R(dual_run) s;
    return R(lay_dual)(NULL, &s, p);
}

/* Rows of another place than order[i] are asked for while this one is worked on. */
static void R(fetch_row)(const R(dual_run) * s, const gd_problem *p, const gd_duals *asked, ptrdiff_t i,
                         RI(block) * block) {
    int64_t id = asked->rows[i];
    int has_next = i + 1 < p->n_rows;
    if (s->in_place) {
        RI(announce)(p, asked->rows + i + 1, has_next, 1, block);
        RI(gather)(p, &s->layout, &id, 1, block);
        return;
    }
    ptrdiff_t size = input_bytes(p->input);
    if (has_next && p->column_stride == size) {
        const char *next = p->x + asked->rows[i + 1] * p->row_stride;
        for (ptrdiff_t b = 0; b < p->n_features * size; b += 64) __builtin_prefetch(next + b);
    }
    block->n_rows = 1;
    block->rows[0] = s->copies;
    block->coming[0] = (const char *)s->copies;
    R(read_row)(p, id, s->inverse_scale, s->copies);
}

static void R(dual_epoch)(const gd_problem *p, gd_duals *asked, void *scratch, pool_control *control) {
    R(dual_run) s;
    RI(block) block;
    ptrdiff_t k = p->n_classes;
    R(lay_dual)(scratch, &s, p);
    const layout *l = &s.layout;
    block.copies = s.copies;
    block.edges[0][0] = block.edges[1][0] = s.copies;
    memset(s.copies, 0, (size_t)((s.in_place ? 2 : l->n_vectors) * LANES) * sizeof(REAL));
    memset(s.sums, 0, (TILE_CLASSES + LANES) * sizeof(VECTOR));
    memset(s.w, 0, (size_t)(k * l->n_vectors * LANES) * sizeof(REAL));
    memset(s.bias, 0, (size_t)k * sizeof(REAL));
    for (ptrdiff_t c = 0; c < k + LANES; c++) s.u[c] = -(REAL)INFINITY;
    R(invert_scale)(p, s.inverse_scale);
    EXPAND3(repack, REAL, REAL)(l, p->n_features, p->has_bias, asked->w, s.w, s.bias, 1);
    double work = WATCHED_WORK;
    for (ptrdiff_t i = 0; i < p->n_rows; i++) {
        if (work >= WATCHED_WORK) {
            if (pool_stopped(control, 0)) return;
            work = 0;
        }
        work += (double)(k * l->n_vectors * LANES);
        int64_t place = asked->order[i], id = asked->rows[i];
        double upper = R(row_upper)(p, asked, id), q = asked->squares[place] * asked->unit + asked->bias_square * asked->unit;
        if (upper == 0) continue;
        if (i + 1 < p->n_rows) __builtin_prefetch((REAL *)asked->duals + asked->order[i + 1] * k, 1);
        R(fetch_row)(&s, p, asked, i, &block);
        RI(block_scores)(l, &block, s.w, s.bias, s.sums, s.scores);
        if (!R(solve_row)(s.scores, k, p->labels[id], (REAL)p->margin, (REAL)q, (REAL)upper, s.u,
                          (REAL *)asked->duals + place * k, s.change))
            continue;
        int active = 0;
        for (ptrdiff_t c = 0; c < k; c++) {
            s.bias[c] -= s.change[c] * (REAL)(asked->bias_square * asked->unit);
            s.change[c] *= (REAL)-asked->unit;
        }
        RI(block_gradient)(l, &block, s.change, &active, 1, s.compact, s.w);
    }
    EXPAND3(repack, REAL, REAL)(l, p->n_features, p->has_bias, asked->w, s.w, s.bias, 0);
}
