"""What lasts besides runs: matrices, derivatives, checks, landscapes, paths, searches, estimators, pictures."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import gdfast as gd
from reliability.long_runs import DENSE, LABELS, X_OF, estimate, function, objective
from reliability.presses import Operation

W = 0.01 * np.random.default_rng(1).normal(size=(5, 121))


def plain(call: Callable[[], Any]) -> Callable[[], Operation]:
    """An operation that a press ends with KeyboardInterrupt."""
    return lambda: Operation(call)


def on(call: Callable[[Any], Any], *arguments: Any, **options: Any) -> Callable[[], Operation]:
    """The same on an objective, made once."""

    def make() -> Operation:
        made = objective(*arguments, **options)
        return Operation(lambda: call(made))

    return make


def repeated(call: Callable[[Any], Any], times: int) -> Callable[[Any], Any]:
    """A quick call, so often that it lasts."""

    def run(made: Any) -> Any:
        for _ in range(times - 1):
            call(made)
        return call(made)

    return run


def slow(w: Any) -> float:
    """A user's function that waits."""
    time.sleep(0.002)
    return float(np.sum(np.sin(w)))


class Walked(list[Any]):
    """What is known of a path, which stands behind it."""

    def __init__(self, path: Any) -> None:
        super().__init__([path.strengths, path.values, path.W])
        self.path = path


def path(*arguments: Any, **options: Any) -> Operation:
    """A path that is ended early has the first points of the whole one."""
    made = objective(*arguments, **options)

    def run() -> Any:
        return Walked(gd.regularization_path(made, 8, tol=1e-4))

    def wrong(answer: Any) -> str | None:
        if answer.path.status is not gd.Status.INTERRUPTED:
            return f"its status is {answer.path.status.name}, and the press was swallowed"
        n = len(answer.path)
        same = all(np.array_equal(part, whole[:n]) for part, whole in zip(answer, run(), strict=True))
        return None if same and n else "its points are not the first ones of the whole path"

    return Operation(run, wrong)


def hill() -> Any:
    def flips(bits: Any) -> Any:
        return [(*bits[:i], 1 - bits[i], *bits[i + 1 :]) for i in range(len(bits))]

    return gd.hill_climb(lambda bits: sum(b * (i % 7 - 3) for i, b in enumerate(bits)), (0,) * 40, flips)


def climbed() -> Operation:
    def run() -> Any:
        found = [hill() for _ in range(20)]
        for one in found:
            if one.status is gd.Status.INTERRUPTED:
                raise KeyboardInterrupt
        return [found[-1].w, found[-1].value]

    return Operation(run)


def picture(made: Any) -> Any:
    """A plot of a run, as bytes of pixels."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure()
    run = gd.minimize(made, np.zeros(made.shape), step=0.01, max_steps=5)
    if run.status is gd.Status.INTERRUPTED:
        raise KeyboardInterrupt
    gd.plots.history(run, ax=figure.subplots())
    written = io.BytesIO()
    figure.savefig(written, metadata={"Software": None})
    return written.getvalue()


def saved(made: Any) -> Any:
    """A model, written and read again and again: what is there is always whole."""
    model = gd.Model(W, gd.CrossEntropy())
    for _ in range(40):
        gd.save_model("model.npz", model)
        read = gd.load_model("model.npz")
    return read.W


def cross_validated(name: str, **options: Any) -> Operation:
    from gdfast import estimators

    y = LABELS[:1500] if "Classifier" in name else DENSE[:1500, 0] + 0.1 * LABELS[:1500]

    def run() -> Any:
        fitted = getattr(estimators, name)(**options).fit(DENSE[:1500], y)
        return [fitted.coef_, fitted.intercept_]

    return Operation(run)


def estimators_of(name: str, X: Any = None, **options: Any) -> Operation:
    from gdfast import estimators

    y = LABELS if "Classifier" in name else DENSE[:, 0] + 0.1 * LABELS
    return estimate(lambda: getattr(estimators, name)(**options), X, y)


def grid_search() -> Operation:
    from sklearn.model_selection import GridSearchCV

    from gdfast.estimators import GDClassifier

    def run() -> Any:
        search = GridSearchCV(GDClassifier(epochs=2), {"alpha": [1e-4, 1e-2]}, cv=2).fit(DENSE[:1500], LABELS[:1500])
        return [search.best_estimator_.coef_, search.best_score_]

    return Operation(run)


def said_of(method: str, times: int) -> Operation:
    from gdfast.estimators import GDClassifier

    fitted = GDClassifier(epochs=2).fit(DENSE, LABELS)
    arguments = (DENSE, LABELS) if method == "score" else (DENSE,)

    def run() -> Any:
        for _ in range(times):
            said = getattr(fitted, method)(*arguments)
        return said

    return Operation(run)


def partial_fits() -> Operation:
    from gdfast.estimators import GDClassifier

    def run() -> Any:
        fitted = GDClassifier(random_state=0)
        for i in range(0, 6000, 500):
            fitted.partial_fit(DENSE[i : i + 500], LABELS[i : i + 500], classes=range(5))
        return fitted.coef_

    return Operation(run)


def made_of(kind: str, times: int) -> Operation:
    """Objectives of large X, which is checked when one is made."""
    X, y = X_OF[kind](), LABELS

    def run() -> Any:
        for _ in range(times):
            made = gd.LinearObjective(X, y)
        return made.value(np.zeros(made.shape))

    return Operation(run)


def landscape(made: Any) -> Any:
    steps = np.linspace(-1, 1, 60)
    rng = np.random.default_rng(2)
    return gd.landscape.plane(made, W, rng.normal(size=W.shape), rng.normal(size=W.shape), steps, steps).values


def pieces(made: Any) -> Any:
    """One weight of a hinge loss, each linear piece of it."""
    found = gd.landscape.weight(made, W, (1, 3), np.linspace(-2, 2, 50))
    return [np.asarray(column) for column in vars(found).values() if isinstance(column, np.ndarray)]


def report(made: Any) -> Any:
    return gd.check_gradient(made, at=W).verdict.name


def sane(made: Any) -> Any:
    return str(gd.sanity_check(made).passed)


def critical(made: Any) -> Any:
    found = gd.solve_critical_point(made, np.zeros(30), gtol=1e-9)
    if found.status is gd.Status.INTERRUPTED:
        raise KeyboardInterrupt
    return found.w


V = np.random.default_rng(3).normal(size=W.shape)
OPERATIONS: dict[str, Callable[[], Operation]] = {
    "value": on(repeated(lambda o: o.value(W), 100)),
    "gradient of CSR": on(repeated(lambda o: o.gradient(W), 60), kind="CSR"),
    "gradient, chunked": on(repeated(lambda o: o.gradient(W), 30), chunked=True),
    "Gram matrix": on(repeated(lambda o: o.gram(np.ones(6000)), 20)),
    "Gram matrix, chunked": on(repeated(lambda o: o.gram(np.ones(6000)), 10), chunked=True),
    "closed form": on(repeated(lambda o: o.solve(), 3), gd.SquaredError()),
    "Hessian times v": on(repeated(lambda o: o.hessian_product(W, V), 60)),
    "duality gap": on(repeated(lambda o: o.duality_gap(W), 40), gd.Hinge()),
    "Lipschitz constant": on(repeated(lambda o: o.lipschitz(), 10)),
    "regularization path": partial(path, gd.CrossEntropy(), gd.L1(1e-3), rows=1500),
    "regularization path of squares": partial(path, gd.SquaredError(), gd.L2(1e-3)),
    "numerical gradient": on(lambda o: gd.numerical_gradient(o.value, W)),
    "numerical gradient of a function": plain(lambda: gd.numerical_gradient(slow, np.ones(60))),
    "numerical gradient, error": plain(lambda: gd.numerical_gradient(slow, np.ones(8), h="auto")),
    "numerical Jacobian": plain(lambda: gd.numerical_jacobian(lambda w: np.array([slow(w), slow(2 * w)]), np.ones(20))),
    "numerical Hessian": plain(lambda: gd.numerical_hessian(slow, np.ones(5))),
    "step sweep": plain(lambda: gd.step_sweep(slow, np.cos, np.ones(3)).best_h),
    "gradient check": on(repeated(report, 3)),
    "gradient check of a slow function": plain(
        lambda: gd.check_gradient(slow, np.cos, np.linspace(0, 1, 6)).verdict.name
    ),
    "gradient check of a quick function": plain(
        lambda: [gd.check_gradient(function(), at=np.full(30, 0.1)).verdict.name for _ in range(3)]
    ),
    "sanity check": on(sane, rows=1500),
    "critical point": plain(lambda: [critical(function()) for _ in range(5)][-1]),
    "hill climb": climbed,
    "landscape of a line": on(repeated(lambda o: gd.landscape.line(o, W, V, np.linspace(-1, 1, 200)).values, 10)),
    "landscape of a plane": on(landscape),
    "landscape of a plane, chunked": on(landscape, chunked=True),
    "landscape of a weight": on(repeated(pieces, 5), gd.Hinge()),
    "GDClassifier": partial(estimators_of, "GDClassifier", epochs=20),
    "GDClassifier, uint8": lambda: estimators_of("GDClassifier", X_OF["uint8"](), epochs=5),
    "GDClassifier, CSR": lambda: estimators_of("GDClassifier", X_OF["CSR"](), epochs=20),
    "GDClassifier, early stopping": partial(
        estimators_of, "GDClassifier", epochs=10, early_stopping=True, random_state=0
    ),
    "GDClassifier, solve": partial(estimators_of, "GDClassifier", optimizer="solve", loss="hinge"),
    "GDRegressor": partial(estimators_of, "GDRegressor", epochs=20),
    "GDClassifierCV": partial(cross_validated, "GDClassifierCV", cv=3),
    "GDRegressorCV": partial(cross_validated, "GDRegressorCV", cv=3),
    "GridSearchCV": grid_search,
    "partial_fit": partial_fits,
    "predict": partial(said_of, "predict", 60),
    "predict_proba": partial(said_of, "predict_proba", 40),
    "score": partial(said_of, "score", 40),
    "making objectives": partial(made_of, "float32", 100),
    "making objectives of CSR": partial(made_of, "CSR", 40),
    "a plot": on(picture),
    "models written and read": on(saved),
}
