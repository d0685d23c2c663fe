"""Which way to go: one frozen dataclass of settings per rule, one rule per file.

`init(w)` gives the state before the first step; `update(gradient, state, w)` a direction and a fresh
state. Nothing is changed in place, so a state that was kept stays what it was. The driver then moves
``w + step * direction``.

A state is None or a named tuple: first arrays (of w's shape and dtype, `LBFGS` apart, which stacks them), then
numbers, the count of finished steps last where the rule needs it. Neither holds the step, so a change of it acts at
once.
"""

from ..argument_names import OF_OPTIMIZERS, explain_settings
from .adadelta import AdaDelta, AdaDeltaState
from .adagrad import AdaGrad, AdaGradState
from .adam import Adam, AdamState
from .adamw import AdamW
from .amsgrad import AMSGrad, AMSGradState
from .averaged_sgd import AveragedSGD, AveragedSGDState
from .capabilities import direction_of, evaluations_of, final_answer, lower_bound, sets_own_step
from .coordinate_descent import CoordinateDescent, CoordinateState
from .dual_coordinate_ascent import DualCoordinateAscent, DualState
from .gradient_descent import GradientDescent
from .lbfgs import LBFGS, LBFGSState
from .lion import Lion, LionState
from .momentum import Momentum, MomentumState
from .nadam import NAdam, NAdamState
from .nesterov import Nesterov
from .newton import Newton, NewtonState
from .nonlinear_conjugate_gradient import NonlinearConjugateGradient, NonlinearConjugateGradientState
from .proximal_gradient import ProximalGradient, ProximalGradientState
from .radam import RAdam
from .rmsprop import RMSProp, RMSPropState
from .semismooth_newton import SemismoothNewton, SemismoothNewtonState
from .svrg import SVRG, SVRGState

__all__ = [
    "LBFGS",
    "SVRG",
    "AMSGrad",
    "AMSGradState",
    "AdaDelta",
    "AdaDeltaState",
    "AdaGrad",
    "AdaGradState",
    "Adam",
    "AdamState",
    "AdamW",
    "AveragedSGD",
    "AveragedSGDState",
    "CoordinateDescent",
    "CoordinateState",
    "DualCoordinateAscent",
    "DualState",
    "GradientDescent",
    "LBFGSState",
    "Lion",
    "LionState",
    "Momentum",
    "MomentumState",
    "NAdam",
    "NAdamState",
    "Nesterov",
    "Newton",
    "NewtonState",
    "NonlinearConjugateGradient",
    "NonlinearConjugateGradientState",
    "ProximalGradient",
    "ProximalGradientState",
    "RAdam",
    "RMSProp",
    "RMSPropState",
    "SVRGState",
    "SemismoothNewton",
    "SemismoothNewtonState",
    "direction_of",
    "evaluations_of",
    "final_answer",
    "lower_bound",
    "sets_own_step",
]

for _optimizer in (
    AdaDelta, AdaGrad, Adam, AdamW, AMSGrad, AveragedSGD, DualCoordinateAscent, GradientDescent, LBFGS, Lion, Momentum,
    NAdam, Nesterov, Newton, NonlinearConjugateGradient, ProximalGradient, RAdam, RMSProp, SemismoothNewton, SVRG,
):  # fmt: skip
    explain_settings(_optimizer, OF_OPTIMIZERS)
