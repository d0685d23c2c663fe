"""The contestants of bench_sgd.py: gdfast's minimize, and the loops that do the same in NumPy and PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from bench_full_batch import N_CLASSES, as_allocated, images, weights

Array = np.ndarray[Any, Any]
Steps = Callable[[Array, int, int], Array]  # from W, the steps first .. last - 1, to the new W


@dataclass(frozen=True)
class Work:
    """Rows, the batches of the first epoch, and how to step."""

    X: Array
    X_and_ones: Array
    y: Array
    batch: int
    momentum: float
    step: float
    threads: int

    @property
    def batches(self) -> Any:
        import gdfast as gd

        return gd.MiniBatches(self.batch, seed=0)

    def rows(self, singly: bool = True) -> list[Any]:
        """The rows of each step: an array of numbers, or (`singly`) one number where batches have one row."""
        order = self.batches.permutation(len(self.y), 0)
        if self.batch == 1 and singly:
            return list(map(int, order))
        return [order[i : i + self.batch] for i in range(0, len(order), self.batch)]


# Data.


def make_work(
    shape: str, batch: int, momentum: float, data: str | None, quick: bool, threads: int
) -> tuple[Work, Array]:
    """The batches of the steps, and W to start from."""
    step = 1e-3 if batch > 1 else 1e-5  # so short that one margin on the edge (float32) does not show
    if shape == "images":
        pixels, y = images(data, 3000 if quick else 50_000)
        X, W = as_allocated(pixels, "float32"), weights("float32")
    else:
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(10_000, 64)), rng.integers(0, N_CLASSES, 10_000)
        W = 0.1 * rng.normal(size=(N_CLASSES, 65))
    ones = np.ones((len(y), 1), dtype=X.dtype)
    return Work(X, np.hstack([X, ones]), y, batch, momentum, step, threads), W


def with_gdfast(work: Work) -> Callable[..., Array]:
    import gdfast as gd

    objective = gd.LinearObjective(work.X, work.y, gd.Hinge(), n_classes=N_CLASSES)
    optimizer: Any = gd.Momentum(work.momentum) if work.momentum else gd.GradientDescent()
    return lambda W, **length: gd.minimize(objective, W, optimizer, work.step, batches=work.batches, **length).w


def with_numpy(work: Work, singly: bool = True) -> Steps:
    """W and rows carry the bias as a last column, `gradient` holds step * gradient: fewer calls.

    `singly`: batches of one row get a loop of their own.
    """
    X, y, steps, type_ = work.X_and_ones, work.y, work.rows(singly), work.X.dtype.type
    gradient, velocity = np.empty((2, N_CLASSES, X.shape[1]), dtype=X.dtype)
    buffer, numbers = np.empty((work.batch, X.shape[1]), dtype=X.dtype), np.arange(work.batch)
    step, momentum = type_(work.step), type_(work.momentum)

    def move(W: Array) -> None:
        if momentum:
            np.multiply(velocity, momentum, out=velocity)
            np.add(velocity, gradient, out=velocity)
        W -= velocity if momentum else gradient

    def take_steps(W: Array, first: int, last: int) -> Array:
        W = W.copy()
        velocity[...] = 0
        for rows in steps[first:last]:
            n = len(rows)
            part, labels, every = buffer[:n], y[rows], numbers[:n]
            np.take(X, rows, axis=0, out=part, mode="clip")  # its default mode would copy once more
            scores = part @ W.T
            scores += (1 - scores[every, labels])[:, None]
            scores[every, labels] = 0
            coefficients = (scores > 0) * (step / n)
            coefficients[every, labels] = -coefficients.sum(axis=1)
            np.matmul(coefficients.T, part, out=gradient)
            move(W)
        return W

    def steps_singly(W: Array, first: int, last: int) -> Array:
        W = W.copy()
        velocity[...] = 0
        for i in steps[first:last]:
            x, label = X[i], y[i]
            scores = W @ x
            scores += 1 - scores[label]
            scores[label] = 0
            coefficients = (scores > 0) * step
            coefficients[label] = -coefficients.sum()
            np.multiply(coefficients[:, None], x, out=gradient)
            move(W)
        return W

    return steps_singly if work.batch == 1 and singly else take_steps


def with_torch(work: Work, optim: bool) -> Steps:
    """multi_margin_loss divides by the number of classes; the step makes up for it."""
    import torch
    from torch.nn.functional import linear, multi_margin_loss

    torch.set_num_threads(work.threads)
    X, y, lr = torch.from_numpy(work.X), torch.from_numpy(np.asarray(work.y, dtype=np.int64)), work.step * N_CLASSES
    steps = [slice(i, i + 1) if work.batch == 1 else torch.from_numpy(i) for i in work.rows()]

    def take_steps(W: Array, first: int, last: int) -> Array:
        parameters = [torch.tensor(part, requires_grad=True) for part in (W[:, :-1], W[:, -1])]
        velocities = [torch.zeros_like(parameter) for parameter in parameters]
        optimizer = torch.optim.SGD(parameters, lr=lr, momentum=work.momentum)
        for rows in steps[first:last]:
            multi_margin_loss(linear(X[rows], *parameters), y[rows]).backward()
            if optim:
                optimizer.step()
                optimizer.zero_grad()
                continue
            with torch.no_grad():
                for parameter, velocity in zip(parameters, velocities, strict=True):
                    move = velocity.mul_(work.momentum).add_(parameter.grad) if work.momentum else parameter.grad
                    parameter.sub_(move, alpha=lr)
                    parameter.grad = None
        return np.column_stack([parameter.detach().numpy() for parameter in parameters])

    return take_steps
