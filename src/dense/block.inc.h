/* A block of rows of dense X for one (REAL, INPUT): where its rows are, copies of what can't be read in place, and
 * which rows come next. */

#if !defined(REAL) || !defined(INPUT) || !defined(BLOCK_ROWS_MOST)
#error "dense/block.inc.h needs REAL, INPUT, BLOCK_ROWS_MOST"
#endif

/* The columns of one block of rows: `edge` holds a zero-padded copy of a row's first and last vector
 * where they are not whole; everything between is read in place. */
typedef struct RI(block) {
    int n_rows;
    const INPUT *rows[BLOCK_ROWS_MOST];       /* column 0 of the padded row (lead columns before x) */
    const INPUT *edges[2][BLOCK_ROWS_MOST];   /* its first and last vector, when copied */
    INPUT *copies;                            /* room for 2 * BLOCK_ROWS_MOST vectors, or for packed rows */
    const char *coming[BLOCK_ROWS_MOST];      /* as many rows of the next block */
} RI(block);

/* Which rows come next: while this block of n_rows is worked on, their lines are asked for one by one, since a burst
 * of requests is dropped. A block without a successor asks for lines that it has. */
static void RI(announce)(const gd_problem *p, const int64_t *ids, int n_coming, int n_rows, RI(block) * b) {
    for (int r = 0; r < n_rows; r++)
        b->coming[r] = r < n_coming ? p->x + ids[r] * p->row_stride : (const char *)b->copies;
}

/* Where the rows of a block are; copies what can't be read in place. */
static void RI(gather)(const gd_problem *p, const layout *l, const int64_t *ids, int n_rows, RI(block) * b) {
    b->n_rows = n_rows;
    for (int r = 0; r < n_rows; r++) {
        const char *row = p->x + ids[r] * p->row_stride;
        if (!l->direct) {
            INPUT *copy = b->copies + (size_t)r * l->n_vectors * LANES;
            b->rows[r] = copy;
            if (p->column_stride == (ptrdiff_t)sizeof(INPUT))
                memcpy(copy, row, (size_t)p->n_features * sizeof(INPUT));
            continue;
        }
        b->rows[r] = (const INPUT *)((uintptr_t)row - (size_t)l->lead * sizeof(INPUT));
        INPUT *first = b->copies + (size_t)(2 * r) * LANES, *last = first + LANES;
        b->edges[0][r] = first;
        b->edges[1][r] = last;
        if (l->first_whole > 0) memcpy(first + l->lead, row, (size_t)(LANES - l->lead) * sizeof(INPUT));
        if (l->last_whole < l->n_vectors) {
            ptrdiff_t done = l->last_whole * LANES - l->lead;
            memcpy(last, row + done * (ptrdiff_t)sizeof(INPUT), (size_t)(p->n_features - done) * sizeof(INPUT));
        }
    }
    if (!l->direct && p->column_stride != (ptrdiff_t)sizeof(INPUT))
        for (ptrdiff_t j = 0; j < p->n_features; j++)
            for (int r = 0; r < n_rows; r++)
                memcpy(b->copies + (size_t)r * l->n_vectors * LANES + j,
                       p->x + ids[r] * p->row_stride + j * p->column_stride, sizeof(INPUT));
}
