"""Servers that misbehave, on loopback: each ends in the right file or in one sentence, and leaves nothing of theirs."""

from __future__ import annotations

import errno
import gzip
import hashlib
import http.server
import os
import re
import socket
import threading
import time

import numpy as np
import pytest

from gdfast.datasets import download, fetch_cifar10
from gdfast.datasets.download import download as fetch

pytest.importorskip("pooch")
pytest.importorskip("requests")

CONTENT = np.random.default_rng(0).integers(0, 256, 400_000, dtype=np.uint8).tobytes()
DIGEST = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
NAME = "data.tar.gz"
SIZE = len(CONTENT)


class Answer(http.server.BaseHTTPRequestHandler):
    """One request; `server.behave(self, the place after which the rest is wanted or None)` answers it."""

    def do_GET(self):
        self.server.asked += 1
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        self.server.behave(self, int(wanted[1]) if wanted else None)

    def head(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def body(self, content):
        self.wfile.write(content)
        self.wfile.flush()

    def cut(self):
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_):
        """Not on the terminal."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "PAUSE", 0.0)
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.asked, server.daemon_threads, server.handle_error = 0, True, lambda *_: None
        server.url = f"http://127.0.0.1:{server.server_port}/{NAME}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


# ---- what servers do: right behaviour is `all_of_it`, or `from_there` where the rest alone is wanted ----


def all_of_it(answer, _, content=CONTENT, **headers):
    answer.head(200, Content_Length=len(content), **headers)
    answer.body(content)


def from_there(answer, start):
    if start is None:
        all_of_it(answer, None)
        return
    answer.head(206, Content_Range=f"bytes {start}-{SIZE - 1}/{SIZE}", Content_Length=SIZE - start)
    answer.body(CONTENT[start:])


def status(code, **headers):
    return lambda answer, _: answer.head(code, Content_Length=0, **headers)


def cut_after(*counts):
    """Breaks off after so many bytes, the last of them for ever; without ranges."""
    left = list(counts)

    def behave(answer, _):
        answer.head(200, Content_Length=SIZE)
        answer.body(CONTENT[: left.pop(0) if len(left) > 1 else left[0]])
        answer.cut()

    return behave


def piece_by_piece(count):
    """With ranges, so many bytes an answer."""

    def behave(answer, start):
        start = start or 0
        answer.head(206, Content_Range=f"bytes {start}-{SIZE - 1}/{SIZE}", Content_Length=SIZE - start)
        answer.body(CONTENT[start : start + count])
        answer.cut()

    return behave


def refuses_ranges_and_cuts(answer, start):
    if start is None:
        cut_after(200_000)(answer, None)
    else:
        answer.head(416, Content_Length=0)


def endless(answer, _):
    answer.head(200)
    while True:
        answer.body(bytes(1 << 16))


def trickle(answer, _):
    answer.head(200, Content_Length=SIZE)
    for k in range(40):
        answer.body(CONTENT[k : k + 1])
        time.sleep(0.02)
    answer.cut()


def another_range(answer, start):
    start = start or 0
    answer.head(206, Content_Range=f"bytes {start + 7}-{SIZE - 1}/{SIZE}", Content_Length=max(0, SIZE - start - 7))
    answer.body(CONTENT[start + 7 :])


def raw(text):
    return lambda answer, _: (answer.body(text), answer.cut())


BOMB = gzip.compress(bytes(50_000_000))
HOSTILE_HEADERS = {"Content_Disposition": 'attachment; filename="../../../planted"', "Location": "file:///etc/passwd"}
PERSISTENT = {
    "416 for ever": (status(416), "416"),
    "416 for what it has sent": (refuses_ranges_and_cuts, "416 for what"),
    "416 that tells of the same size": (status(416, Content_Range="bytes */0"), "416"),
    "no bytes": (status(200), "digest differs"),
    "204": (status(204), "digest differs"),
    "a redirect in circles": (lambda a, _: a.head(302, Location=a.path, Content_Length=0), "Exceeded 30 redirects"),
    "a redirect to a file": (status(302, Location="file:///etc/passwd"), "No connection adapters"),
    "a redirect to nowhere": (status(302, Location="http://127.0.0.1:9/x"), "no connection to"),
    "a redirect without a place": (status(302), "digest differs"),
    "a page of HTML": (lambda a, _: all_of_it(a, _, b"<html>Not found</html>"), "digest differs"),
    "the wrong bytes": (lambda a, _: all_of_it(a, _, CONTENT[::-1]), "digest differs"),
    "cut at once": (cut_after(0), "no connection to"),
    "cut always": (cut_after(100_000), "was cut off; 100,000 bytes are kept"),
    "cut sooner and later": (cut_after(*[200_000, 1000] * 200), "was cut off"),
    "one byte an answer": (piece_by_piece(1), "was cut off"),
    "endless": (endless, "sends more than 1,000,000 bytes"),
    "a trickle": (trickle, "was cut off"),
    "another range": (another_range, "digest differs"),
    "a gzip bomb": (lambda a, _: all_of_it(a, _, BOMB, Content_Encoding="gzip"), "digest differs"),
    "too short": (lambda a, _: (a.head(200, Content_Length=10**15), a.body(CONTENT), a.cut()), "was cut off"),
    "a length of 4,000 digits": (
        lambda a, _: (a.head(200, Content_Length="9" * 4000), a.body(b"x"), a.cut()),
        "differs|was cut off",
    ),
    "a negative length": (lambda a, _: (a.head(200, Content_Length=-5), a.body(b"x"), a.cut()), "differs|was cut off"),
    "no HTTP": (raw(b"220 mail.example ESMTP\r\n"), "no connection to"),
    "a header without end": (raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"), "no connection to"),
    "chunks that lie": (
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nabc"),
        "cut off|no connection",
    ),
    "a status of letters": (raw(b"HTTP/1.1 abc OK\r\n\r\n"), "no connection to"),
    "500": (status(500), "500 Server Error"),
    "429": (status(429, Retry_After=10**9), "429 Client Error"),
    "names of other places": (lambda a, _: all_of_it(a, _, b"x", **HOSTILE_HEADERS), "digest differs"),
}
HEALED = {
    "right": all_of_it,
    "ranges": from_there,
    "pieces": piece_by_piece(70_000),
    "cut twice": lambda a, start: (piece_by_piece(150_000) if a.server.asked < 3 else from_there)(a, start),
    "called packed": lambda a, _: all_of_it(a, _, CONTENT, Content_Encoding="gzip"),
    "names of other places": lambda a, _: all_of_it(a, _, CONTENT, **HOSTILE_HEADERS),
    "all of it for a range": lambda a, _: all_of_it(a, None),
}
LEFT = {
    "nothing": None,
    "a part": CONTENT[:5000],
    "all": CONTENT,
    "another file": b"x" * (SIZE + 3),
    "an empty part": b"",
}


@pytest.mark.parametrize("left", ["nothing", "a part"])
@pytest.mark.parametrize("behaviour", PERSISTENT)
def test_a_server_that_misbehaves_for_ever(server, tmp_path, monkeypatch, behaviour, left):
    monkeypatch.setattr(download, "LARGEST", 1_000_000)
    server.behave, message = PERSISTENT[behaviour]
    if LEFT[left] is not None:
        (tmp_path / f"{NAME}.partial").write_bytes(LEFT[left])
        message += "|was cut off|digest differs"
    with pytest.raises((ConnectionError, ValueError), match=message) as caught:
        fetch(server.url, NAME, DIGEST, tmp_path, False)
    assert "\n" not in str(caught.value)
    assert server.asked <= 40
    assert {path.name for path in tmp_path.iterdir()} <= {f"{NAME}.partial"}


@pytest.mark.parametrize("left", LEFT)
@pytest.mark.parametrize("behaviour", HEALED)
def test_a_server_that_can_be_lived_with(server, tmp_path, behaviour, left):
    server.behave = HEALED[behaviour]
    if LEFT[left] is not None:
        (tmp_path / f"{NAME}.partial").write_bytes(LEFT[left])
    try:
        found = fetch(server.url, NAME, DIGEST, tmp_path, False)
    except ValueError:  # what was kept was of another file: it is gone now
        assert left == "another file"
        found = fetch(server.url, NAME, DIGEST, tmp_path, False)
    assert found.read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


# ---- the folder ----


def test_a_partial_file_that_vanishes(server, tmp_path):
    def behave(answer, start):
        all_of_it(answer, start)
        (tmp_path / f"{NAME}.partial").unlink(missing_ok=True)

    server.behave = behave
    for _ in range(5):
        said = ""
        try:
            found = fetch(server.url, NAME, DIGEST, tmp_path, False).read_bytes()
        except ConnectionError as error:
            said, found = str(error), b""
        assert found == CONTENT or re.search("somebody removed|no connection", said)


@pytest.mark.parametrize("name", [NAME, f"{NAME}.partial"])
@pytest.mark.parametrize("planted", ["link", "hanging link", "folder", "pipe"])
def test_what_is_planted_is_not_followed(server, tmp_path, name, planted):
    server.behave = from_there
    victim, cache = tmp_path / "victim", tmp_path / "cache"
    cache.mkdir()
    victim.write_bytes(b"precious")
    plant = {
        "link": lambda path: path.symlink_to(victim),
        "hanging link": lambda path: path.symlink_to(tmp_path / "new"),
        "folder": lambda path: path.mkdir(),
        "pipe": os.mkfifo,
    }
    plant[planted](cache / name)
    with pytest.raises(OSError, match="must be a file, or nothing yet"):
        fetch(server.url, NAME, DIGEST, cache, False)
    assert (victim.read_bytes(), sorted(path.name for path in tmp_path.iterdir())) == (b"precious", ["cache", "victim"])


def test_a_full_disk_is_told(server, tmp_path, monkeypatch):
    server.behave = from_there

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download, "_write", full)
    with pytest.raises(OSError, match=r"data.tar.gz.partial cannot be written: No space left on device; 0 bytes"):
        fetch(server.url, NAME, DIGEST, tmp_path, False)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_keeps_what_has_arrived_and_frees_the_folder(server, tmp_path, monkeypatch):
    from tqdm import tqdm

    def press(*_):
        raise KeyboardInterrupt

    server.behave = from_there
    with monkeypatch.context() as pressed:
        pressed.setattr(tqdm, "update", press)
        with pytest.raises(KeyboardInterrupt):
            fetch(server.url, NAME, DIGEST, tmp_path, False)
    kept = (tmp_path / f"{NAME}.partial").read_bytes()
    assert kept
    assert CONTENT.startswith(kept)
    assert fetch(server.url, NAME, DIGEST, tmp_path, False).read_bytes() == CONTENT


# ---- addresses ----


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/cifar-10-binary.tar.gz", "ftp://example.org/cifar-10-binary.tar.gz", "cifar-10-binary.tar.gz",
        "https://example.org/..", "https://example.org/a/..%2f..%2fx.tar.gz", "https://example.org/x\0.tar.gz",
        "https://example.org/x\\..\\y.tar.gz", "https://example.org/C:x.tar.gz", "https://example.org/\x1b[31m.tar.gz",
        "https://example.org/" + "x" * 300 + ".tar.gz", "https://[::1/x.tar.gz", "https://example.org/.tar.gz",
    ],
)  # fmt: skip
def test_an_address_names_a_file_and_no_place(tmp_path, url):
    with pytest.raises(ValueError, match="url must be the address of a"):
        fetch_cifar10(cache=tmp_path / "cache", url=url, digest=DIGEST)
    assert list(tmp_path.iterdir()) == []


def test_a_password_in_an_address_is_not_told(server, tmp_path):
    url = server.url.replace("127.0.0.1", "someone:secret@127.0.0.1")
    for behave in (status(404), cut_after(0), cut_after(100_000), lambda a, _: all_of_it(a, _, b"x")):
        server.behave = behave
        with pytest.raises((ConnectionError, ValueError)) as caught:
            fetch(url, NAME, DIGEST, tmp_path, False)
        assert "secret" not in str(caught.value)


def test_how_many_servers(record_property):
    assert len(PERSISTENT) >= 25
    record_property(
        "figure",
        f"downloads: {len(PERSISTENT) * 2} servers that misbehave for ever, {len(HEALED) * len(LEFT)} that can be "
        "lived with: 0 wrong files, 0 without an end",
    )
