"""The errors of a gradient check in the shape of the weights, and the error of difference quotients against h."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...checks.gradient.report import GradientReport
from ...differences import StepSweep
from ...protocols import Array, FloatArray
from ..canvas import BLUE, GREY, VERMILION, axes, check_type, legend_below, logarithmic_values

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOWEST, HIGHEST = 1e-12, 1.0  # relative errors beyond these have the colour of the bound


def gradient_report(report: GradientReport, ax: Axes | None = None) -> Axes:
    """The relative error of each checked coordinate: an image of W's shape, or points.

    Colours are logarithmic. Circles mark coordinates whose difference stencil crosses a kink, crosses those
    that are beyond the tolerance without one.

    Parameters
    ----------
    report : GradientReport
        From `gdfast.check_gradient`.
    ax : matplotlib Axes, optional
        Where to draw; None: a new figure.

    Returns
    -------
    matplotlib Axes
        A matrix of which at least half was checked is an image (NaN where it was not); a matrix of which less
        was checked is points in its rows and columns; any other array is points against the flat index.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError
        report is of another type.
    ValueError
        The check was along a direction: it has no coordinates to draw.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> report = gd.check_gradient(lambda w: float(np.sum(w**3)), lambda w: 3 * w**2, np.ones((4, 5)))
    >>> gd.plots.gradient_report(report).images[0].get_array().shape
    (4, 5)
    """
    check_type(report, GradientReport, "report", "from gdfast.check_gradient")
    if report.direction is not None:
        raise ValueError('report must be of single coordinates; it is of one direction (coordinates="direction")')
    ax = axes(ax)
    shown = np.clip(report.relative_error, LOWEST, HIGHEST)
    if len(report.shape) == 2:
        _draw_matrix(ax, report, shown)
    else:
        _draw_points(ax, report, shown)
    ax.set_title(f"{report.verdict}: {report.coordinates.size:,} of {prod(report.shape):,} checked, h = {report.h:g}")
    legend_below(ax)
    return ax


def _draw_matrix(ax: Any, report: GradientReport, shown: FloatArray) -> None:
    from matplotlib.colors import LogNorm

    scale = LogNorm(LOWEST, HIGHEST)
    row, column = np.unravel_index(report.coordinates, report.shape)
    if 2 * report.coordinates.size >= prod(report.shape):
        image = np.full(report.shape, np.nan)
        image[row, column] = shown
        drawn = ax.imshow(image, norm=scale, cmap="cividis", aspect="auto", interpolation="nearest")
    else:
        drawn = ax.scatter(column, row, c=shown, norm=scale, cmap="cividis", s=18)
        ax.set_xlim(-0.5, report.shape[1] - 0.5)
        ax.set_ylim(report.shape[0] - 0.5, -0.5)
    bar = ax.figure.colorbar(drawn, ax=ax, label=f"relative error (line: tolerance {report.rtol:g})", extend="both")
    bar.ax.axhline(report.rtol, color=VERMILION, linewidth=2)
    for label, marked, marker, colour in _marks(report):
        ax.scatter(
            column[marked], row[marked], marker=marker, s=36, label=label,
            **({"color": colour} if marker == "x" else {"facecolors": "none", "edgecolors": colour}),
        )  # fmt: skip
    ax.set_xlabel("column")
    ax.set_ylabel("row")
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.xaxis.get_major_locator().set_params(integer=True)


def _draw_points(ax: Any, report: GradientReport, shown: FloatArray) -> None:
    ax.plot(report.coordinates, shown, "o", color=BLUE, markersize=4, linestyle="none")
    for label, marked, marker, colour in _marks(report):
        ax.plot(
            report.coordinates[marked], shown[marked], marker, color=colour, markersize=9, fillstyle="none", label=label
        )
    ax.axhline(report.rtol, color=GREY, linestyle="--", label=f"tolerance {report.rtol:g}")
    ax.set_yscale("log")
    ax.set_ylim(LOWEST / 2, HIGHEST * 2)
    ax.set_xlabel("coordinate (flat index)")
    ax.set_ylabel("relative error")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(alpha=0.3)


def _marks(report: GradientReport) -> list[tuple[str, Array, str, str]]:
    """Label, which coordinates, marker and colour, for the kinds that are there."""
    crossing = np.isin(report.coordinates, report.kinks)
    beyond = ~(report.relative_error <= report.rtol) & ~crossing
    marks = [
        (f"{crossing.sum():,} across a kink", crossing, "o", VERMILION),
        (f"{beyond.sum():,} beyond the tolerance {report.rtol:g}", beyond, "x", VERMILION),
    ]
    return [mark for mark in marks if mark[1].any()]


def step_sweep(sweep: StepSweep, ax: Axes | None = None) -> Axes:
    """The error of difference quotients against h, for both schemes, with the best h of each marked.

    Parameters
    ----------
    sweep : StepSweep
        From `gdfast.step_sweep`.
    ax : matplotlib Axes, optional
        Where to draw; None: a new figure.

    Returns
    -------
    matplotlib Axes
        Both axes logarithmic; an error of zero is not drawn, and a note says how many are.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError
        sweep is of another type.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> sweep = gd.step_sweep(lambda x: float(np.sum(np.sin(x))), np.cos, [1.0, 2.0, 3.0])
    >>> gd.plots.step_sweep(sweep).get_xscale()
    'log'
    """
    check_type(sweep, StepSweep, "sweep", "from gdfast.step_sweep")
    ax = axes(ax)
    for name, curve, colour, dash, marker in (
        ("centred", sweep.centered, BLUE, "-", "o"),
        ("forward", sweep.forward, VERMILION, "--", "s"),
    ):
        shown = curve.error > 0  # neither zero nor NaN
        ax.plot(sweep.h[shown], curve.error[shown], color=colour, linestyle=dash, label=f"{name} differences")
        label = f"best h = {curve.best_h:.0e}, error {curve.best_error:.0e}"
        if curve.best_error > 0:
            ax.plot(curve.best_h, curve.best_error, marker, color=colour, markersize=9, linestyle="none", label=label)
    ax.set_xscale("log")
    errors = np.concatenate([curve.error for curve in (sweep.centered, sweep.forward)])
    logarithmic_values(ax, [errors], "errors")
    ax.set_xlabel("h, the step of the differences")
    ax.set_ylabel("relative error" if sweep.scale != 1 else "error")
    ax.grid(alpha=0.3)
    legend_below(ax)
    return ax
