"""Names that other libraries give to an argument: a wrong one is answered with the right one."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


def _same(answer: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), answer)


_SCHEDULE = "step=, which takes a schedule (gdfast.Cosine, gdfast.StepDecay, ...)"
_BATCHES = "batches= (a number of rows, or gdfast.MiniBatches)"
_TOLERANCES = "gtol= (the largest element of the gradient) or gap_tol= (the proven distance)"

OF_RUNS: Mapping[str, str] = {
    **_same("step= (a number is the learning rate)", "lr learning_rate learning_rate_init lr0 eta eta0 alpha rate"),
    **_same("step=", "stepsize step_size steps_size tau line_search linesearch"),
    **_same(_SCHEDULE, "schedule scheduler lr_scheduler decay"),
    **_same(_BATCHES, "batch_size batchsize batch minibatch_size mini_batch"),
    **_same(_BATCHES, "minibatches mini_batches batch_sizes mini_batch_size"),
    **_same("batches=gdfast.MiniBatches(size, seed)", "seed random_state rng shuffle"),
    **_same("max_steps=", "n_iter max_iter maxiter niter iterations n_iterations num_iterations max_iterations iters"),
    **_same("max_steps=", "n_steps num_steps steps n_iters max_iters itermax iter nit maxfev"),
    **_same("epochs=", "n_epochs num_epochs nb_epoch epoch max_epochs n_epoch"),
    **_same(_TOLERANCES, "tol tolerance eps epsilon"),
    **_same(_TOLERANCES, "ftol xtol atol rtol"),
    **_same("gap_tol=", "gap duality_gap gap_tolerance"),
    **_same("w0=", "x0 w W W0 x init initial start theta theta0 params weights coef_init parameters"),
    **_same("objective=", "f fun function func loss criterion closure"),
    **_same("objective=gdfast.FunctionObjective(value, gradient)", "jac grad gradient fprime derivative"),
    **_same("optimizer=", "method algorithm solver opt optim"),
    **_same("optimizer=gdfast.Momentum(momentum) or gdfast.Nesterov(momentum)", "momentum nesterov"),
    **_same("optimizer=gdfast.Adam(beta1, beta2)", "betas beta1 beta2"),
    **_same("the objective's regularizer, gdfast.L2(strength)", "weight_decay l2 l1 penalty regularizer reg C"),
    **_same("clip=", "clip_norm clipnorm max_norm max_grad_norm clip_grad gradient_clip clip_gradient"),
    **_same("progress=", "verbose verbosity disp show_progress iprint"),
    **_same("callback=, which ends a run by returning True", "callbacks early_stopping patience on_step hook"),
    **_same("metrics=, a dict of name -> f(w)", "metric validation validation_data monitor"),
    **_same("evaluate_every=", "eval_every log_every validate_every report_every"),
    **_same("checkpoint=gdfast.Checkpoint(path, every)", "checkpoint_path save_path save_every path"),
    **_same("keep_weights=", "save_weights keep_history store_weights record_weights return_all trajectory history"),
}

OF_SEARCHES: Mapping[str, str] = {
    **_same("n=", "n_iter max_iter maxiter niter iterations n_iterations n_points points samples n_samples trials"),
    **_same("n=", "max_steps steps n_steps num_steps n_trials max_evaluations maxfev size"),
    **_same("scale=", "std sigma stddev radius spread"),
    **_same("step=", "step_size stepsize lr learning_rate"),
    **_same("rng=", "seed random_state random generator"),
    **_same("w0=", "x0 w W W0 x init initial start"),
    **_same("objective=", "f fun function func loss"),
    **_same("progress=", "verbose verbosity disp show_progress"),
}

OF_CLIMBS: Mapping[str, str] = {
    **_same("max_evaluations=", "n n_iter max_iter maxiter max_steps iterations max_evals maxfev limit budget"),
    **_same("restarts=", "n_restarts num_restarts restart n_starts tries"),
    **_same("neighbors=", "neighbours neighbor neighbour moves successors"),
    **_same("maximize=True", "maximise max mode direction minimize"),
    **_same("rng=", "seed random_state random generator"),
    **_same("x0=", "w0 x w init initial start state"),
    **_same("f=", "objective fun function func value score loss"),
}


_OF_RUN = "gdfast.minimize(..., {})"
OF_OPTIMIZERS: Mapping[str, str] = {
    **_same(_OF_RUN.format("step=)"), "lr learning_rate learning_rate_init eta step step_size stepsize rate schedule"),
    **_same(_OF_RUN.format("batches=)"), "batch_size batchsize batch batches"),
    **_same(_OF_RUN.format("max_steps=)"), "n_iter max_iter maxiter max_steps steps epochs"),
    **_same(_OF_RUN.format("gtol=)"), "tol gtol tolerance"),
    **_same(_OF_RUN.format("clip=)"), "clip clipnorm clip_norm max_norm grad_clip"),
    **_same("beta1= and beta2=", "betas beta_1 beta_2 beta"),
    **_same("decay=", "alpha rho gamma"),
    **_same("eps=", "epsilon"),
    **_same("memory=", "history_size m maxcor history n_corrections"),
    **_same("momentum=", "mu"),
    **_same("gdfast.AdamW, or the objective's regularizer gdfast.L2(strength)", "weight_decay l2 regularizer"),
    **_same("gdfast.Nesterov", "nesterov"),
    **_same("gdfast.AMSGrad", "amsgrad"),
    **_same("gdfast.maximize", "maximize"),
}


def explain_settings(kind: type, names: Mapping[str, str]) -> None:
    """The same for the settings of a class, which is changed."""
    make: Any = kind.__init__  # type: ignore[misc]
    known = dict.fromkeys(inspect.signature(kind).parameters)

    @wraps(make)
    def checked(self: Any, *arguments: Any, **keywords: Any) -> None:
        if not keywords.keys() <= known.keys():
            refuse_unknown(kind.__name__, keywords, known, names)
        make(self, *arguments, **keywords)

    kind.__init__ = checked  # type: ignore[misc]


def explains_names(
    names: Mapping[str, str],
) -> Callable[[Callable[Arguments, Returned]], Callable[Arguments, Returned]]:
    """A function whose wrong keywords are a TypeError that says the right one: by `names`, or the nearest spelling."""

    def decorate(function: Callable[Arguments, Returned]) -> Callable[Arguments, Returned]:
        known = dict.fromkeys(inspect.signature(function).parameters)

        @wraps(function)
        def called(*arguments: Arguments.args, **keywords: Arguments.kwargs) -> Returned:
            if not keywords.keys() <= known.keys():
                refuse_unknown(function.__name__, keywords, known, names)
            return function(*arguments, **keywords)

        return called

    return decorate


def refuse_unknown(function: str, given: Iterable[str], known: Iterable[str], names: Mapping[str, str]) -> None:
    """TypeError for the first of the given keywords that is not known."""
    arguments = list(known)
    for name in given:
        if name in arguments:
            continue
        answer = names.get(name) or names.get(name.lower())
        if answer is None:
            near = difflib.get_close_matches(name, arguments, 1)
            answer = f"{near[0]}=" if near else _one_of(arguments)
        elif not _names_one_of(answer, arguments):  # a run that goes on keeps most of its own
            answer = _one_of(arguments)
        raise TypeError(f"{function}() got an unexpected keyword argument {name!r}: use {answer}")


def _one_of(arguments: list[str]) -> str:
    return f"one of {', '.join(arguments)}" if arguments else "none, it takes no settings"


def _names_one_of(answer: str, arguments: Iterable[str]) -> bool:
    name, equals, _ = answer.partition("=")
    return not equals or not name.isidentifier() or name in arguments
