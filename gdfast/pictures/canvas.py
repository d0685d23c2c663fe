"""The common parts of all plots: axes, colours that everybody can tell apart, a figure as bytes.

matplotlib is imported inside functions. The colours are Okabe and Ito's, which colour-blind readers tell
apart; each of them comes with a dash and a marker of its own, which are readable in grey as well.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..describe import described

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, VERMILION, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#E69F00", "#009E73", "#CC79A7", "#767676"
HEIGHTS = ("#d3e9f8", "#93c1e8", "#8f9fdb", "#b27bbd", "#d0527f", "#c21f3f", "#9b0020")
"""A landscape's colours, blue low and red high; they darken throughout, so that grey shows heights too."""


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


def line_style(i: int) -> LineStyle:
    """The i-th style; they begin again after the last one."""
    return STYLES[i % len(STYLES)]


def height_colours() -> Any:
    """The colour map of a landscape."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("heights", HEIGHTS)


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


def legend_below(ax: Any, columns: int = 2, title: str | None = None) -> None:
    """A legend under the axes, clear of the data; nothing where nothing has a label."""
    from matplotlib.transforms import ScaledTranslation

    handles, labels = ax.get_legend_handles_labels()
    if handles:
        under = ax.transAxes + ScaledTranslation(0.0, -0.5, ax.figure.dpi_scale_trans)  # inches: room for the label
        place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "bbox_transform": under}
        ax.legend(
            handles,
            labels,
            ncols=columns,
            title=title,
            frameon=False,
            columnspacing=1.0,
            handletextpad=0.4,
            fontsize="small",
            **place,
        )


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
