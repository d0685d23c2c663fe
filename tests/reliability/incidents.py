"""Incidents of other libraries and faults of gdfast's first release -> the test that replays them.

A test of this folder is named after its incident; one that stood elsewhere already is named here.
"""

from __future__ import annotations

HERE = "reliability/test_incidents.py"
WRONG = "reliability/test_silently_wrong.py"
FAULTS = "reliability/test_first_release.py"

OF_OTHERS = {
    "scikit-learn 7650, 19272, LightGBM 4751: a fork after threads hangs": (
        "test_pool.py::test_a_child_forked_after_a_parallel_call_goes_on"
    ),
    "scikit-learn 9136: Ctrl-C ignored for 38 s": "descent/test_interrupted_runs.py::test_a_run_answers_at_once",
    "scikit-learn 9136: Ctrl-C in a fit": (
        "estimators/test_refusals.py::test_an_interrupted_fit_leaves_the_model_as_it_was"
    ),
    "scikit-learn 19660, 18027, 9545: int32 overflow": (
        "objective/linear/test_inputs.py::test_more_elements_than_2_to_the_31"
    ),
    "liblinear 77, 88: int32 overflow": f"{HERE}::test_liblinear_77_88_sparse_indices_of_64_bits",
    "scikit-learn 21654: misaligned arrays": f"{HERE}::test_scikit_learn_21654_misaligned_rows",
    "scikit-learn 10624, 25484: read-only arrays": f"{HERE}::test_scikit_learn_10624_25484_read_only_rows",
    "bottleneck 104: byte order gives wrong numbers": f"{HERE}::test_bottleneck_104_byte_order",
    "pytorch 43840: bad labels give a wrong loss": f"{HERE}::test_pytorch_43840_bad_labels",
    "lightning 48: a crash at two classes": f"{HERE}::test_lightning_48_two_classes",
    "scikit-learn 34256: leaks in fit": f"{HERE}::test_scikit_learn_34256_a_fit_leaks_nothing",
    "scikit-learn 10517: errors swallowed where the GIL is released": (
        "test_pool.py::test_an_error_in_a_signal_handler_comes_through"
    ),
    "scikit-learn 18891, LightGBM 7357: model files that crash the reader": (
        "test_model.py::test_every_flipped_byte_and_every_cut_is_found"
    ),
    "pytorch 31125, scikit-learn 10011: a resume that goes on differently": (
        "descent/test_checkpoints.py::test_a_crashed_run_ends_on_the_same_bits"
    ),
    "scikit-learn 2969, 11355, 21067: CSR of 64-bit indices": f"{HERE}::test_liblinear_77_88_sparse_indices_of_64_bits",
    "scikit-learn 2393, 5371: an index beyond 2^31": (
        "objective/linear/test_inputs.py::test_more_elements_than_2_to_the_31"
    ),
    "scikit-learn 8570: memory grows with every fit": f"{HERE}::test_scikit_learn_34256_a_fit_leaks_nothing",
    "scikit-learn 23376, 33032: a regression in float32 is another": (
        f"{WRONG}::test_scikit_learn_23376_33032_integers_in_float32_are_the_same_regression"
    ),
    "scikit-learn 19578, 30131: sparse rows with weights are fitted wrongly": (
        f"{WRONG}::test_scikit_learn_19578_30131_sparse_rows_with_weights_are_dense_ones"
    ),
    "scikit-learn 26164: rows of weight 0 change the fit": (
        f"{WRONG}::test_scikit_learn_26164_rows_of_weight_0_are_no_rows"
    ),
    "scikit-learn 34139: a class of all-zero weights": (
        f"{WRONG}::test_scikit_learn_34139_a_class_whose_rows_all_weigh_0"
    ),
    "scikit-learn 13638: the logistic loss lacks digits": (
        f"{WRONG}::test_scikit_learn_13638_the_logistic_loss_has_all_digits"
    ),
    "chainer 3046, Paddle 4283, scipy 12991: gradient checks in float32": (
        f"{WRONG}::test_chainer_3046_paddle_4283_scipy_12991_a_right_gradient_in_float32"
    ),
    "scipy 7766: a check that does not scale": f"{WRONG}::test_scipy_7766_a_wrong_gradient_is_wrong_at_any_scale",
    "jax 7742: a check in float16 sees zeros": f"{WRONG}::test_jax_7742_a_check_in_float16_is_refused_or_right",
    "glum 240, celer 36, andersoncd 63: columns of zeros or ones": (
        f"{WRONG}::test_glum_240_celer_36_andersoncd_63_columns_of_zeros_and_of_ones"
    ),
    "scikit-learn 26493: C and Fortran order differ": (
        f"{WRONG}::test_scikit_learn_26493_rows_in_either_order_are_one_model"
    ),
    "pyglmnet 170: a proximal step makes NaN of zeros": f"{WRONG}::test_pyglmnet_170_a_proximal_step_at_zero_weights",
    "optax 1754, 1755, 1769: zero gradients make NaN": (
        f"{WRONG}::test_optax_1754_1755_1769_a_gradient_of_zero_leaves_no_nan"
    ),
    "optax 1203: L-BFGS where products underflow": f"{WRONG}::test_optax_1203_lbfgs_where_products_of_steps_underflow",
    "dask-ml 860, 950, 770: weights depend on the chunks": (
        f"{WRONG}::test_dask_ml_860_950_770_weights_do_not_depend_on_the_parts"
    ),
    "cuml 7806: an empty part crashes": f"{WRONG}::test_cuml_7806_a_part_without_rows",
    "cuml-spark 394: a strength of zero": f"{WRONG}::test_cuml_spark_394_a_strength_of_zero",
    "python-glmnet 27: labels of text with one feature": (
        f"{WRONG}::test_python_glmnet_27_labels_of_any_kind_with_one_feature"
    ),
}

OF_OUR_OWN = {
    "A: w0 of another shape with mini-batches": f"{FAULTS}::test_a_w0_of_another_shape_with_mini_batches",
    "A: wrong lengths, types and indices": "test_kernels_arguments.py::test_arguments_drawn_at_random_do_not_crash",
    "A: a loss with a code of its own": f"{FAULTS}::test_a_loss_with_a_code_of_its_own",
    "A: a subclass of Hinge": f"{FAULTS}::test_a_subclass_of_hinge_is_used_as_it_is",
    "A: attributes set after construction": (
        "objective/linear/test_immutable.py::test_assigning_is_refused_and_names_the_attribute"
    ),
    "A: permutations of a subclass": "descent/test_own_batches.py::test_a_permutation_that_is_none_is_refused_by_name",
    "A: right digest, wrong arrays": "reliability/test_crafted_checkpoints.py",
    "A: damaged CSR": "estimators/test_damaged_sparse.py::test_it_is_refused_with_its_place",
    "B: an offset hides a wrong gradient": (
        "checks/gradient/test_own_scale.py::test_no_wrong_gradient_passes_under_an_offset"
    ),
    "B: a large entry hides a small one": "checks/gradient/test_own_scale.py::test_a_large_entry_hides_no_small_one",
    "B: a factor that is none": (
        "checks/gradient/test_own_scale.py::test_values_far_above_their_spacing_and_no_factor_nobody_would_write"
    ),
    "B: float64 parameters, float32 arithmetic": (
        "checks/gradient/test_own_scale.py::test_float64_parameters_in_float32_arithmetic"
    ),
    "B: near a domain's edge": (
        "checks/gradient/test_own_scale.py::test_near_the_end_of_a_domain_steps_are_shorter_or_one_sided"
    ),
    "B: sums in random order": "checks/gradient/test_own_scale.py::test_a_sum_in_another_order_is_deterministic",
    "C: a value that changes its argument": (
        "objective/test_guarded.py::test_a_value_that_changes_its_argument_is_minimised"
    ),
    "C: a callback that writes into w": "objective/test_guarded.py::test_w_is_read_only_where_a_run_hands_it_out",
    "C: a float16 w0": f"{FAULTS}::test_c_a_float16_w0",
    "C: clip with rules that learn curvature": (
        "descent/optimizers/test_curvature.py::test_rules_that_learn_curvature_refuse_clipping_before_any_work"
    ),
    "C: a sweep that leaves the domain": (
        "differences/test_sweep.py::test_steps_that_leave_the_domain_have_no_error_and_the_others_a_best_one"
    ),
    "C: a buffer that is used again": (
        "differences/test_jacobian.py::test_a_function_may_return_the_same_buffer_every_time"
    ),
    "C: rays that leave the domain": (
        "descent/line_searches/test_domains.py::test_the_minimum_of_a_ray_lies_where_the_function_is"
    ),
    "D: a Hessian far out": "differences/test_estimates.py::test_hessians_far_out_and_of_large_values",
    "E: the index of pandas": "datasets/test_first_rows.py::test_the_index_that_pandas_writes_is_no_feature",
    "E: names that are numbers": "datasets/test_tables.py::test_csv_names_that_are_numbers",
    "E: labels stay their text": f"{FAULTS}::test_e_labels_stay_their_text",
    "E: a blank label at predict": f"{FAULTS}::test_e_rows_with_a_blank_label_are_predicted",
    "E: enums of polars": "datasets/test_one_behaviour.py::test_categories_and_enums_as_polars_writes_them",
    "E: duplicate entries of CSR": "estimators/test_refusals.py::test_entries_of_one_place_add_up",
    "E: missing labels in every format": (
        "datasets/test_one_behaviour.py::test_missing_labels_are_refused_by_row_in_every_format"
    ),
    "E: list offsets below 0": "datasets/test_hostile_files.py::test_list_offsets_below_0_are_damage",
    "E: labels that end with a null": "datasets/test_hostile_files.py::test_labels_that_end_with_a_null_are_others",
    "E: what is no feature, with the remedy": (
        "datasets/test_one_behaviour.py::test_what_is_no_feature_is_named_with_the_remedy"
    ),
    "F: a fit's threads": "estimators/test_refusals.py::test_a_grid_search_in_threads_leaves_the_process_its_threads",
    "F: tol loses nothing": "estimators/test_stopping.py::test_a_tolerance_loses_nothing_of_a_regression",
    "F: L1 with lbfgs": "estimators/test_refusals.py::test_optimizers_that_l1_misleads_are_refused",
    "F: partial_fit keeps the optimizer's state": "estimators/test_parts.py::test_the_optimizers_state_goes_on",
    "F: class weights that a fold lacks": (
        "estimators/test_refusals.py::test_class_weights_of_classes_that_a_fold_lacks"
    ),
    "F: alpha is the peer's": "estimators/test_peers.py::test_logistic_regression",
    "F: save_model of an estimator": f"{FAULTS}::test_f_an_estimator_is_saved",
    "F: y of several columns": f"{FAULTS}::test_f_targets_of_several_columns",
    "F: a refit that is refused": "estimators/test_refusals.py::test_a_fit_that_is_refused_leaves_the_model_as_it_was",
    "F: Huber on prices": "estimators/test_peers.py::test_huber_on_prices_is_near_squared_error_in_any_unit",
    "F: stopping on wine": "estimators/test_stopping.py::test_stopping_loses_nothing_on_wine",
    "G: a number like 10**400": f"{FAULTS}::test_g_a_number_beyond_float64_is_named",
    "G: modes, links, planted names": "reliability/test_paths.py::test_planted_temporary_names_are_not_followed",
    "G: control characters": "reliability/test_escaping.py::test_a_command_shows_names_and_obeys_none",
    "G: formulas in CSV": "reliability/test_escaping.py::test_no_cell_of_predictions_is_a_formula",
    "G: Ctrl-C while a CSV is read": "datasets/test_quick_csv.py::test_ctrl_c_is_answered_at_once",
    "G: Ctrl-C makes no further pass": "descent/test_interrupted_runs.py::test_no_further_pass_is_made",
    "G: Ctrl-C in searches": "descent/derivative_free/test_search_endings.py::test_an_interrupt_gives_the_best_so_far",
    "G: hill_climb has a limit": "descent/derivative_free/test_search_endings.py::test_a_climb_has_a_limit_by_itself",
    "G: two processes save to one path": "files/test_atomic.py::test_two_processes_save_side_by_side",
    "G: resume with another step": "descent/test_resumed_otherwise.py::test_another_step_from_there_on",
    "H: a rise, a fall, a standstill": f"{FAULTS}::test_h_max_steps_tells_three_endings_apart",
    "H: an uphill direction": "descent/test_explanation.py::test_an_uphill_direction_is_named",
    "H: names of other libraries' arguments": f"{FAULTS}::test_h_arguments_of_other_libraries_are_answered",
    "H: a history with weights, as a table": f"{FAULTS}::test_h_a_history_keeps_the_weights",
    "I: numpy before 2.1": f"{FAULTS}::test_i_no_array_of_a_setting_is_saved",
    "E: where svmlight begins to count": "cli/test_reading_options.py::test_the_base_of_svmlight_is_the_models",
    "E: delimiters": "datasets/test_first_rows.py::test_delimiters",
    "E: encodings": "datasets/test_first_rows.py::test_encodings",
    "E: a sparse .npz that would take all memory": (
        "datasets/test_hostile_files.py::test_what_unpacks_to_more_than_the_memory_is_refused"
    ),
    "E: booleans as labels": "datasets/test_first_rows.py::test_booleans_are_a_column_of_their_own",
    "E: an svmlight file whose first row is odd": (
        "datasets/test_hostile_files.py::test_svmlight_whose_first_row_is_odd"
    ),
    "E: guesses are told": "cli/test_reading_options.py::test_guesses_are_told",
    "F: partial_fit with what needs all rows": "estimators/test_parts.py::test_what_needs_all_rows_is_refused_by_name",
    "F: dual coordinate ascent from weights": (
        "estimators/test_parts.py::test_dual_coordinate_ascent_does_not_start_from_weights"
    ),
    "F: stopping by early_stopping": "estimators/test_stopping.py::test_early_stopping_on_digits",
    "H: logarithmic axes": "pictures/test_axes_for_all.py::test_a_logarithmic_axis_says_what_it_leaves_out",
    "H: runs on a dark background": "cli/test_figures.py::test_a_dark_figure_is_the_same_on_black",
    "I: an extra that is missing is named": (
        "datasets/chunks/test_bad_files.py::test_a_library_that_is_missing_is_named"
    ),
}
