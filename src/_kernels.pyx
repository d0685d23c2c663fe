# cython: language_level=3, boundscheck=False, wraparound=False, embedsignature=True, binding=True
"""The compiled core: the only binding to src/. Checks every argument against the problem, so that no call can crash
the process, and decides nothing else (what users give is checked in _arrays.py)."""

cimport cython
from cpython.buffer cimport PyBUF_FORMAT, PyBUF_STRIDES, PyBuffer_IsContiguous, PyBuffer_Release, PyObject_GetBuffer
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport int32_t, int64_t, uint16_t, uint64_t, uintptr_t
from libc.string cimport memcmp, memset

import operator
import os
import sys

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


def loss_names():
    """The names of the losses that have kernels, in the order of their codes."""
    return tuple([kernels.losses[code].name.decode() for code in range(LOSS_COUNT)])


def get_num_threads():
    """The number of threads that a call may use."""
    return gdfast_get_num_threads()


def set_num_threads(n_threads):
    """Set it."""
    gdfast_set_num_threads(<int> whole(n_threads, "n_threads", 1, 2**31 - 1))


def use_threads(n_threads):
    """Set it for the calling Python thread alone (0: as the process has it); what that was is returned."""
    return pool_use_threads(<int> whole(n_threads, "n_threads", 0, 2**31 - 1))


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
    for rule in range(RULE_COUNT):
        if kernels.rules[rule].n_settings > GD_SETTINGS_MOST or kernels.rules[rule].n_states > GD_STATES_MOST:
            raise ImportError(f"rule {rule} has more settings or states than steps have room for")
    return 0


choose()


include "arguments.pxi"


# ---- scratch, signals ----

cdef int poll_signals(void *context) noexcept with gil:
    return PyErr_CheckSignals() != 0


cdef void watch_signals(pool_control *control) noexcept:
    """A control of a job that begins now, and ends where a signal's handler raises."""
    memset(control, 0, sizeof(pool_control))
    control.poll = poll_signals
    control.last_poll = pool_seconds()


cdef int raise_if_stopped(const pool_control *control) except -1:
    """The exception that a signal handler set while a kernel ran, if any: the outputs are then worthless."""
    if PyErr_Occurred() != NULL:
        return -1
    if control.stop:
        raise KeyboardInterrupt
    return 0


cdef int raise_if_changed(bint changed) except -1:
    """What steps on sparse rows found: their indices are read anew each time."""
    if changed:
        raise ValueError("X.indices must not change while X is in use: one of them is not in [0, n_features) any more")
    return 0


cdef void *allocate(size_t size, void **aligned) except NULL:
    cdef void *memory = PyMem_Malloc(size + 64)
    if memory == NULL:
        raise MemoryError(f"{size} bytes of scratch space could not be allocated")
    aligned[0] = <void *> ((<uintptr_t> memory + 63) & ~(<uintptr_t> 63))
    gd_prefer_large_pages(memory, size)
    return memory


def first_not_finite(X):
    """Row-major position of the first NaN or infinity of a float array (n, d), or -1."""
    cdef Buffer x = hold(X, "X", FLOAT16 | FLOAT32 | FLOAT64, STRIDED, 2)
    cdef Py_ssize_t found
    cdef pool_control control
    watch_signals(&control)
    with nogil:
        found = gd_first_not_finite(<const char *> x.view.buf, x.view.shape[0], x.view.shape[1],
                                    x.view.strides[0], x.view.strides[1], <int> x.view.itemsize, &control)
    raise_if_stopped(&control)
    return found


def permutation(n, seed, epoch):
    """The permutation of 0 .. n - 1 that belongs to (seed, epoch), int64."""
    cdef int64_t size = whole(n, "n", 0, SIZE_MOST)
    cdef uint64_t key = unsigned_whole(seed, "seed"), count = unsigned_whole(epoch, "epoch")
    order = np.empty(size, dtype=np.int64)
    cdef int64_t[::1] out = order
    cdef pool_control control
    watch_signals(&control)
    if size:
        with nogil:
            gd_permutation(&out[0], size, key, count, &control)
    raise_if_stopped(&control)
    return order


include "problem.pxi"
include "sparse.pxi"
include "products.pxi"
include "dual.pxi"
include "coordinate.pxi"
include "gram.pxi"
include "span.pxi"
include "stack.pxi"
include "few.pxi"
