/* Structured differences of sparse X, in float64: when a weight of column j moves, only the rows with an entry
 * in j change, and row i's score by t = step * x_ij. Terms (margins, probabilities or residuals) of all
 * rows come first; then each column adds up its entries' differences, a vector of classes at a time, by
 * the formulas of differences/tiles.inc.h. */

#if !defined(DOUBLE_LANES) || !defined(QUADS_MOST)
#error "differences/sparse_pass.inc.h needs DOUBLE_LANES, QUADS_MOST"
#endif

typedef struct sparse_difference_job {
    sparse_job_double scores; /* the job that computes them */
    const gd_differences *asked;
    const gd_loss_differences *loss;
    ptrdiff_t stride;         /* classes, padded to whole vectors */
    double *terms;            /* (n_rows, stride) */
    double *bias_moved;       /* (stride,) when the last asked column is the bias */
    int64_t *bias_crossings;
    char *workers;
    size_t worker_bytes;
    double *copies_of_scores; /* of each worker, for the generic implementation */
    size_t copies_size;
} sparse_difference_job;

static void add_entries(const sparse_difference_job *j, const difference_entries *entries, double *moved,
                        int64_t *crossings) {
    if (j->asked->scheme == SCHEME_CROSSINGS && j->loss->crossings) {
        double t[DOUBLE_LANES] __attribute__((aligned(64))) = {0};
        for (int e = 0; e < entries->n; e++) {
            t[0] = entries->t[e];
            j->loss->crossings(entries->terms[e], j->scores.problem->n_classes, entries->label[e], t, 1, 1, moved,
                               crossings, 1);
        }
    } else
        j->loss->entries[j->asked->scheme == SCHEME_FORWARD](entries, j->stride, moved, crossings);
}

/* A list of entries, still empty; the copies of scores are the worker's. */
static void start_entries(const sparse_difference_job *j, int worker, difference_entries *entries) {
    entries->problem = j->scores.problem;
    entries->scheme = j->asked->scheme;
    entries->copies_of_scores = j->copies_of_scores + (size_t)worker * j->copies_size;
}

/* Sets entry e to x in `row`. */
INLINE void set_entry(const sparse_difference_job *j, difference_entries *entries, int e, ptrdiff_t row, double move) {
    const gd_problem *p = j->scores.problem;
    int64_t id = p->index ? p->index[row] : row;
    entries->t[e] = move;
    entries->weight[e] = weight_of(p, id);
    entries->id[e] = id;
    entries->label[e] = p->labels ? p->labels[id] : 0;
    entries->terms[e] = j->terms + row * j->stride;
}

/* When all are set: weights go into the steps. */
static void weigh_entries(const sparse_difference_job *j, difference_entries *entries) {
    for (int e = 0; j->scores.problem->weights && e < entries->n; e++)
        entries->t[e] *= j->loss->factor(entries->weight[e]);
}

/* Of its loops, the longest: more threads are of no use. */
static ptrdiff_t most_chunks(const sparse_difference_job *j) {
    ptrdiff_t blocks = j->scores.tiles->n_blocks, losses = j->scores.layout.loss_chunks;
    return blocks > losses ? blocks : losses;
}

static size_t lay_sparse_differences(char *base, sparse_difference_job *j, int n_threads) {
    const gd_problem *p = j->scores.problem;
    size_t used = lay_sparse_job_double(base, &j->scores, n_threads), k = (size_t)p->n_classes;
    j->stride = (ptrdiff_t)((k + DOUBLE_LANES - 1) / DOUBLE_LANES * DOUBLE_LANES);
    size_t row = (size_t)j->stride * sizeof(double), columns = (size_t)j->scores.tiles->block_columns;
    if ((ptrdiff_t)columns > j->asked->n_columns) columns = (size_t)j->asked->n_columns;
    int count = j->asked->scheme == SCHEME_CROSSINGS;
    j->terms = carve(base, &used, (size_t)p->n_rows * row);
    j->bias_moved = carve(base, &used, row);
    j->bias_crossings = carve(base, &used, row);
    size_t for_columns = (columns * row) * (count ? 2 : 1) + 64;
    size_t for_rows = ((size_t)BLOCK_ROWS_MOST * k + DOUBLE_LANES) * sizeof(double) + 64 + 2 * row;
    j->worker_bytes = ((for_columns > for_rows ? for_columns : for_rows) + 127) / 64 * 64;
    n_threads = useful_threads(n_threads, most_chunks(j));
    j->workers = carve(base, &used, j->worker_bytes * (size_t)n_threads);
    j->copies_size = j->loss == &generic_differences ? (size_t)BLOCK_ROWS_MOST * k + DOUBLE_LANES : 0;
    j->copies_of_scores = carve(base, &used, j->copies_size * sizeof(double) * (size_t)n_threads);
    return used;
}

static int asks_for_bias(const sparse_difference_job *j) {
    ptrdiff_t n = j->asked->n_columns;
    return n > 0 && j->asked->columns[n - 1] == j->scores.problem->n_features;
}

/* Rows' scores -> terms; the bias is a column of ones, added up alongside. */
static void sparse_terms(void *context, ptrdiff_t chunk, int worker) {
    sparse_difference_job *j = context;
    const gd_problem *p = j->scores.problem;
    const sparse_layout *l = &j->scores.layout;
    ptrdiff_t k = p->n_classes, n = p->n_rows;
    size_t used = 0;
    char *base = j->workers + (size_t)worker * j->worker_bytes;
    double *scores = carve(base, &used, ((size_t)(BLOCK_ROWS_MOST * k) + DOUBLE_LANES) * sizeof(double));
    double *moved = carve(base, &used, (size_t)j->stride * sizeof(double));
    int64_t *crossings = carve(base, &used, (size_t)j->stride * sizeof(int64_t));
    memset(moved, 0, (size_t)j->stride * sizeof(double));
    memset(crossings, 0, (size_t)j->stride * sizeof(int64_t));
    ptrdiff_t begin = chunk * l->loss_rows, end = begin + l->loss_rows < n ? begin + l->loss_rows : n;
    for (ptrdiff_t i = begin; i < end && !pool_stopped(j->scores.control, worker); i += ENTRIES_AT_ONCE) {
        difference_entries entries;
        entries.n = (int)(end - i < ENTRIES_AT_ONCE ? end - i : ENTRIES_AT_ONCE);
        start_entries(j, worker, &entries);
        finish_scores_double(&j->scores, i, entries.n, scores);
        for (int r = 0; r < entries.n; r++) {
            set_entry(j, &entries, r, i + r, j->asked->h);
            int64_t id = p->index ? p->index[i + r] : i + r;
            double *to = j->terms + (i + r) * j->stride;
            if (j->loss->terms) j->loss->terms(p, &id, 1, entries.label[r], scores + r * k);
            for (ptrdiff_t c = 0; c < k; c++) to[c] = scores[r * k + c];
            for (ptrdiff_t c = k; c < j->stride; c++) to[c] = j->loss->padding;
        }
        weigh_entries(j, &entries);
        if (asks_for_bias(j)) add_entries(j, &entries, moved, crossings);
    }
    pool_turn_wait(j->scores.turn, chunk);
    for (ptrdiff_t c = 0; c < k; c++) {
        j->bias_moved[c] += moved[c];
        j->bias_crossings[c] += crossings[c];
    }
    pool_turn_done(j->scores.turn);
}

static void give_column(const sparse_difference_job *j, ptrdiff_t q, const double *moved, const int64_t *crossings) {
    const gd_problem *p = j->scores.problem;
    for (ptrdiff_t c = 0; c < p->n_classes; c++) {
        j->asked->difference[c * j->asked->n_columns + q] = moved[c] * p->normalizer;
        if (crossings) j->asked->crossings[c * j->asked->n_columns + q] = crossings[c];
    }
}

/* The first asked column from `low` on, before `high`, that is not below `column`. */
static ptrdiff_t asked_from(const gd_differences *asked, int64_t column, ptrdiff_t low, ptrdiff_t high) {
    while (low < high) {
        ptrdiff_t middle = (low + high) / 2;
        if (asked->columns[middle] < column)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* One block of columns: the asked ones among them. */
static void sparse_difference_block(void *context, ptrdiff_t block, int worker) {
    const sparse_difference_job *j = context;
    const gd_problem *p = j->scores.problem;
    const gd_tiles *t = j->scores.tiles;
    ptrdiff_t first = block * t->block_columns;
    ptrdiff_t begin = asked_from(j->asked, first, 0, j->asked->n_columns);
    ptrdiff_t end = asked_from(j->asked, first + columns_of_block(t, block), begin, j->asked->n_columns);
    if (begin == end) return;
    double *moved = (double *)(j->workers + (size_t)worker * j->worker_bytes);
    int64_t *crossings = NULL;
    size_t size = (size_t)((end - begin) * j->stride);
    memset(moved, 0, size * sizeof(double));
    if (j->asked->scheme == SCHEME_CROSSINGS) {
        crossings = (int64_t *)(moved + size);
        memset(crossings, 0, size * sizeof(int64_t));
    }
    for (ptrdiff_t panel = 0; panel < t->n_panels && !pool_stopped(j->scores.control, worker); panel++) {
        sparse_tile tile = get_tile(t, panel, block);
        ptrdiff_t at = 0, count;
        for (ptrdiff_t i = 0; i < tile.n_listed; i++, at += count) {
            int64_t column = first + tile.columns[i];
            count = tile.counts[i] + 1;
            ptrdiff_t q = asked_from(j->asked, column, begin, end);
            if (q == end || j->asked->columns[q] != column) continue;
            double step = p->scale ? j->asked->h / p->scale[column] : j->asked->h;
            for (ptrdiff_t e = 0; e < count; e += ENTRIES_AT_ONCE) {
                difference_entries entries;
                entries.n = (int)(count - e < ENTRIES_AT_ONCE ? count - e : ENTRIES_AT_ONCE);
                start_entries(j, worker, &entries);
                for (int r = 0; r < entries.n; r++) {
                    ptrdiff_t place = at + e + r;
                    double x = t->wide_values ? ((const double *)tile.values)[place]
                                              : (double)((const float *)tile.values)[place];
                    set_entry(j, &entries, r, panel * t->panel_rows + tile.rows[place], step * x);
                }
                weigh_entries(j, &entries);
                ptrdiff_t to = (q - begin) * j->stride;
                add_entries(j, &entries, moved + to, crossings ? crossings + to : NULL);
            }
        }
    }
    for (ptrdiff_t q = begin; q < end; q++)
        give_column(j, q, moved + (q - begin) * j->stride, crossings ? crossings + (q - begin) * j->stride : NULL);
}

static sparse_difference_job make_sparse_differences(const gd_problem *p, const gd_tiles *t, const gd_weights *w,
                                                     const gd_differences *asked) {
    sparse_difference_job j = {.scores = make_sparse_job_double(p, t, w), .asked = asked,
                               .loss = differences_of(p, asked)};
    return j;
}

size_t GD(differences_sparse_scratch)(const gd_problem *p, const gd_tiles *t, const gd_differences *asked,
                                         int n_threads) {
    sparse_difference_job j = make_sparse_differences(p, t, NULL, asked);
    return lay_sparse_differences(NULL, &j, n_threads);
}

static void differences_sparse_with(const sparse_scores_tile_double *tiles, const gd_problem *p, const gd_tiles *t,
                                    const gd_weights *weights, const gd_differences *asked, void *scratch,
                                    int n_threads, pool_control *control) {
    sparse_difference_job j = make_sparse_differences(p, t, weights, asked);
    pool_turn turn;
    j.scores.scores_tile = tiles[j.scores.layout.quads];
    j.scores.turn = &turn;
    j.scores.control = control;
    lay_sparse_differences(scratch, &j, n_threads);
    memset(j.bias_moved, 0, (size_t)j.stride * sizeof(double));
    memset(j.bias_crossings, 0, (size_t)j.stride * sizeof(int64_t));
    run_sparse_scores_double(&j.scores, n_threads);
    if (control->stop) return;
    pool_turn_init(&turn);
    pool_run(sparse_terms, &j, j.scores.layout.loss_chunks, n_threads, control);
    pool_turn_destroy(&turn);
    if (control->stop) return;
    if (asks_for_bias(&j))
        give_column(&j, asked->n_columns - 1, j.bias_moved,
                    asked->scheme == SCHEME_CROSSINGS ? j.bias_crossings : NULL);
    pool_run(sparse_difference_block, &j, t->n_blocks, n_threads, control);
}
