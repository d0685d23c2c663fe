"""Facts of an object that are computed when they are first asked for, and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

Fact = TypeVar("Fact")


class derived(Generic[Fact]):
    """`functools.cached_property` without a lock.

    Python 3.11's holds one, for all instances at once, while the fact is computed: threads would wait for each other's
    passes over their own data, and a process that is forked meanwhile for ever. Here two threads that ask at once
    compute it twice, and get the same.
    """

    def __init__(self, function: Callable[[Any], Fact]) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Fact: ...
    def __get__(self, instance: Any, owner: type) -> Self | Fact:
        if instance is None:
            return self
        # Found in the instance's dictionary from now on, before this is asked.
        return instance.__dict__.setdefault(self._name, self._function(instance))  # type: ignore[no-any-return]
