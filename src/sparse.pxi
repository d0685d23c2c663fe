# ---- sparse X (compressed rows): a part of _kernels.pyx ----

PANEL_BYTES = 1 << 22    # of a panel's scores: a second panel costs more than scores in the third-level cache do
BLOCK_COLUMNS = 256      # a block's weights stay in the first
GROUP_CLASSES = 32       # as the kernels group classes


cdef class SparseRows:
    """X in compressed rows: values and column indices held where they lie, row starts as a copy.

    They must not change while this lives. Whoever reads indices anew notices those that lead out of X.
    """
    cdef gd_csr csr
    cdef tuple buffers  # None before __init__ and after one that failed
    cdef int64_t n_entries
    cdef bint is_sound  # starts and indices were checked, and are right
    cdef readonly tuple shape
    cdef readonly object dtype, values, indices, starts

    def __init__(self, values, indices, starts, shape):
        if self.buffers is not None:
            raise TypeError("sparse rows are made once: __init__ must not be called again")
        if not isinstance(shape, tuple) or len(shape) != 2:
            raise TypeError(f"shape must be a tuple of two integers; it is {_came(shape)}")
        cdef int64_t n = whole(shape[0], "shape[0]", 1, SIZE_MOST), d = whole(shape[1], "shape[1]", 1, SIZE_MOST)
        cdef Buffer v = entries_of(values, "values", UINT8 | FLOAT32 | FLOAT64)
        cdef Buffer i = entries_of(indices, "indices", INT32 | INT64)
        if i.view.shape[0] != v.view.shape[0]:
            raise ValueError(f"indices must be as many as values, {v.view.shape[0]}; they are {i.view.shape[0]}")
        cdef Buffer given = hold(starts, "starts", INT32 | INT64, READ, 1, n + 1)
        # Over bytes, an array can't be made writable.
        kept = np.frombuffer(np.asarray(starts, dtype=np.int64).tobytes(), dtype=np.int64)
        cdef Buffer s = memory_of(kept)
        self.values, self.indices, self.starts = values, indices, kept
        self.shape, self.dtype = (n, d), np.dtype(TYPE_NAMES[v.type])
        self.csr.values = v.data
        self.csr.indices = i.data
        self.csr.first = <const int64_t *> s.data
        self.csr.value_bytes = <int> v.view.itemsize
        self.csr.wide_indices = i.type == INT64
        self.csr.n_columns = d
        self.n_entries = v.view.shape[0]
        self.is_sound = False
        self.buffers = (v, i, s)

    def first_fault(self, n_entries, check_finite):
        """(which, where): 0 none, 1 the start, 2 decreasing starts, 3 starts beyond the entries, 4 an index, 5 a value."""
        if self.buffers is None:
            raise TypeError("these sparse rows were not made: __init__ was not called, or it failed")
        cdef int64_t n = whole(n_entries, "n_entries", 0, self.n_entries)
        return self.check(n, flag(check_finite, "check_finite"))

    cdef tuple check(self, int64_t n_entries, bint check_finite):
        cdef Py_ssize_t n = self.shape[0], d = self.shape[1]
        cdef int64_t at
        cdef int fault
        cdef pool_control control
        watch_signals(&control)
        with nogil:
            fault = gd_check_csr(&self.csr, n, d, n_entries, check_finite, &at, &control)
        raise_if_stopped(&control)
        if fault == CSR_RIGHT or fault == CSR_NOT_FINITE:
            self.is_sound = True
        return fault, at

    cdef int require_sound(self) except -1:
        """Starts and indices that lead into the entries and columns."""
        if self.buffers is None:
            raise TypeError("X must be sparse rows that were made: __init__ was not called, or it failed")
        if self.is_sound:
            return 0
        fault, at = self.check(self.n_entries, False)
        if not self.is_sound:
            what = ("", "starts must begin at 0", "starts must not fall", "starts must end within the entries",
                    f"indices must be in [0, {self.shape[1]})")[fault]
            raise ValueError(f"X's {what}; place {at} is wrong")
        return 0


cdef Buffer entries_of(array, str name, int types):
    """One-dimensional and of any length, 0 included."""
    return hold(array, name, types, READ, 1, 0 if np.size(array) == 0 else -1)


cdef class SparseProblem(Problem):
    """A loss on sparse rows. Their copy in tiles is made at the first call that reads them, and kept."""
    cdef SparseRows sparse
    cdef gd_tiles t
    cdef tuple arrays  # of the tiles; None before they are made

    def __init__(self, X, input, labels, targets, weights, index, mean, scale, loss, margin, normalizer, n_classes,
                 has_bias):
        if not isinstance(X, SparseRows):
            raise TypeError(f"X must be SparseRows; it is {_came(X)}")
        cdef SparseRows rows = X
        rows.require_sound()
        if mean is not None:
            raise ValueError("mean must be None for sparse X")
        stand_in = np.broadcast_to(np.zeros((), dtype=rows.dtype), rows.shape)
        self.start(hold(stand_in, "X", UINT8 | FLOAT32 | FLOAT64, STRIDED, 2), input, labels, targets, weights, index,
                   mean, scale, loss, margin, normalizer, n_classes, has_bias)
        self.sparse = rows

    cdef Problem fresh(self):
        cdef SparseProblem other = SparseProblem.__new__(SparseProblem)
        other.sparse = self.sparse
        return other

    cdef int check_descent(self, Buffer w, const gd_descent *asked) except -1:
        if self.double_arithmetic and w.type != FLOAT64:
            raise TypeError("W must be float64 for steps on sparse X in float64; it is float32")
        return 0

    cdef list hold_states(self, states, Buffer w, const gd_descent *asked):
        """Plain gradient descent without L1 may keep [shrink, squares] and the weights that they belong to."""
        if asked.rule != RULE_GRADIENT_DESCENT or asked.l1 != 0 or not isinstance(states, tuple) or len(states) != 2:
            return Problem.hold_states(self, states, w, asked)
        return [hold(states[0], "states[0]", w.type, WRITTEN, 2, w.view.shape[0], w.view.shape[1]),
                hold(states[1], "states[1]", FLOAT64, WRITTEN, 1, 2)]

    cdef int make_tiles(self) except -1:
        if self.arrays is not None:
            return 0
        cdef Py_ssize_t n = self.p.n_rows, d = self.p.n_features, k = self.p.n_classes
        cdef bint wide = self.sparse.csr.value_bytes == 8
        cdef Py_ssize_t size = 8 if wide else 4
        cdef Py_ssize_t groups = (k + GROUP_CLASSES - 1) // GROUP_CLASSES
        cdef Py_ssize_t row_bytes = ((k + groups - 1) // groups + 3) // 4 * 4 * size
        cdef int64_t entries, fullest, listed, kept
        cdef gd_tiles made
        cdef gd_tiles *t = &made  # another thread may be making them too: the first that is done is kept
        memset(&made, 0, sizeof(made))
        t.n_rows, t.n_columns, t.wide_values = n, d, wide
        most = min(PANEL_BYTES // row_bytes, GD_PANEL_ROWS_MOST)
        t.n_panels = (n + most - 1) // most
        t.panel_rows = (n + t.n_panels - 1) // t.n_panels
        cdef int changed
        cdef pool_control control
        watch_signals(&control)
        with nogil:
            changed = gd_leads_outside(&self.sparse.csr, self.p.index, n, &control)
        raise_if_stopped(&control)
        raise_if_changed(changed)
        with nogil:
            entries = gd_count_entries(&self.sparse.csr, self.p.index, n, t.panel_rows, &fullest)
        t.block_columns = BLOCK_COLUMNS
        while t.block_columns < GD_BLOCK_COLUMNS_MOST and d // t.block_columns * t.n_panels > entries // 16 + 512:
            t.block_columns *= 2
        t.n_blocks = (d + t.block_columns - 1) // t.block_columns
        starts = np.empty((2, t.n_panels * t.n_blocks + 1), dtype=np.int64)
        listing = np.empty((2, min(entries, t.n_panels * d)), dtype=np.uint16)
        rows, values = np.empty(entries, dtype=np.uint16), np.empty(entries, dtype=np.float64 if wide else np.float32)
        spare = np.empty(fullest * (size + 4), dtype=np.uint8)
        cdef Buffer a = memory_of(starts), b = memory_of(listing), r = memory_of(rows), v = memory_of(values)
        cdef Buffer s = memory_of(spare)
        t.entry = <int64_t *> a.data
        t.listed = t.entry + a.view.shape[1]
        t.columns = <uint16_t *> b.data
        t.counts = t.columns + b.view.shape[1]
        t.rows = <uint16_t *> r.data
        t.values = v.data
        with nogil:
            listed = gd_fill_tiles(t, &self.sparse.csr, self.p.index, s.data, fullest, &control)
        raise_if_stopped(&control)
        b = memory_of(np.ascontiguousarray(listing[:, :listed]))
        t.columns = <uint16_t *> b.data
        t.counts = t.columns + b.view.shape[1]
        if self.arrays is None:
            self.t, self.arrays = made, (a, b, r, v)
        return 0

    def share_tiles(self, other):
        """Take those of a problem on the same rows: they depend on X and the rows alone."""
        self.require_made()
        if not isinstance(other, SparseProblem) or (<SparseProblem> other).buffers is None:
            raise TypeError(f"other must be a SparseProblem that was made; it is {_came(other)}")
        cdef SparseProblem source = other
        cdef bint same = source.sparse is self.sparse and source.p.n_rows == self.p.n_rows
        if same and source.p.index != self.p.index:
            same = (source.p.index != NULL and self.p.index != NULL and
                    memcmp(source.p.index, self.p.index, self.p.n_rows * sizeof(int64_t)) == 0)
        if not same:
            raise ValueError("other must be a problem on the same rows of the same X; it is not")
        source.make_tiles()
        if self.arrays is None:
            self.t, self.arrays = source.t, source.arrays

    cdef size_t evaluate_scratch(self, const gd_problem *p, const gd_weights *w, bint double_arithmetic,
                                 int n_threads) except? 0:
        self.make_tiles()
        return kernels.evaluate_sparse_scratch(p, &self.t, w, double_arithmetic, n_threads)

    cdef void run_evaluate(self, const gd_problem *p, const gd_weights *w, const gd_answer *answer,
                           bint double_arithmetic, void *scratch, int n_threads, pool_control *control) noexcept nogil:
        kernels.evaluate_sparse(p, &self.t, w, answer, double_arithmetic, scratch, n_threads, control)

    cdef size_t differences_scratch(self, const gd_differences *asked, int n_threads) except? 0:
        self.make_tiles()
        return kernels.differences_sparse_scratch(&self.p, &self.t, asked, n_threads)

    cdef void run_differences(self, const gd_weights *w, const gd_differences *asked, void *scratch, int n_threads,
                              pool_control *control) noexcept nogil:
        kernels.differences_sparse(&self.p, &self.t, w, asked, scratch, n_threads, control)

    cdef size_t take_steps_scratch(self, gd_descent *asked, bint double_arithmetic) except? 0:
        return kernels.take_steps_sparse_scratch(&self.p, asked)

    cdef void run_steps(self, gd_descent *asked, bint double_arithmetic, void *scratch,
                          pool_control *control) noexcept nogil:
        kernels.take_steps_sparse(&self.p, &self.sparse.csr, asked, scratch, control)
