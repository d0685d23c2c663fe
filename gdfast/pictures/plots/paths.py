"""A regularization path against the strength: weights, class weight templates, and scores on held-out folds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._arrays import check_number, check_reals, check_steps, plain_array
from ...descent.path_result import Path
from ...protocols import Array, FloatArray
from ..canvas import BLUE, GREY, VERMILION, axes, check_type, ink, legend_below, line_style, note, plain_text
from .templates import class_pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LINES = 300
"""So many weights are drawn, those that grow largest."""
ROWS = 5
"""So many strengths have their templates drawn, evenly chosen."""
GAP, NAMES = 0.08, 0.9  # between pictures, and left of them for the strength: as shares of one


def path(data: Path, ax: Axes | None = None) -> Axes:
    """The weights along a regularization path: one line each, against the strength.

    Each class (or output) has a colour and a dash, of which there are seven in turn. Biases are not drawn; of more than
    300 weights those that grow largest are, and a note says how many there are.

    Parameters
    ----------
    data : Path
        From `gdfast.regularization_path`.
    ax : matplotlib Axes, optional
        Where to draw; None: a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        data is of another type, or holds no strength > 0.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0])
    >>> objective = gd.LinearObjective(X, y, gd.SquaredError(), gd.L1(1.0))
    >>> gd.plots.path(gd.regularization_path(objective, 10)).get_xscale()
    'log'
    """
    check_type(data, Path, "data", "from gdfast.regularization_path")
    strengths, kept = _logarithmic(data.strengths)
    W = (data.W[:, :, :-1] if data.has_free_bias else data.W)[kept]
    ax = axes(ax)
    k, width = W.shape[1:]
    flat = W.reshape(len(W), -1)
    sizes = np.abs(flat).max(axis=0)
    drawn = np.argsort(-sizes, kind="stable")[:MOST_LINES]
    seen: set[int] = set()
    for j in sorted(drawn.tolist()):
        c = j // width
        style = line_style(c, ax)
        label = None if c in seen or k == 1 else f"row {c} of W"
        seen.add(c)
        ax.plot(
            strengths, flat[:, j], color=style.colour, linestyle=style.dash, linewidth=1 if len(drawn) < 60 else 0.6,
            label=label, marker=style.marker if len(W) == 1 else None, markersize=4,
        )  # fmt: skip
    ax.axhline(0, color=GREY, linewidth=0.8)
    left_out = len(drawn) < flat.shape[1]
    remark = f"{len(drawn):,} of {flat.shape[1]:,} weights are drawn: those that grow largest" if left_out else None
    _strength_axis(ax, strengths, data.strengths, remark=remark)
    ax.set_ylabel("weights")
    legend_below(ax)
    return ax


def validation_curve(
    strengths: Array,
    scores: Array,
    chosen: float | None = None,
    ax: Axes | None = None,
    *,
    name: str = "accuracy",
    label: str = "strength",
) -> Axes:
    """Scores on held-out folds against the strength: their mean, their spread, and the strength that was chosen.

    Parameters
    ----------
    strengths : (m,)
        Those of a path, or `alphas_` of an estimator.
    scores : (n_folds, m)
        Of each fold: `scores_path_`, or losses.
    chosen : float, optional
        The strength that was chosen: `alpha_`.
    ax : matplotlib Axes, optional
        Where to draw; None: a new figure.
    name : str
        What the scores are.
    label : str
        What the strengths are called.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        strengths are not (m,) numbers, at least one of them > 0; scores are not (n_folds, m).

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> scores = np.array([[0.8, 0.9, 0.7], [0.7, 0.9, 0.8]])
    >>> gd.plots.validation_curve([0.1, 0.01, 0.001], scores, chosen=0.01).get_ylabel()
    'accuracy'
    """
    size, found = plain_array(strengths, "strengths").size, plain_array(scores, "scores").shape
    if len(found) != 2 or found[0] == 0 or found[1] != size:
        raise ValueError(f"scores must be (n_folds, {size}), a column for each of strengths; their shape is {found}")
    given, table = check_steps(strengths, "strengths"), check_reals(scores, "scores", found)
    place, kept = _logarithmic(given)
    table = table[:, kept]
    if chosen is not None:
        chosen = check_number(chosen, "chosen")
    ax = axes(ax)
    mean, spread = table.mean(axis=0), table.std(axis=0)
    for i, fold in enumerate(table):
        ax.plot(place, fold, color=GREY, linewidth=0.7, label="each fold" if i == 0 else None)
    ax.fill_between(place, mean - spread, mean + spread, color=BLUE, alpha=0.2, label="mean ± standard deviation")
    ax.plot(place, mean, color=BLUE, marker="o", markersize=4, label="mean of the folds")
    if chosen is not None and chosen > 0:
        nearest = int(np.argmin(np.abs(np.log(place) - np.log(chosen))))
        ax.axvline(chosen, color=VERMILION, linestyle="--")
        ax.plot(
            chosen, mean[nearest], "s", color=VERMILION, markersize=8,
            label=f"chosen: {chosen:.3g}, {name} {mean[nearest]:.4g}",
        )  # fmt: skip
    _strength_axis(ax, place, given, label)
    ax.set_ylabel(name)
    legend_below(ax)
    return ax


def path_templates(
    data: Path,
    shape: Sequence[int] | None = None,
    ax: Axes | None = None,
    *,
    class_names: Sequence[str] | None = None,
    scale: Array | None = None,
) -> Axes:
    """Class weight templates along a path: a row of pictures for each of some strengths, from the largest down.

    Parameters
    ----------
    data : Path
        Of a classifier of pictures, from `gdfast.regularization_path`.
    shape, class_names, scale
        As for `gdfast.plots.templates`.
    ax : matplotlib Axes, optional
        Where to draw; None: a new figure.

    Returns
    -------
    matplotlib Axes
        Its images are those of the first strength's classes, then those of the next.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        data is of another type; shape, class_names or scale don't fit it.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> X, y = np.eye(4, dtype=np.float32), np.array([0, 1, 0, 1])
    >>> path = gd.regularization_path(gd.LinearObjective(X, y, gd.CrossEntropy(), gd.L2(1.0)), [1.0, 0.1])
    >>> len(gd.plots.path_templates(path).images)
    4
    """
    check_type(data, Path, "data", "from gdfast.regularization_path")
    places = np.unique(np.linspace(0, len(data) - 1, min(len(data), ROWS)).round().astype(int))
    names, _ = class_pictures(data.W[0], shape, class_names, scale)
    ax = axes(ax)
    beside: dict[str, Any] = {"ha": "right", "fontsize": "small", "color": ink(ax)}
    top = 0.0
    for row, i in enumerate(places.tolist()):
        _, pictures = class_pictures(data.W[i], shape, class_names, scale)
        height = pictures[0].shape[0] / pictures[0].shape[1]
        bottom = (len(places) - 1 - row) * (height + GAP)
        top = max(top, bottom + height)
        for k, picture in enumerate(pictures):
            left = k * (1 + GAP)
            ax.imshow(picture, cmap="gray", vmin=0, vmax=1, extent=(left, left + 1, bottom, bottom + height))
        ax.text(-0.1, bottom + height / 2, f"{float(f'{data.strengths[i]:.2g}'):g}", va="center", **beside)
    ax.text(-0.1, top + 0.05, "strength", va="bottom", **beside)
    above: dict[str, Any] = {"ha": "center", "va": "bottom", "color": ink(ax)}
    labels = [ax.text(k * (1 + GAP) + 0.5, top + 0.05, plain_text(name), **above) for k, name in enumerate(names)]
    room = ax.get_window_extent().width / (NAMES + len(names) * (1 + GAP))
    if max(label.get_window_extent().width for label in labels) > room:
        for label in labels:
            label.set(rotation=45, ha="left")
    ax.set_xlim(-NAMES, len(names) * (1 + GAP) - GAP)
    ax.set_ylim(0, top + 0.3)
    ax.set_axis_off()
    return ax


def _logarithmic(strengths: FloatArray) -> tuple[FloatArray, Array]:
    """The strengths that a logarithmic axis can show, ascending, and where they stand."""
    order = np.argsort(strengths, kind="stable")
    order = order[strengths[order] > 0]
    if not order.size:
        raise ValueError(f"strengths must hold some > 0, for a logarithmic axis; the largest is {strengths.max():g}")
    return strengths[order], order


def _strength_axis(
    ax: Axes, shown: FloatArray, strengths: FloatArray, label: str = "strength", remark: str | None = None
) -> None:
    ax.set_xscale("log")
    remarks = [] if remark is None else [remark]
    left_out = len(strengths) - len(shown)
    if left_out:
        remarks.append(f"{left_out:,} of {len(strengths):,} are not > 0: left out of the logarithmic axis")
    if remarks:
        note(ax, "\n".join(remarks))
    ax.set_xlabel(f"{label} (logarithmic)")
    ax.grid(alpha=0.3)
