"""The page of a run: what it holds, that its numbers are the run's, that no text and no network gets in."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gdfast as gd
from gdfast.pictures.page import RunReport, Templates, render, write_page
from gdfast.pictures.page.curves import MOST_POINTS
from gdfast.pictures.page.document import sections
from gdfast.pictures.page.html import evenly, number, to_json
from gdfast.pictures.page.surface import limits
from pages import hostile

pytest.importorskip("plotly")


# ---- one file, no network ----


def test_nothing_is_fetched(page):
    for element in page.elements:
        for name in ("src", "href", "srcset", "action", "poster", "data"):
            assert re.match(r"#|data:", element.at.get(name, "#")), element
    assert not re.search(r"url\(|@import", page.all("style")[0].text)
    assert [link.at["rel"] for link in page.all("link")] == ["icon"]
    own = page.all("script")[-1].text
    assert "draws the figures" in own.lower()
    assert not re.search(r"https?:|fetch\(|XMLHttpRequest|WebSocket|import\(", own)


def test_the_policy_allows_these_scripts_alone(page):
    (policy,) = [meta.at["content"] for meta in page.all("meta") if "http-equiv" in meta.at]
    assert policy.startswith("default-src 'none'; ")
    assert "http" not in policy
    scripts = [script for script in page.all("script") if "type" not in script.at]
    digests = [base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode() for script in scripts]
    assert re.findall(r"'sha256-([^']+)'", policy) == digests
    assert len(digests) == 2


def test_every_text_is_text(page):
    """The hostile names are seen as they are, and none of them became an element or an attribute."""
    assert {image.at["src"][:22] for image in page.all("img")} == {"data:image/png;base64,"}
    assert not any(name.startswith("on") for element in page.elements for name in element.at)
    whole = page.all("html")[0].text
    for name in ("title", "description", "run", "path", "a", "b", "c", "check", "setting", "value", "command"):
        assert hostile(name) in whole, name
    assert [image.at["alt"] for image in page.all("img")] == [f"The weights of class {hostile(name)}" for name in "abc"]
    assert page.all("title")[0].text == hostile("title")
    (code,) = page.all("code")
    assert code.text == hostile("command")


def test_names_within_figures_are_escaped_for_plotly(figures):
    for curves in figures["curves"]["curves"].values():
        for curve in curves:
            assert "<" not in curve["name"]
    assert figures["plane"]["map"]["data"][1]["name"].startswith("&lt;/script&gt;&lt;img")


def test_lone_surrogates_do_not_break_the_file():
    assert "<title>A \\ud800 b</title>" in render(RunReport("A \ud800 b"))


@given(
    st.recursive(st.none() | st.floats() | st.text(), lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts))
)
def test_json_cannot_end_its_element_and_says_null_for_what_is_not_finite(value):
    text = to_json(value)
    assert not set("<>&") & set(text)

    def finite(x):
        if isinstance(x, float):
            return x if np.isfinite(x) else None
        if isinstance(x, list):
            return [finite(y) for y in x]
        return {k: finite(v) for k, v in x.items()} if isinstance(x, dict) else x

    assert json.loads(text) == finite(value)


# ---- structure: for readers without eyes, without a mouse, without a script ----


def test_headings_come_in_order_and_sections_are_linked(page):
    levels = [int(element.tag[1]) for element in page.elements if re.fullmatch("h[1-6]", element.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    names = [element.at["id"] for element in page.elements if "id" in element.at]
    assert len(names) == len(set(names))
    targets = [link.at["href"][1:] for link in page.all("a")]
    assert targets[0] == "main"
    assert targets[1:] == [section.at["id"] for section in page.all("section")]
    assert set(targets) <= set(names)
    assert page.all("html")[0].at["lang"] == "en"


def test_every_figure_has_a_sentence_and_its_numbers(page, figures):
    captions = {caption.at["id"]: caption.text for caption in page.all("figcaption") if "id" in caption.at}
    plots = [element for element in page.all("div") if element.at.get("class") == "plot"]
    assert {plot.at["id"] for plot in plots} == set(figures)
    for plot in plots:
        assert plot.at["role"] == "img"
        assert captions[plot.at["aria-labelledby"]].rstrip().endswith((".", "%"))
    assert len(page.all("details")) == len(plots)
    assert len([table for table in page.all("table") if "details" in table.parents]) >= len(plots)


def test_every_control_has_a_label(page):
    labelled = {label.at["for"] for label in page.all("label") if "for" in label.at}
    for control in page.all("input"):
        assert "label" in control.parents or control.at["id"] in labelled
    assert {button.at["type"] for button in page.all("button")} == {"button"}
    for scroll in [element for element in page.elements if element.at.get("class") == "scroll"]:
        assert scroll.at["tabindex"] == "0"
        assert scroll.at["aria-label"]


@pytest.mark.parametrize(
    ("part", "section"),
    [
        ("strategies", "strategies-section"),
        ("runs", "curves-section"),
        ("trajectory", "plane-section"),
        ("step_sizes", "steps-section"),
        ("templates", "templates-section"),
        ("gradient_checks", "checks-section"),
        ("settings", "settings-section"),
        ("command", "command-section"),
    ],
)
def test_what_is_absent_is_left_out(report, part, section):
    whole = [each.name for each in sections(report)]
    nothing = {} if part in ("runs", "gradient_checks", "settings") else "" if part == "command" else None
    assert [each.name for each in sections(replace(report, **{part: nothing}))] == [n for n in whole if n != section]
    assert section in whole


def test_a_page_without_figures_is_small():
    text = render(RunReport("Nothing but a title"))
    assert len(text) < 50_000
    assert "Versions and machine" in text


# ---- the numbers are the run's ----


def test_lecture_38_the_curves_are_the_history(report, figures):
    curves = figures["curves"]["curves"]
    run = report.runs[hostile("run")]
    (value, batches, whole, search, level) = curves["value"]
    assert search["y"] == report.runs["search"].history.values.tolist()
    assert level["y"] == [report.strategies.first_loss] * 2 == [2.0, 2.0]
    assert level["name"] == "2 = (n_classes - 1) * margin, the loss at W = 0"
    assert value["y"] == run.history.values.tolist()
    assert value["x"]["steps"] == run.history.steps.tolist()
    assert value["x"]["seconds"] == run.history.seconds.tolist()
    np.testing.assert_allclose(value["x"]["passes"], run.history.steps * run.passes / run.steps)
    adam = report.runs["Adam"].history
    assert batches["y"] == adam.values.tolist()
    assert whole["y"] == adam.evaluated_values.tolist()
    assert curves["held-out accuracy"][0]["y"] == run.history.metrics["held-out accuracy"].tolist()
    assert curves["accuracy"][0]["y"] == adam.metrics["accuracy"].tolist()
    assert curves["step_size"][0]["y"] == run.history.step_sizes.tolist()
    assert curves["gradient_norm"][0]["y"] == run.history.gradient_norms.tolist()


def test_a_run_that_does_not_know_its_passes_is_not_drawn_against_them():
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    (section, _) = sections(RunReport("A bowl", runs={"run": gd.minimize(bowl, [3.0], max_steps=5)}))
    assert list(section.figures[0]["against"]) == ["steps", "seconds"]
    assert 'value="passes"' not in section.body


def test_a_long_run_keeps_its_ends(report):
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    run = gd.minimize(bowl, [3.0], step=1e-4, max_steps=2500)
    (curve,) = sections(RunReport("Long", runs={"run": run}))[0].figures[0]["curves"]["value"]
    assert curve["y"].size == MOST_POINTS
    assert curve["x"]["steps"][[0, -1]].tolist() == [0, 2500]
    np.testing.assert_array_equal(curve["y"], run.history.values[curve["x"]["steps"]])


@given(st.integers(0, 500), st.integers(2, 50))
def test_evenly_chosen_positions(count, most):
    chosen = evenly(count, most)
    assert chosen.size == min(count, most)
    assert chosen.tolist() == sorted(set(chosen.tolist()))
    if count > 1:
        assert chosen[[0, -1]].tolist() == [0, count - 1]


def test_lecture_34_the_slider_stands_at_every_step_and_at_the_exact_one(report, figures, page):
    data, figure = report.step_sizes, figures["steps"]
    values = dict(zip(data.steps.tolist(), data.values.tolist(), strict=True)) | {data.exact_step: data.exact_value}
    assert figure["positions"] == sorted(values)
    assert figure["values"] == [values[step] for step in sorted(values)]
    assert figure["start"] == data.start
    assert figure["layout"]["shapes"][0]["x0"] == data.overshoot
    stops = {
        button.text: figure["positions"][int(button.at["data-stop"])]
        for button in page.all("button")
        if "data-stop" in button.at
    }
    assert stops == {"Best of these steps": data.best_step, "Exact minimiser": data.exact_step}


def test_lecture_10_the_plane_and_the_way(report, figures):
    data = report.trajectory
    for view in ("surface", "map"):
        ground, *paths = figures["plane"][view]["data"]
        assert ground["x"] == data.plane.a.tolist()
        assert ground["y"] == data.plane.b[::-1].tolist()  # rising
        assert ground["customdata"] == data.plane.values[:, ::-1].T.tolist()
        for drawn, path in zip(paths, data.paths.values(), strict=True):
            assert np.column_stack([drawn["x"], drawn["y"]]).tolist() == path.tolist()


def test_the_path_is_drawn_at_the_loss_of_its_own_points_and_its_start_is_never_cut(report, figures):
    _, *paths = figures["plane"]["surface"]["data"]
    _, top = limits(report.trajectory, report.trajectory.plane.values)
    for drawn, own in zip(paths, report.trajectory.heights.values(), strict=True):
        assert drawn["customdata"] == own.tolist()
        assert drawn["z"] == np.minimum(own, top).tolist()
        assert drawn["z"][0] == own[0]
        assert drawn["marker"]["size"][0] == drawn["marker"]["size"][-1] > drawn["marker"]["size"][1]
        assert drawn["marker"]["color"][0] == "#ffffff"


def test_what_is_cut_says_so():
    wide = gd.landscape.trajectory(
        gd.FunctionObjective(lambda w: float(w @ w)), [np.ones(2), np.zeros(2)], np.linspace(-9, 9, 31), np.arange(9.0)
    )
    (section,) = (part for part in sections(RunReport("Cut", trajectory=wide)) if part.name == "plane-section")
    figures = {"plane": section.figures[0]}
    values, (_, top) = wide.plane.values.T, limits(wide, wide.plane.values)
    assert (values > top).any()
    assert np.max(figures["plane"]["surface"]["data"][0]["z"]) == top
    assert f"are cut, drawn at {top:.4g}" in section.body
    for view in ("surface", "map"):
        said = np.array(figures["plane"][view]["data"][0]["text"])
        assert (said[values > top] == f"<br>cut: drawn at {top:.4g}").all()
        assert (said[values <= top] == "").all()
    assert figures["plane"]["map"]["data"][0]["colorbar"]["ticktext"][-1].startswith("≥ ")
    (mark,) = figures["plane"]["surface"]["layout"]["scene"]["annotations"]
    assert mark["text"] == f"cut at {top:.4g}"


def test_the_tables_and_settings_are_there(report, page):
    cells = [cell.text for cell in page.elements if cell.tag in ("td", "th")]
    for row in report.strategies.rows:
        for shown in (row.name, number(row.value), f"{100 * row.accuracy:.1f} %"):
            assert shown in cells
    assert np.__version__ in cells
    assert gd.__version__ in cells
    assert str(next(iter(report.gradient_checks.values()))) in page.all("pre")[0].text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1234567, "1,234,567"),
        (0.123456789, "0.1235"),
        (12345.678, "12,346"),
        (9999.7, "10,000"),
        (1.2e-7, "1.2e-07"),
        (None, "–"),
        (np.nan, "–"),
        ("as it is", "as it is"),
    ],
)
def test_numbers_in_tables(value, shown):
    assert number(value) == shown


# ---- mistakes ----


@pytest.mark.parametrize(
    ("parts", "error", "words"),
    [
        ({"title": 3}, TypeError, "title must be a str"),
        ({"title": " "}, ValueError, "title must not be empty"),
        ({"runs": [1]}, TypeError, "runs must be a Mapping"),
        ({"runs": {"a": 1}}, TypeError, r"runs\['a'\] must be a Result or a SearchResult or a History"),
        ({"trajectory": "x"}, TypeError, "trajectory must be a Trajectory"),
        ({"step_sizes": 1}, TypeError, "step_sizes must be a StepSizes"),
        ({"gradient_checks": {"a": None}}, TypeError, "must be a GradientReport"),
        ({"templates": np.ones((2, 4))}, TypeError, "templates must be a Templates"),
        ({"command": ["gdfast"]}, TypeError, "command must be a str"),
    ],
)
def test_a_part_of_another_type_is_named(parts, error, words):
    with pytest.raises(error, match=words):
        RunReport(**{"title": "A run", **parts})


def test_weights_that_are_no_pictures_are_named_at_once():
    with pytest.raises(ValueError, match="class_names must hold 2 names"):
        Templates(np.zeros((2, 5)), class_names=["only one"])


def test_render_wants_a_report():
    with pytest.raises(TypeError, match="report must be a RunReport"):
        render("a page")


def test_without_plotly_a_sentence_and_no_file(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    with pytest.raises(ImportError, match=r"pip install 'gdfast\[report\]'"):
        write_page(tmp_path / "run.html", RunReport("A run"))
    assert not list(tmp_path.iterdir())


def test_a_file_is_written_whole_or_not_at_all(tmp_path, report):
    write_page(tmp_path / "run.html", report)
    assert (tmp_path / "run.html").read_text(encoding="utf-8") == render(report)
    assert [path.name for path in tmp_path.iterdir()] == ["run.html"]
    with pytest.raises(OSError, match="nowhere"):
        write_page(tmp_path / "nowhere" / "run.html", report)
    assert [path.name for path in tmp_path.iterdir()] == ["run.html"]
