"""`RunReport`, the content of a page: every part but the title may be absent, and then is not shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...checks.gradient.report import GradientReport
from ...descent.derivative_free.random_and_local import SearchResult
from ...descent.result import History, Result
from ...protocols import Array
from ..canvas import check_type, check_types
from ..landscape import StepSizes, Trajectory
from ..plots.runs import Run
from ..plots.templates import class_pictures
from ..strategies import StrategyTable


@dataclass(frozen=True, eq=False)
class Templates:
    """A linear classifier's weights, to be shown as one picture for each class; checked when it is made.

    Parameters
    ----------
    W, shape, class_names, scale
        As for `gdfast.plots.templates`.

    Examples
    --------
    >>> import numpy as np
    >>> from gdfast.pictures.page import Templates
    >>> Templates(np.zeros((3, 5)), class_names=("a", "b", "c")).shape
    """

    W: Array
    shape: tuple[int, ...] | None = None
    class_names: Sequence[str] | None = None
    scale: Array | None = None

    def __post_init__(self) -> None:
        class_pictures(self.W, self.shape, self.class_names, self.scale)


@dataclass(frozen=True, eq=False)
class RunReport:
    """The parts of a page, in the order in which it shows them; checked when it is made.

    Parameters
    ----------
    title : str
    description : str
        What was learned from: a sentence.
    strategies : StrategyTable, optional
    runs : mapping of name -> Result, SearchResult or History
        Their curves: objective, metrics, learning rate, gradient norm.
    trajectory : Trajectory, optional
        The loss on a plane, with the paths of one or several runs.
    step_sizes : StepSizes, optional
    templates : Templates, optional
    gradient_checks : mapping of name -> GradientReport
    settings : mapping of name -> anything with a text
    command : str
        What to type to do it again.

    Raises
    ------
    TypeError
        A part is of another type.
    ValueError
        The title is empty.

    Examples
    --------
    >>> import gdfast as gd
    >>> from gdfast.pictures.page import RunReport
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> report = RunReport("A bowl", runs={"gradient descent": gd.minimize(bowl, [3.0])})
    >>> list(report.runs), report.trajectory is None
    (['gradient descent'], True)
    """

    title: str
    description: str = ""
    strategies: StrategyTable | None = None
    runs: Mapping[str, Run] = field(default_factory=dict)
    trajectory: Trajectory | None = None
    step_sizes: StepSizes | None = None
    templates: Templates | None = None
    gradient_checks: Mapping[str, GradientReport] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""

    def __post_init__(self) -> None:
        for name in ("title", "description", "command"):
            check_type(getattr(self, name), str, name, "any text")
        if not self.title.strip():
            raise ValueError("title must not be empty")
        for name, kind, source in (
            ("strategies", StrategyTable, "from compare_strategies"),
            ("trajectory", Trajectory, "from gdfast.landscape.trajectory"),
            ("step_sizes", StepSizes, "from gdfast.landscape.step_sizes"),
            ("templates", Templates, "from gdfast.pictures.page"),
        ):
            if getattr(self, name) is not None:
                check_type(getattr(self, name), kind, name, source)
        for name, kinds, source in (
            ("runs", (Result, SearchResult, History), "from gdfast.minimize or a search"),
            ("gradient_checks", GradientReport, "from gdfast.check_gradient"),
            ("settings", object, "anything"),
        ):
            given = getattr(self, name)
            check_type(given, Mapping, name, "names to parts")
            if given:
                check_types(given, kinds, name, source)
