"""The page of a run: its sections in order, the style sheet, the scripts, and a policy that forbids the network."""

from __future__ import annotations

import os
from importlib.resources import files

from ...files.atomic import write_whole
from ...notebook import escaped
from ..canvas import check_type
from ..offline import offline_page
from . import curves, gradient_checks, step_sizes, surface, templates, text_sections
from .html import Section, paragraph, to_json
from .report import RunReport


def write_page(path: str | os.PathLike[str], report: RunReport) -> None:
    """Write a run as one HTML file, there whole or not at all.

    Parameters
    ----------
    path : path
        Its folder must exist.
    report : RunReport

    Raises
    ------
    ImportError
        plotly is not installed.
    TypeError
        report is of another type.
    OSError
        The file cannot be written; nothing half-written is left.

    Examples
    --------
    >>> import gdfast as gd
    >>> from gdfast.pictures.page import RunReport, write_page
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> write_page("run.html", RunReport("A bowl", runs={"gradient descent": gd.minimize(bowl, [3.0])}))
    """
    content = render(report).encode()
    write_whole(path, lambda file: file.write(content))


def render(report: RunReport) -> str:
    """The text of the page: plotly's script within, about 5 MB in all.

    Raises
    ------
    ImportError
        plotly is not installed.
    TypeError
        report is of another type.

    Examples
    --------
    >>> from gdfast.pictures.page import RunReport, render
    >>> "<title>A &lt;bowl&gt;</title>" in render(RunReport("A <bowl>"))
    True
    """
    check_type(report, RunReport, "report", "from gdfast.pictures.page")
    library = plotly_script()
    found = sections(report)
    scripts = [library, _own("page.js")] if any(section.figures for section in found) else [_own("page.js")]
    links = "".join(f'<li><a href="#{section.name}">{escaped(section.title)}</a></li>' for section in found)
    drawn = [figure for section in found for figure in section.figures]
    body = "".join(
        f'<section id="{section.name}" aria-labelledby="{section.name}-title">'
        f'<h2 id="{section.name}-title">{escaped(section.title)}</h2>{section.body}</section>'
        for section in found
    )
    return offline_page(
        report.title,
        _own("page.css"),
        '<a class="skip" href="#main">Skip to the results</a>\n'
        f"<header><h1>{escaped(report.title)}</h1>{paragraph(report.description) if report.description else ''}"
        f'<nav aria-label="On this page"><ul>{links}</ul></nav>'
        "<noscript><p>The figures and their controls need JavaScript; every figure's numbers stand in a table under it."
        '</p></noscript></header>\n<main id="main" tabindex="-1">\n'
        f"{body}\n</main>\n"
        f'<script type="application/json" id="figures">{to_json(drawn)}</script>',
        scripts,
        script_sources="'unsafe-eval'",  # plotly builds some functions as it draws
        policy="worker-src blob:",
    )


def sections(report: RunReport) -> list[Section]:
    """The parts that are there, in order."""
    found = [
        report.strategies and text_sections.strategies(report.strategies),
        report.runs and curves.section(report.runs, report.strategies),
        report.trajectory and surface.section(report.trajectory),
        report.step_sizes and step_sizes.section(report.step_sizes),
        report.templates and templates.section(report.templates),
        report.gradient_checks and gradient_checks.section(report.gradient_checks, report.templates),
        report.settings and text_sections.settings(report.settings),
        text_sections.versions(),
        report.command and text_sections.command(report.command),
    ]
    return [section for section in found if isinstance(section, Section)]


def plotly_script() -> str:
    """plotly's own script, from the Python package."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise ImportError(
            "the page is drawn with plotly, which is not installed: pip install 'gdfast[report]'"
        ) from error
    return str(get_plotlyjs())


def _own(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
