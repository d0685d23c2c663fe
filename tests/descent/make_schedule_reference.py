"""Writes data/schedule_rates.npz: the learning rates of PyTorch's and optax's own schedules.

Run by hand, with torch and optax installed: `python tests/descent/make_schedule_reference.py`. It imports nothing
from gdfast. Each case is named by the gdfast schedule that must give the same rates for k = 0, 1, ...
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).parent / "data" / "schedule_rates.npz"

# gdfast's schedule: (the library's, base learning rate, its settings, how many steps are compared)
CASES: dict[str, tuple[str, float, dict[str, Any], int]] = {
    "Constant(0.3)": ("torch.ConstantLR", 0.3, {"factor": 1.0}, 20),
    "StepDecay(0.4, 7, 0.3)": ("torch.StepLR", 0.4, {"step_size": 7, "gamma": 0.3}, 60),
    "StepDecay(0.4, every=1, factor=0.9)": ("torch.StepLR", 0.4, {"step_size": 1, "gamma": 0.9}, 60),
    "Exponential(0.5, 0.93)": ("torch.ExponentialLR", 0.5, {"gamma": 0.93}, 200),
    "Exponential(1e-6, 1.1)": ("torch.ExponentialLR", 1e-6, {"gamma": 1.1}, 200),
    "InverseTime(0.2, 0.05)": ("torch.LambdaLR", 0.2, {"lr_lambda": lambda k: 1 / (1 + 0.05 * k)}, 200),
    "Polynomial(0.7, 40)": ("torch.PolynomialLR", 0.7, {"total_iters": 40, "power": 1.0}, 60),
    "Polynomial(0.7, 40, 2.5)": ("torch.PolynomialLR", 0.7, {"total_iters": 40, "power": 2.5}, 60),
    "Polynomial(0.7, 40, power=0.5, end=0.1)": (
        "optax.polynomial_schedule",
        0.7,
        {"init_value": 0.7, "end_value": 0.1, "power": 0.5, "transition_steps": 40},
        60,
    ),
    "Cosine(0.7, 50)": ("torch.CosineAnnealingLR", 0.7, {"T_max": 50}, 180),
    "Cosine(0.7, 50, end=0.02)": ("torch.CosineAnnealingLR", 0.7, {"T_max": 50, "eta_min": 0.02}, 180),
    "Cosine(0.7, steps=1)": ("torch.CosineAnnealingLR", 0.7, {"T_max": 1}, 2),
    "Cosine(0.7, 50, end=0.07)": (
        "optax.cosine_decay_schedule",
        0.7,
        {"init_value": 0.7, "decay_steps": 50, "alpha": 0.1},
        51,
    ),
    "CosineRestarts(0.6, 9)": ("torch.CosineAnnealingWarmRestarts", 0.6, {"T_0": 9}, 100),
    "CosineRestarts(0.6, 1)": ("torch.CosineAnnealingWarmRestarts", 0.6, {"T_0": 1}, 10),
    "CosineRestarts(0.6, 5, 2, 0.01)": (
        "torch.CosineAnnealingWarmRestarts",
        0.6,
        {"T_0": 5, "T_mult": 2, "eta_min": 0.01},
        400,
    ),
    "CosineRestarts(0.6, 1, 3)": ("torch.CosineAnnealingWarmRestarts", 0.6, {"T_0": 1, "T_mult": 3}, 400),
    **{
        f"OneCycle(0.9, {n})": ("torch.OneCycleLR", 0.9, {"max_lr": 0.9, "total_steps": n, "cycle_momentum": False}, n)
        for n in (1, 2, 3, 4, 7, 10, 100, 333)
    },
    "OneCycle(0.9, 50, rise=0.5, start_divisor=10, end_divisor=100)": (
        "torch.OneCycleLR",
        0.9,
        {
            "max_lr": 0.9,
            "total_steps": 50,
            "pct_start": 0.5,
            "div_factor": 10,
            "final_div_factor": 100,
            "cycle_momentum": False,
        },
        50,
    ),
    "PiecewiseConstant([3, 10, 11], [0.8, 0.2, 0.05, 0.0125])": (
        "torch.MultiStepLR",
        0.8,
        {"milestones": [3, 10, 11], "gamma": 0.25},
        30,
    ),
    "PiecewiseConstant([4, 9], [0.8, 0.4, 1.2])": (
        "optax.piecewise_constant_schedule",
        0.8,
        {"init_value": 0.8, "boundaries_and_scales": {4: 0.5, 9: 3.0}},
        30,
    ),
    "Warmup(8, Exponential(0.5, 0.93))": ("torch.warmed", 0.5, {"steps": 8, "gamma": 0.93}, 60),
    "Sequence([0.3, 0.1, 0.2])": ("torch.LambdaLR", 1.0, {"lr_lambda": [0.3, 0.1, 0.2].__getitem__}, 3),
}


def rates_of_the_original(case: str) -> np.ndarray:
    """The learning rates of the library's own schedule, one for each step."""
    maker, rate, settings, steps = CASES[case]
    library, name = maker.split(".")
    if library == "optax":
        return _optax_rates(name, settings, steps)
    if name == "warmed":
        return _torch_rates(rate, steps, lambda torch, optimizer: _warmed(torch, optimizer, **settings))
    return _torch_rates(rate, steps, lambda torch, optimizer: getattr(torch, name)(optimizer, **settings))


def _torch_rates(rate: float, steps: int, make: Callable[..., Any]) -> np.ndarray:
    import warnings

    import torch

    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=rate)
    scheduler = make(torch.optim.lr_scheduler, optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        with warnings.catch_warnings():
            # SequentialLR's own; and a scheduler that is moved beyond its last step, after which nothing is read.
            warnings.simplefilter("ignore")
            try:
                scheduler.step()
            except (ValueError, IndexError):
                assert len(rates) == steps
    return np.array(rates, dtype=np.float64)


def _warmed(torch: Any, optimizer: Any, steps: int, gamma: float) -> Any:
    rising = torch.LinearLR(optimizer, start_factor=1 / steps, total_iters=steps - 1)
    falling = torch.ExponentialLR(optimizer, gamma)
    return torch.SequentialLR(optimizer, [rising, falling], milestones=[steps])


def _optax_rates(name: str, settings: dict[str, Any], steps: int) -> np.ndarray:
    import jax
    import optax

    with jax.enable_x64(True):
        schedule = getattr(optax, name)(**settings)
        return np.array([float(schedule(jax.numpy.asarray(float(k)))) for k in range(steps)])


def main() -> None:
    """Write the file and say what is in it."""
    rates = {case: rates_of_the_original(case) for case in CASES}
    np.savez_compressed(FILE, cases=np.array(list(CASES)), **{f"rates_{i}": r for i, r in enumerate(rates.values())})
    print(f"{FILE.name}: {len(CASES)} cases, {FILE.stat().st_size / 1024:.0f} KB")
    for case, values in rates.items():
        print(f"{case:64} {len(values):4} rates from {values[0]:.6g} to {values[-1]:.6g}")


if __name__ == "__main__":
    main()
