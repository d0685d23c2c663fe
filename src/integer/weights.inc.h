/* The exact pass for uint8 X and the hinge: value and gradient right to the last rounding, from integer sums.
 *
 * The hinge needs scores for the signs of its margins only, and its coefficients are small integers. So
 * scores come from weights rounded to 16 bits, with a proven bound on what that changes; a margin within
 * its bound is decided by the formula itself in float64, in one order of operations. The gradient of the
 * data, G, is then an exact sum of integers, and the loss follows from it:
 *
 *     sum of losses = margin * (number of terms that count) + <G, W> + <G's bias column, bias>.
 *
 * Nothing here depends on the order of rows, on threads or on the instruction set.
 * A row's coefficients add up to zero, and margins are differences: everything is kept for the classes
 * 1 .. k - 1 relative to class 0, one class less to compute.
 *
 * The bound: with D_c = w_c - w_0 = unit_c q_c + r_c, where q_c are integers of 16 bits, and c = 127.5,
 *     <D_c, x> = unit_c <q_c, x> + c sum(r_c) + <r_c, x - c>,   |<r_c, x - c>| <= c sum |r_c| = reach_c,
 * so a margin is known to reach_c + reach_y, plus `rounding` for every step in floating point: each is within
 * 2^-53 of a quantity no larger than 4 (largest score possible + margin), and there are fewer than 8 (d + 64). */

#if !defined(EACH_INTEGER_TILE)
#error "integer/weights.inc.h needs EACH_INTEGER_TILE"
#endif

#define INTEGER_BLOCK_ROWS 96 /* a multiple of 3 and 4: the rows of tiles */
#define INTEGER_BLOCK_BYTES (300 * 1024)
#define INTEGER_SEGMENT (VECTOR_BYTES < 64 ? 96 : 48) /* vectors of weights per pass over a block */
#define INTEGER_CHUNKS_MOST 24
#define INTEGER_CLASSES_MOST 128
#define COEFFICIENT_MOST 64    /* a larger one is spread over two entries of its row: see add_fours, add_short_fours */
#define INTEGER_ENTRIES_MOST (2 * INTEGER_BLOCK_ROWS) /* no more than 2 PAIRS_MOST */
#define PAIRS_MOST 128         /* 255 times as much fits 16 bits */
#define EXACT_LANES 32
/* below these, rounding W to integers costs more than it saves */
#define INTEGER_FEATURES_LEAST 64
#define INTEGER_ROWS_LEAST 512

typedef struct class_bits {
    uint64_t words[INTEGER_CLASSES_MOST / 64];
} class_bits;

typedef struct integer_worker {
    vint32 *sums;        /* (block_rows * INTEGER_TILE_CLASSES) and a group's room */
    double *scores;      /* (block_rows, padded_classes) relative to class 0 */
    uint8_t *tails;      /* (block_rows, PADDED_COLUMNS): last columns that do not fill a piece, zeros after */
    uint8_t *copies;     /* (block_rows, columns): rows whose bytes do not lie side by side */
    int8_t *coefficients; /* per tile (groups of four entries, classes, 4) */
    vint32 *interleaved; /* (groups, GROUP_VECTORS): a strip of columns, four rows side by side */
    int32_t *gradient;   /* like the total */
    int64_t *by_class;   /* (k,) sums of coefficients */
    int64_t *n_terms;    /* (1,) active margins */
} integer_worker;

typedef struct integer_job {
    const gd_problem *problem;
    const gd_weights *weights;
    const gd_answer *answer;
    ptrdiff_t columns;     /* d, padded */
    ptrdiff_t whole;       /* columns read in place */
    ptrdiff_t outputs;     /* k - 1 */
    ptrdiff_t n_tiles;     /* of tile_least classes, the first tile_more of them with one more */
    ptrdiff_t tile_least, tile_more;
    ptrdiff_t padded_classes; /* k, filled up to whole vectors and one more */
    ptrdiff_t block_rows, chunk_rows, n_chunks;
    ptrdiff_t group_room;  /* groups of four entries that a block may have */
    double *w, *bias;      /* (k, d), (k,) with mean and scale folded in */
    int16_t *quantised;    /* per tile (vectors, classes, SCORE_COLUMNS) */
    double *unit, *offset; /* (padded_classes,) relative scores are unit * integer + offset; zeros for class 0 */
    double *reach;         /* (padded_classes,) */
    double rounding;
    double *gradient;      /* totals, integers all; per tile (strips, halves, 2, classes, INTEGER_COLUMNS) */
    double *unpacked;      /* (k, d) */
    int64_t *by_class;
    int64_t n_terms;
    char *workers;
    size_t worker_bytes;
    int n_pieces;
    pool_sum *sum;
    pool_control *control;
} integer_job;

/* Rows of bytes, as many as make it worth while to round W */
static int integer_rows_fit(const gd_problem *p, const gd_weights *weights) {
    return p->input == INPUT_UINT8 && weights->n_models == 1 && p->n_classes >= 2 &&
           p->n_classes <= INTEGER_CLASSES_MOST && p->n_features >= INTEGER_FEATURES_LEAST &&
           p->n_features <= SCORE_FEATURES_MOST && p->n_rows >= INTEGER_ROWS_LEAST;
}

/* Problems that take this pass; W may still rule it out (integer_weights). */
static int integers_fit(const gd_problem *p, const gd_weights *weights) {
    return GD(losses)[p->loss]->exact_in_integers && !p->weights && integer_rows_fit(p, weights);
}

INLINE ptrdiff_t integer_tile_classes(const integer_job *j, ptrdiff_t tile) {
    return j->tile_least + (tile < j->tile_more);
}

/* `most`: what one row can add to a gradient sum */
static integer_job make_integer_job(const gd_problem *p, const gd_weights *weights, ptrdiff_t outputs, ptrdiff_t most) {
    integer_job j = {.problem = p, .weights = weights, .outputs = outputs};
    ptrdiff_t d = p->n_features;
    j.columns = (d + PADDED_COLUMNS - 1) / PADDED_COLUMNS * PADDED_COLUMNS;
    j.whole = d / PADDED_COLUMNS * PADDED_COLUMNS;
    j.n_tiles = (j.outputs + INTEGER_TILE_CLASSES - 1) / INTEGER_TILE_CLASSES;
    j.tile_least = j.outputs / j.n_tiles;
    j.tile_more = j.outputs % j.n_tiles;
    j.block_rows = INTEGER_BLOCK_BYTES / j.columns / 12 * 12;
    if (j.block_rows < 12) j.block_rows = 12;
    if (j.block_rows > INTEGER_BLOCK_ROWS) j.block_rows = INTEGER_BLOCK_ROWS;
    j.group_room = (2 * j.block_rows + 3) / 4;
    j.padded_classes = (p->n_classes / DOUBLE_LANES + 2) * DOUBLE_LANES;
    /* sums of a chunk stay below 2^31 */
    most = INT32_MAX / most / j.block_rows;
    ptrdiff_t blocks = (p->n_rows + j.block_rows - 1) / j.block_rows;
    ptrdiff_t each = (blocks + INTEGER_CHUNKS_MOST - 1) / INTEGER_CHUNKS_MOST;
    j.chunk_rows = (each < most ? each : most) * j.block_rows;
    j.n_chunks = (p->n_rows + j.chunk_rows - 1) / j.chunk_rows;
    return j;
}

/* With room for a whole group behind the last */
INLINE size_t integer_sums_bytes(const integer_job *j) {
    return (size_t)(j->block_rows * INTEGER_TILE_CLASSES + FLOAT_LANES) * sizeof(vint32);
}

static integer_worker lay_integer_worker(char *base, const integer_job *j, size_t *used) {
    integer_worker w;
    size_t B = (size_t)j->block_rows, k = (size_t)j->problem->n_classes, outputs = (size_t)j->outputs;
    *used = 0;
    w.sums = carve(base, used, integer_sums_bytes(j));
    w.scores = carve(base, used, B * (size_t)j->padded_classes * sizeof(double));
    w.tails = carve(base, used, B * PADDED_COLUMNS);
    w.copies = carve(base, used, j->problem->column_stride == 1 ? 0 : B * (size_t)j->columns);
    w.coefficients = carve(base, used, 4 * (size_t)j->group_room * outputs);
    w.interleaved = carve(base, used, GROUP_VECTORS * (size_t)j->group_room * sizeof(vint32));
    w.gradient = carve(base, used, outputs * (size_t)j->columns * sizeof(int32_t));
    w.by_class = carve(base, used, k * sizeof(int64_t));
    w.n_terms = carve(base, used, sizeof(int64_t));
    return w;
}

static size_t lay_integer_job(char *base, integer_job *j, int n_threads) {
    size_t used = 0, k = (size_t)j->padded_classes, size = (size_t)(j->outputs * j->columns);
    n_threads = useful_threads(n_threads, j->n_chunks);
    j->w = carve(base, &used, k * (size_t)j->problem->n_features * sizeof(double));
    j->bias = carve(base, &used, k * sizeof(double));
    j->quantised = carve(base, &used, size * sizeof(int16_t));
    j->unit = carve(base, &used, k * sizeof(double));
    j->offset = carve(base, &used, k * sizeof(double));
    j->reach = carve(base, &used, k * sizeof(double));
    j->gradient = carve(base, &used, size * sizeof(double));
    j->unpacked = carve(base, &used, k * (size_t)j->problem->n_features * sizeof(double));
    j->by_class = carve(base, &used, k * sizeof(int64_t));
    lay_integer_worker(NULL, j, &j->worker_bytes);
    j->n_pieces = pool_pieces(n_threads, j->n_chunks, j->worker_bytes);
    j->workers = carve(base, &used, j->worker_bytes * (size_t)j->n_pieces);
    return used;
}

/* ---- W ---- */

/* W / scale and the bias minus <W / scale, mean>, in float64. Returns the largest |score| that any row can have. */
static double fold_weights(integer_job *j) {
    const gd_problem *p = j->problem;
    ptrdiff_t d = p->n_features, columns = d + p->has_bias;
    double largest = 0;
    for (ptrdiff_t c = 0; c < p->n_classes; c++) {
        const float *narrow = (const float *)j->weights->w + c * columns;
        const double *wide = (const double *)j->weights->w + c * columns;
        double *w = j->w + c * d, size = 0;
        for (ptrdiff_t i = 0; i < d; i++) w[i] = j->weights->is_double ? wide[i] : (double)narrow[i];
        double bias = p->has_bias ? (j->weights->is_double ? wide[d] : (double)narrow[d]) : 0;
        if (p->scale)
            for (ptrdiff_t i = 0; i < d; i++) w[i] /= p->scale[i];
        if (p->mean)
            for (ptrdiff_t i = 0; i < d; i++) bias -= w[i] * p->mean[i];
        for (ptrdiff_t i = 0; i < d; i++) size += fabs(w[i]);
        j->bias[c] = bias;
        size = 255 * size + fabs(bias);
        if (!(size < INFINITY)) return INFINITY;
        largest = size > largest ? size : largest;
    }
    return largest;
}

/* The integers of class c >= 1, at `to` (every `step`-th vector of SCORE_COLUMNS). */
static void quantise_class(integer_job *j, ptrdiff_t c, int16_t *to, ptrdiff_t step) {
    ptrdiff_t d = j->problem->n_features;
    const double *w = j->w + c * d, *first = j->w;
    double lanes[SCORE_COLUMNS / 2] = {0}, largest = 0, fullest = 0, residues = 0, size = 0, sum = 0;
    for (ptrdiff_t i = 0; i < d; i++) {
        double a = fabs(w[i] - first[i]);
        largest = a > largest ? a : largest;
        lanes[SCORE_LANE(i)] += a;
    }
    for (int i = 0; i < SCORE_COLUMNS / 2; i++) fullest = lanes[i] > fullest ? lanes[i] : fullest;
    /* |q| <= SCORE_WEIGHT_MOST, and 255 sum |q| < 2^31 over the columns that one 32-bit sum takes */
    double unit = largest / SCORE_WEIGHT_MOST, other = fullest * 1.0001 / (INT32_MAX / 255 - j->columns / (SCORE_COLUMNS / 2));
    unit = unit > other ? unit : other;
    double inverse = unit > 1e-290 ? 1 / unit : 0; /* all integers zero where there is nothing to divide by */
    if (inverse == 0) unit = 0;
    for (ptrdiff_t i = 0; i < j->columns; i++) {
        double q = 0;
        if (i < d) {
            double difference = w[i] - first[i];
            q = (difference * inverse + 6755399441055744.0) - 6755399441055744.0; /* to the nearest integer */
            double residue = difference - q * unit;
            residues += residue;
            size += fabs(residue);
            sum += q;
        }
        store_score_weight(to + i / SCORE_COLUMNS * step, i % SCORE_COLUMNS, (int)q);
    }
    j->unit[c] = unit;
    j->offset[c] = (j->bias[c] - j->bias[0]) + 127.5 * residues;
    if (SCORE_BYTES_LESS) j->offset[c] += SCORE_BYTES_LESS * (unit * sum);
    j->reach[c] = 127.5 * size;
}

/* 0 where W is too large for this pass. */
static int integer_weights(integer_job *j) {
    double largest = fold_weights(j);
    if (!(largest < 1e290 && j->problem->margin < 1e290)) return 0;
    j->rounding = ldexp((double)(j->problem->n_features + 64), -48) * (largest + j->problem->margin);
    memset(j->unit, 0, (size_t)j->padded_classes * sizeof(double));
    memset(j->offset, 0, (size_t)j->padded_classes * sizeof(double));
    memset(j->reach, 0, (size_t)j->padded_classes * sizeof(double));
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < j->n_tiles; tile++, c0 += classes) {
        classes = integer_tile_classes(j, tile);
        for (ptrdiff_t c = 0; c < classes; c++)
            quantise_class(j, 1 + c0 + c, j->quantised + c0 * j->columns + c * SCORE_COLUMNS, classes * SCORE_COLUMNS);
    }
    return 1;
}
