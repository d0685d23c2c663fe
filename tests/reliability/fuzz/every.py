"""All targets, by name."""

from __future__ import annotations

from . import arrays, tables, words
from .targets import TARGETS

__all__ = ["TARGETS", "arrays", "tables", "words"]
