"""CIFAR-10's python version and both archives hold the images of the binary version; hostile archives are refused."""

from __future__ import annotations

import gzip
import io
import pickle
import tarfile

import numpy as np
import pytest

from gdfast.datasets import load, load_cifar10, tar_members


def write(folder, files):
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name.rpartition("/")[2]).write_bytes(content)
    return folder


def small(path, files=(), extra=()):
    """A .tar.gz that holds little."""
    with tarfile.open(path, "w:gz") as archive:
        for member in extra:
            archive.addfile(member, io.BytesIO(bytes(member.size)))
        for name, content in dict(files).items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture(scope="module")
def python_originals(python_files, tmp_path_factory):
    return write(tmp_path_factory.mktemp("originals") / "cifar-10-batches-py", python_files)


@pytest.fixture
def python_folder(python_originals, tmp_path):
    """A folder for each test, of links to files of 184 MB that are written once; `replace` changes one."""
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for file in python_originals.iterdir():
        (folder / file.name).hardlink_to(file)
    return folder


def replace(file, content):
    file.unlink()
    file.write_bytes(content)


def same(one, other):
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("X", "y", "X_test", "y_test"))


def test_every_version_holds_the_same_images(binary_files, python_folder, binary_archive, python_archive, tmp_path):
    binary = load_cifar10(write(tmp_path / "bin", binary_files), held_out=None)
    assert binary.X.shape == (50_000, 3072)
    assert np.array_equal(binary.y[:3], [0, 1, 2])
    assert np.array_equal(binary.y_test[:3], [5, 6, 7])
    for path in (python_folder, binary_archive, python_archive):
        found = load_cifar10(path, held_out=None)
        assert same(found, binary)
        assert found.class_names == binary.class_names == tuple(f"class{k}" for k in range(10))
        assert found.X.ctypes.data % 64 == 0


def test_an_archive_leaves_nothing_on_the_disk(python_archive, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(python_archive.parent.iterdir())
    cifar = load(python_archive)
    assert cifar.X.shape == (49_000, 3072)
    assert "its test batch is not used: the last 1,000 training images are held out" in cifar.description
    assert sorted(python_archive.parent.iterdir()) == before
    assert list(tmp_path.iterdir()) == []


def test_load_reads_a_folder(python_folder):
    cifar = load(python_folder)
    assert cifar.X_test.shape == (1000, 3072)
    assert "test_batch is there, and not used" in cifar.description
    with pytest.raises(ValueError, match="y must be left out"):
        load(python_folder, y=[1])
    with pytest.raises(ValueError, match=r"must hold 5 features; CIFAR-10 has 3,072"):
        load(python_folder, n_features=5)


def test_a_missing_pickle_is_named(python_folder):
    (python_folder / "data_batch_4").unlink()
    with pytest.raises(FileNotFoundError, match=r"data_batch_4 is missing: expected a pickle of some 31 MB"):
        load_cifar10(python_folder)


BAD_BATCHES = {
    "a list": ([], "must hold a dict; it holds a list"),
    "no pixels": ({"labels": [0] * 10_000}, r"must hold uint8 pixels \(10,000, 3,072\)"),
    "few pixels": ({"data": np.zeros((10, 3072), np.uint8), "labels": [0] * 10_000}, r"their shape is \(10, 3072\)"),
    "few labels": ({"data": np.zeros((10_000, 3072), np.uint8), "labels": [0]}, "must hold a list of 10,000 integers"),
    "text": ({"data": np.zeros((10_000, 3072), np.uint8), "labels": ["a"] * 10_000}, "must hold a list of 10,000"),
    "a label of ten": (
        {"data": np.zeros((10_000, 3072), np.uint8), "labels": [0] * 9999 + [10**30]},
        r"must hold labels in \[0, 10\); the label of record 9,999 is 10",
    ),
}


@pytest.mark.parametrize("name", BAD_BATCHES)
def test_a_batch_that_is_none_is_refused(name, python_folder):
    batch, message = BAD_BATCHES[name]
    replace(python_folder / "data_batch_1", pickle.dumps(batch, protocol=4))
    with pytest.raises(ValueError, match=f"data_batch_1 .*{message}"):
        load_cifar10(python_folder)


@pytest.mark.parametrize("names", [None, "cat", [1, 2]])
def test_names_that_are_none_are_refused(names, python_folder):
    replace(python_folder / "batches.meta", pickle.dumps({"label_names": names}, protocol=2))
    with pytest.raises(ValueError, match=r"batches\.meta must hold a list of names"):
        load_cifar10(python_folder)


def outside(name):
    return tarfile.TarInfo(name)


def link(kind, target):
    member = tarfile.TarInfo("cifar-10-batches-bin/data_batch_1.bin")
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize(
    "name",
    ["/etc/data_batch_1.bin", "../data_batch_1.bin", "a/../../data_batch_1.bin", "a\\..\\b", "C:/data_batch_1.bin"],
)
def test_members_that_point_outside_are_refused(name, tmp_path):
    archive = small(tmp_path / "x.tar.gz", extra=[outside(name)])
    with pytest.raises(ValueError, match=r"x\.tar\.gz holds a member that points outside"):
        load_cifar10(archive)
    assert [p.name for p in tmp_path.iterdir()] == ["x.tar.gz"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(kind, tmp_path):
    archive = small(tmp_path / "x.tar.gz", extra=[link(kind, "/etc/passwd")])
    with pytest.raises(ValueError, match=r"files and folders only; .* is a link or a device"):
        load_cifar10(archive)


def test_an_archive_that_unpacks_without_end_is_cut_short(tmp_path, monkeypatch):
    monkeypatch.setattr(tar_members, "LARGEST_TAR", 1 << 20)
    member = tarfile.TarInfo("other")
    member.size = 1 << 24
    with pytest.raises(ValueError, match="unpacks to more than 1,048,576 bytes"):
        load_cifar10(small(tmp_path / "x.tar.gz", extra=[member]))


def test_a_header_that_unpacks_without_end_is_refused_before_it_is_read(tmp_path):
    member = tarfile.TarInfo("x" * 90)
    member.pax_headers = {"comment": "y" * (1 << 22)}
    with pytest.raises(ValueError, match=r"x\.tar\.gz is not a whole .tar.gz: a header of 4,194,3"):
        load_cifar10(small(tmp_path / "x.tar.gz", extra=[member]))


def test_a_batch_that_is_too_long_or_there_twice(tmp_path):
    member = tarfile.TarInfo("data_batch_1.bin")
    member.size = 30_730_001
    with pytest.raises(ValueError, match=r"data_batch_1\.bin must have 30,730,000 bytes at most; it has 30,730,001"):
        load_cifar10(small(tmp_path / "x.tar.gz", extra=[member]))
    member = tarfile.TarInfo("data_batch_1.bin")
    member.size = 30_730_000
    again = tarfile.TarInfo("b/data_batch_1.bin")
    with pytest.raises(ValueError, match=r"holds data_batch_1\.bin twice"):
        load_cifar10(small(tmp_path / "y.tar.gz", extra=[member, again]))


def test_a_truncated_archive_and_one_that_is_none(binary_archive, tmp_path):
    content = binary_archive.read_bytes()
    for size in (10, 1000, len(content) // 2, len(content) - 10):
        (tmp_path / "cut.tar.gz").write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"cut\.tar\.gz is (not a whole \.tar\.gz|truncated)"):
            load_cifar10(tmp_path / "cut.tar.gz")
    for other in (b"no archive", gzip.compress(b"no archive" * 1000), b""):
        (tmp_path / "none.tar.gz").write_bytes(other)
        with pytest.raises((ValueError, FileNotFoundError), match=r"none\.tar\.gz is not"):
            load_cifar10(tmp_path / "none.tar.gz")


def test_an_archive_of_other_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="is not all of CIFAR-10: it holds no data_batch_1"):
        load_cifar10(small(tmp_path / "x.tar.gz", {"readme": b"nothing"}))
