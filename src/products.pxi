# ---- one of a pass's two products with X, and products with second derivatives: a part of _kernels.pyx ----

def weighted_rows(problem, coefficients, sums, double_arithmetic):
    """Half a pass: sums (m, columns) over rows of coefficients (n, m) times x as the model sees it."""
    if not isinstance(problem, Problem):
        raise TypeError(f"problem must be a Problem; it is {_came(problem)}")
    (<Problem> problem).require_made()
    cdef Problem own = problem
    cdef bint wide = own.arithmetic(double_arithmetic)
    cdef Py_ssize_t columns = own.p.n_features + own.p.has_bias
    cdef Buffer c = hold(coefficients, "coefficients", FLOAT64, READ, 2, own.p.n_rows, -1)
    cdef Py_ssize_t m = c.view.shape[1]
    if m > SIZE_MOST // columns or m > 2**31 - 1:
        raise ValueError(f"coefficients must leave sums of at most {SIZE_MOST} elements; they have {m} columns")
    cdef Buffer s = hold(sums, "sums", FLOAT32 | FLOAT64, WRITTEN, 2, -1, columns)
    if s.view.shape[0] != m:
        raise ValueError(f"sums must have a row for each column of coefficients, {m}; they have {s.view.shape[0]}")
    cdef gd_problem p = own.p
    cdef gd_weights weights
    cdef gd_answer answer
    cdef pool_control control
    cdef int n_threads = gdfast_get_num_threads()
    cdef void *scratch = NULL
    cdef void *memory
    p.n_classes = m
    p.normalizer = 1
    memset(&weights, 0, sizeof(weights))
    weights.is_double = s.type == FLOAT64
    weights.n_models = 1
    memset(&answer, 0, sizeof(answer))
    answer.gradient = s.data
    answer.coefficients = <const double *> c.data
    watch_signals(&control)
    memory = allocate(own.evaluate_scratch(&p, &weights, wide, n_threads), &scratch)
    with nogil:
        own.run_evaluate(&p, &weights, &answer, wide, scratch, n_threads, &control)
    PyMem_Free(memory)
    raise_if_stopped(&control)


def with_curvature(problem, factors, kind):
    """The quadratic form of second derivatives by the scores, half of it, with the problem's weights and normalizer.

    `factors` (rows of X, k), float64, lie at the rows of X. kind: 0 a diagonal, 1 softmax's of these probabilities,
    2 differences of the scores from the label's. The gradient of what is returned at V is a product of V with them.
    """
    if not isinstance(problem, Problem):
        raise TypeError(f"problem must be a Problem; it is {_came(problem)}")
    (<Problem> problem).require_made()
    cdef Problem own = problem
    cdef int which = whole(kind, "kind", 0, 2)
    if which == 2 and own.p.labels == NULL:
        raise ValueError("problem must have labels for this kind; it has none")
    cdef Buffer f = hold(factors, "factors", FLOAT64, READ, 2, own.n_total, own.p.n_classes)
    cdef Problem other = own.fresh()
    other.p = own.p
    other.p.loss = <gd_loss> (PAIR_SQUARES if which == 2 else CENTRED_SQUARES)
    other.p.margin = which == 1
    other.p.targets = <const double *> f.data
    other.n_total = own.n_total
    other.double_arithmetic = own.double_arithmetic
    other.buffers = (*own.buffers, f)
    return other
