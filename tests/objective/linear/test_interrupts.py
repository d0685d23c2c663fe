"""A Ctrl-C is answered within a quarter of a second, whatever lasts: a closed form, one huge batch, sparse rows."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import gdfast as gd
from gdfast.objective.linear.in_background import QUICK, in_background
from interrupts import PATIENCE, SECONDS, interrupted
from quick import quick_among

DENSE = "X = np.random.default_rng(0).random((100_000, 400), dtype=np.float32)"
SPARSE = "from scipy import sparse; X = sparse.random(150_000, 3_000, 0.02, format='csr', rng=0)"
HINGE = "o = gd.LinearObjective(X, np.arange(len(X) if isinstance(X, np.ndarray) else X.shape[0]) % 10, gd.Hinge(), L)"
SQUARES = "X = np.random.default_rng(0).random(SHAPE); o = gd.LinearObjective(X, X[:, 0], gd.SquaredError(), L)"
LASTING = {
    "solve by columns": (f"SHAPE, L = (5000, 2500), gd.L2(1e-3); {SQUARES}", "o.solve()"),
    "solve by rows": (f"SHAPE, L = (2500, 5000), gd.L2(1e-3); {SQUARES}", "o.solve()"),
    "solve by reflections": (
        f"SHAPE, L = (5000, 1200), None; {SQUARES}; X[:, 1] = X[:, 0]; o = gd.LinearObjective(X, X[:, 0], o.loss)",
        "o.solve()",
    ),
    "Gram matrix": (
        "X = np.random.default_rng(0).integers(0, 256, (20_000, 3_000), np.uint8); L = None; "
        f"{HINGE}; w = np.random.default_rng(0).random(len(X))",
        "o.gram(w)",
    ),
    "huge batch": (f"{DENSE}; L = None; {HINGE}", "RUN(batches=100_000)"),
    "huge batch, Adam": (f"{DENSE}; L = None; {HINGE}", "RUN(gd.Adam(), batches=100_000)"),
    "huge batch of sparse rows": (f"{SPARSE}; L = gd.L2(1e-3); {HINGE}", "RUN(batches=150_000)"),
    "huge batch of sparse rows, Adam": (f"{SPARSE}; L = None; {HINGE}", "RUN(gd.Adam(), batches=150_000)"),
    "huge batch of sparse rows, AdaGrad": (f"{SPARSE}; L = None; {HINGE}", "RUN(gd.AdaGrad(), batches=150_000)"),
    "huge batch of sparse rows, clipped": (f"{SPARSE}; L = None; {HINGE}", "RUN(batches=150_000, clip=1.0)"),
    "all sparse rows": (f"{SPARSE}; L = None; {HINGE}", "RUN()"),
    "fit": (
        f"{SPARSE}; from gdfast.estimators import GDClassifier; y = np.arange(150_000) % 5",
        "GDClassifier(epochs=1000).fit(X, y)",
    ),
    "sanity check": (f"{DENSE}; L = None; {HINGE}", "[gd.sanity_check(o) for _ in range(100)]"),
    "permutations": (
        "X = np.zeros((20_000_000, 1), np.float32); o = gd.LinearObjective(X, np.arange(20_000_000) % 2)",
        "RUN(batches=64)",
    ),
}  # fmt: skip
OFTEN = {"solve by columns", "Gram matrix", "huge batch", "huge batch of sparse rows, Adam", "fit"}


@pytest.mark.parametrize("name", quick_among(LASTING, OFTEN.__contains__))
def test_it_is_answered_at_once(name):
    setup, call = LASTING[name]
    told = interrupted(
        f"""
        gd.minimize, gd.Adam, gd.MiniBatches  # imported before
        {setup}

        def RUN(*optimizer, **options):
            run = gd.minimize(o, np.zeros(o.shape), *optimizer, step=1e-3, max_steps=10**6, gtol=0.0, **options)
            if run.status is gd.Status.INTERRUPTED:
                raise KeyboardInterrupt

        press_after(0.5)
        try:
            {call}
        except KeyboardInterrupt:
            tell(heard=True)
        else:
            tell(heard=False)
        os._exit(0)
        """
    )
    assert told["heard"]
    assert told["seconds"] < PATIENCE


MIDWAY = [  # the first and the last of the combinations; the others are slow tests
    pytest.param(optimizer, regularizer, kind, marks=() if i % 15 == 0 else pytest.mark.slow)
    for i, (optimizer, regularizer, kind) in enumerate(
        itertools.product(
            ["gd.GradientDescent()", "gd.Momentum()", "gd.Adam()", "gd.AdaGrad()"],
            ["None", "gd.L2(0.1)"],
            ["dense", "sparse"],
        )
    )
]


@pytest.mark.parametrize(("optimizer", "regularizer", "kind"), MIDWAY)
def test_a_batch_that_is_stopped_midway_has_moved_nothing(optimizer, regularizer, kind):
    """The weights are those after so many whole steps, to the last bit; the run goes on from them."""
    told = interrupted(
        f"""
        from scipy import sparse
        X = sparse.random(60_000, 400, 0.1, format="csr", rng=0)
        X = X if {kind == "sparse"} else X.toarray()
        o = gd.LinearObjective(X, np.arange(60_000) % 7, gd.Hinge(), {regularizer})
        options = dict(step=1e-3, batches=30_000, gtol=0.0)
        for seconds in (1.0, 4.0, 16.0):  # a busy machine, or a build with checks, takes its time for a step
            press_after(seconds)
            run = gd.minimize(o, np.zeros(o.shape), {optimizer}, max_steps=10**6, **options)
            if run.steps > 0:
                break
        straight = gd.minimize(o, np.zeros(o.shape), {optimizer}, max_steps=run.steps, **options)
        tell(steps=run.steps, same=bool(np.array_equal(run.w, straight.w)),
             values=bool(np.array_equal(run.history.values, straight.history.values)))
        """
    )
    assert told["steps"] > 0
    assert told["same"]
    assert told["values"]


def test_in_the_background_the_same_is_returned_and_raised():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(300, 200))
    assert np.array_equal(in_background(QUICK, np.matmul, A.T, A), A.T @ A)
    with pytest.raises(np.linalg.LinAlgError):
        in_background(QUICK, np.linalg.cholesky, -np.eye(3))
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        in_background(QUICK, np.multiply, np.full(3, 1e308), 10.0)


def test_a_solution_is_the_same_bits_in_any_thread():
    import threading

    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 600))
    objective = gd.LinearObjective(X, X @ rng.normal(size=600), gd.SquaredError(), gd.L2(1e-3))
    found = []
    thread = threading.Thread(target=lambda: found.append(objective.solve()))
    thread.start()
    thread.join()
    assert np.array_equal(found[0], objective.solve())


def test_coordinate_descent_on_a_large_matrix_is_answered_between_two_weights():
    # Nothing converges: twenty epochs over the weights that are not 0 last longer than an answer may.
    told = interrupted(
        """
        import mmap
        from gdfast import _kernels

        m = 16_000
        memory = mmap.mmap(-1, 8 * m * m, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if hasattr(mmap, "MADV_NOHUGEPAGE"):
            memory.madvise(mmap.MADV_NOHUGEPAGE)  # small pages: those of the three diagonals alone are ever filled
        matrix = np.frombuffer(memory).reshape(m, m)
        matrix.flat[:: m + 1] = 2
        matrix.flat[1 :: m + 1] = matrix.flat[m :: m + 1] = -1

        def epochs(count):
            _kernels.descend_quadratic(matrix, np.ones(m), *np.zeros((3, m)), 0.0, count)

        epochs(1)
        press_after(0.2)
        try:
            epochs(2**31 - 1)
        except KeyboardInterrupt:
            tell(heard=True)
        else:
            tell(heard=False)
        """
    )
    assert told["heard"]
    assert told["seconds"] < SECONDS
