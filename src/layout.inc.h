/* How one problem is cut for one instruction set: vectors, class tiles, blocks of rows, chunks.
 * Everything here follows from the problem alone, never from the number of threads. */

#if !defined(VECTOR_BYTES)
#error "layout.inc.h needs VECTOR_BYTES"
#endif

#define BLOCK_ROWS_MOST 64
#define SEGMENT_BYTES (20 * 1024) /* a segment of a tile's weights stays in the first-level cache */
#define GRADIENT_BYTES (6 * 1024) /* as do the sums of one of gradients, and the rows that are added to them */
#define CHUNKS_MOST 32
#define CHUNK_WORK 131072 /* multiply-adds below which another chunk does not pay */
#define WATCHED_WORK 1e6  /* multiply-adds between two reads of the stop flag, in a run of small steps */

/* BLOCK_BYTES: a block of rows and the next stay in the second-level cache. GRADIENT_ROWS: rows whose columns meet in a
 * tile of the gradient; where a row's length is a multiple of 4096 bytes they share the ways of one set of the first-level
 * cache, of which there are 8. Their next lines are asked for in tiles of up to GRADIENT_AHEAD classes: larger ones have
 * no load to spare. */
#if REGISTERS == 32
#define BLOCK_BYTES (400 * 1024)
#define GRADIENT_ROWS BLOCK_ROWS_MOST
#define GRADIENT_AHEAD 10
#define TILE_CLASSES 10
#define EACH_TILE(M, SEPARATOR)                                                                                        \
    M(1, 4) SEPARATOR M(2, 4) SEPARATOR M(3, 4) SEPARATOR M(4, 4) SEPARATOR M(5, 4) SEPARATOR M(6, 2)                  \
        SEPARATOR M(7, 2) SEPARATOR M(8, 2) SEPARATOR M(9, 2) SEPARATOR M(10, 2)
#else
#define BLOCK_BYTES (192 * 1024)
#define GRADIENT_ROWS 8
#define GRADIENT_AHEAD 3
#define TILE_CLASSES 5
#define EACH_TILE(M, SEPARATOR) M(1, 4) SEPARATOR M(2, 4) SEPARATOR M(3, 2) SEPARATOR M(4, 2) SEPARATOR M(5, 2)
#endif
#define COMMA ,

typedef struct layout {
    int direct;                         /* rows are read in place */
    ptrdiff_t lead;                     /* columns between an aligned address and column 0 */
    ptrdiff_t n_vectors;                /* vectors per padded row */
    ptrdiff_t first_whole, last_whole;  /* vectors [first_whole, last_whole) are read in place */
    ptrdiff_t n_outputs;                /* n_models * n_classes */
    ptrdiff_t n_tiles;                  /* tiles of classes */
    ptrdiff_t segment;                  /* vectors of weights per pass over a block */
    ptrdiff_t block_rows;
    ptrdiff_t chunk_rows, n_chunks;
} layout;

static ptrdiff_t input_bytes(gd_input input) {
    switch (input) {
    case INPUT_UINT8: return 1;
    case INPUT_FLOAT16: return 2;
    case INPUT_FLOAT32: return 4;
    default: return 8;
    }
}

INLINE ptrdiff_t tile_classes(const layout *l, ptrdiff_t tile) {
    return l->n_outputs / l->n_tiles + (tile < l->n_outputs % l->n_tiles);
}

LOCAL layout make_layout(const gd_problem *p, ptrdiff_t n_models, ptrdiff_t lanes) {
    layout l;
    ptrdiff_t size = input_bytes(p->input), d = p->n_features;
    uintptr_t address = (uintptr_t)p->x;
    l.direct = (p->column_stride == size || d <= 1) && address % (uintptr_t)size == 0 && p->row_stride % size == 0;
    l.lead = 0;
    if (l.direct && p->row_stride % (lanes * size) == 0 && d >= 16 * lanes)
        l.lead = (ptrdiff_t)(address % (uintptr_t)(lanes * size)) / size;
    l.n_vectors = (l.lead + d + lanes - 1) / lanes;
    l.first_whole = l.lead > 0;
    l.last_whole = (!l.direct || (l.lead + d) % lanes == 0) ? l.n_vectors : l.n_vectors - 1;
    l.n_outputs = n_models * p->n_classes;
    l.n_tiles = (l.n_outputs + TILE_CLASSES - 1) / TILE_CLASSES;
    ptrdiff_t classes = (l.n_outputs + l.n_tiles - 1) / l.n_tiles;
    l.segment = SEGMENT_BYTES / (classes * VECTOR_BYTES);
    if (l.segment < 1) l.segment = 1;
    l.block_rows = BLOCK_BYTES / ((d + lanes - 1) / lanes * lanes * size) / 8 * 8; /* wherever in memory x begins */
    if (l.block_rows < 8) l.block_rows = 8;
    if (l.block_rows > BLOCK_ROWS_MOST) l.block_rows = BLOCK_ROWS_MOST;
    double work = (double)p->n_rows * (double)d * (double)l.n_outputs;
    ptrdiff_t chunks = work / CHUNK_WORK < CHUNKS_MOST ? (ptrdiff_t)(work / CHUNK_WORK) : CHUNKS_MOST;
    if (chunks < 1) chunks = 1;
    ptrdiff_t blocks = (p->n_rows + l.block_rows - 1) / l.block_rows;
    l.chunk_rows = (blocks + chunks - 1) / chunks * l.block_rows;
    if (l.chunk_rows < 1) l.chunk_rows = 1;
    l.n_chunks = (p->n_rows + l.chunk_rows - 1) / l.chunk_rows;
    return l;
}

/* More threads than chunks would only cost scratch. */
INLINE int useful_threads(int n_threads, ptrdiff_t n_chunks) { return n_threads < n_chunks ? n_threads : (int)n_chunks; }

/* Carves 64-byte aligned pieces from scratch; with base NULL it only counts. */
LOCAL void *carve(char *base, size_t *used, size_t bytes) {
    void *piece = base ? base + *used : NULL;
    *used += (bytes + 63) / 64 * 64;
    return piece;
}
