"""`gdfast train --solve` and `--alpha cv`: the optimum that the estimators find, the choice as it is told, mistakes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import gdfast as gd
from command import blobs, gdfast, one_sentence
from gdfast.cli import main
from gdfast.training.split import held_out_rows


def run(*arguments: str | Path, code: int = 0) -> str:
    """The command in this process; its output, where it ends with that code."""
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.stderr


def objective_of(data, rows, strength):
    X = data.X[rows].astype(np.float64)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    return gd.LinearObjective(Z, data.y[rows], gd.CrossEntropy(), gd.L2(strength))


def test_it_goes_to_the_optimum_and_says_how_what_is_proven_and_why_it_stopped(flowers):
    shown = run("train", "flowers.csv", "-o", "m.npz", "--solve", "--tol", "1e-6", "--val-fraction", "0")
    for words in ("method L-BFGS preconditioned", "proven the optimum is within", "stopped tol 1e-06 is proven"):
        assert words in " ".join(shown.split())
    assert all(len(line) <= 80 for line in shown.splitlines())
    data = gd.datasets.load("flowers.csv")
    objective = objective_of(data, np.arange(150), 1 / 300)
    model = gd.load_model("m.npz")
    exact = gd.minimize(objective, np.zeros(objective.shape), gd.Newton(), 1.0, gtol=1e-12).value
    assert exact <= objective.value(model.W) <= exact * (1 + 1e-6)
    assert model.facts["solve"] is True
    assert model.facts["proven"] <= 1e-6


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_json_holds_the_proof(flowers, loss):
    said = json.loads(run("train", "flowers.csv", "-o", "m.npz", "--solve", "--loss", loss, "--json"))
    assert said["tol"] == 1e-4
    assert 0 <= said["proven"] <= 1e-4
    assert said["stopped"] == "tol 0.0001 is proven"
    assert said["method"]
    plain = json.loads(run("train", "flowers.csv", "-o", "m.npz", "--loss", loss, "--json"))
    assert "proven" not in plain


def test_what_was_not_proven_is_told_with_what_helps(flowers):
    shown = " ".join(run("train", "flowers.csv", "-o", "m.npz", "--solve", "--alpha", "0").split())
    assert "proven nothing stopped" in shown
    assert "what helps:" in shown
    assert "alpha > 0" in shown


@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_targets_and_the_page(flowers, loss):
    X, _ = blobs(120, 3, 3, seed=2)
    np.savez("t.npz", X=X, y=X @ [1.0, 0.1, 1e-3] + np.random.default_rng(0).normal(size=120))
    run("train", "t.npz", "-o", "m.npz", "--loss", loss, "--solve", "--report", "r.html", "-q")
    page = Path("r.html").read_text()
    assert "--solve" in page
    assert "Proven: the optimum is within" in page
    assert gd.load_model("m.npz").facts["proven"] <= 1e-4


def test_the_page_shows_every_step_of_a_short_run(flowers):
    run("train", "flowers.csv", "-o", "m.npz", "--solve", "--report", "r.html", "-q")
    assert "Method: L-BFGS preconditioned" in Path("r.html").read_text()


@pytest.mark.parametrize("more", [[], ["--solve"]], ids=["default", "solve"])
def test_alpha_is_what_the_estimator_chooses_on_the_rows_to_train_on(flowers, more):
    cv = pytest.importorskip("gdfast.estimators").GDClassifierCV
    said = json.loads(
        run("train", "flowers.csv", "-o", "m.npz", "--alpha", "cv", "--json", "--val-fraction", "0.2", *more)
    )
    table = said["cross_validation"]
    alphas, scores = ([row[name] for row in table] for name in ("alpha", "accuracy"))
    assert alphas == sorted(alphas, reverse=True)
    assert len(alphas) == 20
    assert said["alpha"] == alphas[int(np.argmax(scores))]
    assert gd.load_model("m.npz").facts["chosen alpha"] == said["alpha"]
    data = gd.datasets.load("flowers.csv")
    train = np.setdiff1d(np.arange(150), held_out_rows(150, 0.2, 0, data.y))
    their = cv(alphas=alphas, cv=5).fit(data.X[train], data.y[train])
    # other folds: the same curve but for that
    assert np.abs(their.scores_path_.mean(axis=0) - scores).max() < 0.1
    model = gd.load_model("m.npz")
    objective = objective_of(data, train, said["alpha"] / 2)
    w = gd.solve(objective, 1e-7).w
    assert objective.value(model.W) == pytest.approx(objective.value(w), rel=2e-3)


def test_the_table_shows_the_choice(flowers):
    pytest.importorskip("sklearn")
    shown = run("train", "flowers.csv", "-o", "m.npz", "--alpha", "cv")
    lines = shown.splitlines()
    assert lines[0].split()[:4] == ["alpha", "accuracy", "+-", "loss"]
    assert sum("<- chosen" in line for line in lines) == 1
    assert "by 5-fold cross-validation of 20 (accuracy" in shown
    X, _ = blobs(60, 3, 3, seed=2)
    np.savez("t.npz", X=X, y=X @ [1.0, 0.1, 1e-3])
    assert "R2" in run("train", "t.npz", "-o", "m.npz", "--alpha", "cv", "--loss", "squared_error").splitlines()[0]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--solve", "--epochs", "3"], 2, "leave --epochs out"),
        (["--solve", "--optimizer", "adam"], 2, "leave --optimizer out"),
        (["--solve", "--batch-size", "64"], 2, "leave --batch-size out"),
        (["--solve", "--lr", "0.1"], 2, "leave --lr out"),
        (["--solve", "--early-stopping"], 2, "leave --early-stopping out"),
        (["--tol", "1e-3"], 2, "add --solve"),
        (["--solve", "--tol", "-1"], 2, "-1 is not > 0"),
        (["--solve", "--tol", "0"], 2, "0 is not > 0"),
        (["--solve", "--tol", "nan"], 2, "nan is not > 0"),
        (["--solve", "--tol", "tight"], 2, "'tight' is no number."),
        (["--alpha", "best"], 2, "'best' is no number, nor auto or cv"),
        (["--alpha", "-1"], 2, "-1 is not >= 0"),
        (["--alpha", "inf"], 2, "inf is not >= 0"),
    ],
)
def test_mistakes_are_one_sentence_with_the_remedy(flowers, arguments, code, words):
    assert words in run("train", "flowers.csv", "-o", "m.npz", *arguments, code=code)
    assert [p.name for p in flowers.iterdir()] == ["flowers.csv"]


def test_rows_too_few_to_choose_by(flowers):
    pytest.importorskip("sklearn")
    Path("rare.csv").write_text("a,b,k\n1,2,x\n3,4,x\n5,1,x\n2,2,y\n")
    assert "class 'y' has one" in run("train", "rare.csv", "-o", "m.npz", "--alpha", "cv", code=1)
    Path("few.csv").write_text("a,b,y\n1,2,0.5\n3,4,1.5\n5,1,0.1\n")
    assert "four rows at least" in run("train", "few.csv", "-o", "m.npz", "--alpha", "cv", "--loss", "huber", code=1)


def test_solve_needs_no_scikit_learn_and_cv_says_that_it_does(flowers):
    start = "import sys; sys.modules['sklearn'] = None; sys.modules['scipy'] = None\nfrom gdfast.cli import main; "
    for loss in ("cross_entropy", "hinge"):
        code = f"{start}main(['train', 'flowers.csv', '-o', 'm.npz', '-q', '--solve', '--loss', '{loss}'])"
        subprocess.run([sys.executable, "-c", code], check=True, cwd=flowers)
    done = subprocess.run(
        [sys.executable, "-c", f"{start}main(['train', 'none.csv', '-o', 'm.npz', '--alpha', 'cv'])"],
        cwd=flowers, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "pip install 'gdfast[sklearn]'" in one_sentence(done)


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent as a signal")
def test_a_run_that_is_interrupted_goes_on_to_the_same_bits(flowers):
    X, y = blobs(12_000, 40, 8, seed=0, spread=0.4)
    np.savez("d.npz", X=(X @ np.random.default_rng(1).normal(size=(40, 40))).astype(np.float32), y=y)
    command = ["train", "d.npz", "-q", "--solve", "--alpha", "1e-6", "--tol", "1e-6", "--val-fraction", "0"]
    saved = ["--checkpoint", "run.npz", "--resume"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gdfast", *command, "-o", "a.npz", *saved],
        cwd=flowers,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not Path("run.npz").exists() and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    if process.returncode == 130:  # it is quick: by then it may have come to its end
        assert said == (
            "Interrupted: no model was written; the run is kept in run.npz: the same command with --resume goes on.\n"
        )
        assert not os.path.exists("a.npz")
    assert gdfast(*command, "-o", "a.npz", *saved, cwd=flowers).returncode == 0
    assert gdfast(*command, "-o", "b.npz", cwd=flowers).returncode == 0
    assert np.array_equal(gd.load_model("a.npz").W, gd.load_model("b.npz").W)


def test_a_run_that_ended_without_its_proof_is_no_run_to_go_on_with(flowers):
    command = ["train", "flowers.csv", "-o", "m.npz", "-q", "--solve", "--tol", "1e-15", "--checkpoint", "run.npz"]
    run(*command)
    first = gd.load_model("m.npz").W
    run(*command)
    run(*command, "--resume")
    assert np.array_equal(gd.load_model("m.npz").W, first)
