"""`load`: reads rows and labels from a file of any known format into one `Dataset`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._arrays import INPUT_CODES, check_flag, check_integer, check_matrix
from ..describe import PlainErrors, counted, described, one_line
from ..protocols import Array
from .chunks import ChunkSource
from .chunks.files import is_in_parts, stored_at
from .cifar10 import load_cifar10
from .columnar_files import read_columnar
from .columns import Table, remedy
from .csv_files import read_csv
from .dataset import Dataset
from .formats import format_of, is_cifar10
from .json_lines import read_json_lines
from .labels import LabelColumn, encode_labels
from .numpy_files import Arrays, labels_beside, read_npy, read_npz
from .options import ReadingOptions
from .parts import read_in_parts
from .svmlight import read_svmlight
from .untrusted import read_apart


def load(
    path: str | os.PathLike[str],
    *,
    y: Any = None,
    label: str | int | None = -1,
    drop: str | int | Sequence[str | int] = (),
    columns: Sequence[str | int] | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    decimal: str = ".",
    encoding: str = "utf-8",
    zero_based: bool | str = "auto",
    targets: bool = False,
    n_features: int | None = None,
    class_names: Sequence[str] | None = None,
    mmap: bool | None = None,
    check_finite: bool = True,
    trusted: bool = True,
) -> Dataset:
    """Rows and labels from a file: .npy, .npz, CSV, JSON lines, svmlight, Parquet, Arrow (Feather), or CIFAR-10.

    And from many: a folder of .npy, Parquet or svmlight files, an HDF5 file, a Zarr store.

    Parameters
    ----------
    path : str or path
        The file, CIFAR-10's folder, a folder of files of one format (in the natural order of their names), a Zarr
        store, an HDF5 file (``"file.h5::/name"`` names its dataset). A file's first bytes say what it is; its name
        must not say otherwise. CSV, JSON lines and svmlight may be compressed (.gz, .bz2, .xz, .zst).
    y : array (n,), or path of a .npy file or of a store's array, optional
        The labels, where they lie apart. Without it: the column `label` of a table, the array y of a .npz, the
        labels of svmlight, NAME_labels.npy beside NAME.npy, a store's array y; None where there are none of these.
    label : str, int or None
        Of a table: the name or position of the labels' column, the last one by default; None: it has no labels.
    drop : str, int or sequence of them
        Of a table: columns that are left out, by name or position.
    columns : sequence of str or int, optional
        Of a table: the columns that are used, features in this order; a label that is given by its name need not be
        among them. None: all.
    header : bool or None
        Of a CSV file: its first line holds names. None: it does where it can't be a row of the table; where that
        can't be told, it is an error.
    delimiter : str, optional
        Of a CSV file: the character between its columns. None: comma, tab, semicolon or bar, whichever fits.
    decimal : "." or ","
        Of a CSV file: the decimal mark.
    encoding : str
        Of a text file: its encoding, such as "cp1252" or "utf-16".
    zero_based : bool or "auto"
        Of svmlight: its columns count from 0. "auto": they count from 1 unless an index 0 occurs.
    targets : bool
        The labels are real numbers to be predicted (float64), not classes.
    n_features : int, optional
        How many features there must be. A table of exactly so many columns has no labels (but where `label` names one);
        svmlight may have fewer, whose columns are then all 0.
    class_names : sequence of str, optional
        The classes that labels are looked up in, such as a model's. By default the sorted values that occur.
    mmap : bool or None
        Leave the rows on the disk: a .npy file is mapped into memory, read-only; those of a folder or store are a
        `ChunkSource`, which `gd.ChunkedObjective` and the estimators take. None: from 64 MB on.
    check_finite : bool
        False skips the one scan for NaN and infinity (which those that train make of a `ChunkSource`).
    trusted : bool
        False: the file is a stranger's. It is read in a process of its own, with a limit of memory and time: what
        crashes, stops or floods a library that reads it (pyarrow, h5py, zarr) is a ValueError here. It takes about a
        second more, and the rows come into memory as a whole.

    Returns
    -------
    Dataset
        ``X`` stays uint8, float16, float32 or float64 as in the file (CSV: float64); other numbers become float64;
        columns of booleans become 0 and 1; pictures (n, rows, columns) become rows. ``y`` is int64 in
        [0, len(class_names)), or float64 with `targets`, or None. ``notes`` say what was guessed.

    Raises
    ------
    TypeError
        An argument is of the wrong type.
    FileNotFoundError
        There is no such file.
    ValueError
        The file is empty, truncated, damaged, in another format than its name says or in one that is not read
        (folders of pictures, pickles); rows are ragged; text, nothing or a number that is not finite stands where a
        number belongs (line and column are named); a label is missing; features or labels are not as required.
    ImportError
        The format needs a library that is not installed; the message says which to install.

    Notes
    -----
    No code in a file is run: pickles are never loaded. A .npz holds X (or X_train, data, ...), y (labels, targets,
    ...), and where it has them X_test and y_test, class_names, feature_names; or a matrix of scipy.sparse.save_npz.
    Sizes are checked before memory is taken. Memory: a mapped .npy takes none; CSV its numbers and some megabytes;
    Parquet and Arrow about twice their numbers while they are read. CSV is read at the speed of pyarrow or pandas where
    one of them is installed, with the same results as without.

    Labels keep their text: 01 and 1 are two classes. Only where all are plain integers are they sorted as numbers.
    Empty labels and words for missing values (NA, NaN, null, ...) are refused. The index that pandas writes into CSV
    (a first column without a name), Parquet and Feather is no feature.

    Examples
    --------
    >>> from pathlib import Path
    >>> import gdfast as gd
    >>> _ = Path("flowers.csv").write_text("id;length;width;kind\\n1;5,1;3,5;setosa\\n2;6,2;2,9;versicolor\\n")
    >>> flowers = gd.datasets.load("flowers.csv", drop="id", decimal=",")
    >>> flowers.X.shape, flowers.y, flowers.class_names, flowers.feature_names
    ((2, 2), array([0, 1]), ('setosa', 'versicolor'), ('length', 'width'))
    """
    options = ReadingOptions(label, drop, columns, header, delimiter, decimal, encoding, zero_based, trusted=trusted)  # type: ignore[arg-type]
    return load_with(
        path, options, y=y, targets=targets, n_features=n_features, class_names=class_names, mmap=mmap,
        check_finite=check_finite,
    )  # fmt: skip


@PlainErrors()
def load_with(
    path: str | os.PathLike[str],
    options: ReadingOptions,
    *,
    y: Any = None,
    targets: bool = False,
    n_features: int | None = None,
    class_names: Sequence[str] | None = None,
    mmap: bool | None = None,
    check_finite: bool = True,
    in_parts: bool = False,
) -> Dataset:
    """The same with the options of a table as one object, which may ask for a model's features by name.

    `in_parts`: the rows of a file are left on the disk as those of a folder are, with `mmap`.
    """
    place = _check_path(path, "path")
    mmap = None if mmap is None else check_flag(mmap, "mmap")
    targets, check_finite = check_flag(targets, "targets"), check_flag(check_finite, "check_finite")
    if n_features is not None:
        n_features = check_integer(n_features, "n_features", minimum=1)
    wanted = None if class_names is None else _check_names(class_names)
    in_parts = in_parts or is_in_parts(place)
    if not in_parts and is_cifar10(place):
        _require_no_columns(place, options)
        return _cifar10(place, y, n_features)
    asked: dict[str, Any] = {
        "n_features": n_features, "mmap": mmap, "targets": targets, "in_parts": in_parts, "with_labels": y is None,
    }  # fmt: skip
    if options.trusted:
        found = _arrays_in(place, options, **asked)
    elif mmap:
        raise ValueError(
            f"{place} is read as a whole where it is not trusted: leave mmap=True (--memory-limit, --scheduler) out"
        )
    else:
        found = read_apart(place, "rows", options, **{**asked, "mmap": False})
    if (
        y is None
        and not in_parts
        and found.y is None
        and options.label is not None
        and options.judged
        and labels_beside(place).is_file()
    ):
        y = labels_beside(place)
    if y is not None and not options.judged:
        y = None
    if y is not None:
        y = _given_labels(y, options)
    return _dataset(place, found, y, targets, n_features, wanted, check_finite)


def _check_path(path: Any, name: str) -> Path:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{name} must be a str or a path; it is {described(path)}")
    return Path(path)


def _check_names(class_names: Any) -> tuple[str, ...]:
    is_one = isinstance(class_names, str) or (isinstance(class_names, np.ndarray) and class_names.ndim == 0)
    listed = isinstance(class_names, Iterable) and not is_one
    names = tuple(class_names) if listed else (None,)
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"class_names must be a sequence of str; it is {described(class_names)}")
    if len(set(names)) != len(names) or not names:
        raise ValueError("class_names must hold at least one name, and none of them twice")
    return names


def _require_no_columns(place: Path, options: ReadingOptions) -> None:
    for name in ("drop", "columns"):
        if getattr(options, name) and options.only is None:
            raise ValueError(f"{name} must be left out: {place} is no table of columns")


def _arrays_in(
    place: Path,
    options: ReadingOptions,
    *,
    n_features: int | None,
    mmap: bool | None,
    targets: bool,
    in_parts: bool,
    with_labels: bool,
) -> Arrays:
    """What a file, a folder or a store holds."""
    if in_parts:
        judged = with_labels and options.label is not None and options.judged
        return read_in_parts(place, options, n_features, mmap, judged)
    kind = format_of(place, options.encoding)
    if kind in ("npy", "npz", "svmlight"):
        _require_no_columns(place, options)
    return _read(kind, place, options, n_features, mmap, targets)


def _cifar10(place: Path, y: Any, n_features: int | None) -> Dataset:
    if y is not None:
        raise ValueError(f"y must be left out: {place} is CIFAR-10, which has labels of its own")
    if n_features not in (None, 3072):
        raise ValueError(f"{place} must hold {n_features:,} features; CIFAR-10 has 3,072")
    return load_cifar10(place)


def _read(
    kind: str, place: Path, options: ReadingOptions, n_features: int | None, mmap: bool | None, targets: bool
) -> Arrays:
    has_labels = options.label is not None and options.judged
    if kind == "npy":
        return Arrays(read_npy(place, mmap))
    if kind == "npz":
        found = read_npz(place)
        return found if has_labels else found._replace(y=None, y_test=None)
    if kind == "svmlight":
        sparse = read_svmlight(place, options, n_features)
        return Arrays(sparse.X, sparse.labels if has_labels else None, reading={"zero_based": sparse.zero_based})
    if kind == "csv":
        table = read_csv(place, options, n_features, targets=targets)
    elif kind == "jsonl":
        table = read_json_lines(place, options, n_features)
    else:
        table = read_columnar(place, kind, options, n_features)
    return _of_table(table, options)


def _of_table(table: Table, options: ReadingOptions) -> Arrays:
    names = None if table.feature_names is None else np.array(table.feature_names, dtype=object)
    label = options.label if table.label_name is None else table.label_name
    reading = {**({} if label == -1 else {"label": label}), **options.given()}
    X = table.X
    if options.only is not None and table.feature_names is not None and table.feature_names != options.only:
        found = {name: j for j, name in enumerate(table.feature_names)}
        if len(found) == len(table.feature_names) and all(name in found for name in options.only):
            X = X[:, [found[name] for name in options.only]]
            names = np.array(options.only, dtype=object)
    return Arrays(X, table.labels, feature_names=names, notes=table.notes, reading=reading)


def _dataset(
    place: Path,
    found: Arrays,
    y: Any,
    targets: bool,
    n_features: int | None,
    class_names: tuple[str, ...] | None,
    check_finite: bool,
) -> Dataset:
    if isinstance(found.X, ChunkSource):
        X, image_shape = found.X, None
    else:
        X, image_shape = _rows(found.X, str(place), check_finite, found.feature_names)
    n, d = X.shape
    if n_features not in (None, d):
        raise ValueError(f"{place} must hold {n_features:,} features; it holds {d:,}")
    feature_names = _names(found.feature_names, "feature names", place)
    if feature_names is not None and len(feature_names) != d:
        raise ValueError(f"{place} must hold {d:,} feature names; it holds {len(feature_names):,}")
    own = _names(found.class_names, "class names", place)
    labels, names, X_test, y_test = None, None, None, None
    if y is not None or found.y is not None:
        values, where = (found.y, f"{place}'s y") if y is None else y
        labels, names = _encode(values, n, where, targets, class_names, own)
    if found.X_test is not None:
        X_test, _ = _rows(found.X_test, f"{place}'s X_test", check_finite)
        if X_test.shape[1] != d:
            raise ValueError(f"{place}'s X_test must hold {d:,} features; it holds {X_test.shape[1]:,}")
        if found.y_test is not None:
            known = class_names if own is not None or names is None else names
            y_test, _ = _encode(found.y_test, X_test.shape[0], f"{place}'s y_test", targets, known, own)
    notes = tuple(map(one_line, found.notes))
    what = f"{len(names):,} classes" if names else "no labels" if labels is None else "real targets"
    held_out = "" if X_test is None else f"; {X_test.shape[0]:,} more rows are held out"
    return Dataset(
        X=X,
        y=labels,
        X_test=X_test,
        y_test=y_test,
        class_names=names,
        image_shape=image_shape,
        pixel_max=255 if image_shape and X.dtype == np.uint8 else None,
        description="; ".join(
            [
                f"{one_line(str(place))}: {counted(n, 'row')} of {counted(d, 'feature')} ({X.dtype}), {what}{held_out}",
                *notes,
            ]
        ),
        feature_names=feature_names,
        notes=notes,
        reading=found.reading,
    )


def _rows(X: Any, where: str, check_finite: bool, names: Array | None = None) -> tuple[Any, tuple[int, ...] | None]:
    """X as a model takes it, one sample a row, and the shape of a picture where the rows were pictures."""
    image_shape = None
    if isinstance(X, np.ndarray):
        if X.dtype.kind not in "biuf":
            raise ValueError(f"{where} must hold numbers; its dtype is {X.dtype}")
        if X.ndim < 2 or X.size == 0:
            raise ValueError(f"{where} must hold rows of features, (n, d) and not empty; its shape is {X.shape}")
        if X.dtype.newbyteorder("=") not in INPUT_CODES:  # integers, bool, long double
            X = X.astype(np.float64)
        elif not X.dtype.isnative:
            X = X.astype(X.dtype.newbyteorder("="))
        if X.ndim > 2:
            image_shape = tuple(int(length) for length in X.shape[1:])
            X = X.reshape(X.shape[0], -1)
    try:
        check_matrix(X, check_finite=check_finite)
    except ValueError as error:
        place = re.match(r"X must be finite; X\[\d+, (\d+)\]", str(error))
        if place is not None and names is not None and int(place[1]) < len(names):
            name = str(names[int(place[1])])
            raise ValueError(f"{where}: {error}, in column {name!r:.40}{remedy(name)}") from error
        raise ValueError(f"{where}: {error}") from error
    return X, image_shape


def _given_labels(y: Any, options: ReadingOptions) -> tuple[Any, str]:
    """Labels of the caller's, an array or a .npy file, and what to call them."""
    if not isinstance(y, (str, os.PathLike)):
        return y, "y"
    file = Path(y)
    if is_in_parts(file):
        found = _stored_labels(file, options) if options.trusted else read_apart(file, "labels", options)
        return found.y, found.notes[0]
    if format_of(file) != "npy":
        raise ValueError(f"y must be an array or a .npy file; {file} is a file of another format")
    return read_npy(file, mmap=False), str(file)


def _stored_labels(file: Path, options: ReadingOptions) -> Arrays:
    """The labels of a store, and their name as a note."""
    stored = stored_at(file)
    return Arrays(None, stored.read(0, stored.shape[0] if stored.shape else 0), notes=(stored.name,))


READERS = {"rows": _arrays_in, "labels": _stored_labels}
"""What may be asked of the process that reads a file which is not trusted."""


def _names(values: Array | None, what: str, place: Path) -> tuple[str, ...] | None:
    if values is None:
        return None
    if values.ndim != 1 or not (values.dtype.kind == "U" or all(isinstance(name, str) for name in values)):
        raise ValueError(f"{place} must hold its {what} as one row of text; they are {values.dtype} {values.shape}")
    return tuple(str(name) for name in values)


def _encode(
    values: Any, n: int, where: str, targets: bool, wanted: tuple[str, ...] | None, own: tuple[str, ...] | None
) -> tuple[Array, tuple[str, ...] | None]:
    """Class numbers among the wanted names; `own` are the file's, for which its numbers 0, 1, ... stand."""
    if own is None or targets:
        return encode_labels(values, n, where, targets=targets, class_names=wanted)
    if not isinstance(values, LabelColumn) and np.asarray(values).dtype.kind not in "USO":
        numbers, _ = encode_labels(values, n, where, targets=False, class_names=[str(i) for i in range(len(own))])
        values = np.array(own)[numbers]
    return encode_labels(values, n, where, targets=False, class_names=wanted or own)
