/* A loss at all points of a grid: by the loss's own sums on parts of the grid where it has some, else point by point. */

#if !defined(BLOCK_ROWS_MOST)
#error "mix/grid.inc.h needs BLOCK_ROWS_MOST, mix/points.inc.h"
#endif

enum { PART_HEIGHT = 120, PART_WIDTH = 128 }; /* of a part at most: its sums and exponentials stay in the cache */

typedef struct grid_job {
    const gd_problem *problem;
    const gd_grid *asked;
    ptrdiff_t chunk_rows, row_chunks;  /* a chunk is a part of the grid, and some rows */
    ptrdiff_t parts_b, height, width;
    char *pieces;
    size_t piece_bytes;
    pool_sum *sum;
    pool_control *control;
} grid_job;

/* Parts as even as may be: their greatest length. */
static ptrdiff_t part_length(ptrdiff_t n, ptrdiff_t most) {
    ptrdiff_t parts = (n + most - 1) / most;
    return (n + parts - 1) / parts;
}

/* Of one piece: the part, its sums, and (at `used`) what the loss needs. */
static gd_grid_part *lay_grid(char *base, ptrdiff_t n_points, size_t *used) {
    *used = 0;
    gd_grid_part *part = carve(base, used, sizeof *part);
    double *sums = carve(base, used, (size_t)n_points * sizeof(double));
    if (base) part->sums = sums;
    return part;
}

static grid_job grid_cut(const gd_problem *p, const gd_grid *asked) {
    grid_job j = {.problem = p, .asked = asked};
    j.height = part_length(asked->n_a, PART_HEIGHT), j.width = part_length(asked->n_b, PART_WIDTH);
    j.parts_b = (asked->n_b + j.width - 1) / j.width;
    j.chunk_rows = mix_chunk_rows(p, j.height * j.width);
    j.row_chunks = (p->n_rows + j.chunk_rows - 1) / j.chunk_rows;
    size_t used;
    lay_grid(NULL, j.height * j.width, &used);
    j.piece_bytes = used + (GD(losses)[p->loss]->on_grid_scratch(p->n_classes, j.height, j.width) + 63) / 64 * 64;
    return j;
}

static ptrdiff_t grid_chunks(const grid_job *j) {
    return (j->asked->n_a + j->height - 1) / j->height * j->parts_b * j->row_chunks;
}

static void add_part(void *context, int piece) {
    const grid_job *j = context;
    const gd_grid *asked = j->asked;
    size_t used;
    const gd_grid_part *part = lay_grid(j->pieces + (size_t)piece * j->piece_bytes, j->height * j->width, &used);
    for (ptrdiff_t a = 0; a < part->n_a; a++)
        for (ptrdiff_t b = 0; b < part->n_b; b++)
            asked->values[(part->first_a + a) * asked->n_b + part->first_b + b] += part->sums[a * part->n_b + b];
}

static void grid_chunk(void *context, ptrdiff_t chunk, int worker) {
    const grid_job *j = context;
    const gd_grid *asked = j->asked;
    ptrdiff_t at = chunk / j->row_chunks, begin = chunk % j->row_chunks * j->chunk_rows, end = begin + j->chunk_rows;
    size_t used;
    char *base = j->pieces + (size_t)pool_piece(j->sum, worker) * j->piece_bytes;
    gd_grid_part *part = lay_grid(base, j->height * j->width, &used);
    part->grid = asked;
    part->first_a = at / j->parts_b * j->height, part->first_b = at % j->parts_b * j->width;
    part->n_a = asked->n_a - part->first_a < j->height ? asked->n_a - part->first_a : j->height;
    part->n_b = asked->n_b - part->first_b < j->width ? asked->n_b - part->first_b : j->width;
    memset(part->sums, 0, (size_t)(part->n_a * part->n_b) * sizeof(double));
    if (!pool_stopped(j->control, worker))
        GD(losses)[j->problem->loss]->on_grid(j->problem, part, begin, end < j->problem->n_rows ? end : j->problem->n_rows,
                                              base + used, j->control, worker);
    pool_sum_add(j->sum, chunk, worker, add_part, context);
}

/* Of a loss with sums of its own. */
static size_t grid_sums_scratch(const gd_problem *p, const gd_grid *asked, int n_threads) {
    grid_job j = grid_cut(p, asked);
    return j.piece_bytes * (size_t)pool_pieces(n_threads, grid_chunks(&j), j.piece_bytes);
}

static void grid_sums(const gd_problem *p, const gd_grid *asked, void *scratch, int n_threads, pool_control *control) {
    pool_sum sum;
    ptrdiff_t n = asked->n_a * asked->n_b;
    grid_job j = grid_cut(p, asked);
    j.pieces = scratch, j.sum = &sum, j.control = control;
    memset(asked->values, 0, (size_t)n * sizeof(double));
    n_threads = useful_threads(n_threads, grid_chunks(&j));
    pool_sum_init(&sum, n_threads, pool_pieces(n_threads, grid_chunks(&j), j.piece_bytes));
    pool_run(grid_chunk, &j, grid_chunks(&j), n_threads, control);
    pool_sum_destroy(&sum);
    for (ptrdiff_t i = 0; i < n; i++) asked->values[i] *= p->normalizer;
}

/* ---- many points of a line: from line to line of a grid, and along a line ---- */

enum { MANY_POINTS = 32 };

static int is_many_on_a_line(const gd_problem *p, const gd_mix *asked) {
    int only_values = asked->values && !asked->slopes && !asked->coefficients;
    return GD(losses)[p->loss]->on_grid && only_values && asked->first && !asked->second && asked->n_points >= MANY_POINTS;
}

/* Evenly spaced points get a width at which exponentials along the lines and across cost about the same; others one line. */
static gd_grid line_as_grid(const gd_mix *asked) {
    gd_grid grid = {.base = asked->base, .first = asked->first, .second = asked->first, .n_a = 1, .n_b = asked->n_points};
    const double *points = asked->points;
    double last = points[grid.n_b - 1], spacing = (last - points[0]) / (double)(grid.n_b - 1);
    double rounding = 4 * 2.220446049250313e-16 * fmax(fabs(points[0]), fabs(last));
    for (ptrdiff_t i = 0; i < grid.n_b; i++)
        if (!(fabs(points[i] - (points[0] + (double)i * spacing)) <= rounding)) return grid;
    grid.n_b = (ptrdiff_t)ceil(sqrt((double)asked->n_points) / 5) * 8;
    grid.n_a = (asked->n_points + grid.n_b - 1) / grid.n_b;
    return grid;
}

static size_t line_bytes(const gd_grid *grid) {
    return (size_t)(grid->n_a + grid->n_b + grid->n_a * grid->n_b) * sizeof(double);
}

static size_t line_scratch(const gd_problem *p, const gd_mix *asked, int n_threads) {
    size_t used = 0;
    gd_grid grid = line_as_grid(asked);
    carve(NULL, &used, line_bytes(&grid));
    return used + grid_sums_scratch(p, &grid, n_threads);
}

static void on_line(const gd_problem *p, const gd_mix *asked, void *scratch, int n_threads, pool_control *control) {
    size_t used = 0;
    gd_grid grid = line_as_grid(asked);
    double *a = carve(scratch, &used, line_bytes(&grid)), *b = a + grid.n_a;
    double spacing = (asked->points[asked->n_points - 1] - asked->points[0]) / (double)(asked->n_points - 1);
    for (ptrdiff_t i = 0; i < grid.n_a; i++) a[i] = grid.n_a > 1 ? asked->points[i * grid.n_b] : 0;
    for (ptrdiff_t i = 0; i < grid.n_b; i++) b[i] = grid.n_a > 1 ? (double)i * spacing : asked->points[i];
    grid.a = a, grid.b = b, grid.values = b + grid.n_b;
    grid_sums(p, &grid, (char *)scratch + used, n_threads, control);
    memcpy(asked->values, grid.values, (size_t)asked->n_points * sizeof(double));
}
