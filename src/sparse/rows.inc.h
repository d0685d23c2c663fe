/* Rows of sparse X against turned weights of one REAL, as they lie in CSR: scores of a row, and a row added to
 * weights.
 *
 * Turned weights are (n_columns, K), K = 4 * quads, kept as two matrices: whole vectors, which no load splits
 * between two cache lines, and the quads that are left. While a row is at work, the weights of the next one are
 * fetched into the second-level cache: frequent columns are there anyway, and the first level has no room for
 * so many fetches at once.
 */

#if !defined(REAL) || !defined(EACH_QUADS)
#error "sparse/rows.inc.h needs REAL, EACH_QUADS"
#endif

typedef struct R(split_rows) {
    REAL *whole, *rest;
} R(split_rows);

#define WHOLE_WIDTH(K) ((K) / LANES * LANES)
#define REST_WIDTH(K) ((K) % LANES)

/* n rows of K at `base`. */
INLINE R(split_rows) R(split)(REAL *base, ptrdiff_t n, ptrdiff_t K) {
    R(split_rows) rows = {base, base + n * WHOLE_WIDTH(K)};
    return rows;
}

/* Where quad c of row 0 is; the same quad of the next row is *step further. */
INLINE REAL *R(quad_of)(const R(split_rows) * rows, ptrdiff_t K, ptrdiff_t c, ptrdiff_t *step) {
    int whole = c < WHOLE_WIDTH(K);
    *step = whole ? WHOLE_WIDTH(K) : REST_WIDTH(K);
    return whole ? rows->whole + c : rows->rest + (c - WHOLE_WIDTH(K));
}

typedef struct R(row_run) {
    int64_t begin; /* of its entries in X */
    int n;
    int64_t columns[RUN_MOST];
    REAL x[RUN_MOST];
} R(row_run);

#define WHOLE_AT(rows, column, QUADS) ((rows).whole + (column) * WHOLE_WIDTH(4 * (QUADS)))
#define REST_AT(rows, column, QUADS) ((rows).rest + (column) * REST_WIDTH(4 * (QUADS)))
#define ROW_AT(M, name, rows, column, QUADS) M(name, WHOLE_AT(rows, column, QUADS), REST_AT(rows, column, QUADS), QUADS)
#define ROW_FETCH(rows, column, QUADS)                                                                                 \
    do {                                                                                                               \
        _Pragma("GCC unroll 8") for (int b_ = 0; b_ < WHOLE_WIDTH(4 * (QUADS)) * (int)sizeof(REAL); b_ += 64)           \
            __builtin_prefetch((const char *)WHOLE_AT(rows, column, QUADS) + b_, 0, 2);                                 \
        if (REST_WIDTH(4 * (QUADS))) __builtin_prefetch(REST_AT(rows, column, QUADS), 0, 2);                            \
    } while (0)

#define DEFINE_ROWS(QUADS)                                                                                             \
    static void R(row_scores_##QUADS)(const R(row_run) * run, const R(row_run) * next, R(split_rows) v, REAL *s) {     \
        ROW_DECLARE(even, QUADS);                                                                                      \
        ROW_DECLARE(odd, QUADS);                                                                                       \
        ROW_LOAD(even, s, QUADS)                                                                                       \
        ROW_CLEAR(odd, QUADS)                                                                                          \
        int e = 0;                                                                                                     \
        for (; e + 2 <= run->n; e += 2) {                                                                              \
            ROW_DECLARE(row, QUADS);                                                                                   \
            if (e + 2 <= next->n) {                                                                                    \
                ROW_FETCH(v, next->columns[e], QUADS);                                                                 \
                ROW_FETCH(v, next->columns[e + 1], QUADS);                                                             \
            }                                                                                                          \
            ROW_AT(ROW_LOAD_PARTS, row, v, run->columns[e], QUADS)                                                     \
            ROW_ADD(even, run->x[e], row, QUADS)                                                                       \
            ROW_AT(ROW_LOAD_PARTS, row, v, run->columns[e + 1], QUADS)                                                 \
            ROW_ADD(odd, run->x[e + 1], row, QUADS)                                                                    \
        }                                                                                                              \
        for (int f = e; f < next->n; f++) ROW_FETCH(v, next->columns[f], QUADS);                                       \
        if (e < run->n) {                                                                                              \
            ROW_DECLARE(row, QUADS);                                                                                   \
            ROW_AT(ROW_LOAD_PARTS, row, v, run->columns[e], QUADS)                                                     \
            ROW_ADD(even, run->x[e], row, QUADS)                                                                       \
        }                                                                                                              \
        ROW_JOIN(even, odd, QUADS)                                                                                     \
        ROW_STORE(even, s, QUADS)                                                                                      \
    }                                                                                                                  \
    static void R(row_add_##QUADS)(const R(row_run) * run, const R(row_run) * next, const REAL *coefficients,          \
                                   R(split_rows) v) {                                                                  \
        ROW_DECLARE(coefficient, QUADS);                                                                               \
        ROW_LOAD(coefficient, coefficients, QUADS)                                                                     \
        const int n = run->n, coming = next->n; /* copies, which no weight can alias */                                \
        for (int e = 0; e < n; e++) {                                                                                  \
            ROW_DECLARE(row, QUADS);                                                                                   \
            const int64_t column = run->columns[e];                                                                    \
            if (e < coming) ROW_FETCH(v, next->columns[e], QUADS);                                                     \
            ROW_AT(ROW_LOAD_PARTS, row, v, column, QUADS)                                                              \
            ROW_ADD(row, run->x[e], coefficient, QUADS)                                                                \
            ROW_AT(ROW_STORE_PARTS, row, v, column, QUADS)                                                             \
        }                                                                                                              \
    }                                                                                                                  \
    /* the same, and what it adds to the sum of squares */                                                             \
    static double R(row_add_squares_##QUADS)(const R(row_run) * run, const R(row_run) * next,                          \
                                             const REAL *coefficients, R(split_rows) v) {                              \
        REAL flat[4 * QUADS];                                                                                          \
        double total = 0;                                                                                              \
        ROW_DECLARE(coefficient, QUADS);                                                                               \
        ROW_DECLARE(sum, QUADS);                                                                                       \
        ROW_LOAD(coefficient, coefficients, QUADS)                                                                     \
        ROW_CLEAR(sum, QUADS)                                                                                          \
        for (int e = 0; e < run->n; e++) {                                                                             \
            ROW_DECLARE(row, QUADS);                                                                                   \
            ROW_DECLARE(before, QUADS);                                                                                \
            if (e < next->n) ROW_FETCH(v, next->columns[e], QUADS);                                                    \
            ROW_AT(ROW_LOAD_PARTS, row, v, run->columns[e], QUADS)                                                     \
            ROW_EACH(QUADS, before[q_] = row[q_], before_pair = row_pair, before_quad = row_quad)                      \
            ROW_ADD(row, run->x[e], coefficient, QUADS)                                                                \
            ROW_AT(ROW_STORE_PARTS, row, v, run->columns[e], QUADS)                                                    \
            ROW_EACH(QUADS, sum[q_] += (row[q_] - before[q_]) * (row[q_] + before[q_]),                                \
                     sum_pair += (row_pair - before_pair) * (row_pair + before_pair),                                  \
                     sum_quad += (row_quad - before_quad) * (row_quad + before_quad))                                  \
        }                                                                                                              \
        ROW_STORE(sum, flat, QUADS)                                                                                    \
        for (int c = 0; c < 4 * QUADS; c++) total += (double)flat[c];                                                  \
        return total;                                                                                                  \
    }
EACH_QUADS(DEFINE_ROWS)

#define ROWS_ROW(QUADS) {R(row_scores_##QUADS), R(row_add_##QUADS), R(row_add_squares_##QUADS)},
/* Per number of quads: s += sum of x * v[column]; v[column] += x * coefficients; and what that adds to the squares. */
static const struct {
    void (*scores)(const R(row_run) *, const R(row_run) * next, R(split_rows) v, REAL *s);
    void (*add)(const R(row_run) *, const R(row_run) * next, const REAL *coefficients, R(split_rows) v);
    double (*add_squares)(const R(row_run) *, const R(row_run) * next, const REAL *coefficients, R(split_rows) v);
} R(sparse_rows)[] = {{NULL, NULL, NULL}, EACH_QUADS(ROWS_ROW)};

#define READ_VALUES(type)                                                                                              \
    for (int e = 0; e < n; e++) run->x[e] = (REAL)((const type *)values)[e];

/* The n entries from `begin` on, widened, divided by `scale` unless that is NULL. Indices were checked; where one has
 * changed since and leads out of X, *changed is set, and the run is empty. */
static void R(read_run)(const gd_csr *x, const double *scale, int64_t begin, int n, int *changed, R(row_run) * run) {
    const uint64_t last = (uint64_t)x->n_columns - 1;
    uint64_t outside = 0; /* v | (last - v) has the sign bit set exactly where v is not in [0, last] */
    run->begin = begin;
    run->n = n;
    if (x->wide_indices) {
        const int64_t *columns = (const int64_t *)x->indices + begin;
        for (int e = 0; e < n; e++) {
            int64_t column = columns[e];
            run->columns[e] = column;
            outside |= (uint64_t)column | (last - (uint64_t)column);
        }
    } else {
        const int32_t *columns = (const int32_t *)x->indices + begin;
        uint32_t narrow = last < INT32_MAX ? (uint32_t)last : INT32_MAX, some = 0;
        for (int e = 0; e < n; e++) {
            int32_t column = columns[e];
            run->columns[e] = column;
            some |= (uint32_t)column | (narrow - (uint32_t)column);
        }
        outside = (uint64_t)some << 32;
    }
    if (outside >> 63) {
        run->n = 0;
        *changed = 1;
        return;
    }
    const char *values = (const char *)x->values + begin * x->value_bytes;
    switch (x->value_bytes) {
    case 1: READ_VALUES(uint8_t) break;
    case 4: READ_VALUES(float) break;
    default: READ_VALUES(double) break;
    }
    if (scale)
        for (int e = 0; e < n; e++) run->x[e] = (REAL)((double)run->x[e] / scale[run->columns[e]]);
}

/* Two runs: the one at work, and the one whose weights are being fetched. */
typedef struct R(reader) {
    const gd_csr *x;
    const double *scale;
    int *changed;      /* set where indices of X have changed */
    R(row_run) * runs; /* 2 of them */
} R(reader);

static R(row_run) * R(fetch_run)(const R(reader) * reader, int64_t begin, int64_t end, const R(row_run) * kept) {
    int n = end - begin < RUN_MOST ? (int)(end - begin) : RUN_MOST;
    R(row_run) *runs = reader->runs;
    for (int i = 0; i < 2; i++)
        if (&runs[i] != kept && runs[i].begin == begin && runs[i].n == n) return &runs[i];
    R(row_run) *free = kept == &runs[0] ? &runs[1] : &runs[0];
    R(read_run)(reader->x, reader->scale, begin, n, reader->changed, free);
    return free;
}

/* The run that begins at `begin` in a row that ends at `end`, and in *next what comes after it: more of the row, or the
 * start of row `after` (none: -1). */
static const R(row_run) * R(run_at)(const R(reader) * reader, int64_t begin, int64_t end, int64_t after,
                                    const R(row_run) * *next) {
    static const R(row_run) nothing = {.n = 0};
    const R(row_run) *run = R(fetch_run)(reader, begin, end, NULL);
    *next = &nothing;
    if (begin + RUN_MOST < end)
        *next = R(fetch_run)(reader, begin + RUN_MOST, end, run);
    else if (after >= 0)
        *next = R(fetch_run)(reader, reader->x->first[after], reader->x->first[after + 1], run);
    return run;
}

static void R(forget_runs)(const R(reader) * reader) { reader->runs[0].begin = reader->runs[1].begin = -1; }

/* Prefetches the start of a row's entries; the processor sees the rest coming by itself. */
static void R(announce_row)(const gd_csr *x, int64_t row) {
    int64_t begin = x->first[row], n = x->first[row + 1] - begin;
    if (n > ANNOUNCED_MOST) n = ANNOUNCED_MOST;
    size_t index = x->wide_indices ? 8 : 4, value = (size_t)x->value_bytes;
    const char *indices = (const char *)x->indices + (size_t)begin * index;
    const char *values = (const char *)x->values + (size_t)begin * value;
    for (size_t b = 0; b < (size_t)n * index + 63; b += 64) __builtin_prefetch(indices + b, 0, 2);
    for (size_t b = 0; b < (size_t)n * value + 63; b += 64) __builtin_prefetch(values + b, 0, 2);
}
