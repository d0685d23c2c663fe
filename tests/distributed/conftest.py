"""A cluster of worker processes on this machine, for the tests of one module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from clusters import Running, quiet_cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Running]:
    """One worker of one thread; more are started where a test needs them."""
    with quiet_cluster(1) as found:
        yield found


@pytest.fixture
def client(cluster: Running) -> Any:
    return cluster.client
