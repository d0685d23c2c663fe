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
    ctypedef struct gd_dual_kernels:
        size_t (*epoch_scratch)(const gd_problem *, const gd_csr *, int) noexcept nogil
        void (*epoch)(const gd_problem *, const gd_csr *, gd_duals *, void *, pool_control *) noexcept nogil
        size_t (*sums_scratch)(const gd_problem *, const gd_csr *) noexcept nogil
        void (*sums)(const gd_problem *, const gd_csr *, gd_duals *, void *, pool_control *) noexcept nogil
        void (*squares)(const gd_problem *, const gd_csr *, double *, void *, pool_control *) noexcept nogil
    const gd_dual_kernels *gd_duals_of(const gd_kernels *) nogil


cdef const gd_csr *csr_of(Problem problem):
    return &(<SparseProblem> problem).sparse.csr if isinstance(problem, SparseProblem) else NULL


def dual_epoch(Problem problem, order, rows, squares, double unit, double bias_square, double mean_weight, duals, idle,
               W):
    """A visit of the rows `order`: duals (n, k) and W, both of the arithmetic's type, move in place; idle (n,) counts.

    An interrupt leaves them worthless.
    """
    cdef Buffer o = Buffer(order, PyBUF_C_CONTIGUOUS), r = Buffer(rows, PyBUF_C_CONTIGUOUS)
    cdef Buffer q = Buffer(squares, PyBUF_C_CONTIGUOUS)
    cdef Buffer a = Buffer(duals, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
    cdef Buffer w = Buffer(W, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
    cdef Buffer s = Buffer(idle, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
    cdef const gd_csr *x = csr_of(problem)
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
    asked.unit, asked.bias_square, asked.mean_weight = unit, bias_square, mean_weight
    asked.is_double = a.view.itemsize == 8
    asked.duals, asked.idle, asked.w = a.data, <uint8_t *> s.data, w.data
    memory = allocate(own.epoch_scratch(&problem.p, x, asked.is_double), &scratch)
    with nogil:
        own.epoch(&problem.p, x, &asked, scratch, &control)
    PyMem_RawFree(memory)
    raise_if_stopped(&control)


def dual_sums(Problem problem, squares, double mean_weight, duals, sums, bint as_given):
    """A'X and, last column, the sums of A into sums (k, d + 1), float64. Returns the sum of a, and that of |A| |x|.

    as_given: duals are A itself, any numbers, and nothing is returned.
    """
    cdef Buffer q = Buffer(squares, PyBUF_C_CONTIGUOUS), a = Buffer(duals, PyBUF_C_CONTIGUOUS)
    cdef Buffer s = Buffer(sums, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
    cdef const gd_csr *x = csr_of(problem)
    cdef const gd_dual_kernels *own = gd_duals_of(kernels)
    cdef gd_duals asked
    cdef pool_control control
    cdef void *scratch = NULL
    cdef void *memory
    memset(&asked, 0, sizeof(asked))
    memset(&control, 0, sizeof(control))
    control.poll = poll_signals
    asked.squares = <const double *> q.data
    asked.mean_weight = mean_weight
    asked.is_double = a.view.itemsize == 8
    asked.duals = a.data
    asked.sums = <double *> s.data
    asked.as_given = as_given
    memory = allocate(own.sums_scratch(&problem.p, x), &scratch)
    with nogil:
        own.sums(&problem.p, x, &asked, scratch, &control)
    PyMem_RawFree(memory)
    raise_if_stopped(&control)
    return asked.total, asked.moment


def dual_squares(Problem problem, squares):
    """|x|^2 of every row as the model sees it, into squares (n,), float64."""
    cdef Buffer q = Buffer(squares, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
    cdef const gd_csr *x = csr_of(problem)
    cdef const gd_dual_kernels *own = gd_duals_of(kernels)
    cdef pool_control control
    cdef void *scratch = NULL
    cdef void *memory
    memset(&control, 0, sizeof(control))
    control.poll = poll_signals
    memory = allocate(own.sums_scratch(&problem.p, x), &scratch)
    with nogil:
        own.squares(&problem.p, x, <double *> q.data, scratch, &control)
    PyMem_RawFree(memory)
    raise_if_stopped(&control)
