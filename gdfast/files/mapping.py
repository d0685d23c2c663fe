"""Files that are mapped into the memory instead of being read."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def mapping(path: Any) -> Iterator[None]:
    """A map for which the process has no addresses left is a MemoryError, as for any other array."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOMEM:
            raise
        raise MemoryError(f"{path} cannot be mapped: the process may have no more addresses") from error
