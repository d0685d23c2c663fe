"""Training a `Model` on a `Dataset`: the recipe of the estimators in one call, without scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..datasets import Dataset
from ..datasets.chunks import ChunkSource
from ..model import Model
from ..protocols import Array
from .chunked_data import ChunkedData
from .feature_statistics import weights_of
from .fit import Coefficients, Epoch, Fit, Observer, fit
from .guarded_run import SavedRun
from .settings import Settings
from .split import Split
from .target_scaling import in_type, location_and_scale


def train_model(
    data: Dataset,
    settings: Settings,
    held_out: Array | None = None,
    *,
    observers: Sequence[Observer] = (),
    saved_run: SavedRun | None = None,
    progress: bool = False,
) -> tuple[Model, Fit]:
    """Train on the rows that are not held out.

    Parameters
    ----------
    data : Dataset
        With labels; with real targets where the loss is a regression's.
    settings : Settings
        Checked. With `early_stopping` the best weights on the held-out rows are the model's.
    held_out : int array, optional
        Rows to evaluate on; None: none are held out.
    observers : callables, optional
        Each is told of every `Epoch`.
    saved_run : SavedRun, optional
        Where the run is written to disk, and gone on with.
    progress : bool
        Of a run of `solve`: show a bar with the objective and its gap.

    Returns
    -------
    Model, Fit

    Raises
    ------
    ValueError
        There are no labels, only one class, or classes where a regression needs targets.
    KeyboardInterrupt
        After a Ctrl-C.
    """
    y, loss = data.labels(), settings.loss
    X = ChunkedData.of(data.X, memory_limit=settings.memory_limit) if isinstance(data.X, ChunkSource) else data.X
    d, offset, unit = X.shape[1], np.zeros(1), np.ones(1)
    if loss.classifies:
        k = len(data.class_names or ())
        if k < 2:
            raise ValueError(f"two classes are needed at least, and there is {k}: {data.description}")
    else:
        k = 1
        if data.class_names is not None:
            raise ValueError(f"real targets are needed, and there are classes: {data.description}")
        offset, unit = location_and_scale(y if held_out is None else np.delete(y, held_out), None, settings)
    split = Split.of(X, y, None, held_out)
    fitted = fit(
        settings,
        split,
        Coefficients(np.zeros((k, d)), np.zeros(k) + offset),
        float(X.shape[0] if split.chosen is None else len(split.chosen)),
        offset=offset,
        unit=unit,
        observers=observers or (_nobody,),
        saved_run=saved_run,
        progress=progress,
    )
    end = fitted.end
    W = weights_of(end.coef, end.intercept, end.statistics, has_bias=True)
    model = Model(
        in_type(W, fitted.dtype, offset, unit),
        loss.in_units(1 / float(unit[0])),
        class_names=data.class_names,
        feature_names=data.feature_names,
        mean=None if end.statistics is None else end.statistics.mean,
        scale=None if end.statistics is None else end.statistics.scale,
    )
    return model, fitted


def _nobody(epoch: Epoch) -> None:
    """Observed or not, every epoch is evaluated: the guard acts on that, so that both end at the same bits."""
