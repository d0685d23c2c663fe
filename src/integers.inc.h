/* The exact road for uint8 X and the hinge: value and gradient right to the last rounding, from integer sums.
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

#if defined(INTEGER_ROAD)

#define INTEGER_BLOCK_ROWS 96 /* a multiple of 3 and 4: the rows of tiles */
#define INTEGER_BLOCK_BYTES (300 * 1024)
#define INTEGER_SEGMENT 128    /* vectors of weights per pass over a block */
#define INTEGER_CHUNKS_MOST 24
#define INTEGER_CLASSES_MOST 128
#define INTEGER_FEATURES_MOST (1 << 20)
#define COEFFICIENT_MOST 64    /* a larger one is spread over two entries of its row: see add_fours */
#define INTEGER_ENTRIES_MOST (2 * INTEGER_BLOCK_ROWS)
#define EXACT_LANES 32
#define INTEGER_FEATURES_LEAST 1
#define INTEGER_ROWS_LEAST 1

typedef struct class_bits {
    uint64_t words[INTEGER_CLASSES_MOST / 64];
} class_bits;

typedef struct integer_worker {
    vint32 *sums;        /* (block_rows * INTEGER_TILE_CLASSES) and a vector's room */
    double *scores;      /* (block_rows, padded_classes) relative to class 0 */
    uint8_t *tails;      /* (block_rows, PADDED_COLUMNS): last columns that do not fill a piece, zeros after */
    int8_t *coefficients; /* per tile (groups of four entries, classes, 4) */
    vint32 *interleaved; /* (groups, 4): a strip of columns, four rows side by side */
    int32_t *gradient;   /* like the total */
    int64_t *by_class;   /* (k,) sums of coefficients */
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
    pool_turn *turn;
    pool_control *control;
} integer_job;

/* Problems that take this road; W may still send one back (integer_weights). */
static int integers_fit(const gd_problem *p, const gd_weights *weights) {
    return p->input == INPUT_UINT8 && p->loss == LOSS_HINGE && p->column_stride == 1 && !p->weights &&
           weights->n_models == 1 && p->n_classes >= 2 && p->n_classes <= INTEGER_CLASSES_MOST &&
           p->n_features >= INTEGER_FEATURES_LEAST && p->n_features <= INTEGER_FEATURES_MOST &&
           p->n_rows >= INTEGER_ROWS_LEAST;
}

INLINE ptrdiff_t integer_tile_classes(const integer_job *j, ptrdiff_t tile) {
    return j->tile_least + (tile < j->tile_more);
}

static integer_job make_integer_job(const gd_problem *p, const gd_weights *weights) {
    integer_job j = {.problem = p, .weights = weights, .outputs = p->n_classes - 1};
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
    ptrdiff_t most = INT32_MAX / (255 * j.outputs) / j.block_rows;
    ptrdiff_t blocks = (p->n_rows + j.block_rows - 1) / j.block_rows;
    ptrdiff_t each = (blocks + INTEGER_CHUNKS_MOST - 1) / INTEGER_CHUNKS_MOST;
    j.chunk_rows = (each < most ? each : most) * j.block_rows;
    j.n_chunks = (p->n_rows + j.chunk_rows - 1) / j.chunk_rows;
    return j;
}

static integer_worker lay_integer_worker(char *base, const integer_job *j, size_t *used) {
    integer_worker w;
    size_t B = (size_t)j->block_rows, k = (size_t)j->problem->n_classes, outputs = (size_t)j->outputs;
    *used = 0;
    w.sums = carve(base, used, (B * INTEGER_TILE_CLASSES + DOUBLE_LANES) * sizeof(vint32));
    w.scores = carve(base, used, B * (size_t)j->padded_classes * sizeof(double));
    w.tails = carve(base, used, B * PADDED_COLUMNS);
    w.coefficients = carve(base, used, 4 * (size_t)j->group_room * outputs);
    w.interleaved = carve(base, used, 4 * (size_t)j->group_room * sizeof(vint32));
    w.gradient = carve(base, used, outputs * (size_t)j->columns * sizeof(int32_t));
    w.by_class = carve(base, used, k * sizeof(int64_t));
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
    j->workers = carve(base, &used, j->worker_bytes * (size_t)n_threads);
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
    double lanes[SCORE_COLUMNS / 2] = {0}, largest = 0, fullest = 0, residues = 0, size = 0;
    for (ptrdiff_t i = 0; i < d; i++) {
        double a = fabs(w[i] - first[i]);
        largest = a > largest ? a : largest;
        lanes[i % SCORE_COLUMNS / 2] += a;
    }
    for (int i = 0; i < SCORE_COLUMNS / 2; i++) fullest = lanes[i] > fullest ? lanes[i] : fullest;
    /* |q| <= 32767, and 255 sum |q| < 2^31 over the columns that one 32-bit sum takes */
    double unit = largest / 32767, other = fullest * 1.0001 / (INT32_MAX / 255 - j->columns / (SCORE_COLUMNS / 2));
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
        }
        to[i / SCORE_COLUMNS * step + i % SCORE_COLUMNS] = (int16_t)q;
    }
    j->unit[c] = unit;
    j->offset[c] = (j->bias[c] - j->bias[0]) + 127.5 * residues;
    j->reach[c] = 127.5 * size;
}

/* 0 where W is too large for this road. */
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

/* ---- a block of rows ---- */

typedef struct integer_block {
    int n_rows;
    const uint8_t *rows[INTEGER_BLOCK_ROWS], *tails[INTEGER_BLOCK_ROWS], *coming[INTEGER_BLOCK_ROWS];
    int32_t labels[INTEGER_BLOCK_ROWS];
    int n_entries;                                  /* a multiple of four */
    int entries[INTEGER_ENTRIES_MOST + 3];          /* rows with coefficients that are not zero */
} integer_block;

static void integer_gather(const integer_job *j, ptrdiff_t begin, int n_rows, uint8_t *tails, integer_block *b) {
    const gd_problem *p = j->problem;
    b->n_rows = n_rows;
    for (int r = 0; r < n_rows; r++) {
        ptrdiff_t i = begin + r, next = i + j->block_rows < p->n_rows ? i + j->block_rows : i;
        int64_t id = p->index ? p->index[i] : i;
        b->rows[r] = (const uint8_t *)p->x + id * p->row_stride;
        b->coming[r] = (const uint8_t *)p->x + (p->index ? p->index[next] : next) * p->row_stride;
        b->labels[r] = p->labels[id];
        b->tails[r] = tails + r * PADDED_COLUMNS;
        memcpy(tails + r * PADDED_COLUMNS, b->rows[r] + j->whole, (size_t)(p->n_features - j->whole));
    }
}

/* scores[row][class] relative to class 0, each known to its class's reach */
static void integer_scores(const integer_job *j, const integer_block *b, vint32 *sums, double *scores) {
    ptrdiff_t K = j->padded_classes;
    for (int r = 0; r < b->n_rows; r++) scores[r * K] = 0;
    for (ptrdiff_t c0 = 0, tile = 0; tile < j->n_tiles; tile++) {
        int classes = (int)integer_tile_classes(j, tile), many = integer_tiles[classes].many;
        int n_sums = b->n_rows * classes;
        memset(sums, 0, (size_t)n_sums * sizeof(vint32));
        for (ptrdiff_t from = 0, to; from < j->columns; from = to) {
            int tail = from == j->whole;
            to = from + INTEGER_SEGMENT * SCORE_COLUMNS;
            if (!tail && to > j->whole) to = j->whole;
            if (tail) to = j->columns;
            const uint8_t *const *x = tail ? b->tails : b->rows, *const *coming = tail || tile ? x : b->coming;
            const int16_t *w = j->quantised + c0 * j->columns + from * classes;
            ptrdiff_t first = tail ? 0 : from, n_vectors = (to - from) / SCORE_COLUMNS;
            int r = 0;
            for (; r + many <= b->n_rows; r += many)
                integer_tiles[classes].scores(x + r, coming + r, first, n_vectors, w, sums + r * classes);
            for (; r < b->n_rows; r++)
                integer_tiles[classes].scores_one(x + r, coming + r, first, n_vectors, w, sums + r * classes);
        }
        double *flat = (double *)sums; /* written behind what is still to be read; room for a whole last group */
        for (int i = 0; i < n_sums; i += DOUBLE_LANES) {
            vdouble group[DOUBLE_LANES];
            for (int e = 0; e < DOUBLE_LANES; e++) group[e] = widened_sums(sums[i + e]);
            vdouble total = sums_double(group);
            memcpy(flat + i, &total, sizeof total);
        }
        for (int r = 0; r < b->n_rows; r++) /* whole vectors: what is written too far is written again, or padding */
            for (int c = 0; c < classes; c += DOUBLE_LANES) {
                ptrdiff_t at = 1 + c0 + c;
                vdouble relative = load_double_double(flat + r * classes + c) * load_double_double(j->unit + at) +
                                   load_double_double(j->offset + at);
                *(vdouble_unaligned *)(scores + r * K + at) = relative;
            }
        c0 += classes;
    }
}

/* <w, x> + bias in float64: EXACT_LANES sums side by side, then halved; the same on every instruction set. */
static double exact_score(const integer_job *j, const uint8_t *x, ptrdiff_t c) {
    ptrdiff_t d = j->problem->n_features, i = 0;
    const double *w = j->w + c * d;
    vdouble sums[EXACT_LANES / DOUBLE_LANES] = {{0}};
    for (; i + EXACT_LANES <= d; i += EXACT_LANES)
        for (int v = 0; v < EXACT_LANES / DOUBLE_LANES; v++)
            sums[v] += load_double_uint8_t(x + i + v * DOUBLE_LANES) * load_double_double(w + i + v * DOUBLE_LANES);
    double lanes[EXACT_LANES];
    memcpy(lanes, sums, sizeof lanes);
    for (int e = 0; i < d; i++, e++) lanes[e] += x[i] * w[i];
    for (int half = EXACT_LANES / 2; half > 0; half /= 2)
        for (int e = 0; e < half; e++) lanes[e] += lanes[e + half];
    return lanes[0] + j->bias[c];
}

/* Which terms of a row count (margin strictly > 0), one bit a class; returns how many. */
static int integer_terms(const integer_job *j, const uint8_t *x, const double *scores, int32_t y,
                         class_bits *counting) {
    double margin = j->problem->margin, correct = scores[y], exact_correct = 0;
    vdouble known = broadcast_double(j->reach[y] + j->rounding);
    ptrdiff_t k = j->problem->n_classes;
    int is_exact = 0, n = 0;
    memset(counting, 0, sizeof *counting);
    for (ptrdiff_t c = 0; c < k; c += DOUBLE_LANES) {
        unsigned wrong = (1u << (k - c < DOUBLE_LANES ? k - c : DOUBLE_LANES)) - 1;
        if (y / DOUBLE_LANES * DOUBLE_LANES == c) wrong &= ~(1u << y % DOUBLE_LANES);
        vdouble m = (*(const vdouble *)(scores + c) - correct) + margin, room = *(const vdouble *)(j->reach + c) + known;
        unsigned above = greater_bits(m, room) & wrong, unsure = wrong & ~above & ~greater_bits(-room, m);
        for (; unsure; unsure &= unsure - 1) {
            int e = __builtin_ctz(unsure);
            if (!is_exact) exact_correct = exact_score(j, x, y);
            is_exact = 1;
            above |= (unsigned)((exact_score(j, x, c + e) - exact_correct) + margin > 0) << e;
        }
        counting->words[c / 64] |= (uint64_t)above << c % 64;
        n += __builtin_popcount(above);
    }
    return n;
}

/* Writes an entry's coefficients: 1 for each class of `counting`, and `of_label` for the label. */
static void integer_entry(const integer_job *j, int8_t *coefficients, int entry, const class_bits *counting, int32_t y,
                          int of_label) {
    ptrdiff_t c = 1, room = j->group_room;
    for (ptrdiff_t tile = 0; tile < j->n_tiles; tile++) {
        ptrdiff_t c0 = c - 1, classes = integer_tile_classes(j, tile);
        int8_t *to = coefficients + 4 * (c0 * room + (entry >> 2) * classes) + (entry & 3);
        for (; c < 1 + c0 + classes; c++, to += 4) *to = (int8_t)(counting->words[c >> 6] >> (c & 63) & 1);
        if (y > c0 && y < c) to[4 * (y - c)] = (int8_t)of_label;
    }
}

/* From scores to entries and their coefficients. */
static void integer_losses(const integer_job *j, integer_block *b, integer_worker *w, int64_t *n_terms) {
    static const class_bits none = {{0, 0}};
    b->n_entries = 0;
    for (int r = 0; r < b->n_rows; r++) {
        int32_t y = b->labels[r];
        class_bits counting;
        int n = integer_terms(j, b->rows[r], w->scores + r * j->padded_classes, y, &counting);
        if (n == 0) continue;
        *n_terms += n;
        int part = n < COEFFICIENT_MOST ? n : COEFFICIENT_MOST;
        b->entries[b->n_entries] = r;
        integer_entry(j, w->coefficients, b->n_entries++, &counting, y, -part);
        if (n == part) continue;
        b->entries[b->n_entries] = r;
        integer_entry(j, w->coefficients, b->n_entries++, &none, y, part - n);
    }
    for (; b->n_entries % 4; b->n_entries++) {
        b->entries[b->n_entries] = 0;
        integer_entry(j, w->coefficients, b->n_entries, &none, 0, 0);
    }
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < j->n_tiles; tile++, c0 += classes) {
        classes = integer_tile_classes(j, tile);
        const int8_t *from = w->coefficients + 4 * c0 * j->group_room;
        for (int group = 0; group < b->n_entries / 4; group++)
            for (ptrdiff_t c = 0; c < classes; c++, from += 4) w->by_class[1 + c0 + c] += from[0] + from[1] + from[2] + from[3];
    }
}

static void integer_gradient(const integer_job *j, const integer_block *b, const int8_t *coefficients,
                             vint32 *interleaved, int32_t *gradient) {
    const uint8_t *rows[INTEGER_ENTRIES_MOST + 3], *tails[INTEGER_ENTRIES_MOST + 3];
    int n_groups = b->n_entries / 4;
    for (int a = 0; a < b->n_entries; a++) {
        rows[a] = b->rows[b->entries[a]];
        tails[a] = b->tails[b->entries[a]];
    }
    for (ptrdiff_t from = 0; from < j->columns; from += VECTOR_BYTES)
        for (ptrdiff_t c0 = 0, tile = 0, classes; tile < j->n_tiles; tile++, c0 += classes) {
            int tail = from >= j->whole;
            classes = integer_tile_classes(j, tile);
            const int32_t *words = (const int32_t *)(coefficients + 4 * c0 * j->group_room);
            vint32 *g = (vint32 *)(gradient + c0 * j->columns + from * classes);
            integer_gradient_tile first = tile ? integer_tiles[classes].gradient : integer_tiles[classes].gather;
            first(tail ? tails : rows, tail ? from - j->whole : from, interleaved, n_groups, words, g);
            integer_tiles[classes].gradient(NULL, 0, interleaved + 2, n_groups, words, g + 2 * classes);
        }
}

static void integer_chunk(void *context, ptrdiff_t chunk, int worker) {
    integer_job *j = context;
    const gd_problem *p = j->problem;
    size_t used;
    integer_worker w = lay_integer_worker(j->workers + (size_t)worker * j->worker_bytes, j, &used);
    ptrdiff_t k = p->n_classes, size = j->outputs * j->columns, begin = chunk * j->chunk_rows;
    ptrdiff_t end = begin + j->chunk_rows < p->n_rows ? begin + j->chunk_rows : p->n_rows;
    integer_block b;
    int64_t n_terms = 0;
    memset(w.gradient, 0, (size_t)size * sizeof(int32_t));
    memset(w.by_class, 0, (size_t)k * sizeof(int64_t));
    for (ptrdiff_t i = begin; i < end && !pool_stopped(j->control, worker); i += j->block_rows) {
        integer_gather(j, i, (int)(end - i < j->block_rows ? end - i : j->block_rows), w.tails, &b);
        integer_scores(j, &b, w.sums, w.scores);
        integer_losses(j, &b, &w, &n_terms);
        integer_gradient(j, &b, w.coefficients, w.interleaved, w.gradient);
    }
    pool_turn_wait(j->turn, chunk);
    for (ptrdiff_t i = 0; i < size; i++) j->gradient[i] += w.gradient[i];
    for (ptrdiff_t c = 0; c < k; c++) j->by_class[c] += w.by_class[c];
    j->n_terms += n_terms;
    pool_turn_done(j->turn);
}

/* ---- totals ---- */

/* Where column i of a tile's first class stands in its gradient; the next class is INTEGER_COLUMNS further. */
INLINE ptrdiff_t integer_place(ptrdiff_t i, ptrdiff_t classes) {
    ptrdiff_t e = i % VECTOR_BYTES; /* 16-byte lanes hold quarters of columns: see the interleaving */
    return i / VECTOR_BYTES * VECTOR_BYTES * classes + e % 16 / 4 * classes * INTEGER_COLUMNS + e / 16 * 4 + e % 4;
}

/* sum += a * b with the rounding errors of both operations kept in `low` */
INLINE void add_product(double a, double b, double *sum, double *low) {
    double product = a * b, total = *sum + product, back = total - *sum;
    *low += (*sum - (total - back)) + (product - back) + fma(a, b, -product);
    *sum = total;
}

/* From the totals to the loss and its gradient. */
static void integer_answers(const integer_job *j) {
    const gd_problem *p = j->problem;
    ptrdiff_t d = p->n_features, columns = d + p->has_bias, k = p->n_classes;
    memset(j->unpacked, 0, (size_t)d * sizeof(double)); /* class 0: minus the others */
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < j->n_tiles; tile++, c0 += classes) {
        classes = integer_tile_classes(j, tile);
        for (ptrdiff_t c = 0; c < classes; c++) {
            double *to = j->unpacked + (1 + c0 + c) * d;
            const double *from = j->gradient + c0 * j->columns + c * INTEGER_COLUMNS;
            for (ptrdiff_t i = 0; i < d; i++) {
                to[i] = from[integer_place(i, classes)];
                j->unpacked[i] -= to[i];
            }
        }
    }
    double sum = 0, low = 0;
    for (ptrdiff_t c = 1; c < k; c++) j->by_class[0] -= j->by_class[c];
    for (ptrdiff_t c = 0; c < k; c++) {
        for (ptrdiff_t i = 0; i < d; i++) add_product(j->unpacked[c * d + i], j->w[c * d + i], &sum, &low);
        add_product((double)j->by_class[c], j->bias[c], &sum, &low);
    }
    add_product((double)j->n_terms, p->margin, &sum, &low);
    j->answer->value[0] = (sum + low) * p->normalizer;
    if (!j->answer->gradient) return;
    for (ptrdiff_t c = 0; c < k; c++)
        for (ptrdiff_t i = 0; i < columns; i++) {
            double g = (double)j->by_class[c];
            if (i < d) {
                double of_data = j->unpacked[c * d + i];
                if (p->mean) of_data -= g * p->mean[i];
                if (p->scale) of_data /= p->scale[i];
                g = of_data;
            }
            g *= p->normalizer;
            if (j->weights->is_double)
                ((double *)j->answer->gradient)[c * columns + i] = g;
            else
                ((float *)j->answer->gradient)[c * columns + i] = (float)g;
        }
}

static size_t integer_scratch(const gd_problem *p, const gd_weights *weights, int n_threads) {
    integer_job j = make_integer_job(p, weights);
    return lay_integer_job(NULL, &j, n_threads);
}

/* Does the pass; returns 0, with nothing done, where W is too large for it. */
static int evaluate_integers(const gd_problem *p, const gd_weights *weights, const gd_answer *answer, void *scratch,
                             int n_threads, pool_control *control) {
    pool_turn turn;
    integer_job j = make_integer_job(p, weights);
    j.answer = answer;
    j.turn = &turn;
    j.control = control;
    n_threads = useful_threads(n_threads, j.n_chunks);
    lay_integer_job(scratch, &j, n_threads);
    if (!integer_weights(&j)) return 0;
    for (int t = 0; t < n_threads; t++) {
        size_t used;
        integer_worker w = lay_integer_worker(j.workers + (size_t)t * j.worker_bytes, &j, &used);
        memset(w.tails, 0, (size_t)j.block_rows * PADDED_COLUMNS);
        memset(w.sums, 0, (size_t)(j.block_rows * INTEGER_TILE_CLASSES + DOUBLE_LANES) * sizeof(vint32));
    }
    memset(j.gradient, 0, (size_t)(j.outputs * j.columns) * sizeof(double));
    memset(j.by_class, 0, (size_t)p->n_classes * sizeof(int64_t));
    pool_turn_init(&turn);
    pool_run(integer_chunk, &j, j.n_chunks, n_threads, control);
    pool_turn_destroy(&turn);
    if (!control->stop) integer_answers(&j);
    return 1;
}

#else /* no such instructions: the converting kernels do it */
static int integers_fit(const gd_problem *p, const gd_weights *weights) { return (void)p, (void)weights, 0; }
static size_t integer_scratch(const gd_problem *p, const gd_weights *weights, int n_threads) {
    return (void)p, (void)weights, (void)n_threads, 0;
}
static int evaluate_integers(const gd_problem *p, const gd_weights *weights, const gd_answer *answer, void *scratch,
                             int n_threads, pool_control *control) {
    return (void)p, (void)weights, (void)answer, (void)scratch, (void)n_threads, (void)control, 0;
}
#endif
