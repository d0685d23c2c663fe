/* How a Gram matrix is cut, like a product of two matrices that are one: panels of columns, parts of rows of which two
 * panels stay in the first cache, slabs of parts that are packed at once. All of it follows from the problem alone. */

#if !defined(VECTOR_BYTES)
#error "gram/layout.inc.h needs VECTOR_BYTES"
#endif

#define PANEL_VECTORS 3
#define PART_BYTES (10 * 1024)   /* of a panel: a pair fills two thirds of the smallest first cache; the next one comes */
#define SLAB_BYTES (12 << 20)    /* packed at once, in so many parts at least and at most; then added to the matrix */
#define SLAB_PARTS_LEAST 2
#define SLAB_PARTS_MOST 32
#define TASK_PANELS 4            /* a task's panels of rows, whose parts stay in the second cache, */
#define TASK_OTHERS 16           /* times as many panels of columns; */
#define FEW_PANELS 32            /* of fewer a task has one panel of rows: else there are no tasks for many threads */
#define PACKED_ROWS 8            /* rows that are read together, along all panels */
#define FINISHED_ROWS 32

/* What is summed up: products of float or double, or of bytes as pairs of 16 bits in an int32. */
typedef enum { GRAM_FLOAT, GRAM_DOUBLE, GRAM_INTEGERS } gram_kind;

typedef struct gram_job gram_job;
struct gram_job {
    const gd_problem *p;
    const gd_gram *asked;
    pool_control *control;
    ptrdiff_t n_columns;             /* of the model, and one of ones wherever integers are summed up */
    ptrdiff_t panel, n_panels;       /* columns of a panel */
    ptrdiff_t task_panels;           /* of rows, of a task */
    ptrdiff_t steps, step_rows;      /* of a part: rows are packed one, or two in an int32, at a step */
    ptrdiff_t n_parts;               /* of a slab */
    ptrdiff_t first, n_rows;         /* of the slab at hand */
    int direct;                      /* rows are read in place */
    char *packed;                    /* [part][panel][step][column], elements of 4 or 8 bytes */
    double *mean, *inverse_scale;    /* (n_panels * panel): 0 and 1 where there is none */
    double *largest;                 /* for each worker (n_panels * panel), the largest packed number of a column */
    double *ones;                    /* (n_columns,): the row of the column of ones, where it is none of the matrix */
    void (*pack)(const gram_job *, ptrdiff_t part, int worker);
    void (*pairs)(void *, ptrdiff_t task, int worker);
};

static gram_kind kind_of_gram(const gd_problem *p, const gd_gram *asked) {
    if (asked->is_double) return GRAM_DOUBLE;
    return p->input == INPUT_UINT8 && !asked->roots ? GRAM_INTEGERS : GRAM_FLOAT;
}

static gram_job cut_gram(const gd_problem *p, const gd_gram *asked, int n_threads, char *scratch, size_t *used) {
    gram_kind kind = kind_of_gram(p, asked);
    ptrdiff_t size = kind == GRAM_DOUBLE ? 8 : 4, bytes = input_bytes(p->input);
    gram_job job = {.p = p, .asked = asked};
    job.n_columns = p->n_features + (kind == GRAM_INTEGERS || p->has_bias);
    job.panel = PANEL_VECTORS * VECTOR_BYTES / size;
    job.n_panels = (job.n_columns + job.panel - 1) / job.panel;
    job.task_panels = job.n_panels < FEW_PANELS ? 1 : TASK_PANELS;
    job.step_rows = kind == GRAM_INTEGERS ? 2 : 1;
    job.steps = PART_BYTES / (PANEL_VECTORS * VECTOR_BYTES);
    ptrdiff_t part_rows = job.steps * job.step_rows, parts = (p->n_rows + part_rows - 1) / part_rows;
    job.n_parts = SLAB_BYTES / (job.n_panels * PART_BYTES);
    if (job.n_parts < SLAB_PARTS_LEAST) job.n_parts = SLAB_PARTS_LEAST;
    if (job.n_parts > SLAB_PARTS_MOST) job.n_parts = SLAB_PARTS_MOST;
    if (job.n_parts > parts) job.n_parts = parts;
    job.direct = (p->column_stride == bytes || p->n_features <= 1) && (uintptr_t)p->x % (uintptr_t)bytes == 0 &&
                 p->row_stride % bytes == 0;
    size_t columns = (size_t)(job.n_panels * job.panel) * sizeof(double);
    *used = 0;
    job.packed = carve(scratch, used, (size_t)(job.n_parts * job.n_panels) * PART_BYTES);
    job.mean = carve(scratch, used, columns);
    job.inverse_scale = carve(scratch, used, columns);
    job.largest = carve(scratch, used, (size_t)n_threads * columns);
    job.ones = carve(scratch, used, columns);
    return job;
}

INLINE int64_t gram_row(const gd_problem *p, ptrdiff_t i) { return p->index ? p->index[i] : i; }

/* Bytes of a row that are packed soon. */
INLINE void fetch_ahead(const char *bytes, ptrdiff_t n) {
    for (ptrdiff_t byte = 0; byte < n; byte += 64) __builtin_prefetch(bytes + byte);
}

/* Row i of the lower half: of the matrix, or of the sums of columns that only the end needs. */
INLINE double *gram_output(const gram_job *job, ptrdiff_t i) {
    ptrdiff_t m = job->p->n_features + job->p->has_bias;
    return i < m ? job->asked->matrix + i * m : job->ones;
}

/* ---- tasks: blocks of pairs of panels on or below the diagonal ---- */

INLINE ptrdiff_t others_of(const gram_job *job, ptrdiff_t rows) { /* blocks of columns for a block of rows */
    ptrdiff_t end = (rows + 1) * job->task_panels < job->n_panels ? (rows + 1) * job->task_panels : job->n_panels;
    return (end + TASK_OTHERS - 1) / TASK_OTHERS;
}

static ptrdiff_t gram_tasks(const gram_job *job) {
    ptrdiff_t n = 0;
    for (ptrdiff_t rows = 0; rows * job->task_panels < job->n_panels; rows++) n += others_of(job, rows);
    return n;
}
