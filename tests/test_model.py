"""A model predicts as its objective does, on every kind of X; its file holds all of it, or is refused."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import gdfast as gd
from damage import cut, flipped
from gdfast.files import saved_arrays
from gdfast.model import KIND, VERSION

RNG = np.random.default_rng(11)
N, D, K = 60, 7, 4
X = RNG.standard_normal((N, D))
Y = RNG.integers(0, K, N)
W = RNG.standard_normal((K, D + 1))
MEAN, SCALE = RNG.standard_normal(D), RNG.uniform(0.5, 2, D)
LOSSES = [gd.Hinge(0.5), gd.SquaredHinge(), gd.CrossEntropy(), gd.SquaredError()]


def full():
    return gd.Model(
        W,
        gd.CrossEntropy(),
        class_names=["a", "b", "c", "ü"],
        feature_names=[f"f{j}" for j in range(D)],
        mean=MEAN,
        scale=SCALE,
        facts={"alpha": 1e-4, "history": {"loss": [2.3, 0.1]}, "note": None},
    )


def softmax(scores):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# ---- predictions ----


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("folded", [True, False])
def test_scores_are_the_formula(dtype, bias, folded):
    x = (10 * np.abs(X)).astype(dtype)
    w = W if bias else W[:, :-1]
    model = gd.Model(w, mean=MEAN if folded else None, scale=SCALE if folded else None, bias=bias)
    seen = (x.astype(float) - MEAN) / SCALE if folded else x.astype(float)
    expected = seen @ w[:, :D].T + (w[:, D] if bias else 0)
    scores = model.scores(x)
    assert scores.dtype == (np.float64 if dtype is np.float64 else np.float32)
    assert np.allclose(scores, expected, rtol=1e-4, atol=1e-4 if dtype is not np.float64 else 1e-12)
    assert np.array_equal(model.predict(x), scores.argmax(axis=1))


@pytest.mark.parametrize("loss", LOSSES[:3])
def test_predictions_are_those_of_the_objective(loss):
    objective = gd.LinearObjective(X, Y, loss, mean=MEAN, scale=SCALE)
    model = gd.Model(W, loss, mean=MEAN, scale=SCALE)
    assert model.scores(X).tobytes() == objective.scores(W).tobytes()
    assert np.array_equal(model.predict(X), objective.predict(W))


@pytest.mark.parametrize("bias", [True, False])
def test_sparse_rows_are_centred_through_the_bias(bias):
    sparse = pytest.importorskip("scipy.sparse")
    dense = X * (RNG.uniform(size=X.shape) < 0.4)
    model = gd.Model(W if bias else W[:, :-1], mean=MEAN, scale=SCALE, bias=bias)
    assert np.allclose(model.scores(sparse.csr_array(dense)), model.scores(dense), rtol=1e-12, atol=1e-12)


def test_regression_predicts_values():
    one = gd.Model(W[:1], gd.SquaredError())
    assert np.allclose(one.predict(X), X @ W[0, :-1] + W[0, -1])
    assert gd.Model(W, gd.SquaredError()).predict(X).shape == (N, K)


def test_probabilities():
    model = full()
    assert np.allclose(model.probabilities(X), softmax(model.scores(X)), rtol=1e-12)
    huge = gd.Model(1e300 * np.eye(3, 4), gd.CrossEntropy())
    assert np.array_equal(huge.probabilities(np.eye(3)), np.eye(3))
    with pytest.raises(ValueError, match=r"trained with CrossEntropy; the loss is Hinge\(margin=1.0\)"):
        gd.Model(W).probabilities(X)


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("folded", [(None, None), (MEAN, None), (None, SCALE), (MEAN, SCALE)])
def test_coef_and_intercept_give_the_scores_on_raw_x(k, bias, folded):
    mean, scale = folded
    model = gd.Model(W[:k] if bias else W[:k, :-1], mean=mean, scale=scale, bias=bias)
    coef, intercept = model.coef_and_intercept()
    scores = model.scores(X)
    expected = scores[:, 1:] - scores[:, :1] if k == 2 else scores
    assert coef.shape == (1 if k == 2 else k, D)
    assert np.allclose(X @ coef.T + intercept, expected, rtol=1e-12, atol=1e-12)


def test_coef_and_intercept_serve_scikit_learns_classifier():
    linear = pytest.importorskip("sklearn.linear_model")
    for k in (2, 4):
        model = gd.Model(W[:k], gd.CrossEntropy(), mean=MEAN, scale=SCALE)
        theirs = linear.LogisticRegression()
        theirs.classes_ = np.arange(k)
        theirs.coef_, theirs.intercept_ = model.coef_and_intercept()
        assert np.array_equal(theirs.predict(X), model.predict(X))
        if k > 2:
            assert np.allclose(theirs.predict_proba(X), model.probabilities(X))
    coef, intercept = gd.Model(W[:1], gd.SquaredError()).coef_and_intercept()
    assert coef.shape == (D,)
    assert intercept.shape == (1,)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (X[:, :5], "the model's 7 features; it has 5"),
        (X[0], r"X must be \(n_samples, n_features\)"),
        ([[1.0]], r"X must be \(n_samples, n_features\); it is list"),
        (np.full((2, D), np.nan), "X must be finite"),
        (X[:0], "at least one sample"),
    ],
)
def test_rows_that_do_not_fit(x, message):
    with pytest.raises(ValueError, match=message):
        full().scores(x)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"W": W.astype(int)}, TypeError, "W must be float32 or float64"),
        ({"W": W[0]}, ValueError, r"W must be \(n_classes, n_features \+ 1\)"),
        ({"W": W[:, :1]}, ValueError, "not empty"),
        ({"W": W * np.nan}, ValueError, "W must be finite"),
        ({"loss": gd.Hinge}, TypeError, "loss must be a gdfast loss"),
        ({"class_names": ["a"]}, ValueError, "class_names must hold 4 names, as W does; it holds 1"),
        ({"class_names": "abcd"}, TypeError, "class_names must be a sequence of str"),
        ({"feature_names": [1] * D}, TypeError, "feature_names must be a sequence of str"),
        ({"mean": MEAN[:3]}, ValueError, "mean"),
        ({"scale": -SCALE}, ValueError, "scale must be > 0"),
        ({"bias": 1}, TypeError, "bias must be True or False"),
        ({"facts": [1]}, TypeError, "facts must be a dict"),
        ({"facts": {"f": np.sin}}, TypeError, "facts must hold numbers"),
    ],
)
def test_parts_that_do_not_fit(arguments, error, message):
    with pytest.raises(error, match=message):
        gd.Model(**({"W": W} | arguments))


def test_a_model_keeps_its_own_weights():
    w = W.copy()
    model = gd.Model(w)
    w[:] = 0
    assert np.array_equal(model.W, W)


# ---- files ----


def same(one, other):
    arrays = ("W", "mean", "scale")
    plain = ("loss", "class_names", "feature_names", "bias")
    return all(
        (a is None) == (b is None) and (a is None or (a.dtype == b.dtype and a.tobytes() == b.tobytes()))
        for a, b in ((getattr(one, name), getattr(other, name)) for name in arrays)
    ) and all(getattr(one, name) == getattr(other, name) for name in plain)


def test_a_file_holds_all_of_a_model(tmp_path):
    model = full()
    gd.save_model(tmp_path / "m.npz", model)
    loaded = gd.load_model(tmp_path / "m.npz")
    assert same(loaded, model)
    assert loaded.facts == model.facts | {"gdfast": gd.__version__}
    assert loaded.scores(X).tobytes() == model.scores(X).tobytes()
    gd.save_model(tmp_path / "m.npz", loaded)
    assert gd.load_model(tmp_path / "m.npz").facts == loaded.facts


@pytest.mark.parametrize("loss", LOSSES)
def test_weights_and_parts_by_name(loss, tmp_path):
    gd.save_model(tmp_path / "m", W, loss=loss, bias=False)
    assert same(gd.load_model(str(tmp_path / "m")), gd.Model(W, loss, bias=False))
    with pytest.raises(TypeError, match="loss must be fields of the model, which is given whole"):
        gd.save_model(tmp_path / "m", full(), loss=loss)


@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64]),
        st.tuples(st.integers(1, 4), st.integers(2, 6)),
        elements=st.floats(-(2.0**100), 2.0**100, width=32),
    ),
    st.booleans(),
    st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.floats(allow_nan=False))),
    st.data(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_round_trips(tmp_path, w, bias, facts, data):
    names = data.draw(st.none() | st.lists(st.text(), min_size=len(w), max_size=len(w)))
    model = gd.Model(w, class_names=names, bias=bias, facts=facts)
    gd.save_model(tmp_path / "m.npz", model)
    loaded = gd.load_model(tmp_path / "m.npz")
    assert same(loaded, model)
    assert loaded.facts == facts | {"gdfast": gd.__version__}


def test_a_loss_that_is_not_ours_is_refused(tmp_path):
    class Mine(gd.Hinge):
        pass

    with pytest.raises(TypeError, match="loss must be a loss of gdfast's own"):
        gd.save_model(tmp_path / "m.npz", W, loss=Mine())
    assert list(tmp_path.iterdir()) == []


def write(path, arrays=None, version=VERSION, kind=KIND, **changes):
    facts = {"loss": ["Hinge", {"margin": 1.0}], "bias": True, "class_names": None, "feature_names": None}
    facts |= {"gdfast": "0", "facts": {}} | changes
    saved_arrays.save_arrays(path, kind, version, {"W": W} if arrays is None else arrays, facts)


def test_the_file_of_the_next_tests_is_good(tmp_path):
    write(tmp_path / "m.npz")
    assert same(gd.load_model(tmp_path / "m.npz"), gd.Model(W))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "is of version 2; this gdfast reads versions up to 1: update gdfast"),
        ({"kind": "checkpoint"}, "must hold a model; it holds a checkpoint"),
        ({"arrays": {"V": W}}, "is no model that can be used"),
        ({"arrays": {"W": W.astype("U9")}}, "is no model that can be used"),
        ({"arrays": {"W": W, "mean": MEAN[:2]}}, "is no model that can be used .*mean"),
        ({"class_names": ["a"]}, "is no model that can be used .*class_names must hold 4 names"),
        ({"class_names": 7}, "is no model that can be used"),
        ({"loss": ["system", {}]}, "'system' is no loss of gdfast's"),
        ({"loss": ["np", {}]}, "'np' is no loss of gdfast's"),
        ({"loss": ["Loss", {}]}, "'Loss' is no loss of gdfast's"),
        ({"loss": ["Hinge", {"margin": -1}]}, "is no model that can be used"),
        ({"loss": 3}, "is no model that can be used"),
        ({"bias": "yes"}, "is no model that can be used"),
        ({"facts": 3}, "is no model that can be used"),
    ],
)
def test_a_file_that_is_no_model_is_refused(changes, message, tmp_path):
    write(tmp_path / "m.npz", **changes)
    with pytest.raises(ValueError, match=message):
        gd.load_model(tmp_path / "m.npz")


def test_other_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError):
        gd.load_model(tmp_path / "none.npz")
    np.savez(tmp_path / "a.npz", W=W)
    np.savez(tmp_path / "b.npz", W=W, gdfast=np.array([None]))
    (tmp_path / "c.npz").write_bytes(b"")
    (tmp_path / "d.npz").write_bytes(b"[1, 2]")
    (tmp_path / "e.npz").write_bytes(b"\x80\x04N.")
    for name in "abcde":
        with pytest.raises(ValueError, match=rf"{name}\.npz is not a whole file of gdfast's"):
            gd.load_model(tmp_path / f"{name}.npz")
    with pytest.raises(TypeError, match="path must be a str or a path"):
        gd.load_model(3)
    with pytest.raises(TypeError, match="path must be a str or a path"):
        gd.save_model(None, W)


def test_every_flipped_byte_and_every_cut_is_found(tmp_path):
    file = tmp_path / "m.npz"
    gd.save_model(file, W[:2, :3], class_names=["a", "b"])
    size, whole = file.stat().st_size, gd.load_model(file)
    for _ in flipped(file, ((i, 0x10) for i in range(size))):
        try:
            assert same(gd.load_model(file), whole)  # a date, or another field that no reader uses
        except ValueError as error:
            message = str(error)
            assert message.startswith(str(file))
    for _ in cut(file, range(0, size, 7)):
        with pytest.raises(ValueError, match=r"m\.npz is "):
            gd.load_model(file)


def test_a_changed_number_does_not_fit_the_digest(tmp_path):
    gd.save_model(tmp_path / "m.npz", W)
    with np.load(tmp_path / "m.npz") as file:
        arrays = dict(file)
    arrays["W"] = arrays["W"] + 1e-9
    np.savez(tmp_path / "m.npz", **arrays)
    with pytest.raises(ValueError, match="is damaged: its content does not fit its digest"):
        gd.load_model(tmp_path / "m.npz")


def test_a_file_that_unpacks_to_more_than_it_has_is_refused(tmp_path):
    gd.save_model(tmp_path / "m.npz", np.zeros((10, 100_000)))
    with np.load(tmp_path / "m.npz") as file:
        np.savez_compressed(tmp_path / "bomb.npz", **dict(file))
    with pytest.raises(ValueError, match="unpacks to more than it has"):
        gd.load_model(tmp_path / "bomb.npz")


def test_the_header_is_readable_without_gdfast(tmp_path):
    gd.save_model(tmp_path / "m.npz", full())
    with np.load(tmp_path / "m.npz", allow_pickle=False) as file:
        sealed = json.loads(bytes(file["gdfast"]))
        assert np.array_equal(file["W"], W)
    assert json.loads(sealed["header"])["facts"]["class_names"] == ["a", "b", "c", "ü"]


@pytest.mark.parametrize(("module", "place"), [(np.lib.format, "write_array"), (os, "fsync"), (os, "replace")])
def test_a_full_disk_leaves_the_old_model_and_nothing_else(module, place, tmp_path, monkeypatch):
    file = tmp_path / "m.npz"
    gd.save_model(file, full())
    before = file.read_bytes()

    def full_disk(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, place, full_disk)
    with pytest.raises(OSError, match="No space left on device"):
        gd.save_model(file, gd.Model(W))
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["m.npz"]


@pytest.mark.skipif(os.name == "nt", reason="there are no limits on the size of files")
def test_a_file_that_the_system_does_not_let_grow(tmp_path):
    script = """
import resource, signal, sys
import numpy as np, gdfast as gd
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
gd.save_model("m.npz", np.ones((2, 3)))
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    gd.save_model("m.npz", np.ones((2, 3000)))
except OSError as error:
    sys.exit(0 if gd.load_model("m.npz").n_features == 2 else 2)
sys.exit(1)
"""
    outcome = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=False, env=os.environ)
    assert outcome.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["m.npz"]


def test_places_that_cannot_be_written(tmp_path):
    with pytest.raises(OSError, match="it is a folder or a device"):
        gd.save_model(tmp_path, W)
    with pytest.raises(FileNotFoundError) as caught:
        gd.save_model(tmp_path / "none" / "m.npz", W)
    assert caught.value.filename == str(tmp_path / "none" / "m.npz")
    if os.path.exists("/dev/full"):
        with pytest.raises(OSError, match="it is a folder or a device"):
            gd.save_model("/dev/full", W)


@pytest.mark.skipif(os.name == "nt", reason="permissions of Unix")
def test_others_may_read_a_model_as_any_new_file(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    gd.save_model(tmp_path / "m.npz", W)
    assert (tmp_path / "m.npz").stat().st_mode == (tmp_path / "plain").stat().st_mode
