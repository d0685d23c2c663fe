"""Every public callable, and how the example calls of it are made.

`public_callables` reads the public names: functions and classes of gdfast and of its public modules, and the methods
that take arguments of every public class, but for those that only the library calls, with what it has checked.
"""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

import gdfast as gd
from gdfast.objective.losses import Loss
from reliability import bad_arrays as arrays
from reliability import bad_csr
from reliability import bad_values as values
from reliability.arguments import (
    ARGUMENTS,
    GIVEN,
    LEFT_OUT,
    Argument,
    U,
    V,
    W,
    X,
    Y,
    bowl,
    bowl_gradient,
    csr,
    linear,
    squares,
)

MODULES = ("landscape", "testing", "test_functions", "differences", "datasets")

RECORDS = {"Path", "Result", "SearchResult", "GradientReport", "CriticalPoint", "StepSweep", "SanityReport", "Status"}
RECORDS |= {f"landscape.{name}" for name in ("Line", "Plane", "StepSizes", "Trajectory", "Weight")}
RECORDS |= {"differences.ErrorCurve", "datasets.Dataset", "datasets.Images"}
"""Classes that only the library makes: their methods are tested, their constructors are not."""

HELPERS = {
    "datasets.fetch_cifar10",  # from the network
    "datasets.load_cifar10",  # of files of 180 MB: see tests/datasets
    "datasets.Labels",
    "datasets.Pixels",
    "test_functions.KnownFunction",
    "differences.Scheme",
    "differences.name_coordinate",
    "differences.check_coordinates",
}
"""Names that other modules of gdfast share, and that no page of the documentation shows."""


def function_objective() -> gd.FunctionObjective:
    """The objective of example calls that is not linear."""
    return gd.FunctionObjective(bowl, bowl_gradient)


def _squared(**options: Any) -> gd.LinearObjective:
    return gd.LinearObjective(X, np.stack([Y, Y * 0.5, 1.0 - Y], axis=1), gd.SquaredError(), gd.L2(0.125), **options)


def _linear_objectives() -> dict[str, Callable[[], gd.LinearObjective]]:
    pixels = np.abs(X * 8).astype(np.uint8)
    return {
        "dense": linear,
        "hinge": lambda: linear(loss=gd.Hinge(), sample_weight=np.arange(1.0, 9.0), scale=np.array([1.0, 2.0, 4.0])),
        "uint8": lambda: linear(pixels, gd.SquaredHinge()),
        "float32": lambda: linear(X.astype(np.float32), gd.CrossEntropy(), mean=np.ones(3)),
        "CSR": lambda: linear(csr(), gd.Hinge()),
        "own loss": lambda: linear(loss=gd.ScoreLoss(squares)),
        "mini-batch": lambda: linear().rows([0, 5, 7, 7]),
        "squared error": _squared,
        "Huber": lambda: gd.LinearObjective(X, np.stack([Y, Y * 0.5, -Y], axis=1), gd.Huber(), gd.ElasticNet(0.1, 0.1)),
    }


def _chunked(X: Any = X, loss: Any = None, y: Any = Y, **options: Any) -> gd.ChunkedObjective:
    loss = gd.CrossEntropy() if loss is None else loss
    return gd.ChunkedObjective([X[:3], X[3:]], y.copy(), loss, gd.L2(0.125), **options)


def _chunked_objectives() -> dict[str, Callable[[], gd.ChunkedObjective]]:
    return {
        "dense": _chunked,
        "hinge": lambda: _chunked(loss=gd.Hinge(), sample_weight=np.arange(1.0, 9.0)),
        "CSR": lambda: _chunked(csr(), gd.Hinge()),
        "squared error": lambda: _chunked(
            X.astype(np.float32), gd.SquaredError(), np.stack([Y, Y * 0.5, 1.0 - Y], axis=1)
        ),
    }


OWNERS: dict[str, dict[str, Callable[[], Any]]] = {
    "LinearObjective": _linear_objectives(),
    "ChunkedObjective": _chunked_objectives(),
    "FunctionObjective": {
        "": function_objective,
        "numerical": lambda: gd.FunctionObjective(bowl),
    },
    "MiniBatches": {"": lambda: gd.MiniBatches(3)},
    "Model": {"": lambda: gd.Model(W.copy(), gd.CrossEntropy()), "regression": lambda: gd.Model(W.copy(), gd.Huber())},
    "GradientReport": {"": lambda: gd.check_gradient(bowl, bowl_gradient, W)},
    "SanityReport": {"": lambda: gd.sanity_check(linear())},
    "ScoreLoss": {"": lambda: gd.ScoreLoss(squares)},
    "L2": {"": lambda: gd.L2(0.125)},
    "L1": {"": lambda: gd.L1(0.125)},
    "ElasticNet": {"": lambda: gd.ElasticNet(0.125, 0.25)},
    "Path": {"": lambda: gd.regularization_path(linear(), [0.5, 0.25])},
    "Constant": {"": lambda: gd.Constant(0.5)},
    "Cosine": {"": lambda: gd.Cosine(0.5, 8)},
    "CosineRestarts": {"": lambda: gd.CosineRestarts(0.5, 3, 2)},
    "Exponential": {"": lambda: gd.Exponential(0.5, 0.5)},
    "InverseTime": {"": lambda: gd.InverseTime(0.5, 0.5)},
    "OneCycle": {"": lambda: gd.OneCycle(0.5, 8)},
    "PiecewiseConstant": {"": lambda: gd.PiecewiseConstant((2,), (0.5, 0.25))},
    "Polynomial": {"": lambda: gd.Polynomial(0.5, 8)},
    "Sequence": {"": lambda: gd.Sequence((0.5, 0.25, 0.125))},
    "StepDecay": {"": lambda: gd.StepDecay(0.5, 2, 0.5)},
    "Warmup": {"": lambda: gd.Warmup(3, gd.Constant(0.5))},
    "landscape.Line": {"": lambda: gd.landscape.line(linear(), W, V, [0.0, 1.0])},
    "landscape.Plane": {"": lambda: gd.landscape.plane(linear(), W, V, V[::-1].copy(), [0.0, 1.0], [0.0, 1.0])},
    "landscape.StepSizes": {"": lambda: gd.landscape.step_sizes(linear(), W, [0.5, 1.0])},
    "landscape.Trajectory": {"": lambda: gd.landscape.trajectory(linear(), [W, V, W + V], [0.0, 1.0], [0.0, 1.0])},
    "landscape.Weight": {"": lambda: gd.landscape.weight(linear(), W, (1, 2), [0.0, 1.0])},
    # What along_ray and on_plane return: public by being returned.
    "Ray": {
        "linear": lambda: linear().along_ray(W, V),
        "hinge": lambda: linear(loss=gd.Hinge()).along_ray(W, V),
        "of a function": lambda: gd.along_ray(function_objective(), W, V),
    },
    "Plane": {
        "linear": lambda: linear().on_plane(W, V, V[::-1].copy()),
        "of a function": lambda: gd.on_plane(function_objective(), W, V, V[::-1].copy()),
    },
}
"""Instances for the methods of a class; a class that is not here is made without arguments."""

CSR = Argument(csr, bad_csr.CSR, called=("y",))
CSR_ROWS = Argument(csr, tuple(bad for bad in bad_csr.CSR if bad.name != "no columns"))
OBJECTIVE = Argument(
    linear,
    tuple(bad for bad in values.OBJECTIVE if bad.name != "function"),
    called=("f", "objective", "gradient"),
)
TARGETS = Argument(
    lambda: Y * 0.5,
    tuple(bad._replace(want=values.EITHER) if bad.name == "one axis more" else bad for bad in arrays.REAL_ROW),
)
START = Argument(W.copy, arrays.POINT)
OTHER_SHAPES = (*arrays.POINT, *arrays.SHAPES)
DIRECTION = Argument(V.copy, OTHER_SHAPES)
LINE_SEARCH = Argument(gd.Backtracking, tuple(bad for bad in values.FUNCTION if bad.name not in ("1", "1.5", "array")))

STEPS = Argument(
    lambda: np.full(W.shape, 0.125),
    tuple(bad for bad in (*arrays.POSITIVE_ROW, *arrays.SHAPES) if bad.name not in ("1.5", "0-d")),  # one for all
)
STEP_VARIANTS: dict[str, dict[str, Any]] = {
    "": {},
    "a step for each": {"h": STEPS},
    "auto": {"h": Argument(lambda: "auto", ())},
}


def from_files(argument: Argument) -> Argument:
    """What a file may hold as well: a text is its path, labels may be booleans, or a column."""
    both = ("bool dtype", "one axis more")
    bads = (bad for bad in argument.bad if "text" not in bad.name)
    return replace(argument, bad=tuple(bad._replace(want=values.EITHER) if bad.name in both else bad for bad in bads))


ROWS_AND_LABELS = {name: from_files(ARGUMENTS[name]) for name in ("X", "y")}

VARIANTS: dict[str, dict[str, dict[str, Any]]] = {
    **{f"numerical_{name}": STEP_VARIANTS for name in ("gradient", "jacobian", "hessian")},
    "LinearObjective": {
        "dense": {},
        "CSR": {"X": CSR, "loss": gd.Hinge, "mean": LEFT_OUT},
        "own loss": {"loss": lambda: gd.ScoreLoss(squares)},
        "squared error": {"loss": gd.SquaredError, "y": TARGETS, "n_classes": LEFT_OUT},
    },
    **{
        name: {
            "dense": {"max_steps": 3},
            "mini-batches": {"max_steps": 7, "batches": lambda: gd.MiniBatches(3), "optimizer": gd.Adam},
            "CSR": {
                "max_steps": 7,
                "objective": lambda: linear(csr(), gd.Hinge()),
                "batches": lambda: gd.MiniBatches(3),
            },
            "function": {"max_steps": 3, "objective": function_objective, "w0": START},
            "line search": {"max_steps": 2, "step": LINE_SEARCH},
        }
        for name in ("minimize", "maximize")
    },
    "ChunkedObjective": {
        "dense": {**ROWS_AND_LABELS, "label": LEFT_OUT},
        "CSR": {**ROWS_AND_LABELS, "X": from_files(CSR), "loss": gd.Hinge, "mean": LEFT_OUT, "label": LEFT_OUT},
        "squared error": {
            **ROWS_AND_LABELS,
            "y": from_files(TARGETS),
            "loss": gd.SquaredError,
            "n_classes": LEFT_OUT,
            "label": LEFT_OUT,
        },
    },
    "check_product": {"": {"direction": GIVEN}},
    "check_gradient": {
        "function": {"gradient": GIVEN, "at": GIVEN},
        "objective": {"value": OBJECTIVE, "gradient": LEFT_OUT, "at": GIVEN, "vectorized": LEFT_OUT},
    },
    **{
        f"{owner}.{name}": {"": {"indices": GIVEN, "row_weights": GIVEN}}
        for owner in ("LinearObjective", "ChunkedObjective")
        for name in ("gram", "gram_diagonal", "gram_sketch")
    },
    "testing.assert_gradient": {"": {"gradient": GIVEN, "at": GIVEN}},
    "step_sweep": {"": {"gradient": GIVEN, "x": GIVEN, "hs": GIVEN}},
    "random_direction": {"": {"rng": GIVEN, "like": GIVEN}},
    **{
        name: {"": {}, "CSR X": {"X": CSR_ROWS}}
        for name in ("Model.predict", "Model.scores", "Model.probabilities", "LinearObjective.predict")
    },
    "along_ray": {"linear": {}, "function": {"objective": function_objective, "w": START, "v": DIRECTION}},
    "on_plane": {
        "linear": {},
        "function": {"objective": function_objective, "w": START, "u": DIRECTION, "v": Argument(U.copy, OTHER_SHAPES)},
    },
    "sanity_check": {"function": {"objective": function_objective, "w0": START}, "linear": {"w0": GIVEN}},
    **{name: {"": {"rng": GIVEN}} for name in ("random_search", "local_search", "hill_climb")},
}
"""Example calls of one callable that differ in some arguments: a function makes the argument's value, an Argument says
also what is wrong for it, LEFT_OUT leaves it out and GIVEN takes what `arguments` says."""

_smooth, _classes = {"hinge", "CSR", "Huber"}, {"squared error", "Huber"}
WITHOUT: dict[str, set[str]] = {
    **{f"ChunkedObjective.{name}": {"squared error"} for name in ("margins", "accuracy", "with_terms", "separates")},
    **{f"ChunkedObjective.{name}": {"hinge", "CSR"} for name in ("hessian_product", "hessian_at")},
    "LinearObjective.predict": {"float32, CSR X"},  # which has a mean
    "LinearObjective.margins": _classes,
    "LinearObjective.accuracy": _classes,
    "LinearObjective.separates": _classes,
    "LinearObjective.hessian_product": _smooth,
    "LinearObjective.hessian_at": _smooth,
    "LinearObjective.duality_gap": {"own loss"},
    "LinearObjective.bound_from_gradient": {"own loss"},
    "LinearObjective.with_terms": _classes,
    "Model.probabilities": {"regression", "regression, CSR X"},
    "minimize.batches": {"function"},
    "maximize.batches": {"function"},
    "minimize.gap_tol": {"function", "mini-batches", "CSR", "line search"},
    "maximize.gap_tol": {"dense", "function", "mini-batches", "CSR", "line search"},
}
"""Example calls that are refused for what they are, not for an argument."""

CAPABILITIES = {
    "closed_forms", "compiled_steps", "fingerprint", "improved_bound", "of_problem", "row_curvatures"
}  # fmt: skip
"""What the library asks of a LinearObjective, through gdfast.objective.capabilities."""

ASKED_FOR = {"value", "gradient", "value_and_gradient", "proximal"}
"""What a user may ask of a loss or a regularizer; the rest the library asks, of arrays that it has checked."""


class Public:
    """A public callable: `make` gives it anew for each variant, bound to a fresh instance where it is a method."""

    def __init__(self, name: str, target: Callable[..., Any], owner: str | None = None) -> None:
        self.name, self.target, self.owner = name, target, owner
        self.known: dict[str, Argument] = {}  # its arguments, where they are not what their names say elsewhere

    def parameters(self) -> list[inspect.Parameter]:
        """Those that a call names."""
        signature = inspect.signature(self.target)
        skipped = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        found = [parameter for parameter in signature.parameters.values() if parameter.kind not in skipped]
        return found[1:] if self.owner is not None and found and found[0].name == "self" else found

    def variants(self) -> Iterator[tuple[str, Callable[[], Callable[..., Any]], dict[str, Any]]]:
        """(label, a function that makes the callable, arguments that differ)."""
        if self.owner is None:
            for label, changes in VARIANTS.get(self.name, {"": {}}).items():
                yield label, lambda: self.target, changes
            return
        method = self.name.rpartition(".")[2]
        owners = OWNERS.get(self.owner) or {"": self._own_class()}
        for label, make in owners.items():
            for more, changes in VARIANTS.get(self.name, {"": {}}).items():
                both = ", ".join(filter(None, (label, more)))
                if callable(getattr(make(), method, None)) and both not in WITHOUT.get(self.name, ()):
                    yield both, lambda make=make: getattr(make(), method), changes

    def _own_class(self) -> Callable[[], Any]:
        found: Any = gd
        assert self.owner is not None
        for part in self.owner.split("."):
            found = getattr(found, part)
        return found  # type: ignore[no-any-return]


def public_callables() -> dict[str, Public]:
    """All of them by name: ``minimize``, ``landscape.line``, ``LinearObjective.value``, ``Constant.__call__``."""
    found: dict[str, Public] = {}
    names = {name: getattr(gd, name) for name in gd.__all__}
    for module in MODULES:
        home = getattr(gd, module)
        public = getattr(
            home, "__all__", [n for n, f in vars(home).items() if getattr(f, "__module__", "") == home.__name__]
        )
        names |= {f"{module}.{name}": getattr(home, name) for name in public if not hasattr(gd, name)}
    names["Ray"], names["Plane"] = None, None
    for name, thing in names.items():
        if name in HELPERS or inspect.ismodule(thing) or isinstance(thing, str):
            continue
        if (isinstance(thing, type) and not issubclass(thing, enum.Enum) and name not in RECORDS) or (
            callable(thing) and not isinstance(thing, type)
        ):
            found[name] = Public(name, thing)
        if isinstance(thing, type) or thing is None:
            owners = [thing] if thing is not None else [type(make()) for make in OWNERS[name].values()]
            for owner in owners:
                if not issubclass(owner, enum.Enum):
                    found |= _methods(name, owner)
    return {name: public for name, public in found.items() if public.parameters()}


def is_library_only(owner: type, method: str) -> bool:
    """Whether only the library calls a method, with what was checked where it came in."""
    if issubclass(owner, gd.LinearObjective | gd.ChunkedObjective):
        return method in CAPABILITIES | {"run_batches"}
    if issubclass(owner, Loss | gd.L1 | gd.L2 | gd.ElasticNet):
        return method not in ASKED_FOR
    return hasattr(owner, "init") or hasattr(owner, "search")  # optimizers, line searches


def _methods(name: str, owner: type) -> dict[str, Public]:
    found = {}
    for method, function in inspect.getmembers(owner, callable):
        if (
            not is_library_only(owner, method)
            and (not method.startswith("_") or method == "__call__")
            and inspect.isroutine(function)
        ):
            found[f"{name}.{method}"] = Public(f"{name}.{method}", function, name)
    return found
