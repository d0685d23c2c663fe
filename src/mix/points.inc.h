/* Losses of mixed scores point by point: a block of rows is mixed for each point, and is then one of any scores. */

#if !defined(REAL) || !REAL_IS_DOUBLE
#error "mix/points.inc.h needs REAL double, losses/block.inc.h"
#endif

typedef struct mix_job {
    const gd_problem *problem;
    const gd_mix *asked;
    ptrdiff_t chunk_rows;
    double *values, *slopes; /* totals (n_points,) */
    char *workers;
    size_t worker_bytes;
    pool_sum *sum;
    pool_control *control;
} mix_job;

/* Of one piece: a block's mixed scores (BLOCK_ROWS_MOST, k) and a vector, values and slopes (2, n_points). */
static double *lay_mix(char *base, const gd_problem *p, const gd_mix *asked, double **values, size_t *used) {
    *used = 0;
    double *mixed = carve(base, used, ((size_t)(BLOCK_ROWS_MOST * p->n_classes) + DOUBLE_LANES) * sizeof(double));
    *values = carve(base, used, 2 * (size_t)asked->n_points * sizeof(double));
    return mixed;
}

static size_t mix_worker_bytes(const gd_problem *p, const gd_mix *asked) {
    double *values;
    size_t used;
    lay_mix(NULL, p, asked, &values, &used);
    return used;
}

static ptrdiff_t mix_chunk_rows(const gd_problem *p, ptrdiff_t n_points) {
    double work = (double)p->n_rows * (double)p->n_classes * (double)n_points;
    ptrdiff_t chunks = work / CHUNK_WORK < CHUNKS_MOST ? (ptrdiff_t)(work / CHUNK_WORK) + 1 : CHUNKS_MOST;
    ptrdiff_t blocks = (p->n_rows + BLOCK_ROWS_MOST - 1) / BLOCK_ROWS_MOST;
    ptrdiff_t rows = (blocks + chunks - 1) / chunks * BLOCK_ROWS_MOST;
    return rows < 1 ? 1 : rows;
}

static void add_mix(void *context, int piece) {
    const mix_job *j = context;
    double *values;
    size_t used;
    lay_mix(j->workers + (size_t)piece * j->worker_bytes, j->problem, j->asked, &values, &used);
    for (ptrdiff_t q = 0; q < j->asked->n_points; q++) {
        j->values[q] += values[q];
        j->slopes[q] += values[j->asked->n_points + q];
    }
}

static void mix_chunk(void *context, ptrdiff_t chunk, int worker) {
    const mix_job *j = context;
    const gd_problem *p = j->problem;
    const gd_mix *asked = j->asked;
    double (*ties)(const gd_problem *, const int64_t *, int, const double *, const double *) = GD(losses)[p->loss]->ties;
    ptrdiff_t k = p->n_classes, m = asked->n_points;
    size_t used;
    double *values;
    double *mixed = lay_mix(j->workers + (size_t)pool_piece(j->sum, worker) * j->worker_bytes, p, asked, &values, &used);
    double *slopes = values + m;
    memset(values, 0, 2 * (size_t)m * sizeof(double));
    memset(mixed, 0, ((size_t)(BLOCK_ROWS_MOST * k) + DOUBLE_LANES) * sizeof(double));
    ptrdiff_t begin = chunk * j->chunk_rows, end = begin + j->chunk_rows < p->n_rows ? begin + j->chunk_rows : p->n_rows;
    for (ptrdiff_t i = begin; i < end && !pool_stopped(j->control, worker); i += BLOCK_ROWS_MOST) {
        int n_rows = (int)(end - i < BLOCK_ROWS_MOST ? end - i : BLOCK_ROWS_MOST), n_active;
        int active[BLOCK_ROWS_MOST];
        int64_t ids[BLOCK_ROWS_MOST];
        ptrdiff_t n = n_rows * k;
        const double *s = asked->base + i * k;
        const double *u = asked->first ? asked->first + i * k : NULL, *v = asked->second ? asked->second + i * k : NULL;
        for (int r = 0; r < n_rows; r++) ids[r] = p->index ? p->index[i + r] : i + r;
        for (ptrdiff_t q = 0; q < m; q++) {
            double a = u ? asked->points[q * (v ? 2 : 1)] : 0, b = v ? asked->points[q * 2 + 1] : 0;
            for (ptrdiff_t e = 0; e < n; e++) mixed[e] = s[e];
            if (u)
                for (ptrdiff_t e = 0; e < n; e++) mixed[e] += a * u[e];
            if (v)
                for (ptrdiff_t e = 0; e < n; e++) mixed[e] += b * v[e];
            if (asked->slopes && ties) slopes[q] += ties(p, ids, n_rows, mixed, u);
            values[q] += block_loss_double(p, ids, n_rows, mixed, active, &n_active);
            if (asked->slopes)
                for (int t = 0; t < n_active; t++)
                    for (ptrdiff_t c = 0; c < k; c++) slopes[q] += mixed[active[t] * k + c] * u[active[t] * k + c];
            if (asked->coefficients) {
                memset(asked->coefficients + i * k, 0, (size_t)n * sizeof(double));
                for (int t = 0; t < n_active; t++)
                    for (ptrdiff_t c = 0; c < k; c++)
                        asked->coefficients[(i + active[t]) * k + c] = mixed[active[t] * k + c] * p->normalizer;
            }
        }
    }
    pool_sum_add(j->sum, chunk, worker, add_mix, context);
}

static ptrdiff_t mix_chunks(const gd_problem *p, const gd_mix *asked) {
    ptrdiff_t rows = mix_chunk_rows(p, asked->n_points);
    return (p->n_rows + rows - 1) / rows;
}

static size_t mix_points_scratch(const gd_problem *p, const gd_mix *asked, int n_threads) {
    size_t used = 0;
    carve(NULL, &used, 2 * (size_t)asked->n_points * sizeof(double));
    size_t bytes = mix_worker_bytes(p, asked);
    return used + bytes * (size_t)pool_pieces(n_threads, mix_chunks(p, asked), bytes);
}

static void mix_points(const gd_problem *p, const gd_mix *asked, void *scratch, int n_threads, pool_control *control) {
    pool_sum sum;
    size_t used = 0;
    mix_job j = {.problem = p, .asked = asked, .sum = &sum, .control = control,
                 .chunk_rows = mix_chunk_rows(p, asked->n_points), .worker_bytes = mix_worker_bytes(p, asked)};
    j.values = carve(scratch, &used, 2 * (size_t)asked->n_points * sizeof(double));
    j.slopes = j.values + asked->n_points;
    j.workers = (char *)scratch + used;
    memset(j.values, 0, 2 * (size_t)asked->n_points * sizeof(double));
    n_threads = useful_threads(n_threads, mix_chunks(p, asked));
    pool_sum_init(&sum, n_threads, pool_pieces(n_threads, mix_chunks(p, asked), j.worker_bytes));
    pool_run(mix_chunk, &j, mix_chunks(p, asked), n_threads, control);
    pool_sum_destroy(&sum);
    if (control->stop) return;
    for (ptrdiff_t q = 0; q < asked->n_points; q++) {
        if (asked->values) asked->values[q] = j.values[q] * p->normalizer;
        if (asked->slopes) asked->slopes[q] = j.slopes[q] * p->normalizer;
    }
}
