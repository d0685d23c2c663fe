"""Gradient descent on linear classifiers at the speed of memory, with its gradients checked.

The public names are listed here; each is imported when it is first used (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if find_spec("gdfast._kernels") is None:
    raise ImportError(
        "gdfast is not compiled in this folder, which is its source tree: run `pip install .` there and start "
        "Python (or the plain `pytest` command) so that the installed package is found, or make an editable "
        "install as CONTRIBUTING.md says"
    )

from ._config import get_num_threads, set_num_threads, show_config

if TYPE_CHECKING:
    from . import checks, datasets, descent, differences, objective, test_functions, testing
    from .checks.critical_points import CriticalPoint, classify_critical_point
    from .checks.critical_solver import solve_critical_point
    from .checks.gradient.check import check_gradient
    from .checks.gradient.report import GradientReport
    from .checks.gradient.vector_checks import check_jacobian, check_product
    from .checks.sanity import SanityReport, sanity_check
    from .descent.checkpoints import Checkpoint
    from .descent.derivative_free.hill_climb import hill_climb
    from .descent.derivative_free.random_and_local import SearchResult, local_search, random_search
    from .descent.line_searches.searches import Backtracking, ExactLineSearch, GridSearch, StrongWolfe
    from .descent.minimize import maximize, minimize, resume
    from .descent.optimizers import (
        LBFGS,
        SVRG,
        AdaDelta,
        AdaGrad,
        Adam,
        AdamW,
        AMSGrad,
        AveragedSGD,
        CoordinateDescent,
        DualCoordinateAscent,
        GradientDescent,
        Lion,
        Momentum,
        NAdam,
        Nesterov,
        Newton,
        NonlinearConjugateGradient,
        ProximalGradient,
        RAdam,
        RMSProp,
        SemismoothNewton,
    )
    from .descent.path import regularization_path
    from .descent.path_result import Path
    from .descent.preconditioners import GramPreconditioner
    from .descent.result import Result, Status
    from .descent.schedules import (
        Constant,
        Cosine,
        CosineRestarts,
        Exponential,
        InverseTime,
        OneCycle,
        PiecewiseConstant,
        Polynomial,
        Sequence,
        StepDecay,
        Warmup,
    )
    from .descent.solve import solve
    from .differences import (
        StepSweep,
        directional_derivative,
        numerical_gradient,
        numerical_hessian,
        numerical_jacobian,
        step_sweep,
    )
    from .model import Model, load_model, save_model
    from .objective.chunked.objective import ChunkedObjective
    from .objective.function import FunctionObjective
    from .objective.linear.objective import LinearObjective
    from .objective.losses import CrossEntropy, Hinge, Huber, ScoreLoss, SquaredError, SquaredHinge
    from .objective.mini_batches import MiniBatches
    from .objective.rays.directions import direction_between, random_direction
    from .objective.rays.generic import along_ray, on_plane
    from .objective.regularizers.regularizers import L1, L2, ElasticNet
    from .objective.second_derivatives import suggest_step
    from .objective.to_scipy import to_scipy
    from .pictures import landscape, plots

    __version__: str

# Where each public name lives: module -> names.
_NAMES_OF = {
    "objective.losses": ("Hinge", "SquaredHinge", "CrossEntropy", "SquaredError", "Huber", "ScoreLoss"),
    "objective.regularizers.regularizers": ("L2", "L1", "ElasticNet"),
    "objective.chunked.objective": ("ChunkedObjective",),
    "objective.linear.objective": ("LinearObjective",),
    "objective.to_scipy": ("to_scipy",),
    "objective.function": ("FunctionObjective",),
    "objective.rays.directions": ("random_direction", "direction_between"),
    "objective.rays.generic": ("along_ray", "on_plane"),
    "objective.second_derivatives": ("suggest_step",),
    "objective.mini_batches": ("MiniBatches",),
    "descent.derivative_free.hill_climb": ("hill_climb",),
    "descent.minimize": ("minimize", "maximize", "resume"),
    "descent.path": ("regularization_path",),
    "descent.path_result": ("Path",),
    "descent.checkpoints": ("Checkpoint",),
    "descent.result": ("Status", "Result"),
    "descent.solve": ("solve",),
    "descent.optimizers": (
        "GradientDescent",
        "Momentum",
        "Nesterov",
        "AveragedSGD",
        "AdaGrad",
        "AdaDelta",
        "RMSProp",
        "Adam",
        "AdamW",
        "NAdam",
        "RAdam",
        "AMSGrad",
        "Lion",
        "SVRG",
        "NonlinearConjugateGradient",
        "ProximalGradient",
        "LBFGS",
        "Newton",
        "CoordinateDescent",
        "DualCoordinateAscent",
        "SemismoothNewton",
    ),
    "descent.preconditioners": ("GramPreconditioner",),
    "descent.schedules": (
        "Constant",
        "Cosine",
        "CosineRestarts",
        "Exponential",
        "InverseTime",
        "OneCycle",
        "PiecewiseConstant",
        "Polynomial",
        "Sequence",
        "StepDecay",
        "Warmup",
    ),
    "descent.line_searches.searches": ("GridSearch", "Backtracking", "StrongWolfe", "ExactLineSearch"),
    "descent.derivative_free.random_and_local": ("random_search", "local_search", "SearchResult"),
    "differences": (
        "numerical_gradient",
        "numerical_jacobian",
        "numerical_hessian",
        "directional_derivative",
        "step_sweep",
        "StepSweep",
    ),
    "model": ("Model", "save_model", "load_model"),
    "checks.gradient.check": ("check_gradient",),
    "checks.gradient.report": ("GradientReport",),
    "checks.gradient.vector_checks": ("check_jacobian", "check_product"),
    "checks.critical_points": ("classify_critical_point", "CriticalPoint"),
    "checks.critical_solver": ("solve_critical_point",),
    "checks.sanity": ("SanityReport", "sanity_check"),
}
_SUBMODULES = {
    "checks": "checks",
    "datasets": "datasets",
    "descent": "descent",
    "differences": "differences",
    "estimators": "estimators",
    "landscape": "pictures.landscape",
    "objective": "objective",
    "plots": "pictures.plots",
    "test_functions": "test_functions",
    "testing": "testing",
}
_HOME = {name: module for module, names in _NAMES_OF.items() for name in names}

__all__ = [
    "L1",
    "L2",
    "LBFGS",
    "SVRG",
    "AMSGrad",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "AveragedSGD",
    "Backtracking",
    "Checkpoint",
    "ChunkedObjective",
    "Constant",
    "CoordinateDescent",
    "Cosine",
    "CosineRestarts",
    "CriticalPoint",
    "CrossEntropy",
    "DualCoordinateAscent",
    "ElasticNet",
    "ExactLineSearch",
    "Exponential",
    "FunctionObjective",
    "GradientDescent",
    "GradientReport",
    "GramPreconditioner",
    "GridSearch",
    "Hinge",
    "Huber",
    "InverseTime",
    "LinearObjective",
    "Lion",
    "MiniBatches",
    "Model",
    "Momentum",
    "NAdam",
    "Nesterov",
    "Newton",
    "NonlinearConjugateGradient",
    "OneCycle",
    "Path",
    "PiecewiseConstant",
    "Polynomial",
    "ProximalGradient",
    "RAdam",
    "RMSProp",
    "Result",
    "SanityReport",
    "ScoreLoss",
    "SearchResult",
    "SemismoothNewton",
    "Sequence",
    "SquaredError",
    "SquaredHinge",
    "Status",
    "StepDecay",
    "StepSweep",
    "StrongWolfe",
    "Warmup",
    "__version__",
    "along_ray",
    "check_gradient",
    "check_jacobian",
    "check_product",
    "checks",
    "classify_critical_point",
    "datasets",
    "descent",
    "differences",
    "direction_between",
    "directional_derivative",
    "get_num_threads",
    "hill_climb",
    "landscape",
    "load_model",
    "local_search",
    "maximize",
    "minimize",
    "numerical_gradient",
    "numerical_hessian",
    "numerical_jacobian",
    "objective",
    "on_plane",
    "plots",
    "random_direction",
    "random_search",
    "regularization_path",
    "resume",
    "sanity_check",
    "save_model",
    "set_num_threads",
    "show_config",
    "solve",
    "solve_critical_point",
    "step_sweep",
    "suggest_step",
    "test_functions",
    "testing",
    "to_scipy",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(f"gdfast.{_HOME[name]}"), name)
    elif name in _SUBMODULES:
        value = import_module(f"gdfast.{_SUBMODULES[name]}")
    elif name == "__version__":
        from importlib.metadata import version

        value = version("gdfast")
    else:
        raise AttributeError(f"module 'gdfast' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "estimators"])  # which needs scikit-learn: a star does not import it
