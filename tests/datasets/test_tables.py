"""CSV, Parquet, Arrow and svmlight hold what was written, and every fault is named with its line and column."""

from __future__ import annotations

import csv
import os
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gdfast.datasets import load
from gdfast.files import npy_reader

RNG = np.random.default_rng(7)
X = RNG.standard_normal((40, 3))
Y = RNG.integers(0, 3, 40)
WORDS = np.array(["low", "mid, or so", 'a "top"'])
SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(path, rows, header=None, delimiter=",", encoding="utf-8"):
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows([] if header is None else [header])
        writer.writerows(rows)
    return path


# ---- CSV ----


@pytest.mark.parametrize("place", [0, 1, 3])
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_labels_at_any_place(place, named, delimiter, tmp_path):
    rows = [[*x[:place], WORDS[k], *x[place:]] for x, k in zip(X.tolist(), Y, strict=True)]
    header = [*"abc"[:place], "kind", *"abc"[place:]] if named else None
    file = write(tmp_path / "t.csv", rows, header, delimiter)
    for label in [place, place - 4, "kind"] if named else [place, place - 4]:
        data = load(file, label=label)
        assert np.array_equal(data.X, X)
        assert data.class_names == tuple(sorted(WORDS))
        assert [data.class_names[i] for i in data.y] == WORDS[Y].tolist()
        assert data.feature_names == (("a", "b", "c") if named else None)


def test_csv_numbers_as_labels_and_as_targets(tmp_path):
    file = write(tmp_path / "t.csv", np.c_[X, 10 * Y].tolist())
    assert np.array_equal(load(file).y, Y)
    assert load(file).class_names == ("0.0", "10.0", "20.0")  # the text that they are, in the order of numbers
    assert np.array_equal(load(file, targets=True).y, 10.0 * Y)
    assert np.array_equal(load(file, label=0, targets=True).y, X[:, 0])
    with pytest.raises(ValueError, match=r"whole numbers or text; row 0 is .*targets=True"):
        load(file, label=0)


def test_csv_of_as_many_columns_as_features_has_no_labels(tmp_path):
    file = write(tmp_path / "t.csv", X.tolist(), "abc")
    assert np.array_equal(load(file, n_features=3).X, X)
    assert load(file, n_features=3).y is None
    assert load(file, label=None).y is None
    assert load(file, n_features=2, targets=True).y is not None
    with pytest.raises(ValueError, match="must hold 5 features; it holds 2"):
        load(file, n_features=5)
    with pytest.raises(ValueError, match="must hold 3 features; it holds 2"):
        load(file, n_features=3, label="a")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_as_spreadsheets_write_it(encoding, tmp_path):
    text = 'größe;"breite";art\r\n 1.5 ;"2";klein\r\n\r\n3e2;-4; groß \r\n'
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    data = load(tmp_path / "t.csv")
    assert np.array_equal(data.X, [[1.5, 2], [300, -4]])
    assert data.class_names == ("groß", "klein")
    assert data.feature_names == ("größe", "breite")


def test_csv_names_that_are_numbers(tmp_path):
    file = write(tmp_path / "t.csv", np.c_[X, Y].tolist(), ["0", "1", "2", "3"])
    assert np.array_equal(load(file, header=True, label="3").X, X)
    assert load(file, header=False).X.shape == (41, 3)
    with pytest.raises(ValueError, match="must say whether its first row holds names: it is '0, 1, 2, 3'"):
        load(file)
    file = write(tmp_path / "w.csv", np.c_[X, Y].tolist(), ["0", "1", "2", "label"])  # as pandas names columns
    assert load(file).feature_names == ("0", "1", "2")
    assert np.array_equal(load(file).y, Y)
    (tmp_path / "u.csv").write_text("1,a\n2,b\n")
    assert np.array_equal(load(tmp_path / "u.csv").X, [[1], [2]])
    (tmp_path / "v.csv").write_text("one,two\n")
    with pytest.raises(ValueError, match="holds no rows, only the names"):
        load(tmp_path / "v.csv")


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=12))
@SAME_FOLDER
def test_csv_every_float_comes_back(tmp_path, numbers):
    file = write(tmp_path / "t.csv", [[repr(number), "a"] for number in numbers])
    assert load(file).X[:, 0].tobytes() == np.array(numbers).tobytes()


@given(st.lists(st.text(min_size=1), min_size=2, max_size=8))
@SAME_FOLDER
def test_csv_every_text_comes_back_or_is_refused(tmp_path, words):
    file = write(tmp_path / "t.csv", [[i, word] for i, word in enumerate(words)])
    message, found = str(tmp_path), []
    try:
        data = load(file, header=False)
        found = [data.class_names[i] for i in data.y]
    except ValueError as error:
        message = str(error)
    stripped = [word.strip() for word in words]
    assert message.startswith(str(tmp_path))
    if found and found != stripped:  # "007" is the number 7
        assert [int(name) for name in found] == [int(float(word)) for word in stripped]


FAULTS = {
    "short row": ("a,b,k\n1,2,x\n3,y\n", r"3 columns in every row; line 3 has 2"),
    "long row": ("1,2,x\n3,4,5,y\n", "3 columns in every row; line 2 has 4"),
    "text": ("a,b,k\n1,2,x\n3,four,y\n", r"must hold numbers; line 3, column 2 \('b'\) is 'four'"),
    "a number of Python's": ("1,2,x\n1_000,4,y\n", "must hold numbers; line 2, column 1 is '1_000'"),
    "text without names": ("1,2,x\n3,four,y\n", "must hold numbers; line 2, column 2 is 'four'"),
    "empty field": ("1,2,x\n,4,y\n", "a number in every field; line 2, column 1 is empty"),
    "missing value": ("1,2,x\nNA,4,y\n", "must hold numbers; line 2, column 1 is 'NA'"),
    "nan": ("1,2,x\n3,nan,y\n", "must hold finite numbers; line 2, column 2 is 'nan'"),
    "infinity": ("1,-inf,x\n3,4,y\n", "must hold finite numbers; line 1, column 2 is '-inf'"),
    "too large": ("1,1e999,x\n3,4,y\n", "must hold finite numbers; line 1, column 2 is '1e999'"),
    "after a line break in quotes": ('1,2,"x\ny"\n3,?,y\n', r"line 3, column 2 is '\?'"),
    "after an empty line": ("1,2,x\n\n\n3,?,y\n", r"line 4, column 2 is '\?'"),
    "one column": ("1\n2\n", "at least one column of numbers beside the labels"),
    "an empty label": ("1,2,\n3,4,y\n", "must name a class in every row; row 0 is empty"),
    "underscores": ("1_0,2,x\n3,4,y\n", "t.csv"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_csv_faults_are_named_with_line_and_column(name, tmp_path):
    text, message = FAULTS[name]
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        load(tmp_path / "t.csv")
    assert "\n" not in str(caught.value)


def test_csv_columns_that_are_not_there(tmp_path):
    file = write(tmp_path / "t.csv", X.tolist(), "aab")
    with pytest.raises(ValueError, match="one column named 'z'; its columns are a, a, b"):
        load(file, label="z")
    with pytest.raises(ValueError, match="one column named 'a'"):
        load(file, label="a")
    with pytest.raises(ValueError, match=r"label must be in \[-3, 3\), the columns of .*; it is 3"):
        load(file, label=3)
    with pytest.raises(ValueError, match="its columns have no names"):
        load(write(tmp_path / "u.csv", X.tolist()), label="a")


def test_csv_that_is_no_text(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"1,2\n3,\xff\n")
    with pytest.raises(ValueError, match=r"t\.csv is not UTF-8 text"):
        load(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_bytes(b"1,2\n3,4\0\n")
    with pytest.raises(ValueError, match="of no kind that is known"):
        load(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("1,2\n" + "x" * 200_000 + ",3\n")
    with pytest.raises(ValueError, match=r"t\.csv"):
        load(tmp_path / "t.csv")


# ---- Parquet and Arrow ----


def columnar(path, columns):
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table(columns)
    if path.suffix == ".parquet":
        pytest.importorskip("pyarrow.parquet").write_table(table, path)
    else:
        pytest.importorskip("pyarrow.feather").write_feather(table, path)
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".feather"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", "int64"])
def test_columns_keep_their_type(suffix, dtype, tmp_path):
    array = (np.abs(X) * 9).astype(dtype)
    file = columnar(tmp_path / f"t{suffix}", {"a": array[:, 0], "b": array[:, 1], "kind": WORDS[Y].tolist()})
    data = load(file)
    assert data.X.dtype == ("float64" if dtype == "int64" else dtype)
    assert np.array_equal(data.X, array[:, :2])
    assert [data.class_names[i] for i in data.y] == WORDS[Y].tolist()
    assert data.feature_names == ("a", "b")
    assert load(file, n_features=2, label="kind").X.shape == (40, 2)
    with pytest.raises(ValueError, match=r"column 'kind' holds (large_)?string"):
        load(file, n_features=3)


@pytest.mark.parametrize("fixed", [True, False])
def test_a_column_of_embeddings(fixed, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    values = X.astype(np.float32)
    lists = pyarrow.array(values.tolist(), pyarrow.list_(pyarrow.float32(), 3 if fixed else -1))
    data = load(columnar(tmp_path / "t.parquet", {"embedding": lists, "label": Y}), n_features=3)
    assert data.X.dtype == np.float32
    assert np.array_equal(data.X, values)
    assert data.feature_names == ("embedding[0]", "embedding[1]", "embedding[2]")
    ragged = columnar(tmp_path / "u.parquet", {"embedding": [[1.0], [1.0, 2.0]], "label": [0, 1]})
    with pytest.raises(ValueError, match="lists of one length in column 'embedding'"):
        load(ragged)


def test_what_pandas_writes(tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    frame["kind"] = pandas.Categorical(WORDS[Y])
    frame.iloc[::2].to_parquet(tmp_path / "t.parquet")  # with an index that is no feature
    data = load(tmp_path / "t.parquet")
    assert np.array_equal(data.X, X[::2])
    assert [data.class_names[i] for i in data.y] == WORDS[Y[::2]].tolist()
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert np.array_equal(load(tmp_path / "t.csv").X, X)


def test_columns_with_holes_and_damages(tmp_path):
    with pytest.raises(ValueError, match="row 1 of column 'a' is null"):
        load(columnar(tmp_path / "t.parquet", {"a": [1.0, None], "k": [0, 1]}))
    with pytest.raises(ValueError, match="must name a class in every row; row 1 is missing"):
        load(columnar(tmp_path / "t.parquet", {"a": [1.0, 2.0], "k": ["x", None]}))
    with pytest.raises(ValueError, match=r"X must be finite; X\[1, 0\] is nan"):
        load(columnar(tmp_path / "t.parquet", {"a": [1.0, np.nan], "k": [0, 1]}))
    with pytest.raises(ValueError, match="holds no rows"):
        load(columnar(tmp_path / "t.parquet", {"a": np.zeros(0), "k": np.zeros(0)}))
    for suffix in (".parquet", ".arrow"):
        file = columnar(tmp_path / f"u{suffix}", {"a": X[:, 0], "k": Y})
        content = file.read_bytes()
        for size in (8, len(content) // 2, len(content) - 3):
            file.write_bytes(content[:size])
            with pytest.raises(ValueError, match="is damaged or no"):
                load(file)


def test_a_parquet_file_that_would_take_all_memory(tmp_path, monkeypatch):
    file = columnar(tmp_path / "t.parquet", {"a": np.zeros(100_000), "k": np.zeros(100_000, dtype=int)})
    monkeypatch.setattr(npy_reader, "physical_memory", lambda: 10_000)
    with pytest.raises(ValueError, match="bytes of memory; this machine has 10,000"):
        load(file)


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    (tmp_path / "t.parquet").write_bytes(b"PAR1....")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"pip install 'gdfast\[tables\]'"):
        load(tmp_path / "t.parquet")


# ---- svmlight ----


def test_svmlight_through_scikit_learn(tmp_path):
    sparse = pytest.importorskip("scipy.sparse")
    dump = pytest.importorskip("sklearn.datasets").dump_svmlight_file
    dense = sparse.random(40, 6, 0.4, random_state=2).toarray()
    dense[0, [0, 5]] = 1.0  # so that both ways of counting can be told apart
    matrix = sparse.csr_matrix(dense)
    for zero_based in (True, False):
        dump(matrix, 2 * Y - 1, str(tmp_path / "t.svmlight"), zero_based=zero_based)
        data = load(tmp_path / "t.svmlight")
        assert data.X.format == "csr"
        assert np.allclose(data.X.toarray(), dense, rtol=1e-15, atol=0)  # written with 16 digits
        assert data.class_names == ("-1", "1", "3")
        assert np.array_equal(data.y, Y)
        assert load(tmp_path / "t.svmlight", n_features=9).X.shape == (40, 9)
        with pytest.raises(ValueError, match="must hold 5 features at most; it holds a feature 6"):
            load(tmp_path / "t.svmlight", n_features=5)
    (tmp_path / "t.svmlight").rename(tmp_path / "a9a")
    assert load(tmp_path / "a9a", targets=True).y.dtype == np.float64


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 1:2 x:3\n", "line 1, field 3 is 'x:3'"),
        ("1 1:2\n1 2:a\n", "line 2, field 2 is '2:a'"),
        ("1 3:1 2:1\n", "sorted"),
        ("1 1:2\n1,2 1:3\n", "line 2, field 1 is '1,2'"),
        ("1 1:2\n1 1:nan\n", "must be finite"),
    ],
)
def test_svmlight_that_is_none(text, words, tmp_path):
    pytest.importorskip("sklearn")
    (tmp_path / "t.svm").write_text(text)
    with pytest.raises(ValueError, match=rf"t\.svm.*{words}"):
        load(tmp_path / "t.svm")


def test_without_scikit_learn_the_extra_is_named(tmp_path, monkeypatch):
    (tmp_path / "t.svm").write_text("1 1:2\n")
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r"pip install 'gdfast\[sklearn\]'"):
        load(tmp_path / "t.svm")


# ---- which kind of file ----


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.npy", b"", "is empty"),
        ("a.csv", b"  \n\n", "is empty"),
        ("a.npy", b"PK\x03\x04....", r"is named \.npy, but it is a \.npz file"),
        ("a.csv", b"\x93NUMPY...", r"is named \.csv, but it is a \.npy file"),
        ("a.csv", b"1 1:2 3:4\n", r"is named \.csv, but it is an svmlight file"),
        ("a.svm", b"1,2,3\n", r"is not svmlight text .*: line 1, field 1 is '1,2,3'"),
        ("a.parquet", b"1,2,3\n", r"is named \.parquet, but it is a CSV file"),
        ("a.tar.gz", b"1,2,3\n", r"is named \.tar\.gz, but it is a CSV file"),
        ("a.csv.gz", b"\x1f\x8b....", "is damaged: it is compressed by gzip"),
        ("a.png", b"\x89PNG....", "is a PNG picture; read are .*folders of pictures are not read"),
        ("a.jpg", b"\xff\xd8\xff..", "is a JPEG picture"),
        ("a.h5", b"\x89HDF....", "is a HDF5 file"),
        ("a.pkl", b"\x80\x04....", "is a Python pickle; read are"),
        ("a.bin", b"\0\0\0\0", "of no kind that is known; read are"),
    ],
)
def test_files_of_another_format(name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load(tmp_path / name)


def test_places_that_hold_no_data(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.csv does not exist"):
        load(tmp_path / "none.csv")
    (tmp_path / "cats").mkdir()
    with pytest.raises(ValueError, match=r"must hold .* files; it holds cats: folders of pictures are not read"):
        load(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="there is no /dev")
def test_a_device_is_refused():
    with pytest.raises(ValueError, match="is a device or a pipe"):
        load("/dev/null")


def test_a_quote_that_is_never_closed_swallows_nothing(tmp_path):
    path = tmp_path / "open.csv"
    path.write_text('a,b,y\n1,2,"x\n3,4,1.5\n')
    with pytest.raises(ValueError, match="is no table: unexpected end of data in line 3"):
        load(path)
