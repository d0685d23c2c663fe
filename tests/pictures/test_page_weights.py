"""The page of a run: weights and errors of gradients as images, each pixel the number that it stands for."""

from __future__ import annotations

import base64
import html
import re
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest

import gdfast as gd
from gdfast.pictures.page import RunReport, Templates
from gdfast.pictures.page.document import sections
from gdfast.pictures.page.gradient_checks import MOST_CELLS
from gdfast.pictures.plots.templates import class_pictures
from pages import hostile

pytest.importorskip("plotly")


def test_templates_are_the_pictures_of_the_weights(report, page):
    names, pictures = class_pictures(report.templates.W, (4, 4), None, None)
    for image, picture in zip(page.all("img"), pictures, strict=True):
        np.testing.assert_array_equal(decoded(image.at["src"]), np.round(255 * picture).astype(np.uint8))
    assert len(names) == len(page.all("img"))


def test_coloured_templates():
    W = np.random.default_rng(0).normal(size=(2, 13))
    (section, _) = sections(RunReport("Colours", templates=Templates(W, (3, 2, 2))))
    sources = re.findall(r'src="([^"]+)"', section.body)
    for source, picture in zip(sources, class_pictures(W, (3, 2, 2), None, None)[1], strict=True):
        np.testing.assert_array_equal(decoded(source), np.round(255 * picture).astype(np.uint8))


def decoded(source: str) -> np.ndarray:
    """The pixels of a PNG that filters nothing, read chunk by chunk."""
    data = base64.b64decode(source.removeprefix("data:image/png;base64,"))
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, place = {}, 8
    while place < len(data):
        (size,) = struct.unpack(">I", data[place : place + 4])
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + size]
        assert struct.unpack(">I", data[place + 8 + size : place + 12 + size]) == (zlib.crc32(kind + body),)
        chunks[kind], place = body, place + 12 + size
    columns, rows, depth, colours = struct.unpack(">2I2B", chunks[b"IHDR"][:10])
    assert depth == 8
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(rows, -1)
    assert not lines[:, 0].any()
    return lines[:, 1:] if colours == 0 else lines[:, 1:].reshape(rows, columns, 3)


def test_lecture_23_every_relative_error_is_where_it_belongs(report):
    (check,) = report.gradient_checks.values()
    (section,) = [part for part in sections(replace(report, templates=None)) if part.name == "checks-section"]
    expected = np.log10(np.clip(check.relative_error, 1e-12, 1)).reshape(check.shape)
    np.testing.assert_allclose(section.figures[0]["data"][0]["z"], expected, atol=5.1e-4)


def test_where_the_weights_are_images_each_class_has_an_image_of_its_errors(report, figures, page):
    (check,) = report.gradient_checks.values()
    errors = np.log10(np.clip(check.relative_error, 1e-12, 1)).reshape(check.shape)
    shown = np.array(figures["check-0"]["data"][0]["z"], dtype=float)
    assert shown.shape == (4, 14)  # three of 4 x 4, and a column between two of them
    for k in range(3):
        np.testing.assert_allclose(shown[:, 5 * k : 5 * k + 4], errors[k, :16].reshape(4, 4), atol=5.1e-4)
    assert np.isnan(shown[:, [4, 9]]).all()
    titles = [title["text"] for title in figures["check-0"]["layout"]["annotations"]]
    assert [html.unescape(title) for title in titles] == [hostile(name) for name in "abc"]
    assert figures["check-0"]["data"][0]["customdata"][1][7].endswith(" (1, 2)")
    bias = check.relative_error.reshape(check.shape)[:, -1].max()
    assert f"The largest error of a bias is {bias:.2g}." in page.all("html")[0].text


def test_of_three_colours_the_largest_error_is_shown():
    W = np.ones((2, 13))
    wrong = np.zeros((2, 13))
    wrong[1, 7] = 0.25  # the second colour of the last pixel
    check = gd.check_gradient(lambda w: 0.5 * float(np.sum(w * w)), lambda w: w * (1 + wrong), W)
    (part, _) = [
        part
        for part in sections(RunReport("Colours", templates=Templates(W, (3, 2, 2)), gradient_checks={"wrong": check}))
        if part.figures or part.name == "templates-section"
    ][::-1]
    z = np.array(part.figures[0]["data"][0]["z"])
    assert z.shape == (2, 5)
    assert z[1, 4] == pytest.approx(np.log10(check.relative_error[20]), abs=5.1e-4)
    assert np.nanmax(np.delete(z.ravel(), 9)) < -8


def test_the_sentence_of_a_check_tells_the_error_that_is_judged_from_one_across_a_kink():
    objective = gd.LinearObjective(np.array([[1.0]]), np.array([0]), bias=False, n_classes=2)
    check = gd.check_gradient(objective, at=np.array([[1.0 + 1e-6], [0.0]]))
    assert check.passed
    assert check.max_relative_error > 0.1
    body = sections(RunReport("Kinks", gradient_checks={"check": check}))[0].body
    assert f"The largest that is judged is {check.unexplained:.2g}, the tolerance 1e-05." in body


def test_a_large_check_shows_the_largest_error_of_each_cell_and_none_where_none_was_checked():
    columns = 2 * MOST_CELLS[1] + 1
    point, wrong = np.ones((2, columns)), np.zeros((2, columns))
    wrong[1, 7] = 0.5
    check = gd.check_gradient(
        lambda w: 0.5 * float(np.sum(w * w)),
        lambda w: w * (1 + wrong),
        point,
        coordinates=np.arange(columns, columns + 30),
    )
    (section, _) = sections(RunReport("Large", gradient_checks={"check": check}))
    trace = section.figures[0]["data"][0]
    z, (width, height) = trace["z"], (trace["dx"], trace["dy"])
    assert (width, height) == (3, 1)
    assert np.isnan(z[0]).all()
    assert np.isnan(z[1, 10:]).all()
    errors = dict(zip((check.coordinates - columns).tolist(), check.relative_error.tolist(), strict=True))
    for cell in range(10):
        largest = max(errors[i] for i in range(3 * cell, 3 * cell + 3))
        assert z[1, cell] == pytest.approx(np.log10(max(largest, 1e-12)), abs=5.1e-4)
    assert "Each cell is the largest of 1 by 3 coordinates." in section.body
