/* The fixed-point pass, blocks and chunks (fixed_point_weights.inc.h says what it is): scores from the limbs of W, the
 * losses in float32, coefficients into limbs, and their share of the gradient. */

#if !defined(INTEGER_BLOCK_ROWS) || !defined(LIMBS)
#error "integer/fixed_point_pass.inc.h needs INTEGER_BLOCK_ROWS, LIMBS"
#endif

/* scores[row][class] relative to the label's: the classes that matter in a row lose least in float32 */
static void fixed_scores(const fixed_job *f, const integer_block *b, fixed_worker *w) {
    const integer_job *j = &f->integers;
    ptrdiff_t k = j->problem->n_classes, row = j->outputs + FLOAT_LANES;
    vint32 *sums = w->integers.sums;
    double *exact = w->integers.scores; /* (block_rows, padded_classes) */
    for (ptrdiff_t from = 0; from < j->columns; from += FIXED_SPAN) {
        ptrdiff_t to = from + FIXED_SPAN < j->columns ? from + FIXED_SPAN : j->columns;
        for (ptrdiff_t c0 = 0, tile = 0, classes; tile < j->n_tiles; tile++, c0 += classes) {
            classes = integer_tile_classes(j, tile);
            integer_tile_sums(j, b, tile, 1, (const vint32 *)(f->limbs + c0 * j->columns), from, to, sums);
            int32_t *flat = (int32_t *)sums; /* written behind what is still to be read; room for a whole last group */
            for (int i = 0; i < b->n_rows * classes; i += FLOAT_LANES) {
                vint32 group = sums_int32(sums + i);
                memcpy(flat + i, &group, sizeof group);
            }
            for (int r = 0; r < b->n_rows; r++) /* whole vectors: what is written too far is written again, or room */
                for (ptrdiff_t c = 0; c < classes; c += FLOAT_LANES)
                    memcpy(w->totals + r * row + c0 + c, flat + r * classes + c, sizeof(vint32));
        }
        for (int r = 0; r < b->n_rows; r++)
            for (ptrdiff_t c = 1; c < k; c += DOUBLE_LANES) {
                const int32_t *limb = w->totals + r * row + c - 1;
                vdouble total = load_double_int32(limb) + load_double_int32(limb + (k - 1)) * 256.0 +
                                load_double_int32(limb + 2 * (k - 1)) * 65536.0;
                vdouble start = load_double_double(from ? exact + r * j->padded_classes + c : j->offset + c);
                *(vdouble_unaligned *)(exact + r * j->padded_classes + c) =
                    total * load_double_double(j->unit + c) + start;
            }
    }
    for (int r = 0; r < b->n_rows; r++) {
        double *row = exact + r * j->padded_classes, correct;
        row[0] = 0;
        correct = row[b->labels[r]];
        for (ptrdiff_t c = 0; c < k; c += DOUBLE_LANES)
            store_float_double(w->scores + r * k + c, *(const vdouble *)(row + c) - correct);
    }
}

/* Losses of the block; scores become coefficients, and rows that have some are its entries. */
static double fixed_losses(const integer_job *j, ptrdiff_t begin, integer_block *b, fixed_worker *w) {
    const gd_problem *p = j->problem;
    double total = 0;
    b->n_entries = 0;
    for (int from = 0; from < b->n_rows; from += BLOCK_ROWS_MOST) {
        int n = b->n_rows - from < BLOCK_ROWS_MOST ? b->n_rows - from : BLOCK_ROWS_MOST, n_active;
        int64_t ids[BLOCK_ROWS_MOST];
        for (int r = 0; r < n; r++) ids[r] = p->index ? p->index[begin + from + r] : begin + from + r;
        int *active = b->entries + b->n_entries;
        total += block_loss_float(p, ids, n, w->scores + from * p->n_classes, active, &n_active);
        for (int a = 0; a < n_active; a++) active[a] += from;
        b->n_entries += n_active;
    }
    return total;
}

/* The largest sum of a row's coefficients but for its label's, which become 0; infinity where one is not finite.
 * Coefficients of wrong classes have one sign, so none is larger, nor is minus the sum, which is the label's. */
static double fixed_largest(const integer_block *b, ptrdiff_t k, float *coefficients) {
    double largest = 0;
    for (int a = 0; a < b->n_entries; a++) {
        float *row = coefficients + b->entries[a] * k;
        double size = 0;
        row[b->labels[b->entries[a]]] = 0;
        for (ptrdiff_t c = 0; c < k; c++) size += fabs((double)row[c]);
        largest = size <= largest ? largest : size;
        if (!(size < INFINITY)) return INFINITY;
    }
    return largest;
}

/* The entries' coefficients as integers times `unit`, in limbs; adds them up by class. A label has minus the sum of
 * the others, exactly. */
static void fixed_coefficients(const integer_job *j, integer_block *b, double unit, fixed_worker *w) {
    ptrdiff_t k = j->problem->n_classes, stride = j->padded_classes, room = j->group_room;
    static const float none[INTEGER_CLASSES_MOST + DOUBLE_LANES];
    double inverse = 1 / unit;
    for (int at = 0; at < b->n_entries; at += 4) {
        for (int e = 0; e < 4; e++) {
            int inside = at + e < b->n_entries;
            int32_t *q = w->rounded + e * stride, sum = 0;
            if (!inside) b->entries[at + e] = 0;
            const float *from = inside ? w->scores + b->entries[at + e] * k : none;
            for (ptrdiff_t c = 0; c < k; c += DOUBLE_LANES) {
                vdouble exact = load_double_float(from + c) * inverse + *(const vdouble *)(w->carried + c);
                vdouble magic = exact + 6755399441055744.0; /* rounds to the nearest integer, in the lowest bits */
                *(vdouble *)(w->carried + c) = exact - (magic - 6755399441055744.0);
                store_int32_int64(q + c, (vint64)magic);
            }
            for (ptrdiff_t c = 0; c < k; c++) sum += q[c];
            if (inside) q[b->labels[b->entries[at + e]]] -= sum;
        }
        for (ptrdiff_t c = 1; c < k; c += FLOAT_LANES) {
            vuint32 words[LIMBS] = {{0}};
            for (int e = 0; e < 4; e++) {
                vuint32 q, bytes;
                memcpy(&q, w->rounded + e * stride + c, sizeof q);
                bytes = (q + LIMBS_OFFSET) ^ LIMBS_OFFSET;
                for (int l = 0; l < LIMBS; l++) words[l] |= (bytes >> 8 * l & 255) << 8 * e;
            }
            for (int l = 0; l < LIMBS; l++) memcpy(w->words + l * stride + c - 1, &words[l], sizeof words[l]);
        }
        for (ptrdiff_t c = 1; c < k; c += DOUBLE_LANES) {
            vdouble sum = {0};
            for (int e = 0; e < 4; e++) sum += load_double_int32(w->rounded + e * stride + c);
            *(vdouble_unaligned *)(w->by_class + c) += sum * unit;
        }
        for (int l = 0; l < LIMBS; l++)
            for (ptrdiff_t output = l * (k - 1), end = output + k - 1, count; output < end; output += count) {
                ptrdiff_t c0, classes = fixed_tile(j, output, &c0);
                count = c0 + classes < end ? c0 + classes - output : end - output;
                memcpy(w->integers.coefficients + 4 * (c0 * room + at / 4 * classes + output - c0),
                       w->words + l * stride + output - l * (k - 1), (size_t)count * 4);
            }
    }
    b->n_entries = (b->n_entries + 3) / 4 * 4;
}

/* to += unit * the gradient's integers */
static void fixed_spill(const integer_job *j, double unit, const int32_t *gradient, double *to) {
    ptrdiff_t size = j->outputs * j->columns;
    for (ptrdiff_t i = 0; i < size; i += DOUBLE_LANES)
        *(vdouble *)(to + i) += load_double_int32(gradient + i) * unit;
}

static fixed_worker fixed_piece(const fixed_job *f, int piece) {
    size_t used;
    return lay_fixed_worker(f->integers.workers + (size_t)piece * f->integers.worker_bytes, f, &used);
}

static void add_fixed(void *context, int piece) {
    fixed_job *f = context;
    integer_job *j = &f->integers;
    fixed_worker w = fixed_piece(f, piece);
    if (w.share->has_spilled)
        for (ptrdiff_t i = 0; i < j->outputs * j->columns; i++) j->gradient[i] += w.spilled[i];
    if (w.share->bound > 0) fixed_spill(j, w.share->bound / COEFFICIENTS_MOST, w.integers.gradient, j->gradient);
    for (ptrdiff_t c = 1; c < j->problem->n_classes; c++) f->by_class[c] += w.by_class[c];
    f->value += w.share->value;
}

static void fixed_chunk(void *context, ptrdiff_t chunk, int worker) {
    fixed_job *f = context;
    integer_job *j = &f->integers;
    const gd_problem *p = j->problem;
    fixed_worker w = fixed_piece(f, pool_piece(j->sum, worker));
    ptrdiff_t k = p->n_classes, size = j->outputs * j->columns, begin = chunk * j->chunk_rows;
    ptrdiff_t end = begin + j->chunk_rows < p->n_rows ? begin + j->chunk_rows : p->n_rows;
    integer_block b;
    int has_spilled = 0;
    double value = 0, bound = 0;
    memset(w.integers.gradient, 0, (size_t)size * sizeof(int32_t));
    memset(w.by_class, 0, (size_t)j->padded_classes * sizeof(double));
    for (ptrdiff_t i = begin; i < end && !f->beyond && !pool_stopped(j->control, worker); i += j->block_rows) {
        integer_gather(j, i, (int)(end - i < j->block_rows ? end - i : j->block_rows), &w.integers, &b);
        fixed_scores(f, &b, &w);
        value += fixed_losses(j, i, &b, &w);
        double largest = fixed_largest(&b, k, w.scores);
        if (largest == INFINITY) f->beyond = 1;
        if (largest == 0 || f->beyond || !j->answer->gradient) continue;
        if (largest > bound) {
            if (bound > 0) {
                if (!has_spilled) memset(w.spilled, 0, (size_t)size * sizeof(double));
                has_spilled = 1;
                fixed_spill(j, bound / COEFFICIENTS_MOST, w.integers.gradient, w.spilled);
                memset(w.integers.gradient, 0, (size_t)size * sizeof(int32_t));
            }
            int exponent;
            double part = frexp(largest, &exponent);
            bound = ldexp(1.0, exponent - (part == 0.5));
            memset(w.carried, 0, (size_t)j->padded_classes * sizeof(double));
        }
        fixed_coefficients(j, &b, bound / COEFFICIENTS_MOST, &w);
        integer_gradient(j, &b, w.integers.coefficients, w.integers.interleaved, w.integers.gradient);
    }
    *w.share = (fixed_share){.value = value, .bound = bound, .has_spilled = has_spilled};
    pool_sum_add(j->sum, chunk, worker, add_fixed, f);
}

/* From the totals to the gradient; class 0 has minus the others. */
static void fixed_gradient(fixed_job *f) {
    const integer_job *j = &f->integers;
    ptrdiff_t d = j->problem->n_features, k = j->problem->n_classes;
    double *data = j->w; /* (k, d): W has done its work */
    memset(data, 0, (size_t)(k * d) * sizeof(double));
    for (ptrdiff_t output = 0; output < j->outputs; output++) {
        ptrdiff_t c0, classes = fixed_tile(j, output, &c0), c = output % (k - 1) + 1;
        double worth = (double)(1 << 8 * (output / (k - 1)));
        const double *from = j->gradient + c0 * j->columns + (output - c0) * INTEGER_COLUMNS;
        for (ptrdiff_t i = 0; i < d; i++) data[c * d + i] += worth * from[integer_place(i, classes)];
    }
    if (BYTES_LESS)
        for (ptrdiff_t c = 1; c < k; c++)
            for (ptrdiff_t i = 0; i < d; i++) data[c * d + i] += BYTES_LESS * f->by_class[c];
    f->by_class[0] = 0;
    for (ptrdiff_t c = 1; c < k; c++) {
        f->by_class[0] -= f->by_class[c];
        for (ptrdiff_t i = 0; i < d; i++) data[i] -= data[c * d + i];
    }
    for (ptrdiff_t c = 0; c < k; c++) data_to_answer(j, c, data + c * d, f->by_class[c]);
}

static size_t fixed_scratch(const gd_problem *p, const gd_weights *weights, int n_threads) {
    fixed_job f = make_fixed_job(p, weights);
    return lay_fixed_job(NULL, &f, n_threads);
}

/* Does the pass; returns 0, with nothing done, where W or a coefficient is not for it. */
static int evaluate_fixed(const gd_problem *p, const gd_weights *weights, const gd_answer *answer, void *scratch,
                          int n_threads, pool_control *control) {
    pool_sum sum;
    fixed_job f = make_fixed_job(p, weights);
    integer_job *j = &f.integers;
    j->answer = answer;
    j->sum = &sum;
    j->control = control;
    n_threads = useful_threads(n_threads, j->n_chunks);
    lay_fixed_job(scratch, &f, n_threads);
    if (!fixed_weights(&f)) return 0;
    for (int t = 0; t < j->n_pieces; t++) {
        fixed_worker w = fixed_piece(&f, t);
        memset(w.integers.tails, 0, (size_t)j->block_rows * PADDED_COLUMNS);
        memset(w.integers.sums, 0, integer_sums_bytes(j));
        memset(w.totals, 0, (size_t)(j->block_rows * (j->outputs + FLOAT_LANES)) * sizeof(int32_t));
        memset(w.scores, 0, (size_t)(j->block_rows * p->n_classes + FLOAT_LANES) * sizeof(float));
    }
    memset(j->gradient, 0, (size_t)(j->outputs * j->columns) * sizeof(double));
    memset(f.by_class, 0, (size_t)p->n_classes * sizeof(double));
    pool_sum_init(&sum, n_threads, j->n_pieces);
    pool_run(fixed_chunk, &f, j->n_chunks, n_threads, control);
    pool_sum_destroy(&sum);
    if (f.beyond) return 0;
    if (control->stop) return 1;
    answer->value[0] = f.value * p->normalizer;
    if (answer->gradient) fixed_gradient(&f);
    return 1;
}
