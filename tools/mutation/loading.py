"""A mutant lives in the memory of one process: what that imports is changed on the way, and no file is."""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any


class Mutated(importlib.abc.MetaPathFinder):
    """Finds one module where all others are found; what it then is, and its file, come from `loader`."""

    def __init__(self, name: str, loader: Callable[[str], importlib.abc.FileLoader]) -> None:
        self._name, self._loader = name, loader

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        """The spec of the mutant; None for all other modules."""
        if name != self._name:
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        found = next(spec for finder in others if (spec := finder.find_spec(name, path, target)) is not None)
        loader = self._loader(found.origin)
        spec = importlib.util.spec_from_loader(name, loader, origin=loader.path)
        spec.submodule_search_locations = found.submodule_search_locations
        spec.has_location = True
        return spec


class Tree(importlib.machinery.SourceFileLoader):
    """The module's file, read as another tree."""

    def __init__(self, name: str, path: str, tree: ast.Module) -> None:
        super().__init__(name, path)
        self._tree = tree

    def get_code(self, fullname: str) -> Any:
        """Of the tree, never from a cache."""
        return compile(self._tree, self.path, "exec", dont_inherit=True)


def import_tree(name: str, tree: ast.Module) -> None:
    """From now on `import name` makes this tree of it."""
    sys.meta_path.insert(0, Mutated(name, lambda path: Tree(name, path, tree)))


def import_kernels(library: str) -> None:
    """From now on gdfast's compiled core is this file."""
    name = "gdfast._kernels"
    sys.meta_path.insert(0, Mutated(name, lambda _: importlib.machinery.ExtensionFileLoader(name, library)))
