# ---- sparse X (compressed rows): a part of _kernels.pyx ----

PANEL_BYTES = 1 << 20    # a panel's scores stay in the second-level cache
BLOCK_COLUMNS = 256      # a block's weights stay in the first
GROUP_CLASSES = 32       # as the kernels group classes


cdef class SparseRows:
    """X in compressed rows: values, column indices and row starts, held where they lie (starts as an int64 copy)."""
    cdef gd_csr csr
    cdef tuple buffers
    cdef readonly tuple shape
    cdef readonly object dtype, values, indices, starts

    def __init__(self, values, indices, starts, tuple shape):
        cdef Buffer v = Buffer(values, PyBUF_C_CONTIGUOUS), i = Buffer(indices, PyBUF_C_CONTIGUOUS)
        self.values, self.indices, self.starts = values, indices, np.array(starts, dtype=np.int64)
        self.shape, self.dtype = shape, values.dtype
        cdef Buffer s = Buffer(self.starts, PyBUF_C_CONTIGUOUS)
        self.buffers = (v, i, s)
        self.csr.values = v.data
        self.csr.indices = i.data
        self.csr.first = <const int64_t *> s.data
        self.csr.wide_values = v.view.itemsize == 8
        self.csr.wide_indices = i.view.itemsize == 8

    def first_fault(self, int64_t n_entries, bint check_finite):
        """(which, where): 0 none, 1 the start, 2 decreasing starts, 3 starts beyond the entries, 4 an index, 5 a value."""
        cdef Py_ssize_t n = self.shape[0], d = self.shape[1]
        cdef int64_t at
        cdef int fault
        with nogil:
            fault = gd_check_csr(&self.csr, n, d, n_entries, check_finite, &at)
        return fault, at


cdef class SparseProblem(Problem):
    """A loss on sparse rows. Their copy in tiles is made at the first call that reads them, and kept."""
    cdef SparseRows sparse
    cdef gd_tiles t
    cdef tuple arrays  # of the tiles; None before they are made

    def __init__(self, SparseRows X, int input, labels, targets, weights, index, mean, scale, int loss, double margin,
                 double normalizer, Py_ssize_t n_classes, bint has_bias):
        stand_in = np.broadcast_to(np.zeros((), dtype=X.dtype), X.shape)
        super().__init__(stand_in, input, labels, targets, weights, index, mean, scale, loss, margin, normalizer,
                         n_classes, has_bias)
        self.sparse = X
        self.arrays = None

    cdef int make_tiles(self) except -1:
        if self.arrays is not None:
            return 0
        cdef Py_ssize_t n = self.p.n_rows, d = self.p.n_features, k = self.p.n_classes
        cdef Py_ssize_t size = 8 if self.sparse.csr.wide_values else 4
        cdef Py_ssize_t groups = (k + GROUP_CLASSES - 1) // GROUP_CLASSES
        cdef Py_ssize_t row_bytes = ((k + groups - 1) // groups + 3) // 4 * 4 * size
        cdef int64_t entries, fullest, listed, kept
        cdef gd_tiles *t = &self.t
        t.n_rows, t.n_columns, t.wide_values = n, d, self.sparse.csr.wide_values
        most = min(PANEL_BYTES // row_bytes, GD_PANEL_ROWS_MOST)
        t.n_panels = (n + most - 1) // most
        t.panel_rows = (n + t.n_panels - 1) // t.n_panels
        with nogil:
            entries = gd_count_entries(&self.sparse.csr, self.p.index, n, t.panel_rows, &fullest)
        t.block_columns = BLOCK_COLUMNS
        while t.block_columns < GD_BLOCK_COLUMNS_MOST and d // t.block_columns * t.n_panels > entries // 16 + 512:
            t.block_columns *= 2
        t.n_blocks = (d + t.block_columns - 1) // t.block_columns
        starts = np.empty((2, t.n_panels * t.n_blocks + 1), dtype=np.int64)
        listing = np.empty((2, min(entries, t.n_panels * d)), dtype=np.uint16)
        rows, values = np.empty(entries, dtype=np.uint16), np.empty(entries, dtype=self.sparse.dtype)
        spare = np.empty(fullest * (size + 4), dtype=np.uint8)
        cdef Buffer a = Buffer(starts, PyBUF_C_CONTIGUOUS), b = Buffer(listing, PyBUF_C_CONTIGUOUS)
        cdef Buffer r = Buffer(rows, PyBUF_C_CONTIGUOUS), v = Buffer(values, PyBUF_C_CONTIGUOUS)
        cdef Buffer s = Buffer(spare, PyBUF_C_CONTIGUOUS)
        t.entry = <int64_t *> a.data
        t.listed = t.entry + a.view.shape[1]
        t.columns = <uint16_t *> b.data
        t.counts = t.columns + b.view.shape[1]
        t.rows = <uint16_t *> r.data
        t.values = v.data
        with nogil:
            listed = gd_fill_tiles(t, &self.sparse.csr, self.p.index, s.data, fullest)
        b = Buffer(np.ascontiguousarray(listing[:, :listed]), PyBUF_C_CONTIGUOUS)
        t.columns = <uint16_t *> b.data
        t.counts = t.columns + b.view.shape[1]
        self.arrays = (a, b, r, v)
        return 0

    def share_tiles(self, SparseProblem other):
        """Take those of a problem on the same rows: they depend on X and the rows alone."""
        other.make_tiles()
        self.t, self.arrays = other.t, other.arrays

    cdef size_t evaluate_scratch(self, const gd_weights *w, bint double_arithmetic, int n_threads) except? 0:
        self.make_tiles()
        return kernels.evaluate_sparse_scratch(&self.p, &self.t, w, double_arithmetic, n_threads)

    cdef void run_evaluate(self, const gd_weights *w, const gd_answer *answer, bint double_arithmetic, void *scratch,
                           int n_threads, pool_control *control) noexcept nogil:
        kernels.evaluate_sparse(&self.p, &self.t, w, answer, double_arithmetic, scratch, n_threads, control)

    cdef size_t differences_scratch(self, const gd_differences *asked, int n_threads) except? 0:
        self.make_tiles()
        return kernels.differences_sparse_scratch(&self.p, &self.t, asked, n_threads)

    cdef void run_differences(self, const gd_weights *w, const gd_differences *asked, void *scratch, int n_threads,
                              pool_control *control) noexcept nogil:
        kernels.differences_sparse(&self.p, &self.t, w, asked, scratch, n_threads, control)

    cdef size_t descend_scratch(self, gd_descent *asked, bint double_arithmetic) except? 0:
        return kernels.descend_sparse_scratch(&self.p, asked)

    cdef void run_descend(self, gd_descent *asked, bint double_arithmetic, void *scratch,
                          pool_control *control) noexcept nogil:
        kernels.descend_sparse(&self.p, &self.sparse.csr, asked, scratch, control)
