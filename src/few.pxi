# ---- scores of a few rows: a part of _kernels.pyx ----

cdef extern from "kernels.h":
    ctypedef struct gd_few:
        Py_ssize_t n_rows, n_classes, n_features
        const void *x
        const void *w
        const void *bias
        Py_ssize_t x_stride, w_stride, bias_stride
        int is_double
        void *scores
    int gd_run_few(const gd_kernels *, const gd_few *, int, pool_control *) nogil


cdef Buffer rows_of(object array, str name, int types, int ndim, Py_ssize_t n0, Py_ssize_t n1):
    """The memory of an array whose rows may lie apart, their elements one after another, all aligned."""
    cdef Buffer b = hold(array, name, types, STRIDED, ndim, n0, n1)
    cdef Py_ssize_t size = b.view.itemsize, last = ndim - 1
    if b.view.shape[last] > 1 and b.view.strides[last] != size and ndim > 1:
        raise ValueError(f"{name} must hold its rows' elements one after another; it is {_came(array)}")
    if <uintptr_t> b.data % <uintptr_t> size != 0 or b.view.strides[0] % size != 0:
        raise ValueError(f"{name} must be aligned to its elements; it is {_came(array)}")
    return b


def few_scores(X, W, bias, scores):
    """``X W' + bias`` (n, k) of a few rows, W (k, d) read once, bias (k,) or None: whether all of them are finite.

    X, W, bias and scores are of one type; the rows of X and W may lie apart.
    """
    cdef Buffer x = rows_of(X, "X", FLOAT32 | FLOAT64, 2, -1, -1), b
    cdef Buffer w = rows_of(W, "W", x.type, 2, -1, x.view.shape[1])
    cdef Buffer s = hold(scores, "scores", x.type, WRITTEN, 2, x.view.shape[0], w.view.shape[0])
    cdef gd_few asked
    cdef pool_control control
    cdef int n_threads = gdfast_get_num_threads(), finite
    memset(&asked, 0, sizeof(asked))
    if bias is not None:
        b = rows_of(bias, "bias", x.type, 1, w.view.shape[0], -1)
        asked.bias, asked.bias_stride = b.data, b.view.strides[0]
    asked.n_rows, asked.n_features, asked.n_classes = x.view.shape[0], x.view.shape[1], w.view.shape[0]
    asked.x, asked.x_stride, asked.w, asked.w_stride = x.data, x.view.strides[0], w.data, w.view.strides[0]
    asked.is_double, asked.scores = x.type == FLOAT64, s.data
    watch_signals(&control)
    with nogil:
        finite = gd_run_few(kernels, &asked, n_threads, &control)
    raise_if_stopped(&control)
    return finite != 0
