/* How a pass for many outputs is cut: blocks of rows, tiles of them, panels and strips of outputs. All of it
 * follows from the problem, never from the number of threads.
 *
 * With many classes arithmetic is all there is, and the tiles of tiles.inc.h (a vector of columns for each row,
 * summed up at the end) wait for their loads. Here a block of rows is packed once, as tiles of TILE_SIDE rows by
 * TILE_SIDE columns, and both phases run one kernel on it (many_outputs.inc.h): vectors run along the outputs,
 * elements of X are broadcast. */

#if !defined(VECTOR_BYTES) || !defined(CHUNK_WORK)
#error "dense/many_outputs_layout.inc.h needs VECTOR_BYTES, CHUNK_WORK"
#endif

#define PANEL_ROWS_MOST 96
#define PANEL_BLOCK_BYTES (1000 * 1024) /* a block of rows and its scores stay near */
#define PANEL_WEIGHT_BYTES (24 * 1024) /* a piece of a panel's weights stays in the first-level cache */
#define PANEL_GATHER_ROWS 32
#define PANEL_STRIPS_MOST 8
#define PANEL_SETTLE_BLOCKS 64 /* after so many blocks of rows a gradient's sums move to the answer */

/* Measured: from PANEL_OUTPUTS_LEAST on this pass is the quicker one for value and gradient. Without fused
 * multiply-adds (and with 16 registers, which an unrolled loop overflows) broadcasts cost as much as they save:
 * it is as quick as the other one, and takes less memory. */
#if REGISTERS == 32
#define PANEL_UNROLL "GCC unroll 8"
#define TILE_SIDE 8
#define PANEL_VECTORS 3
#define EACH_PANEL(M, SEPARATOR) M(1) SEPARATOR M(2) SEPARATOR M(3)
#define PANEL_OUTPUTS_LEAST 32
#elif HAS_FMA
#define PANEL_UNROLL "GCC unroll 8"
#define TILE_SIDE 4
#define PANEL_VECTORS 3
#define EACH_PANEL(M, SEPARATOR) M(1) SEPARATOR M(2) SEPARATOR M(3)
#define PANEL_OUTPUTS_LEAST 32
#else
#define PANEL_UNROLL "GCC unroll 1"
#define TILE_SIDE 4
#define PANEL_VECTORS 2
#define EACH_PANEL(M, SEPARATOR) M(1) SEPARATOR M(2)
#define PANEL_OUTPUTS_LEAST 128
#endif

typedef struct panel_layout {
    layout rows;         /* how rows are gathered: from column 0, no edges */
    ptrdiff_t n_columns; /* d, filled up to whole tiles */
    ptrdiff_t n_outputs; /* n_models * n_classes */
    ptrdiff_t n_vectors; /* of outputs */
    ptrdiff_t n_panels;  /* of at most PANEL_VECTORS of them */
    ptrdiff_t n_strips;  /* groups of panels: threads follow each other strip by strip */
    ptrdiff_t block_rows, n_blocks;
    ptrdiff_t useful_threads;
} panel_layout;

/* Vectors of outputs before a panel; those of panel p are panel_start(p) .. panel_start(p + 1) - 1. */
INLINE ptrdiff_t panel_start(const panel_layout *l, ptrdiff_t panel) {
    ptrdiff_t more = l->n_vectors % l->n_panels;
    return panel * (l->n_vectors / l->n_panels) + (panel < more ? panel : more);
}

INLINE ptrdiff_t whole_tiles(ptrdiff_t n) { return (n + TILE_SIDE - 1) / TILE_SIDE * TILE_SIDE; }

static int panels_fit(const gd_problem *p, const gd_weights *weights) {
    return weights->n_models * p->n_classes >= PANEL_OUTPUTS_LEAST;
}

static panel_layout make_panel_layout(const gd_problem *p, ptrdiff_t n_models, ptrdiff_t lanes) {
    panel_layout l = {.rows = make_layout(p, n_models, lanes)};
    l.rows.lead = l.rows.first_whole = 0;
    l.rows.n_vectors = l.rows.last_whole = (p->n_features + lanes - 1) / lanes;
    l.n_columns = whole_tiles(p->n_features);
    l.n_outputs = n_models * p->n_classes;
    l.n_vectors = (l.n_outputs + lanes - 1) / lanes;
    l.n_panels = (l.n_vectors + PANEL_VECTORS - 1) / PANEL_VECTORS;
    l.n_strips = l.n_panels < PANEL_STRIPS_MOST ? l.n_panels : PANEL_STRIPS_MOST;
    ptrdiff_t row_bytes = (l.n_columns + l.n_outputs) * (VECTOR_BYTES / lanes);
    l.block_rows = PANEL_BLOCK_BYTES / row_bytes / TILE_SIDE * TILE_SIDE;
    if (l.block_rows < 2 * TILE_SIDE) l.block_rows = 2 * TILE_SIDE;
    if (l.block_rows > PANEL_ROWS_MOST) l.block_rows = PANEL_ROWS_MOST;
    l.n_blocks = (p->n_rows + l.block_rows - 1) / l.block_rows;
    double work = (double)p->n_rows * (double)p->n_features * (double)l.n_outputs;
    l.useful_threads = work / CHUNK_WORK < (double)l.n_blocks ? (ptrdiff_t)(work / CHUNK_WORK) + 1 : l.n_blocks;
    return l;
}
