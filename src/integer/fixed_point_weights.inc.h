/* The fixed-point pass for uint8 X and coefficients that are real numbers (softmax, squared hinge, sample weights),
 * where one instruction adds products of four bytes: scores and gradient from integers, as near as float32 comes.
 *
 * Weights and coefficients become integers of 24 bits, each in LIMBS signed bytes, q = l0 + 256 l1 + 65536 l2; the
 * limbs of a class are outputs like any other, so LIMBS (k - 1) of them fill the tiles of the exact pass. Sums of
 * products are exact. What is rounded, with c the mean of some rows:
 *
 * weights: D_c = w_c - w_0 = unit_c q_c + r_c, |r| <= unit_c / 2 = 2^-24 max |D_c|. <r_c, c> goes into the offset;
 *     what is left, <r_c, x - c>, is a sum of d errors of either sign. Float32 sums err by 2^-24 of their partial
 *     sums, which grow with the root mean square of w_c: for max |D_c| <= FIXED_RANGE rms(w_c) the integers are as
 *     near. Other W are left to the converting kernels.
 * coefficients: to 2^-23 of the largest of their chunk so far, made a power of two; what is left goes to the next row,
 *     so that equal coefficients do not err to the same side. Sums in float32 lose as much when they add a small
 *     number to a large one.
 *
 * Chunks start anew, so the bits are the same for any number of threads. */

#if !defined(EACH_INTEGER_TILE) || !defined(INTEGER_BLOCK_ROWS)
#error "integer/fixed_point_weights.inc.h needs EACH_INTEGER_TILE, INTEGER_BLOCK_ROWS"
#endif

#define LIMBS 3
#define LIMBS_MOST 8355711.0 /* 127 (1 + 256 + 65536): integers up to it, of either sign, fit LIMBS signed bytes */
#define COEFFICIENTS_MOST (LIMBS_MOST - 256) /* the rounding of each of up to 128 classes comes on top */
#define LIMBS_OFFSET 0x808080u /* q + offset has the limbs + 128 as its bytes */
#define FIXED_RANGE 32.0
#define FIXED_SAMPLE 256
#define FIXED_SPAN 65536 /* columns whose products with a limb add up below 2^31 */

typedef struct fixed_share {
    double value, bound; /* of coefficients: a power of two, or 0 where there were none */
    int has_spilled;
} fixed_share;

typedef struct fixed_worker {
    integer_worker integers; /* its sums, tails, coefficients, interleaved and gradient */
    int32_t *totals;      /* (block_rows, outputs and a vector): products of a row with each limb */
    float *scores;        /* (block_rows, k) and a vector, then coefficients */
    int32_t *rounded;     /* (4, stride): coefficients of four entries as integers */
    double *carried;      /* (stride,) what rounding has left of each class's coefficients */
    int32_t *words;       /* (LIMBS, stride): a limb of four entries' coefficients */
    double *spilled;      /* like the totals of the gradient: sums at lower exponents */
    double *by_class;     /* (stride,) sums of coefficients */
    fixed_share *share;   /* what else a chunk comes to */
} fixed_worker;

typedef struct fixed_job {
    integer_job integers; /* its outputs are limbs, limb by limb */
    double *centre;       /* (d,) */
    int8_t *limbs;        /* per tile (vectors, outputs, VECTOR_BYTES) */
    double *by_class;     /* (k,) */
    double value;
    volatile int beyond;  /* coefficients outgrew float32: the converting kernels say what comes of that */
} fixed_job;

/* Problems that may take this pass; W may still rule it out. */
static int fixed_fits(const gd_problem *p, const gd_weights *weights) {
    return GD(losses)[p->loss]->fixed_point && !integers_fit(p, weights) && integer_rows_fit(p, weights);
}

static fixed_job make_fixed_job(const gd_problem *p, const gd_weights *weights) {
    return (fixed_job){.integers = make_integer_job(p, weights, LIMBS * (p->n_classes - 1), 255 * 128)};
}

static fixed_worker lay_fixed_worker(char *base, const fixed_job *f, size_t *used) {
    const integer_job *j = &f->integers;
    fixed_worker w;
    size_t B = (size_t)j->block_rows, k = (size_t)j->problem->n_classes, outputs = (size_t)j->outputs;
    size_t stride = (size_t)j->padded_classes; /* whole vectors of k doubles and one more */
    w.integers = lay_integer_worker(base, j, used);
    w.totals = carve(base, used, B * (outputs + FLOAT_LANES) * sizeof(int32_t));
    w.scores = carve(base, used, (B * k + FLOAT_LANES) * sizeof(float));
    w.rounded = carve(base, used, (4 * stride + FLOAT_LANES) * sizeof(int32_t));
    w.carried = carve(base, used, stride * sizeof(double));
    w.words = carve(base, used, (LIMBS * stride + FLOAT_LANES) * sizeof(int32_t));
    w.spilled = carve(base, used, outputs * (size_t)j->columns * sizeof(double));
    w.by_class = carve(base, used, stride * sizeof(double));
    w.share = carve(base, used, sizeof(fixed_share));
    return w;
}

static size_t lay_fixed_job(char *base, fixed_job *f, int n_threads) {
    integer_job *j = &f->integers;
    size_t used = 0, k = (size_t)j->padded_classes, size = (size_t)(j->outputs * j->columns);
    n_threads = useful_threads(n_threads, j->n_chunks);
    j->w = carve(base, &used, k * (size_t)j->problem->n_features * sizeof(double));
    j->bias = carve(base, &used, k * sizeof(double));
    j->unit = carve(base, &used, k * sizeof(double));
    j->offset = carve(base, &used, k * sizeof(double));
    j->gradient = carve(base, &used, size * sizeof(double));
    f->centre = carve(base, &used, (size_t)j->problem->n_features * sizeof(double));
    f->limbs = carve(base, &used, size);
    f->by_class = carve(base, &used, k * sizeof(double));
    lay_fixed_worker(NULL, f, &j->worker_bytes);
    j->n_pieces = pool_pieces(n_threads, j->n_chunks, j->worker_bytes);
    j->workers = carve(base, &used, j->worker_bytes * (size_t)j->n_pieces);
    return used;
}

/* The tile of an output, its first output and how many it has */
INLINE ptrdiff_t fixed_tile(const integer_job *j, ptrdiff_t output, ptrdiff_t *first) {
    ptrdiff_t large = j->tile_least + 1, of_large = j->tile_more * large;
    ptrdiff_t tile = output < of_large ? output / large : j->tile_more + (output - of_large) / j->tile_least;
    *first = tile * j->tile_least + (tile < j->tile_more ? tile : j->tile_more);
    return integer_tile_classes(j, tile);
}

/* The mean of up to FIXED_SAMPLE rows, far apart. */
static void fixed_centre(const fixed_job *f) {
    const gd_problem *p = f->integers.problem;
    ptrdiff_t n = p->n_rows < FIXED_SAMPLE ? p->n_rows : FIXED_SAMPLE;
    memset(f->centre, 0, (size_t)p->n_features * sizeof(double));
    for (ptrdiff_t s = 0; s < n; s++) {
        ptrdiff_t i = (ptrdiff_t)((double)s / (double)n * (double)p->n_rows);
        const uint8_t *x = (const uint8_t *)p->x + (p->index ? p->index[i] : i) * p->row_stride;
        for (ptrdiff_t j = 0; j < p->n_features; j++) f->centre[j] += (double)x[j * p->column_stride];
    }
    for (ptrdiff_t j = 0; j < p->n_features; j++) f->centre[j] /= (double)n;
}

/* The limbs of class c >= 1; 0 where they would not hold it as near as float32 arithmetic does. */
static int limbs_of_class(fixed_job *f, ptrdiff_t c) {
    integer_job *j = &f->integers;
    ptrdiff_t d = j->problem->n_features, classes[LIMBS];
    const double *w = j->w + c * d, *first = j->w;
    double largest = 0, squares = 0, residues = 0, sum = 0;
    for (ptrdiff_t i = 0; i < d; i++) {
        double a = fabs(w[i] - first[i]);
        largest = a > largest ? a : largest;
        squares += w[i] * w[i];
    }
    if (largest > FIXED_RANGE * sqrt(squares / (double)d)) return 0;
    double inverse = largest > 1e-290 ? LIMBS_MOST / largest : 0, unit = inverse > 0 ? largest / LIMBS_MOST : 0;
    int8_t *to[LIMBS];
    for (int l = 0; l < LIMBS; l++) {
        ptrdiff_t output = l * (j->problem->n_classes - 1) + c - 1, c0;
        classes[l] = fixed_tile(j, output, &c0);
        to[l] = f->limbs + c0 * j->columns + (output - c0) * VECTOR_BYTES;
    }
    for (ptrdiff_t i = 0; i < j->columns; i++) {
        int32_t q = 0;
        if (i < d) {
            double difference = w[i] - first[i];
            double nearest = (difference * inverse + 6755399441055744.0) - 6755399441055744.0;
            residues += (difference - nearest * unit) * f->centre[i];
            q = (int32_t)nearest;
            sum += nearest;
        }
        uint32_t bytes = ((uint32_t)q + LIMBS_OFFSET) ^ LIMBS_OFFSET;
        for (int l = 0; l < LIMBS; l++)
            to[l][i / VECTOR_BYTES * VECTOR_BYTES * classes[l] + i % VECTOR_BYTES] = (int8_t)(bytes >> 8 * l);
    }
    j->unit[c] = unit;
    j->offset[c] = (j->bias[c] - j->bias[0]) + residues;
    if (BYTES_LESS) j->offset[c] += BYTES_LESS * (unit * sum);
    return 1;
}

/* 0 where W is not for this pass. */
static int fixed_weights(fixed_job *f) {
    integer_job *j = &f->integers;
    double largest = fold_weights(j);
    if (!(largest < 1e30 && j->problem->margin < 1e30)) return 0;
    fixed_centre(f);
    memset(j->unit, 0, (size_t)j->padded_classes * sizeof(double));
    memset(j->offset, 0, (size_t)j->padded_classes * sizeof(double));
    for (ptrdiff_t c = 1; c < j->problem->n_classes; c++)
        if (!limbs_of_class(f, c)) return 0;
    return 1;
}
