# ---- what L-BFGS does with its pairs: a part of _kernels.pyx ----

cdef extern from "kernels.h":
    ctypedef struct gd_stack:
        Py_ssize_t size, n_rows, n_vectors
        const void *const *rows
        const void *const *vectors
        const double *factors
        int is_double
        double *products
        void *combination
    ctypedef struct gd_stack_kernels:
        size_t (*scratch)(const gd_stack *, int) noexcept nogil
        void (*run)(const gd_stack *, void *, int, pool_control *) noexcept nogil
    const gd_stack_kernels *gd_stack_of(const gd_kernels *) nogil


cdef int run_stack(gd_stack *asked) except -1:
    cdef int n_threads = gdfast_get_num_threads()
    cdef pool_control control
    cdef void *scratch = NULL
    cdef void *memory
    watch_signals(&control)
    memory = allocate(gd_stack_of(kernels).scratch(asked, n_threads), &scratch)
    with nogil:
        gd_stack_of(kernels).run(asked, scratch, n_threads, &control)
    PyMem_Free(memory)
    raise_if_stopped(&control)
    return 0


cdef list arrays_of(arrays, str name, Buffer like=None):
    """The memory of some flat arrays of one type and size, and of another one's."""
    cdef list held = []
    for array in arrays:
        if like is None:
            like = hold(array, name, FLOAT32 | FLOAT64, READ, 1)
        held.append(hold(array, name, like.type, READ, 1, like.view.shape[0]))
    if not held:
        raise ValueError(f"{name} must hold an array at least; it is empty")
    return held


def stack_products(rows, vectors, products):
    """Each row times each vector, in float64: products (len(rows), len(vectors)). All are flat, of one type and size."""
    cdef list left = arrays_of(rows, "rows")
    cdef Buffer first = left[0], each
    cdef list right = arrays_of(vectors, "vectors", first)
    cdef Py_ssize_t r = len(left), c = len(right), i
    cdef Buffer found = hold(products, "products", FLOAT64, WRITTEN, 2, r, c)
    cdef gd_stack asked
    cdef const void **pointers = <const void **> PyMem_Malloc((r + c) * sizeof(void *))
    if pointers == NULL:
        raise MemoryError()
    try:
        for i, each in enumerate(left):
            pointers[i] = each.data
        for i, each in enumerate(right):
            pointers[r + i] = each.data
        memset(&asked, 0, sizeof(asked))
        asked.size, asked.n_rows, asked.n_vectors = first.view.shape[0], r, c
        asked.rows, asked.vectors, asked.is_double = pointers, pointers + r, first.type == FLOAT64
        asked.products = <double *> found.data
        run_stack(&asked)
    finally:
        PyMem_Free(pointers)


def stack_combination(factors, rows, combination):
    """``factors @ rows``, added up in float64. Rows and combination are flat, of one type and size."""
    cdef list held = arrays_of(rows, "rows")
    cdef Buffer first = held[0], each
    cdef Py_ssize_t r = len(held), i
    cdef Buffer out = hold(combination, "combination", first.type, WRITTEN, 1, first.view.shape[0])
    cdef Buffer f = hold(factors, "factors", FLOAT64, READ, 1, r)
    cdef gd_stack asked
    cdef const void **pointers = <const void **> PyMem_Malloc(r * sizeof(void *))
    if pointers == NULL:
        raise MemoryError()
    try:
        for i, each in enumerate(held):
            pointers[i] = each.data
        memset(&asked, 0, sizeof(asked))
        asked.size, asked.n_rows = out.view.shape[0], r
        asked.rows, asked.is_double, asked.factors = pointers, out.type == FLOAT64, <const double *> f.data
        asked.combination = out.data
        run_stack(&asked)
    finally:
        PyMem_Free(pointers)


@cython.cdivision(True)  # by 0: what is not finite is no direction, which the caller sees
def two_loops(products, on_gradient, memory, pairs, coefficients):
    """The two loops of L-BFGS on its stack's products (rows, rows): coefficients (rows + 1,), the last of P^-1 gradient.

    Row i of the stack is a move, row memory + i the gradient's change, the last `memory` rows are P^-1 times the changes
    (the changes themselves where there are no more rows); on_gradient (rows,) are the products with the gradient.
    """
    cdef Buffer p = hold(products, "products", FLOAT64, READ, 2)
    cdef Py_ssize_t rows = p.view.shape[0], m = whole(memory, "memory", 1, rows // 2), i, j, a, b, n, first, solved = rows - m
    cdef int64_t count = whole(pairs, "pairs", 1, SIZE_MOST)
    if p.view.shape[1] != rows or (rows != 2 * m and rows != 3 * m):
        raise ValueError(f"products must be square, of 2 or 3 times memory rows; they are {rows} x {p.view.shape[1]}")
    cdef Buffer g = hold(on_gradient, "on_gradient", FLOAT64, READ, 1, rows)
    cdef Buffer out = hold(coefficients, "coefficients", FLOAT64, WRITTEN, 1, rows + 1)
    cdef const double *P = <const double *> p.data
    cdef const double *y = <const double *> g.data
    cdef double *c = <double *> out.data
    cdef double own, value
    n = count if count < m else m
    first = count - n
    for i in range(rows + 1):
        c[i] = 0
    # Alphas from the newest pair to the oldest, kept where P^-1 times their changes are.
    for i in range(n - 1, -1, -1):
        a = (first + i) % m
        value = y[a]
        for j in range(i + 1, n):
            b = (first + j) % m
            value -= c[solved + b] * P[a * rows + m + b]
        c[solved + a] = value / P[a * rows + m + a]
    a = (count - 1) % m
    own = P[a * rows + m + a] / P[(m + a) * rows + solved + a]
    # The moves' coefficients from the oldest pair to the newest.
    for i in range(n):
        a = (first + i) % m
        value = y[solved + a]
        for j in range(n):
            b = (first + j) % m
            value -= c[solved + b] * P[(m + a) * rows + solved + b]
        value *= own
        for j in range(i):
            b = (first + j) % m
            value += c[b] * P[b * rows + m + a]
        c[a] = c[solved + a] - value / P[a * rows + m + a]
    for i in range(n):
        a = (first + i) % m
        c[solved + a] *= -own
    c[rows] = own
