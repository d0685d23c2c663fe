"""Writes data/optimizer_steps.npz: 200 steps of PyTorch's and optax's own optimizers, in float64.

Run by hand, with torch and optax installed: `python tests/descent/make_reference.py`. It imports nothing from
gdfast. Each case is named by the gdfast optimizer with the same iterates. Three sequences of gradients per case:

- sequence: gradients that are given beforehand, of very different sizes, one weight idle for the first 20 steps
- quadratic, logistic: the gradient of a function at the weights reached so far

A base learning rate is small enough that a run is still moving after 200 steps: around an optimum RMSProp turns
rounding into its next step, so that two processors' exponentials would end at different weights.

The learning rate changes from step to step. Of each run the weights after the steps RECORDED are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).parent / "data" / "optimizer_steps.npz"
STEPS, WEIGHTS = 200, 4
RECORDED = [*range(1, 10), *range(10, STEPS + 1, 10)]
GRADIENTS = ["sequence", "quadratic", "logistic"]

# gdfast's optimizer: (the library's, its settings, base learning rate)
CASES: dict[str, tuple[str, dict[str, Any], float]] = {
    "GradientDescent()": ("torch.SGD", {}, 0.05),
    "Momentum()": ("torch.SGD", {"momentum": 0.9}, 0.02),
    "Momentum(0.5)": ("torch.SGD", {"momentum": 0.5}, 0.05),
    "Nesterov()": ("torch.SGD", {"momentum": 0.9, "nesterov": True}, 0.02),
    "Nesterov(0.3)": ("torch.SGD", {"momentum": 0.3, "nesterov": True}, 0.05),
    "AdaGrad()": ("torch.Adagrad", {}, 0.2),
    "AdaGrad(eps=0.5)": ("torch.Adagrad", {"eps": 0.5}, 0.2),
    "AdaDelta()": ("torch.Adadelta", {}, 1.0),
    "AdaDelta(decay=0.5, eps=0.01)": ("torch.Adadelta", {"rho": 0.5, "eps": 0.01}, 0.7),
    "RMSProp()": ("torch.RMSprop", {}, 0.001),
    "RMSProp(decay=0.5, eps=0.3)": ("torch.RMSprop", {"alpha": 0.5, "eps": 0.3}, 0.05),
    "Adam()": ("torch.Adam", {}, 0.05),
    "Adam(beta1=0.3, beta2=0.8, eps=0.2)": ("torch.Adam", {"betas": (0.3, 0.8), "eps": 0.2}, 0.05),
    "Adam(beta1=0.0, beta2=0.0)": ("torch.Adam", {"betas": (0.0, 0.0)}, 0.01),
    "AdamW()": ("torch.AdamW", {}, 0.05),
    "AdamW(beta1=0.5, beta2=0.9, eps=0.1, weight_decay=0.7)": (
        "torch.AdamW",
        {"betas": (0.5, 0.9), "eps": 0.1, "weight_decay": 0.7},
        0.05,
    ),
    "AMSGrad()": ("torch.Adam", {"amsgrad": True}, 0.05),
    "AMSGrad(beta1=0.3, beta2=0.8, eps=0.2)": ("torch.Adam", {"amsgrad": True, "betas": (0.3, 0.8), "eps": 0.2}, 0.05),
    "NAdam()": ("torch.NAdam", {}, 0.05),
    "NAdam(beta1=0.5, beta2=0.9, eps=0.1, momentum_decay=0.02)": (
        "torch.NAdam",
        {"betas": (0.5, 0.9), "eps": 0.1, "momentum_decay": 0.02},
        0.05,
    ),
    "RAdam()": ("torch.RAdam", {}, 0.05),
    "RAdam(beta1=0.5, beta2=0.9, eps=0.1)": ("torch.RAdam", {"betas": (0.5, 0.9), "eps": 0.1}, 0.05),
    "RAdam(beta2=0.5)": ("torch.RAdam", {"betas": (0.9, 0.5)}, 0.02),
    "Lion()": ("optax.lion", {}, 0.01),
    "Lion(beta1=0.5, beta2=0.8, weight_decay=0.3)": ("optax.lion", {"b1": 0.5, "b2": 0.8, "weight_decay": 0.3}, 0.01),
}


def problem() -> dict[str, np.ndarray]:
    """The data of the runs, from a fixed seed."""
    rng = np.random.default_rng(20240)
    gradients = rng.normal(size=(STEPS, WEIGHTS)) * 10.0 ** rng.uniform(-2, 2, size=(STEPS, 1))
    gradients[:20, 1] = 0.0
    return {
        "rates": 1.0 + 0.5 * (np.arange(STEPS) % 3),
        "w0": rng.normal(size=WEIGHTS),
        "gradients": gradients,
        "curvatures": np.array([1.0, 0.03, 5.0, 0.4]),
        "X": rng.normal(size=(30, WEIGHTS)),
        "y": np.where(rng.random(30) < 0.5, -1.0, 1.0),
    }


def gradient_of(kind: str, data: dict[str, np.ndarray]) -> Callable[[int, np.ndarray], np.ndarray]:
    """(step k, w) -> gradient."""
    if kind == "sequence":
        return lambda k, w: data["gradients"][k]
    if kind == "quadratic":
        return lambda k, w: data["curvatures"] * w
    signed = data["X"] * data["y"][:, None]
    return lambda k, w: 0.1 * w - signed.T @ (1 / (1 + np.exp(signed @ w))) / len(signed)


def iterates_of_the_original(case: str, kind: str, data: dict[str, np.ndarray]) -> np.ndarray:
    """The weights after each step of the library's own optimizer: (STEPS, WEIGHTS)."""
    maker, settings, rate = CASES[case]
    library, name = maker.split(".")
    iterates = _torch_iterates if library == "torch" else _optax_iterates
    return np.array(list(iterates(name, settings, rate * data["rates"], data["w0"], gradient_of(kind, data))))


def _torch_iterates(
    name: str, settings: dict[str, Any], rates: np.ndarray, w0: np.ndarray, gradient: Callable[..., np.ndarray]
) -> Iterator[np.ndarray]:
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # NAdam keeps a number in it
    try:
        w = torch.tensor(w0, requires_grad=True)
        optimizer = getattr(torch.optim, name)([w], lr=1.0, **settings)
        for k, rate in enumerate(rates):
            optimizer.param_groups[0]["lr"] = float(rate)
            w.grad = torch.tensor(gradient(k, w.detach().numpy().copy()))
            optimizer.step()
            yield w.detach().numpy().copy()
    finally:
        torch.set_default_dtype(before)


def _optax_iterates(
    name: str, settings: dict[str, Any], rates: np.ndarray, w0: np.ndarray, gradient: Callable[..., np.ndarray]
) -> Iterator[np.ndarray]:
    import jax
    import jax.numpy as jnp
    import optax

    with jax.enable_x64(True):
        w = jnp.asarray(w0)
        optimizer = getattr(optax, name)(learning_rate=lambda k: jnp.asarray(rates)[k], **settings)
        state = optimizer.init(w)
        for k in range(len(rates)):
            updates, state = optimizer.update(jnp.asarray(gradient(k, np.asarray(w))), state, w)
            w = optax.apply_updates(w, updates)
            yield np.asarray(w)


def main() -> None:
    """Write the file and say what is in it."""
    data = problem()
    runs = np.array([[iterates_of_the_original(case, kind, data) for kind in GRADIENTS] for case in CASES])
    np.savez_compressed(
        FILE,
        **data,
        cases=np.array(list(CASES)),
        base_rates=np.array([rate for _, _, rate in CASES.values()]),
        recorded=np.array(RECORDED),
        weights=runs[:, :, np.array(RECORDED) - 1],
    )
    print(f"{FILE.name}: {len(CASES)} cases x {len(GRADIENTS)} gradients, {FILE.stat().st_size / 1024:.0f} KB")
    for case, run in zip(CASES, runs, strict=True):
        print(f"{case:60} largest weight {np.abs(run).max(axis=(1, 2))}, last {run[1:, -1].round(4).tolist()}")


if __name__ == "__main__":
    main()
