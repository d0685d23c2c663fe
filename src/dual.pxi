# ---- dual coordinate ascent: a part of _kernels.pyx ----

from libc.stdint cimport uint8_t


cdef extern from "kernels.h":
    ctypedef struct gd_duals:
        const int64_t *order
        const int64_t *rows
        Py_ssize_t n_visits
        const double *squares
        double unit, bias_square, mean_weight
        int is_double
        uint8_t *idle
        void *duals
        void *w
        double *sums
        int as_given
        double total, moment
        int changed
    ctypedef struct gd_dual_kernels:
        size_t (*epoch_scratch)(const gd_problem *, const gd_csr *, int) noexcept nogil
        void (*epoch)(const gd_problem *, const gd_csr *, gd_duals *, void *, pool_control *) noexcept nogil
        size_t (*sums_scratch)(const gd_problem *, const gd_csr *) noexcept nogil
        void (*sums)(const gd_problem *, const gd_csr *, gd_duals *, void *, pool_control *) noexcept nogil
        int (*squares)(const gd_problem *, const gd_csr *, double *, void *, pool_control *) noexcept nogil
    const gd_dual_kernels *gd_duals_of(const gd_kernels *) nogil


cdef const gd_csr *csr_of(Problem problem):
    return &(<SparseProblem> problem).sparse.csr if isinstance(problem, SparseProblem) else NULL


def dual_epoch(problem, order, rows, squares, unit, bias_square, mean_weight, duals, idle, W):
    """A visit of the rows `order`: duals (n, k) and W, both of the arithmetic's type, move in place; idle (n,) counts.

    order (m,) numbers the duals' rows, rows (m,) the same ones in X. An interrupt leaves all of them worthless.
    """
    cdef Problem own_problem = dual_problem(problem)
    cdef Py_ssize_t n = own_problem.p.n_rows, k = own_problem.p.n_classes
    if not kernels.losses[own_problem.p.loss].has_dual or own_problem.p.labels == NULL:
        raise ValueError(f"problem must be one of the hinge, with labels; its loss is {own_problem.p.loss}")
    cdef Buffer o = positions(order, "order", -1, n)
    cdef Buffer r = positions(rows, "rows", o.view.shape[0], own_problem.n_total)
    cdef Buffer q = hold(squares, "squares", FLOAT64, READ, 1, n)
    cdef Buffer w = own_problem.hold_weights(W, WRITTEN)
    cdef Buffer a = hold(duals, "duals", w.type, WRITTEN, 2, n, k)
    cdef Buffer s = hold(idle, "idle", UINT8, WRITTEN, 1, n)
    cdef const gd_csr *x = csr_of(own_problem)
    cdef const gd_dual_kernels *own = gd_duals_of(kernels)
    cdef gd_duals asked
    cdef pool_control control
    cdef void *scratch = NULL
    cdef void *memory
    memset(&asked, 0, sizeof(asked))
    memset(&control, 0, sizeof(control))
    control.poll = poll_signals
    asked.n_visits = o.view.shape[0]
    asked.order, asked.rows = <const int64_t *> o.data, <const int64_t *> r.data
    asked.squares = <const double *> q.data
    asked.unit, asked.bias_square = real(unit, "unit"), real(bias_square, "bias_square")
    asked.mean_weight = real(mean_weight, "mean_weight")
    asked.is_double = w.type == FLOAT64
    asked.duals, asked.idle, asked.w = a.data, <uint8_t *> s.data, w.data
    memory = allocate(own.epoch_scratch(&own_problem.p, x, asked.is_double), &scratch)
    with nogil:
        own.epoch(&own_problem.p, x, &asked, scratch, &control)
    PyMem_Free(memory)
    raise_if_stopped(&control)
    raise_if_changed(asked.changed)


def dual_sums(problem, squares, mean_weight, duals, sums, as_given):
    """A'X and, last column, the sums of A into sums (k, d + 1), float64. Returns the sum of a, and that of |A| |x|.

    as_given: duals are A itself, any numbers, and nothing is returned.
    """
    cdef Problem own_problem = dual_problem(problem)
    cdef Py_ssize_t n = own_problem.p.n_rows, k = own_problem.p.n_classes
    cdef gd_duals asked
    memset(&asked, 0, sizeof(asked))
    asked.as_given = flag(as_given, "as_given")
    if not asked.as_given and own_problem.p.labels == NULL:
        raise ValueError("problem must have labels for duals that are not as given; it has none")
    cdef Buffer q = hold(squares, "squares", FLOAT64, READ, 1, n)
    cdef Buffer a = hold(duals, "duals", FLOAT32 | FLOAT64, READ, 2, n, k)
    cdef Buffer s = hold(sums, "sums", FLOAT64, WRITTEN, 2, k, own_problem.p.n_features + 1)
    cdef const gd_csr *x = csr_of(own_problem)
    cdef const gd_dual_kernels *own = gd_duals_of(kernels)
    cdef pool_control control
    cdef void *scratch = NULL
    cdef void *memory
    memset(&control, 0, sizeof(control))
    control.poll = poll_signals
    asked.squares = <const double *> q.data
    asked.mean_weight = real(mean_weight, "mean_weight")
    asked.is_double = a.type == FLOAT64
    asked.duals = a.data
    asked.sums = <double *> s.data
    memory = allocate(own.sums_scratch(&own_problem.p, x), &scratch)
    with nogil:
        own.sums(&own_problem.p, x, &asked, scratch, &control)
    PyMem_Free(memory)
    raise_if_stopped(&control)
    raise_if_changed(asked.changed)
    return asked.total, asked.moment


def dual_squares(problem, squares):
    """|x|^2 of every row as the model sees it, into squares (n,), float64."""
    cdef Problem own_problem = dual_problem(problem)
    cdef Buffer q = hold(squares, "squares", FLOAT64, WRITTEN, 1, own_problem.p.n_rows)
    cdef const gd_csr *x = csr_of(own_problem)
    cdef const gd_dual_kernels *own = gd_duals_of(kernels)
    cdef pool_control control
    cdef void *scratch = NULL
    cdef void *memory
    cdef int changed
    memset(&control, 0, sizeof(control))
    control.poll = poll_signals
    memory = allocate(own.sums_scratch(&own_problem.p, x), &scratch)
    with nogil:
        changed = own.squares(&own_problem.p, x, <double *> q.data, scratch, &control)
    PyMem_Free(memory)
    raise_if_stopped(&control)
    raise_if_changed(changed)


cdef Problem dual_problem(problem):
    if not isinstance(problem, Problem):
        raise TypeError(f"problem must be a Problem; it is {_came(problem)}")
    (<Problem> problem).require_made()
    return problem
