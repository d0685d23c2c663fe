"""The same table in every format is the same data set, or the same refusal: files as pandas and pyarrow write them."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma

import numpy as np
import pytest

from gdfast.datasets import load

pandas = pytest.importorskip("pandas")
pyarrow = pytest.importorskip("pyarrow")

RNG = np.random.default_rng(5)
N = 12
NUMBERS = {"a": RNG.standard_normal(N).round(4), "b": RNG.integers(-9, 9, N), "flag": RNG.integers(0, 2, N) == 1}


def to_lists(frame, path):
    """JSON lines of lists, without names."""
    rows = json.loads(frame.to_json(orient="values"))
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")


def packed(opened):
    """CSV in a compressed file."""

    def write(frame, path):
        with opened(path, "wb") as file:  # from Python 3.12 on nothing is there before it is closed
            file.write(frame.to_csv(index=False).encode())

    return write


def to_arrow(frame, path, views=False):
    """An Arrow file; `views`: its text as polars writes it."""
    table = pyarrow.Table.from_pandas(frame)
    if views:
        for j, field in enumerate(table.schema):
            if str(field.type) in ("string", "large_string"):
                texts = pyarrow.array(table.column(j).to_pylist(), pyarrow.string_view())
                table = table.set_column(j, field.name, texts)
    with pyarrow.OSFile(str(path), "wb") as sink, pyarrow.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def to_stream(frame, path):
    """An Arrow stream."""
    table = pyarrow.Table.from_pandas(frame)
    with pyarrow.OSFile(str(path), "wb") as sink, pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=5)


def zst(frame, path):
    with pyarrow.output_stream(str(path), compression="zstd") as file:
        file.write(frame.to_csv(index=False).encode())


WRITERS = {
    "plain.csv": lambda frame, path: frame.to_csv(path, index=False),
    "index.csv": lambda frame, path: frame.to_csv(path),
    "again.csv": lambda frame, path: frame.to_csv(path, index_label="Unnamed: 0"),
    "semicolon.csv": lambda frame, path: frame.to_csv(path, index=False, sep=";"),
    "bar.csv": lambda frame, path: frame.to_csv(path, index=False, sep="|"),
    "tabs.tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "quoted.csv": lambda frame, path: frame.to_csv(path, index=False, quoting=1),
    "windows.csv": lambda frame, path: frame.to_csv(path, index=False, lineterminator="\r\n", encoding="utf-8-sig"),
    "trailing.csv": lambda frame, path: path.write_text(frame.to_csv(index=False).replace("\n", ",\n")),
    "packed.csv.gz": packed(gzip.open),
    "packed.csv.bz2": packed(bz2.open),
    "packed.csv.xz": packed(lzma.open),
    "packed.csv.zst": zst,
    "objects.jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True),
    "objects.jsonl.gz": lambda frame, path: frame.to_json(path, orient="records", lines=True, compression="gzip"),
    "lists.jsonl": to_lists,
    "t.parquet": lambda frame, path: frame.to_parquet(path),
    "named.parquet": lambda frame, path: frame.set_index(frame.index * 7 % 5).rename_axis("place").to_parquet(path),
    "odd.parquet": lambda frame, path: frame.iloc[RNG.permutation(N).argsort().argsort()].to_parquet(path),
    "two.parquet": lambda frame, path: frame.set_index(
        pandas.MultiIndex.from_arrays([range(N), list("ab") * (N // 2)], names=["i", "j"])
    ).to_parquet(path),
    "t.feather": lambda frame, path: frame.to_feather(path),
    "t.arrow": to_arrow,
    "views.arrow": lambda frame, path: to_arrow(frame, path, views=True),
    "stream.arrows": to_stream,
}
HALF = N // 2
LABELS = {
    "text": (["red", "blue"] * HALF, ("blue", "red")),
    "object": (pandas.Series(["red", "blue"] * HALF, dtype=object), ("blue", "red")),
    "category": (pandas.Categorical(["red", "blue"] * HALF, categories=["red", "blue", "green"]), ("blue", "red")),
    "nullable text": (pandas.array(["red", "blue"] * HALF, dtype="string"), ("blue", "red")),
    "zeros before": (["01", "1"] * HALF, ("01", "1")),
    "two numbers that are one": (["007", "7"] * HALF, ("007", "7")),
    "exponents": (["1e2", "100"] * HALF, ("100", "1e2")),
    "signs": (["+1", "-1"] * HALF, ("+1", "-1")),
    "integers": ([10, -2] * HALF, ("-2", "10")),
    "integers as text": (["10", "9"] * HALF, ("9", "10")),
    "beyond float64": ([2**53 + 1, 2**53] * HALF, (str(2**53), str(2**53 + 1))),
    "uint8": (np.array([2, 10] * HALF, dtype=np.uint8), ("2", "10")),
    "nullable integers": (pandas.array([3, 1] * HALF, dtype="Int64"), ("1", "3")),
    "categories of integers": (pandas.Categorical([10, 9] * HALF), ("9", "10")),
    "whole floats": ([10.0, 2.0] * HALF, ("2.0", "10.0")),
    "float32": (np.array([2, 1] * HALF, dtype=np.float32), ("1.0", "2.0")),
    "booleans": ([True, False] * HALF, ("False", "True")),
    "nullable booleans": (pandas.array([True, False] * HALF, dtype="boolean"), ("False", "True")),
    "with spaces": ([" red ", "blue"] * HALF, ("blue", "red")),
    "awkward text": (['a, "b"', "c;d|e"] * HALF, ('a, "b"', "c;d|e")),
}
MISSING = {
    "None": [None, "x"],
    "NaN": [np.nan, 1.0],
    "pandas.NA": pandas.array([None, 3] * HALF, dtype="Int64"),
    "a missing category": pandas.Categorical([None, "x"] * HALF),
    "NA": ["NA", "x"],
    "null": ["null", "x"],
    "empty": ["", "x"],
    "a question mark": ["?", "x"],
}


def frame_with(labels, **columns):
    return pandas.DataFrame({**NUMBERS, **columns, "kind": labels})


def written(frame, name, folder):
    WRITERS[name](frame, folder / name)
    return folder / name


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("kind", LABELS)
def test_one_table_in_every_format(kind, name, tmp_path):
    labels, names = LABELS[kind]
    if name in ("trailing.csv", "semicolon.csv", "bar.csv") and kind == "awkward text":
        pytest.skip("other delimiters are tried with labels that hold none")
    frame = frame_with(labels)
    data = load(written(frame, name, tmp_path))
    expected = np.column_stack([np.asarray(frame[column], dtype=float) for column in NUMBERS])
    found = [data.class_names[k] for k in data.y]
    if name == "odd.parquet":
        order = np.lexsort(data.X.T)
        again = np.lexsort(expected.T)
        assert np.array_equal(data.X[order], expected[again])
    else:
        assert np.array_equal(data.X, expected)
        assert found == [str(label).strip() for label in frame["kind"]]
    assert data.class_names == names
    assert data.feature_names == (None if name.startswith("lists") else tuple(NUMBERS))


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("kind", MISSING)
def test_missing_labels_are_refused_by_row_in_every_format(kind, name, tmp_path):
    labels = MISSING[kind]
    frame = frame_with(labels * HALF if isinstance(labels, list) else labels)
    if name == "odd.parquet":
        pytest.skip("the rows stand in another order")
    if name == "trailing.csv" and kind == "empty":
        frame.loc[1, "kind"] = "y"
    path = written(frame, name, tmp_path)
    row = 0 if str(frame["kind"][0]) in ("NA", "null", "", "?", "None", "nan", "<NA>") else 1
    with pytest.raises(ValueError, match=f"must name a class in every row; row {row} is ") as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert load(path, label=0, targets=True, drop=["kind"] if "lists" not in name else [3]).y.dtype == np.float64


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize(
    ("column", "said"),
    [
        ([*["x"] * 3, *["y"] * (N - 3)], "must hold numbers"),
        (pandas.to_datetime(["2020-01-01"] * N), "must hold"),
        (pandas.Categorical(["u", "v"] * HALF), "must hold numbers"),
        ([*[0.5] * 5, None, *[1.5] * (N - 6)], "must"),
    ],
    ids=["text", "dates", "categories", "blank"],
)
def test_what_is_no_feature_is_named_with_the_remedy(column, said, name, tmp_path):
    frame = frame_with(["x", "y"] * HALF, odd=column)
    if frame["odd"].dtype.kind == "M" and name.startswith(("lists", "objects")):
        pytest.skip("pandas writes dates into JSON as numbers")
    path = written(frame, name, tmp_path)
    with pytest.raises(ValueError, match=said) as caught:
        load(path)
    which = 3 if name.startswith("lists") else "odd"
    assert f"drop={which!r}, or --drop, leaves the column out; docs/how_to/messy_tables.md" in str(caught.value)
    data = load(path, drop=which)
    assert data.X.shape == (N, 3)
    assert data.class_names == ("x", "y")


@pytest.mark.parametrize("name", [name for name in WRITERS if name not in ("lists.jsonl", "odd.parquet")])
def test_the_choice_of_columns_is_the_same(name, tmp_path):
    frame = frame_with(["x", "y"] * HALF, class_=1.5, ident=range(N)).rename(columns={"class_": "class"})
    path = written(frame, name, tmp_path)
    choices = {
        (): ("a", "b", "flag", "class", "ident"),
        ("ident", "class"): ("a", "b", "flag"),
        (-2, 3): ("a", "b", "flag"),
    }
    for drop, names in choices.items():
        data = load(path, drop=drop)
        assert data.feature_names == names
        assert any("'class' is a feature" in note for note in data.notes) == ("class" in names)
    data = load(path, columns=["b", "a"], label="kind")
    assert data.feature_names == ("b", "a")
    assert np.array_equal(data.X, frame[["b", "a"]].to_numpy(float))
    assert load(path, columns=["b", "kind"]).feature_names == ("b",)
    assert load(path, columns="b", label=None).y is None
    assert load(path, drop="kind", label="flag").class_names == ("False", "True")
    assert load(path, drop="kind", label=2).class_names == ("False", "True")
    assert load(path, n_features=5, drop="kind").y is None
    again = load(path, **load(path, drop=["ident", "kind"], label="b", targets=True).reading, targets=True)
    assert np.array_equal(again.y, frame["b"].to_numpy(float))
    refused = {
        "must hold one column named 'z'": {"drop": "z"},
        "drop must be in \\[-6, 6\\)": {"drop": 6},
        "label must not be a column that drop leaves out": {"drop": "a", "label": "a"},
        "label must be given by its name": {"columns": ["b", "a"]},
        "columns must name each column once": {"columns": ["a", "a", "kind"]},
        "drop must not hold a column of columns": {"columns": ["a", "kind"], "drop": "a"},
        "at least one column of numbers": {"columns": ["kind"]},
    }
    for words, options in refused.items():
        with pytest.raises(ValueError, match=words):
            load(path, **options)


def test_labels_of_the_callers_as_pandas_has_them(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(2.0 * N).reshape(N, 2))
    for labels, names in LABELS.values():
        series = pandas.Series(labels)
        found = load(tmp_path / "a.npy", y=series)
        whole = tuple(name.removesuffix(".0") for name in names)  # an array of floats holds no text
        assert tuple(name.strip() for name in found.class_names) in (names, whole)
    for labels in MISSING.values():
        series = pandas.Series(labels * HALF if isinstance(labels, list) else labels)
        with pytest.raises(ValueError, match=r"y must name a class in every row; row [01] is"):
            load(tmp_path / "a.npy", y=series)


def test_sparse_frames_of_booleans(tmp_path):
    sparse = pytest.importorskip("scipy.sparse")
    dense = RNG.random((N, 4)) < 0.4
    dense[0] = True
    frame = pandas.DataFrame(dense, columns=list("abcd")).astype(pandas.SparseDtype(bool, False))
    frame["kind"] = ["x", "y"] * HALF
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert np.array_equal(load(tmp_path / "t.csv").X, dense)
    sparse.save_npz(tmp_path / "t.npz", frame[list("abcd")].sparse.to_coo())
    found = load(tmp_path / "t.npz", y=frame["kind"])
    assert found.X.format == "csr"
    assert np.array_equal(found.X.toarray(), dense)
    assert found.class_names == ("x", "y")


@pytest.mark.parametrize("ordered", [False, True])
def test_categories_and_enums_as_polars_writes_them(ordered, tmp_path):
    words = pyarrow.array(["red", "blue", "never"], pyarrow.string_view())
    codes = pyarrow.array([0, 1, 1, 0], pyarrow.uint8() if ordered else pyarrow.uint32())
    labels = pyarrow.DictionaryArray.from_arrays(codes, words, ordered=ordered)
    table = pyarrow.table({"a": [1.0, 2.0, 3.0, 4.0], "k": labels})
    for name, make in (("t.arrow", pyarrow.ipc.new_file), ("t.arrows", pyarrow.ipc.new_stream)):
        with pyarrow.OSFile(str(tmp_path / name), "wb") as sink, make(sink, table.schema) as writer:
            writer.write_table(table)
        data = load(tmp_path / name)
        assert [data.class_names[k] for k in data.y] == ["red", "blue", "blue", "red"]
        assert data.class_names == ("blue", "red")
        with pytest.raises(ValueError, match="must hold numbers; column 'k' holds string_view: drop='k'"):
            load(tmp_path / name, label="a")
