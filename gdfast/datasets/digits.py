"""scikit-learn's bundled digits: real images that need no download."""

from __future__ import annotations

import numpy as np

from .dataset import Images


def load_digits() -> Images:
    """scikit-learn's bundled 8x8 digits: 1,797 images of 64 pixels in 0..16, every fifth held out.

    Within each class every fifth image, in scikit-learn's order, belongs to the held-out part. So the
    split is stratified, and the same on every machine and with every version of NumPy.

    Returns
    -------
    Images
        X uint8 (1442, 64), X_test uint8 (355, 64); image_shape (8, 8), pixel_max 16.

    Raises
    ------
    ImportError
        scikit-learn, which brings the images, is not installed.

    Notes
    -----
    Nothing is downloaded.

    Examples
    --------
    >>> from gdfast.datasets import load_digits
    >>> digits = load_digits()
    >>> digits.X.shape, digits.X.dtype, digits.X_test.shape
    ((1442, 64), dtype('uint8'), (355, 64))
    """
    try:
        from sklearn.datasets import load_digits as load_bundled
    except ImportError as error:
        raise ImportError(
            "load_digits() takes its images from scikit-learn, which is not installed: pip install 'gdfast[sklearn]'"
        ) from error
    bundled = load_bundled()
    X = np.ascontiguousarray(bundled.data, dtype=np.uint8)
    y = np.ascontiguousarray(bundled.target, dtype=np.int64)
    held_out = np.zeros(len(y), dtype=bool)
    for label in range(10):
        held_out[np.flatnonzero(y == label)[4::5]] = True
    return Images(
        X=X[~held_out],
        y=y[~held_out],
        X_test=X[held_out],
        y_test=y[held_out],
        class_names=tuple(str(digit) for digit in range(10)),
        image_shape=(8, 8),
        pixel_max=16,
        description="scikit-learn's 8x8 digits; every fifth image of each class is held out",
    )
