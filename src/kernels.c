/* The table of one instruction set: what its families of kernels give, joined. */

#include "families.h"

const gd_kernels GD(kernels) = {
    .name = GD_ISA_NAME,
    .losses = GD(losses),
    .rules = GD(rules),
    .evaluate_float_scratch = GD(evaluate_float_scratch),
    .evaluate_double_scratch = GD(evaluate_double_scratch),
    .evaluate_float = GD(evaluate_float),
    .evaluate_double = GD(evaluate_double),
    .differences_scratch = GD(differences_scratch),
    .differences = GD(differences),
    .mix_scratch = GD(mix_scratch),
    .mix = GD(mix),
    .grid_scratch = GD(grid_scratch),
    .grid = GD(grid),
    .evaluate_sparse_scratch = GD(evaluate_sparse_scratch),
    .evaluate_sparse = GD(evaluate_sparse),
    .differences_sparse_scratch = GD(differences_sparse_scratch),
    .differences_sparse = GD(differences_sparse),
    .take_steps_sparse_scratch = GD(take_steps_sparse_scratch),
    .take_steps_sparse = GD(take_steps_sparse),
    .take_steps_scratch = GD(take_steps_scratch),
    .take_steps = GD(take_steps),
    .coordinates = {GD(quadratic_scratch), GD(descend_quadratic), GD(columns_scratch), GD(descend_columns)},
    .duals = {GD(dual_epoch_scratch), GD(dual_epoch), GD(dual_sums_scratch), GD(dual_sums), GD(dual_squares)},
    .gram = {GD(gram_scratch), GD(gram)},
    .span = {GD(span_scratch), GD(span)},
    .stack = {GD(stack_scratch), GD(stack)},
    .few = GD(few),
};
