"""`fetch_cifar10`: download of the published archive, checked by its digest, cached, resumed where it was cut off."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from .cifar10 import check_held_out, load_cifar10
from .dataset import Images

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
DIGESTS = {
    "cifar-10-binary.tar.gz": "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    "cifar-10-python.tar.gz": "sha256:6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
}
LARGEST = 1 << 30
"""Bytes after which a server is not listened to any more; the archives have 170 million."""

ATTEMPTS = 5
TIMEOUT = 30.0
PAUSE = 0.5
SLOWEST = 2_000
"""Bytes a second, over TIMEOUT seconds; a server that sends fewer is as good as one that sends none."""
_CHUNK = 1 << 16
_NAME = re.compile(r"[\w.+-]{1,100}\.(tar\.gz|tgz)", re.ASCII)


def fetch_cifar10(
    held_out: int | None = None,
    *,
    cache: str | os.PathLike[str] | None = None,
    url: str = URL,
    digest: str | None = None,
    progress: bool = False,
) -> Images:
    """CIFAR-10, downloaded at the first call (170 MB) and read from the cache afterwards.

    Parameters
    ----------
    held_out : int or None
        As in `load_cifar10`: None holds out the 10,000 images of the test batch.
    cache : path, optional
        The folder for the archive; by default the user's cache folder for gdfast.
    url : str
        A mirror's address of either published archive, cifar-10-binary.tar.gz or cifar-10-python.tar.gz.
    digest : str, optional
        "sha256:..." or "md5:..." that the file must have. By default the published archive's, by the address's
        last part.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Images

    Raises
    ------
    ImportError
        pooch is not installed.
    ConnectionError
        There is no connection, the server refuses, or the download was cut off; what has arrived is kept, and the
        next call goes on from there where the server allows it.
    ValueError
        What was downloaded has another digest (it is removed), or there is no digest to check it by.

    Notes
    -----
    The archive is never unpacked to the disk.

    References
    ----------
    A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009;
    https://www.cs.toronto.edu/~kriz/cifar.html

    Examples
    --------
    >>> import gdfast as gd
    >>> cifar = gd.datasets.fetch_cifar10()  # doctest: +SKIP
    >>> cifar.X.shape, cifar.X_test.shape  # doctest: +SKIP
    ((50000, 3072), (10000, 3072))
    """
    check_held_out(held_out)
    if not isinstance(url, str):
        raise TypeError(f"url must be a str; it is {type(url).__name__}")
    name = _name_in(url)
    digest = digest or DIGESTS.get(name)
    if digest is None:
        raise ValueError(f"digest must be given for {name!r:.60}, which is none of {', '.join(DIGESTS)}")
    return load_cifar10(download(url, name, digest, cache, progress), held_out)


def _name_in(url: str) -> str:
    """The last part of an address: a file of this name and no other path."""
    try:
        scheme, name = urlsplit(url).scheme, Path(urlsplit(url).path).name
    except ValueError:
        scheme = name = ""
    if scheme not in ("http", "https") or not _NAME.fullmatch(name):
        raise ValueError(f"url must be the address of a .tar.gz, http:// or https://; it is {_public(url)!r:.100}")
    return name


def _public(text: str) -> str:
    """Without the name and the password that an address may hold."""
    return re.sub(r"//[^/\s]*@", "//", text)


def download(url: str, name: str, digest: str, cache: str | os.PathLike[str] | None, progress: bool) -> Path:
    """The file in the cache, downloaded unless it is there with this digest."""
    try:
        import pooch
    except ImportError as error:
        raise ImportError(
            "fetch_cifar10() downloads through pooch, which is not installed: pip install 'gdfast[download]'"
        ) from error
    _check_digest(digest)
    folder = Path(pooch.os_cache("gdfast") if cache is None else cache)
    place, partial = folder / name, folder / f"{name}.partial"
    with _alone_in(folder):
        _require_file(place)
        _require_file(partial)
        if not _is_it(place, digest):
            _download(url, partial, progress)
            try:
                if _is_it(partial, digest):
                    partial.replace(place)  # under no third name, which a kill -9 would leave behind
                    return place
                partial.unlink()
            except FileNotFoundError as error:
                raise ConnectionError(f"the download of {_public(url)} was lost: somebody removed {partial}") from error
            raise ValueError(
                f"what {_public(url)} sent is not {name}: its digest differs from the published {digest}, and it was "
                "removed"
            )
    return place


def _is_it(file: Path, digest: str) -> bool:
    """Whether the file has this digest; False where nothing is there yet."""
    kind, _, code = digest.partition(":")
    found = hashlib.new(kind)
    try:
        with file.open("rb") as content:
            while part := content.read(_CHUNK):
                found.update(part)
    except FileNotFoundError:
        return False
    return found.hexdigest() == code.lower()


def _require_file(path: Path) -> None:
    """OSError unless a file is there, or nothing: what is written must not end up elsewhere."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise OSError(f"{path} must be a file, or nothing yet; it is a link, a folder or a device: remove it")


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One process at a time downloads into a folder, where the system can lock one; the others wait for it."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _check_digest(digest: str) -> None:
    kind, separator, code = digest.partition(":")
    if not separator or not re.fullmatch({"sha256": r"[\da-fA-F]{64}", "md5": r"[\da-fA-F]{32}"}.get(kind, "-"), code):
        raise ValueError(f"digest must be 'sha256:' and 64 digits or 'md5:' and 32; it is {digest!r:.100}")


def _download(url: str, partial: Path, progress: bool) -> None:
    """The whole file into `partial`, which goes on from where it stands; tried again while more arrives."""
    import requests
    import urllib3

    broken = (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError, http.client.HTTPException)
    failures, most, begun_anew = 0, _size(partial), False
    while True:
        try:
            if _receive(url, partial, progress):
                return
            if begun_anew:
                raise requests.RequestException(f"416 for what {url} has sent itself")
            begun_anew = True
        except broken as error:
            failures = 0 if _size(partial) >= most + _CHUNK else failures + 1
            most = max(most, _size(partial))
            if failures >= ATTEMPTS or (failures and not _size(partial)):
                raise ConnectionError(_cut_off(url, partial, error)) from error
            time.sleep(PAUSE * failures)
        except requests.RequestException as error:
            raise ConnectionError(f"CIFAR-10 could not be downloaded: {_public(str(error))}. {_REMEDY}") from error
        except OSError as error:  # of the disk
            reason = error.strerror or str(error)
            raise OSError(f"{partial} cannot be written: {reason}; {_size(partial):,} bytes are kept") from error


_REMEDY = "Give url= of a mirror, or download the archive elsewhere and give its path to gdfast.datasets.load_cifar10"


def _cut_off(url: str, partial: Path, error: Exception) -> str:
    kept, address = _size(partial), _public(url)
    if not kept:
        return f"CIFAR-10 could not be downloaded: no connection to {address} ({type(error).__name__}). {_REMEDY}"
    return (
        f"the download of {address} was cut off; {kept:,} bytes are kept in {partial}, and the next call goes on there"
    )


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _receive(url: str, partial: Path, progress: bool) -> bool:
    """One answer of the server, appended to what is there, or from the start where the server sends all of it.

    False where what is there turned out to be no part of the file: it is removed.
    """
    import requests

    start = _size(partial)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        if answer.status_code == 416 and start:  # nothing lies beyond what is there: it is whole, or not of this file
            if answer.headers.get("Content-Range") == f"bytes */{start}":
                return True
            partial.unlink(missing_ok=True)
            return False
        answer.raise_for_status()
        goes_on = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        start = start if goes_on else 0
        length = answer.headers.get("Content-Length", "")
        total = start + int(length) if re.fullmatch("[0-9]{1,18}", length) else None
        _write(answer, partial, start, total, progress)
    arrived = _size(partial)
    if arrived > LARGEST:
        partial.unlink()
        raise requests.RequestException(f"{url} sends more than {LARGEST:,} bytes")
    if total is not None and arrived < total:
        raise requests.ConnectionError(f"{arrived:,} of {total:,} bytes arrived")
    return True


def _write(answer: Any, partial: Path, start: int, total: int | None, progress: bool) -> None:
    """The bytes as they are sent, after the first `start` of the file: a .tar.gz that the server calls the packed form
    of a .tar is not unpacked."""
    import requests
    from tqdm import tqdm

    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if start else os.O_TRUNC)
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with (
        os.fdopen(os.open(partial, flags, 0o666), "ab" if start else "wb") as file,
        tqdm(total=total, initial=start, unit="B", unit_scale=True, disable=not progress) as bar,
    ):
        began, mark = time.monotonic(), start
        for chunk in answer.raw.stream(_CHUNK, decode_content=False):
            _append(file, chunk, partial)
            bar.update(len(chunk))
            if file.tell() > LARGEST:
                break
            if time.monotonic() - began > TIMEOUT:
                if file.tell() - mark < SLOWEST * TIMEOUT:
                    raise requests.Timeout(f"fewer than {SLOWEST:,} bytes a second arrived")
                began, mark = time.monotonic(), file.tell()


def _append(file: BinaryIO, chunk: bytes, partial: Path) -> None:
    """Put it on the disk; what that lacks is told with the file's name."""
    try:
        file.write(chunk)
        file.flush()
    except OSError as error:
        raise type(error)(error.errno, error.strerror, os.fspath(partial)) from None
