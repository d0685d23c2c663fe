/* Tasks of one slab: pairs of packed panels, whose tiles are summed up over all parts and added to the matrix. */

#if !defined(ELEMENT) || !defined(TOTAL) || !defined(TILE_ROWS) || !defined(PANEL)
#error "gram/pairs.inc.h needs ELEMENT, TOTAL, TILE_ROWS, PANEL"
#endif

#define E(name) EXPAND2(name, ELEMENT)

static void E(gram_pair)(const gram_job *job, ptrdiff_t row_panel, ptrdiff_t column_panel) {
    TOTAL totals[PANEL * PANEL] __attribute__((aligned(64)));
    memset(totals, 0, sizeof totals);
    ptrdiff_t left = (job->n_rows + job->step_rows - 1) / job->step_rows;
    const ELEMENT *part = (const ELEMENT *)job->packed;
    ptrdiff_t part_size = job->n_panels * job->steps * PANEL;
    ptrdiff_t apart = (column_panel - row_panel) * job->steps * PANEL * (ptrdiff_t)sizeof(ELEMENT);
    for (; left > 0; left -= job->steps, part += part_size) {
        const ELEMENT *rows = part + row_panel * job->steps * PANEL, *columns = part + column_panel * job->steps * PANEL;
        ptrdiff_t n = left < job->steps ? left : job->steps;
        const char *ahead = (const char *)(rows + (left > job->steps ? part_size : 0));
        for (int r = 0; r < PANEL; r += TILE_ROWS, ahead += job->steps * AHEAD_BYTES)
            E(gram_tile)(rows + r, columns, n, totals + r * PANEL, ahead, apart);
    }
    ptrdiff_t j = column_panel * PANEL;
    for (ptrdiff_t r = 0, i = row_panel * PANEL; r < PANEL && i < job->n_columns; r++, i++) {
        double *to = gram_output(job, i) + j;
        ptrdiff_t size = i + 1 - j < PANEL ? i + 1 - j : PANEL;
        if (job->first == 0)
            for (ptrdiff_t c = 0; c < size; c++) to[c] = (double)totals[r * PANEL + c];
        else
            for (ptrdiff_t c = 0; c < size; c++) to[c] += (double)totals[r * PANEL + c];
    }
}

static void E(gram_pairs)(void *context, ptrdiff_t task, int worker) {
    const gram_job *job = context;
    ptrdiff_t rows = 0;
    for (; task >= others_of(job, rows); rows++) task -= others_of(job, rows);
    ptrdiff_t first = rows * job->task_panels, end = first + job->task_panels;
    for (ptrdiff_t j = task * TASK_OTHERS; j < (task + 1) * TASK_OTHERS && j < end; j++) {
        if (pool_stopped(job->control, worker)) return;
        for (ptrdiff_t i = j > first ? j : first; i < end && i < job->n_panels; i++) E(gram_pair)(job, i, j);
    }
}

#undef E
