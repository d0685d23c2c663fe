"""Axes to draw on, no figure left open, and a small page of a run, read."""

from __future__ import annotations

import json
import sys

import pytest

from pages import Page, small_report


@pytest.fixture
def ax():
    figure = pytest.importorskip("matplotlib.figure")
    return figure.Figure().subplots()


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="module")
def report():
    return small_report()


@pytest.fixture(scope="module")
def page(report) -> Page:
    pytest.importorskip("plotly")
    from gdfast.pictures.page import render

    return Page(render(report))


@pytest.fixture(scope="module")
def figures(page) -> dict[str, dict]:
    (data,) = [script for script in page.all("script") if script.at.get("type") == "application/json"]
    return {figure["id"]: figure for figure in json.loads(data.text)}
