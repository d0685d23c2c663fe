"""The common parts of all plots: axes, colours that everybody can tell apart, a figure as bytes.

matplotlib is imported inside functions. The colours are Okabe and Ito's, which colour-blind readers tell
apart; each of them comes with a dash and a marker of its own, which are readable in grey as well.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..describe import LONGEST, described, one_line
from ..protocols import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, VERMILION, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#E69F00", "#009E73", "#CC79A7", "#767676"
HEIGHTS = ("#d3e9f8", "#93c1e8", "#8f9fdb", "#b27bbd", "#d0527f", "#c21f3f", "#9b0020")
"""A landscape's colours, blue low and red high; they darken throughout, so that grey shows heights too."""


MANY_DECADES, HUGE = 100, 8e307
LEGEND_SHARE = 0.9
"""Of the figure's width: the axes, under whose middle a legend is, are not in the figure's."""


class LineStyle(NamedTuple):
    """Colour, dash and marker of one of several curves."""

    colour: str
    dash: str | tuple[int, tuple[int, ...]]
    marker: str


STYLES = (
    LineStyle(BLUE, "-", "o"),
    LineStyle(VERMILION, "--", "s"),
    LineStyle("black", ":", "^"),
    LineStyle(GREEN, "-.", "D"),
    LineStyle(PURPLE, (0, (5, 1)), "v"),
    LineStyle(ORANGE, (0, (1, 1)), "P"),
    LineStyle(GREY, (0, (3, 1, 1, 1, 1, 1)), "X"),
)


def line_style(i: int, ax: Any = None) -> LineStyle:
    """The i-th style; they begin again after the last one. On dark axes black is white."""
    style = STYLES[i % len(STYLES)]
    return style if ax is None or style.colour != "black" else style._replace(colour=ink(ax))


def ink(ax: Any) -> str:
    """Black, or white where the axes are dark: what stands out from their background."""
    from matplotlib.colors import to_rgba

    red, green, blue, opacity = to_rgba(ax.get_facecolor())
    if opacity < 0.5:  # what lies behind
        red, green, blue, opacity = to_rgba(ax.figure.get_facecolor())
    is_dark = opacity >= 0.5 and 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.4
    return "white" if is_dark else "black"


def logarithmic_values(ax: Any, curves: Sequence[Any], what: str = "values") -> None:
    """A logarithmic vertical axis for what is > 0 in the curves; a note says what cannot be on it.

    Its limits are set here: matplotlib's margins overflow where a run has diverged to 1e308. Where nothing is > 0 the
    axis stays linear, and the note says so.
    """
    values = np.concatenate([np.asarray(curve, dtype=np.float64).reshape(-1) for curve in curves] or [np.empty(0)])
    values = values[~np.isnan(values)]
    shown = values[(values > 0) & np.isfinite(values)]
    left_out = values.size - shown.size
    if shown.size:
        low, high = np.log10(shown.min()), np.log10(shown.max())
        pad = 0.05 * max(high - low, 0.5)
        ax.set_ylim(10.0 ** max(low - pad, -307.0), 10.0 ** min(high + pad, 308.25))
        ax.set_yscale("log", nonpositive="mask")
        if high - low > MANY_DECADES:  # matplotlib's own ticks overflow there, too
            exponents = np.arange(np.ceil(low), high + 1e-9, np.ceil((high - low) / 8))
            ax.set_yticks(10.0**exponents)
            ax.set_yticks([], minor=True)
    if left_out:
        kept = "left out of the logarithmic axis" if shown.size else "so the axis is linear"
        note(ax, f"{left_out:,} of {values.size:,} {what} are not > 0: {kept}")


def huge_values(ax: Any, curves: Sequence[Any]) -> None:
    """Limits of a linear axis where matplotlib's own would overflow: for a run that has diverged."""
    values = np.concatenate([np.asarray(curve, dtype=np.float64).reshape(-1) for curve in curves] or [np.empty(0)])
    values = values[np.isfinite(values)]
    if values.size and np.abs(values).max() > HUGE:
        ax.set_ylim(max(values.min(), -HUGE), min(values.max(), HUGE))


def note(ax: Any, text: str) -> None:
    """A remark within the axes, at their lower edge; in several lines where the figure is narrow."""
    behind = {"facecolor": ax.get_facecolor(), "edgecolor": "none", "alpha": 0.8, "pad": 2.0}
    place: dict[str, Any] = {"transform": ax.transAxes, "fontsize": "small", "style": "italic", "zorder": 5}
    ax.text(0.02, 0.03, text, color=ink(ax), bbox=behind, va="bottom", wrap=True, **place).set_in_layout(False)


def plain_text(name: str) -> str:
    """A name as matplotlib shows it letter by letter: without formulas between $, in one line, cut where it is long.

    An empty one is seen as such; matplotlib would leave it, and one that begins with _, out of a legend.
    """
    text = one_line(name) or "''"
    text = text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
    return (" " if text.startswith("_") else "") + text.replace("$", r"\$")


def height_colours() -> Any:
    """The colour map of a landscape."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("heights", HEIGHTS)


def rounded_levels(low: float, high: float, count: int) -> FloatArray:
    """About so many equally spaced heights between two, with few digits."""
    from matplotlib.ticker import MaxNLocator

    levels = np.asarray(MaxNLocator(count).tick_values(low, high), dtype=np.float64)
    return levels[(levels > low) & (levels < high)]


def background(*, dark: bool) -> Any:
    """A context in which figures are dark, or as matplotlib is set."""
    if not dark:
        return nullcontext()
    from matplotlib import style

    return style.context("dark_background")


def axes(ax: Axes | None, *, projection: str | None = None) -> Any:
    """The axes that were given, or those of a new figure."""
    try:
        if ax is not None:
            return _checked_axes(ax)
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise _not_installed() from error
    return plt.figure(layout="constrained").add_subplot(projection=projection)


def _checked_axes(ax: Any) -> Any:
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise TypeError(f"ax must be one matplotlib Axes (of plt.subplots(), say) or None; it is {type(ax).__name__}")
    return ax


def figure(width: float = 6.0, height: float = 4.0) -> Any:
    """A matplotlib figure that needs no display, in inches."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise _not_installed() from error
    return Figure(figsize=(width, height), layout="constrained")


def image(picture: Figure, kind: str = "png", dpi: int = 150) -> bytes:
    """A figure as the bytes of a file: "png", "svg" or "pdf"; the same figure gives the same bytes."""
    from matplotlib import rc_context

    date = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": "gdfast"}):
        picture.savefig(buffer, format=kind, dpi=dpi, metadata=date)
    return buffer.getvalue()


def paper(ax: Any) -> str:
    """White, or black where the axes are dark: the rim that sets a mark off from what lies behind."""
    return "white" if ink(ax) == "black" else "black"


def label_point(
    ax: Any, text: str, point: tuple[float, float], offset: tuple[float, float], *, arrow: bool = True
) -> None:
    """A remark at a place: so many points (1/72 inch) beside it, with an arrow to it."""
    box = {"facecolor": paper(ax), "edgecolor": "none", "alpha": 0.75, "pad": 1.5}
    line = {"arrowstyle": "->", "color": ink(ax)} if arrow else None
    place: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "va": "center", "zorder": 6}
    ax.annotate(text, point, offset, color=ink(ax), bbox=box, arrowprops=line, fontsize="small", **place)


def legend_below(ax: Any, columns: int = 2, title: str | None = None) -> None:
    """A legend under the axes, clear of the data, in so many columns or as many as the figure has room for.

    Nothing where nothing has a label.
    """
    from matplotlib.transforms import ScaledTranslation

    handles, labels = ax.get_legend_handles_labels()
    if not handles:
        return
    under = ax.transAxes + ScaledTranslation(0.0, -0.5, ax.figure.dpi_scale_trans)  # inches: room for the label
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "bbox_transform": under}
    room = LEGEND_SHARE * ax.figure.bbox.width
    for n in range(columns, 0, -1):
        legend = ax.legend(
            handles,
            labels,
            ncols=n,
            title=title,
            frameon=False,
            columnspacing=1.0,
            handletextpad=0.4,
            fontsize="small",
            **place,
        )
        if legend.get_window_extent().width <= room:
            break


def check_type(value: Any, types: type | tuple[type, ...], name: str, source: str) -> None:
    """TypeError unless the value is of these types; source says where one comes from."""
    if not isinstance(value, types):
        wanted = " or a ".join(one.__name__ for one in (types if isinstance(types, tuple) else (types,)))
        raise TypeError(f"{name} must be a {wanted} ({source}); it is {described(value)}")


def check_types(value: Any, types: type | tuple[type, ...], name: str, source: str) -> dict[str, Any]:
    """One thing under the name "", or a mapping of names to things, all of these types."""
    if not isinstance(value, Mapping):
        check_type(value, types, name, source)
        return {"": value}
    if not value:
        raise ValueError(f"{name} must not be empty")
    for key, each in value.items():
        check_type(each, types, f"{name}[{key!r}]", source)
    return {str(key): each for key, each in value.items()}


def _not_installed() -> ImportError:
    return ImportError("gdfast draws with matplotlib, which is not installed: pip install 'gdfast[plot]'")
