"""Files of landscapes give back what was saved, and are whole or not there."""

from __future__ import annotations

import csv
import os
import stat

import numpy as np
import pytest

import gdfast as gd
from gdfast.files.saved_arrays import save_arrays
from gdfast.pictures.landscape.saved import KIND, VERSION, arrays_of
from landscapes import BOWL, STEPS, images


def everything():
    objective, W, U, V = images(3, regularizer=gd.L1(0.1))
    runs = {"one": np.random.default_rng(1).normal(size=(4, *W.shape)), "two": np.array([W, U])}
    return {
        "line": gd.landscape.line(objective, W, V, STEPS),
        "falling": gd.landscape.line(BOWL, [1.0], [1.0], [0.0]),
        "plane": gd.landscape.plane(objective, W, U, V, STEPS, STEPS[:3]),
        "weight": gd.landscape.weight(objective, W, (2, 1), STEPS),
        "step_sizes": gd.landscape.step_sizes(objective, W, STEPS),
        "trajectory": gd.landscape.trajectory(objective, runs, a=STEPS, b=STEPS),
    }


EVERYTHING = everything()


@pytest.mark.parametrize("name", EVERYTHING)
def test_npz_gives_back_what_was_saved(name, tmp_path):
    data, path = EVERYTHING[name], tmp_path / "data.npz"
    data.save(path)
    loaded = gd.landscape.load(path)
    assert type(loaded) is type(data)
    assert loaded == data
    assert [other for other, thing in EVERYTHING.items() if thing == loaded] == [name]
    with np.load(path, allow_pickle=False) as file:
        assert all(file[array].dtype.kind in "fiu" for array in file.files)


def test_a_line_of_an_older_release_has_no_hinge_terms(tmp_path):
    data = EVERYTHING["line"]
    arrays = arrays_of(data, "", {})
    kept = {name: array for name, array in arrays.items() if name not in ("terms", "labels")}
    assert len(kept) == len(arrays) - 2
    facts = {"class": "Line", "minimum": data.minimum, "minimum_value": data.minimum_value}
    save_arrays(tmp_path / "old.npz", KIND, VERSION, kept, facts)
    loaded = gd.landscape.load(tmp_path / "old.npz")
    assert (len(loaded.terms), len(loaded.labels)) == (0, 0)
    np.testing.assert_array_equal(loaded.kink_values, data.kink_values)
    gd.plots.line(loaded)


@pytest.mark.parametrize("name", EVERYTHING)
def test_csv_holds_the_table(name, tmp_path):
    data, path = EVERYTHING[name], tmp_path / "data.csv"
    data.save(str(path))
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert all(len(row) == len(header) for row in rows)
    numbers = np.array([[float(cell) for cell in row[name == "trajectory" :]] for row in rows])
    if name == "plane":
        np.testing.assert_array_equal(numbers[:, 2].reshape(41, 3), data.values)
        np.testing.assert_array_equal(numbers[4, :2], [STEPS[1], STEPS[1]])
    elif name == "weight":
        np.testing.assert_array_equal(numbers[:, 1], data.totals)
        np.testing.assert_array_equal(numbers[:, 2:].T, data.terms)
        assert header[2] == f"sample 0, class {data.labels[0, 1]}"
    elif name == "trajectory":
        np.testing.assert_array_equal(numbers[:, 1:], np.column_stack([data.points, data.values]))
        assert [row[0] for row in rows] == ["one"] * 4 + ["two"] * 2
    else:
        np.testing.assert_array_equal(numbers, np.stack([data.steps, data.values], axis=1))
    with pytest.raises(ValueError, match=r"a table alone"):
        gd.landscape.load(path)


def test_other_names_and_other_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"path must end in \.npz or \.csv"):
        EVERYTHING["line"].save(tmp_path / "data.txt")
    np.savez(tmp_path / "foreign.npz", a=STEPS)
    with pytest.raises(ValueError, match="is not a whole file"):
        gd.landscape.load(tmp_path / "foreign.npz")
    with pytest.raises(FileNotFoundError):
        gd.landscape.load(tmp_path / "none.npz")
    assert os.listdir(tmp_path) == ["foreign.npz"]


@pytest.mark.parametrize("suffix", ["npz", "csv"])
def test_where_nothing_can_be_written_nothing_is_left(suffix, tmp_path, monkeypatch):
    line, path = EVERYTHING["line"], tmp_path / f"data.{suffix}"
    with pytest.raises(OSError, match="none"):
        line.save(tmp_path / "none" / f"data.{suffix}")
    line.save(path)
    content = path.read_bytes()

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        EVERYTHING["plane"].save(path)
    monkeypatch.undo()
    assert os.listdir(tmp_path) == [path.name]
    assert path.read_bytes() == content
    if os.geteuid() != 0:
        tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
        with pytest.raises(PermissionError):
            line.save(tmp_path / f"more.{suffix}")
        tmp_path.chmod(stat.S_IRWXU)
