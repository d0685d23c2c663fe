"""A command's files: all of them whole, or none."""

from __future__ import annotations

import os

import pytest

from gdfast.cli.outputs import check_folder, write_files


def test_the_files_are_written_and_nothing_else(tmp_path):
    folder = tmp_path / "a" / "b"
    assert write_files(folder, {"x.txt": b"1", "y.txt": b"22"}) == [folder / "x.txt", folder / "y.txt"]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"x.txt": b"1", "y.txt": b"22"}


def test_files_of_an_earlier_run_are_replaced(tmp_path):
    write_files(tmp_path, {"x.txt": b"old and long"})
    write_files(tmp_path, {"x.txt": b"new"})
    assert (tmp_path / "x.txt").read_bytes() == b"new"


def test_a_failure_leaves_nothing_half_written(tmp_path):
    (tmp_path / "x.txt").write_bytes(b"before")
    with pytest.raises(OSError, match="cannot be written"):
        write_files(tmp_path, {"x.txt": b"after", "no/such/folder.txt": b"2"})
    assert [path.name for path in tmp_path.iterdir()] == ["x.txt"]
    assert (tmp_path / "x.txt").read_bytes() == b"before"


def test_a_folder_that_can_be_written_passes_and_is_not_made(tmp_path):
    check_folder(tmp_path / "new" / "folder")
    check_folder(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(NotADirectoryError, match="file is not a folder"):
            check_folder(folder)


def test_a_folder_without_permission_is_refused(tmp_path, monkeypatch):
    # Root may write everywhere, so the system's answer is given here.
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    with pytest.raises(PermissionError, match="no permission to write to"):
        check_folder(tmp_path / "new")
