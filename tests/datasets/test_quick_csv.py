"""A CSV file is the same table, or the same error, through pyarrow, through pandas and through the plain reader."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gdfast.datasets import csv_files, load, quick_csv
from interrupts import PATIENCE, interrupted

READERS = {
    "pyarrow": quick_csv._through_pyarrow,
    "pandas": quick_csv._through_pandas,
    "plain": lambda layout: None,
}


def outcome(path, reader, monkeypatch, **options):
    """X's bytes, the labels' names, or the error's sentence."""
    monkeypatch.setattr(csv_files, "quick_parser", READERS[reader])
    try:
        data = load(path, **options)
    except ValueError as error:
        return str(error)
    labels = None if data.y is None else [data.class_names[i] for i in data.y]
    return data.X.tobytes(), data.X.shape, labels, data.class_names, data.feature_names, data.notes


def all_outcomes(path, monkeypatch, **options):
    pytest.importorskip("pyarrow")
    pytest.importorskip("pandas")
    return {reader: outcome(path, reader, monkeypatch, **options) for reader in READERS}


NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(allow_nan=False, allow_infinity=False).map("{:.17e}".format),
    st.integers(-(10**20), 10**20).map(str),
    # The edge of rounding: the middle between two floats, and a digit beyond.
    st.tuples(st.integers(2**52, 2**53 - 1), st.sampled_from(["", "5", "4999999999", "50000000000000000001"])).map(
        lambda pair: f"{pair[0]}.{pair[1]}"
    ),
    st.sampled_from(
        ["1e23", "8.41e21", "2.2250738585072011e-308", "4.9e-324", "1e-400", "1.7976931348623157e308", "-0"]
    ),
    st.sampled_from([".5", "5.", "+1.5", " 2 ", "\t3", "1E5", "1e+05", '"4"', '" 5 "', "00012", "-.5e-3"]),
)
ODD = st.sampled_from(
    ["", " ", "nan", "inf", "-Infinity", "1e999", "1_0", "0x10", "1e", "e5", "--1", "1 2", "True", '"1"2', "1.2.3", "x",
     "1,5", "NA", "-", "+", ".", "1d5", "1f", "5l", "\u0661", "\xa01", '"', "1\x0c"]
)  # fmt: skip
LABELS = st.one_of(
    st.sampled_from(
        ["a", "b", " b ", '"c, d"', '"e ""f"""', '"g\nh"', '"i\r\nj"', "01", "1", "k'l", "m\xe9", "n\u2028o"]
    ),
    st.sampled_from(['p"q', '"', "NA", "", '""', "\ufeff", "r\\s", "#t"]),
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(st.tuples(NUMBERS, NUMBERS, LABELS), min_size=1, max_size=6),
    odd=st.one_of(st.none(), st.tuples(st.integers(0, 5), st.integers(0, 1), ODD)),
    end=st.sampled_from(["\n", "\r\n", "\n\n", "\r"]),
    mark=st.sampled_from([",", ";", "\t"]),
    named=st.booleans(),
    start=st.sampled_from(["", "\ufeff", "\n"]),
    last=st.booleans(),
    block=st.sampled_from([7, 40, 1 << 22]),
)
def test_every_reader_says_the_same(rows, odd, end, mark, named, start, last, block, tmp_path, monkeypatch):
    table = [list(row) for row in rows]
    if odd is not None and odd[0] < len(table):
        table[odd[0]][odd[1]] = odd[2]
    lines = [mark.join(["a", "b", "k"])] * named + [mark.join(row) for row in table]
    path = tmp_path / "t.csv"
    path.write_bytes((start + end.join(lines) + end * last).encode())
    with monkeypatch.context() as patch:
        patch.setattr(csv_files, "BLOCK", block)
        found = all_outcomes(path, patch, header=named, delimiter=mark)
    assert found["pyarrow"] == found["plain"]
    assert found["pandas"] == found["plain"]


@pytest.mark.slow
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(alphabet='01.-+eE,"\n\r aN\t', min_size=1, max_size=60))
def test_any_text_is_the_same_to_every_reader(text, tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_bytes(b"1,2,3\n" + text.encode())
    with monkeypatch.context() as patch:
        patch.setattr(csv_files, "BLOCK", 16)
        found = all_outcomes(path, patch, header=False, delimiter=",", label=None)
    assert found["pyarrow"] == found["plain"]
    assert found["pandas"] == found["plain"]


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("options", [{}, {"drop": "name"}, {"columns": ["b", "a"], "label": "k"}, {"label": "b"}])
def test_columns_decimals_and_booleans_alike(decimal, options, tmp_path, monkeypatch):
    rng = np.random.default_rng(3)
    rows = [
        f"n{i};{x!r};{bool(i % 2)};{i % 3};{y!r};x{i % 2}"
        for i, (x, y) in enumerate(rng.standard_normal((50, 2)).tolist())
    ]
    path = tmp_path / "t.csv"
    path.write_text("name;a;flag;b;c;k\n" + "\n".join(rows).replace(".", decimal))
    found = all_outcomes(path, monkeypatch, decimal=decimal, **options)
    assert found["pyarrow"] == found["plain"] == found["pandas"]
    if "name" in options.get("drop", "") or "columns" in options:
        X = np.frombuffer(found["plain"][0]).reshape(found["plain"][1])
        columns = found["plain"][4]
        assert np.array_equal(X[:, columns.index("b")], np.arange(50) % 3)


def test_the_quick_reader_is_used(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    path = tmp_path / "t.csv"
    path.write_text("a,b,k\n" + "1.5,2,x\n" * 1000 + '2.5,3,"y, z"\n' * 1000)
    monkeypatch.setattr(
        csv_files._Rows, "add_plainly", lambda rows, blocks: [*blocks] == [b""] or pytest.fail("plainly")
    )
    assert load(path).class_names == ("x", "y, z")


@pytest.mark.parametrize(
    ("name", "reader", "line"),
    [
        ("t.csv", "quick", "0.123456789,1.5,-2e-3,word{}\n"),
        ("t.csv", "plain", "0.123456789,1.5,-2e-3,word{}\n"),
        ("t.svm", "quick", "1 1:0.5 {}:1.5\n"),
        ("t.jsonl", "plain", '[0.5, 1.5, "word{}"]\n'),
    ],
)
def test_ctrl_c_is_answered_at_once(name, reader, line, tmp_path):
    if name == "t.svm":
        pytest.importorskip("sklearn")
    path = tmp_path / name
    part = "".join(line.format(2 + i % 50) for i in range(100_000))
    with path.open("w") as file:
        for _ in range(60):
            file.write(part)
    few = tmp_path / f"few{path.suffix}"
    few.write_text(part[: 10 * len(line)].rpartition("\n")[0] + "\n")
    told = interrupted(
        f"""
        from gdfast.datasets import csv_files, load
        if {reader == "plain"}:
            csv_files.quick_parser = lambda layout: None
        load({few.name!r})  # imports what reads such files: Python may end in another way when that is interrupted
        press_after(0.3)
        try:
            load({name!r})
        except KeyboardInterrupt:
            tell(interrupted=True)
        """,
        tmp_path,
    )
    assert told["interrupted"]
    assert told["seconds"] < PATIENCE
