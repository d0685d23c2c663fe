# ---- coordinate descent on quadratic models: a part of _kernels.pyx ----

cdef extern from "kernels.h":
    ctypedef struct gd_visits:
        Py_ssize_t size
        double *w
        const double *l1
        const double *l2
        double tolerance
        Py_ssize_t epochs_most, epochs
        double violation
    ctypedef struct gd_quadratic:
        gd_visits visits
        const double *matrix
        double *gradient
    ctypedef struct gd_columns:
        gd_visits visits
        Py_ssize_t n_rows, n_classes
        const double *values
        const int64_t *starts
        const int64_t *rows
        const int64_t *classes
        const int64_t *columns
        const double *diagonal
        const double *less
        const double *more
        double *changes
        double *sums
        const double *gradient
    ctypedef struct gd_coordinate_kernels:
        size_t (*quadratic_scratch)(const gd_quadratic *) noexcept nogil
        void (*quadratic)(gd_quadratic *, void *, pool_control *) noexcept nogil
        size_t (*columns_scratch)(const gd_columns *) noexcept nogil
        void (*columns)(gd_columns *, void *, pool_control *) noexcept nogil
    const gd_coordinate_kernels *gd_coordinates_of(const gd_kernels *) nogil


cdef tuple hold_visits(gd_visits *asked, Py_ssize_t size, w, l1, l2, tolerance, epochs):
    """The weights that are visited, and how often; what they are held by."""
    cdef Buffer v = hold(w, "w", FLOAT64, WRITTEN, 1, size)
    cdef Buffer a = hold(l1, "l1", FLOAT64, READ, 1, size), b = hold(l2, "l2", FLOAT64, READ, 1, size)
    memset(asked, 0, sizeof(asked[0]))
    asked.size, asked.w = size, <double *> v.data
    asked.l1, asked.l2 = <const double *> a.data, <const double *> b.data
    asked.tolerance = real(tolerance, "tolerance")
    asked.epochs_most = whole(epochs, "epochs", 1, 2**31 - 1)
    return v, a, b


def descend_quadratic(matrix, gradient, w, l1, l2, tolerance, epochs):
    """Epochs of coordinate descent: w (m,) and gradient (m,), without penalties, move in place; matrix (m, m).

    Returns how many epochs there were, and the largest element of the subgradient in the last one over all weights.
    """
    cdef Buffer g = hold(gradient, "gradient", FLOAT64, WRITTEN, 1)
    cdef Py_ssize_t m = g.view.shape[0]
    cdef Buffer h = hold(matrix, "matrix", FLOAT64, READ, 2, m, m)
    cdef gd_quadratic asked
    cdef pool_control control
    cdef void *scratch = NULL
    cdef void *memory
    memset(&asked, 0, sizeof(asked))
    held = hold_visits(&asked.visits, m, w, l1, l2, tolerance, epochs)
    asked.matrix, asked.gradient = <const double *> h.data, <double *> g.data
    watch_signals(&control)
    memory = allocate(gd_coordinates_of(kernels).quadratic_scratch(&asked), &scratch)
    with nogil:
        gd_coordinates_of(kernels).quadratic(&asked, scratch, &control)
    PyMem_Free(memory)
    raise_if_stopped(&control)
    return asked.visits.epochs, asked.visits.violation


def descend_columns(values, starts, rows, classes, columns, diagonal, less, more, changes, sums, gradient, w, l1, l2,
                    tolerance, epochs):
    """Epochs of coordinate descent by columns of X: w (pairs,), changes (k, n) and sums (2, n) move in place.

    values (m, n), or (entries,) with starts (m + 1,) and rows (entries,); diagonal, less and more (k, n); classes, columns,
    gradient, l1 and l2 (pairs,).
    """
    cdef Buffer d = hold(changes, "changes", FLOAT64, WRITTEN, 2)
    cdef Py_ssize_t k = d.view.shape[0], n = d.view.shape[1], m
    cdef Buffer s = hold(sums, "sums", FLOAT64, WRITTEN, 2, 2, n)
    cdef Buffer x, o = Buffer.__new__(Buffer), r = Buffer.__new__(Buffer)
    cdef Py_ssize_t j
    if starts is None:
        x = hold(values, "values", FLOAT64, READ, 2, -1, n)
        m = x.view.shape[0]
    else:
        x = hold(values, "values", FLOAT64, READ, 1)
        o = positions(starts, "starts", -1, x.view.shape[0] + 1)
        r = positions(rows, "rows", x.view.shape[0], n)
        m = o.view.shape[0] - 1
        for j in range(m):
            if (<const int64_t *> o.data)[j] > (<const int64_t *> o.data)[j + 1]:
                raise ValueError(f"starts must not fall; starts[{j + 1}] does")
    cdef Buffer f = positions(columns, "columns", -1, m)
    cdef Py_ssize_t pairs = f.view.shape[0]
    cdef Buffer c = positions(classes, "classes", pairs, k)
    cdef Buffer p = hold(diagonal, "diagonal", FLOAT64, READ, 2, k, n)
    cdef Buffer q = hold_if(less, "less", FLOAT64, READ, 2, k, n)
    cdef Buffer t = hold_if(more, "more", FLOAT64, READ, 2, k, n)
    cdef Buffer g = hold(gradient, "gradient", FLOAT64, READ, 1, pairs)
    cdef gd_columns asked
    cdef pool_control control
    cdef void *scratch = NULL
    cdef void *memory
    memset(&asked, 0, sizeof(asked))
    held = hold_visits(&asked.visits, pairs, w, l1, l2, tolerance, epochs)
    asked.n_rows, asked.n_classes = n, k
    asked.values = <const double *> x.data
    asked.starts, asked.rows = <const int64_t *> o.data, <const int64_t *> r.data
    asked.classes, asked.columns = <const int64_t *> c.data, <const int64_t *> f.data
    asked.diagonal, asked.less = <const double *> p.data, <const double *> q.data
    asked.more = <const double *> t.data
    asked.changes, asked.sums = <double *> d.data, <double *> s.data
    asked.gradient = <const double *> g.data
    watch_signals(&control)
    memory = allocate(gd_coordinates_of(kernels).columns_scratch(&asked), &scratch)
    with nogil:
        gd_coordinates_of(kernels).columns(&asked, scratch, &control)
    PyMem_Free(memory)
    raise_if_stopped(&control)
    return asked.visits.epochs, asked.visits.violation
