"""Checks and conversion of arguments, the only place: numbers, arrays, labels and weights.

Every function returns the argument as the library will use it, or raises: `TypeError` for the
wrong type, `ValueError` for a wrong shape or range. The message names the argument, what is needed
and what was given. Nothing is repaired. X and W are never copied; what is small (labels, weights of samples, one
number per feature) is kept as a copy, so that the caller may change it afterwards.
"""

from __future__ import annotations

import math
import numbers
import os
from typing import Any

import numpy as np

from . import _kernels
from .describe import described, shortened
from .protocols import Array, FloatArray

_NO_NUMBERS = (bool, np.bool_, np.timedelta64)
"""Python or NumPy counts these among the integers."""


def check_path(path: Any, name: str = "path") -> str | os.PathLike[str]:
    """A str or a path."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{name} must be a str or a path; it is {described(path)}")
    return path


def check_number(value: Any, name: str) -> float:
    """A finite real number (bool is not a number here)."""
    if isinstance(value, _NO_NUMBERS) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a real number; it is {described(value)}")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(f"{name} must be a number that float64 can hold; it is {described(value)}") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite; it is {number}")
    return number


def check_positive(value: Any, name: str) -> float:
    """A finite number > 0."""
    number = check_number(value, name)
    if number <= 0:
        raise ValueError(f"{name} must be > 0; it is {number:g}")
    return number


def check_non_negative(value: Any, name: str) -> float:
    """A finite number >= 0."""
    number = check_number(value, name)
    if number < 0:
        raise ValueError(f"{name} must be >= 0; it is {number:g}")
    return number


def check_fraction(value: Any, name: str) -> float:
    """A number in [0, 1)."""
    number = check_number(value, name)
    if not 0 <= number < 1:
        raise ValueError(f"{name} must be in [0, 1); it is {number:g}")
    return number


def check_integer(value: Any, name: str, minimum: int | None = None) -> int:
    """An integer, not below `minimum` where one is given."""
    if isinstance(value, _NO_NUMBERS) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer; it is {described(value)}")
    number = int(value)
    if minimum is not None and number < minimum:
        raise ValueError(f"{name} must be >= {minimum}; it is {shortened(number)}")
    return number


def check_seed(value: Any, name: str = "seed") -> int:
    """An integer in [0, 2**64): the key of a counter-based generator."""
    number = check_integer(value, name, minimum=0)
    if number >= 2**64:
        raise ValueError(f"{name} must be < 2**64; it is {shortened(number)}")
    return number


def check_flag(value: Any, name: str) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False; it is {described(value)}")
    return bool(value)


def check_rng(rng: Any, name: str = "rng") -> np.random.Generator:
    """A seed (integer >= 0), a Generator or None -> a Generator."""
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is None:
        return np.random.default_rng()
    if isinstance(rng, np.timedelta64) or not isinstance(rng, numbers.Integral):
        raise TypeError(f"{name} must be an integer, a numpy Generator or None; it is {described(rng)}")
    return np.random.default_rng(check_integer(rng, name, minimum=0))


def plain_array(values: Any, name: str) -> Array:
    """Values as an array, never copied where they are one; a masked array (its mask would be ignored) is refused."""
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{name} must be a plain array; it is a masked array")
    try:
        return np.asarray(values)
    except ValueError as error:  # rows of unequal length
        raise ValueError(f"{name} must be an array: {error}") from error
    except OverflowError as error:  # an integer among floats
        raise ValueError(f"{name} must hold numbers that float64 can hold: {error}") from error


def check_point(w: Any, name: str = "w", *, finite: bool = True) -> Array:
    """A float array of any shape, never copied; a Python float or list becomes float64."""
    array = plain_array(w, name)
    if array.dtype.kind != "f":
        raise TypeError(f"{name} must be a float array (float32 or float64); its dtype is {array.dtype}")
    if not array.dtype.isnative:
        raise ValueError(f"{name} must be in this machine's byte order; its dtype is {array.dtype.str}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty; its shape is {array.shape}")
    if finite:
        require_finite(array, name)
    return array


def float_array(W: Any, name: str = "W") -> Array:
    """The same where NaN and infinity are outcomes; it costs next to nothing for what is such an array."""
    if type(W) is np.ndarray and W.dtype.kind == "f" and W.size and W.dtype.isnative:
        return W
    return check_point(W, name, finite=False)


def require_finite(array: Array, name: str) -> None:
    """Raise where an element is NaN or infinite, naming the first."""
    if np.isfinite(array).all():
        return
    index = np.unravel_index(int(np.argmin(np.isfinite(array))), array.shape)
    place = ", ".join(str(int(i)) for i in index)
    at = f"[{place}]" if array.ndim else ""
    raise ValueError(f"{name} must be finite; {name}{at} is {array[index]}")


INPUT_CODES = {np.dtype(name): code for code, name in enumerate(("uint8", "float16", "float32", "float64"))}
"""Element types of X, as the kernels number them. (By dtype: to make its name takes NumPy longer than all the rest.)"""


def check_matrix(X: Any, *, check_finite: bool) -> Array | _kernels.SparseRows:
    """X (n_samples, n_features) as it is, never copied: dense of any strides, read-only or memory-mapped; or CSR."""
    if hasattr(X, "format") and (hasattr(X, "indptr") or hasattr(X, "tocsr")):
        return _check_csr(X, check_finite)
    if isinstance(X, np.ma.MaskedArray):
        raise TypeError("X must be a plain array; it is a masked array, whose mask would be ignored")
    if not isinstance(X, np.ndarray):
        raise TypeError(f"X must be a numpy array; it is {type(X).__name__}")
    if X.dtype not in INPUT_CODES:
        if any(X.dtype.name == known.name for known in INPUT_CODES):
            raise ValueError(f"X must be in this machine's byte order; its dtype is {X.dtype.str}")
        raise TypeError(f"X must be float64, float32, float16 or uint8; its dtype is {X.dtype}")
    if X.ndim != 2:
        raise ValueError(f"X must be (n_samples, n_features); its shape is {X.shape}")
    if X.shape[0] == 0 or X.shape[1] == 0:
        raise ValueError(f"X must hold at least one sample and one feature; its shape is {X.shape}")
    if check_finite and X.dtype.kind == "f":
        position = _kernels.first_not_finite(X)
        if position >= 0:
            i, j = divmod(position, X.shape[1])
            raise ValueError(f"X must be finite; X[{i}, {j}] is {X[i, j]}")
    # A view, so that nobody can give it another shape or type later. Its byte order is this machine's by name, too:
    # Zarr's arrays are "<f4".
    rows: Array = X.view(X.dtype.newbyteorder("="), np.ndarray)
    return rows


def _check_csr(X: Any, check_finite: bool) -> _kernels.SparseRows:
    """A scipy.sparse CSR matrix or array, known by its attributes: every row start and index is checked."""
    if X.format != "csr":
        raise TypeError(f"X must be dense or in CSR format; it is in {X.format.upper()} format: X.tocsr() converts")
    shape = tuple(int(size) for size in X.shape)
    if len(shape) != 2:
        raise ValueError(f"X must be (n_samples, n_features); its shape is {shape}")
    if min(shape) <= 0:
        raise ValueError(f"X must hold at least one sample and one feature; its shape is {shape}")
    kinds = {"data": ("uint8", "float32", "float64"), "indices": ("int32", "int64"), "indptr": ("int32", "int64")}
    for name, allowed in kinds.items():
        array = getattr(X, name)
        if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
            raise TypeError(f"X.{name} must be a numpy array; it is {type(array).__name__}")
        if array.dtype.name not in allowed:
            *others, last = allowed
            raise TypeError(f"X.{name} must be {', '.join(others)} or {last}; its dtype is {array.dtype}")
        if not array.dtype.isnative:
            raise ValueError(f"X.{name} must be in this machine's byte order; its dtype is {array.dtype.str}")
        if array.ndim != 1 or not array.flags.c_contiguous or not array.flags.aligned:
            raise ValueError(
                f"X.{name} must be one-dimensional, contiguous and aligned; its shape is {array.shape}, its "
                f"strides are {array.strides}"
            )
    if X.indptr.size != shape[0] + 1:
        raise ValueError(f"X.indptr must have n_samples + 1 = {shape[0] + 1} entries; it has {X.indptr.size}")
    if X.indices.size != X.data.size:
        raise ValueError(f"X.indices must have as many entries as X.data, {X.data.size}; it has {X.indices.size}")
    rows = _kernels.SparseRows(X.data, X.indices, X.indptr, shape)
    fault, i = rows.first_fault(X.data.size, check_finite)
    if fault == 1:
        raise ValueError(f"X.indptr must start at 0; it starts at {X.indptr[0]}")
    if fault == 2:
        raise ValueError(f"X.indptr must not decrease; X.indptr[{i}] is {X.indptr[i]} after {X.indptr[i - 1]}")
    if fault == 3:
        raise ValueError(f"X.indptr must end within the {X.data.size} entries of X.data; it ends at {X.indptr[-1]}")
    if fault == 4:
        raise ValueError(f"X.indices must be in [0, {shape[1]}); X.indices[{i}] is {X.indices[i]}")
    if fault == 5:
        raise ValueError(f"X must be finite; X.data[{i}] is {X.data[i]}")
    return rows


MOST_CLASSES = 2**31 - 1


def check_labels(y: Any, n_samples: int, n_classes: int | None) -> tuple[Array, int]:
    """Integer labels in [0, n_classes) -> (int32 copy, n_classes); n_classes None is max(y) + 1."""
    labels = _one_dimensional(y, "y", n_samples)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"y must hold integer labels; its dtype is {labels.dtype}")
    lowest, highest = int(labels.min()), int(labels.max())
    if n_classes is None:
        n_classes = min(highest + 1, MOST_CLASSES)
    if lowest < 0 or highest >= n_classes:
        i = int(np.argmax((labels < 0) | (labels >= n_classes)))
        raise ValueError(f"y must hold labels in [0, {n_classes}); y[{i}] is {labels[i]}")
    if n_classes > MOST_CLASSES:
        raise ValueError(f"n_classes must be < 2**31; it is {shortened(n_classes)}")
    return np.array(labels, dtype=np.int32), n_classes


def check_targets(y: Any, n_samples: int) -> Array:
    """Real targets (n,) or (n, k) -> float64 (n, k)."""
    targets = plain_array(y, "y")
    if targets.dtype.kind not in "fiu":
        raise TypeError(f"y must hold real targets; its dtype is {targets.dtype}")
    if targets.ndim not in (1, 2) or targets.shape[0] != n_samples or targets.size == 0:
        raise ValueError(
            f"y must be ({n_samples},) or ({n_samples}, k), one row for each of X's; its shape is {targets.shape}"
        )
    return float64_copy(targets, "y").reshape(n_samples, -1)


def check_sample_weight(sample_weight: Any, n_samples: int) -> Array | None:
    """Weights >= 0, not all zero, with a mean that can be divided by -> float64 (n_samples,), or None."""
    if sample_weight is None:
        return None
    weights = check_reals(sample_weight, "sample_weight", (n_samples,))
    if (weights < 0).any():
        i = int(np.argmax(weights < 0))
        raise ValueError(f"sample_weight must be >= 0; sample_weight[{i}] is {weights[i]}")
    if not (weights > 0).any():
        raise ValueError("sample_weight must hold a weight > 0; all are 0")
    with np.errstate(over="ignore"):
        mean = float(weights.mean())
    if not np.finfo(np.float64).tiny <= mean < math.inf:
        raise ValueError(f"sample_weight must have a mean that float64 can divide by; it is {mean:g}")
    return weights


def check_columns(values: Any, name: str, n_features: int, *, positive: bool) -> Array | None:
    """One finite number per feature -> float64 (n_features,), or None."""
    if values is None:
        return None
    columns = check_reals(values, name, (n_features,))
    if positive and (columns <= 0).any():
        j = int(np.argmax(columns <= 0))
        raise ValueError(f"{name} must be > 0; {name}[{j}] is {columns[j]}")
    return columns


def check_reals(values: Any, name: str, shape: tuple[int, ...], needed: str = "have the shape {}") -> FloatArray:
    """Finite real numbers of exactly this shape, of any type -> float64, C order; a copy. `needed` is the message's."""
    array = plain_array(values, name)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} must hold real numbers; its dtype is {array.dtype}")
    if array.shape != shape:
        raise ValueError(f"{name} must {needed.format(shape)}; its shape is {array.shape}")
    return float64_copy(array, name)


def check_weights(W: Any, shape: tuple[int, ...], name: str = "W") -> Array:
    """Finite weights of exactly this shape, float32 or float64; C order, aligned (copied only where they are not)."""
    array = plain_array(W, name)
    if array.dtype != np.float64 and array.dtype != np.float32:
        raise TypeError(f"{name} must be float32 or float64; its dtype is {array.dtype}")
    if array.shape != shape:
        raise ValueError(f"{name} must have the shape {shape}; its shape is {array.shape}")
    if not np.isfinite(array).all():
        require_finite(array, name)
    return np.require(array, requirements=["C", "A"])


def check_indices(indices: Any, size: int, name: str = "indices") -> Array:
    """Positions in [0, size), at least one, repeats allowed -> int64 (m,)."""
    array = plain_array(indices, name)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional; its shape is {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty")
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold integers; its dtype is {array.dtype}")
    lowest, highest = array.min(), array.max()
    if lowest < 0 or highest >= size:
        i = int(np.argmax((array < 0) | (array >= size)))
        raise ValueError(f"{name} must be in [0, {size}); {name}[{i}] is {array[i]}")
    return np.array(array, dtype=np.int64)


def check_steps(steps: Any, name: str = "steps") -> Array:
    """Finite numbers (m,) -> float64, C order."""
    array = plain_array(steps, name)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} must hold real numbers; its dtype is {array.dtype}")
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional; its shape is {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty")
    return float64_copy(array, name)


def _one_dimensional(values: Any, name: str, size: int) -> Array:
    array = plain_array(values, name)
    if array.shape != (size,):
        raise ValueError(f"{name} must have the shape ({size},); its shape is {array.shape}")
    return array


def float64_copy(array: Array, name: str) -> FloatArray:
    """In C order; finite, also where a wider type than float64 came."""
    with np.errstate(over="ignore"):
        copy = np.array(array, dtype=np.float64, order="C")
    require_finite(copy, name)
    return copy


def require_labels(y: Any, name: str = "y") -> None:
    """Raise where a label is missing (None, NaN, pandas' NA), naming the first; numbers are left to other checks."""
    labels = np.array([*y, None], dtype=object)[:-1] if isinstance(y, list | tuple) else np.asarray(y)
    for i, label in enumerate(labels.flat if labels.dtype.kind == "O" else ()):
        if (
            label is None
            or type(label).__name__ in ("NAType", "NaTType")
            or (isinstance(label, float) and label != label)
        ):
            raise ValueError(f"{name} must name a class in every row; {name}[{i}] is missing")
