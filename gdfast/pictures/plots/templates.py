"""Class weight templates: each class's weights as an image."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, isqrt, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._arrays import check_columns, check_point, float64_copy
from ...describe import described
from ...protocols import Array, FloatArray
from ..canvas import axes, plain_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 5
GAP = 0.12  # between pictures, as a share of one
HEADROOM = 0.2  # above each picture, for its name
CLIPPED = 99.5  # percent of a picture's weights within the colour scale


def templates(
    W: Array,
    shape: Sequence[int] | None = None,
    ax: Axes | None = None,
    *,
    class_names: Sequence[str] | None = None,
    scale: Array | None = None,
) -> Axes:
    """Each class's weights as an image, bright where a bright pixel raises the score of the class.

    Zero is the middle grey. Each class has its own scale: the largest weight (all but the largest half per
    cent) is white or full colour, its negative black.

    Parameters
    ----------
    W : float (n_classes, n_pixels + 1) or (n_classes, n_pixels)
        A linear classifier's weights, with or without the bias as the last column.
    shape : sequence of int, optional
        Of one picture: (rows, columns), or (3, rows, columns) for red, green and blue planes. None: the
        first that fits of a square, three squares (either with a bias, then without).
    ax : matplotlib Axes, optional
        Where to draw; None: a new figure.
    class_names : sequence of str, optional
        None: 0, 1, 2, ...
    scale : (n_pixels,), optional
        The objective's `scale`: its weights are divided by it, and so apply to raw pixels. (Its `mean` only
        changes the bias.)

    Returns
    -------
    matplotlib Axes
        One image for each class, in ``ax.images``.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        W is not a finite float matrix; shape does not fit it, or none can be guessed; another number of names;
        scale is not (n_pixels,) and > 0.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> W = np.zeros((10, 3073))
    >>> len(gd.plots.templates(W).images), gd.plots.templates(W).images[0].get_array().shape
    (10, (32, 32, 3))
    """
    names, pictures = class_pictures(W, shape, class_names, scale)
    ax = axes(ax)
    columns = min(COLUMNS, len(names))
    rows = ceil(len(names) / columns)
    height = pictures[0].shape[0] / pictures[0].shape[1]
    for k, (name, picture) in enumerate(zip(names, pictures, strict=True)):
        left = (k % columns) * (1 + GAP)
        bottom = (rows - 1 - k // columns) * (height + HEADROOM)
        ax.imshow(picture, cmap="gray", vmin=0, vmax=1, extent=(left, left + 1, bottom, bottom + height))
        ax.text(left + 0.5, bottom + height + 0.03, plain_text(name), ha="center", va="bottom")
    ax.set_xlim(0, columns * (1 + GAP) - GAP)
    ax.set_ylim(0, rows * (height + HEADROOM))
    ax.set_axis_off()
    return ax


def class_pictures(
    W: Array, shape: Sequence[int] | None, class_names: Sequence[str] | None, scale: Array | None
) -> tuple[list[str], list[FloatArray]]:
    """The name of each class and its picture, brightness in [0, 1]; the arguments are those of `templates`."""
    weights = check_point(W, "W")
    if weights.ndim != 2:
        raise ValueError(f"W must be (n_classes, n_pixels) or (n_classes, n_pixels + 1); its shape is {weights.shape}")
    sides = image_shape(weights, shape)
    pixels = float64_copy(weights[:, : prod(sides)], "W")
    names = class_names_of(weights, class_names)
    if len(names) != len(weights):
        raise ValueError(f"class_names must hold {len(weights)} names, one for each row of W; it holds {len(names)}")
    divisor = check_columns(scale, "scale", pixels.shape[1], positive=True)
    if divisor is not None:
        pixels = pixels / divisor
    return names, [_picture(row.reshape(sides)) for row in pixels]


def image_shape(W: Array, shape: Sequence[int] | None) -> tuple[int, ...]:
    """The shape of one picture, as it was given or guessed: (rows, columns) or (3, rows, columns)."""
    return _guessed_shape(W.shape[1]) if shape is None else _checked_shape(shape, W.shape[1])


def class_names_of(W: Array, class_names: Sequence[str] | None) -> list[str]:
    """The names of the classes: 0, 1, 2, ... where none are given."""
    return [str(k) for k in range(len(W))] if class_names is None else _listed(class_names)


def _listed(class_names: Any) -> list[str]:
    is_list = isinstance(class_names, Sequence) or (isinstance(class_names, np.ndarray) and class_names.ndim == 1)
    if not is_list or isinstance(class_names, bytes):
        raise TypeError(f"class_names must be a sequence of str; it is {described(class_names)}")
    return list(map(str, class_names))


def _picture(weights: FloatArray) -> FloatArray:
    """Weights (rows, columns) or (3, rows, columns) -> brightness in [0, 1], zero at 1/2, colours last."""
    top = float(np.percentile(np.abs(weights), CLIPPED)) or float(np.abs(weights).max()) or 1.0
    brightness = np.clip(0.5 + 0.5 * weights / top, 0.0, 1.0)
    return brightness if brightness.ndim == 2 else np.moveaxis(brightness, 0, -1)


def _guessed_shape(width: int) -> tuple[int, ...]:
    for n_pixels in (width - 1, width):
        for colours in ((), (3,)):
            side = isqrt(n_pixels // prod(colours))
            if side > 0 and side * side * prod(colours) == n_pixels:
                return (*colours, side, side)
    raise ValueError(f"shape must be given: {width} columns, with or without a bias, are no square picture")


def _checked_shape(shape: Any, width: int) -> tuple[int, ...]:
    if not isinstance(shape, (tuple, list)) or not all(isinstance(side, (int, np.integer)) for side in shape):
        raise TypeError(f"shape must be a tuple of integers; it is {shape!r:.60}")
    shape = tuple(shape)
    if len(shape) == 3 and shape[0] == 1:
        shape = shape[1:]
    if len(shape) not in (2, 3) or min(shape) < 1 or (len(shape) == 3 and shape[0] != 3):
        raise ValueError(f"shape must be (rows, columns) or (3, rows, columns); it is {shape}")
    if prod(shape) not in (width - 1, width):
        raise ValueError(f"shape must have {width - 1} pixels (W's columns without the bias) or {width}; it is {shape}")
    return tuple(map(int, shape))
