"""The page of `gdfast play` from its parts: one HTML file with the style sheet and plain JavaScript inside."""

from __future__ import annotations

from importlib.resources import files

from ..offline import offline_page

ROUTINES = (
    "functions.js",
    "optimizers.js",
    "regimes.js",
    "random.js",
    "regions.js",
    "weight_lines.js",
    "losses.js",
    "mini_batches.js",
    "smooth_functions.js",
    "differences.js",
    "kink.js",
)
"""Numerical routines without a document: node loads them, and the tests compare them with gdfast."""
SCRIPTS = (
    "frames.js",
    "text.js",
    "canvas.js",
    "controls.js",
    *ROUTINES,
    "contours.js",
    "descent_formula.js",
    "descent_picture.js",
    "descent_bench.js",
    "questions.js",
    "classes_picture.js",
    "classes_table.js",
    "classes_bench.js",
    "differences_picture.js",
    "differences_bench.js",
    "kink_picture.js",
    "kink_bench.js",
    "shell.js",
)
"""All scripts in the order in which they run; the benches are mounted by the last one, in this order."""


def render() -> str:
    """The text of the page.

    Examples
    --------
    >>> from gdfast.pictures.play import render
    >>> page = render()
    >>> "<title>Play with gradient descent</title>" in page, len(page) < 400_000
    (True, True)
    """
    body = (
        '<a class="skip" href="#main">Skip to the benches</a>\n'
        "<header><h1>Play with gradient descent</h1>"
        "<p>Four benches. Change something, watch what happens, then answer the questions under the pictures. "
        "All of it works with mouse, finger or keyboard, and without a network.</p>"
        '<nav aria-label="On this page"><ul id="links"></ul></nav>'
        "<noscript><p>The benches compute as you play: they need JavaScript.</p></noscript></header>\n"
        '<main id="main" tabindex="-1"></main>'
    )
    return offline_page("Play with gradient descent", _own("play.css"), body, [_own(name) for name in SCRIPTS])


def _own(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
