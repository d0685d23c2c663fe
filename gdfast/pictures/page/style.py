"""The style of the page's figures; colours are names of the style sheet's variables, which have a dark mode."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..canvas import HEIGHTS

BLUE, VERMILION, GREEN, GREY, INK = "--blue", "--vermilion", "--green", "--grey", "--ink"
HEIGHT_SCALE = [[i / (len(HEIGHTS) - 1), colour] for i, colour in enumerate(HEIGHTS)]


class LineStyle(NamedTuple):
    """The style of one of several curves: Okabe and Ito's colours, and a dash and a marker of its own."""

    colour: str
    dash: str
    symbol: str


STYLES = (
    LineStyle(BLUE, "solid", "circle"),
    LineStyle(VERMILION, "dash", "square"),
    LineStyle(INK, "dot", "diamond"),
    LineStyle(GREEN, "dashdot", "cross"),
    LineStyle("--purple", "longdash", "x"),
    LineStyle("--orange", "longdashdot", "circle-open"),
)


def line_style(i: int) -> LineStyle:
    """The i-th style; they begin again after the last one."""
    return STYLES[i % len(STYLES)]


def axis(title: str, **options: Any) -> dict[str, Any]:
    """An axis that keeps its range, so that a finger on the figure scrolls the page."""
    return {"title": {"text": title}, "fixedrange": True, "automargin": True, **options}


def colour_bar(title: str, **options: Any) -> dict[str, Any]:
    """A bar above the figure, which costs none of a narrow window's width."""
    return {
        "title": {"text": title, "side": "top"},
        "orientation": "h",
        "x": 0.5,
        "y": 1.0,
        "yanchor": "bottom",
        "len": 1.0,
        "thickness": 12,
        **options,
    }
