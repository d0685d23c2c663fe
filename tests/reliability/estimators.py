"""The scikit-learn estimators: each parameter through `fit`, and each argument of their methods, X sparse and dense.

What scikit-learn itself refuses it refuses in its own words, which may name a "2D array" or "samples" instead of X.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin

import gdfast as gd
from gdfast.estimators import GDClassifier, GDClassifierCV, GDRegressor, GDRegressorCV
from reliability import bad_arrays as arrays
from reliability import bad_csr
from reliability import bad_values as values
from reliability.arguments import Argument, X, Y, csr, number
from reliability.bad_values import EITHER, SAME, SURVIVES, Bad, constant
from reliability.calls import Public
from reliability.cases import Case, cases_of_public

TARGETS = np.array([0.5, 1.0, -2.0, 0.25, 3.0, 1.5, 0.0, -1.0])
QUICK = {"epochs": 2, "min_steps": 1, "random_state": 0, "n_threads": 1}
THEIR_WORDS = (
    "X",
    "y",
    "array",
    "samples",
    "feature",
    "features",
    "Input",
    "input",
    "dtype",
    "data",
    "matrix",
    "sparse",
)

TAKEN = {  # scikit-learn takes other types of numbers, and whatever an array can be made of; sparse X is another model
    *("int64 dtype", "int32 dtype", "int8 dtype", "uint64 dtype", "bool dtype", "object dtype", "StringDType"),
    *(f"sparse {name}" for name in ("csc", "coo", "lil", "dok", "bsr", "dia")),
    *("text dtype", "bytes dtype", "list with text", "masked array without a mask", "timedelta64 dtype"),
}


def _relaxed(bads: tuple[Bad, ...]) -> tuple[Bad, ...]:
    """Wrong values of an array for whom scikit-learn converts."""
    return tuple(bad._replace(want=SURVIVES) if bad.name in TAKEN else bad for bad in bads)


OTHER_LABELS = {  # are labels as any other
    *("-1", "int64 minimum", "2**32, which int32 makes 0", "2**63", "2**64 - 1", "float dtype", "float16 dtype"),
    *("one axis more", "complex64", "complex128", "huge, of stride 0"),
}
OF_TEXT = (
    "upper case",
    "with a space",
    "with a null",
    "bytes of it",
    "numpy text",
    "list of it",
    "array of it",
    "0-d array",
)


def _words(*more: Bad) -> tuple[Bad, ...]:
    """Wrong values of a name; gdfast's own objects are right as well."""
    return (*(bad for bad in values.WORD if bad.name not in ("True", "0")), *more)


_labels = tuple(
    bad
    for bad in arrays.LABELS
    if bad.name
    not in (
        "huge, of stride 0",
        "-1",
        "int64 minimum",
        "2**32, which int32 makes 0",
        "2**63",
        "2**64 - 1",
        "float dtype",
    )
    and bad.name not in ("float16 dtype", "one axis more", "complex64", "complex128")
)
_targets = tuple(bad for bad in arrays.REAL_ROW if bad.name not in ("one axis more", "huge, of stride 0"))

SETTINGS: dict[str, Argument] = {
    "alpha": number(0.125, tuple(bad for bad in values.NON_NEGATIVE if bad.name not in ("largest float", "1e308"))),
    "l1_ratio": number(0.5, (*values.NON_NEGATIVE, constant("1.5", 1.5))),
    "optimizer": Argument(lambda: "adam", (*_words(), Bad("the class Adam", lambda _: gd.Adam))),
    "learning_rate": Argument(  # too short a sequence is refused by the run, which calls it its step
        lambda: 0.125, tuple(bad for bad in values.POSITIVE if bad.name != "function"), called=("step",)
    ),
    "batch_size": number(3, (*values.COUNT, *values.LARGE_INTEGER)),
    "epochs": number(2, values.COUNT),
    "min_steps": number(2, values.COUNT_FROM_0),
    "tol": number(0.125, values.NON_NEGATIVE),
    "callback": Argument(
        lambda: lambda epoch, weights, loss: None, tuple(bad for bad in values.FUNCTION if bad.name != "None")
    ),
    "early_stopping": number(False, values.FLAG),
    "validation_fraction": number(0.25, (*values.FRACTION, *values.ZERO)),
    "n_iter_no_change": number(3, (*values.COUNT, *values.LARGE_INTEGER)),
    "fit_intercept": number(True, values.FLAG),
    "standardize": number(True, tuple(bad for bad in values.FLAG if bad.name != "the text True")),
    "warm_start": number(False, values.FLAG),
    "random_state": number(3, tuple(bad for bad in values.SEED if bad.name not in ("RandomState", "np.random"))),
    "n_threads": number(1, values.COUNT),
    "memory_limit": number(  # a digit as text are bytes
        100,
        (
            *(bad for bad in values.COUNT if bad.name != "a digit as text"),
            constant("1 GX", "1 GX"),
            constant("no number", "GB"),
        ),
    ),
    "certify": number(True, values.FLAG),
    "verbose": number(0, tuple(bad for bad in values.COUNT_FROM_0 if "True" not in bad.name and bad.name != "False")),
    "class_weight": Argument(
        lambda: {0: 1.0, 1: 2.0, 2: 0.5},
        (
            *(
                bad
                for bad in values.WORD
                if bad.name not in ("dict", "empty list", "array of it", "0-d array", *OF_TEXT)
            ),
            constant("of NaN", {0: np.nan, 1: 1.0, 2: 1.0}),
            constant("of inf", {0: np.inf, 1: 1.0, 2: 1.0}),
            constant("negative", {0: -1.0, 1: 1.0, 2: 1.0}),
            constant("all zero", {0: 0.0, 1: 0.0, 2: 0.0}),
            constant("of text", {0: "a", 1: 1.0, 2: 1.0}),
            constant("of None", {0: None, 1: 1.0, 2: 1.0}),
            constant("of 10**400", {0: 10**400, 1: 1.0, 2: 1.0}),
            constant("of booleans", {0: True, 1: 1.0, 2: 1.0}),
            constant("of complex", {0: 1j, 1: 1.0, 2: 1.0}),
        ),
    ),
}
PATHS = ("text", "empty text", "a digit as text", "numpy text")  # X may be one, of a file that must be there


def _no_paths(bads: tuple[Bad, ...]) -> tuple[Bad, ...]:
    return tuple(bad for bad in bads if bad.name not in PATHS)


DATA: dict[str, Argument] = {
    "X": Argument(X.copy, _no_paths(_relaxed(arrays.matrix(len(X)))), called=THEIR_WORDS),
    "sample_weight": Argument(
        lambda: np.array([1.0, 2, 0.5, 1, 1, 0, 3, 0.25]),
        _relaxed(tuple(bad for bad in arrays.NON_NEGATIVE_ROW if bad.name not in ("1.5", "huge, of stride 0"))),
        called=("weights", "weight", *THEIR_WORDS),
    ),
    "classes": Argument(
        lambda: np.array([0, 1, 2]),
        (constant("others", [5, 6]), constant("one", [0]), constant("NaN", [np.nan])),
        called=("y",),
    ),
}
ROWS = Argument(X.copy, _no_paths(_relaxed(arrays.matrix())), called=THEIR_WORDS)
SPARSE = Argument(
    csr,
    tuple(
        bad._replace(want=EITHER)
        if bad.name in ("CSC", "COO", "BSR", "LIL", "DIA")
        else bad._replace(want=SURVIVES)
        if bad.name in ("integer data", "bool data", "float16 data", "object data", "columns a list", "int16 columns")
        else bad
        for bad in bad_csr.CSR
        if bad.name != "entries twice, at half"
    ),
    called=(*THEIR_WORDS, "indices", "indptr", "index"),
)
LABELS = Argument(Y.copy, _relaxed(_labels), called=(*THEIR_WORDS, "label", "labels", "classes", "class"))
REALS = Argument(TARGETS.copy, _relaxed(_targets), called=THEIR_WORDS)


FOLDS = [(np.array([0, 1, 2, 5]), np.array([3, 4, 6, 7])), (np.array([2, 3, 4, 6, 7]), np.array([0, 1]))]


def _folds(name: str, train: Any) -> Bad:
    """The same folds, the first of which trains on other rows."""
    return Bad(name, lambda folds: [(train, folds[0][1]), *folds[1:]])


OF_FOLDS: dict[str, Argument] = {
    "alphas": Argument(
        lambda: np.array([0.5, 0.25, 0.125]),
        (
            *(bad for bad in arrays.SEVERAL if bad.name != "one"),
            *(bad for bad in arrays.NON_NEGATIVE_ROW if bad.name == "one negative"),
            constant("twice the same", [0.5, 0.25, 0.5]),
            constant("none", 0),
            constant("-3", -3),
            constant("10**400", 10**400),
            constant("True", True),
            constant("text", "auto"),
        ),
    ),
    "cv": Argument(
        lambda: FOLDS,
        (
            *(bad for bad in values.NOTHING_LIKE_IT if bad.name != "None"),
            *values.NOT_A_FUNCTION,
            *values.NOT_FINITE,
            *values.BEYOND,
            *values.NEGATIVE,
            *values.ZERO,
            constant("True", True),
            constant("1", 1),
            constant("2.0", 2.0),
            constant("9, more than rows", 9),
            constant("empty list", []),
            constant("a fold of one part", [(np.arange(8),)]),
            constant("numbers", [1, 2]),
            _folds("row 8", np.array([0, 1, 2, 8])),
            _folds("row -1", np.array([0, 1, 2, -1])),
            _folds("rows of float", np.array([0.0, 1.0, 2.0])),
            _folds("rows in two dimensions", np.array([[0, 1, 2, 5]])),
            _folds("no row", np.array([], dtype=int)),
            _folds("text", "0125"),
            _folds("None", None),
            _folds("a short mask", np.array([True, False, True])),
            Bad("a mask", lambda folds: [(np.isin(np.arange(8), a), np.isin(np.arange(8), b)) for a, b in folds], SAME),
            Bad("lists", lambda folds: [(a.tolist(), b.tolist()) for a, b in folds], SAME),
            Bad("generator of folds", iter, SAME),
            Bad("held out: no row", lambda folds: [(folds[0][0], []), folds[1]]),
            Bad("held out: row 8", lambda folds: [(folds[0][0], [8]), folds[1]]),
        ),
    ),
    "scoring": Argument(
        lambda: "neg_mean_absolute_error",
        (
            *(bad for bad in values.WORD if bad.name != "function"),
            *(
                Bad(f"answers {answer!r}", lambda _, answer=answer: lambda *_: answer)
                for answer in (None, np.nan, np.inf, "0.5", 1j, True, [0.5], {"a": 0.5})
            ),
            Bad("a dict of scorers", lambda name: {"a": name}),
        ),
    ),
    "tol": number(0.125, values.POSITIVE),
}


OF_ALPHAS = (GDClassifierCV, GDRegressorCV)
QUICK_OF_FOLDS = {"alphas": [0.5, 0.125], "cv": FOLDS, "n_threads": 1}


class Estimator(Public):
    """The constructor of an estimator with `fit`, or one of its methods."""

    def __init__(self, kind: type, method: str | None) -> None:
        self.kind, self.method = kind, method
        super().__init__(kind.__name__ if method is None else f"{kind.__name__}.{method}", kind, None)
        self.quick = QUICK_OF_FOLDS if kind in OF_ALPHAS else QUICK
        is_class = issubclass(kind, ClassifierMixin)
        loss = "hinge" if is_class else "huber"
        self.known = SETTINGS | DATA | {"loss": Argument(lambda: loss, _words()), "y": LABELS if is_class else REALS}
        y = self.known["y"]
        if kind in OF_ALPHAS:
            self.known |= OF_FOLDS
        self.known |= {
            "gap_tol": number(0.125, values.NON_NEGATIVE, loss="hinge" if is_class else "squared_error"),
            "X_val": replace(self.known["X"], extra={"y_val": y.right()}),
            "y_val": replace(y, extra={"X_val": X.copy()}),
        }
        if self.name == "GDRegressor.partial_fit":  # the weights of before are beyond float64 in units of such targets
            self.known["y"] = replace(y, bad=tuple(bad for bad in y.bad if bad.name != "all 5e-324"))
        if method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
            self.known["X"] = ROWS

    def parameters(self) -> list[inspect.Parameter]:
        """Those of `score` that are not X are scikit-learn's own affair."""
        target = self.kind if self.method is None else getattr(self.kind, self.method)
        skipped = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        return [
            p
            for p in inspect.signature(target).parameters.values()
            if p.name != "self" and p.kind not in skipped and (self.method != "score" or p.name == "X")
        ]

    def variants(self) -> Iterator[tuple[str, Callable[[], Callable[..., Any]], dict[str, Any]]]:
        if self.method is None:
            yield "", lambda: self._fit_with, {}
            return
        y = {"y": self.known["y"]} if self.method in ("fit", "partial_fit", "score") else {}
        for label, change in {"": self.known["X"], "CSR": SPARSE}.items():
            yield label, lambda: getattr(self._owner(), self.method), {"X": change, **y}

    def _owner(self) -> Any:
        return self.kind(**self.quick) if self.method == "fit" else self._fitted()

    def _fitted(self) -> Any:
        return self.kind(**self.quick).fit(X, self.known["y"].right())

    def _fit_with(self, **settings: Any) -> Any:
        return self.kind(**(self.quick | settings)).fit(X.copy(), self.known["y"].right())


METHODS = ("fit", "partial_fit", "predict", "score", "decision_function", "predict_proba", "predict_log_proba")
NAMES = {
    estimator.name: estimator
    for kind in (GDClassifier, GDRegressor, GDClassifierCV, GDRegressorCV)
    for estimator in (
        Estimator(kind, None),
        *(Estimator(kind, method) for method in METHODS if hasattr(kind, method)),
    )
}


def cases_of(name: str) -> list[Case]:
    """All cases of an estimator or one of its methods."""
    return cases_of_public(NAMES[name])
