# ---- a loss on rows of X: a part of _kernels.pyx ----

cdef class Problem:
    """Rows of X, their labels or targets, and a loss: everything that stays the same while W moves.

    Labels and the rows' numbers are kept as copies; X, targets, weights, mean and scale where they lie. Without labels
    and targets there are scores only.
    """
    cdef gd_problem p
    cdef Py_ssize_t n_total  # rows of X
    cdef readonly bint double_arithmetic
    cdef tuple buffers  # None before __init__ and after one that failed

    def __init__(self, X, input, labels, targets, weights, index, mean, scale, loss, margin, normalizer, n_classes,
                 has_bias):
        self.start(hold(X, "X", UINT8 | FLOAT16 | FLOAT32 | FLOAT64, STRIDED, 2), input, labels, targets, weights,
                   index, mean, scale, loss, margin, normalizer, n_classes, has_bias)

    cdef int start(self, Buffer x, input, labels, targets, weights, index, mean, scale, loss, margin, normalizer,
                   n_classes, has_bias) except -1:
        cdef gd_problem p
        cdef Py_ssize_t n = x.view.shape[0], d = x.view.shape[1], k
        if self.buffers is not None:
            raise TypeError("a problem is made once: __init__ must not be called again")
        memset(&p, 0, sizeof(p))
        p.x = <const char *> x.view.buf
        p.row_stride = x.view.strides[0]
        p.column_stride = x.view.strides[1]
        p.input = <gd_input> whole(input, "input", 0, 3)
        if (UINT8, FLOAT16, FLOAT32, FLOAT64)[p.input] != x.type:
            raise ValueError(f"input must be the type of X, {TYPE_NAMES[x.type]}; it is {p.input}")
        p.loss = <gd_loss> whole(loss, "loss", 0, LOSS_COUNT - 1)
        k = whole(n_classes, "n_classes", 1, 2**31 - 1)
        p.margin = real(margin, "margin")
        p.normalizer = real(normalizer, "normalizer")
        p.has_bias = flag(has_bias, "has_bias")
        if n > SIZE_MOST or d >= SIZE_MOST // k:
            raise ValueError(f"X and n_classes must leave n_classes * n_features and n_samples below {SIZE_MOST}; X "
                             f"has the shape ({n}, {d}), n_classes is {k}")
        if labels is not None and not kernels.losses[p.loss].takes_labels:
            raise ValueError(f"labels must be None for loss {p.loss}, which takes targets")
        if targets is not None and kernels.losses[p.loss].takes_labels:
            raise ValueError(f"targets must be None for loss {p.loss}, which takes labels")
        cdef Buffer y = Buffer.__new__(Buffer) if labels is None else labels_below(labels, "labels", n, k)
        cdef Buffer t = hold_if(targets, "targets", FLOAT64, READ, 2, n, k)
        cdef Buffer w = hold_if(weights, "weights", FLOAT64, READ, 1, n)
        cdef Buffer i = Buffer.__new__(Buffer) if index is None else positions(index, "index", -1, n)
        cdef Buffer m = hold_if(mean, "mean", FLOAT64, READ, 1, d), s = hold_if(scale, "scale", FLOAT64, READ, 1, d)
        p.n_features = d
        p.n_rows = i.view.shape[0] if i.held else n
        p.index = <const int64_t *> i.data
        p.n_classes = k
        p.labels = <const int32_t *> y.data
        p.targets = <const double *> t.data
        p.weights = <const double *> w.data
        p.mean = <const double *> m.data
        p.scale = <const double *> s.data
        self.p = p
        self.n_total = n
        self.double_arithmetic = x.type == FLOAT64
        self.buffers = (x, y, t, w, i, m, s)
        return 0

    def on_rows(self, index, normalizer):
        """The same loss on the rows `index` of X, (m,), repeats allowed."""
        self.require_made()
        cdef Buffer i = positions(index, "index", -1, self.n_total)
        cdef Problem other = self.fresh()
        other.p = self.p
        other.p.normalizer = real(normalizer, "normalizer")
        other.p.index = <const int64_t *> i.data
        other.p.n_rows = i.view.shape[0]
        other.n_total = self.n_total
        other.double_arithmetic = self.double_arithmetic
        other.buffers = (*self.buffers, i)
        return other

    def with_pairs(self, factors):
        """Half the sum over rows and wrong classes of factors[i, c] (s_ic - s_iy)^2, on the same rows of X.

        `factors` (rows of X, k), float64, lie at the rows of X; weights and normalizer are theirs. The gradient of this
        problem at V is a product of V with the second derivatives, in one pass.
        """
        self.require_made()
        if self.p.labels == NULL:
            raise ValueError("labels must be given to the problem for this; they are None")
        cdef Buffer f = hold(factors, "factors", FLOAT64, READ, 2, self.n_total, self.p.n_classes)
        cdef Problem other = self.fresh()
        other.p = self.p
        other.p.loss = <gd_loss> PAIR_SQUARES
        other.p.weights = NULL
        other.p.normalizer = 1
        other.p.targets = <const double *> f.data
        other.n_total = self.n_total
        other.double_arithmetic = self.double_arithmetic
        other.buffers = (*self.buffers, f)
        return other

    cdef Problem fresh(self):
        return Problem.__new__(Problem)

    cdef int require_made(self) except -1:
        if self.buffers is None:
            raise TypeError("this problem was not made: __init__ was not called, or it failed")
        return 0

    cdef int require_y(self) except -1:
        """For all that is more than scores."""
        if self.p.labels == NULL and self.p.targets == NULL:
            raise ValueError("labels or targets must be given to the problem for this; both are None")
        return 0

    cdef bint arithmetic(self, double_arithmetic) except -1:
        cdef bint wide = flag(double_arithmetic, "double_arithmetic")
        if self.double_arithmetic and not wide:
            raise ValueError("double_arithmetic must be True for X in float64; it is False")
        return wide

    cdef Buffer hold_weights(self, W, int use):
        return hold(W, "W", FLOAT32 | FLOAT64, use, 2, self.p.n_classes, self.p.n_features + self.p.has_bias)

    def evaluate(self, W, values, gradient, scores, double_arithmetic):
        """One pass: W (k, columns) or (m, k, columns); values (m,), gradient like W, scores (n, m * k), or None each.

        A gradient comes with a value, and of one W.
        """
        self.require_made()
        cdef bint wide = self.arithmetic(double_arithmetic)
        cdef Py_ssize_t k = self.p.n_classes, columns = self.p.n_features + self.p.has_bias
        cdef int types = FLOAT32 | FLOAT64
        cdef Buffer w = opened(W, "W", types)
        cdef bint many = w.view.ndim == 3
        if many:
            checked(w, W, "W", types, READ, 3, -1, k, columns)
        else:
            checked(w, W, "W", types, READ, 2, k, columns, -1)
        cdef Py_ssize_t m = w.view.shape[0] if many else 1
        if m > SIZE_MOST // (k * columns):
            raise ValueError(f"W must hold at most {SIZE_MOST} elements; its shape is ({m}, {k}, {columns})")
        if gradient is not None and (m != 1 or values is None):
            raise ValueError(f"gradient must be None without values, and for several W; W has {m}")
        if values is not None:
            self.require_y()
        cdef Buffer v = hold_if(values, "values", FLOAT64, WRITTEN, 1, m)
        cdef Buffer g
        if many:
            g = hold_if(gradient, "gradient", w.type, WRITTEN, 3, 1, k, columns)
        else:
            g = hold_if(gradient, "gradient", w.type, WRITTEN, 2, k, columns)
        cdef Buffer s = hold_if(scores, "scores", FLOAT64 if wide else FLOAT32, WRITTEN, 2, self.p.n_rows, m * k)
        cdef gd_weights weights
        cdef gd_answer answer
        cdef pool_control control
        cdef int n_threads = gdfast_get_num_threads()
        cdef void *scratch = NULL
        cdef void *memory
        weights.w = w.data
        weights.is_double = w.type == FLOAT64
        weights.n_models = m
        answer.value = <double *> v.data
        answer.gradient = g.data
        answer.scores = s.data
        answer.coefficients = NULL
        memset(&control, 0, sizeof(control))
        control.poll = poll_signals
        memory = allocate(self.evaluate_scratch(&self.p, &weights, wide, n_threads), &scratch)
        with nogil:
            self.run_evaluate(&self.p, &weights, &answer, wide, scratch, n_threads, &control)
        PyMem_Free(memory)
        raise_if_stopped(&control)

    def differences(self, W, h, scheme, columns, difference, crossings, generic=False):
        """Sums over rows of loss(+h) - loss(-h) (or - loss) per class and chosen column, times the normalizer.

        columns (c,) rise; difference and crossings (k, c). generic: as for a loss without kernels for differences.
        """
        self.require_made()
        self.require_y()
        cdef gd_differences asked
        asked.h = real(h, "h")
        if not 0 < asked.h < float("inf"):
            raise ValueError(f"h must be finite and > 0; it is {asked.h:g}")
        asked.scheme = <gd_scheme> whole(scheme, "scheme", 0, SCHEME_COUNT - 1)
        cdef bint counts = asked.scheme == SCHEME_CROSSINGS
        if counts and not kernels.losses[self.p.loss].has_kinks:
            raise ValueError(f"scheme must not count crossings for loss {self.p.loss}, which has no kinks")
        if counts and crossings is None:
            raise TypeError("crossings must be an array where they are counted; it is None")
        cdef Buffer w = self.hold_weights(W, READ)
        cdef Buffer c = positions(columns, "columns", -1, self.p.n_features + self.p.has_bias)
        cdef Py_ssize_t n = c.view.shape[0]
        cdef int64_t place = gd_first_not_rising(<const int64_t *> c.data, n)
        if place >= 0:
            raise ValueError(f"columns must rise; columns[{place}] is {(<const int64_t *> c.data)[place]} after "
                             f"{(<const int64_t *> c.data)[place - 1]}")
        cdef Buffer d = hold(difference, "difference", FLOAT64, WRITTEN, 2, self.p.n_classes, n)
        cdef Buffer x = hold_if(crossings, "crossings", INT64, WRITTEN, 2, self.p.n_classes, n)
        cdef gd_weights weights
        cdef pool_control control
        cdef int n_threads = gdfast_get_num_threads()
        cdef void *scratch = NULL
        cdef void *memory
        weights.w = w.data
        weights.is_double = w.type == FLOAT64
        weights.n_models = 1
        asked.columns = <const int64_t *> c.data
        asked.n_columns = n
        asked.generic = flag(generic, "generic")
        asked.difference = <double *> d.data
        asked.crossings = <int64_t *> x.data
        memset(&control, 0, sizeof(control))
        control.poll = poll_signals
        memory = allocate(self.differences_scratch(&asked, n_threads), &scratch)
        with nogil:
            self.run_differences(&weights, &asked, scratch, n_threads, &control)
        PyMem_Free(memory)
        raise_if_stopped(&control)

    def mix(self, base, first, second, points, values, slopes, coefficients):
        """Losses of scores base + a * first + b * second at points (m,) or, with `second`, (m, 2); None where not asked.

        Slopes need `first`; coefficients are of one point.
        """
        self.require_made()
        self.require_y()
        cdef Py_ssize_t n = self.p.n_rows, k = self.p.n_classes, m = 1
        cdef Buffer s = hold(base, "base", FLOAT64, READ, 2, n, k)
        cdef Buffer u = hold_if(first, "first", FLOAT64, READ, 2, n, k), v = hold_if(second, "second", FLOAT64, READ, 2, n, k)
        cdef Buffer q
        if v.held:
            q = hold(points, "points", FLOAT64, READ, 2, -1, 2)
        elif u.held:
            q = hold(points, "points", FLOAT64, READ, 1)
        else:
            q = hold_if(points, "points", FLOAT64, READ, 1)
        if q.held:
            m = q.view.shape[0]
        if slopes is not None and not u.held:
            raise ValueError("slopes must be None without a first direction")
        if coefficients is not None and m != 1:
            raise ValueError(f"coefficients must be None for several points; there are {m}")
        cdef Buffer a = hold_if(values, "values", FLOAT64, WRITTEN, 1, m)
        cdef Buffer b = hold_if(slopes, "slopes", FLOAT64, WRITTEN, 1, m)
        cdef Buffer c = hold_if(coefficients, "coefficients", FLOAT64, WRITTEN, 2, n, k)
        cdef gd_mix asked
        cdef pool_control control
        cdef int n_threads = gdfast_get_num_threads()
        cdef void *scratch = NULL
        cdef void *memory
        asked.base = <const double *> s.data
        asked.first = <const double *> u.data
        asked.second = <const double *> v.data
        asked.points = <const double *> q.data
        asked.n_points = m
        asked.values = <double *> a.data
        asked.slopes = <double *> b.data
        asked.coefficients = <double *> c.data
        memset(&control, 0, sizeof(control))
        control.poll = poll_signals
        memory = allocate(kernels.mix_scratch(&self.p, &asked, n_threads), &scratch)
        with nogil:
            kernels.mix(&self.p, &asked, scratch, n_threads, &control)
        PyMem_Free(memory)
        raise_if_stopped(&control)

    def grid(self, base, first, second, a, b, values):
        """Losses of scores base + a * first + b * second for all a (m,) and b (q,): values (m, q)."""
        self.require_made()
        self.require_y()
        cdef Py_ssize_t n = self.p.n_rows, k = self.p.n_classes
        cdef Buffer s = hold(base, "base", FLOAT64, READ, 2, n, k)
        cdef Buffer u = hold(first, "first", FLOAT64, READ, 2, n, k), v = hold(second, "second", FLOAT64, READ, 2, n, k)
        cdef Buffer x = hold(a, "a", FLOAT64, READ, 1), y = hold(b, "b", FLOAT64, READ, 1)
        cdef Buffer z = hold(values, "values", FLOAT64, WRITTEN, 2, x.view.shape[0], y.view.shape[0])
        cdef gd_grid asked
        cdef pool_control control
        cdef int n_threads = gdfast_get_num_threads()
        cdef void *scratch = NULL
        cdef void *memory
        asked.base, asked.first, asked.second = <const double *> s.data, <const double *> u.data, <const double *> v.data
        asked.a, asked.b, asked.values = <const double *> x.data, <const double *> y.data, <double *> z.data
        asked.n_a, asked.n_b = x.view.shape[0], y.view.shape[0]
        memset(&control, 0, sizeof(control))
        control.poll = poll_signals
        memory = allocate(kernels.grid_scratch(&self.p, &asked, n_threads), &scratch)
        with nogil:
            kernels.grid(&self.p, &asked, scratch, n_threads, &control)
        PyMem_Free(memory)
        raise_if_stopped(&control)

    def take_steps(self, rule, settings, order, starts, rates, l1, l2, penalize_bias, mean_weight, first_step, W, states,
                values, done, double_arithmetic):
        """Many stochastic steps: W and the states move in place, values (n_steps,) are written, done[0] counts steps.

        Step k takes the rows order[starts[k]] .. order[starts[k + 1] - 1] of X, one at least. An interrupt leaves W,
        the states and done as they are after the last whole step.
        """
        self.require_made()
        self.require_y()
        cdef bint wide = self.arithmetic(double_arithmetic)
        cdef gd_descent asked
        memset(&asked, 0, sizeof(asked))
        asked.rule = <gd_rule> whole(rule, "rule", 0, RULE_COUNT - 1)
        cdef const gd_rule_facts *facts = &kernels.rules[asked.rule]
        if not isinstance(settings, tuple) or len(settings) != facts.n_settings:
            raise ValueError(f"settings must be a tuple of {facts.n_settings} for rule {asked.rule}; it is {settings!r}")
        for place, setting in enumerate(settings):
            asked.settings[place] = real(setting, f"settings[{place}]")
        cdef Buffer r = hold(rates, "rates", FLOAT64, READ, 1)
        asked.n_steps = r.view.shape[0]
        cdef Buffer o = positions(order, "order", -1, self.n_total)
        cdef Buffer b = positions(starts, "starts", asked.n_steps + 1, o.view.shape[0] + 1)
        cdef int64_t bad = gd_first_not_rising(<const int64_t *> b.data, asked.n_steps + 1)
        if bad >= 0:
            raise ValueError(f"starts must rise; starts[{bad}] is {(<const int64_t *> b.data)[bad]} after "
                             f"{(<const int64_t *> b.data)[bad - 1]}")
        asked.l1 = real(l1, "l1")
        asked.l2 = real(l2, "l2")
        asked.penalize_bias = flag(penalize_bias, "penalize_bias")
        asked.mean_weight = real(mean_weight, "mean_weight")
        asked.first_step = whole(first_step, "first_step", 0, 2**62)
        cdef Buffer w = self.hold_weights(W, WRITTEN)
        self.check_descent(w, &asked)
        cdef Buffer v = hold(values, "values", FLOAT64, WRITTEN, 1, asked.n_steps)
        cdef Buffer n = hold(done, "done", INT64, WRITTEN, 1, 1)
        cdef list held = self.hold_states(states, w, &asked)
        cdef pool_control control
        cdef void *scratch = NULL
        cdef void *memory
        memset(&control, 0, sizeof(control))
        control.poll = poll_signals
        asked.order = <const int64_t *> o.data
        asked.starts = <const int64_t *> b.data
        asked.rates = <const double *> r.data
        asked.is_double = w.type == FLOAT64
        asked.w = w.data
        asked.n_states = <int> len(held)
        for place in range(asked.n_states):
            asked.state[place] = (<Buffer> held[place]).data
        asked.values = <double *> v.data
        memory = allocate(self.take_steps_scratch(&asked, wide), &scratch)
        with nogil:
            self.run_steps(&asked, wide, scratch, &control)
        PyMem_Free(memory)
        (<int64_t *> n.data)[0] = asked.done
        raise_if_stopped(&control)
        raise_if_changed(asked.changed)

    cdef list hold_states(self, states, Buffer w, const gd_descent *asked):
        """As many arrays like W as the rule has."""
        cdef int n = kernels.rules[asked.rule].n_states
        if not isinstance(states, tuple) or len(states) != n:
            raise ValueError(f"states must be a tuple of {n} arrays for rule {asked.rule}; it is {_listed(states)}")
        return [hold(state, f"states[{i}]", w.type, WRITTEN, 2, w.view.shape[0], w.view.shape[1])
                for i, state in enumerate(states)]

    cdef int check_descent(self, Buffer w, const gd_descent *asked) except -1:
        return 0

    # the kernels of dense X; a SparseProblem has others

    cdef size_t evaluate_scratch(self, const gd_problem *p, const gd_weights *w, bint double_arithmetic,
                                 int n_threads) except? 0:
        if double_arithmetic:
            return kernels.evaluate_double_scratch(p, w, n_threads)
        return kernels.evaluate_float_scratch(p, w, n_threads)

    cdef void run_evaluate(self, const gd_problem *p, const gd_weights *w, const gd_answer *answer,
                           bint double_arithmetic, void *scratch, int n_threads, pool_control *control) noexcept nogil:
        if double_arithmetic:
            kernels.evaluate_double(p, w, answer, scratch, n_threads, control)
        else:
            kernels.evaluate_float(p, w, answer, scratch, n_threads, control)

    cdef size_t differences_scratch(self, const gd_differences *asked, int n_threads) except? 0:
        return kernels.differences_scratch(&self.p, asked, n_threads)

    cdef void run_differences(self, const gd_weights *w, const gd_differences *asked, void *scratch, int n_threads,
                              pool_control *control) noexcept nogil:
        kernels.differences(&self.p, w, asked, scratch, n_threads, control)

    cdef size_t take_steps_scratch(self, gd_descent *asked, bint double_arithmetic) except? 0:
        return kernels.take_steps_scratch(&self.p, asked, double_arithmetic)

    cdef void run_steps(self, gd_descent *asked, bint double_arithmetic, void *scratch,
                          pool_control *control) noexcept nogil:
        kernels.take_steps(&self.p, asked, double_arithmetic, scratch, control)


cdef str _listed(object values):
    return f"{len(values)} of them" if isinstance(values, tuple) else _came(values)
