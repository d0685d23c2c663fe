"""Faults of the first release, tried as a user would; `incidents.py` lists them all, with the tests of long ago."""

from __future__ import annotations

import csv
import io
import zipfile

import numpy as np
import pytest
from click.testing import CliRunner

import gdfast as gd
from gdfast.cli import main
from gdfast.objective.losses import Loss

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
Y = np.arange(60) % 3
X += 2 * np.eye(3, 4)[Y]


def bowl():
    return gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)


@pytest.mark.parametrize("shape", [(3, 4), (1, 1), (5,), (3, 6), (4, 5), (0,), ()])
@pytest.mark.parametrize("optimizer", [gd.GradientDescent(), gd.Adam(), gd.Momentum()])
def test_a_w0_of_another_shape_with_mini_batches(shape, optimizer):
    objective = gd.LinearObjective(X, Y)
    before = objective.passes
    with pytest.raises(ValueError, match="w0 must"):
        gd.minimize(objective, np.zeros(shape), optimizer, 0.1, batches=gd.MiniBatches(8), epochs=1)
    assert objective.passes == before


def test_a_loss_with_a_code_of_its_own():
    class Mine(Loss):
        code = 99

    made = None
    with pytest.raises(TypeError):
        made = gd.LinearObjective(X, Y, Mine()).value(np.zeros((3, 5)))
    assert made is None


def test_a_subclass_of_hinge_is_used_as_it_is():
    class Halved(gd.Hinge):
        def value(self, *arguments, **options):
            return 0.5 * super().value(*arguments, **options)

    try:
        value = gd.LinearObjective(X, Y, Halved()).value(np.zeros((3, 5)))
    except TypeError:
        value = None
    assert value in (None, 0.5 * gd.LinearObjective(X, Y, gd.Hinge()).value(np.zeros((3, 5))))


@pytest.mark.parametrize("optimizer", [gd.GradientDescent(), gd.Adam(), gd.LBFGS()])
def test_c_a_float16_w0(optimizer):
    run = None
    with pytest.raises(TypeError, match="w0"):
        run = gd.minimize(bowl(), np.ones(2, dtype=np.float16), optimizer)
    assert run is None


def test_e_labels_stay_their_text(tmp_path):
    texts = ["01", "007", "7", "1e2", "100", "1"]
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["a", "label"], *[[k, text] for k, text in enumerate(texts)]])
    assert set(gd.datasets.load(tmp_path / "t.csv").class_names) == set(texts)


def test_e_rows_with_a_blank_label_are_predicted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [["a", "b", "c", "d", "kind"], *[[*map(float, x), "xyz"[k]] for x, k in zip(X, Y, strict=True)]]
    for name, table in {"t.csv": rows, "new.csv": [rows[0], *[[*row[:4], ""] for row in rows[1:]]]}.items():
        with (tmp_path / name).open("w", newline="") as file:
            csv.writer(file).writerows(table)
    trained = CliRunner().invoke(main, ["train", "t.csv", "-o", "m.npz", "--epochs", "3"])
    assert trained.exit_code == 0, trained.output
    predicted = CliRunner().invoke(main, ["predict", "m.npz", "new.csv"])
    assert predicted.exit_code == 0, predicted.output
    assert len(predicted.stdout.splitlines()) == 61


def test_f_an_estimator_is_saved(tmp_path):
    pytest.importorskip("sklearn")
    from gdfast.estimators import GDClassifier

    fitted = GDClassifier(epochs=3).fit(X, np.array(["a", "b", "c"])[Y])
    gd.save_model(tmp_path / "m.npz", fitted)
    assert gd.load_model(tmp_path / "m.npz").class_names == ("a", "b", "c")


def test_f_targets_of_several_columns():
    pytest.importorskip("sklearn")
    from gdfast.estimators import GDRegressor

    y = X @ RNG.normal(size=(4, 2))
    assert GDRegressor().fit(X, y).predict(X).shape == (60, 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda n: gd.L2(n), lambda n: gd.Adam(beta1=n), lambda n: gd.minimize(bowl(), [3.0], step=n),
        lambda n: gd.minimize(bowl(), [3.0], gtol=n), lambda n: gd.Constant(n),
    ],
)  # fmt: skip
def test_g_a_number_beyond_float64_is_named(call):
    made = None
    with pytest.raises((ValueError, TypeError), match="must"):
        made = call(10**400)
    assert made is None


def test_h_max_steps_tells_three_endings_apart():
    square = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    said = [str(gd.minimize(square, [3.0], step=step, max_steps=100)) for step in (1.1, 0.001, 1e-9)]
    assert "too large" in said[0]
    assert "falling" in said[1]
    assert "too small" in said[2]


@pytest.mark.parametrize(("given", "wanted"), [("lr", "step="), ("learning_rate", "step="), ("batch_size", "batches=")])
def test_h_arguments_of_other_libraries_are_answered(given, wanted):
    run = None
    with pytest.raises(TypeError, match=wanted):
        run = gd.minimize(bowl(), [3.0], **{given: 1})
    assert run is None


def test_h_a_history_keeps_the_weights():
    run = gd.minimize(bowl(), [3.0], max_steps=5, keep_weights=True)
    assert len(run.history.weights) == 6
    assert len(str(run.history).splitlines()) >= 6


def test_i_no_array_of_a_setting_is_saved(tmp_path):
    gd.save_model(tmp_path / "m.npz", gd.Model(np.zeros((3, 5)), gd.Hinge()))
    with zipfile.ZipFile(io.BytesIO((tmp_path / "m.npz").read_bytes())) as archive:
        assert not [name for name in archive.namelist() if "pickle" in name]
