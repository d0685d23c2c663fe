"""The contestants of bench_time_to_solution.py: gdfast's methods, and what a user of scikit-learn or PyTorch would run.

Each is made for a problem and takes a budget (steps, epochs or iterations); it answers with the weights it reached.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
MOMENTUM = 0.9


@dataclass(frozen=True)
class Problem:
    """Float32 rows (dense, or CSR), held-out ones, the loss, and the length of the first stochastic step."""

    X: Any
    y: Array
    X_held_out: Any
    y_held_out: Array
    n_classes: int
    loss: str
    strength: float
    batch: int
    step: float
    threads: int

    def objective(self) -> Any:
        """mean loss + strength * |W|^2, the bias not penalised: a fresh one, whose passes start at 0."""
        import gdfast as gd

        loss = gd.CrossEntropy() if self.loss == "softmax" else gd.Hinge()
        return gd.LinearObjective(self.X, self.y, loss, gd.L2(self.strength), n_classes=self.n_classes)

    def small(self) -> Problem:
        """The same of a few rows."""
        return replace(self, X=self.X[:300], y=self.y[:300])

    def held_out_accuracy(self, W: Array) -> float:
        """The share of held-out rows whose largest score is their label's."""
        return float(((self.X_held_out @ W[:, :-1].T + W[:, -1]).argmax(axis=1) == self.y_held_out).mean())


class Reached(NamedTuple):
    """Where a run ended; None for what it does not know: passes over the data, and a proven bound on the distance."""

    W: Array
    passes: float | None = None
    gap: float | None = None


@dataclass(frozen=True)
class Contestant:
    """`same_problem`: it minimises the problem's own objective, so that its objective means something."""

    run: Callable[[int], Reached]
    budgets: tuple[int, ...]
    unit: str
    same_problem: bool = True


STEPS, EPOCHS = (10, 30, 100), (1, 3, 10)
SLOW = "scikit-learn LinearSVC, crammer_singer"


def contestants(problem: Problem, slow: bool) -> dict[str, Contestant]:
    """All that are installed; `slow`: one as well that no budget stops."""
    import gdfast as gd

    wolfe = gd.StrongWolfe()
    made = {"gdfast LBFGS, StrongWolfe": Contestant(_gdfast(problem, gd.LBFGS(), wolfe), STEPS, "steps")}
    if problem.loss == "softmax":
        conjugate = _gdfast(problem, gd.NonlinearConjugateGradient(), gd.StrongWolfe(curvature=0.1))
        made["gdfast conjugate gradients, StrongWolfe"] = Contestant(conjugate, STEPS, "steps")
        made["gdfast Newton, Backtracking"] = Contestant(
            _gdfast(problem, gd.Newton(), gd.Backtracking()), (2, 4), "steps"
        )
    made["gdfast SGD, momentum"] = Contestant(_gdfast_sgd(problem), EPOCHS, "epochs")
    if problem.loss == "hinge":
        certified = _gdfast(problem, gd.DualCoordinateAscent(), None, gap_tol=0.0, evaluate_every=1000)
        made["gdfast dual coordinate ascent"] = Contestant(certified, (*EPOCHS, 20, 30, 50, 100), "epochs")
    for add in (_with_sklearn, _with_torch):
        with contextlib.suppress(ImportError):
            made |= add(problem)
    if not slow:
        made.pop(SLOW, None)
    return made


def decayed(problem: Problem, epochs: int) -> Callable[[int], float]:
    """The learning rate of step k: down to 0 in a straight line."""
    steps = epochs * -(-len(problem.y) // problem.batch)
    return lambda k: problem.step * (1 - k / steps)


# gdfast.


def _gdfast(problem: Problem, optimizer: Any, step: Any, **more: Any) -> Callable[[int], Reached]:
    import gdfast as gd

    def run(budget: int) -> Reached:
        objective = problem.objective()
        W0 = np.zeros(objective.shape, dtype=problem.X.dtype)
        how_far = {} if step is None else {"step": step}
        result = gd.minimize(objective, W0, optimizer, **how_far, max_steps=budget, gtol=0, **more)
        return Reached(result.w, result.passes, result.duality_gap)

    return run


def _gdfast_sgd(problem: Problem) -> Callable[[int], Reached]:
    import gdfast as gd

    def run(epochs: int) -> Reached:
        objective, batches = problem.objective(), gd.MiniBatches(problem.batch, seed=0)
        W0 = np.zeros(objective.shape, dtype=problem.X.dtype)
        step = decayed(problem, epochs)
        result = gd.minimize(objective, W0, gd.Momentum(MOMENTUM), step, batches=batches, epochs=epochs, gtol=0)
        return Reached(result.w, result.passes)

    return run


# scikit-learn.


def _with_sklearn(problem: Problem) -> dict[str, Contestant]:
    """Its C is 1 / (2 n strength), SGDClassifier's alpha 2 * strength. Only the first solves the problem itself."""
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    from sklearn.svm import LinearSVC

    C = 1 / (2 * len(problem.y) * problem.strength)

    def fitted(make: Callable[[int], Any], passes: Callable[[int], float] | None = None) -> Callable[[int], Reached]:
        def run(budget: int) -> Reached:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it did not converge within the budget
                model = make(budget).fit(problem.X, problem.y)
            W = np.column_stack([model.coef_, model.intercept_]).astype(problem.X.dtype)
            return Reached(W, None if passes is None else passes(budget))

        return run

    if problem.loss == "softmax":
        logistic = fitted(lambda n: LogisticRegression(C=C, solver="lbfgs", tol=1e-12, max_iter=n))
        return {"scikit-learn LogisticRegression(lbfgs)": Contestant(logistic, STEPS, "iterations")}
    sgd = fitted(lambda n: SGDClassifier(alpha=2 * problem.strength, max_iter=n, tol=None, random_state=0), float)
    made = {"scikit-learn SGDClassifier": Contestant(sgd, EPOCHS, "epochs", same_problem=False)}
    one_by_one = fitted(lambda n: LinearSVC(C=C, loss="hinge", max_iter=n, random_state=0))
    made["scikit-learn LinearSVC, one-vs-rest"] = Contestant(one_by_one, (1, 10, 100), "iterations", same_problem=False)
    # It ignores max_iter: only its tolerance stops it.
    at_once = fitted(lambda n: LinearSVC(C=C, multi_class="crammer_singer", tol=10.0**-n, random_state=0))
    made[SLOW] = Contestant(at_once, (1, 4), "digits", same_problem=False)
    return made


# PyTorch.


def _with_torch(problem: Problem) -> dict[str, Contestant]:
    """The usual loop: the same batches, steps, momentum and penalty; the hinge times the classes it divides by."""
    if not isinstance(problem.X, np.ndarray):
        return {}
    import torch
    from torch.nn.functional import cross_entropy, linear, multi_margin_loss

    import gdfast as gd

    torch.set_num_threads(problem.threads)
    X, y = torch.from_numpy(problem.X), torch.from_numpy(np.asarray(problem.y, dtype=np.int64))
    n, k = len(problem.y), problem.n_classes

    def loss(scores: Any, labels: Any) -> Any:
        return cross_entropy(scores, labels) if problem.loss == "softmax" else k * multi_margin_loss(scores, labels)

    def run(epochs: int) -> Reached:
        W = torch.zeros((k, X.shape[1]), requires_grad=True)
        bias = torch.zeros(k, requires_grad=True)
        groups = [{"params": [W], "weight_decay": 2 * problem.strength}, {"params": [bias]}]
        optimizer = torch.optim.SGD(groups, lr=problem.step, momentum=MOMENTUM)
        step, batches, i = decayed(problem, epochs), gd.MiniBatches(problem.batch, seed=0), 0
        for epoch in range(epochs):
            order = torch.from_numpy(batches.permutation(n, epoch))
            for first in range(0, n, problem.batch):
                for group in optimizer.param_groups:
                    group["lr"] = step(i)
                rows = order[first : first + problem.batch]
                optimizer.zero_grad()
                loss(linear(X[rows], W, bias), y[rows]).backward()
                optimizer.step()
                i += 1
        return Reached(np.column_stack([W.detach().numpy(), bias.detach().numpy()]), float(epochs))

    return {"PyTorch SGD, momentum": Contestant(run, EPOCHS, "epochs")}
