"""Coordinate descent on working sets: exact zeros for L1 and the elastic net."""

from .optimizer import CoordinateDescent, CoordinateState

__all__ = ["CoordinateDescent", "CoordinateState"]
