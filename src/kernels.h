/* The table of kernels: what the compiled core can do, and its contract.
 *
 * One table is compiled per instruction set (kernels.c) and one is picked at import (dispatch.c).
 * Contract: everything was checked by the binding, scratch is allocated by the caller (`*_scratch`
 * says how many bytes, 64-byte aligned), nothing fails, nothing allocates. Rows are cut into chunks
 * fixed by the problem's size; chunks are added up in order, so any number of threads gives the same
 * bits. Totals accumulate in float64.
 */
#ifndef GDFAST_KERNELS_H
#define GDFAST_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "losses/losses.h"
#include "pool.h"
#include "sparse/csr.h"

typedef enum { INPUT_UINT8, INPUT_FLOAT16, INPUT_FLOAT32, INPUT_FLOAT64 } gd_input;
typedef enum { SCHEME_CENTERED, SCHEME_FORWARD, SCHEME_CROSSINGS, SCHEME_COUNT } gd_scheme;

/* A loss on rows of X, as they lie in memory. */
typedef struct gd_problem {
    const char *x;              /* first element of X (n_total, d) */
    ptrdiff_t row_stride;       /* bytes */
    ptrdiff_t column_stride;    /* bytes */
    gd_input input;             /* element type of X */
    ptrdiff_t n_features;       /* d */
    ptrdiff_t n_rows;           /* rows to visit */
    const int64_t *index;       /* which rows (n_rows,), or NULL: 0 .. n_rows - 1 */
    ptrdiff_t n_classes;        /* k: classes or outputs */
    const int32_t *labels;      /* (n_total,) or NULL */
    const double *targets;      /* (n_total, k) or NULL */
    const double *weights;      /* (n_total,) or NULL: 1 each */
    gd_loss loss;
    double margin;              /* of the two hinges; delta of the Huber loss */
    double normalizer;          /* what sums over rows are multiplied by */
    const double *mean;         /* (d,) or NULL: the model sees (x - mean) / scale */
    const double *scale;        /* (d,) or NULL */
    int has_bias;               /* the last column of W */
} gd_problem;

/* Weights W (n_models * k, d + has_bias), C order, float or double. */
typedef struct gd_weights {
    const void *w;
    int is_double;
    ptrdiff_t n_models; /* several W in one pass: 1 where a gradient or scores are wanted */
} gd_weights;

/* What is asked of one pass over X; NULL: not asked. */
typedef struct gd_answer {
    double *value;    /* (n_models,) normalizer * sum of losses */
    void *gradient;   /* (k, d + has_bias), the type of W */
    void *scores;     /* (n_rows, k) of the arithmetic's type */
    const double *coefficients; /* (n_rows, k) in place of the loss's: the gradient is normalizer * sum of coefficients *
                                 * x, W and y are not read, and nothing else is asked; NULL: those of the loss */
} gd_answer;

/* Structured numerical differences: sums over rows of loss(+h) - loss(-h), times normalizer. */
typedef struct gd_differences {
    double h;
    gd_scheme scheme;
    const int64_t *columns;  /* columns of W to perturb (n_columns,), d meaning the bias */
    ptrdiff_t n_columns;
    double *difference;      /* (k, n_columns); SCHEME_CROSSINGS: the crossing terms' excess */
    int64_t *crossings;      /* (k, n_columns), SCHEME_CROSSINGS only */
    int generic;             /* by the generic implementation, whatever the loss has */
} gd_differences;

/* Losses of scores base + a * first + b * second, for n_points (a) or (a, b); float64 throughout. */
typedef struct gd_mix {
    const double *base;    /* (n_rows, k) */
    const double *first;   /* (n_rows, k) or NULL */
    const double *second;  /* (n_rows, k) or NULL */
    const double *points;  /* (n_points, 1 or 2) */
    ptrdiff_t n_points;
    double *values;        /* (n_points,) or NULL */
    double *slopes;        /* (n_points,) right derivatives along `first`, or NULL */
    double *coefficients;  /* (n_rows, k) d value / d scores, for one point, or NULL */
} gd_mix;

/* Losses of scores base + a * first + b * second at all points (a, b) of a grid; float64 throughout. */
typedef struct gd_grid {
    const double *base, *first, *second; /* (n_rows, k) each */
    const double *a, *b;                 /* (n_a,), (n_b,) */
    ptrdiff_t n_a, n_b;
    double *values;                      /* (n_a, n_b) */
} gd_grid;

/* A part of it, and sums over some rows there: what a loss adds to. */
typedef struct gd_grid_part {
    const gd_grid *grid;
    ptrdiff_t first_a, first_b, n_a, n_b;
    double *sums; /* (n_a, n_b), of losses times weights */
} gd_grid_part;

typedef enum {
    RULE_GRADIENT_DESCENT,
    RULE_MOMENTUM,
    RULE_NESTEROV,
    RULE_ADAGRAD,
    RULE_RMSPROP,
    RULE_ADAM,
    RULE_ADAMW
} gd_rule;

enum { RULE_COUNT = RULE_ADAMW + 1, GD_SETTINGS_MOST = 4, GD_STATES_MOST = 2 };

/* What a rule takes: exactly so many settings, and so many states of W's shape. */
typedef struct gd_rule_facts {
    int n_settings, n_states;
} gd_rule_facts;

/* Many stochastic steps on the mean loss of a batch + l1 * sum |W| + l2 * sum W^2. */
typedef struct gd_descent {
    gd_rule rule;
    double settings[GD_SETTINGS_MOST]; /* momentum | eps | decay, eps | beta1, beta2, eps, weight_decay */
    const int64_t *order;   /* rows of X, in the order of their visit */
    const int64_t *starts;  /* (n_steps + 1,): step k takes order[starts[k]] .. order[starts[k + 1] - 1] */
    const double *rates;    /* (n_steps,) */
    ptrdiff_t n_steps;
    double l1, l2;
    int penalize_bias;
    double mean_weight;     /* of all rows: the batch's sum is divided by its length times this */
    int64_t first_step;     /* steps that were finished before */
    int is_double;          /* W and the states are double */
    void *w;                /* (k, d + has_bias), moved in place */
    void *state[GD_STATES_MOST]; /* likewise, n_states of them (gradient descent on sparse rows: see steps/sparse_moves.inc.h) */
    int n_states;
    double *values;         /* (n_steps,) the objective on the batch before each step */
    ptrdiff_t done;         /* steps taken: fewer than n_steps when stopped, or when a value is not finite */
    int changed;            /* set where column indices of sparse X lead out of it: they have changed since X was checked */
} gd_descent;

enum { GD_IDLE_MOST = 255 };

/* Duals of the Weston-Watkins hinge with strength * sum W^2, one row of X at a time. */
typedef struct gd_duals {
    const int64_t *order;   /* (n_visits,) rows of the duals, in the order of their visit */
    const int64_t *rows;    /* the same as rows of X */
    ptrdiff_t n_visits;
    const double *squares;  /* (n_rows,) |x|^2 as the model sees it */
    double unit;            /* 1 / (2 strength n) */
    double bias_square;     /* of the value that the bias is multiplied by; 0: no bias */
    double mean_weight;
    int is_double;          /* duals and W are double, and so is the arithmetic */
    uint8_t *idle;          /* (n_rows,) visits since the row's duals moved, as far as GD_IDLE_MOST */
    void *duals;            /* (n_rows, k): a in [0, weight / mean_weight], the right class less their sum */
    void *w;                /* (k, d + has_bias), moved in place */
    double *sums;           /* (k, d + 1): A'X, and the sums of A */
    int as_given;           /* sums of any coefficients (n_rows, k) in place of duals */
    double total, moment;   /* sum of a; sum over rows of |A|_1 |x| */
    int changed;            /* as for steps */
} gd_duals;

typedef struct gd_dual_kernels { /* x NULL: dense */
    size_t (*epoch_scratch)(const gd_problem *, const gd_csr *x, int double_arithmetic);
    void (*epoch)(const gd_problem *, const gd_csr *x, gd_duals *, void *scratch, pool_control *);
    size_t (*sums_scratch)(const gd_problem *, const gd_csr *x); /* for the squares as well */
    void (*sums)(const gd_problem *, const gd_csr *x, gd_duals *, void *scratch, pool_control *);
    int (*squares)(const gd_problem *, const gd_csr *x, double *squares, void *scratch, pool_control *); /* changed? */
} gd_dual_kernels;

/* Weights with penalties sum_j l1_j |w_j| + l2_j w_j^2, visited one after another, and how often. */
typedef struct gd_visits {
    ptrdiff_t size;
    double *w;                 /* (size,), moved in place */
    const double *l1, *l2;     /* (size,) each */
    double tolerance;          /* of the subgradient of minimum norm, by its largest element */
    ptrdiff_t epochs_most, epochs;
    double violation;          /* the largest element in the last epoch over all weights, before their moves */
} gd_visits;

/* gradient . (w - w at the start) + (that)' matrix (that) / 2 + penalties. */
typedef struct gd_quadratic {
    gd_visits visits;
    const double *matrix;      /* (size, size), symmetric */
    double *gradient;          /* (size,) of the part with the matrix, at w */
} gd_quadratic;

/* The same where the matrix is that of a loss on scores: see coordinate/columns.inc.h. */
typedef struct gd_columns {
    gd_visits visits;
    ptrdiff_t n_rows, n_classes;
    const double *values;      /* (n_columns, n_rows), or of the entries */
    const int64_t *starts;     /* (n_columns + 1,) of the entries of each column; NULL: dense */
    const int64_t *rows;       /* of the entries */
    const int64_t *classes, *columns; /* (size,): which weight each is */
    const double *diagonal, *less, *more; /* (n_classes, n_rows); NULL: 0 */
    double *changes;           /* (n_classes, n_rows) of the scores */
    double *sums;              /* (2, n_rows) of less * changes, more * changes */
    const double *gradient;    /* (size,) where changes are 0 */
    double *bends;             /* (size,): room for the second derivatives */
} gd_columns;

typedef struct gd_coordinate_kernels {
    size_t (*quadratic_scratch)(const gd_quadratic *);
    void (*quadratic)(gd_quadratic *, void *scratch, pool_control *);
    size_t (*columns_scratch)(const gd_columns *);
    void (*columns)(gd_columns *, void *scratch, pool_control *);
} gd_coordinate_kernels;

/* factor * sum over rows of (root z) (root z)', z the row as the model sees it, a last 1 for the bias included. */
typedef struct gd_gram {
    const double *roots; /* (n_rows,) or NULL: 1 each */
    double factor;
    int is_double;       /* arithmetic in double; else in float, or exactly in integers for bytes without roots */
    double *matrix;      /* (m, m), m = d + has_bias */
    double *largest;     /* (m,) the largest |root z| of each column, from which a caller sees whether float was enough;
                            1 for integers, which are exact */
} gd_gram;

enum { GD_DIRECTIONS_MOST = 64 };

/* The smoothed hinge (its terms' maximum over a in [0, 1] of a M - mu / 2 (a - center)^2) along directions whose changes
 * of the terms M are known. Elements of (n_rows, n_classes) and of changes are double or float. */
typedef struct gd_span {
    ptrdiff_t n_rows, n_classes, n_directions;
    const void *terms;      /* (n_rows, n_classes) where steps are 0 */
    const void *changes;    /* (n_directions, n_rows, n_classes) */
    const void *center;     /* (n_rows, n_classes) */
    const double *steps;    /* (n_directions,) */
    const double *weights;  /* (n_rows,) or NULL: 1 each */
    double mu, least;       /* least: what counts of a second derivative where the term has none, times mu */
    int is_double;
    void *there;            /* (n_rows, n_classes) the terms after the steps */
    double *value, *slopes; /* (1,), (n_directions,) sums over the terms, and the derivatives along each direction */
    double *products;       /* (n_directions, n_directions) second derivatives times mu */
} gd_span;

typedef struct gd_span_kernels {
    size_t (*scratch)(const gd_span *, int n_threads);
    void (*run)(const gd_span *, void *scratch, int n_threads, pool_control *);
} gd_span_kernels;

/* Long arrays of double or float, each read once: products of rows with vectors, or, where `combination` is given, the
 * sum of factors * rows. */
typedef struct gd_stack {
    ptrdiff_t size, n_rows, n_vectors;
    const void *const *rows, *const *vectors; /* pointers to arrays (size,) */
    const double *factors; /* (n_rows,) */
    int is_double;
    double *products;      /* (n_rows, n_vectors) */
    void *combination;     /* (size,) */
} gd_stack;

typedef struct gd_stack_kernels {
    size_t (*scratch)(const gd_stack *, int n_threads);
    void (*run)(const gd_stack *, void *scratch, int n_threads, pool_control *);
} gd_stack_kernels;

/* Scores of a few rows: x times w + bias, all float or all double. W is read where it lies. Strides are in bytes, of
 * rows (of elements for the bias); the elements of a row lie one after another, aligned. */
typedef struct gd_few {
    ptrdiff_t n_rows, n_classes, n_features;
    const void *x, *w, *bias; /* (n_rows, n_features), (n_classes, n_features), (n_classes,) or NULL */
    ptrdiff_t x_stride, w_stride, bias_stride;
    int is_double;
    void *scores;             /* (n_rows, n_classes) */
} gd_few;

typedef struct gd_gram_kernels {
    size_t (*scratch)(const gd_problem *, const gd_gram *, int n_threads);
    void (*run)(const gd_problem *, const gd_gram *, void *scratch, int n_threads, pool_control *);
} gd_gram_kernels;

typedef struct gd_kernels {
    const char *name;
    const gd_loss_row *const *losses; /* [LOSS_ROWS] */
    const gd_rule_facts *rules;  /* [RULE_COUNT] */
    /* arithmetic in float (float32, float16, uint8 X) and in double (any X) */
    size_t (*evaluate_float_scratch)(const gd_problem *, const gd_weights *, int n_threads);
    size_t (*evaluate_double_scratch)(const gd_problem *, const gd_weights *, int n_threads);
    void (*evaluate_float)(const gd_problem *, const gd_weights *, const gd_answer *, void *scratch, int n_threads,
                           pool_control *);
    void (*evaluate_double)(const gd_problem *, const gd_weights *, const gd_answer *, void *scratch, int n_threads,
                            pool_control *);
    size_t (*differences_scratch)(const gd_problem *, const gd_differences *, int n_threads);
    void (*differences)(const gd_problem *, const gd_weights *, const gd_differences *, void *scratch, int n_threads,
                        pool_control *);
    size_t (*mix_scratch)(const gd_problem *, const gd_mix *, int n_threads);
    void (*mix)(const gd_problem *, const gd_mix *, void *scratch, int n_threads, pool_control *);
    size_t (*grid_scratch)(const gd_problem *, const gd_grid *, int n_threads);
    void (*grid)(const gd_problem *, const gd_grid *, void *scratch, int n_threads, pool_control *);
    size_t (*take_steps_scratch)(const gd_problem *, const gd_descent *, int double_arithmetic);
    void (*take_steps)(const gd_problem *, gd_descent *, int double_arithmetic, void *scratch, pool_control *);
    /* the same on tiles of sparse X; the problem's x is not read, its mean is NULL */
    size_t (*evaluate_sparse_scratch)(const gd_problem *, const gd_tiles *, const gd_weights *, int double_arithmetic,
                                      int n_threads);
    void (*evaluate_sparse)(const gd_problem *, const gd_tiles *, const gd_weights *, const gd_answer *,
                            int double_arithmetic, void *scratch, int n_threads, pool_control *);
    size_t (*differences_sparse_scratch)(const gd_problem *, const gd_tiles *, const gd_differences *, int n_threads);
    void (*differences_sparse)(const gd_problem *, const gd_tiles *, const gd_weights *, const gd_differences *,
                               void *scratch, int n_threads, pool_control *);
    /* on sparse rows; arithmetic in the type of W: float64 X needs double */
    size_t (*take_steps_sparse_scratch)(const gd_problem *, gd_descent *);
    void (*take_steps_sparse)(const gd_problem *, const gd_csr *, gd_descent *, void *scratch, pool_control *);
    gd_dual_kernels duals;
    gd_coordinate_kernels coordinates;
    gd_gram_kernels gram;
    gd_span_kernels span;
    gd_stack_kernels stack;
    int (*few)(const gd_few *, int n_threads, pool_control *); /* whether all scores are finite */
} gd_kernels;

static inline const gd_span_kernels *gd_span_of(const gd_kernels *table) { return &table->span; }
static inline const gd_stack_kernels *gd_stack_of(const gd_kernels *table) { return &table->stack; }
static inline int gd_run_few(const gd_kernels *table, const gd_few *asked, int n_threads, pool_control *control) {
    return table->few(asked, n_threads, control);
}
static inline const gd_gram_kernels *gd_gram_of(const gd_kernels *table) { return &table->gram; }
static inline const gd_dual_kernels *gd_duals_of(const gd_kernels *table) { return &table->duals; }
static inline const gd_coordinate_kernels *gd_coordinates_of(const gd_kernels *table) { return &table->coordinates; }

#endif
