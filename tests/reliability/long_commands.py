"""Reading of every format, and commands, that last: pressed, they end with KeyboardInterrupt or with their sentence."""

from __future__ import annotations

import contextlib
import gzip
import http.server
import io
import pickle
import tarfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import gdfast as gd
from gdfast.cli import main
from gdfast.cli.failures import Interrupted
from reliability.presses import Operation

RNG = np.random.default_rng(4)
TABLE = RNG.normal(size=(6000, 20)).round(4)
KINDS = np.array(["setosa", "versicolor", "virginica"])[RNG.integers(0, 3, 6000)]


def rows_of(path: str, times: int = 1) -> Operation:
    """Reading it: the same rows each time, whole or not at all."""

    def run() -> Any:
        for _ in range(times):
            found = gd.datasets.load(path)
        X = found.X.tocsr() if hasattr(found.X, "tocsr") else np.asarray(found.X)
        return [X, np.asarray(found.y), list(found.class_names or ())]

    return Operation(run)


def text(quoted: bool = False, labels: bool = True, delimiter: str = ",") -> str:
    """The table as CSV."""
    mark = '"' if quoted else ""
    lines = [delimiter.join([f"{mark}f{j}{mark}" for j in range(20)] + ["kind"])]
    for row, kind in zip(TABLE, KINDS, strict=True):
        lines.append(delimiter.join([f"{mark}{x}{mark}" for x in row] + [kind if labels else str(len(kind))]))
    return "\n".join(lines) + "\n"


def written(path: str, content: str, times: int = 1) -> Operation:
    """A text file, and reading it."""
    packed = gzip.compress(content.encode()) if path.endswith(".gz") else content.encode()
    Path(path).write_bytes(packed)
    return rows_of(path, times)


def json_lines() -> Operation:
    lines = ['{"x": ' + str(row.tolist()) + f', "label": "{kind}"}}' for row, kind in zip(TABLE, KINDS, strict=True)]
    return written("rows.jsonl", "\n".join(lines) + "\n", 2)


def svmlight() -> Operation:
    rows = [" ".join(f"{j + 1}:{x}" for j, x in enumerate(row)) for row in TABLE]
    lines = [f"{len(kind)} {row}" for row, kind in zip(rows, KINDS, strict=True)]
    return written("rows.svm", "\n".join(lines) + "\n", 4)


def archive() -> Operation:
    np.savez("rows.npz", X=TABLE, y=np.unique(KINDS, return_inverse=True)[1])
    return rows_of("rows.npz", 20)


def array() -> Operation:
    np.save("rows.npy", TABLE)
    np.save("rows_labels.npy", np.unique(KINDS, return_inverse=True)[1])
    return Operation(lambda: [np.asarray(gd.datasets.load("rows.npy").X) for _ in range(40)])


def columnar(name: str) -> Operation:
    import pyarrow
    from pyarrow import feather, parquet

    table = pyarrow.table({**{f"f{j}": TABLE[:, j] for j in range(20)}, "kind": KINDS})
    if name.endswith(".parquet"):
        parquet.write_table(table, name)
    else:
        feather.write_feather(table, name)
    return rows_of(name, 12)


def cifar() -> Operation:
    """A small archive like CIFAR-10's."""
    images = np.random.default_rng(0).integers(0, 256, (10_000, 3072), dtype=np.uint8)
    with tarfile.open("cifar.tar.gz", "w:gz", compresslevel=0) as tar:
        for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
            content = pickle.dumps({b"data": images, b"labels": [i % 10 for i in range(10_000)]}, protocol=2)
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return Operation(lambda: np.asarray(gd.datasets.load_cifar10("cifar.tar.gz").X[::100]))


def chunks() -> Operation:
    """A folder of files as chunks."""
    Path("folder").mkdir()
    y = np.unique(KINDS, return_inverse=True)[1]
    for i in range(6):
        np.save(f"folder/{i}.npy", TABLE[1000 * i : 1000 * i + 1000])
        np.save(f"folder/{i}_labels.npy", y[1000 * i : 1000 * i + 1000])
    W = np.full((3, 21), 0.1)

    def run() -> Any:
        for _ in range(4):
            made = gd.ChunkedObjective("folder")
            value = made.value(W)
        return value

    return Operation(run)


def trickling() -> Operation:
    """A download from a server that sends a little at a time, into an empty cache each time."""
    import hashlib
    import shutil

    from gdfast.datasets.download import download

    content = bytes(range(256)) * 400

    class Trickle(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            first = int(self.headers.get("Range", "bytes=0-")[6:-1])
            self.send_response(206 if first else 200)
            if first:
                self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - first))
            self.end_headers()
            with contextlib.suppress(OSError):
                for i in range(first, len(content), 4096):
                    self.wfile.write(content[i : min(i + 4096, len(content))])
                    time.sleep(0.01)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Trickle)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url, digest = f"http://127.0.0.1:{server.server_address[1]}/a.tar.gz", hashlib.sha256(content).hexdigest()

    def run() -> Any:
        with contextlib.suppress(FileNotFoundError):
            Path("cache/a.tar.gz").unlink()  # what has arrived before a press stays, and is gone on from
        return download(url, "a.tar.gz", f"sha256:{digest}", "cache", False).read_bytes()

    shutil.rmtree("cache", ignore_errors=True)
    return Operation(run)


def command(*words: str, out: str | None = None, made: str = "rows.csv") -> Operation:
    """A command; pressed, it ends with code 130, a sentence, and what was there before."""
    if not Path(made).exists():
        Path(made).write_text(text())
    with contextlib.redirect_stdout(io.StringIO()):
        main(["train", made, "-o", "model.npz", "--epochs", "2", "-q"], standalone_mode=False)

    def run() -> Any:
        before = set(Path().rglob("*"))
        shown = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        try:
            with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(io.StringIO()):
                main(list(words), standalone_mode=False)
        except Interrupted as error:
            said = error.message
            if not said.startswith("Interrupted") or not said.endswith(".") or "\n" in said or error.exit_code != 130:
                raise AssertionError(f"it says {said!r}") from error
            left = {p for p in set(Path().rglob("*")) - before if "unfinished" in p.name}
            if left:
                raise AssertionError(f"it leaves {left}") from error
            raise KeyboardInterrupt from None
        return Path(out).read_bytes() if out else b""

    return Operation(run)


OPERATIONS: dict[str, Callable[[], Operation]] = {
    "load CSV": lambda: written("rows.csv", text(labels=False), 3),
    "load CSV, text labels": lambda: written("rows.csv", text(), 3),
    "load CSV, quoted": lambda: written("rows.csv", text(quoted=True), 2),
    "load CSV, semicolons": lambda: written("rows.csv", text(delimiter=";"), 3),
    "load CSV, compressed": lambda: written("rows.csv.gz", text(), 2),
    "load JSON lines": json_lines,
    "load svmlight": svmlight,
    "load .npz": archive,
    "load .npy": array,
    "load Parquet": partial(columnar, "rows.parquet"),
    "load Arrow": partial(columnar, "rows.feather"),
    "load CIFAR-10": cifar,
    "read a folder in chunks": chunks,
    "download": trickling,
    "gdfast train": partial(command, "train", "rows.csv", "-o", "m.npz", "--epochs", "60", "-q", out="m.npz"),
    "gdfast train --solve": partial(command, "train", "rows.csv", "-o", "m.npz", "--solve", "-q", out="m.npz"),
    "gdfast train --checkpoint": partial(
        command, "train", "rows.csv", "-o", "m.npz", "--epochs", "60", "-q", "--checkpoint", "run.npz", "--resume",
        out="m.npz",
    ),
    "gdfast train --report": partial(
        command, "train", "rows.csv", "-o", "m.npz", "--epochs", "5", "-q", "--report", "r.html", out="m.npz"
    ),
    "gdfast train --alpha cv": partial(command, "train", "rows.csv", "-o", "m.npz", "--alpha", "cv", "-q", out="m.npz"),
    "gdfast predict": partial(
        command, "predict", "model.npz", "rows.csv", "-o", "p.csv", "--probabilities", out="p.csv"
    ),
    "gdfast evaluate": partial(command, "evaluate", "model.npz", "rows.csv"),
    "gdfast landscape": partial(command, "landscape", "--out", "pictures"),
    "gdfast demo": partial(command, "demo", "--out", "demo"),
    "gdfast play": partial(command, "play", "--out", "play.html", out="play.html"),
    "gdfast info": partial(command, "info", "model.npz"),
}  # fmt: skip
