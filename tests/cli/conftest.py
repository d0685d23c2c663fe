"""A folder with a table to train on."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from command import COLUMNS, KINDS, blobs


@pytest.fixture
def flowers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with flowers.csv: 150 rows, 3 features with names, 3 kinds; the folder is the current one."""
    X, y = blobs(150, 3, 3, seed=1)
    with (tmp_path / "flowers.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*COLUMNS, "kind"])
        writer.writerows([*map(float, x), KINDS[k]] for x, k in zip(X, y, strict=True))
    monkeypatch.chdir(tmp_path)
    return tmp_path
