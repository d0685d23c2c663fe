/* Differences over dense rows: scratch, rows grouped by label, chunks added up in order. */

#if !defined(ENTRIES_AT_ONCE) || !defined(PANEL_COLUMNS)
#error "differences/job.inc.h needs ENTRIES_AT_ONCE, PANEL_COLUMNS"
#endif

static difference_worker lay_difference_worker(char *base, const difference_job *j, size_t *used) {
    difference_worker w;
    const gd_problem *p = j->problem;
    const layout *l = &j->layout;
    size_t k = (size_t)p->n_classes, B = BLOCK_ROWS_MOST;
    *used = 0;
    w.sums = carve(base, used, (B * TILE_CLASSES + DOUBLE_LANES) * sizeof(vdouble));
    w.scores = carve(base, used, (B * k + DOUBLE_LANES) * sizeof(double));
    w.compact = carve(base, used, B * TILE_CLASSES * sizeof(double));
    w.copies_of_scores = carve(base, used, j->loss == &generic_differences ? (B * k + DOUBLE_LANES) * sizeof(double) : 0);
    w.plus = carve(base, used, B * PANEL_COLUMNS * sizeof(double));
    w.minus = carve(base, used, B * PANEL_COLUMNS * sizeof(double));
    w.moved = carve(base, used, k * (size_t)j->stride * sizeof(double));
    w.crossings =
        carve(base, used, j->asked->scheme == SCHEME_CROSSINGS ? k * (size_t)j->stride * sizeof(int64_t) : 0);
    w.order = carve(base, used, (size_t)l->chunk_rows * sizeof(int64_t));
    w.starts = carve(base, used, (k + 1) * sizeof(int64_t));
    w.copies_bytes = (l->direct ? 2 * B * DOUBLE_LANES : (size_t)(l->block_rows * l->n_vectors) * DOUBLE_LANES) *
                     (size_t)input_bytes(p->input);
    w.copies = carve(base, used, w.copies_bytes);
    return w;
}

static size_t lay_difference_job(char *base, difference_job *j, int n_threads) {
    const gd_problem *p = j->problem;
    size_t used = 0, k = (size_t)p->n_classes;
    size_t unit = (size_t)(4 * DOUBLE_LANES); /* the widest tile */
    j->stride = (ptrdiff_t)(((size_t)j->asked->n_columns + unit - 1) / unit * unit);
    j->w = carve(base, &used, k * (size_t)(j->layout.n_vectors * DOUBLE_LANES) * sizeof(double));
    j->bias = carve(base, &used, k * sizeof(double));
    j->row = carve(base, &used, (size_t)p->n_features * sizeof(double));
    j->step = carve(base, &used, (size_t)j->stride * sizeof(double));
    j->shift = carve(base, &used, (size_t)j->stride * sizeof(double));
    j->moved = carve(base, &used, k * (size_t)j->stride * sizeof(double));
    j->crossings =
        carve(base, &used, j->asked->scheme == SCHEME_CROSSINGS ? k * (size_t)j->stride * sizeof(int64_t) : 0);
    lay_difference_worker(NULL, j, &j->worker_bytes);
    j->n_pieces = pool_pieces(n_threads, j->layout.n_chunks, j->worker_bytes);
    j->workers = carve(base, &used, j->worker_bytes * (size_t)j->n_pieces);
    return used;
}

/* Row numbers of a chunk, grouped by label (in order for a loss without labels); rows of weight 0 are left out. */
static void group_rows(const gd_problem *p, ptrdiff_t begin, ptrdiff_t end, int64_t *order, int64_t *starts) {
    ptrdiff_t k = p->n_classes;
    memset(starts, 0, (size_t)(k + 1) * sizeof(int64_t));
    for (int pass = 0; pass < 2; pass++) {
        for (ptrdiff_t i = begin; i < end; i++) {
            int64_t id = p->index ? p->index[i] : i;
            if (p->weights && p->weights[id] == 0) continue;
            ptrdiff_t group = p->labels ? p->labels[id] : 0;
            if (pass)
                order[starts[group]++] = id;
            else
                starts[group]++;
        }
        if (pass) break;
        int64_t sum = 0;
        for (ptrdiff_t c = 0; c <= k; c++) {
            int64_t count = starts[c];
            starts[c] = sum;
            sum += count;
        }
    }
    for (ptrdiff_t c = k; c > 0; c--) starts[c] = starts[c - 1];
    starts[0] = 0;
}

static difference_worker difference_piece(const difference_job *j, int piece) {
    size_t used;
    return lay_difference_worker(j->workers + (size_t)piece * j->worker_bytes, j, &used);
}

static void add_differences(void *context, int piece) {
    difference_job *j = context;
    difference_worker w = difference_piece(j, piece);
    ptrdiff_t size = j->problem->n_classes * j->stride;
    for (ptrdiff_t i = 0; i < size; i++) j->moved[i] += w.moved[i];
    if (j->asked->scheme == SCHEME_CROSSINGS)
        for (ptrdiff_t i = 0; i < size; i++) j->crossings[i] += w.crossings[i];
}
