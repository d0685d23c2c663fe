"""Downloads against a server of our own on loopback: right, wrong, cut off and resumed, refused, absent."""

from __future__ import annotations

import hashlib
import http.server
import re
import socket
import subprocess
import sys
import threading

import numpy as np
import pytest

from gdfast.datasets import download, fetch_cifar10
from gdfast.datasets.download import download as fetch

pytest.importorskip("pooch")
pytest.importorskip("requests")

CONTENT = np.random.default_rng(0).integers(0, 256, 3_000_000, dtype=np.uint8).tobytes()
DIGEST = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
NAME = "data.tar.gz"


class Server(http.server.ThreadingHTTPServer):
    """Serves one content; `cuts` says after how many bytes each answer breaks off, `ranges` whether it resumes."""

    def __init__(self, content):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.cuts, self.ranges, self.asked, self.status = content, [], True, [], None
        self.url = f"http://127.0.0.1:{self.server_port}/files/{NAME}"

    def handle_error(self, request, address):
        """A client that hangs up is no news."""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        content, start = self.server.content, 0
        if self.server.status:
            self.send_error(self.server.status)
            return
        if wanted and self.server.ranges:
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
            if start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = start + self.server.cuts.pop(0) if self.server.cuts else len(content)
        self.wfile.write(content[start:end])
        self.wfile.flush()
        if end < len(content):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_):
        """Not on the terminal."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "PAUSE", 0.0)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Server(CONTENT) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_download_arrives_once(server, tmp_path):
    for _ in range(2):
        file = fetch(server.url, NAME, DIGEST, tmp_path / "new", False)
        assert file.read_bytes() == CONTENT
    assert server.asked == [None]
    assert names(tmp_path / "new") == [NAME]


@pytest.mark.skipif(sys.platform == "win32", reason="folders cannot be locked there")
def test_several_at_once_download_once(server, tmp_path):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(fetch(server.url, NAME, DIGEST, tmp_path, False).read_bytes()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [CONTENT] * 4
    assert server.asked == [None]


def test_a_digest_may_be_md5(server, tmp_path):
    file = fetch(server.url, NAME, "md5:" + hashlib.md5(CONTENT).hexdigest(), tmp_path, False)
    assert file.read_bytes() == CONTENT


def test_a_wrong_digest_is_told_and_the_file_removed(server, tmp_path):
    server.content = CONTENT[:-1] + b"x"
    with pytest.raises(
        ValueError, match=rf"is not {NAME}: its digest differs from the published .*, and it was removed"
    ):
        fetch(server.url, NAME, DIGEST, tmp_path, False)
    assert names(tmp_path) == []


def test_a_spoiled_file_in_the_cache_is_fetched_again(server, tmp_path):
    (tmp_path / NAME).write_bytes(b"spoiled")
    assert fetch(server.url, NAME, DIGEST, tmp_path, False).read_bytes() == CONTENT


def test_a_cut_off_download_goes_on_at_once(server, tmp_path):
    server.cuts = [1_000_000, 500_000]
    assert fetch(server.url, NAME, DIGEST, tmp_path, False).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=1000000-", "bytes=1500000-"]
    assert names(tmp_path) == [NAME]


def test_a_cut_off_download_goes_on_at_the_next_call(server, tmp_path):
    server.cuts = [1_000_000] + [0] * 100
    with pytest.raises(
        ConnectionError, match=r"was cut off; 1,000,000 bytes are kept in .*the next call goes on there"
    ):
        fetch(server.url, NAME, DIGEST, tmp_path, False)
    assert names(tmp_path) == [f"{NAME}.partial"]
    kept = (tmp_path / f"{NAME}.partial").read_bytes()
    assert kept == CONTENT[:1_000_000]
    server.cuts, server.asked = [], []
    assert fetch(server.url, NAME, DIGEST, tmp_path, False).read_bytes() == CONTENT
    assert server.asked == [f"bytes={len(kept)}-"]
    assert names(tmp_path) == [NAME]


def test_a_server_without_ranges_sends_all_again(server, tmp_path):
    server.cuts, server.ranges = [1_000_000], False
    assert fetch(server.url, NAME, DIGEST, tmp_path, False).read_bytes() == CONTENT


def test_a_kept_part_that_is_whole_already(server, tmp_path):
    (tmp_path / f"{NAME}.partial").write_bytes(CONTENT)
    assert fetch(server.url, NAME, DIGEST, tmp_path, False).read_bytes() == CONTENT


def test_a_kept_part_of_another_file(server, tmp_path):
    (tmp_path / f"{NAME}.partial").write_bytes(CONTENT + b"more")
    assert fetch(server.url, NAME, DIGEST, tmp_path, False).read_bytes() == CONTENT
    (tmp_path / NAME).unlink()
    (tmp_path / f"{NAME}.partial").write_bytes(b"x" * 1000)
    with pytest.raises(ValueError, match="its digest differs"):
        fetch(server.url, NAME, DIGEST, tmp_path, False)
    assert fetch(server.url, NAME, DIGEST, tmp_path, False).read_bytes() == CONTENT


def test_a_server_that_never_ends_is_left(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "LARGEST", 1_000_000)
    with pytest.raises(ConnectionError, match="sends more than 1,000,000 bytes"):
        fetch(server.url, NAME, DIGEST, tmp_path, False)
    assert names(tmp_path) == []


@pytest.mark.parametrize("status", [404, 403, 500])
def test_a_server_that_refuses(status, server, tmp_path):
    server.status = status
    with pytest.raises(ConnectionError, match=rf"could not be downloaded: {status} .*Give url= of a mirror"):
        fetch(server.url, NAME, DIGEST, tmp_path, False)
    assert names(tmp_path) == []


def test_no_server(server, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/cifar-10-binary.tar.gz"
        with pytest.raises(ConnectionError, match=r"no connection to http://127.* give its path to .*load_cifar10"):
            fetch_cifar10(cache=tmp_path, url=url)
    assert names(tmp_path) == []


def test_progress_is_shown_when_asked_for(server, tmp_path, capsys):
    fetch(server.url, NAME, DIGEST, tmp_path, True)
    assert "3.00M/3.00M" in capsys.readouterr().err
    (tmp_path / NAME).unlink()
    fetch(server.url, NAME, DIGEST, tmp_path, False)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_fetch_cifar10_reads_what_it_downloaded(server, tmp_path, binary_archive):
    server.content = binary_archive.read_bytes()
    digest = "sha256:" + hashlib.sha256(server.content).hexdigest()
    url = server.url.replace(NAME, "cifar-10-binary.tar.gz")
    cifar = fetch_cifar10(cache=tmp_path, url=url, digest=digest)
    assert cifar.X.shape == (50_000, 3072)
    assert cifar.X_test.shape == (10_000, 3072)
    assert fetch_cifar10(held_out=7, cache=tmp_path, url=url, digest=digest).X_test.shape == (7, 3072)
    assert server.asked == [None]
    assert names(tmp_path) == ["cifar-10-binary.tar.gz"]


def test_fetch_cifar10_wants_the_published_digest(server, tmp_path):
    with pytest.raises(ValueError, match="its digest differs from the published sha256:c4a38c50a1bc5f3a"):
        fetch_cifar10(cache=tmp_path, url=server.url.replace(NAME, "cifar-10-binary.tar.gz"))
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"url": "https://example.org/page.html"}, "url must be the address of a .tar.gz"),
        ({"url": "https://example.org/mine.tar.gz"}, "digest must be given for 'mine.tar.gz'"),
        ({"digest": "c4a3"}, "digest must be 'sha256:' and 64 digits"),
        ({"held_out": 50_000}, "held_out must be < 50,000"),
        ({"digest": "sha1:" + "0" * 40}, "digest must be 'sha256:' and 64 digits"),
    ],
)
def test_bad_addresses_and_digests(settings, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        fetch_cifar10(cache=tmp_path, **settings)


def test_without_pooch_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r"pip install 'gdfast\[download\]'"):
        fetch_cifar10(cache=tmp_path)


def test_importing_the_module_imports_no_heavy_library():
    code = "import sys, gdfast.datasets, gdfast.model; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert not {"pooch", "requests", "pyarrow", "pandas", "scipy", "sklearn", "tqdm"} & set(run.stdout.split())
