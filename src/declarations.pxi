# What the binding calls of the C files: their declarations, in the order of the headers.

cdef extern from "Python.h":
    int PyErr_CheckSignals() noexcept
    void *PyErr_Occurred() noexcept


cdef extern from "pool.h":
    ctypedef struct pool_control:
        int stop
        int (*poll)(void *) noexcept nogil
        void *poll_context
        double last_poll
    double pool_seconds() noexcept nogil
    int gdfast_get_num_threads() nogil
    void gdfast_set_num_threads(int) nogil
    int pool_use_threads(int) nogil


cdef extern from "arrays.h":
    Py_ssize_t gd_first_not_finite(const char *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, int,
                                   pool_control *) nogil
    int64_t gd_copy_positions(int64_t *, const int64_t *, int64_t, int64_t) nogil
    int64_t gd_copy_labels(int32_t *, const int32_t *, int64_t, int32_t) nogil
    int64_t gd_first_not_rising(const int64_t *, int64_t) nogil
    void gd_permutation(int64_t *, int64_t, uint64_t, uint64_t, pool_control *) nogil
    void gd_prefer_large_pages(void *, size_t)


cdef extern from "kernels.h":
    ctypedef int gd_input
    ctypedef int gd_loss
    ctypedef int gd_scheme
    gd_scheme SCHEME_CROSSINGS
    enum: LOSS_COUNT, PAIR_SQUARES, CENTRED_SQUARES, SCHEME_COUNT, RULE_COUNT, GD_SETTINGS_MOST, GD_STATES_MOST
    ctypedef struct gd_loss_row:
        const char *name
        int takes_labels, has_kinks, has_dual
    ctypedef struct gd_rule_facts:
        int n_settings, n_states
    ctypedef struct gd_problem:
        const char *x
        Py_ssize_t row_stride, column_stride
        gd_input input
        Py_ssize_t n_features, n_rows
        const int64_t *index
        Py_ssize_t n_classes
        const int32_t *labels
        const double *targets
        const double *weights
        gd_loss loss
        double margin, normalizer
        const double *mean
        const double *scale
        int has_bias
    ctypedef struct gd_weights:
        const void *w
        int is_double
        Py_ssize_t n_models
    ctypedef struct gd_answer:
        double *value
        void *gradient
        void *scores
        const double *coefficients
    ctypedef struct gd_differences:
        double h
        gd_scheme scheme
        const int64_t *columns
        Py_ssize_t n_columns
        double *difference
        int64_t *crossings
        int generic
    ctypedef struct gd_mix:
        const double *base
        const double *first
        const double *second
        const double *points
        Py_ssize_t n_points
        double *values
        double *slopes
        double *coefficients
    ctypedef struct gd_grid:
        const double *base
        const double *first
        const double *second
        const double *a
        const double *b
        Py_ssize_t n_a, n_b
        double *values
    ctypedef int gd_rule
    gd_rule RULE_GRADIENT_DESCENT
    ctypedef struct gd_descent:
        gd_rule rule
        double settings[4]
        const int64_t *order
        const int64_t *starts
        const double *rates
        Py_ssize_t n_steps
        double l1, l2
        int penalize_bias
        double mean_weight
        int64_t first_step
        int is_double
        void *w
        void *state[2]
        int n_states
        double *values
        Py_ssize_t done
        int changed
    ctypedef struct gd_csr:
        const void *values
        const void *indices
        const int64_t *first
        int value_bytes, wide_indices
        Py_ssize_t n_columns
    ctypedef struct gd_tiles:
        Py_ssize_t n_rows, n_columns, panel_rows, n_panels, block_columns, n_blocks
        int64_t *entry
        int64_t *listed
        uint16_t *columns
        uint16_t *counts
        uint16_t *rows
        void *values
        int wide_values
    enum: GD_PANEL_ROWS_MOST, GD_BLOCK_COLUMNS_MOST
    enum: CSR_RIGHT, CSR_NOT_FINITE
    int gd_check_csr(const gd_csr *, Py_ssize_t, Py_ssize_t, int64_t, int, int64_t *, pool_control *) nogil
    int gd_leads_outside(const gd_csr *, const int64_t *, Py_ssize_t, pool_control *) nogil
    int64_t gd_count_entries(const gd_csr *, const int64_t *, Py_ssize_t, Py_ssize_t, int64_t *) nogil
    int64_t gd_fill_tiles(gd_tiles *, const gd_csr *, const int64_t *, void *, int64_t, pool_control *) nogil
    ctypedef struct gd_kernels:
        const gd_loss_row *const *losses
        const gd_rule_facts *rules
        size_t (*evaluate_float_scratch)(const gd_problem *, const gd_weights *, int) noexcept nogil
        size_t (*evaluate_double_scratch)(const gd_problem *, const gd_weights *, int) noexcept nogil
        void (*evaluate_float)(const gd_problem *, const gd_weights *, const gd_answer *, void *, int, pool_control *) noexcept nogil
        void (*evaluate_double)(const gd_problem *, const gd_weights *, const gd_answer *, void *, int, pool_control *) noexcept nogil
        size_t (*differences_scratch)(const gd_problem *, const gd_differences *, int) noexcept nogil
        void (*differences)(const gd_problem *, const gd_weights *, const gd_differences *, void *, int, pool_control *) noexcept nogil
        size_t (*mix_scratch)(const gd_problem *, const gd_mix *, int) noexcept nogil
        void (*mix)(const gd_problem *, const gd_mix *, void *, int, pool_control *) noexcept nogil
        size_t (*grid_scratch)(const gd_problem *, const gd_grid *, int) noexcept nogil
        void (*grid)(const gd_problem *, const gd_grid *, void *, int, pool_control *) noexcept nogil
        size_t (*take_steps_scratch)(const gd_problem *, const gd_descent *, int) noexcept nogil
        void (*take_steps)(const gd_problem *, gd_descent *, int, void *, pool_control *) noexcept nogil
        size_t (*evaluate_sparse_scratch)(const gd_problem *, const gd_tiles *, const gd_weights *, int, int) noexcept nogil
        void (*evaluate_sparse)(const gd_problem *, const gd_tiles *, const gd_weights *, const gd_answer *, int, void *, int, pool_control *) noexcept nogil
        size_t (*differences_sparse_scratch)(const gd_problem *, const gd_tiles *, const gd_differences *, int) noexcept nogil
        size_t (*take_steps_sparse_scratch)(const gd_problem *, gd_descent *) noexcept nogil
        void (*take_steps_sparse)(const gd_problem *, const gd_csr *, gd_descent *, void *, pool_control *) noexcept nogil
        void (*differences_sparse)(const gd_problem *, const gd_tiles *, const gd_weights *, const gd_differences *, void *, int, pool_control *) noexcept nogil


cdef extern from "dispatch.h":
    enum: GD_MAX_TABLES
    const gd_kernels *gd_choose(const char *, const char **)
    int gd_available(const char **)
    const char *gd_compiler()
