"""Bugs to plant in a throw-away build, each a text in the sources replaced by another, and what must tell of it."""

from __future__ import annotations

from dataclasses import dataclass

FAULTS = "times what rounding explains"
BITS = "has other bits"
PASS, FRAME, STACK, HUBER = (
    "src/dense/pass.inc.h",
    "src/dense/frame.inc.h",
    "src/stack/stack.c",
    "src/losses/huber.inc.h",
)
ORDERED, SPAN, QUADRATIC = "src/ordered.c", "src/span/span.c", "src/coordinate/quadratic.inc.h"
END = "end = begin + l->chunk_rows < p->n_rows ? begin + l->chunk_rows : p->n_rows;"
THREADS = "    n_threads = useful_threads(n_threads, e.layout.n_chunks);\n    R(lay_evaluation)"
BY_THREADS = """    if (n_threads > 1 && e.layout.n_chunks > 1) {
        e.layout.chunk_rows += e.layout.block_rows;
        e.layout.n_chunks = (p->n_rows + e.layout.chunk_rows - 1) / e.layout.chunk_rows;
    }
"""


@dataclass(frozen=True)
class Plant:
    """One bug; `told` is in what the workloads, or the test named, print on a build with that sanitizer."""

    name: str
    path: str
    old: str
    new: str
    sanitizer: str
    told: str
    """A regular expression."""
    test: str = ""
    only_on: str = ""
    """The one instruction set that has it: the baseline must be right."""


PLANTS = [
    # Memory, under AddressSanitizer.
    Plant(
        "overrun: an element past a row's end", "src/dense/block.inc.h",
        "(size_t)(p->n_features - done) * sizeof(INPUT));", "(size_t)(p->n_features - done + 1) * sizeof(INPUT));",
        "address", "heap-buffer-overflow",
    ),
    Plant("a row past the end", PASS, END, END.replace("p->n_rows;", "p->n_rows + 1;"), "address", "buffer-overflow"),
    Plant(
        "an array on the stack one too short", PASS, "        int64_t ids[BLOCK_ROWS_MOST];",
        "        int64_t ids[BLOCK_ROWS_MOST - 1];", "address", "stack-buffer-overflow",
    ),
    Plant(
        "scratch used after it is given back", "src/gram.pxi",
        "    with nogil:\n        own.run(&own_problem.p",
        "    PyMem_Free(memory)\n    memory = NULL\n    with nogil:\n        own.run(&own_problem.p",
        "address", "heap-use-after-free",
    ),
    Plant(
        "uninitialised scratch", SPAN, "    memset(totals, 0, j->n_totals * sizeof(double));\n", "", "address", FAULTS,
    ),
    Plant(
        "a misaligned load", "src/few/tiles.inc.h", "VECTOR weights = LOAD(REAL, REAL)(w[c] + i);",
        "VECTOR weights = *(const VECTOR *)(w[c] + i);", "address", "misaligned address",
    ),
    Plant(
        "signed overflow in an index", STACK, "(double)s->size * (double)s->n_rows * columns / CHUNK_WORK",
        "(double)((int)s->size * CHUNK_WORK) * (double)s->n_rows * columns / CHUNK_WORK / CHUNK_WORK",
        "address", "signed integer overflow",
    ),
    # Threads, under ThreadSanitizer.
    Plant(
        "a race: sums that do not wait for their turn", ORDERED, "while (sum->next != chunk) {", "while (0) {",
        "thread", "data race",
    ),
    Plant(
        "a race: turns that do not wait", ORDERED, "while (turn->next < chunk)", "while (0)", "thread",
        f"data race|{BITS}",  # whichever a run comes to first
    ),
    Plant(
        "a race: a chunk taken without the lock", "src/pool.c",
        "        int family = pool.family;\n        pthread_mutex_unlock(&pool.lock);\n        task(",
        "        int family = pool.family;\n        pthread_mutex_unlock(&pool.lock);\n"
        "        *(volatile int *)&pool.n_working += 0;\n"
        "        task(", "thread", "data race",
    ),
    # Numbers, by the oracle.
    Plant("a wrong index", HUBER, "p->targets + ids[r] * k", "p->targets + r * k", "none", FAULTS),
    Plant(
        "a row lost where a chunk begins", PASS, "for (ptrdiff_t i = begin; i < end &&",
        "for (ptrdiff_t i = begin + (chunk > 0); i < end &&", "none", FAULTS,
    ),
    Plant("a wrong sign", "src/dual/dense_sums.inc.h", "to[d] = of_bias;", "to[d] = -of_bias;", "none", FAULTS),
    Plant("a missing factor 2", HUBER, "2 * copysign(q, residual)", "copysign(q, residual)", "none", FAULTS),
    Plant("a missing 1/N", FRAME, "e.values[m] * p->normalizer;", "e.values[m];", "none", FAULTS),
    Plant(
        "an element lost between chunks", STACK, "begin = chunk * j->chunk_elements;",
        "begin = chunk * j->chunk_elements + (chunk > 0);", "none", FAULTS,
    ),
    Plant(
        "stale sums of the chunk before", PASS, "for (ptrdiff_t m = 0; m < n_models; m++) w.values[m] = 0;",
        "for (ptrdiff_t m = 0; m < n_models; m++) w.values[m] = chunk ? w.values[m] : 0;", "none", FAULTS,
    ),
    Plant(
        "the tail of a vector loop, on AVX2 alone", QUADRATIC,
        "for (; i < m; i++)", "for (; i < m - (LANES == 4); i++)", "none", FAULTS, only_on="avx2",
    ),
    Plant("sums cut by the number of threads", FRAME, THREADS, BY_THREADS + THREADS, "none", BITS),
    Plant(
        "Adam's correction a step late", "src/steps/rules.inc.h", "(double)(asked->first_step + k + 1)",
        "(double)(asked->first_step + k + 2)", "none", FAULTS,
    ),
    Plant(
        "a leak", "src/products.pxi", "    PyMem_Free(memory)\n", "", "none", "blocks lost",
        test="tests/reliability/test_failing_allocations.py",
    ),
]  # fmt: skip
