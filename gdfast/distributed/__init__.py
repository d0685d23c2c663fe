"""A linear objective whose chunks of rows live on the workers of a dask.distributed cluster."""

from .objective import DaskObjective

__all__ = ["DaskObjective"]
