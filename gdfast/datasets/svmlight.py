"""svmlight (LIBSVM) text: a label and the features that are not 0, read through scikit-learn as CSR."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..protocols import Array

_NUMBER = r"[-+]?(\d+\.?\d*([eE][-+]?\d+)?|\.\d+([eE][-+]?\d+)?|inf|nan)"
_LABEL = re.compile(_NUMBER, re.IGNORECASE)
_PAIR = re.compile(rf"(qid:\d+|\d+:{_NUMBER})", re.IGNORECASE)


def read_svmlight(path: Path, n_features: int | None) -> tuple[Any, Array]:
    """CSR float64 (n, n_features) and the labels float64 (n,).

    Columns count from 1, as svmlight's do, unless an index 0 occurs in the file.

    Raises
    ------
    ImportError
        scikit-learn is not installed.
    ValueError
        The file is not svmlight, or it has features beyond n_features.
    """
    try:
        from sklearn.datasets import load_svmlight_file
    except ImportError as error:
        raise ImportError(
            f"reading {path} takes scikit-learn, which is not installed: pip install 'gdfast[sklearn]'"
        ) from error
    try:
        X, labels = load_svmlight_file(str(path))
    except (ValueError, OverflowError) as error:
        where = _first_text(path) or str(error)
        raise ValueError(f"{path} is not svmlight text (label index:value ...): {where}") from error
    if n_features is not None:
        if X.shape[1] > n_features:
            raise ValueError(f"{path} must hold {n_features:,} features at most; it holds a feature {X.shape[1]:,}")
        X.resize((X.shape[0], n_features))
    return X, labels


def _first_text(path: Path) -> str | None:
    """Where text stands first instead of a number, or instead of index:value."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line, text in enumerate(file, 1):
            for j, field in enumerate(text.partition("#")[0].split()):
                if not (_LABEL if j == 0 else _PAIR).fullmatch(field):
                    return f"line {line:,}, field {j + 1} is {field!r:.40}"
    return None
