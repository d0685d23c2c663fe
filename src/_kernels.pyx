# cython: language_level=3, boundscheck=False, wraparound=False, embedsignature=True, binding=True
"""The compiled core: the only binding to src/. Validates nothing, decides nothing (see _arrays.py)."""

from cpython.buffer cimport PyBUF_C_CONTIGUOUS, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from libc.stdint cimport int32_t, int64_t, uint16_t, uint64_t, uintptr_t
from libc.string cimport memset

import os

import numpy as np


include "declarations.pxi"


# ---- which kernels, how many threads ----

cdef const gd_kernels *kernels = NULL
cdef const char *kernels_name = NULL


def available_instruction_sets():
    """Names of the instruction sets that this build has and this processor runs, best first."""
    cdef const char *names[GD_MAX_TABLES]
    return [names[i].decode() for i in range(gd_available(names))]


def instruction_set():
    """The name of the instruction set in use."""
    return kernels_name.decode()


def compiler():
    """The compilers of this build."""
    return gd_compiler().decode()


def get_num_threads():
    """The number of threads that a call may use."""
    return gdfast_get_num_threads()


def set_num_threads(int n_threads):
    """Set it."""
    gdfast_set_num_threads(n_threads)


cdef int choose() except -1:
    global kernels, kernels_name
    request = os.environ.get("GDFAST_ISA", "")
    cdef bytes encoded = os.fsencode(request)
    cdef const char *asked = NULL
    if request:
        asked = encoded
    kernels = gd_choose(asked, &kernels_name)
    if kernels == NULL:
        raise ImportError(
            f"GDFAST_ISA must be one of {', '.join(available_instruction_sets())} on this machine; it is {request!r}"
        )
    return 0


choose()


# ---- buffers, scratch, signals ----

cdef class Buffer:
    """Holds an array's memory; a None holds NULL."""
    cdef Py_buffer view
    cdef void *data  # NULL for None
    cdef bint held

    def __cinit__(self, array, int flags):
        self.held = False
        if array is not None:
            PyObject_GetBuffer(array, &self.view, flags)
            self.data = self.view.buf
            self.held = True

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.view)


cdef int poll_signals(void *context) noexcept with gil:
    return PyErr_CheckSignals() != 0


cdef int raise_if_stopped(const pool_control *control) except -1:
    """The exception that a signal handler set while a kernel ran, if any: the outputs are then worthless."""
    if PyErr_Occurred() != NULL:
        return -1
    if control.stop:
        raise KeyboardInterrupt
    return 0


cdef void *allocate(size_t size, void **aligned) except NULL:
    cdef void *memory = PyMem_RawMalloc(size + 64)
    if memory == NULL:
        raise MemoryError(f"{size} bytes of scratch space could not be allocated")
    aligned[0] = <void *> ((<uintptr_t> memory + 63) & ~(<uintptr_t> 63))
    gd_prefer_large_pages(memory, size)
    return memory


def first_not_finite(X):
    """Row-major position of the first NaN or infinity of a float array (n, d), or -1."""
    cdef Buffer x = Buffer(X, PyBUF_STRIDES)
    cdef Py_ssize_t found
    with nogil:
        found = gd_first_not_finite(<const char *> x.view.buf, x.view.shape[0], x.view.shape[1],
                                    x.view.strides[0], x.view.strides[1], <int> x.view.itemsize)
    return found


def permutation(Py_ssize_t n, uint64_t seed, uint64_t epoch):
    """The permutation of 0 .. n - 1 that belongs to (seed, epoch), int64."""
    cdef int64_t[::1] out = np.empty(n, dtype=np.int64)
    if n:
        with nogil:
            gd_permutation(&out[0], n, seed, epoch)
    return out.base


# ---- a loss on rows of X ----

cdef class Problem:
    """Rows of X, their labels or targets, and a loss: everything that stays the same while W moves."""
    cdef gd_problem p
    cdef readonly bint double_arithmetic
    cdef tuple buffers

    def __init__(self, X, int input, labels, targets, weights, index, mean, scale, int loss, double margin,
                 double normalizer, Py_ssize_t n_classes, bint has_bias):
        cdef Buffer x = Buffer(X, PyBUF_STRIDES)
        cdef Buffer y = Buffer(labels, PyBUF_C_CONTIGUOUS), t = Buffer(targets, PyBUF_C_CONTIGUOUS)
        cdef Buffer w = Buffer(weights, PyBUF_C_CONTIGUOUS), i = Buffer(index, PyBUF_C_CONTIGUOUS)
        cdef Buffer m = Buffer(mean, PyBUF_C_CONTIGUOUS), s = Buffer(scale, PyBUF_C_CONTIGUOUS)
        self.buffers = (x, y, t, w, i, m, s)
        self.p.x = <const char *> x.view.buf
        self.p.row_stride = x.view.strides[0]
        self.p.column_stride = x.view.strides[1]
        self.p.input = input
        self.p.n_features = x.view.shape[1]
        self.p.n_rows = i.view.shape[0] if i.held else x.view.shape[0]
        self.p.index = <const int64_t *> i.data
        self.p.n_classes = n_classes
        self.p.labels = <const int32_t *> y.data
        self.p.targets = <const double *> t.data
        self.p.weights = <const double *> w.data
        self.p.loss = loss
        self.p.margin = margin
        self.p.normalizer = normalizer
        self.p.mean = <const double *> m.data
        self.p.scale = <const double *> s.data
        self.p.has_bias = has_bias
        self.double_arithmetic = x.view.itemsize == 8

    def evaluate(self, W, values, gradient, scores, bint double_arithmetic):
        """One pass: W (k, columns) or (m, k, columns); values (m,), gradient like W, scores (n, k), or None each."""
        cdef Buffer w = Buffer(W, PyBUF_C_CONTIGUOUS)
        cdef Buffer v = Buffer(values, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
        cdef Buffer g = Buffer(gradient, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
        cdef Buffer s = Buffer(scores, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
        cdef gd_weights weights
        cdef gd_answer answer
        cdef pool_control control
        cdef int n_threads = gdfast_get_num_threads()
        cdef void *scratch = NULL
        cdef void *memory
        weights.w = w.view.buf
        weights.is_double = w.view.itemsize == 8
        weights.n_models = w.view.shape[0] if w.view.ndim == 3 else 1
        answer.value = <double *> v.data
        answer.gradient = g.data
        answer.scores = s.data
        memset(&control, 0, sizeof(control))
        control.poll = poll_signals
        memory = allocate(self.evaluate_scratch(&weights, double_arithmetic, n_threads), &scratch)
        with nogil:
            self.run_evaluate(&weights, &answer, double_arithmetic, scratch, n_threads, &control)
        PyMem_RawFree(memory)
        raise_if_stopped(&control)

    def differences(self, W, double h, int scheme, columns, difference, crossings):
        """Sums over rows of loss(+h) - loss(-h) (or - loss) per class and chosen column, times the normalizer."""
        cdef Buffer w = Buffer(W, PyBUF_C_CONTIGUOUS), c = Buffer(columns, PyBUF_C_CONTIGUOUS)
        cdef Buffer d = Buffer(difference, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
        cdef Buffer x = Buffer(crossings, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
        cdef gd_weights weights
        cdef gd_differences asked
        cdef pool_control control
        cdef int n_threads = gdfast_get_num_threads()
        cdef void *scratch = NULL
        cdef void *memory
        weights.w = w.view.buf
        weights.is_double = w.view.itemsize == 8
        weights.n_models = 1
        asked.h = h
        asked.scheme = scheme
        asked.columns = <const int64_t *> c.data
        asked.n_columns = c.view.shape[0]
        asked.difference = <double *> d.data
        asked.crossings = <int64_t *> x.data
        memset(&control, 0, sizeof(control))
        control.poll = poll_signals
        memory = allocate(self.differences_scratch(&asked, n_threads), &scratch)
        with nogil:
            self.run_differences(&weights, &asked, scratch, n_threads, &control)
        PyMem_RawFree(memory)
        raise_if_stopped(&control)

    def mix(self, base, first, second, points, values, slopes, coefficients):
        """Losses of scores base + a * first + b * second at points (m,) or (m, 2); None where not asked."""
        cdef Buffer s = Buffer(base, PyBUF_C_CONTIGUOUS), u = Buffer(first, PyBUF_C_CONTIGUOUS)
        cdef Buffer v = Buffer(second, PyBUF_C_CONTIGUOUS), q = Buffer(points, PyBUF_C_CONTIGUOUS)
        cdef Buffer a = Buffer(values, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
        cdef Buffer b = Buffer(slopes, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
        cdef Buffer c = Buffer(coefficients, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
        cdef gd_mix asked
        cdef pool_control control
        cdef int n_threads = gdfast_get_num_threads()
        cdef void *scratch = NULL
        cdef void *memory
        asked.base = <const double *> s.data
        asked.first = <const double *> u.data
        asked.second = <const double *> v.data
        asked.points = <const double *> q.data
        asked.n_points = q.view.shape[0] if q.held else 1
        asked.values = <double *> a.data
        asked.slopes = <double *> b.data
        asked.coefficients = <double *> c.data
        memset(&control, 0, sizeof(control))
        control.poll = poll_signals
        memory = allocate(kernels.mix_scratch(&self.p, &asked, n_threads), &scratch)
        with nogil:
            kernels.mix(&self.p, &asked, scratch, n_threads, &control)
        PyMem_RawFree(memory)
        raise_if_stopped(&control)

    def descend(self, int rule, tuple settings, order, starts, rates, double l1, double l2, bint penalize_bias,
                double mean_weight, int64_t first_step, W, tuple states, values, done, bint double_arithmetic):
        """Many stochastic steps: W and the states move in place, values (n_steps,) are written, done[0] counts steps.

        An interrupt leaves W, the states and done as they are after the last whole step.
        """
        cdef Buffer o = Buffer(order, PyBUF_C_CONTIGUOUS), b = Buffer(starts, PyBUF_C_CONTIGUOUS)
        cdef Buffer r = Buffer(rates, PyBUF_C_CONTIGUOUS)
        cdef Buffer w = Buffer(W, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
        cdef Buffer v = Buffer(values, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
        cdef Buffer n = Buffer(done, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
        cdef list held = [Buffer(state, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE) for state in states]
        cdef gd_descent asked
        cdef pool_control control
        cdef void *scratch = NULL
        cdef void *memory
        memset(&asked, 0, sizeof(asked))
        memset(&control, 0, sizeof(control))
        control.poll = poll_signals
        asked.rule = rule
        for i in range(len(settings)):
            asked.settings[i] = settings[i]
        asked.order = <const int64_t *> o.data
        asked.starts = <const int64_t *> b.data
        asked.rates = <const double *> r.data
        asked.n_steps = r.view.shape[0]
        asked.l1 = l1
        asked.l2 = l2
        asked.penalize_bias = penalize_bias
        asked.mean_weight = mean_weight
        asked.first_step = first_step
        asked.is_double = w.view.itemsize == 8
        asked.w = w.data
        asked.n_states = <int> len(held)
        for i in range(asked.n_states):
            asked.state[i] = (<Buffer> held[i]).data
        asked.values = <double *> v.data
        memory = allocate(self.descend_scratch(&asked, double_arithmetic), &scratch)
        with nogil:
            self.run_descend(&asked, double_arithmetic, scratch, &control)
        PyMem_RawFree(memory)
        (<int64_t *> n.data)[0] = asked.done
        raise_if_stopped(&control)

    # the kernels of dense X; a SparseProblem has others

    cdef size_t evaluate_scratch(self, const gd_weights *w, bint double_arithmetic, int n_threads) except? 0:
        if double_arithmetic:
            return kernels.evaluate_double_scratch(&self.p, w, n_threads)
        return kernels.evaluate_float_scratch(&self.p, w, n_threads)

    cdef void run_evaluate(self, const gd_weights *w, const gd_answer *answer, bint double_arithmetic, void *scratch,
                           int n_threads, pool_control *control) noexcept nogil:
        if double_arithmetic:
            kernels.evaluate_double(&self.p, w, answer, scratch, n_threads, control)
        else:
            kernels.evaluate_float(&self.p, w, answer, scratch, n_threads, control)

    cdef size_t differences_scratch(self, const gd_differences *asked, int n_threads) except? 0:
        return kernels.differences_scratch(&self.p, asked, n_threads)

    cdef void run_differences(self, const gd_weights *w, const gd_differences *asked, void *scratch, int n_threads,
                              pool_control *control) noexcept nogil:
        kernels.differences(&self.p, w, asked, scratch, n_threads, control)

    cdef size_t descend_scratch(self, gd_descent *asked, bint double_arithmetic) except? 0:
        return kernels.descend_scratch(&self.p, asked, double_arithmetic)

    cdef void run_descend(self, gd_descent *asked, bint double_arithmetic, void *scratch,
                          pool_control *control) noexcept nogil:
        kernels.descend(&self.p, asked, double_arithmetic, scratch, control)


include "sparse.pxi"
include "dual.pxi"
