"""From a `Dataset` to a `Model` by the estimators' recipe; scikit-learn is not needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..datasets import Dataset
from ..model import Model
from ..objective.losses import Loss
from ..protocols import Array
from .fit import Learned, Listener, Start, learn
from .guarded_run import Keep
from .scores import accuracy, r2
from .settings import Settings
from .split import Data
from .target_scaling import in_type, location_and_scale, scaled
from .units import weights_of

Heard = Callable[[int, int, float, float | None], None]


@dataclass(frozen=True, eq=False)
class Trained:
    """A model, how it was learned, and from which rows (None: all)."""

    model: Model
    learned: Learned
    rows: Array | None


class Watcher:
    """A fit that no callback of scikit-learn's watches; `begin` hears how many epochs there will be."""

    is_watched = False

    def __init__(self, begin: Callable[[int], None] | None, epochs: int) -> None:
        if begin is not None:
            begin(epochs)

    def begin_epoch(self, attributes: Any) -> None:
        """Nobody asks for the attributes."""

    def end_epoch(self, attributes: Any) -> bool:
        """Nor to stop."""
        return False

    def end(self) -> None:
        """Nobody waits for the end."""


def train_model(
    data: Dataset,
    settings: Settings,
    held: Array | None = None,
    *,
    keep: Keep | None = None,
    begin: Callable[[int], None] | None = None,
    heard: Heard | None = None,
    passing: Callable[[int, int, Array], None] | None = None,
) -> Trained:
    """Train on the rows that are not held out.

    Parameters
    ----------
    data : Dataset
        With labels; with real targets where the loss is a regression's.
    settings : Settings
        With `early_stopping` the best weights on the held-out rows are the model's.
    held : int array, optional
        Rows that are held out to judge; None: none are.
    keep : Keep, optional
        Where the run is written to disk, and gone on with.
    begin, heard : callables, optional
        ``begin(epochs)`` and, at the end of each epoch, ``heard(epoch, epochs, loss, held-out score or None)``.
    passing : callable, optional
        ``passing(epoch, epochs, w)``: the weights there, in the objective's own units.

    Raises
    ------
    ValueError
        There are no labels, only one class, or classes where a regression needs targets.
    KeyboardInterrupt
        After a Ctrl-C.
    """
    y, loss = data.labels(), settings.loss
    d, offset, unit = data.X.shape[1], 0.0, 1.0
    if loss.classifies:
        k = len(data.class_names or ())
        if k < 2:
            raise ValueError(f"two classes are needed at least, and there is {k}: {data.description}")
    else:
        k = 1
        if data.class_names is not None:
            raise ValueError(f"real targets are needed, and there are classes: {data.description}")
        offset, unit = location_and_scale(y if held is None else np.delete(y, held), None, settings)
        y = (y - offset) / unit
    listener = Listener(
        lambda epochs: Watcher(begin, epochs),
        lambda coef, intercept, dtype: {},
        heard or _unheard,
        passing,
    )
    rows = Data.of(data.X, y, None, held)
    learned = learn(
        scaled(settings, unit),
        rows,
        Start(np.zeros((k, d)), np.zeros(k)),
        float(data.X.shape[0] if rows.chosen is None else len(rows.chosen)),
        listener,
        score=accuracy if loss.classifies else r2,
        unit=unit,
        keep=keep,
    )
    return Trained(_model(data, learned, loss, offset, unit), learned, rows.chosen)


def _unheard(epoch: int, epochs: int, loss: float, score: float | None) -> None:
    """Heard or not, every epoch is looked at: the guard acts on what it sees, so that both end at the same bits."""


def _model(data: Dataset, learned: Learned, loss: Loss, offset: float, unit: float) -> Model:
    after = learned.after
    W = weights_of(after.coef * unit, after.intercept * unit + offset, after.columns, has_bias=True)
    mean = None if after.columns is None or after.columns.mean is None else after.columns.mean
    scale = None if after.columns is None else after.columns.scale
    return Model(
        in_type(W, learned.dtype, offset, unit),
        loss,
        class_names=data.class_names,
        feature_names=data.feature_names,
        mean=mean,
        scale=scale,
    )
