/* Register tiles over rows of X for one (REAL, INPUT): scores (X W^T) and gradient (C^T X).
 *
 * A tile keeps rows x classes (scores) or classes x vectors (gradient) sums in registers. Weights and
 * gradients are packed tile by tile: for each vector of columns, the vectors of the tile's classes
 * stand side by side, so that both phases stream through them in order. `coming` are the rows of the
 * next block, asked for in both phases.
 */

#define X_VECTOR(p) LOAD(REAL, INPUT)(p)

/* Sums of n_vectors products for ROWS rows and CLASSES classes, added to sums[row][class]. */
#define DEFINE_SCORES_TILE(CLASSES, ROWS)                                                                              \
    static void RI(scores_tile_##CLASSES##_##ROWS)(const INPUT *const *rows, const char *const *coming,                \
                                                   ptrdiff_t first, ptrdiff_t n_vectors, const REAL *w,                \
                                                   VECTOR *sums) {                                                     \
        VECTOR acc[ROWS][CLASSES];                                                                                     \
        const INPUT *x[ROWS];                                                                                          \
        const char *ahead[ROWS];                                                                                       \
        _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++) {                                                       \
            x[r] = rows[r] + first;                                                                                    \
            ahead[r] = coming[r] + first * (ptrdiff_t)sizeof(INPUT);                                                   \
        }                                                                                                              \
        _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++)                                                         \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) acc[r][c] = sums[r * CLASSES + c];              \
        for (ptrdiff_t v = 0; v < n_vectors; v++) {                                                                    \
            VECTOR a[ROWS];                                                                                            \
            _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++) {                                                   \
                __builtin_prefetch(ahead[r] + v * LANES * (ptrdiff_t)sizeof(INPUT), 0, 2);                             \
                a[r] = X_VECTOR(x[r] + v * LANES);                                                                     \
            }                                                                                                          \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                               \
                VECTOR b = ((const VECTOR *)w)[v * CLASSES + c];                                                       \
                KEEP_IN_REGISTER(b);                                                                                   \
                _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++) acc[r][c] = FMA(a[r], b, acc[r][c]);            \
            }                                                                                                          \
        }                                                                                                              \
        _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++)                                                         \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) sums[r * CLASSES + c] = acc[r][c];              \
    }

/* gradient[vector][class] += coefficient[row][class] * x[row][vector], for VECTORS vectors from `first` on. */
#define DEFINE_GRADIENT_TILE(CLASSES, VECTORS)                                                                         \
    static void RI(gradient_tile_##CLASSES##_##VECTORS)(const INPUT *const *rows, const char *const *coming,           \
                                                        ptrdiff_t first, ptrdiff_t n_rows, const REAL *coefficients,   \
                                                        REAL *gradient) {                                              \
        VECTOR acc[VECTORS][CLASSES];                                                                                  \
        VECTOR *g = (VECTOR *)gradient;                                                                                \
        _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++)                                                      \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) acc[q][c] = g[q * CLASSES + c];                 \
        for (ptrdiff_t r = 0; r < n_rows; r++) {                                                                       \
            const INPUT *x = rows[r] + first;                                                                          \
            __builtin_prefetch(coming[r] + first * (ptrdiff_t)sizeof(INPUT), 0, 2);                                    \
            const REAL *k = coefficients + r * CLASSES;                                                                \
            VECTOR a[VECTORS];                                                                                         \
            _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++) a[q] = X_VECTOR(x + q * LANES);                  \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                               \
                VECTOR b = BROADCAST(k[c]);                                                                            \
                _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++) acc[q][c] = FMA(a[q], b, acc[q][c]);         \
            }                                                                                                          \
        }                                                                                                              \
        _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++)                                                      \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) g[q * CLASSES + c] = acc[q][c];                 \
    }

/* w[vector][class] += coefficient[class] * x[vector], and sums[class] += w * next[vector] with what came of it: one
 * sweep over weights that do not fit the first-level cache, where a step and the scores after it would take two. */
#define DEFINE_STEP_TILE(CLASSES)                                                                                      \
    static void RI(step_tile_##CLASSES)(const INPUT *x, const INPUT *next, const char *coming, ptrdiff_t n_vectors,    \
                                        const REAL *coefficients, REAL *w, VECTOR *sums) {                             \
        VECTOR acc[CLASSES], b[CLASSES];                                                                               \
        _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                                   \
            acc[c] = sums[c];                                                                                          \
            b[c] = BROADCAST(coefficients[c]);                                                                         \
        }                                                                                                              \
        for (ptrdiff_t v = 0; v < n_vectors; v++) {                                                                    \
            VECTOR *g = (VECTOR *)w + v * CLASSES;                                                                     \
            __builtin_prefetch(coming + v * LANES * (ptrdiff_t)sizeof(INPUT), 0, 2);                                   \
            VECTOR a = X_VECTOR(x + v * LANES), n = X_VECTOR(next + v * LANES);                                        \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                               \
                g[c] = FMA(a, b[c], g[c]);                                                                             \
                acc[c] = FMA(n, g[c], acc[c]);                                                                         \
            }                                                                                                          \
        }                                                                                                              \
        _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) sums[c] = acc[c];                                   \
    }

/* CLASSES with the rows (and vectors) that fill the registers, and with one. */
#define DEFINE_TILES(CLASSES, MANY)                                                                                    \
    DEFINE_STEP_TILE(CLASSES)                                                                                          \
    DEFINE_SCORES_TILE(CLASSES, MANY)                                                                                  \
    DEFINE_SCORES_TILE(CLASSES, 1)                                                                                     \
    DEFINE_GRADIENT_TILE(CLASSES, MANY)                                                                                \
    DEFINE_GRADIENT_TILE(CLASSES, 1)

#define TILE_ROW(CLASSES, MANY)                                                                                        \
    {MANY, RI(scores_tile_##CLASSES##_##MANY), RI(scores_tile_##CLASSES##_1), RI(gradient_tile_##CLASSES##_##MANY),    \
     RI(gradient_tile_##CLASSES##_1), RI(step_tile_##CLASSES)}

EACH_TILE(DEFINE_TILES, )

typedef void (*RI(scores_tile))(const INPUT *const *, const char *const *, ptrdiff_t, ptrdiff_t, const REAL *,
                                VECTOR *);
typedef void (*RI(gradient_tile))(const INPUT *const *, const char *const *, ptrdiff_t, ptrdiff_t, const REAL *,
                                  REAL *);
typedef void (*RI(step_tile))(const INPUT *, const INPUT *, const char *, ptrdiff_t, const REAL *, REAL *, VECTOR *);

static const struct {
    int many;
    RI(scores_tile) scores, scores_one;
    RI(gradient_tile) gradient, gradient_one;
    RI(step_tile) step;
} RI(tiles)[] = {{0, NULL, NULL, NULL, NULL, NULL}, EACH_TILE(TILE_ROW, COMMA)};

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

/* scores[row][class] = <x, w> + bias, for K classes */
static void RI(block_scores)(const layout *l, const RI(block) * b, const REAL *w, const REAL *bias, VECTOR *sums,
                             REAL *scores) {
    ptrdiff_t K = l->n_outputs;
    for (ptrdiff_t c0 = 0, tile = 0; tile < l->n_tiles; tile++) {
        int classes = (int)tile_classes(l, tile), many = RI(tiles)[classes].many;
        const REAL *wt = w + c0 * l->n_vectors * LANES;
        int n_sums = b->n_rows * classes;
        memset(sums, 0, (size_t)n_sums * sizeof(VECTOR));
        ptrdiff_t segment = l->segment;
        for (int edge = 0; edge < 2; edge++) {
            ptrdiff_t v = edge ? l->n_vectors - 1 : 0;
            if (edge ? l->last_whole == l->n_vectors : l->first_whole == 0) continue;
            const INPUT *const *x = b->edges[edge];
            const REAL *we = wt + v * classes * LANES;
            int r = 0;
            for (; r + many <= b->n_rows; r += many)
                RI(tiles)[classes].scores(x + r, b->coming + r, 0, 1, we, sums + r * classes);
            for (; r < b->n_rows; r++)
                RI(tiles)[classes].scores_one(x + r, b->coming + r, 0, 1, we, sums + r * classes);
        }
        for (ptrdiff_t v = l->first_whole; v < l->last_whole; v += segment) {
            ptrdiff_t count = l->last_whole - v < segment ? l->last_whole - v : segment;
            const REAL *ws = wt + v * classes * LANES;
            int r = 0;
            for (; r + many <= b->n_rows; r += many)
                RI(tiles)[classes].scores(b->rows + r, b->coming + r, v * LANES, count, ws, sums + r * classes);
            for (; r < b->n_rows; r++)
                RI(tiles)[classes].scores_one(b->rows + r, b->coming + r, v * LANES, count, ws, sums + r * classes);
        }
        REAL *flat = (REAL *)sums; /* written behind what is still to be read; room for a whole last group */
        for (int i = 0; i < n_sums; i += LANES) {
            VECTOR group = HORIZONTAL_SUMS(sums + i);
            memcpy(flat + i, &group, sizeof group);
        }
        for (int r = 0; r < b->n_rows; r++)
            for (int c = 0; c < classes; c++) scores[r * K + c0 + c] = flat[r * classes + c] + bias[c0 + c];
        c0 += classes;
    }
}

/* gradient += C^T X over the listed rows of the block; `compact` is scratch for one tile's coefficients */
static void RI(block_gradient)(const layout *l, const RI(block) * b, const REAL *coefficients, const int *active,
                               int n_active, REAL *compact, REAL *gradient) {
    ptrdiff_t K = l->n_outputs;
    const INPUT *rows[BLOCK_ROWS_MOST], *edges[2][BLOCK_ROWS_MOST];
    for (int i = 0; i < n_active; i++) {
        rows[i] = b->rows[active[i]];
        edges[0][i] = b->edges[0][active[i]];
        edges[1][i] = b->edges[1][active[i]];
    }
    for (ptrdiff_t c0 = 0, tile = 0; tile < l->n_tiles; tile++) {
        int classes = (int)tile_classes(l, tile), many = RI(tiles)[classes].many;
        REAL *gt = gradient + c0 * l->n_vectors * LANES;
        for (int i = 0; i < n_active; i++)
            memcpy(compact + i * classes, coefficients + active[i] * K + c0, (size_t)classes * sizeof(REAL));
        ptrdiff_t v = l->first_whole;
        if (v > 0) RI(tiles)[classes].gradient_one(edges[0], b->coming, 0, n_active, compact, gt);
        for (; v + many <= l->last_whole; v += many)
            RI(tiles)[classes].gradient(rows, b->coming, v * LANES, n_active, compact, gt + v * classes * LANES);
        for (; v < l->last_whole; v++)
            RI(tiles)[classes].gradient_one(rows, b->coming, v * LANES, n_active, compact, gt + v * classes * LANES);
        gt += v * classes * LANES;
        if (v < l->n_vectors) RI(tiles)[classes].gradient_one(edges[1], b->coming, 0, n_active, compact, gt);
        c0 += classes;
    }
}

/* What block_gradient does with one row, and what comes of it times the next row into `sums` (n_outputs,): see
 * DEFINE_STEP_TILE. Sums in block_scores' order, so that both roads give the same bits. */
static void RI(block_step)(const layout *l, const RI(block) * b, const RI(block) * next, const REAL *coefficients,
                           REAL *w, VECTOR *sums) {
    memset(sums, 0, (size_t)l->n_outputs * sizeof(VECTOR));
    const char *coming = b->coming[0];
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < l->n_tiles; tile++, c0 += classes) {
        classes = tile_classes(l, tile);
        RI(step_tile) step = RI(tiles)[classes].step;
        REAL *wt = w + c0 * l->n_vectors * LANES;
        ptrdiff_t last = l->n_vectors - 1, first = l->first_whole, inner = l->last_whole - first;
        if (first > 0) step(b->edges[0][0], next->edges[0][0], coming, 1, coefficients + c0, wt, sums + c0);
        if (l->last_whole <= last)
            step(b->edges[1][0], next->edges[1][0], coming, 1, coefficients + c0, wt + last * classes * LANES,
                 sums + c0);
        step(b->rows[0] + first * LANES, next->rows[0] + first * LANES,
             coming + first * LANES * (ptrdiff_t)sizeof(INPUT), inner, coefficients + c0, wt + first * classes * LANES,
             sums + c0);
    }
}

/* scores = the lanes of `sums` added up, + bias */
static void RI(step_scores)(const layout *l, const REAL *bias, VECTOR *sums, REAL *scores) {
    REAL *flat = (REAL *)sums; /* written behind what is still to be read; room for a whole last group */
    for (ptrdiff_t i = 0; i < l->n_outputs; i += LANES) {
        VECTOR group = HORIZONTAL_SUMS(sums + i);
        memcpy(flat + i, &group, sizeof group);
    }
    for (ptrdiff_t c = 0; c < l->n_outputs; c++) scores[c] = flat[c] + bias[c];
}

#undef X_VECTOR
#undef DEFINE_SCORES_TILE
#undef DEFINE_GRADIENT_TILE
#undef DEFINE_STEP_TILE
#undef DEFINE_TILES
#undef TILE_ROW
