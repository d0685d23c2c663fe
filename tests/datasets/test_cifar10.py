"""CIFAR-10 from disk, tried on made-up folders and archives of the real formats; no code of a pickle's runs."""

from __future__ import annotations

import numpy as np
import pytest

from gdfast.datasets import load_cifar10

NAMES = ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"]
SIZE = 30_730_000
RECORD = 3073


def write_batch(path, records=None, size=SIZE):
    """A file of zeros with some records filled in: a hole on the disk, but for those."""
    with path.open("wb") as file:
        file.truncate(size)
        for i, record in (records or {}).items():
            file.seek(i * RECORD)
            file.write(bytes(record))


def record(label, seed):
    """A label byte and 3,072 random pixels."""
    return [label, *np.random.default_rng(seed).integers(0, 256, 3072)]


@pytest.fixture
def folder(tmp_path):
    for k, name in enumerate(NAMES):
        write_batch(tmp_path / name, {0: record(k, k), 9_999: record(9 - k, 10 + k)})
    (tmp_path / "batches.meta.txt").write_text("\n".join(f"class{k}" for k in range(10)) + "\n\n")
    return tmp_path


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_cifar10_rows_labels_and_names(folder, kind):
    cifar = load_cifar10(kind(folder))
    assert cifar.X.shape == (49_000, 3072)
    assert cifar.X_test.shape == (1000, 3072)
    assert cifar.X.dtype == cifar.X_test.dtype == np.uint8
    assert cifar.y.dtype == cifar.y_test.dtype == np.int64
    for k in range(5):
        first, last = record(k, k), record(9 - k, 10 + k)
        assert cifar.y[10_000 * k] == first[0]
        assert cifar.X[10_000 * k].tolist() == first[1:]
        if k < 4:
            assert cifar.y[10_000 * k + 9_999] == last[0]
            assert cifar.X[10_000 * k + 9_999].tolist() == last[1:]
    assert cifar.y_test[-1] == last[0]
    assert cifar.X_test[-1].tolist() == last[1:]
    assert cifar.class_names == tuple(f"class{k}" for k in range(10))
    assert cifar.image_shape == (3, 32, 32)
    assert cifar.pixel_max == 255


def test_cifar10_is_one_aligned_block_without_label_bytes(folder):
    cifar = load_cifar10(folder)
    assert cifar.X.flags.c_contiguous
    assert cifar.X.strides == (3072, 1)
    assert cifar.X.ctypes.data % 64 == 0
    assert cifar.X_test.ctypes.data == cifar.X.ctypes.data + cifar.X.nbytes  # both are views of one array


@pytest.mark.parametrize("held_out", [0, 1, 10_000, 49_999])
def test_cifar10_holds_out_as_many_as_asked(folder, held_out):
    cifar = load_cifar10(folder, held_out=held_out)
    assert len(cifar.X) == len(cifar.y) == 50_000 - held_out
    assert len(cifar.X_test) == len(cifar.y_test) == held_out


def test_cifar10_says_plainly_that_the_test_batch_is_not_there(folder):
    assert (
        "test_batch.bin is not there: the last 1,000 training images are held out" in load_cifar10(folder).description
    )
    with pytest.raises(FileNotFoundError, match=r"test_batch\.bin is missing: expected .* 30,730,000 .*held_out=1000"):
        load_cifar10(folder, held_out=None)


def test_cifar10_the_test_batch_is_used_when_asked_for(folder):
    write_batch(folder / "test_batch.bin", {7: record(3, 99)})
    assert "test_batch.bin is there, and not used" in load_cifar10(folder).description
    assert load_cifar10(folder).X.shape == (49_000, 3072)
    cifar = load_cifar10(folder, held_out=None)
    assert cifar.X.shape == (50_000, 3072)
    assert cifar.X_test.shape == (10_000, 3072)
    assert cifar.y_test[7] == 3
    assert cifar.X_test[7].tolist() == record(3, 99)[1:]


def test_cifar10_published_names_where_the_file_is_not_there(folder):
    (folder / "batches.meta.txt").unlink()
    assert load_cifar10(folder).class_names[:3] == ("airplane", "automobile", "bird")


def test_cifar10_wrong_number_of_names(folder):
    (folder / "batches.meta.txt").write_text("cat\ndog\n")
    with pytest.raises(ValueError, match=r"batches\.meta\.txt must hold 10 class names; it holds 2"):
        load_cifar10(folder)
    (folder / "batches.meta.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"batches\.meta\.txt must hold 10 class names; it holds 1"):
        load_cifar10(folder)


@pytest.mark.parametrize("name", NAMES)
def test_cifar10_a_missing_file_is_named_with_both_sizes(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{name} is missing: expected a file of 30,730,000 bytes, found none"):
        load_cifar10(folder)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "truncated: expected 30,730,000 bytes .*found 0 bytes"),
        (SIZE - 1, "found 30,729,999"),
        (SIZE + 1, "too long"),
    ],
)
def test_cifar10_a_file_of_another_size_is_named_with_both_sizes(folder, size, text):
    write_batch(folder / NAMES[3], size=size)
    with pytest.raises(ValueError, match=rf"data_batch_4\.bin.*{text}"):
        load_cifar10(folder)


def test_cifar10_a_label_above_nine_is_named(folder):
    write_batch(folder / NAMES[1], {1234: record(10, 0)})
    with pytest.raises(ValueError, match=r"data_batch_2\.bin must hold labels in \[0, 10\).*record 1,234 is 10"):
        load_cifar10(folder)


def test_cifar10_bad_paths(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        load_cifar10(tmp_path / "nowhere")
    with pytest.raises(NotADirectoryError, match="is a file"):
        load_cifar10(folder / NAMES[0])
    for path in (None, 3, [str(folder)]):
        with pytest.raises(TypeError, match="path must be a str or a path"):
            load_cifar10(path)


def test_cifar10_bad_held_out(folder):
    for held_out in (-1, 50_000):
        with pytest.raises(ValueError, match="held_out must be"):
            load_cifar10(folder, held_out=held_out)
    for held_out in (0.5, True, "1000"):
        with pytest.raises(TypeError, match="held_out must be an integer"):
            load_cifar10(folder, held_out=held_out)
