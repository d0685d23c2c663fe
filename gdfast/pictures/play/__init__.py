"""The page of `gdfast play`: benches on which a reader tries out gradient descent, in one file without a network."""

from __future__ import annotations

from .page import render

__all__ = ["render"]
