/* The losses that have kernels, and what is known of each: its row. docs/how_to/add_a_loss.md adds one. */
#ifndef GD_LOSSES_H
#define GD_LOSSES_H

#include <stddef.h>
#include <stdint.h>

/* In the order of their numbers, which Python's losses name (`code`); losses/each.inc.h includes their files. */
#define EACH_LOSS(M) M(hinge) M(squared_hinge) M(cross_entropy) M(squared_error) M(huber)

#define GD_LOSS_CODE(name) GD_LOSS_##name,
/* After those that a problem is made with: what it becomes by `with_pairs`, `with_curvature`. */
typedef enum { EACH_LOSS(GD_LOSS_CODE) LOSS_COUNT, PAIR_SQUARES = LOSS_COUNT, CENTRED_SQUARES, LOSS_ROWS } gd_loss;
#undef GD_LOSS_CODE

struct gd_problem;
struct gd_grid_part;
struct pool_control;
struct gd_loss_differences;

/* What is left out (0, NULL) has a generic implementation, or a pass that does without. */
typedef struct gd_loss_row {
    const char *name;
    /* One block: scores (n_rows, k) become d loss / d score, `losses` (n_rows,) the rows' losses, without weights. What
     * pads the last score to a whole vector is scratch. A score that is not finite makes the loss so. */
    void (*rows_float)(const struct gd_problem *, const int64_t *ids, int n_rows, float *scores, double *losses);
    void (*rows_double)(const struct gd_problem *, const int64_t *ids, int n_rows, double *scores, double *losses);
    int takes_labels; /* else targets */
    int zero_is_flat; /* a loss of 0 has coefficients of 0 (or next to it): its row is passed over */
    int has_kinks;    /* piecewise linear: kinks that a stencil crosses can be counted */
    int has_dual;     /* dual coordinate ascent: terms of the hinge */
    /* Of kernels in integers, for uint8 X. exact_in_integers: value and coefficients follow from the signs of the
     * margins alone, as the hinge's. fixed_point: it depends on differences of scores only, and coefficients of wrong
     * classes have one sign, the label's being minus their sum. */
    int exact_in_integers, fixed_point;
    /* What the coefficients leave out of the sum over rows (weighted) of the right derivatives along `rates`: at ties. */
    double (*ties)(const struct gd_problem *, const int64_t *ids, int n_rows, const double *scores, const double *rates);
    /* The losses of rows begin .. end - 1 times their weights, added to the sums of a part of a grid; scratch is for parts of
     * up to n_a x n_b points. */
    size_t (*on_grid_scratch)(ptrdiff_t n_classes, ptrdiff_t n_a, ptrdiff_t n_b);
    void (*on_grid)(const struct gd_problem *, const struct gd_grid_part *, ptrdiff_t begin, ptrdiff_t end, void *scratch,
                    struct pool_control *, int worker);
    const struct gd_loss_differences *differences; /* differences/loss.inc.h */
} gd_loss_row;

#endif
