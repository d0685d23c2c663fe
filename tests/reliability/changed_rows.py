"""X that is changed after an objective was made of it: whatever comes of that, the process lives.

The kernels read indices that they check as they go; whatever trusts them (scipy) must get a checked copy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

import gdfast as gd
from reliability.arguments import squares

N, D, K = 40, 7, 3
INT32 = np.iinfo(np.int32)


def _put(part: str, where: slice, value: Any) -> Callable[[Any], None]:
    def change(X: Any) -> None:
        getattr(X, part)[where] = value

    return change


def _replace(part: str, make: Callable[[Any], Any]) -> Callable[[Any], None]:
    return lambda X: setattr(X, part, make(getattr(X, part)))


SPARSE: dict[str, Callable[[Any], None]] = {
    "columns too high": _put("indices", slice(None), 2**30),
    "some columns n_features": _put("indices", slice(None, None, 3), D),
    "some columns -1": _put("indices", slice(None, None, 5), -1),
    "columns int32 minimum": _put("indices", slice(None), INT32.min),
    "values NaN": _put("data", slice(None), np.nan),
    "values 1e308": _put("data", slice(None, None, 2), 1e308),
    "row starts too high": _put("indptr", slice(1, None), 10**8),
    "row starts negative": _put("indptr", slice(1, -1), -5),
    "row starts falling": lambda X: X.indptr.__setitem__(slice(None), X.indptr[::-1].copy()),
    "other columns": _replace("indices", lambda i: np.full_like(i, 2**30)),
    "columns of int64": _replace("indices", lambda i: i.astype(np.int64) * 2**33),
    "other row starts": _replace("indptr", lambda p: np.full_like(p, 10**8)),
    "fewer values": _replace("data", lambda d: d[:1]),
    "no values": _replace("data", lambda d: None),
    "a larger shape": lambda X: setattr(X, "_shape", (10**6, 10**6)),
    "a smaller shape": lambda X: setattr(X, "_shape", (1, 1)),
    "resized": lambda X: X.resize((3, 2)),
    "zeros left out": lambda X: (X.data.fill(0), X.eliminate_zeros()),
}
DENSE: dict[str, Callable[[Any], None]] = {
    "NaN": lambda X: X.fill(np.nan),
    "1e308": lambda X: X.fill(1e308),
    "another shape": lambda X: setattr(X, "shape", X.shape[::-1]),
    "another type": lambda X: setattr(X, "dtype", np.int64),
    "another size": lambda X: setattr(X, "dtype", np.float32),
}
LOSSES: dict[str, Callable[[], Any]] = {
    "Hinge": gd.Hinge,
    "SquaredHinge": gd.SquaredHinge,
    "CrossEntropy": gd.CrossEntropy,
    "SquaredError": gd.SquaredError,
    "Huber": gd.Huber,
    "ScoreLoss": lambda: gd.ScoreLoss(squares),
}
W = np.random.default_rng(1).normal(size=(K, D + 1))


def _run(optimizer: Any, **options: Any) -> Callable[[Any], Any]:
    return lambda o: gd.minimize(o, np.zeros(o.shape), optimizer, **({"max_steps": 5} | options))


USES: dict[str, Callable[[Any], Any]] = {
    "value": lambda o: o.value_and_gradient(W),
    "scores": lambda o: (o.scores(W), o.predict(W)),
    "numerical gradient": lambda o: o.numerical_gradient(W),
    "check": lambda o: gd.check_gradient(o, at=W),
    "sanity": gd.sanity_check,
    "mini-batches": _run(gd.Adam(), batches=gd.MiniBatches(4), max_steps=13),
    "variance reduced": _run(gd.SVRG(), batches=gd.MiniBatches(4), max_steps=13),
    "preconditioned": _run(gd.LBFGS(preconditioner=gd.GramPreconditioner()), step=gd.StrongWolfe()),
    "Newton": _run(gd.Newton(), step=gd.Backtracking()),
    "coordinates": lambda o: _run(gd.CoordinateDescent())(o.with_terms(o.loss, gd.L1(0.01))),
    "proximal": lambda o: _run(gd.ProximalGradient())(o.with_terms(o.loss, gd.L1(0.01))),
    "dual": _run(gd.DualCoordinateAscent()),
    "semismooth": _run(gd.SemismoothNewton()),
    "solve": lambda o: gd.solve(o, 1e-6, max_passes=20),
    "path": lambda o: gd.regularization_path(o, [0.5, 0.1]),
    "ray": lambda o: o.along_ray(W, W[::-1].copy()).values([0.0, 0.1]),
    "weight": lambda o: gd.landscape.weight(o, W, (1, 2), [0.0, 1.0]),
    "gram": lambda o: o.gram(),
    "gram diagonal": lambda o: o.gram_diagonal(),
    "gram sketch": lambda o: o.gram_sketch(3),
    "duality gap": lambda o: o.duality_gap(W),
    "curvature": lambda o: (o.lipschitz(), o.hessian_product(W, W)),
    "some rows": lambda o: o.rows([0, 1, 1]).value_and_gradient(W),
}


class Changed:
    """One use of an objective whose X has changed, before it was ever used, or after."""

    def __init__(self, loss: str, change: str, use: str, was_used: bool) -> None:
        self.loss, self.change, self.use, self.was_used = loss, change, use, was_used

    def __str__(self) -> str:
        return f"{self.loss}: {self.use} after {self.change}{' and an earlier use' if self.was_used else ''}"

    def run(self) -> str | None:
        """What is wrong with what came of it: a crash is seen from outside."""
        rng = np.random.default_rng(0)
        loss = LOSSES[self.loss]()
        rows = rng.normal(size=(N, D)) * (rng.random((N, D)) < 0.5)
        X = sparse.csr_array(rows) if self.change in SPARSE else rows
        y = np.arange(N) % K
        objective = gd.LinearObjective(X, y if loss.classifies else np.eye(K)[y], loss, gd.L2(0.1))
        if self.was_used:
            self._used(objective)
        (SPARSE | DENSE)[self.change](X)
        error = self._used(objective)
        known = TypeError | ValueError | MemoryError
        return None if error is None or isinstance(error, known) else f"{type(error).__name__}: {error}"

    def _used(self, objective: Any) -> Exception | None:
        try:
            USES[self.use](objective)
        except Exception as error:
            return error
        return None


def cases_of(use: str) -> list[Changed]:
    """All of one use."""
    return [
        Changed(loss, change, use, was_used)
        for loss in LOSSES
        for change in (*SPARSE, *DENSE)
        for was_used in (False, True)
    ]
