"""The first rows of a CSV file: names or values, delimiter, decimal mark; what cannot be told is an error, no guess."""

from __future__ import annotations

import numpy as np
import pytest

from gdfast.datasets import load

ROWS = "4.9,3.0,1.4,setosa\n7.0,3.2,4.7,versicolor\n6.3,3.3,6.0,virginica\n5.1,3.5,1.3,setosa\n"


def table(folder, text, name="t.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("first", "names"),
    [
        ("a,b,c,kind", ("a", "b", "c")),
        ("0,1,2,label", ("0", "1", "2")),  # DataFrame(X)
        ("1,2,3,class", ("1", "2", "3")),
        ("0,1,2,y", ("0", "1", "2")),
        ("sepal length (cm),1stFlrSF,2nd,kind", ("sepal length (cm)", "1stFlrSF", "2nd")),
        ('"a","b, c","d","kind"', ("a", "b, c", "d")),
        ("V1,V2,V3,V4", ("V1", "V2", "V3")),
        ("größe,x y,z_1,art", ("größe", "x y", "z_1")),
        ("a,a,a,kind", ("a", "a", "a")),
    ],
)
def test_a_first_row_that_cannot_be_a_row_holds_names(first, names, tmp_path):
    for header in (None, True):
        data = load(table(tmp_path, first + "\n" + ROWS), header=header)
        assert data.feature_names == names
        assert data.X.shape == (4, 3)
        assert data.class_names == ("setosa", "versicolor", "virginica")


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("5.1,,1.4,setosa", "line 1, column 2 is empty"),
        (",3.5,1.4,setosa", "line 1, column 1 is empty"),
        ("5.1,NA,1.4,setosa", "line 1, column 2 is 'NA'"),
        ("?,3.5,1.4,setosa", "line 1, column 1 is '[?]'"),
        ("5.l,3.5,1.4,setosa", "line 1, column 1 is '5.l'"),
        ("5.1,3.5,1.4 cm,setosa", "line 1, column 3 is '1.4 cm'"),
        ("5.1,three,1.4,setosa", "line 1, column 2 is 'three'"),
        ("NA,NA,NA,setosa", "line 1, column 1 is 'NA'"),
        ("one,two,three,setosa", "line 1, column 1 is 'one'"),  # setosa is a label of other rows
        ("o,1,2,setosa", "line 1, column 1 is 'o'"),
        ("nan,3,2,setosa", "line 1, column 1 is 'nan'"),
        ("5.1,3.5,1.4,", "row 0 is empty"),
        ("5.1,3.5,1.4,NA", "row 0 is 'NA'"),
    ],
)
def test_a_faulty_first_row_is_shown_and_never_taken_for_names(first, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        load(table(tmp_path, first + "\n" + ROWS))


@pytest.mark.parametrize("first", ["0,1,2,flower", "0,1,2,3"])
def test_what_could_be_either_is_asked_for(first, tmp_path):
    path = table(tmp_path, first + "\n" + (ROWS if "flower" in first else "0.5,0.25,1.5,0\n1.5,2.5,1e-3,1\n"))
    with pytest.raises(
        ValueError, match=f"must say whether its first row holds names: it is '{first.replace(',', ', ')}'"
    ):
        load(path)
    rows = load(path, header=True).X.shape[0]
    assert load(path, header=False).X.shape[0] == rows + 1


def test_rows_of_small_whole_numbers_are_rows(tmp_path):
    assert load(table(tmp_path, "0,1\n1,0\n1,1\n")).X.shape == (3, 1)
    assert load(table(tmp_path, "0,1,2\n1,0,1\n3,1,2\n")).X.shape == (3, 2)
    assert load(table(tmp_path, "1,a\n2,b\n")).X.shape == (2, 1)
    assert load(table(tmp_path, "0,cat\n1,dog\n0,cat\n")).class_names == ("cat", "dog")
    assert load(table(tmp_path, "True,1,x\nFalse,2,y\n")).X.tolist() == [[1, 1], [0, 2]]


def test_the_index_that_pandas_writes_is_no_feature(tmp_path):
    data = load(table(tmp_path, ",a,b,kind\n0,1,2,x\n1,3,4,y\n"))
    assert data.feature_names == ("a", "b")
    assert data.notes == ("column 1 is left out: it has no name, as the index that pandas writes",)
    assert data.description.endswith(data.notes[0])
    data = load(table(tmp_path, ",0,1,label\n0,1.5,2,x\n1,3,4,y\n"))  # DataFrame(X) with its index
    assert data.feature_names == ("0", "1")
    data = load(table(tmp_path, "Unnamed: 0.1,Unnamed: 0,a,b,kind\n0,0,1,2,x\n1,1,3,4,y\n"))
    assert data.feature_names == ("a", "b")
    data = load(table(tmp_path, ",,a,b,kind\nu,0,1,2,x\nu,1,3,4,y\n"))  # an index of two levels
    assert np.array_equal(data.X, [[1, 2], [3, 4]])
    data = load(table(tmp_path, "id,a,b,kind\n0,1,2,x\n1,3,4,y\n"))
    assert data.feature_names == ("id", "a", "b")
    assert data.notes == ("'id' is a feature (drop= leaves it out)",)
    assert load(table(tmp_path, "id,a,b,kind\n0,1,2,x\n1,3,4,y\n"), drop="id").notes == ()


def test_an_empty_last_column_is_none(tmp_path):
    for text in ("a,b,kind,\n1,2,x,\n3,4,y,\n", "1,2,x,\n3,4,y,\n"):
        data = load(table(tmp_path, text))
        assert data.class_names == ("x", "y")
        assert "the last column is left out: it is empty" in data.notes[0]
    with pytest.raises(ValueError, match="must hold 4 columns in every row; line 301 has 3"):
        load(table(tmp_path, "1,2,x,\n" * 300 + "3,4,y\n"))
    with pytest.raises(ValueError, match="row 0 is empty"):
        load(table(tmp_path, "a,b,kind\n1,2,\n3,4,z\n"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,5;x\n2,5;y\n", "may hold decimal commas, or commas between its columns: its first row is '1,5;x'"),
        ("1,5;2,5;x\n2,5;3,5;y\n", "may hold decimal commas"),
        ("1,5\tx\n2,5\ty\n", "may hold decimal commas"),
        ("len;kind\n1,5;x\n2,5;y\n", r"line 2, column 1 \('len'\) is '1,5': decimal=',', or --decimal"),
    ],
)
def test_decimal_commas_are_read_when_they_are_said(text, said, tmp_path):
    path = table(tmp_path, text)
    with pytest.raises(ValueError, match=said):
        load(path)
    data = load(path, decimal=",")
    assert data.X[:, 0].tolist() == [1.5, 2.5]
    assert data.class_names == ("x", "y")
    assert np.array_equal(load(path, decimal=",", delimiter="\t" if "\t" in text else ";").X, data.X)


def test_decimal_commas_of_targets_and_points_among_them(tmp_path):
    path = table(tmp_path, "len;cost\n1,5;-2,5e1\n2;3\n")
    assert load(path, decimal=",", targets=True).y.tolist() == [-25.0, 3.0]
    with pytest.raises(ValueError, match=r"must hold numbers; line 2, column 1 \('len'\) is '1.5'"):
        load(table(tmp_path, "len;kind\n1.5;x\n"), decimal=",")  # a thousand and a half?
    with pytest.raises(ValueError, match=r"must hold numbers; line 3, column 1 .* is '1.000,5'"):
        load(table(tmp_path, "len;kind\n1,5;x\n1.000,5;y\n"), decimal=",")


@pytest.mark.parametrize(("delimiter", "found"), [(";", True), ("\t", True), ("|", True), (":", False), (" ", False)])
def test_delimiters(delimiter, found, tmp_path):
    path = table(tmp_path, "a,b,kind\n1,2,x\n3,4,y\n".replace(",", delimiter))
    assert load(path, delimiter=delimiter).X.tolist() == [[1, 2], [3, 4]]
    if found:
        assert load(path).feature_names == ("a", "b")
    else:
        with pytest.raises(ValueError, match=r"at least one column of numbers .*; delimiter=, or --delimiter"):
            load(path)


def test_the_delimiter_is_the_one_that_fits_all_rows(tmp_path):
    data = load(table(tmp_path, "length, in cm;kind\n1;x\n2;y, z\n"))
    assert data.feature_names == ("length, in cm",)
    assert load(table(tmp_path, '"a;b";kind\n1;"x,1"\n2;y\n')).class_names == ("x,1", "y")
    assert load(table(tmp_path, "a,b,kind\n1,2,x;y\n3,4,z;w\n")).class_names == ("x;y", "z;w")


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "utf-8-sig", "utf-32"])
def test_encodings(encoding, tmp_path):
    path = table(tmp_path, "größe,art\n1,süß\n2,€\n", encoding=encoding)
    data = load(path, encoding=encoding)
    assert data.feature_names == ("größe",)
    assert data.class_names == ("süß", "€")
    if encoding in ("cp1252", "utf-16"):
        with pytest.raises(ValueError, match=r"encoding=.*or --encoding"):
            load(path)
    with pytest.raises(ValueError, match="is not ASCII text: ordinal not in range"):
        load(table(tmp_path, "größe,art\n1,süß\n"), encoding="ascii")


def test_a_column_that_is_called_label_and_is_not_the_last(tmp_path):
    for name in ("label", "Class", "TARGET", "y"):
        data = load(table(tmp_path, f"a,{name},b\n1,0,5\n2,1,6\n"))
        assert data.notes == (f"the labels are 'b'; '{name}' is a feature (label= takes it)",)
        data = load(table(tmp_path, f"a,{name},b\n1,0,5\n2,1,6\n"), label=name)
        assert data.notes == ()
        assert data.feature_names == ("a", "b")
    with pytest.raises(ValueError, match=r"line 2, column 2 \('label'\) is 'x'"):
        load(table(tmp_path, "a,label,b\n1,x,5\n2,z,6\n"))


def test_booleans_are_a_column_of_their_own(tmp_path):
    assert load(table(tmp_path, "a,f,k\n1,True,x\n2,False,y\n3,true,x\n")).X[:, 1].tolist() == [1, 0, 1]
    with pytest.raises(ValueError, match=r"must hold booleans in this column.*line 3, column 2 \('f'\) is '1'"):
        load(table(tmp_path, "a,f,k\n1,True,x\n2,1,y\n"))
    with pytest.raises(ValueError, match=r"must hold numbers; line 3, column 2 \('f'\) is 'True'"):
        load(table(tmp_path, "a,f,k\n1,1,x\n2,True,y\n"))


def test_two_index_like_and_wide_tables(tmp_path):
    wide = ",".join(f"c{j}" for j in range(5000)) + ",k\n" + (",".join(["0.5"] * 5000) + ",x\n") * 40
    data = load(table(tmp_path, wide))
    assert data.X.shape == (40, 5000)
    assert (data.X == 0.5).all()


def test_quotes_after_a_space_are_no_part_of_a_label(tmp_path):
    for text in ('a, kind\n1, "x"\n2,"x"\n', 'a,kind\n1,"x"\n' + '2, "x"\n' * 3):
        with pytest.raises(ValueError, match="must hold quotes at the very beginning of a field; a label is ' \"x\"'"):
            load(table(tmp_path, text))
    assert load(table(tmp_path, 'a,kind\n1,"""x"""\n2,x\n')).class_names == ('"x"', "x")
    assert load(table(tmp_path, "a, kind\n1, x\n2, y\n")).class_names == ("x", "y")
    with pytest.raises(ValueError, match=r"column 1 \('a'\) is '1,234'.*: drop='a'"):  # no decimal comma
        load(table(tmp_path, 'a,k\n"1,234",x\n"5,678",y\n'))
