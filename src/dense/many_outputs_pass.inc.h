/* The pass for many outputs, for one (REAL, INPUT): a block of rows is packed and converted, then all its scores,
 * losses and its share of the gradient follow while it is in cache. */

#if !defined(REAL) || !defined(INPUT) || !defined(EACH_PANEL)
#error "dense/many_outputs_pass.inc.h needs REAL, INPUT, EACH_PANEL"
#endif

/* x[column tile][row][column], zeros up to whole tiles */
static void RI(pack_rows)(const gd_problem *p, const panel_layout *l, const int64_t *ids, int n_rows,
                          const R(panel_worker) * w) {
    RI(block) block;
    block.copies = w->copies;
    ptrdiff_t d = p->n_features, whole = d / LANES * LANES, next = l->block_rows * TILE_SIDE;
    for (int r0 = 0; r0 < n_rows; r0 += PANEL_GATHER_ROWS) {
        int n = n_rows - r0 < PANEL_GATHER_ROWS ? n_rows - r0 : PANEL_GATHER_ROWS;
        RI(gather)(p, &l->rows, ids + r0, n, &block);
        for (int r = 0; r < n; r++) {
            const INPUT *from = block.rows[r];
            REAL *to = w->x + (r0 + r) * TILE_SIDE;
            for (ptrdiff_t j = 0; j < whole; j += LANES) *(VECTOR *)(w->row + j) = LOAD(REAL, INPUT)(from + j);
            for (ptrdiff_t j = whole; j < d; j++) w->row[j] = (REAL)SCALAR(INPUT)((const char *)(from + j));
            for (ptrdiff_t j = 0; j < l->n_columns; j += TILE_SIDE, to += next)
                memcpy(to, w->row + j, TILE_SIDE * sizeof(REAL));
        }
    }
    REAL *to = w->x + n_rows * TILE_SIDE;
    size_t missing = (size_t)(whole_tiles(n_rows) - n_rows) * TILE_SIDE * sizeof(REAL);
    for (ptrdiff_t j = 0; missing && j < l->n_columns; j += TILE_SIDE, to += next) memset(to, 0, missing);
}

static void RI(panels_block)(void *context, ptrdiff_t block, int worker) {
    const R(panels) *e = context;
    const gd_problem *p = e->problem;
    const panel_layout *l = &e->layout;
    size_t used;
    R(panel_worker) w = R(lay_panel_worker)(e->workers + (size_t)worker * e->worker_bytes, e, &used);
    ptrdiff_t K = l->n_outputs, n_models = e->weights->n_models, i = block * l->block_rows;
    int n_rows = (int)(p->n_rows - i < l->block_rows ? p->n_rows - i : l->block_rows), n_active = 0;
    int64_t ids[PANEL_ROWS_MOST];
    int active[PANEL_ROWS_MOST];
    for (ptrdiff_t m = 0; m < n_models; m++) w.values[m] = 0;
    int stopped = pool_stopped(e->control, worker);
    if (!stopped) {
        for (int r = 0; r < n_rows; r++) ids[r] = p->index ? p->index[i + r] : i + r;
        RI(pack_rows)(p, l, ids, n_rows, &w);
        if (e->answer->coefficients)
            n_active = R(take_coefficients)(e->answer->coefficients + i * K, n_rows, K, w.scores, active);
        else
            R(panel_scores)(e, &w, n_rows);
        if (e->answer->scores)
            memcpy((REAL *)e->answer->scores + i * K, w.scores, (size_t)(n_rows * K) * sizeof(REAL));
    }
    if (!e->answer->value && !e->answer->gradient) return;
    for (int r = 0, n; r < n_rows && !stopped && !e->answer->coefficients; r += n) {
        int more;
        n = n_rows - r < BLOCK_ROWS_MOST ? n_rows - r : BLOCK_ROWS_MOST;
        R(losses)(p, n_models, ids + r, n, w.scores + r * K, w.compact, w.values, active + n_active, &more);
        for (int a = n_active; a < n_active + more; a++) active[a] += r;
        n_active += more;
    }
    if (e->answer->gradient && !stopped && n_active < n_rows) R(keep_active)(l, active, n_active, w.x);
    R(add_block)(e, &w, block, active, n_active, !stopped);
}
