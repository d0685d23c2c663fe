"""A browser for each module, and in it the page at the module's `address`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chromium import browser, errors, wait


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as driver:
        yield driver


@pytest.fixture
def page(chromium: Any, address: str) -> Iterator[Any]:
    """The page of a run or of `gdfast play`, ready; no test of it may leave an error on the console."""
    chromium.get(address)
    wait(chromium, "document.documentElement.dataset.ready")
    yield chromium
    assert errors(chromium) == []


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the page of `gdfast play`."""
    from gdfast.pictures.play import render

    path = tmp_path_factory.mktemp("play") / "play.html"
    path.write_text(render(), encoding="utf-8")
    return path.as_uri()
