"""The benches of classes, of h and of the kink in headless Chromium: mouse, finger, keyboard, and the numbers shown."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import gdfast as gd
from chromium import dark, errors, narrow, require, serious_faults, wait

require()

from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

BENCHES = ("classes", "differences", "kink")
LEFT, RIGHT, TOP, BELOW = 46, 12, 26, 40  # of the plane's plot area, in CSS pixels
MOST_MILLISECONDS = 8.0  # of the script for a picture: half of what 60 a second leave
pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]


@pytest.fixture(scope="module")
def address(play: str) -> str:
    return play


def text(page: Any, bench: str, selector: str) -> str:
    return str(page.execute_script(f"return document.querySelector('#{bench} {selector}').textContent"))


def press(page: Any, bench: str, words: str) -> None:
    """A button, or the option of a choice."""
    page.execute_script(
        "const all = document.querySelectorAll(`#${arguments[0]} button, #${arguments[0]} label`);"
        "[...all].find(one => one.textContent.trim() === arguments[1]).click()",
        bench,
        words,
    )


def select(page: Any, bench: str, key: str) -> None:
    page.execute_script(
        f"const list = document.querySelector('#{bench} select');"
        "list.value = arguments[0]; list.dispatchEvent(new Event('change'))",
        key,
    )


def slide(page: Any, bench: str, label: str, value: float) -> None:
    """A slider; one that moves by factors takes the logarithm."""
    page.execute_script(
        "const sliders = [...document.querySelectorAll(`#${arguments[0]} .slider`)];"
        "const input = sliders.find(one => one.textContent.startsWith(arguments[1])).querySelector('input');"
        "input.value = arguments[2]; input.dispatchEvent(new Event('input'))",
        bench,
        label,
        value,
    )


def number(words: str) -> float:
    """A number as the page writes it."""
    powers = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    found = re.fullmatch(r"(−?[\d.]+)?(?:·?10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?", words.strip())
    assert found, words
    mantissa = float((found[1] or "1").replace("−", "-"))
    if found[2] is None:
        return mantissa
    return mantissa * 10.0 ** int(found[2].translate(powers))


def weights(page: Any) -> tuple[Any, str]:
    """W as the plane's text alternative tells it, and that text."""
    label = page.find_element("css selector", "#classes canvas").get_attribute("aria-label")
    rows = re.findall(r"w = \((\S+), (\S+)\), b = (\S+?)[;.](?:\s|$)", label)
    assert len(rows) == 3, label
    return np.array([[number(each) for each in row] for row in rows]), label


def objective(page: Any) -> float:
    found = re.search(r"L = (\S+?)\.\s", text(page, "classes", ".status"))
    assert found
    return number(found[1])


def plane(page: Any) -> Any:
    canvas = page.find_element("css selector", "#classes canvas")
    page.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", canvas)
    return canvas


def disc(page: Any, W: Any, j: int) -> Any:
    """Where the disc of class j is in the plane, before anything was moved."""
    row, room = W[j].tolist(), {"left": -2.6, "right": 2.6, "bottom": -1.9, "top": 1.9}
    handle = page.execute_script(
        "const [row, j, room] = arguments; return play.weightLines.follow(row, play.firstHandles()[j], room)",
        row,
        j,
        room,
    )
    return np.array(handle["anchor"])


def offset(canvas: Any, x: float, y: float) -> tuple[int, int]:
    """From the middle of the plane's canvas, in pixels, to a point of the plane."""
    width, height = canvas.size["width"], canvas.size["height"]
    across = LEFT + (width - LEFT - RIGHT) * (x + 4) / 8
    down = height - BELOW - (height - TOP - BELOW) * (y + 3) / 6
    return round(across - width / 2), round(down - height / 2)


def test_classes_keys_move_lines_arrows_and_points(page):
    canvas = plane(page)
    before, _ = weights(page)
    canvas.send_keys(Keys.ARROW_UP * 3)  # the line of A
    line, _ = weights(page)
    np.testing.assert_array_equal(line[:, :2], before[:, :2])
    assert line[0, 2] != before[0, 2]
    page.execute_script(
        "const list = document.querySelector('#classes select'); list.value = 'arrow 1';"
        "list.dispatchEvent(new Event('change'))"
    )
    canvas.send_keys(Keys.ARROW_LEFT * 2)
    arrow, _ = weights(page)
    assert (arrow[1, :2] != line[1, :2]).all()
    np.testing.assert_array_equal(arrow[[0, 2]], line[[0, 2]])
    select(page, "classes", "point")
    rows = "document.querySelectorAll('#classes tbody tr').length"
    count = page.execute_script(f"return {rows}")
    canvas.send_keys(Keys.ARROW_RIGHT, Keys.ENTER)
    assert page.execute_script(f"return {rows}") == count + 1
    canvas.send_keys(Keys.DELETE)
    assert page.execute_script(f"return {rows}") == count
    assert errors(page) == []


def test_lecture_39_classes_first_loss_and_descent_to_zero(page):
    """W = 0: the hinge is classes - 1, softmax log 3; gradient descent brings the hinge to exactly 0, and halts."""
    press(page, "classes", "W = 0")
    assert objective(page) == 2
    press(page, "classes", "softmax")
    assert objective(page) == pytest.approx(np.log(3), abs=5e-4)
    press(page, "classes", "hinge")
    canvas, values = plane(page), [objective(page)]
    for _ in range(20):
        canvas.send_keys(Keys.ENTER)
        values.append(objective(page))
    assert all(np.diff(values) <= 0)
    for _ in range(200):
        press(page, "classes", "Step")
    assert "L = 0. The gradient is 0" in text(page, "classes", ".status")
    assert {row[-1] for row in cells(page, "classes")} == {"0"}


def test_classes_drag_with_the_mouse_and_click_to_add(page):
    canvas = plane(page)
    W, _ = weights(page)
    foot = disc(page, W, 0)
    on_line = np.array([2.5, -1.0 - 3.0 * W[0, 0] / W[0, 1]])  # of the line through the first goal
    for grip, goal in ((foot, np.array([-0.5, -1.0])), (on_line, np.array([1.0, 0.0]))):
        start, end = offset(canvas, *grip), offset(canvas, *goal)
        ActionChains(page, duration=50).move_to_element_with_offset(canvas, *start).click_and_hold().move_by_offset(
            end[0] - start[0], end[1] - start[1]
        ).release().perform()
        moved, _ = weights(page)
        np.testing.assert_array_equal(moved[:, :2], W[:, :2])
        assert moved[0, :2] @ goal + moved[0, 2] == pytest.approx(0, abs=0.03)
    rows = "document.querySelectorAll('#classes tbody tr').length"
    count = page.execute_script(f"return {rows}")
    press(page, "classes", "C")
    ActionChains(page).move_to_element_with_offset(canvas, *offset(canvas, -3.5, -2.5)).click().perform()
    assert page.execute_script(f"return {rows}") == count + 1
    assert "its class is C" in text(page, "classes", ".side-by-side .formula h3")
    press(page, "classes", "Remove the chosen point")
    assert page.execute_script(f"return {rows}") == count


def test_classes_drag_with_a_finger(page):
    with narrow(page):
        canvas = plane(page)
        W, _ = weights(page)
        foot = disc(page, W, 2)
        box = page.execute_script("return arguments[0].getBoundingClientRect().toJSON()", canvas)
        middle = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
        ends = [middle + offset(canvas, *place) for place in (foot, foot + 0.8)]
        at = [{"x": float(x), "y": float(y)} for x, y in ends]
        scrolled = page.execute_script("return scrollY")
        for kind, points in (("touchStart", at[:1]), ("touchMove", at[1:]), ("touchEnd", [])):
            page.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        moved, _ = weights(page)
        np.testing.assert_array_equal(moved[:, :2], W[:, :2])
        assert moved[2, 2] != W[2, 2]
        assert page.execute_script("return scrollY") == scrolled


def test_lecture_35_classes_mini_batches_spread(page):
    noise = "const all = document.querySelectorAll('#classes .caption'); return all[1].textContent"
    assert "no noise" in page.execute_script(noise)
    spreads = []
    for size in (12, 6, 3, 1):
        slide(page, "classes", "Mini-batch", size)
        found = re.search(rf"mini-batches of {size}\. They spread .* by (\S+) of", page.execute_script(noise))
        assert found
        spreads.append(number(found[1]))
    assert all(np.diff(spreads) > 0)


def test_classes_play_moves_in_jumps_where_motion_is_reduced(page):
    step = "Number(document.querySelector('#classes .status').textContent.match(/Step (\\d+)/)[1])"
    still = {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", still)
    try:
        press(page, "classes", "Play")
        wait(page, f"{step} > 0")
        count, start = page.execute_script(f"return [{step}, performance.now()]")
        more, now = wait(page, f"{step} > {count + 1} && [{step}, performance.now()]")
        assert (now - start) / (more - count) > 300  # milliseconds for a step
        press(page, "classes", "Pause")
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def cells(page: Any, bench: str) -> list[list[str]]:
    found = page.execute_script(
        f"const rows = [...document.querySelectorAll('#{bench} tbody tr')];"
        "return rows.map(row => [...row.children].map(cell => cell.textContent))"
    )
    return [[str(cell) for cell in row] for row in found]


@pytest.mark.parametrize("h", [0.1, 1e-5, 1e-12])
def test_lecture_18_quotients_are_gdfasts(page, h):
    select(page, "differences", "cubic")
    slide(page, "differences", "Step", np.log10(h))
    exact, forward, centred = cells(page, "differences")
    x = [1.2]
    for row, scheme in ((forward, "forward"), (centred, "centered")):
        (expected,) = gd.numerical_gradient(lambda x: float(x[0] * x[0] * x[0] - 2 * x[0]), x, h, scheme)
        assert float(row[1].replace("−", "-")) == pytest.approx(expected, rel=1e-9)
        assert number(row[2]) == pytest.approx(abs(expected - 2.32) / 2.32, rel=0.05, abs=1e-15)
    assert float(exact[1]) == pytest.approx(2.32)


def test_lecture_21_the_best_h_by_button_and_keyboard(page):
    press(page, "differences", "Best h, centred")
    error = number(cells(page, "differences")[2][2])
    assert error < 1e-10
    h = number(text(page, "differences", ".slider:nth-of-type(3) output"))
    assert 1e-6 < h < 1e-4
    graph = page.find_elements("css selector", "#differences canvas")[-1]
    page.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", graph)
    graph.send_keys(Keys.SHIFT, Keys.ARROW_LEFT * 4)
    assert number(text(page, "differences", ".slider:nth-of-type(3) output")) == pytest.approx(1e-4 * h, rel=0.1)
    assert "cancellation" in text(page, "differences", ".regime h3")
    assert wait(page, "document.querySelector('#differences .spoken').textContent.includes('centred')")
    assert "cancellation" in wait(page, "document.querySelector('#differences .spoken').textContent")
    assert errors(page) == []


def test_lecture_23_a_kink_is_told_from_a_bug(page):
    """w = 0.9, h = 0.3, kink at 1: as the check says; with a smaller h the right gradient passes, not the wrong one."""
    objective = gd.LinearObjective(np.ones((1, 1)), np.array([0]), gd.Hinge(), bias=False, n_classes=2)
    W = np.array([[0.9], [0.0]])
    right = gd.check_gradient(objective, at=W, h=0.3, coordinates=[0])
    wrong = gd.check_gradient(objective, lambda W: 2 * objective.gradient(W), W, h=0.3, coordinates=[0])
    claimed, quotient, relative, verdicts = cells(page, "kink")
    assert [number(cell) for cell in claimed[1:]] == [-1, -2]
    for column, report in ((1, right), (2, wrong)):
        assert number(quotient[column]) == pytest.approx(report.numerical[0], abs=5e-5)
        assert number(relative[column]) == pytest.approx(report.relative_error[0], rel=0.03)
        assert verdicts[column] == report.verdict
    press(page, "kink", "h that crosses none")
    assert cells(page, "kink")[3][1:] == ["PASS", "FAIL"]
    press(page, "kink", "Onto the kink")
    assert "every slope between −1 and 0 is a subgradient" in text(page, "kink", ".regime")
    curve = page.find_element("css selector", "#kink canvas")
    page.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", curve)
    curve.send_keys(Keys.ARROW_LEFT * 2)
    assert "w = 0.98" in curve.get_attribute("aria-label")
    assert errors(page) == []


@pytest.mark.parametrize("width", [320, 390])
def test_a_narrow_window_never_scrolls_sideways(chromium, address, width):
    with narrow(chromium, width):
        chromium.get(address)
        wait(chromium, "document.documentElement.dataset.ready")
        press(chromium, "classes", "softmax")
        chromium.execute_script("document.querySelectorAll('details').forEach(part => part.open = true)")
        assert chromium.execute_script("return document.documentElement.scrollWidth") <= width
        too_wide = (
            "return [...document.querySelectorAll('section > *, .bench *:not(.scroll *):not(.spoken)')].filter(part =>"
            " part.getBoundingClientRect().right > innerWidth + 1).map(part => part.outerHTML.slice(0, 80))"
        )
        assert chromium.execute_script(too_wide) == []


def test_no_serious_fault_of_accessibility_in_use(page):
    """With other choices made, every answer folded out, light and dark."""
    press(page, "classes", "softmax")
    slide(page, "classes", "Mini-batch", 3)
    slide(page, "differences", "Step", -9)
    press(page, "kink", "sign flipped")
    page.execute_script("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert serious_faults(page) == []
    with dark(page):
        assert serious_faults(page) == []
    for bench in BENCHES:
        assert page.execute_script(f"return document.querySelectorAll('#{bench} .questions details').length") == 3
        labels = page.execute_script(
            f"return [...document.querySelectorAll('#{bench} canvas')].map(canvas => canvas.getAttribute('aria-label'))"
        )
        assert all(len(label) > 40 for label in labels), labels


@pytest.mark.parametrize(
    ("bench", "label"),
    [("classes", "Mini-batch"), ("differences", "Point"), ("differences", "Step"), ("kink", "Weight")],
)
def test_a_picture_takes_few_milliseconds(page, bench, label):
    """The least of 30, as the machine may be busy: handler and drawing."""
    if bench == "kink":
        select(page, "kink", "twenty")
    page.execute_script(f"document.getElementById('{bench}').scrollIntoView({{behavior: 'instant'}})")
    times = page.execute_async_script(
        """
        const [bench, label, done] = arguments, times = [];
        const sliders = [...document.querySelectorAll(`#${bench} .slider`)];
        const input = sliders.find(one => one.textContent.startsWith(label)).querySelector("input");
        const [low, high] = [Number(input.min), Number(input.max)];
        const next = () => {
          if (times.length === 30) return done(times);
          input.value = low + (high - low) * (0.2 + 0.02 * times.length);
          const start = performance.now(), count = play.frames.count;
          input.dispatchEvent(new Event("input"));
          const handled = performance.now() - start;
          const drawn = () => {
            if (play.frames.count === count) return requestAnimationFrame(drawn);
            times.push(handled + play.frames.last.at(-1));
            return next();
          };
          return requestAnimationFrame(drawn);
        };
        next();
        """,
        bench,
        label,
    )
    assert 0 < min(times) < MOST_MILLISECONDS
