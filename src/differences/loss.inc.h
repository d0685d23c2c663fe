/* Difference quotients of a loss when one weight moves: for a perturbed weight of class c and column j,
 * row i's score c moves by t = h * x_ij, and the row's loss changes by a difference that is evaluated
 * here on both sides and added up in float64.
 *
 * Rows come grouped by their label: what moving the correct class does to a hinge is, by the centred
 * scheme, minus the sum of what moving the others does. The steps t of a block of rows are packed once
 * into a panel of columns and serve every class. Weights are folded in: the hinge is homogeneous in
 * (margin, t), the squared losses in their squares, Huber's in those of (residual, t, delta).
 */

#if !defined(DOUBLE_LANES) || !defined(EACH_TILE)
#error "differences/loss.inc.h needs DOUBLE_LANES, EACH_TILE"
#endif

#define PANEL_COLUMNS 256
#define ENTRIES_AT_ONCE 64
#define NO_LABEL (-1)

typedef struct difference_job difference_job;
typedef struct difference_worker difference_worker;

/* Entries of one column of sparse X: t of each, and what their rows bring along. */
typedef struct difference_entries {
    const gd_problem *problem;
    gd_scheme scheme;
    double *copies_of_scores; /* as the worker's, for the generic implementation */
    int n;
    double t[ENTRIES_AT_ONCE], weight[ENTRIES_AT_ONCE];
    const double *terms[ENTRIES_AT_ONCE];
    int32_t label[ENTRIES_AT_ONCE];
    int64_t id[ENTRIES_AT_ONCE];
} difference_entries;

/* How a loss's differences are evaluated. `t` below is the step of a row's score, times its factor. */
typedef struct gd_loss_differences {
    double (*factor)(double weight); /* so that a row's weight is in its steps and terms; 1 where differences are weighed */
    /* Scores (n_rows, k) of rows with the same label become what differences are taken of; NULL: the scores */
    void (*terms)(const gd_problem *, const int64_t *ids, int n_rows, ptrdiff_t label, double *scores);
    double padding; /* a term that no step moves, behind the last class */
    /* One panel of columns of one block of rows with the same label: from w->scores (terms) and w->plus (t), which may be
     * overwritten, to w->moved + first. */
    void (*panel)(const difference_job *, difference_worker *w, const int64_t *ids, int n_rows, ptrdiff_t label,
                  ptrdiff_t first, ptrdiff_t n_columns);
    void (*entries[2])(const difference_entries *, ptrdiff_t stride, double *moved, int64_t *crossings); /* [forward] */
    /* SCHEME_CROSSINGS for margins as terms; NULL: the generic implementation */
    void (*crossings)(const double *margins, ptrdiff_t k, ptrdiff_t label, const double *t, int n_rows,
                      ptrdiff_t n_columns, double *excess, int64_t *crossings, ptrdiff_t stride);
} gd_loss_differences;

static const gd_loss_differences generic_differences;

/* ---- scratch and job ---- */

struct difference_worker {
    vdouble *sums;
    double *scores;   /* (block_rows, k): becomes margins, probabilities or residuals */
    double *compact;  /* (block_rows, TILE_CLASSES) */
    double *copies_of_scores; /* (block_rows, k) and a vector's room: of the generic implementation */
    double *plus;     /* panel of t, or of expm1(t) */
    double *minus;    /* panel of expm1(-t); for the hinge row 0 is a sum over the rows, for Huber see there */
    double *moved;    /* (k, stride) the chunk's differences */
    int64_t *crossings;
    int64_t *order;   /* (chunk_rows,) row numbers grouped by label */
    int64_t *starts;  /* (k + 1,) */
    void *copies;
    size_t copies_bytes;
};

struct difference_job {
    const gd_problem *problem;
    const gd_differences *asked;
    const gd_loss_differences *loss;
    layout layout;
    ptrdiff_t stride; /* columns, padded to whole panels' vectors */
    double *w, *bias;
    double *row;             /* (d,) of W, on its way in */
    double *step, *shift; /* t = step * (x - shift), per perturbed column */
    double *moved;        /* totals (k, stride) */
    int64_t *crossings;
    char *workers;
    size_t worker_bytes;
    int n_pieces;
    pool_sum *sum;
    pool_control *control;
};

/* ---- rows ---- */

INLINE double weight_of(const gd_problem *p, int64_t id) { return p->weights ? p->weights[id] : 1.0; }

/* Factors: a hinge is homogeneous in (margin, t), a square in their squares. */
LOCAL double weight_itself(double weight) { return weight; }
LOCAL double weight_root(double weight) { return sqrt(weight); }
LOCAL double no_weight(double weight) { return (void)weight, 1.0; }

/* Scores of a row -> margins times `factor`, the correct class at -infinity */
LOCAL void to_margins(const gd_problem *p, double factor, ptrdiff_t label, double *s) {
    double correct = s[label];
    for (ptrdiff_t c = 0; c < p->n_classes; c++) s[c] = factor * ((s[c] - correct) + p->margin);
    s[label] = -INFINITY;
}

/* Scores of rows -> residuals times the roots of their weights */
LOCAL void to_residuals(const gd_problem *p, const int64_t *ids, int n_rows, ptrdiff_t label, double *scores) {
    ptrdiff_t k = p->n_classes;
    (void)label;
    for (int r = 0; r < n_rows; r++) {
        double *s = scores + r * k, factor = weight_root(weight_of(p, ids[r]));
        for (ptrdiff_t c = 0; c < k; c++) s[c] = factor * (s[c] - p->targets[ids[r] * k + c]);
    }
}

/* max |t| over one row of a panel, whose padding is 0 */
static double longest_step(const double *t, ptrdiff_t n_columns) {
    vdouble most = broadcast_double(0);
    for (ptrdiff_t q = 0; q < n_columns; q += DOUBLE_LANES) {
        vdouble a = *(const vdouble *)(t + q);
        most = max_vdouble(most, max_vdouble(a, -a));
    }
    double longest = 0;
    for (int e = 0; e < DOUBLE_LANES; e++) longest = most[e] > longest ? most[e] : longest;
    return longest;
}

/* Terms whose margin changes sign within the stencil: how many, and what they add to the quotient beyond
 * the slope at the centre. Pairs whose margin is out of reach of the row's largest step are passed over. */
LOCAL void count_crossings(const double *margins, ptrdiff_t k, ptrdiff_t label, const double *t, int n_rows,
                            ptrdiff_t n_columns, double *excess, int64_t *crossings, ptrdiff_t stride) {
    for (int r = 0; r < n_rows; r++) {
        double reach = longest_step(t + r * PANEL_COLUMNS, n_columns);
        for (ptrdiff_t c = 0; c < k; c++) {
            double m = margins[r * k + c];
            if (!(fabs(m) < reach)) continue;
            for (ptrdiff_t q = 0; q < n_columns; q++) {
                double step = t[r * PANEL_COLUMNS + q], size = fabs(step);
                if (!(fabs(m) < size)) continue;
                double extra = copysign(1.0, step) * (m > 0 ? m - size : m + size);
                excess[c * stride + q] += extra;
                excess[label * stride + q] -= extra;
                crossings[c * stride + q]++;
                crossings[label * stride + q]++;
            }
        }
    }
}

/* ---- dense: CLASSES x VECTORS sums over the rows of a block; m is (n_rows, CLASSES), panels (n_rows, PANEL_COLUMNS) ---- */

#define DIFFERENCE_ARGUMENTS                                                                                           \
    const double *m, const double *plus, const double *minus, int n_rows, double *moved, double *correct,              \
        ptrdiff_t stride

#define DEFINE_DIFFERENCE_TILE(NAME, CLASSES, VECTORS, TERM, CORRECT_FROM_TERMS, SHIFT)                                \
    static void NAME##_##CLASSES(DIFFERENCE_ARGUMENTS) {                                                               \
        vdouble acc[CLASSES][VECTORS], other[VECTORS];                                                                 \
        _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++) {                                                    \
            other[q] = broadcast_double(0);                                                                            \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) acc[c][q] = broadcast_double(0);                \
        }                                                                                                              \
        for (int r = 0; r < n_rows; r++) {                                                                             \
            vdouble t[VECTORS], limit = *(const vdouble *)(minus + r * PANEL_COLUMNS);                                 \
            (void)limit;                                                                                               \
            _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++) t[q] =                                           \
                ((const vdouble *)(plus + r * PANEL_COLUMNS))[q];                                                      \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                               \
                vdouble b = broadcast_double(m[r * CLASSES + c]);                                                      \
                _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++) { TERM(acc[c][q], other[q], b, t[q], limit) }\
            }                                                                                                          \
        }                                                                                                              \
        _Pragma("GCC unroll 8") for (int q = 0; q < VECTORS; q++) {                                                    \
            vdouble shift = SHIFT ? ((const vdouble *)minus)[q] : broadcast_double(0);                                 \
            _Pragma("GCC unroll 16") for (int c = 0; c < CLASSES; c++) {                                               \
                vdouble sum = acc[c][q] + shift;                                                                       \
                ((vdouble *)(moved + c * stride))[q] += sum;                                                           \
                if (CORRECT_FROM_TERMS) other[q] -= sum;                                                               \
            }                                                                                                          \
            if (correct) ((vdouble *)correct)[q] += other[q];                                                          \
        }                                                                                                              \
    }

typedef void (*difference_tile)(DIFFERENCE_ARGUMENTS);
typedef difference_tile difference_tiles[2]; /* [forward] */

#define TILE_VECTORS(CLASSES, MANY) MANY
static const int tile_vectors[] = {0, EACH_TILE(TILE_VECTORS, COMMA)}; /* of a tile with that many classes */
#undef TILE_VECTORS

INLINE ptrdiff_t padded_columns(const difference_job *j, ptrdiff_t first) {
    return j->stride - first < PANEL_COLUMNS ? j->stride - first : PANEL_COLUMNS;
}

/* The terms of a tile's classes, side by side */
INLINE void take_classes(const difference_worker *w, int n_rows, ptrdiff_t k, ptrdiff_t c0, ptrdiff_t classes) {
    for (int r = 0; r < n_rows; r++)
        memcpy(w->compact + r * classes, w->scores + r * k + c0, (size_t)classes * sizeof(double));
}

/* A panel by tiles; what moving the label's class does is added to its row, unless that is NO_LABEL. */
LOCAL void add_tiles(const difference_job *j, const difference_worker *w, const difference_tiles *tiles, int n_rows,
                     ptrdiff_t label, ptrdiff_t first) {
    int forward = j->asked->scheme == SCHEME_FORWARD;
    ptrdiff_t padded = padded_columns(j, first);
    double *moved = w->moved + first;
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < j->layout.n_tiles; tile++, c0 += classes) {
        classes = tile_classes(&j->layout, tile);
        ptrdiff_t step = tile_vectors[classes] * DOUBLE_LANES;
        take_classes(w, n_rows, j->problem->n_classes, c0, classes);
        for (ptrdiff_t q = 0; q < padded; q += step)
            tiles[classes][forward](w->compact, w->plus + q, w->minus + q, n_rows, moved + c0 * j->stride + q,
                                       label == NO_LABEL ? NULL : moved + label * j->stride + q, j->stride);
    }
}

/* ---- sparse: one entry after the other, a vector of classes at a time, by the same formulas ---- */

#define DEFINE_ENTRY_DIFFERENCES(NAME, TERM, SHIFT, LABELLED, CORRECT_FROM_TERMS, LIMITED)                             \
    static void NAME##_entries(const difference_entries *entries, ptrdiff_t stride, double *moved,                     \
                               int64_t *crossings) {                                                                   \
        (void)crossings;                                                                                               \
        for (int e = 0; e < entries->n; e++) {                                                                         \
            vdouble t = broadcast_double(entries->t[e]), total = broadcast_double(0);                                  \
            vdouble limit = broadcast_double(LIMITED ? entries->problem->margin * sqrt(entries->weight[e]) : 0.0);               \
            (void)limit;                                                                                               \
            for (ptrdiff_t c = 0; c < stride; c += DOUBLE_LANES) {                                                     \
                vdouble m = *(const vdouble *)(entries->terms[e] + c);                                                 \
                vdouble change = broadcast_double(0), other = broadcast_double(0);                                     \
                TERM(change, other, m, t, limit)                                                                       \
                change += (double)(SHIFT) * t;                                                                         \
                *(vdouble *)(moved + c) += change;                                                                     \
                total += CORRECT_FROM_TERMS ? -change : other;                                                         \
            }                                                                                                          \
            double sum = 0;                                                                                            \
            for (int i = 0; LABELLED && i < DOUBLE_LANES; i++) sum += total[i];                                        \
            if (LABELLED) moved[entries->label[e]] += sum;                                                             \
        }                                                                                                              \
    }
