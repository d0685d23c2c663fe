/* How one sparse problem is cut for one instruction set: groups of classes, splits of the columns, blocks of
 * rows and columns. All of it follows from the problem, never from the number of threads. */

#if !defined(VECTOR_BYTES) || !defined(BLOCK_ROWS_MOST)
#error "sparse/layout.inc.h needs VECTOR_BYTES, BLOCK_ROWS_MOST"
#endif

#define QUADS_MOST 8                 /* a group of classes: its weights for one column stay in registers */
#define GRADIENT_RUN 256             /* entries added up in float before they go to double */
#define SPLITS_MOST 4                /* scores of their own for as many parts of a panel's columns ... */
#define SPLIT_ROW_ENTRIES 32         /* ... where rows have that many entries in each part */
#define STAY_BYTES (512 * 1024)      /* blocks of the gradient that stay in cache while panels go by */
#define LOSS_CHUNK_ROWS 512
#define GRADIENT_CHUNK_ENTRIES 16384 /* entries below which another chunk does not pay */
#define RUN_MOST 1024                /* entries of a row that are widened at a time */
#define ROWS_AHEAD 4                 /* rows between the prefetch of one and its reading */
#define ANNOUNCED_MOST 512           /* entries of a coming row that are prefetched */
#define SHRINK_LEAST 1e-6
#define LARGE_BATCH 1024             /* rows from which a step may be stopped midway */

typedef float quad_float __attribute__((vector_size(16), aligned(4), may_alias));
typedef double quad_double __attribute__((vector_size(32), aligned(8), may_alias));

typedef float pair_float __attribute__((vector_size(32), aligned(4), may_alias));
typedef double pair_double __attribute__((vector_size(64), aligned(8), may_alias));

/* a * b + c, and the low part of a vector that holds one number throughout. Instruction sets whose rows have parts that
 * are no whole vectors have better ones. */
#ifndef fma_quad_float
#define fma_quad_float(a, b, c) ((a) * (b) + (c))
#define low_quad_float(a) ((a)[0] - (quad_float){0})
#endif
#ifndef fma_quad_double
#define fma_quad_double(a, b, c) ((a) * (b) + (c))
#define low_quad_double(a) ((a)[0] - (quad_double){0})
#endif
#ifndef fma_pair_float
#define fma_pair_float(a, b, c) ((a) * (b) + (c))
#define low_pair_float(a) ((a)[0] - (pair_float){0})
#endif
#define fma_pair_double(a, b, c) ((a) * (b) + (c))
#define low_pair_double(a) ((a)[0] - (pair_double){0})

/* Four vectors of four, turned: rows become columns. */
#define TRANSPOSE(type, a, b, c, d)                                                                                    \
    do {                                                                                                               \
        type ab = SHUFFLE(a, b, 0, 4, 1, 5), ba = SHUFFLE(a, b, 2, 6, 3, 7);                                           \
        type cd = SHUFFLE(c, d, 0, 4, 1, 5), dc = SHUFFLE(c, d, 2, 6, 3, 7);                                           \
        a = SHUFFLE(ab, cd, 0, 1, 4, 5);                                                                               \
        b = SHUFFLE(ab, cd, 2, 3, 6, 7);                                                                               \
        c = SHUFFLE(ba, dc, 0, 1, 4, 5);                                                                               \
        d = SHUFFLE(ba, dc, 2, 3, 6, 7);                                                                               \
    } while (0)

/* Columns of a cache line, and the line AHEAD_BYTES beyond a place fetched to be read (0) or written (1). */
#define LINE_COLUMNS(type) ((ptrdiff_t)(64 / sizeof(type)))
#define AHEAD_BYTES 256
#define PREFETCH_AHEAD(place, writes) __builtin_prefetch((const char *)(place) + AHEAD_BYTES, writes, 3)

typedef struct sparse_tile {
    const uint16_t *columns, *counts, *rows;
    const void *values;
    ptrdiff_t n_listed;
} sparse_tile;

typedef struct sparse_layout {
    ptrdiff_t n_groups, group_classes, K; /* classes of a group, and padded to quads */
    int quads;
    int turned;            /* weights are turned beforehand */
    ptrdiff_t splits;      /* of each panel's columns, for scores */
    ptrdiff_t loss_rows, loss_chunks;
    ptrdiff_t stay_blocks; /* blocks of columns whose gradient is added up at once */
    ptrdiff_t gradient_blocks, gradient_chunks;
} sparse_layout;

/* How a stochastic step moves the weights (steps/sparse.inc.h). */
typedef enum { MOVE_ROWS, MOVE_TOUCHED, MOVE_ALL } sparse_move;

INLINE sparse_tile get_tile(const gd_tiles *t, ptrdiff_t panel, ptrdiff_t block) {
    ptrdiff_t i = panel * t->n_blocks + block;
    int64_t entry = t->entry[i], listed = t->listed[i];
    size_t size = t->wide_values ? sizeof(double) : sizeof(float);
    sparse_tile tile = {t->columns + listed, t->counts + listed, t->rows + entry,
                        (const char *)t->values + (size_t)entry * size, (ptrdiff_t)(t->listed[i + 1] - listed)};
    return tile;
}

INLINE ptrdiff_t columns_of_block(const gd_tiles *t, ptrdiff_t block) {
    ptrdiff_t left = t->n_columns - block * t->block_columns;
    return left < t->block_columns ? left : t->block_columns;
}

INLINE ptrdiff_t group_classes(const sparse_layout *l, const gd_problem *p, ptrdiff_t group) {
    ptrdiff_t left = p->n_classes - group * l->group_classes;
    return left < l->group_classes ? left : l->group_classes;
}

/* The first block of a split of a panel: splits hold about equally many entries. */
LOCAL ptrdiff_t split_block(const gd_tiles *t, ptrdiff_t panel, ptrdiff_t split, ptrdiff_t splits) {
    const int64_t *entry = t->entry + panel * t->n_blocks;
    if (split == splits) return t->n_blocks;
    int64_t wanted = entry[0] + (entry[t->n_blocks] - entry[0]) / splits * split;
    ptrdiff_t low = 0, high = t->n_blocks;
    while (low < high) {
        ptrdiff_t middle = (low + high) / 2;
        if (entry[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return split == 0 ? 0 : low;
}

/* How k classes are grouped; the rest is not set. */
static sparse_layout group_layout(ptrdiff_t k) {
    sparse_layout l = {.n_groups = (k + 4 * QUADS_MOST - 1) / (4 * QUADS_MOST)};
    l.group_classes = (k + l.n_groups - 1) / l.n_groups;
    l.quads = (int)((l.group_classes + 3) / 4);
    l.K = 4 * l.quads;
    return l;
}

LOCAL sparse_layout make_sparse_layout(const gd_problem *p, const gd_tiles *t) {
    sparse_layout l = group_layout(p->n_classes);
    int64_t entries = t->entry[t->n_panels * t->n_blocks];
    l.turned = t->n_panels > 1;
    l.splits = 1;
    if (t->n_panels < SPLITS_MOST) {
        int64_t parts = entries / (SPLIT_ROW_ENTRIES * (t->n_rows > 0 ? t->n_rows : 1));
        l.splits = parts > SPLITS_MOST ? SPLITS_MOST : parts < 1 ? 1 : (ptrdiff_t)parts;
        if (entries < GRADIENT_CHUNK_ENTRIES * SPLITS_MOST) l.splits = 1;
    }
    l.loss_rows = ((p->n_rows + 31) / 32 + BLOCK_ROWS_MOST - 1) / BLOCK_ROWS_MOST * BLOCK_ROWS_MOST;
    if (l.loss_rows < LOSS_CHUNK_ROWS) l.loss_rows = LOSS_CHUNK_ROWS;
    l.loss_chunks = (p->n_rows + l.loss_rows - 1) / l.loss_rows;
    l.stay_blocks = 1;
    if (t->n_panels > 1) l.stay_blocks = STAY_BYTES / (t->block_columns * l.K * (ptrdiff_t)sizeof(double));
    if (l.stay_blocks < 1) l.stay_blocks = 1;
    int64_t chunks = (entries + t->n_columns) / GRADIENT_CHUNK_ENTRIES;
    chunks = chunks < 1 ? 1 : chunks > 64 ? 64 : chunks;
    l.gradient_blocks = (ptrdiff_t)((t->n_blocks + chunks - 1) / chunks);
    l.gradient_blocks = (l.gradient_blocks + l.stay_blocks - 1) / l.stay_blocks * l.stay_blocks;
    l.gradient_chunks = (t->n_blocks + l.gradient_blocks - 1) / l.gradient_blocks;
    return l;
}

/* A row of 4 * QUADS values in registers: `many` vectors, then a pair of quads, then a quad. */
#define ROW_MANY(QUADS) (4 * (QUADS) / LANES)
#define ROW_PAIR(QUADS) (4 * (QUADS) % LANES / 8)
#define ROW_QUAD(QUADS) (4 * (QUADS) % LANES % 8 / 4)
#define ROW_DECLARE(name, QUADS)                                                                                       \
    VECTOR name[ROW_MANY(QUADS) + 1];                                                                                  \
    R(pair) name##_pair;                                                                                               \
    R(quad) name##_quad
#define ROW_EACH(QUADS, MANY, PAIR, QUAD)                                                                              \
    _Pragma("GCC unroll 16") for (int q_ = 0; q_ < ROW_MANY(QUADS); q_++) { MANY; }                                       \
    if (ROW_PAIR(QUADS)) { PAIR; }                                                                                     \
    if (ROW_QUAD(QUADS)) { QUAD; }
/* the vectors at `whole`, what is left at `rest` */
#define ROW_LOAD_PARTS(name, whole, rest, QUADS)                                                                       \
    ROW_EACH(QUADS, memcpy(&name[q_], (whole) + q_ * LANES, sizeof(VECTOR)),                                             \
             memcpy(&name##_pair, (rest), sizeof name##_pair),                                                         \
             memcpy(&name##_quad, (rest) + 8 * ROW_PAIR(QUADS), sizeof name##_quad))
#define ROW_STORE_PARTS(name, whole, rest, QUADS)                                                                      \
    ROW_EACH(QUADS, memcpy((whole) + q_ * LANES, &name[q_], sizeof(VECTOR)),                                             \
             memcpy((rest), &name##_pair, sizeof name##_pair),                                                         \
             memcpy((rest) + 8 * ROW_PAIR(QUADS), &name##_quad, sizeof name##_quad))
#define ROW_LOAD(name, from, QUADS) ROW_LOAD_PARTS(name, from, (from) + ROW_MANY(QUADS) * LANES, QUADS)
#define ROW_STORE(name, to, QUADS) ROW_STORE_PARTS(name, to, (to) + ROW_MANY(QUADS) * LANES, QUADS)
#define ROW_CLEAR(name, QUADS)                                                                                         \
    ROW_EACH(QUADS, name[q_] = BROADCAST((REAL)0), name##_pair = (R(pair)){0}, name##_quad = (R(quad)){0})
/* sum += x * row; x is broadcast once for all of its parts */
#define ROW_ADD(sum, x, row, QUADS)                                                                                    \
    {                                                                                                                  \
        VECTOR x_ = BROADCAST(x);                                                                                      \
        ROW_EACH(QUADS, sum[q_] = FMA(x_, row[q_], sum[q_]),                                                           \
                 sum##_pair = R(fma_pair)(R(low_pair)(x_), row##_pair, sum##_pair),                                    \
                 sum##_quad = R(fma_quad)(R(low_quad)(x_), row##_quad, sum##_quad))                                    \
    }
/* one += other */
#define ROW_JOIN(one, other, QUADS)                                                                                    \
    ROW_EACH(QUADS, one[q_] += other[q_], one##_pair += other##_pair, one##_quad += other##_quad)

#define EACH_QUADS(M) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8)
