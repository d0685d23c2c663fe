""".npy, .npz and sparse matrices come back as they were written; damaged, hostile and wrong ones are refused."""

from __future__ import annotations

import io
import os
import pickle
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import gdfast as gd
from damage import flipped
from gdfast.datasets import load
from gdfast.files import npy_reader

RNG = np.random.default_rng(3)
X = RNG.standard_normal((30, 4))
Y = RNG.integers(0, 3, 30)
NAMES = ("0", "1", "2")


def npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "float64"])
@pytest.mark.parametrize("mmap", [None, False, True])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_keeps_its_type_order_and_bits(dtype, mmap, order, tmp_path):
    array = np.asarray(np.abs(X) * 9, dtype=dtype, order=order)
    np.save(tmp_path / "a.npy", array)
    found = load(tmp_path / "a.npy", mmap=mmap)
    assert found.X.dtype == array.dtype
    assert found.X.flags.c_contiguous == array.flags.c_contiguous
    assert np.array_equal(found.X, array)
    assert isinstance(found.X, np.memmap) == (mmap is True)
    assert found.y is None
    assert "30 rows of 4 features" in found.description


def test_a_big_npy_is_mapped_and_trains_where_it_lies(tmp_path, monkeypatch):
    monkeypatch.setattr("gdfast.datasets.numpy_files.BIG", 1000)
    np.save(tmp_path / "a.npy", X)
    np.save(tmp_path / "a_labels.npy", Y)
    data = load(tmp_path / "a.npy")
    assert isinstance(data.X, np.memmap)
    assert not data.X.flags.writeable
    assert np.array_equal(data.labels(), Y)
    value = gd.LinearObjective(data.X, data.labels(), gd.Hinge()).value(np.ones((3, 5)))
    assert value == gd.LinearObjective(X, Y, gd.Hinge()).value(np.ones((3, 5)))


@pytest.mark.parametrize("dtype", ["int64", "int8", "bool", ">f4", "uint16", "longdouble"])
def test_other_numbers_become_numbers_that_kernels_read(dtype, tmp_path):
    array = (np.abs(X) * 9).astype(dtype)
    np.save(tmp_path / "a.npy", array)
    found = load(tmp_path / "a.npy").X
    assert found.dtype == (np.float32 if dtype == ">f4" else np.float64)
    assert np.array_equal(found, array)


def test_labels_beside_given_as_a_path_and_as_an_array(tmp_path):
    np.save(tmp_path / "a.npy", X)
    assert load(tmp_path / "a.npy").y is None
    with pytest.raises(ValueError, match=r"labels are needed, and there are none: .*a\.npy"):
        load(tmp_path / "a.npy").labels()
    np.save(tmp_path / "a_labels.npy", np.array(["low", "mid", "top"])[Y])
    beside = load(tmp_path / "a.npy")
    assert np.array_equal(beside.y, Y)
    assert beside.class_names == ("low", "mid", "top")
    assert load(tmp_path / "a.npy", label=None).y is None
    np.save(tmp_path / "other.npy", 2 - Y)
    assert np.array_equal(load(tmp_path / "a.npy", y=tmp_path / "other.npy").y, 2 - Y)
    assert np.array_equal(load(tmp_path / "a.npy", y=10 * Y).y, Y)
    assert load(tmp_path / "a.npy", y=10 * Y).class_names == ("0", "10", "20")
    assert np.array_equal(load(tmp_path / "a.npy", y=Y / 7, targets=True).y, Y / 7)


def test_labels_are_looked_up_among_the_classes_of_a_model(tmp_path):
    np.save(tmp_path / "a.npy", X[:3])
    assert np.array_equal(load(tmp_path / "a.npy", y=[7, 9, 7], class_names=("7", "8", "9")).y, [0, 2, 0])
    with pytest.raises(ValueError, match=r"known classes \(7, 8, 9\); row 2 is '5'"):
        load(tmp_path / "a.npy", y=[7, 9, 5], class_names=("7", "8", "9"))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([1, 2], r"one label for each of the 3 rows; the shape is \(2,\)"),
        ([[1, 2, 3]], r"the shape is \(1, 3\)"),
        ([0.5, 1, 2], "whole numbers or text; row 0 is 0.5"),
        ([0, np.nan, 2], "row 1 is missing"),
        (["a", "", "b"], "must name a class in every row; row 1 is empty"),
        ([None, 1, 2], "must name a class in every row; row 0 is missing"),
        ([(1,), 1, 2], "y must be an array|must hold numbers or text; row 0"),
    ],
)
def test_labels_that_are_none(y, message, tmp_path):
    np.save(tmp_path / "a.npy", X[:3])
    with pytest.raises(ValueError, match=message):
        load(tmp_path / "a.npy", y=y)


def test_targets_that_are_none(tmp_path):
    np.save(tmp_path / "a.npy", X[:3])
    with pytest.raises(ValueError, match="must hold real targets; row 1 is text, 'b'"):
        load(tmp_path / "a.npy", y=["1", "b", "2"], targets=True)
    with pytest.raises(ValueError, match="must be finite; row 2 is inf"):
        load(tmp_path / "a.npy", y=[1, 2, np.inf], targets=True)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("names", [("X", "y"), ("data", "target"), ("x_train", "y_train"), ("arr_0", "arr_1")])
def test_npz_by_the_usual_names(save, names, tmp_path):
    save(tmp_path / "a.npz", **{names[0]: X, names[1]: Y, "unused": np.array([None])})
    data = load(tmp_path / "a.npz")
    assert np.array_equal(data.X, X)
    assert np.array_equal(data.y, Y)
    assert data.class_names == NAMES
    assert load(tmp_path / "a.npz", label=None).y is None


def test_npz_pictures_with_a_held_out_part_and_names(tmp_path):
    images = RNG.integers(0, 256, (30, 5, 3), dtype=np.uint8)
    np.savez(
        tmp_path / "a.npz", x_train=images, y_train=Y, x_test=images[:9], y_test=2 - Y[:9], class_names=["a", "b", "c"]
    )  # fmt: skip
    data = load(tmp_path / "a.npz")
    assert data.X.shape == (30, 15)
    assert data.image_shape == (5, 3)
    assert data.pixel_max == 255
    assert np.array_equal(data.X[4].reshape(data.image_shape), images[4])
    assert np.array_equal(data.y_test, 2 - Y[:9])
    assert data.class_names == ("a", "b", "c")
    again = load(tmp_path / "a.npz", class_names=("c", "b", "a"))
    assert np.array_equal(again.y, 2 - Y)
    assert np.array_equal(again.y_test, Y[:9])


def test_npz_a_held_out_part_is_read_with_the_training_parts_classes(tmp_path):
    np.savez(tmp_path / "a.npz", X=X[:4], y=["a", "b", "c", "b"], X_test=X[:2], y_test=["c", "b"])
    assert np.array_equal(load(tmp_path / "a.npz").y_test, [2, 1])
    np.savez(tmp_path / "a.npz", X=X[:4], y=["a", "b", "c", "b"], X_test=X[:2, :3], y_test=["c", "b"])
    with pytest.raises(ValueError, match="X_test must hold 4 features; it holds 3"):
        load(tmp_path / "a.npz")


@pytest.mark.parametrize("kind", ["csr", "csc", "coo"])
def test_sparse_npz(kind, tmp_path):
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.random(20, 7, 0.3, format=kind, random_state=1, dtype=np.float32)
    sparse.save_npz(tmp_path / "a.npz", matrix)
    data = load(tmp_path / "a.npz", y=Y[:20])
    assert data.X.format == "csr"
    assert data.X.dtype == np.float32
    assert np.array_equal(data.X.toarray(), matrix.toarray())
    assert gd.LinearObjective(data.X, data.y).n_features == 7


@pytest.mark.parametrize("kind", ["csr", "csc"])
def test_a_sparse_npz_with_indices_that_point_outside(kind, tmp_path):
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.random(20, 20, 0.3, format=kind, random_state=1)
    parts = {"data": matrix.data, "indptr": matrix.indptr, "shape": (20, 20), "format": kind.encode()}
    for indices in (matrix.indices + 10**6, matrix.indices - 100, matrix.indices[:-3]):
        np.savez(tmp_path / "a.npz", indices=indices, **parts)
        with pytest.raises(ValueError, match=r"a\.npz.* is not a whole sparse matrix"):
            load(tmp_path / "a.npz")


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.float16, np.float32, np.float64]),
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=6),
        elements=st.integers(0, 200),
    ),
    st.booleans(),
    st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_round_trips(tmp_path, array, compressed, fortran):
    array = np.asfortranarray(array) if fortran else array
    np.save(tmp_path / "a.npy", array)
    (np.savez_compressed if compressed else np.savez)(tmp_path / "b.npz", X=array, y=np.arange(len(array)))
    for name in ("a.npy", "b.npz"):
        found = load(tmp_path / name)
        assert found.X.dtype == array.dtype
        assert np.array_equal(found.X, array)


CUT = npy(X)
HOSTILE_HEADERS = {
    "a huge shape": CUT.replace(b"(30, 4)", b"(10**9,)")[:200],
    "another shape": CUT.replace(b"(30, 4)", b"(31, 4)"),
    "a negative shape": CUT.replace(b"(30, 4)", b"(-3, 4)"),
    "code": CUT.replace(b"(30, 4), ", b"exit(),  "),
    "nested": b"\x93NUMPY\x01\x00" + (9000).to_bytes(2, "little") + b"(" * 9000,
    "no header": b"\x93NUMPY",
    "version nine": b"\x93NUMPY\x09\x00" + CUT[8:],
    "objects": npy(np.array([[None, os.system]], dtype=object)),
    "records": npy(np.zeros(3, dtype=[("a", "f8"), ("b", "f8")])),
    "complex": npy(X.astype(complex)),
    "dates": npy(X.astype("int64").astype("datetime64[s]")),
    "half": CUT[: len(CUT) // 2],
    "one byte more": CUT + b"x",
    "one number": npy(np.float64(3)),
    "one row": npy(np.zeros(4)),
    "no rows": npy(np.zeros((0, 4))),
    "no columns": npy(np.zeros((4, 0))),
    "text": npy(np.array([["a", "b"]])),
    "not finite": npy(np.array([[1.0, np.nan]])),
}


@pytest.mark.parametrize("name", HOSTILE_HEADERS)
@pytest.mark.parametrize("mmap", [False, True])
def test_a_npy_that_is_none_is_refused_with_a_sentence(name, mmap, tmp_path):
    file = tmp_path / "a.npy"
    file.write_bytes(HOSTILE_HEADERS[name])
    with pytest.raises(ValueError, match=r"^\S*a\.npy(:| )") as caught:
        load(file, mmap=mmap)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [name for name in HOSTILE_HEADERS if name != "not finite"])
def test_a_npz_with_such_a_member_is_refused(name, tmp_path):
    file = tmp_path / "a.npz"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("X.npy", HOSTILE_HEADERS[name])
    with pytest.raises(ValueError, match=r"^\S*a\.npz(\[|:| )"):
        load(file)


def test_a_npy_of_objects_runs_nothing(tmp_path, monkeypatch):
    class Call:
        def __reduce__(self):
            return os.system, ("touch ran",)

    monkeypatch.chdir(tmp_path)
    array = np.empty((1, 1), dtype=object)
    array[0, 0] = Call()
    (tmp_path / "a.npy").write_bytes(npy(array))
    np.savez(tmp_path / "b.npz", X=array)
    (tmp_path / "c.npy").write_bytes(pickle.dumps(Call()))
    for name, message in (("a.npy", "a pickle, whose"), ("b.npz", "a pickle, whose"), ("c.npy", "is a Python pickle")):
        with pytest.raises(ValueError, match=message):
            load(name)
    assert not (tmp_path / "ran").exists()


def test_a_npz_is_refused_that_would_take_all_memory(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", X=np.zeros((1000, 1000)))
    assert (tmp_path / "a.npz").stat().st_size < 20_000
    monkeypatch.setattr(npy_reader, "physical_memory", lambda: 1_000_000)
    with pytest.raises(ValueError, match="would take 8,000,128 bytes of memory; this machine has 1,000,000"):
        load(tmp_path / "a.npz")


def test_a_npz_whose_directory_lies_about_a_size(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", X=np.zeros((100, 100)))
    content = (tmp_path / "a.npz").read_bytes()
    true = (80_128).to_bytes(4, "little")
    assert content.count(true) >= 1
    for lie in (10**9, 80_127, 128, 0):
        (tmp_path / "a.npz").write_bytes(content.replace(true, lie.to_bytes(4, "little")))
        with pytest.raises(ValueError, match=r"a\.npz"):
            load(tmp_path / "a.npz")


def test_every_flipped_byte_of_a_npz_is_found_or_harmless(tmp_path):
    file = tmp_path / "a.npz"
    np.savez(file, X=X[:2], y=Y[:2])
    for _ in flipped(file, ((i, 0x41) for i in range(file.stat().st_size))):
        try:
            found = load(file)
        except ValueError:
            continue
        assert np.array_equal(found.X, X[:2])


def test_a_npz_without_x(tmp_path):
    np.savez(tmp_path / "a.npz", one=X, two=Y)
    with pytest.raises(ValueError, match=r"must hold an array named X \(.*\); it holds one, two"):
        load(tmp_path / "a.npz")
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        archive.writestr("readme.txt", "no arrays")
    with pytest.raises(ValueError, match="holds no arrays: it is a zip archive"):
        load(tmp_path / "b.npz")


def test_feature_counts_and_the_rare_arguments(tmp_path):
    np.save(tmp_path / "a.npy", X)
    assert load(tmp_path / "a.npy", n_features=4).X.shape == (30, 4)
    with pytest.raises(ValueError, match="must hold 5 features; it holds 4"):
        load(tmp_path / "a.npy", n_features=5)
    np.save(tmp_path / "a.npy", np.full((2, 2), np.inf))
    with pytest.raises(ValueError, match=r"X must be finite; X\[0, 0\] is inf"):
        load(tmp_path / "a.npy")
    assert load(tmp_path / "a.npy", check_finite=False).X.shape == (2, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": 3}, "path must be a str or a path; it is int 3"),
        ({"label": 1.5}, "label must be an integer"),
        ({"header": 1}, "header must be True or False"),
        ({"targets": None}, "targets must be True or False"),
        ({"mmap": "r"}, "mmap must be True or False"),
        ({"n_features": "4"}, "n_features must be an integer"),
        ({"class_names": "abc"}, "class_names must be a sequence of str"),
        ({"class_names": [1, 2]}, "class_names must be a sequence of str"),
    ],
)
def test_arguments_of_the_wrong_type(arguments, message, tmp_path):
    np.save(tmp_path / "a.npy", X)
    with pytest.raises(TypeError, match=message):
        load(**({"path": tmp_path / "a.npy"} | arguments))
    with pytest.raises(ValueError, match="none of them twice"):
        load(tmp_path / "a.npy", class_names=["a", "a"])


def test_without_scipy_a_sparse_npz_says_what_to_install(tmp_path, monkeypatch):
    sparse = pytest.importorskip("scipy.sparse")
    sparse.save_npz(tmp_path / "a.npz", sparse.eye(3, format="csr"))
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(ImportError, match=r"pip install 'gdfast\[sklearn\]'"):
        load(tmp_path / "a.npz")
