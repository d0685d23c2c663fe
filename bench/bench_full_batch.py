"""Loss and gradient over all rows at CIFAR-10's shape: 50,000 images, 3,072 pixels and a bias, 10 classes.

gdfast against NumPy's best vectorised version (two products and a mask), and against PyTorch (autograd), JAX (jit)
and scikit-learn (softmax only) where they are installed, for each type of data and number of threads. All agree on
loss and gradient before the clock starts; then they take turns. Below each table: what the machine needs at least to
read the data once and to do the arithmetic, measured in the same rounds. uint8 and the hinge go by integers: on AVX2
their own floor is counted, the multiplications (16 products of 16-bit weights each for scores, 32 products of bytes for
gradients, for all classes but one), each with its addition, in a loop of nothing else.

    python bench/bench_full_batch.py [--data cifar-10-batches-bin] [--quick] [--json] [--threads 1 2]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import common
import numpy as np

Array = np.ndarray[Any, Any]
Answer = tuple[float, Array]

N_CLASSES, N_FEATURES = 10, 3072
CASES = [
    ("float32", "hinge"),
    ("float64", "hinge"),
    ("uint8", "hinge"),
    ("float32", "softmax"),
    ("uint8", "softmax"),
]

INTEGER_PAIRS = 10  # of a turn of the loop below
INTEGER_LOOP = """
#include <immintrin.h>
void multiply(long turns) {
    __m256i sums[10], product, x = _mm256_set1_epi16(3);
    for (int i = 0; i < 10; i++) sums[i] = _mm256_set1_epi16(i);
    while (turns--)
#pragma GCC unroll 10
        for (int i = 0; i < 10; i++) {
            __asm__ volatile("vpmaddwd %1, %1, %0" : "=x"(product) : "x"(x));
            sums[i] = _mm256_add_epi32(sums[i], product);
        }
    for (int i = 0; i < 10; i++) __asm__ volatile("" ::"x"(sums[i]));
}
"""


def main() -> None:
    common.tables(__doc__, __file__, ({"dtype": dtype, "loss": loss} for dtype, loss in CASES), measure, report)


def measure(dtype: str, loss: str, data: str | None, quick: bool, threads: int) -> dict[str, Any]:
    """One table, in a process that has just so many threads."""
    blas = common.blas()  # before anyone imports scipy, which brings another
    pixels, y = images(data, 2000 if quick else 50_000)
    X, W = as_allocated(pixels, dtype), weights(dtype)
    # PyTorch, JAX and NumPy have no mixed products: they get the same pixels as float32.
    peer = X if dtype != "uint8" else X.astype(np.float32)
    contestants: dict[str, Callable[[], Answer]] = {"gdfast": with_gdfast(X, y, W, loss)}
    if dtype == "float32":
        contestants["gdfast, rows aligned to 64 bytes"] = with_gdfast(aligned(X), y, W, loss)
    contestants["NumPy"] = with_numpy(peer, y, W, loss)
    for name, make in (("PyTorch", with_torch), ("JAX", with_jax), ("scikit-learn", with_sklearn)):
        try:
            contestants[name] = make(peer, y, W, loss, threads)
        except ImportError:
            continue
    differences = disagreement(contestants)
    probes = common.floor_probes(peer)
    turns, multiply = 0, None
    if (dtype, loss, instruction_set()) == ("uint8", "hinge", "avx2"):
        from bench_gram import multiplications  # which imports from here

        turns = round(X.size * (N_CLASSES - 1) * (1 / 16 + 1 / 32) / INTEGER_PAIRS / threads)
        multiply = multiplications(INTEGER_LOOP)
    if multiply is not None:
        probes["integers"] = lambda: multiply(turns)
    timings = common.interleave({**contestants, **probes}, rounds=3 if quick else 11)
    return {
        "n_samples": len(y),
        "blas": blas,
        "gdfast_runs": instruction_set(),
        "milliseconds": {name: 1e3 * timings[name].median for name in contestants},
        "best_milliseconds": {name: 1e3 * timings[name].best for name in contestants},
        "times_as_long_as_gdfast": {name: timings[name].median / timings["gdfast"].median for name in contestants},
        "gradient_differs_from_numpy_by": differences,
        "integer_floor_ms": 1e3 * timings["integers"].best if multiply is not None else None,
        "floors": common.floors(timings, peer.nbytes, X.nbytes, 4.0 * len(y) * N_FEATURES * N_CLASSES),
    }


def report(result: dict[str, Any]) -> str:
    """One table with the floors below it."""
    times, best, ratios = (result[key] for key in ("milliseconds", "best_milliseconds", "times_as_long_as_gdfast"))
    floors, threads = result["floors"], result["threads"]
    rows = [[name, times[name], best[name], ratios[name], times[name] / floors["floor_ms"]] for name in times]
    title = (
        f"{result['loss']}, {result['dtype']}, {result['n_samples']:,} images, {threads} thread{'s' * (threads > 1)}"
    )
    return "\n".join(
        [
            f"\n## {title}\n",
            common.table(["loss + gradient", "ms (median)", "ms (best)", "x gdfast", "x floor"], rows),
            f"\nfloor {floors['floor_ms']:.1f} ms: reading the data once {floors['memory_ms']:.1f} ms "
            f"({floors['read_GB_per_s']:.1f} GB/s), arithmetic {floors['arithmetic_ms']:.1f} ms "
            f"({floors['multiply_GFLOP_per_s']:.0f} GFLOP/s, as NumPy's product of square matrices reaches)",
            *integer_floor(result),
            f"gdfast runs {result['gdfast_runs']}; NumPy's BLAS: {'; '.join(result['blas'])}",
        ]
    )


def integer_floor(result: dict[str, Any]) -> list[str]:
    """The line about it, where it was counted."""
    floor, best = result["integer_floor_ms"], result["best_milliseconds"]["gdfast"]
    if floor is None:
        return []
    return [
        f"integer floor {floor:.1f} ms: AVX2's multiplications, an addition each; gdfast {best / floor:.2f} times that"
    ]


# Data.


def images(folder: str | None, n: int) -> tuple[Array, Array]:
    """uint8 pixels (n, 3072) and labels: CIFAR-10's, or random ones."""
    if folder is not None:
        from gdfast.datasets import load_cifar10

        cifar = load_cifar10(folder, held_out=0)
        return cifar.X[:n], cifar.y[:n]
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (n, N_FEATURES), dtype=np.uint8), rng.integers(0, N_CLASSES, n)


def as_allocated(pixels: Array, dtype: str) -> Array:
    """In an array as NumPy allocates it; floats are scaled to [0, 1]."""
    if dtype == "uint8":
        return pixels.copy()
    X = pixels.astype(dtype)
    X /= 255
    return X


def aligned(X: Array) -> Array:
    """A copy whose rows start at multiples of 64 bytes (3,072 elements keep that from row to row)."""
    room = np.empty(X.nbytes + 64, dtype=np.uint8)
    start = -room.ctypes.data % 64
    copy = room[start : start + X.nbytes].view(X.dtype).reshape(X.shape)
    copy[...] = X
    return copy


def weights(dtype: str) -> Array:
    """Random W (10, 3073), of the type of the arithmetic; 16 % of the margins on CIFAR-10 are met."""
    W = np.random.default_rng(1).normal(size=(N_CLASSES, N_FEATURES + 1)) * 3 / np.sqrt(N_FEATURES)
    if dtype == "uint8":
        W[:, :-1] /= 255
    return W.astype("float64" if dtype == "float64" else "float32")


def disagreement(contestants: dict[str, Callable[[], Answer]]) -> dict[str, float]:
    """The largest difference of each gradient from NumPy's, relative to the largest entry; too much is an error."""
    value, gradient = contestants["NumPy"]()
    found = {}
    for name, call in contestants.items():
        other_value, other_gradient = call()
        found[name] = float(np.abs(np.asarray(other_gradient) - gradient).max() / np.abs(gradient).max())
        if not (abs(float(other_value) - value) < 1e-3 * abs(value) and found[name] < 1e-2):
            raise SystemExit(f"{name} computes something else than NumPy: loss {other_value} against {value}")
    return found


def instruction_set() -> str:
    """The one whose kernels gdfast runs."""
    from gdfast._config import config

    return str(config()["instruction set"])


# Contestants: each returns a function that computes loss and gradient anew.


def with_gdfast(X: Array, y: Array, W: Array, loss: str) -> Callable[[], Answer]:
    import gdfast as gd

    objective = gd.LinearObjective(X, y, gd.Hinge() if loss == "hinge" else gd.CrossEntropy(), n_classes=N_CLASSES)
    return lambda: objective.value_and_gradient(W)


def with_numpy(X: Array, y: Array, W: Array, loss: str) -> Callable[[], Answer]:
    """Two products; between them a mask (hinge), or exponentials in place (softmax)."""
    n, rows = len(y), np.arange(len(y))
    gradient = np.empty_like(W)

    def finish(value: float, coefficients: Array) -> Answer:
        coefficients /= n
        np.matmul(coefficients.T, X, out=gradient[:, :-1])
        gradient[:, -1] = coefficients.sum(axis=0)
        return value, gradient

    def hinge() -> Answer:
        scores = X @ W[:, :-1].T
        scores += W[:, -1]
        scores -= scores[rows, y][:, None] - 1
        scores[rows, y] = 0
        mask = (scores > 0).astype(scores.dtype)
        value = float(np.vdot(mask, scores)) / n
        mask[rows, y] = -mask.sum(axis=1)
        return finish(value, mask)

    def softmax() -> Answer:
        scores = X @ W[:, :-1].T
        scores += W[:, -1]
        scores -= scores.max(axis=1, keepdims=True)
        right = scores[rows, y].sum(dtype=np.float64)
        np.exp(scores, out=scores)
        totals = scores.sum(axis=1, keepdims=True)
        scores /= totals
        scores[rows, y] -= 1
        return finish((float(np.log(totals).sum(dtype=np.float64)) - float(right)) / n, scores)

    def as_answer() -> Answer:
        value, result = hinge() if loss == "hinge" else softmax()
        return value, result.copy()

    return as_answer


def with_torch(X: Array, y: Array, W: Array, loss: str, threads: int) -> Callable[[], Answer]:
    """A linear layer and PyTorch's own loss; multi_margin_loss divides by the number of classes."""
    import torch
    from torch.nn import functional

    torch.set_num_threads(threads)
    data, labels = torch.from_numpy(X), torch.from_numpy(np.asarray(y, dtype=np.int64))
    weight = torch.tensor(W[:, :-1], requires_grad=True)
    bias = torch.tensor(W[:, -1], requires_grad=True)

    def run() -> Answer:
        scores = functional.linear(data, weight, bias)
        if loss == "hinge":
            value = functional.multi_margin_loss(scores, labels) * N_CLASSES
        else:
            value = functional.cross_entropy(scores, labels)
        by_weight, by_bias = torch.autograd.grad(value, (weight, bias))
        return value.item(), torch.column_stack([by_weight, by_bias]).numpy()

    return run


def with_jax(X: Array, y: Array, W: Array, loss: str, threads: int) -> Callable[[], Answer]:
    """jit of value_and_grad; its threads follow from the CPUs this process may use."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def mean_loss(weight: Any, bias: Any, data: Any, labels: Any) -> Any:
        scores = data @ weight.T + bias
        right = jnp.take_along_axis(scores, labels[:, None], axis=1)
        if loss == "hinge":
            return jnp.maximum(scores - right + 1, 0).sum(axis=1).mean() - 1
        return (jax.nn.logsumexp(scores, axis=1) - right[:, 0]).mean()

    compiled = jax.jit(jax.value_and_grad(mean_loss, argnums=(0, 1)))
    data, labels = jnp.asarray(X), jnp.asarray(y.astype(np.int32))
    weight, bias = jnp.asarray(W[:, :-1]), jnp.asarray(W[:, -1])

    def run() -> Answer:
        value, (by_weight, by_bias) = compiled(weight, bias, data, labels)
        return float(value), np.column_stack([by_weight, by_bias])

    return run


def with_sklearn(X: Array, y: Array, W: Array, loss: str, threads: int) -> Callable[[], Answer]:
    """The loss inside LogisticRegression; scikit-learn has no multiclass hinge with a gradient."""
    if loss != "softmax":
        raise ImportError("nothing to compare with")
    from sklearn._loss.loss import HalfMultinomialLoss
    from sklearn.linear_model._linear_loss import LinearModelLoss

    labels = y.astype(X.dtype)
    objective = LinearModelLoss(HalfMultinomialLoss(n_classes=N_CLASSES), fit_intercept=True)
    coefficients = np.asfortranarray(W)

    def run() -> Answer:
        value, gradient = objective.loss_gradient(coefficients, X, labels, n_threads=threads)
        return float(value), np.asarray(gradient)

    return run


if __name__ == "__main__":
    main()
