"""Pickles are taken apart, never loaded: plain data come out, and nothing that a hostile one asks for is done."""

from __future__ import annotations

import contextlib
import os
import pickle
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdfast.datasets import load_cifar10
from gdfast.datasets.plain_pickles import read_plain_pickle

TOUCH = "touch ran"


class Calls:
    """Pickles as a call of a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def call(module, name, *literals):
    """A pickle of protocol 0 that calls module.name on literals, which are instructions already."""
    return b"c" + f"{module}\n{name}\n".encode() + b"(" + b"".join(literals) + b"tR."


def text(value):
    return b"V" + value.encode() + b"\n"


def short(value):
    return b"\x8c" + bytes([len(value)]) + value.encode()


# Each of these makes a file where `pickle.loads` reads it, which the second test tries.
LIVE = {
    "os.system": pickle.dumps(Calls(os.system, TOUCH), protocol=0),
    "os.system, protocol 2": pickle.dumps(Calls(os.system, TOUCH), protocol=2),
    "os.system, protocol 4": pickle.dumps(Calls(os.system, TOUCH), protocol=4),
    "inside the batch": pickle.dumps({"data": Calls(os.system, TOUCH), "labels": []}),
    "as a key": b"\x80\x02}" + call("os", "system", text(TOUCH))[:-1] + b"K\x01s.",
    "posix.system": call("posix", "system", text(TOUCH)),
    "builtins.eval": call("builtins", "eval", text("open('ran', 'w').close()")),
    "builtins.exec": call("builtins", "exec", text("open('ran', 'w').close()")),
    "__builtin__ of Python 2": call("__builtin__", "eval", text("open('ran', 'w').close()")),
    "builtins.open": call("builtins", "open", text("ran"), text("w")),
    "subprocess.call": call("subprocess", "call", b"(" + text("touch") + text("ran") + b"l"),
    "runpy": call("runpy", "_run_code", text("open('ran', 'w').close()"), b"}"),
    "timeit": call("timeit", "timeit", text("pass"), text("open('ran', 'w').close()"), b"cbuiltins\nabs\n", b"I1\n"),
    "os.mkdir": call("os", "mkdir", text("ran")),
    "os.open": call("os", "open", text("ran"), b"I577\n"),
    "pathlib": b"\x80\x04cpathlib\nPath.touch\n(cpathlib\nPath\n(" + text("ran") + b"tRtR.",
    "stack global": b"\x80\x04" + short("os") + short("system") + b"\x93" + short(TOUCH) + b"\x85R.",
    "a dotted name": b"\x80\x04" + short("shutil") + short("os.system") + b"\x93" + short(TOUCH) + b"\x85R.",
    "instance": b"(" + text(TOUCH) + b"ios\nsystem\n.",
    "object": b"(cos\nsystem\n" + text(TOUCH) + b"o.",
    "numpy's memmap": call("numpy", "memmap", text("ran"), text("uint8"), text("w+"), b"I0\n", b"I8\n"),
    "after a popped one": pickle.dumps(Calls(os.system, TOUCH), protocol=2)[:-1] + b"0}.",
    "after a memo": b"\x80\x02cos\nsystem\nq\x000" + b"h\x00(" + text(TOUCH) + b"tR.",
    "reduced twice": b"cfunctools\npartial\n(cos\nsystem\n" + text(TOUCH) + b"tR)R.",
    "map": b"cbuiltins\nlist\n(cbuiltins\nmap\n(cos\nsystem\n(" + text(TOUCH) + b"ltRtR.",
}  # fmt: skip

DTYPE = b"cnumpy\ndtype\n(" + text("u1") + b"I00\nI01\ntR"
ARRAY = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\nt" + text("b") + b"tR"
BLUNT = {
    "new object": b"\x80\x02cbuiltins\nobject\n)\x81.",
    "new object with keywords": b"\x80\x04" + short("builtins") + short("dict") + b"\x93)}\x92.",
    "a persistent name": b"Pos.system\n.",
    "a persistent thing": b"\x80\x02X\x02\x00\x00\x00osQ.",
    "an extension": b"\x80\x02\x82\x01.",
    "copyreg": call("copyreg", "_reconstructor", b"cbuiltins\nobject\n", b"cbuiltins\nobject\n", b"N"),
    "a name alone": b"cos\nsystem\n.",
    "text that is called": b"\x80\x02X\x02\x00\x00\x00os)R.",
    "ndarray itself": call("numpy", "ndarray", b"I5\n"),
    "another encoding": call("_codecs", "encode", text("x"), text("rot13")),
    "objects in an array": ARRAY + b"(I1\n(I1\ntcnumpy\ndtype\n(" + text("O8") + b"I00\nI01\ntRI00\n(Vx\nltb.",
    "floats in an array": ARRAY + b"(I1\n(I1\ntcnumpy\ndtype\n(" + text("f8") + b"I00\nI01\ntRI00\nVxxxxxxxx\ntb.",
    "a huge array": ARRAY + b"(I1\n(L1000000000000000L\nt" + DTYPE + b"I00\nVx\ntb.",
    "a negative shape": ARRAY + b"(I1\n(I-1\nt" + DTYPE + b"I00\nVx\ntb.",
    "a state for a dict": b"}}b.",
    "a buffer from outside": b"\x80\x05\x97.",
    "a set": b"\x80\x04\x8f.",
    "nothing": b"",
    "no end": b"}",
    "no stack": b".",
    "no mark": b"t.",
    "no memo": b"h\x05.",
    "a list as a dict": b"]X\x01\x00\x00\x00aK\x01s.",
    "an odd dict": b"(X\x01\x00\x00\x00ad.",
    "text that is cut off": b"\x80\x02X\xff\xff\xff\x7fabc.",
    "eight bytes of length": b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"abc.",
    "an instruction that does not exist": b"\xff.",
    "digits without end": b"I" + b"9" * 100_000 + b"\n.",
}  # fmt: skip


@pytest.mark.parametrize("name", [*LIVE, *BLUNT])
def test_a_hostile_pickle_is_refused_with_a_sentence_and_runs_nothing(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = (LIVE | BLUNT)[name]
    with pytest.raises(ValueError, match=r"^f\.pkl is (a pickle that is not read|not a whole pickle of plain data)"):
        read_plain_pickle(content, "f.pkl")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="they use a shell of Unix")
@pytest.mark.parametrize("name", list(LIVE))
@pytest.mark.filterwarnings("ignore")
def test_the_live_ones_would_run_something(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with contextlib.suppress(Exception):  # what comes after the call may fail
        pickle.loads(LIVE[name])
    assert os.listdir(tmp_path) == ["ran"]


def test_there_are_at_least_25_hostile_pickles():
    assert len(LIVE) >= 25


def test_memory_is_not_taken_for_what_a_pickle_only_claims():
    bombs = [
        b"\x80\x02}r\xff\xff\xff\x7f.",  # the memo's last place
        b"(" * 100_000 + b"t" * 100_000 + b".",  # nested tuples
        b"\x80\x02](h\x00" + b"2" * 10 + b"e.",
        b"X\x01\x00\x00\x00a" + b"\x85" * 50_000 + b".",
    ]
    tracemalloc.start()
    for bomb in bombs:
        with contextlib.suppress(ValueError):
            read_plain_pickle(bomb, "f.pkl")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000_000


@pytest.mark.parametrize("name", ["os.system, protocol 2", "inside the batch", "objects in an array"])
def test_a_folder_with_a_hostile_batch_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for k in range(1, 6):
        (tmp_path / f"data_batch_{k}").write_bytes((LIVE | BLUNT)[name])
    with pytest.raises(ValueError, match=r"data_batch_1 is a pickle that is not read"):
        load_cifar10(tmp_path)
    assert not (tmp_path / "ran").exists()


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@given(PLAIN, st.sampled_from([0, 1, 2, 3, 4, 5]))
def test_plain_data_come_back_as_pickle_reads_them(data, protocol):
    content = pickle.dumps(data, protocol=protocol)
    # For old protocols Python 3 writes empty bytes as a call of `bytes`, which is no plain datum.
    if b"__builtin__\nbytes" not in content:
        assert read_plain_pickle(content, "f") == data


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_come_back(protocol, order):
    array = np.asarray(np.random.default_rng(0).integers(0, 256, (5, 7)), dtype=np.uint8, order=order)
    found = read_plain_pickle(pickle.dumps({"data": array, "n": 3}, protocol=protocol), "f")
    assert found["n"] == 3
    assert found["data"].dtype == np.uint8
    assert np.array_equal(found["data"], array)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(content):
    message = "f.pkl is "
    try:
        read_plain_pickle(content, "f.pkl")
    except ValueError as error:
        message = str(error)
    assert message.startswith("f.pkl is ")
