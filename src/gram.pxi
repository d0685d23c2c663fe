# ---- the Gram matrix of rows: a part of _kernels.pyx ----

cdef extern from "kernels.h":
    ctypedef struct gd_gram:
        const double *roots
        double factor
        int is_double
        double *matrix
        double *largest
    ctypedef struct gd_gram_kernels:
        size_t (*scratch)(const gd_problem *, const gd_gram *, int) noexcept nogil
        void (*run)(const gd_problem *, const gd_gram *, void *, int, pool_control *) noexcept nogil
    const gd_gram_kernels *gd_gram_of(const gd_kernels *) nogil


def gram(problem, roots, factor, double_arithmetic, matrix, largest):
    """factor * sum_i (roots_i z_i) (roots_i z_i)' of dense rows into matrix (m, m); roots None: 1 each.

    In double, or in float: then largest (m,), of |roots_i z_ij|, tells whether that was enough. Bytes without roots are
    summed up exactly, in integers.
    """
    if not isinstance(problem, Problem) or isinstance(problem, SparseProblem):
        raise TypeError(f"problem must be a Problem on dense rows; it is {_came(problem)}")
    (<Problem> problem).require_made()
    cdef Problem own_problem = problem
    cdef Py_ssize_t m = own_problem.p.n_features + own_problem.p.has_bias
    cdef Buffer r = hold_if(roots, "roots", FLOAT64, READ, 1, own_problem.p.n_rows)
    cdef Buffer g = hold(matrix, "matrix", FLOAT64, WRITTEN, 2, m, m)
    cdef Buffer l = hold(largest, "largest", FLOAT64, WRITTEN, 1, m)
    cdef const gd_gram_kernels *own = gd_gram_of(kernels)
    cdef int n_threads = gdfast_get_num_threads()
    cdef gd_gram asked
    cdef pool_control control
    cdef void *scratch = NULL
    cdef void *memory
    asked.roots = <const double *> r.data
    asked.factor = real(factor, "factor")
    asked.is_double = own_problem.arithmetic(double_arithmetic)
    asked.matrix, asked.largest = <double *> g.data, <double *> l.data
    memset(&control, 0, sizeof(control))
    control.poll = poll_signals
    memory = allocate(own.scratch(&own_problem.p, &asked, n_threads), &scratch)
    with nogil:
        own.run(&own_problem.p, &asked, scratch, n_threads, &control)
    PyMem_Free(memory)
    raise_if_stopped(&control)
