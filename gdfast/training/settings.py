"""Training settings: each parameter's name, default, check and meaning stand here once, words for objects included."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import partial
from numbers import Number as AnyNumber
from typing import Annotated, Any, get_type_hints

import numpy as np

from .._arrays import check_flag, check_integer, check_non_negative, check_number, check_positive
from ..descent import optimizers
from ..descent.line_searches.searches import StrongWolfe
from ..descent.optimizers import sets_own_step
from ..describe import described
from ..objective.chunked.layout import check_memory
from ..objective.losses import Loss
from ..objective.losses.table import BY_NAME as LOSSES
from ..objective.losses.table import is_loss
from ..objective.regularizers.regularizers import L2, ElasticNet
from ..protocols import LineSearch

CLASSIFIER_LOSSES = tuple(name for name, kind in LOSSES.items() if kind.classifies)
REGRESSOR_LOSSES = tuple(name for name, kind in LOSSES.items() if not kind.classifies)
LEARNING_RATES = ("linear", "cosine", "constant")

OPTIMIZERS: Mapping[str, Callable[[], Any]] = {
    "gradient_descent": optimizers.GradientDescent,
    "momentum": optimizers.Momentum,
    "nesterov": optimizers.Nesterov,
    "averaged_sgd": optimizers.AveragedSGD,
    "adagrad": optimizers.AdaGrad,
    "adadelta": optimizers.AdaDelta,
    "rmsprop": optimizers.RMSProp,
    "adam": optimizers.Adam,
    "adamw": optimizers.AdamW,
    "nadam": optimizers.NAdam,
    "radam": optimizers.RAdam,
    "amsgrad": optimizers.AMSGrad,
    "lion": optimizers.Lion,
    "lbfgs": optimizers.LBFGS,
    "proximal_gradient": optimizers.ProximalGradient,
    "nonlinear_conjugate_gradient": optimizers.NonlinearConjugateGradient,
    "newton": optimizers.Newton,
    "dual_coordinate_ascent": optimizers.DualCoordinateAscent,
}

NEEDS_CURVATURE = (optimizers.LBFGS, optimizers.NonlinearConjugateGradient, optimizers.Newton)
"""They see all rows in every step, go as far as `LINE_SEARCH` says, and L1 misleads them."""

FULL_BATCH = (*NEEDS_CURVATURE, optimizers.ProximalGradient, optimizers.DualCoordinateAscent)
"""They see all rows in every step."""

VISITS_ROWS = (
    optimizers.CoordinateDescent,
    optimizers.DualCoordinateAscent,
    optimizers.SemismoothNewton,
    optimizers.SVRG,
)
"""They visit single rows, or hold all of them in memory."""

LINE_SEARCH = StrongWolfe()

SOLVE = "solve"
"""The optimizer is what `gdfast.solve` chooses, and it goes on to the proven optimum."""

SOLVE_TOL = 1e-4

EARLY_STOPPING_TOL = 1e-3
LARGEST_SEED = np.iinfo(np.int32).max


def loss_of(loss: Any, *, classifies: bool) -> Loss:
    """A name or a loss -> the loss, of classes or of real targets."""
    allowed = CLASSIFIER_LOSSES if classifies else REGRESSOR_LOSSES
    if isinstance(loss, str) and loss in allowed:
        return LOSSES[loss]()
    if is_loss(loss) and loss.classifies == classifies:
        own: Loss = loss
        return own
    kind = ValueError if isinstance(loss, str) or is_loss(loss) else TypeError
    example = "gd.Hinge(margin=2.0)" if classifies else "gd.SquaredError()"
    raise kind(
        f"loss must be one of {', '.join(allowed)}, a gdfast loss such as {example}, or gd.ScoreLoss with a function "
        f"of yours; it is {loss!r}"
    )


def optimizer_of(optimizer: Any, name: str = "optimizer") -> Any:
    """A name or an optimizer -> the optimizer; None stays None."""
    if optimizer is None or (not isinstance(optimizer, str | type) and hasattr(optimizer, "init")):
        return optimizer
    if isinstance(optimizer, str) and optimizer in OPTIMIZERS:
        return OPTIMIZERS[optimizer]()
    if isinstance(optimizer, str) and optimizer == SOLVE:
        return SOLVE
    kind = ValueError if isinstance(optimizer, str) else TypeError
    raise kind(
        f"{name} must be None, one of {', '.join((*OPTIMIZERS, SOLVE))}, or a gdfast optimizer such as gd.Adam(); "
        f"it is {optimizer!r}"
    )


def _seed(random_state: Any, name: str) -> int:
    """scikit-learn's convention: an integer seeds a RandomState, None is NumPy's own; the seed is drawn from it."""
    if random_state is None:
        return int(np.random.randint(LARGEST_SEED))  # noqa: NPY002
    if not isinstance(random_state, np.random.RandomState):
        if isinstance(random_state, np.random.Generator):
            raise TypeError(f"{name} must be an integer, a numpy RandomState or None; it is a Generator")
        seed = check_integer(random_state, name, minimum=0)
        if seed >= 2**32:
            raise ValueError(f"{name} must be < 2**32; it is {seed}")
        random_state = np.random.RandomState(seed)
    return int(random_state.randint(LARGEST_SEED))


def _alpha(alpha: Any, name: str) -> Any:
    if isinstance(alpha, str):
        if alpha != "auto":
            raise ValueError(f"{name} must be 'auto' (1 / n_samples) or a number >= 0; it is {alpha!r}")
        return alpha
    return check_non_negative(alpha, name)


def _between(value: Any, name: str, low: float, high: float, *, open_: bool = False) -> float:
    number = check_number(value, name)
    if not (low < number < high if open_ else low <= number <= high):
        interval = f"({low}, {high})" if open_ else f"[{low}, {high}]"
        raise ValueError(f"{name} must be in {interval}; it is {number:g}")
    return number


def _learning_rate(rate: Any, name: str) -> Any:
    if isinstance(rate, str) and rate not in LEARNING_RATES:
        names = ", ".join(LEARNING_RATES)
        raise ValueError(f"{name} must be None, one of {names}, a number or a schedule; it is {rate!r}")
    if rate is None or isinstance(rate, str):
        return rate
    if isinstance(rate, AnyNumber):
        return check_positive(rate, name)
    if isinstance(rate, list | tuple) or (isinstance(rate, np.ndarray) and rate.ndim == 1):
        return [check_positive(each, f"{name}[{i}]") for i, each in enumerate(rate)]
    if isinstance(rate, type) or not (callable(rate) or isinstance(rate, LineSearch)):
        raise TypeError(f"{name} must be None, a name, a number > 0 or a schedule; it is {described(rate)}")
    return rate


def _standardize(given: Any, name: str) -> bool:
    if isinstance(given, str):
        if given != "auto":
            raise ValueError(f"{name} must be 'auto', True or False; it is {given!r}")
        return True
    return check_flag(given, name)


def _verbose(verbose: Any, name: str) -> int:
    return int(verbose) if isinstance(verbose, bool) else check_integer(verbose, name, minimum=0)


def _tol(tol: Any, name: str) -> float | None:
    return None if tol is None else check_non_negative(tol, name)


def _callback(callback: Any, name: str) -> Any:
    if callback is None or (callable(callback) and not isinstance(callback, type)):
        return callback
    raise TypeError(f"{name} must be None or a function of (epoch, weights, loss); it is {described(callback)}")


def _memory(limit: Any, name: str) -> Any:
    if limit is not Settings.memory_limit:
        check_memory(limit, name)
    return limit


def _threads(n: Any, name: str) -> int | None:
    return None if n is None else check_integer(n, name, minimum=1)


# A parameter's type, and the check that `checked` applies to it: (value, name) -> value.
Strength = Annotated[Any, _alpha]
Share = Annotated[float, partial(_between, low=0, high=1)]
OpenShare = Annotated[float, partial(_between, low=0, high=1, open_=True)]
OptimizerOrName = Annotated[Any, optimizer_of]
LearningRate = Annotated[Any, _learning_rate]
Number = Annotated[int, partial(check_integer, minimum=1)]
NumberOrZero = Annotated[int, partial(check_integer, minimum=0)]
Tolerance = Annotated[float | None, _tol]
Flag = Annotated[bool, check_flag]
FlagOrAuto = Annotated[Any, _standardize]
RandomState = Annotated[Any, _seed]
Threads = Annotated[int | None, _threads]
Memory = Annotated[int | str, _memory]
Verbosity = Annotated[int, _verbose]
CallbackOrNone = Annotated[Any, _callback]


@dataclass(eq=False)
class Settings:
    """How a linear model is trained: the parameters that the estimators share, as they are given or `checked`.

    Not frozen, since scikit-learn's `set_params` assigns to what inherits from it; nothing else does.

    Parameters
    ----------
    alpha : "auto" or float >= 0
        Strength of the penalty, in the objective of the peer that has the same alpha: SGDClassifier(alpha) (two
        classes: hinge, squared hinge, log loss), LogisticRegression and LinearSVC of C = 1 / (n_samples * alpha),
        SGDRegressor(alpha), Ridge(alpha * n_samples), ElasticNet(alpha, l1_ratio). "auto" is 1 / n_samples: C = 1,
        Ridge(1). What differs: it acts on the weights of standardised features (standardize=False: of features as they
        are); for three or more classes the hinges are one sum over the wrong classes, not one against the rest; the
        intercept is never penalised (LinearSVC's is); n_samples counts `sample_weight`, so that a weight of 3 is three
        rows. Class weights multiply the losses, as everywhere in scikit-learn.
    l1_ratio : float in [0, 1]
        Share of the L1 penalty. Exact zeros come of proximal steps alone: `optimizer` None on small data, or
        "proximal_gradient"; stochastic steps follow the subgradient, and weights become small. Optimizers that L1
        misleads ("lbfgs", "nonlinear_conjugate_gradient", "newton", "dual_coordinate_ascent") are refused.
    optimizer : name or gdfast optimizer, optional
        None chooses by size and kind (the table in docs/how_to/estimators.md): L-BFGS on small data and on weighted
        CSR, preconditioned on dense tables with 64 rows or more a column,
        with L1 proximal gradient steps, for the hinge on CSR dual coordinate ascent, otherwise the recipe: momentum
        0.9, on CSR plain gradient descent. The recipe as well with early_stopping, a learning_rate or a batch_size of
        yours. Names: "gradient_descent", "momentum", "nesterov", "adam", "adagrad", "rmsprop", "adamw" (compiled),
        "averaged_sgd", "adadelta", "nadam", "radam", "amsgrad", "lion", and, on all rows at every step, "lbfgs",
        "nonlinear_conjugate_gradient", "newton", "proximal_gradient", "dual_coordinate_ascent". "solve" is
        `gdfast.solve`: the method that suits loss, penalty and shape, to the PROVEN optimum (`tol`), exact zeros
        included.
    learning_rate : name, float > 0 or schedule, optional
        None and "linear": from the recipe's step, which is made of the data, linearly to 0; "cosine", "constant": from
        the same step. A number is a constant step, a schedule (any callable of the step's number) or a sequence, one
        for each step, is followed as it is, and so is a line search where an optimizer sees all rows (which takes no
        name).
    batch_size : int
        Rows of a step. No more rows than that: every step sees them all. On CSR the recipe (optimizer None, l1_ratio 0)
        takes single rows.
    epochs : int
        Passes over the data. ("solve": the most, or `min_steps` where that is more.)
    min_steps : int
        Small data: as many more epochs as make so many steps, and `n_iter_no_change` as many times longer.
    tol : float >= 0, optional
        When to stop. Of a recipe whose rate falls to 0, judged where it has fallen: after a default run (20 epochs, on
        small data as many as `min_steps` needs) the run goes on from a full rate for twice as many, and so on while
        the loss (in units of the first) or the held-out score gains more than tol; so no run is worse than the
        default's. At a rate of yours: where nothing has gained more than tol for `n_iter_no_change` epochs. Of an
        optimizer that sees all rows: where no element of the gradient is larger (nor than 1e-3). Of "solve": where the
        objective is PROVEN to be above its optimum by no more than this share of itself (None: 1e-4). A warning says
        that it never came. None: all epochs are run (all rows at every step: 1e-4, or 1e-6 where you named the
        optimizer; with early_stopping 1e-3).
    gap_tol : float >= 0, optional
        Stop where the objective is PROVEN to be within this of its optimum (tested after every epoch, which costs about
        as much as the epoch); `duality_gap_` is the run's bound. Refused where nothing can be proven: losses of yours,
        alpha = 0.
    early_stopping : bool
        Hold out `validation_fraction` of the rows (or take `fit`'s X_val, y_val), and keep the weights with the best
        score there, of equal ones the last. X is not copied for that.
    validation_fraction : float in (0, 1)
    n_iter_no_change : int
    fit_intercept : bool
    standardize : "auto", True or False
        Dense features less their mean, divided by their standard deviation (without an intercept: by their root mean
        square); uint8 of 64 columns or more, images, divided by one number, the root of the mean of their variances;
        CSR columns divided by their largest absolute value. Folded into the weights: X stays as it is.
    warm_start : bool
        `fit` starts from the weights there are. (Dual coordinate ascent, whose duals start at zero, is refused.)
    random_state : int, RandomState or None
    n_threads : int, optional
        For passes over all rows of this fit, whatever other threads do; stochastic steps take one. None:
        `gd.get_num_threads()`. Results do not depend on it.
    memory_limit : int or str
        Bytes that X may take, as 10**9 or "1 GB", where it is read chunk by chunk.
    certify : bool
        Prove how far the optimum is (`duality_gap_`), which costs as much as four epochs or so.
    callback : callable, optional
        ``callback(epoch, weights, loss)`` after each epoch: how many are finished, `coef_` and `intercept_` there side
        by side (n_outputs, n_features + 1), and the epoch's loss. True stops the run.
    verbose : int
        Print each epoch's loss.
    """

    loss: Any
    _: KW_ONLY
    alpha: Strength = "auto"
    l1_ratio: Share = 0.0
    optimizer: OptimizerOrName = None
    learning_rate: LearningRate = None
    batch_size: Number = 64
    epochs: Number = 20
    min_steps: NumberOrZero = 1000
    tol: Tolerance = None
    gap_tol: Tolerance = None
    early_stopping: Flag = False
    validation_fraction: OpenShare = 0.1
    n_iter_no_change: Number = 5
    fit_intercept: Flag = True
    standardize: FlagOrAuto = "auto"
    warm_start: Flag = False
    random_state: RandomState = None
    n_threads: Threads = None
    memory_limit: Memory = "1 GB"
    certify: Flag = False
    callback: CallbackOrNone = None
    verbose: Verbosity = 0

    @property
    def solves(self) -> bool:
        """Whether the fit goes to the proven optimum."""
        return isinstance(self.optimizer, str) and self.optimizer == SOLVE


CHECKS = {
    name: hint.__metadata__[0]
    for name, hint in get_type_hints(Settings, include_extras=True).items()
    if hasattr(hint, "__metadata__")
}


def checked(given: Settings, *, classifies: bool) -> Settings:
    """Settings whose values are checked: names have become objects, `random_state` the seed of this run.

    TypeError or ValueError, before any work, names the parameter, what is needed and what came.
    """
    values = {name: check(getattr(given, name), name) for name, check in CHECKS.items()}
    settings = Settings(loss_of(given.loss, classifies=classifies), **values)
    optimizer, rate = settings.optimizer, settings.learning_rate
    if settings.solves:
        _check_solve(settings)
    if settings.early_stopping and isinstance(optimizer, FULL_BATCH):
        raise ValueError(f"early_stopping needs an optimizer that goes epoch by epoch; it is {optimizer!r}")
    if isinstance(optimizer, FULL_BATCH) and (isinstance(rate, str) or (rate is not None and sets_own_step(optimizer))):
        raise ValueError(f"learning_rate {rate!r} is no step of {optimizer!r}, which finds its own: leave it None")
    is_l1 = settings.l1_ratio > 0 and settings.alpha != 0
    if is_l1 and isinstance(optimizer, (*NEEDS_CURVATURE, optimizers.DualCoordinateAscent)):
        raise ValueError(
            f"optimizer must follow the L1 penalty of l1_ratio={settings.l1_ratio:g}, which has a kink at 0: None or "
            f"'proximal_gradient'; it is {optimizer!r}"
        )
    if settings.warm_start and isinstance(optimizer, optimizers.DualCoordinateAscent):
        raise ValueError(f"warm_start needs an optimizer that starts from weights, not from duals; it is {optimizer!r}")
    if settings.gap_tol is not None and (settings.alpha == 0 or not settings.loss.has_dual_point):
        raise ValueError(
            "gap_tol needs a loss and a penalty that can be certified: one of gdfast's losses and alpha > 0; they are "
            f"{settings.loss!r} and {settings.alpha!r}"
        )
    return settings


def _check_solve(settings: Settings) -> None:
    """ValueError, naming the parameter, for what has no meaning where the optimum itself is wanted."""
    if settings.early_stopping:
        raise ValueError(
            "early_stopping must be False with optimizer='solve', which goes on to the optimum; a larger alpha, which "
            "GDClassifierCV and GDRegressorCV choose, keeps it from overfitting"
        )
    if settings.learning_rate is not None:
        raise ValueError(
            "learning_rate must be None with optimizer='solve', which finds its own steps; it is "
            f"{settings.learning_rate!r}"
        )
    if settings.gap_tol is not None:
        raise ValueError(
            f"gap_tol must be None with optimizer='solve', whose tol is the gap, relative to the objective, that is "
            f"proven; it is {settings.gap_tol:g}"
        )
    if settings.tol == 0:
        raise ValueError("tol must be > 0 with optimizer='solve': a gap of 0 cannot be proven")


def check_parts(settings: Settings, class_weight: Any = None) -> None:
    """ValueError, naming the parameter, for what `partial_fit` can't do: it never sees all rows."""
    if isinstance(settings.optimizer, optimizers.DualCoordinateAscent):
        raise ValueError(
            f"optimizer must start from weights in partial_fit, not from duals; it is {settings.optimizer!r}"
        )
    if settings.early_stopping:
        raise ValueError("early_stopping must be False in partial_fit: what is held out of one part is in no other")
    if settings.gap_tol is not None:
        raise ValueError(f"gap_tol must be None in partial_fit, which proves nothing; it is {settings.gap_tol:g}")
    if isinstance(class_weight, str):
        raise ValueError(
            f"class_weight {class_weight!r} is not supported for partial_fit, which never sees all classes' totals: "
            "compute it with sklearn.utils.class_weight.compute_class_weight, and pass a dict"
        )


def tolerance(settings: Settings) -> float | None:
    """By how much an epoch must improve on those before it; None: nobody asks."""
    return EARLY_STOPPING_TOL if settings.tol is None and settings.early_stopping else settings.tol


def penalty(
    settings: Settings, weight: float, n_outputs: int, unit: float = 1.0, class_factor: float = 1.0
) -> L2 | ElasticNet:
    """The penalty that makes the objective the peers' of the same alpha, for rows of this total weight.

    The peers' ``mean loss + alpha * (l1_ratio * |w|_1 + (1 - l1_ratio) / 2 * |w|**2)`` is of one w where there are two
    classes, the difference of our two rows, whose square is twice theirs; and of half our losses for regression.
    `unit`: the targets were divided by it, and so is w. `class_factor`: the mean of the class weights, which multiply
    the peers' losses but not their penalty.
    """
    alpha, classifies = 1 / weight if settings.alpha == "auto" else settings.alpha, settings.loss.classifies
    alpha /= class_factor
    l2 = alpha * (1 - settings.l1_ratio) / (2 if classifies and n_outputs > 2 else 1)
    if settings.l1_ratio == 0:
        return L2(l2)
    return ElasticNet(alpha * settings.l1_ratio * (1 if classifies else 2) / unit, l2)
