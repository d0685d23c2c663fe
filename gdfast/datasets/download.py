"""`fetch_cifar10`: download of the published archive, checked by its digest, cached, resumed where it was cut off."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
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
_CHUNK = 1 << 16


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
    name = Path(urlsplit(url).path).name
    if not name.endswith((".tar.gz", ".tgz")):
        raise ValueError(f"url must be the address of a .tar.gz; it is {url!r:.100}")
    digest = digest or DIGESTS.get(name)
    if digest is None:
        raise ValueError(f"digest must be given for {name!r:.60}, which is none of {', '.join(DIGESTS)}")
    return load_cifar10(download(url, name, digest, cache, progress), held_out)


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
    partial = folder / f"{name}.partial"

    def arrive(address: str, output: str, _: Any) -> None:
        _download(address, partial, progress)
        shutil.move(partial, output)

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("WARNING")
    try:
        with _alone_in(folder):
            return Path(pooch.retrieve(url, digest, fname=name, path=folder, downloader=arrive))
    except ValueError as error:
        raise ValueError(
            f"what {url} sent is not {name}: its digest differs from the published {digest}, and it was removed"
        ) from error
    finally:
        logger.setLevel(level)


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
    if not separator or kind not in ("sha256", "md5") or len(code) != {"sha256": 64, "md5": 32}[kind]:
        raise ValueError(f"digest must be 'sha256:' and 64 digits or 'md5:' and 32; it is {digest!r:.100}")


def _download(url: str, partial: Path, progress: bool) -> None:
    """The whole file into `partial`, which goes on from where it stands; tried again while more arrives."""
    import requests

    failures = 0
    while True:
        before = _size(partial)
        try:
            _receive(url, partial, progress)
            return
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            failures = 0 if _size(partial) > before else failures + 1
            if failures >= ATTEMPTS or (failures and not _size(partial)):
                raise ConnectionError(_cut_off(url, partial, error)) from error
            time.sleep(PAUSE * failures)
        except requests.RequestException as error:
            raise ConnectionError(f"CIFAR-10 could not be downloaded: {error}. {_REMEDY}") from error


_REMEDY = "Give url= of a mirror, or download the archive elsewhere and give its path to gdfast.datasets.load_cifar10"


def _cut_off(url: str, partial: Path, error: Exception) -> str:
    kept = _size(partial)
    if not kept:
        return f"CIFAR-10 could not be downloaded: no connection to {url} ({type(error).__name__}). {_REMEDY}"
    return f"the download of {url} was cut off; {kept:,} bytes are kept in {partial}, and the next call goes on there"


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _receive(url: str, partial: Path, progress: bool) -> None:
    """One answer of the server, appended to what is there, or from the start where the server sends all of it."""
    import requests
    from tqdm import tqdm

    start = _size(partial)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        if answer.status_code == 416:  # nothing lies beyond what is there: it is whole, or not of this file
            if answer.headers.get("Content-Range") == f"bytes */{start}":
                return
            partial.unlink()
            _receive(url, partial, progress)
            return
        answer.raise_for_status()
        goes_on = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        start = start if goes_on else 0
        length = answer.headers.get("Content-Length", "")
        total = start + int(length) if length.isdecimal() else None
        with (
            partial.open("ab" if goes_on else "wb") as file,
            tqdm(total=total, initial=start, unit="B", unit_scale=True, disable=not progress) as bar,
        ):
            for chunk in answer.iter_content(_CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
                if file.tell() > LARGEST:
                    break
    arrived = _size(partial)
    if arrived > LARGEST:
        partial.unlink()
        raise requests.RequestException(f"{url} sends more than {LARGEST:,} bytes")
    if total is not None and arrived < total:
        raise requests.ConnectionError(f"{arrived:,} of {total:,} bytes arrived")
