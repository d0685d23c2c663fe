# ---- the smoothed hinge in a span of directions: a part of _kernels.pyx ----

cdef extern from "kernels.h":
    ctypedef struct gd_span:
        Py_ssize_t n_rows, n_classes, n_directions
        const void *terms
        const void *changes
        const void *center
        const double *steps
        const double *weights
        double mu, least
        int is_double
        void *there
        double *value
        double *slopes
        double *products
    ctypedef struct gd_span_kernels:
        size_t (*scratch)(const gd_span *, int) noexcept nogil
        void (*run)(const gd_span *, void *, int, pool_control *) noexcept nogil
    const gd_span_kernels *gd_span_of(const gd_kernels *) nogil
    enum: GD_DIRECTIONS_MOST


def smoothed_in_span(terms, changes, center, steps, weights, mu, least, there, value, slopes, products):
    """Sums over rows of the smoothed hinge's terms, their slopes and second derivatives along directions, after a step.

    there (n, k) = terms (n, k) + steps (m,) . changes (m, n, k), a = clip(center + there / mu, 0, 1): value (1,) is the
    sum of w (a there - mu / 2 (a - center)^2), slopes (m,) of w a changes, products (m, m) of w changes changes' where
    0 < a < 1 and `least` times that elsewhere. weights (n,), or None: 1 each. All arrays (n, k) are of one type.
    """
    cdef Buffer t = hold(terms, "terms", FLOAT32 | FLOAT64, READ, 2)
    cdef Py_ssize_t n = t.view.shape[0], k = t.view.shape[1], m
    cdef Buffer d = hold(changes, "changes", t.type, READ, 3, -1, n, k)
    m = d.view.shape[0]
    if m > GD_DIRECTIONS_MOST:
        raise ValueError(f"changes must be of at most {GD_DIRECTIONS_MOST} directions; there are {m}")
    cdef Buffer c = hold(center, "center", t.type, READ, 2, n, k), s = hold(steps, "steps", FLOAT64, READ, 1, m)
    cdef Buffer w = hold_if(weights, "weights", FLOAT64, READ, 1, n)
    cdef Buffer o = hold(there, "there", t.type, WRITTEN, 2, n, k), v = hold(value, "value", FLOAT64, WRITTEN, 1, 1)
    cdef Buffer g = hold(slopes, "slopes", FLOAT64, WRITTEN, 1, m)
    cdef Buffer h = hold(products, "products", FLOAT64, WRITTEN, 2, m, m)
    cdef int n_threads = gdfast_get_num_threads()
    cdef gd_span asked
    cdef pool_control control
    cdef void *scratch = NULL
    cdef void *memory
    memset(&asked, 0, sizeof(asked))
    asked.n_rows, asked.n_classes, asked.n_directions = n, k, m
    asked.terms, asked.changes, asked.center = t.data, d.data, c.data
    asked.steps, asked.weights = <const double *> s.data, <const double *> w.data
    asked.mu, asked.least = real(mu, "mu"), real(least, "least")
    asked.is_double = t.type == FLOAT64
    asked.there, asked.value = o.data, <double *> v.data
    asked.slopes, asked.products = <double *> g.data, <double *> h.data
    watch_signals(&control)
    memory = allocate(gd_span_of(kernels).scratch(&asked, n_threads), &scratch)
    with nogil:
        gd_span_of(kernels).run(&asked, scratch, n_threads, &control)
    PyMem_Free(memory)
    raise_if_stopped(&control)
