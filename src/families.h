/* What the families of kernels give to the table of their instruction set, and to each other: compiled once for each. */
#ifndef GD_FAMILIES_H
#define GD_FAMILIES_H

#include "kernels.h"

#ifndef GD_ISA
#error "families.h needs GD_ISA, the name of an instruction set"
#endif

#define GD_PASTE(name, isa) gd_##name##_##isa
#define GD_EXPAND(name, isa) GD_PASTE(name, isa)
#define GD(name) GD_EXPAND(name, GD_ISA)

/* losses/ */
extern const gd_loss_row *const GD(losses)[LOSS_ROWS];
#define GD_LOSS_DIFFERENCES(name) extern const struct gd_loss_differences GD(name##_differences);
EACH_LOSS(GD_LOSS_DIFFERENCES) /* of those that have some */
#undef GD_LOSS_DIFFERENCES

/* dense/ */
size_t GD(evaluate_float_scratch)(const gd_problem *, const gd_weights *, int n_threads);
size_t GD(evaluate_double_scratch)(const gd_problem *, const gd_weights *, int n_threads);
void GD(evaluate_float)(const gd_problem *, const gd_weights *, const gd_answer *, void *scratch, int n_threads,
                        pool_control *);
void GD(evaluate_double)(const gd_problem *, const gd_weights *, const gd_answer *, void *scratch, int n_threads,
                         pool_control *);

/* integer/: 0 where it is not one for integers, and then nothing is done */
size_t GD(evaluate_integer_scratch)(const gd_problem *, const gd_weights *, int n_threads);
int GD(evaluate_integer)(const gd_problem *, const gd_weights *, const gd_answer *, void *scratch, int n_threads,
                         pool_control *);

/* sparse/ */
size_t GD(evaluate_sparse_scratch)(const gd_problem *, const gd_tiles *, const gd_weights *, int double_arithmetic,
                                   int n_threads);
void GD(evaluate_sparse)(const gd_problem *, const gd_tiles *, const gd_weights *, const gd_answer *,
                         int double_arithmetic, void *scratch, int n_threads, pool_control *);

/* differences/ */
size_t GD(differences_scratch)(const gd_problem *, const gd_differences *, int n_threads);
void GD(differences)(const gd_problem *, const gd_weights *, const gd_differences *, void *scratch, int n_threads,
                     pool_control *);
size_t GD(differences_sparse_scratch)(const gd_problem *, const gd_tiles *, const gd_differences *, int n_threads);
void GD(differences_sparse)(const gd_problem *, const gd_tiles *, const gd_weights *, const gd_differences *,
                            void *scratch, int n_threads, pool_control *);

/* mix/ */
size_t GD(mix_scratch)(const gd_problem *, const gd_mix *, int n_threads);
void GD(mix)(const gd_problem *, const gd_mix *, void *scratch, int n_threads, pool_control *);
size_t GD(grid_scratch)(const gd_problem *, const gd_grid *, int n_threads);
void GD(grid)(const gd_problem *, const gd_grid *, void *scratch, int n_threads, pool_control *);

/* steps/ */
extern const gd_rule_facts GD(rules)[RULE_COUNT];
size_t GD(take_steps_scratch)(const gd_problem *, const gd_descent *, int double_arithmetic);
void GD(take_steps)(const gd_problem *, gd_descent *, int double_arithmetic, void *scratch, pool_control *);
size_t GD(take_steps_sparse_scratch)(const gd_problem *, gd_descent *);
void GD(take_steps_sparse)(const gd_problem *, const gd_csr *, gd_descent *, void *scratch, pool_control *);

/* dual/ */
size_t GD(dual_epoch_scratch)(const gd_problem *, const gd_csr *, int double_arithmetic);
void GD(dual_epoch)(const gd_problem *, const gd_csr *, gd_duals *, void *scratch, pool_control *);
size_t GD(dual_sums_scratch)(const gd_problem *, const gd_csr *);
void GD(dual_sums)(const gd_problem *, const gd_csr *, gd_duals *, void *scratch, pool_control *);
int GD(dual_squares)(const gd_problem *, const gd_csr *, double *squares, void *scratch, pool_control *);

/* coordinate/ */
size_t GD(quadratic_scratch)(const gd_quadratic *);
void GD(descend_quadratic)(gd_quadratic *, void *scratch, pool_control *);
size_t GD(columns_scratch)(const gd_columns *);
void GD(descend_columns)(gd_columns *, void *scratch, pool_control *);

/* span/ */
size_t GD(span_scratch)(const gd_span *, int n_threads);
void GD(span)(const gd_span *, void *scratch, int n_threads, pool_control *);

/* stack/ */
size_t GD(stack_scratch)(const gd_stack *, int n_threads);
void GD(stack)(const gd_stack *, void *scratch, int n_threads, pool_control *);

/* few/ */
int GD(few)(const gd_few *, int n_threads, pool_control *);

/* gram/ */
size_t GD(gram_scratch)(const gd_problem *, const gd_gram *, int n_threads);
void GD(gram)(const gd_problem *, const gd_gram *, void *scratch, int n_threads, pool_control *);

#endif
