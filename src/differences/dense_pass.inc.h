/* The pass over X for structured differences, for one INPUT: scores in float64, then panel after panel
 * of steps t = step * (x - shift) while the block is in cache. */

#if !defined(REAL) || !defined(INPUT) || !defined(PANEL_COLUMNS)
#error "differences/dense_pass.inc.h needs REAL, INPUT, PANEL_COLUMNS"
#endif

static void RI(difference_chunk)(void *context, ptrdiff_t chunk, int worker) {
    difference_job *j = context;
    const gd_problem *p = j->problem;
    const layout *l = &j->layout;
    const gd_differences *asked = j->asked;
    difference_worker w = difference_piece(j, pool_piece(j->sum, worker));
    ptrdiff_t k = p->n_classes, d = p->n_features;
    ptrdiff_t begin = chunk * l->chunk_rows, end = begin + l->chunk_rows < p->n_rows ? begin + l->chunk_rows : p->n_rows;
    memset(w.moved, 0, (size_t)(k * j->stride) * sizeof(double));
    if (asked->scheme == SCHEME_CROSSINGS) memset(w.crossings, 0, (size_t)(k * j->stride) * sizeof(int64_t));
    group_rows(p, begin, end, w.order, w.starts);
    ptrdiff_t n_groups = p->labels ? k : 1;
    RI(block) block;
    block.copies = (INPUT *)w.copies;
    for (ptrdiff_t label = 0; label < n_groups; label++) {
        ptrdiff_t last = w.starts[label + 1];
        for (ptrdiff_t i = w.starts[label]; i < last && !pool_stopped(j->control, worker); i += l->block_rows) {
            int n_rows = (int)(last - i < l->block_rows ? last - i : l->block_rows);
            const int64_t *ids = w.order + i;
            ptrdiff_t n_next = last - i - n_rows < l->block_rows ? last - i - n_rows : l->block_rows;
            RI(announce)(p, ids + n_rows, l->direct ? (int)n_next : 0, n_rows, &block);
            RI(gather)(p, l, ids, n_rows, &block);
            RI(block_scores)(l, &block, j->w, j->bias, w.sums, w.scores);
            if (j->loss->terms) j->loss->terms(p, ids, n_rows, label, w.scores);
            for (ptrdiff_t first = 0; first < j->stride; first += PANEL_COLUMNS) {
                ptrdiff_t n = asked->n_columns - first < PANEL_COLUMNS ? asked->n_columns - first : PANEL_COLUMNS;
                int consecutive = asked->columns[first + n - 1] - asked->columns[first] == n - 1 &&
                                  asked->columns[first + n - 1] < d;
                for (int r = 0; r < n_rows; r++) {
                    const INPUT *x = block.rows[r] + l->lead;
                    double *t = w.plus + r * PANEL_COLUMNS;
                    double factor = j->loss->factor(weight_of(p, ids[r]));
                    ptrdiff_t q = 0;
                    if (consecutive) {
                        const INPUT *from = x + asked->columns[first];
                        for (; q + DOUBLE_LANES <= n; q += DOUBLE_LANES) {
                            vdouble a = LOAD(double, INPUT)(from + q);
                            a = (a - load_double_double(j->shift + first + q)) * load_double_double(j->step + first + q);
                            *(vdouble *)(t + q) = a * factor;
                        }
                    }
                    for (; q < n; q++) {
                        int64_t column = asked->columns[first + q];
                        double a = column == d ? 1.0 : SCALAR(INPUT)((const char *)(x + column));
                        t[q] = (a - j->shift[first + q]) * j->step[first + q] * factor;
                    }
                    for (; q < PANEL_COLUMNS; q++) t[q] = 0;
                }
                if (asked->scheme == SCHEME_CROSSINGS && j->loss->crossings)
                    j->loss->crossings(w.scores, k, label, w.plus, n_rows, n, w.moved + first, w.crossings + first,
                                       j->stride);
                else
                    j->loss->panel(j, &w, ids, n_rows, label, first, n);
            }
        }
    }
    pool_sum_add(j->sum, chunk, worker, add_differences, j);
}
