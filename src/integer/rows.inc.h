/* The exact pass, one block of rows: scores from integers, which terms count (in float64 where the integers cannot
 * tell), and the block's share of the gradient. */

#if !defined(EACH_INTEGER_TILE) || !defined(INTEGER_BLOCK_ROWS)
#error "integer/rows.inc.h needs EACH_INTEGER_TILE, INTEGER_BLOCK_ROWS"
#endif

typedef struct integer_block {
    int n_rows;
    const uint8_t *rows[INTEGER_BLOCK_ROWS], *tails[INTEGER_BLOCK_ROWS], *coming[INTEGER_BLOCK_ROWS];
    int32_t labels[INTEGER_BLOCK_ROWS];
    int n_entries;                                  /* a multiple of four */
    int entries[INTEGER_ENTRIES_MOST + 3];          /* rows with coefficients that are not zero */
    int groups_at_once;                             /* of four entries, whose sums of products fit 16 bits */
} integer_block;

static void integer_gather(const integer_job *j, ptrdiff_t begin, int n_rows, const integer_worker *w,
                           integer_block *b) {
    const gd_problem *p = j->problem;
    int in_place = p->column_stride == 1;
    const uint8_t *from[INTEGER_BLOCK_ROWS];
    b->n_rows = n_rows;
    for (int r = 0; r < n_rows; r++) {
        ptrdiff_t i = begin + r, next = i + j->block_rows < p->n_rows ? i + j->block_rows : i;
        int64_t id = p->index ? p->index[i] : i;
        from[r] = (const uint8_t *)p->x + id * p->row_stride;
        b->rows[r] = in_place ? from[r] : w->copies + r * j->columns;
        b->coming[r] = in_place ? (const uint8_t *)p->x + (p->index ? p->index[next] : next) * p->row_stride : b->rows[r];
        b->labels[r] = p->labels[id];
        b->tails[r] = w->tails + r * PADDED_COLUMNS;
    }
    for (ptrdiff_t i = 0; i < p->n_features && !in_place; i++)
        for (int r = 0; r < n_rows; r++) w->copies[r * j->columns + i] = from[r][i * p->column_stride];
    for (int r = 0; r < n_rows; r++)
        memcpy(w->tails + r * PADDED_COLUMNS, b->rows[r] + j->whole, (size_t)(p->n_features - j->whole));
}

/* sums[row][class] = products of x and the weights of one tile, over the columns [from, to), which are whole vectors;
 * `bytes`: weights of one byte, not two. The columns from j->whole on are in the tails. */
static void integer_tile_sums(const integer_job *j, const integer_block *b, ptrdiff_t tile, int bytes,
                              const vint32 *w, ptrdiff_t from, ptrdiff_t to, vint32 *sums) {
    int classes = (int)integer_tile_classes(j, tile), many = integer_tiles[classes].many;
    const integer_scores_tile *add = bytes ? integer_tiles[classes].byte_scores : integer_tiles[classes].scores;
    ptrdiff_t vector = bytes ? VECTOR_BYTES : SCORE_COLUMNS;
    const uint8_t *ahead[INTEGER_BLOCK_ROWS]; /* each tile asks for its share of the rows */
    for (int r = 0; r < b->n_rows; r++) ahead[r] = r % j->n_tiles == tile ? b->coming[r] : b->rows[r];
    for (ptrdiff_t start = from, next; from < to; from = next) {
        int tail = from == j->whole, fresh = from == start, r = 0;
        next = from + INTEGER_SEGMENT * vector < to ? from + INTEGER_SEGMENT * vector : to;
        if (!tail && next > j->whole) next = j->whole;
        const uint8_t *const *x = tail ? b->tails : b->rows, *const *coming = tail ? x : ahead;
        ptrdiff_t first = tail ? 0 : from, n_vectors = (next - from) / vector;
        const vint32 *weights = w + from / vector * classes;
        for (; r + many <= b->n_rows; r += many)
            add[0](x + r, coming + r, first, n_vectors, weights, fresh, sums + r * classes);
        for (; r < b->n_rows; r++) add[1](x + r, coming + r, first, n_vectors, weights, fresh, sums + r * classes);
    }
}

/* scores[row][class] relative to class 0, each known to its class's reach */
static void integer_scores(const integer_job *j, const integer_block *b, vint32 *sums, double *scores) {
    ptrdiff_t K = j->padded_classes;
    for (int r = 0; r < b->n_rows; r++) scores[r * K] = 0;
    for (ptrdiff_t c0 = 0, tile = 0; tile < j->n_tiles; tile++) {
        int classes = (int)integer_tile_classes(j, tile), n_sums = b->n_rows * classes;
        const vint32 *w = (const vint32 *)(j->quantised + c0 * j->columns);
        integer_tile_sums(j, b, tile, 0, w, 0, j->columns, sums);
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

/* From scores to entries and their coefficients. Sums of pairs in 16 bits (short_sums.inc.h) hold a pair of rows in each
 * group: what is below zero is the labels', and of what is above, 1 a row, there is never too much. */
static void integer_losses(const integer_job *j, integer_block *b, integer_worker *w, int64_t *n_terms) {
    static const class_bits none = {{0, 0}};
    int below[2][INTEGER_CLASSES_MOST] = {{0}}, lowest = 0, most = 1;
    b->n_entries = 0;
    for (int r = 0; r < b->n_rows; r++) {
        int32_t y = b->labels[r];
        class_bits counting;
        int n = integer_terms(j, b->rows[r], w->scores + r * j->padded_classes, y, &counting);
        if (n == 0) continue;
        *n_terms += n;
        int part = n < COEFFICIENT_MOST ? n : COEFFICIENT_MOST;
        for (int rest = n; rest > 0; rest -= part, part = rest) {
            int *sum = &below[b->n_entries >> 1 & 1][y];
            *sum += part;
            lowest = *sum > lowest ? *sum : lowest;
            most = part > most ? part : most;
            b->entries[b->n_entries] = r;
            integer_entry(j, w->coefficients, b->n_entries++, rest == n ? &counting : &none, y, -part);
        }
    }
    b->groups_at_once = lowest <= PAIRS_MOST ? INTEGER_ENTRIES_MOST : COEFFICIENT_MOST / most;
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

#if !HAS_SHORT_SUMS
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
            const uint8_t *const *x = tail ? tails : rows;
            ptrdiff_t next = from + (tile ? VECTOR_BYTES : 0); /* the first tile is at work on these columns */
            first(x, tail ? from - j->whole : next, interleaved, n_groups, words, g);
            integer_tiles[classes].gradient(x, tail ? 0 : from + VECTOR_BYTES, interleaved + 2, n_groups, words,
                                            g + 2 * classes);
        }
}
#endif
