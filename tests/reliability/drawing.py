"""The plots: each argument, on a figure without a display."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

import gdfast as gd
from reliability import bad_arrays as arrays
from reliability import bad_values as values
from reliability.arguments import Argument, V, W, bowl, bowl_gradient, function, linear, number
from reliability.bad_values import Bad
from reliability.calls import Public
from reliability.calls import function_objective as _bowl
from reliability.cases import Case, cases_of_public
from reliability.special import names

_objects = (*values.FUNCTION, Bad("its class", type), Bad("a function", lambda _: lambda w: 1.0))
_steps = np.array([0.0, 0.5, 1.0])
_points = np.array([[1.0, 2.0], [0.5, -1.0]])
_words = tuple(bad for bad in values.WORD if bad.name != "empty list")


_PLACES = tuple(
    bad for bad in arrays.REAL_ROW if bad.name not in ("a row less", "a row more", "twice", "huge, of stride 0")
)
_BOX = tuple(bad for bad in arrays.REAL_ROW if bad.name not in ("a row less", "huge, of stride 0"))


def _argument(right: Callable[[], Any], called: tuple[str, ...] = ()) -> Argument:
    return Argument(right, _objects, called=called)


SHOWN_AS_TEXT = {"numbers", "None among them", "bytes", "nested", "numpy text"}  # text is a sequence, too


def _run() -> Any:
    return gd.minimize(linear(), W, max_steps=3)


def _path() -> Any:
    pictures = gd.LinearObjective(np.eye(4), np.array([0, 1, 2, 0]), gd.CrossEntropy(), gd.L2(1.0))
    return gd.regularization_path(pictures, [0.5, 0.25])


_TABLE = tuple(
    bad for bad in arrays.REAL_ROW if bad.name not in ("a row less", "a row more", "twice", "huge, of stride 0")
)
_names = names(("a", "b", "c"))
_any_names = replace(_names, bad=tuple(bad for bad in _names.bad if bad.name not in SHOWN_AS_TEXT))
"""Whatever stands in the sequence is shown as text."""

KNOWN: dict[str, dict[str, Argument]] = {
    "critical_points": {
        "objective": _argument(gd.test_functions.Himmelblau),
        "points": Argument(_points.copy, _PLACES, called=("objective", "w")),
        "bounds": Argument(lambda: np.array([[-5.0, 5.0], [-5.0, 5.0]]), _BOX),
    },
    "gradient_report": {"report": _argument(lambda: gd.check_gradient(bowl, bowl_gradient, W))},
    "history": {
        "result": _argument(_run),
        "quantity": number("value", _words),  # type: ignore[arg-type]
        "against": number("steps", _words),  # type: ignore[arg-type]
        "log": number(True, values.FLAG),
    },
    "line": {"data": _argument(lambda: gd.landscape.line(linear(), W, V, _steps))},
    "path": {"data": _argument(_path)},
    "path_templates": {
        "data": _argument(_path),
        "class_names": _any_names,
        "scale": Argument(lambda: np.array([1.0, 2.0, 0.5, 1.0]), arrays.POSITIVE_ROW),
    },
    "plane": {
        "data": _argument(lambda: gd.landscape.plane(linear(), W, V, V[::-1].copy(), _steps, _steps)),
        "surface": number(False, values.FLAG),
    },
    "schedule": {"rates": function(lambda k: 0.5), "steps": number(8, values.COUNT)},
    "step_sizes": {"data": _argument(lambda: gd.landscape.step_sizes(linear(), W, _steps[1:]))},
    "step_sweep": {"sweep": _argument(lambda: gd.step_sweep(bowl, bowl_gradient, W, [0.5, 0.25]))},
    "templates": {
        "W": Argument(W.copy, arrays.matrix_of_weights()),
        "class_names": _any_names,
        "scale": Argument(lambda: np.array([1.0, 2.0, 0.5]), arrays.POSITIVE_ROW),
    },
    "trajectory": {"data": _argument(lambda: gd.landscape.trajectory(_bowl(), [W, V, W + V], _steps, _steps))},
    "validation_curve": {
        "strengths": Argument(lambda: np.array([0.5, 0.25, 0.125]), arrays.SEVERAL, called=("scores",)),
        "scores": Argument(lambda: np.array([[0.5, 0.75, 0.25], [0.25, 0.5, 0.5]]), _TABLE, called=("strengths",)),
        "chosen": number(0.25, values.REAL),
    },
    "weight": {"data": _argument(lambda: gd.landscape.weight(linear(loss=gd.Hinge()), W, (1, 2), _steps))},
}
AX = Argument(lambda: None, tuple(bad for bad in values.FUNCTION if bad.name != "Ellipsis"))


class Plot(Public):
    """One function of gdfast.plots."""

    def __init__(self, name: str) -> None:
        super().__init__(f"plots.{name}", getattr(gd.plots, name), None)
        self.known = KNOWN[name] | {"ax": AX}

    def parameters(self) -> list[inspect.Parameter]:
        """Those that are known here."""
        return [p for p in super().parameters() if p.name in self.known]

    def variants(self) -> Iterator[tuple[str, Callable[[], Callable[..., Any]], dict[str, Any]]]:
        yield "", lambda: self._drawn, {}

    def _drawn(self, **given: Any) -> str:
        import matplotlib.pyplot as plt

        try:
            return type(self.target(**given)).__name__
        finally:
            plt.close("all")


NAMES = {f"plots.{name}": Plot(name) for name in KNOWN}


def cases_of(name: str) -> list[Case]:
    """All cases of one plot."""
    return cases_of_public(NAMES[name])
