"""Several parameters as one vector: a dict, a list or a tuple of arrays or tensors, nested or not, and their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._arrays import check_point, check_positive, check_reals, float64_copy
from ..._returned import returned_gradient
from ...describe import described
from ...differences.stencils import name_coordinate
from ...protocols import Array, FloatArray
from .sampling import Indices


@dataclass(frozen=True, eq=False)
class Parameters:
    """Where each parameter lies in the vector, and how a container like the user's is made.

    Attributes
    ----------
    like : Any
        What the user gave.
    names : tuple of str
    arrays : tuple of arrays
        The parameters, each of its own shape and type.
    """

    like: Any
    names: tuple[str, ...]
    arrays: tuple[Array, ...]

    @property
    def single(self) -> bool:
        """One array (or tensor), which keeps its shape."""
        return not _is_container(self.like)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the point."""
        return self.arrays[0].shape if self.single else (sum(array.size for array in self.arrays),)

    @property
    def point(self) -> Array:
        """A copy of all of them: of the one array's shape, else one vector of the widest type."""
        if self.single:
            return np.array(self.arrays[0], order="C")
        wide = np.result_type(*self.arrays)
        return np.concatenate([array.reshape(-1).astype(wide) for array in self.arrays])

    def of_user(self, point: Array) -> Any:
        """The point as the user's functions take it: a container of fresh arrays (or tensors)."""
        if self.single:
            return _like(self.like, point)
        ends = np.cumsum([array.size for array in self.arrays])
        pieces = [
            np.array(piece.reshape(array.shape), dtype=array.dtype)
            for piece, array in zip(np.split(point, ends[:-1]), self.arrays, strict=True)
        ]
        return _rebuilt(self.like, iter(pieces))

    def from_user(self, given: Any, what: str) -> Array:
        """A container like the user's as one array like the point; TypeError or ValueError names the parameter."""
        if self.single:
            return _gradient_array(given, self.arrays[0], what)
        leaves = dict(_matching(self.like, given, what, ""))
        wide = np.result_type(*self.arrays)
        parts = [
            _gradient_array(leaf, array, f"{what}, {name}").reshape(-1).astype(wide)
            for (name, leaf), array in zip(leaves.items(), self.arrays, strict=True)
        ]
        return np.concatenate(parts)

    def numbers(self, given: Any, name: str) -> FloatArray:
        """A number, or one for each coordinate in a container like the user's: positive, as float64 of the point's
        shape."""
        if not _is_container(given) and not isinstance(given, np.ndarray | list | tuple) and to_array(given) is given:
            return np.full(self.shape, check_positive(given, name))
        leaves = [given] if self.single else [leaf for _, leaf in _matching(self.like, given, name, "")]
        parts = []
        for leaf, array, own in zip(leaves, self.arrays, self.names, strict=True):
            place = name if self.single else f"{name}, {own}"
            part = check_reals(to_array(leaf), place, array.shape, "have the shape of at, {}")
            if not (part > 0).all():
                raise ValueError(f"{place} must be > 0; its smallest is {part.min():g}")
            parts.append(part.reshape(-1))
        return np.concatenate(parts).reshape(self.shape)

    @property
    def parts(self) -> list[tuple[str, int, int]]:
        """Of each parameter its name, its first flat index, and the one after its last."""
        ends = np.cumsum([array.size for array in self.arrays]).tolist()
        return list(zip(self.names, [0, *ends[:-1]], ends, strict=True))

    def name(self, flat: int) -> str:
        """``W2[3, 1]``; ``[3, 1]`` for one array without a name."""
        for name, array in zip(self.names, self.arrays, strict=True):
            if flat < array.size:
                return name_coordinate(flat, array.shape, name) if array.shape or name else "[]"
            flat -= array.size
        raise IndexError(flat)

    @property
    def rounded(self) -> Callable[[Array, Indices], Array] | None:
        """Rounds values at flat indices to the type of their own parameter; None where all are of one type."""
        if len({array.dtype for array in self.arrays}) == 1:
            return None
        types = np.repeat(np.arange(len(self.arrays)), [array.size for array in self.arrays])

        def rounded(values: Array, flat: Indices) -> Array:
            found = values.copy()
            for i, array in enumerate(self.arrays):
                own = types[flat] == i
                found[own] = values[own].astype(array.dtype)
            return found

        return rounded


def parameters_of(at: Any, names: Any, name: str = "at") -> Parameters:
    """The user's point; every array in it is checked."""
    if not _is_container(at):
        single = check_point(to_array(at), name)
        float64_copy(single, name)  # where it is wider
        given = _names(names, 1)
        return Parameters(at, ("",) if given is None else given, (single,))
    leaves = list(_leaves(at, ""))
    if not leaves:
        raise ValueError(f"{name} must hold at least one array; it is {described(at)}")
    arrays = tuple(check_point(to_array(leaf), f"{name}, {path}") for path, leaf in leaves)
    given = _names(names, len(leaves))
    return Parameters(at, tuple(path for path, _ in leaves) if given is None else given, arrays)


def to_array(value: Any) -> Any:
    """A tensor's numbers as an array; anything else as it is."""
    detach = getattr(value, "detach", None)
    if not callable(detach):
        return value
    tensor = detach().cpu()
    return tensor.float().numpy() if str(tensor.dtype) == "torch.bfloat16" else tensor.numpy()


def _names(names: Any, n: int) -> tuple[str, ...] | None:
    if names is None:
        return None
    given = (names,) if isinstance(names, str) else tuple(names) if isinstance(names, Sequence) else None
    if given is None or not all(isinstance(name, str) for name in given):
        raise TypeError(f"names must be a sequence of str, one for each parameter, or None; it is {described(names)}")
    if len(given) != n:
        raise ValueError(f"names must hold one name for each of {n} parameters; it holds {len(given)}")
    if len(set(given)) != n:
        raise ValueError(f"names must be distinct; it is {described(names)}")
    return given


def _is_container(value: Any) -> bool:
    """A dict, or a list or tuple that holds arrays; a list of numbers is an array."""
    if isinstance(value, Mapping):
        return True
    if not isinstance(value, list | tuple):
        return False
    holds_arrays = any(_is_container(item) or hasattr(item, "dtype") for item in value)
    return holds_arrays and not all(isinstance(item, np.generic) for item in value)


def _leaves(value: Any, path: str) -> Any:
    """(path, array) of each parameter in a container, in its order."""
    items = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, item in items:
        own = _path(value, path, key)
        if _is_container(item):
            yield from _leaves(item, own)
        else:
            yield own, item


def _path(container: Any, path: str, key: Any) -> str:
    if isinstance(container, Mapping):
        return f"{path}.{key}" if path else str(key)
    fields = getattr(container, "_fields", None)
    if fields is not None:
        return f"{path}.{fields[key]}" if path else fields[key]
    return f"{path}[{key}]"


def _matching(like: Any, given: Any, what: str, path: str) -> Any:
    """(path, leaf) of a container that must have the keys, or the length, of another."""
    place = f"{what}, {path}" if path else what
    if isinstance(like, Mapping):
        if not isinstance(given, Mapping):
            keys = ", ".join(map(repr, like))
            raise TypeError(f"{place} must be a dict with the keys of at, {keys}; it is {described(given)}")
        for key in like:
            if key not in given:
                raise ValueError(f"{place} must have the key {key!r}; it has {', '.join(map(repr, given))}")
        for key in given:
            if key not in like:
                raise ValueError(f"{place} must not have the key {key!r}: there is no such parameter")
        pairs = [(key, like[key], given[key]) for key in like]
    else:
        if not isinstance(given, list | tuple):
            raise TypeError(f"{place} must be a list of {len(like)} arrays, as at is; it is {described(given)}")
        if len(given) != len(like):
            raise ValueError(f"{place} must hold {len(like)} arrays, one for each of at; it holds {len(given)}")
        pairs = [(i, like[i], given[i]) for i in range(len(like))]
    for key, own, other in pairs:
        name = _path(like, path, key)
        if _is_container(own):
            yield from _matching(own, other, what, name)
        else:
            yield name, other


def _rebuilt(like: Any, arrays: Any) -> Any:
    """A container like the user's, of these arrays in order."""
    if isinstance(like, Mapping):
        return {key: _rebuilt(item, arrays) for key, item in like.items()}
    if not _is_container(like):
        return _like(like, next(arrays))
    items = [_rebuilt(item, arrays) for item in like]
    if isinstance(like, tuple):
        return type(like)(*items) if hasattr(like, "_fields") else tuple(items)
    return items


def _like(leaf: Any, array: Array) -> Any:
    """The array, as a tensor where the user's is one."""
    if not callable(getattr(leaf, "detach", None)):
        return array
    return leaf.detach().new_tensor(array).requires_grad_(bool(leaf.requires_grad))


def _gradient_array(given: Any, array: Array, what: str) -> Array:
    """What the gradient returned for one parameter."""
    return returned_gradient(to_array(given), array, what)
