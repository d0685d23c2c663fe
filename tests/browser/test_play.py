"""The page of `gdfast play` in headless Chromium: no error, no request, keyboard, touch, dark, narrow, still, quick.

Skipped where there is no Chromium with its driver, or no selenium; .ci/run installs them.
"""

from __future__ import annotations

import re
import statistics
from typing import Any

import pytest

import gdfast as gd
from chromium import browser, dark, errors, narrow, reduced_motion, requests, require, serious_faults, wait
from gdfast.test_functions import Valley

require()

from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]
SLOWER = 6  # by how much the processor is slowed down where frames are measured: a telephone, or a laptop of five years
FRAME = 1000 / 60  # milliseconds
PICTURE, STATUS = "#descent .picture canvas", "#descent .status"


@pytest.fixture(scope="module")
def address(play: str) -> str:
    return play


def text(driver: Any, selector: str) -> str:
    return str(driver.find_element("css selector", selector).text)


def button(driver: Any, words: str) -> Any:
    (found,) = (b for b in driver.find_elements("css selector", "#descent button") if b.text == words)
    return found


def press(driver: Any, words: str) -> None:
    button(driver, words).send_keys(Keys.ENTER)


def choose(driver: Any, function: str, method: str) -> None:
    driver.find_element("css selector", f"#descent [value={function}]").send_keys(Keys.SPACE)
    driver.find_element("css selector", f"#descent option[value={method}]").click()


def test_no_error_no_request_and_every_bench_is_there(address):
    with browser() as driver:
        requests(driver)
        driver.get(address)
        wait(driver, "document.documentElement.dataset.ready")
        wait(driver, "play.frames.count > 0")
        names = driver.execute_script("return play.benches.map(bench => bench.name)")
        assert [section.get_attribute("id") for section in driver.find_elements("css selector", "section")] == names
        links = driver.find_elements("css selector", "nav a")
        assert [link.get_attribute("href").partition("#")[2] for link in links] == names
        for section in driver.find_elements("css selector", "section"):
            answers = section.find_elements("css selector", ".questions details p")
            assert len(answers) == 3
            assert all(answer.get_attribute("textContent") for answer in answers)
        assert errors(driver) == []
        assert [url for url in requests(driver) if url != address and not url.startswith(("data:", "blob:"))] == []
        assert driver.execute_script("return performance.getEntriesByType('resource').length") == 0


def test_lecture_31_the_steps_of_the_worked_example(page):
    """w0 = 3, a = 0.1: the page shows gdfast's numbers, in words too."""
    weights = gd.minimize(Valley(), [3.0], step=0.1, max_steps=10, keep_weights=True).history.weights[:, 0]
    assert "3 − 0.1 · 6 = 2.4" in text(page, "#descent .formula")
    for k in range(1, 11):
        press(page, "Step")
        assert text(page, STATUS).startswith(f"Step {k}: w = {weights[k]:.4g}, L = {weights[k] ** 2:.4g}, slope")
    label = page.find_element("css selector", PICTURE).get_attribute("aria-label")
    assert text(page, STATUS) in label
    assert "converging" in text(page, "#descent .regime")
    wait(page, "document.querySelector('#descent .spoken').textContent.includes('Step 10: w = 0.3221')")
    page.find_element("css selector", "#descent .below summary").send_keys(Keys.ENTER)
    rows = page.find_elements("css selector", "#descent tbody tr")
    assert [row.text.split()[1] for row in rows] == [f"{w:.4g}" for w in weights]


def test_all_by_keyboard(page):
    """The arrow keys move the start, Enter steps, Space plays and pauses, Backspace resets; Tab gets there."""
    seen = []
    for _ in range(40):
        page.switch_to.active_element.send_keys(Keys.TAB)
        seen.append(page.execute_script("return document.activeElement.tagName + (document.activeElement.type ?? '')"))
        outlined = page.execute_script(
            "const e = document.activeElement; const shown = e.matches('.pill input') ? e.nextElementSibling : e;"
            "return getComputedStyle(shown).outlineStyle"
        )
        assert outlined == "solid", f"{seen[-1]} does not show that it is focused"
        if seen[-1] == "SUMMARY":
            break
    assert [tag for tag in seen if tag != "A"] == [
        "CANVAS", *["BUTTONbutton"] * 4, "INPUTradio", "SELECTselect-one", "INPUTrange",
        "SUMMARY",
    ]  # fmt: skip
    picture = page.find_element("css selector", PICTURE)
    picture.send_keys(Keys.ARROW_LEFT)
    assert text(page, STATUS).startswith("Step 0: w = 2.9, L = 8.41")
    picture.send_keys(Keys.ENTER)
    assert text(page, STATUS).startswith("Step 1: w = 2.32,")
    picture.send_keys(Keys.SPACE)
    wait(page, "document.querySelector('#descent .status').textContent.startsWith('Step 3')")
    picture.send_keys(Keys.SPACE)
    assert button(page, "Play").is_enabled()
    picture.send_keys(Keys.BACKSPACE)
    assert text(page, STATUS).startswith("Step 0: w = 2.9,")
    slider = page.find_element("css selector", "#descent input[type=range]")
    slider.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert slider.get_attribute("aria-valuetext") == "0.12"
    slider.send_keys(Keys.ARROW_LEFT)
    assert slider.get_attribute("aria-valuetext") == "0.11"
    slider.send_keys(Keys.END)
    assert slider.get_attribute("aria-valuetext") == "10"
    assert "diverging" in text(page, "#descent .regime")


def test_a_click_and_a_drag_move_the_start(page):
    picture = page.find_element("css selector", PICTURE)
    page.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", picture)
    ActionChains(page).move_to_element(picture).click().perform()
    first = text(page, STATUS)
    assert first.startswith("Step 0: w = −0.")  # the middle of the canvas, whose axis stands at the left
    ActionChains(page).move_to_element(picture).click_and_hold().move_by_offset(-120, 0).release().perform()
    assert text(page, STATUS).startswith("Step 0: w = −1.")
    ActionChains(page).move_to_element(picture).click().perform()
    assert text(page, STATUS) == first


@pytest.mark.parametrize("function", ["parabola", "bumpy", "himmelblau", "bowl"])
def test_every_method_shows_its_numbers_and_its_end_on_every_function(page, function):
    for method in page.execute_script("return Object.keys(play.methods)"):
        choose(page, function, method)
        numbers = page.find_elements("css selector", "#descent .formula .numbers")
        assert numbers
        assert all(line.text for line in numbers)
        press(page, "30 steps")
        k, w = page.execute_script(
            "const f = play.functions[arguments[0]]; const end = play.run(f, arguments[1], f.start, f.rate, 30).at(-1);"
            "return [end.k, play.point(end.w)]",
            function,
            method,
        )
        assert text(page, STATUS).startswith(f"Step {k}: w = {w}, L = ")
        regime = text(page, "#descent .regime h3").removeprefix("Regime: ")
        assert regime in ("creeping", "converging", "converged", "oscillating", "diverging")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_fault_of_accessibility(page, scheme):
    for answer in page.find_elements("css selector", "details"):
        page.execute_script("arguments[0].open = true", answer)
    if scheme == "dark":
        with dark(page):
            assert serious_faults(page) == []
    else:
        assert serious_faults(page) == []


@pytest.mark.parametrize("width", [320, 390, 768])
def test_a_narrow_window_never_scrolls_sideways_and_a_tap_is_a_click(chromium, address, width):
    with narrow(chromium, width):
        chromium.get(address)
        wait(chromium, "document.documentElement.dataset.ready")
        chromium.execute_script("document.querySelectorAll('details').forEach(part => part.open = true)")
        for function in ("himmelblau", "bumpy", "parabola"):
            choose(chromium, function, "adam")
            assert chromium.execute_script("return document.documentElement.scrollWidth") <= width
        small = chromium.execute_script(
            "return [...document.querySelectorAll('button, select, .pill, summary')].filter(part =>"
            " part.getBoundingClientRect().height < 24).map(part => part.outerHTML.slice(0, 80))"
        )
        assert small == []
        picture = chromium.find_element("css selector", PICTURE)
        chromium.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", picture)
        box = chromium.execute_script("return arguments[0].getBoundingClientRect().toJSON()", picture)
        at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        for kind, points in (("touchStart", [at]), ("touchEnd", [])):
            chromium.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        wait(chromium, "/^Step 0: w = −0/.test(document.querySelector('#descent .status').textContent)")
        assert errors(chromium) == []


def test_a_finger_on_the_start_drags_it_and_elsewhere_scrolls(chromium, address):
    """A tap sets the start; then the finger on it moves it along, and the page stays where it is."""
    with narrow(chromium):
        chromium.get(address)
        wait(chromium, "document.documentElement.dataset.ready")
        choose(chromium, "himmelblau", "gradient_descent")
        picture = chromium.find_element("css selector", PICTURE)
        chromium.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", picture)
        box = chromium.execute_script("return arguments[0].getBoundingClientRect().toJSON()", picture)
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

        def touch(kind: str, *points: tuple[float, float]) -> None:
            places = [{"x": across, "y": down} for across, down in points]
            chromium.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

        def start_after(*places: tuple[float, float]) -> list[float]:
            touch("touchStart", places[0])
            for place in places[1:]:
                touch("touchMove", place)
            touch("touchEnd")
            shown = wait(chromium, "document.querySelector('#descent .status').textContent")
            return [float(element.replace("−", "-")) for element in re.findall(r"w = \((.*?), (.*?)\)", shown)[0]]

        tapped, scrolled = start_after((x, y)), chromium.execute_script("return scrollY")
        moved = start_after((x, y), (x + 20, y - 20), (x + 40, y - 40))
        assert moved[0] > tapped[0] + 0.5
        assert moved[1] > tapped[1] + 0.5
        assert chromium.execute_script("return scrollY") == scrolled
        assert start_after((x - 80, y), (x - 80, y - 30), (x - 80, y - 60)) == moved
        assert errors(chromium) == []


def test_a_dark_window_changes_the_pictures(page):
    pixel = (
        "(() => { const c = document.querySelector('#descent .picture canvas');"
        " return [...c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data]; })()"
    )
    choose(page, "himmelblau", "gradient_descent")
    bright = wait(page, f"play.frames.count > 1 && {pixel}")
    with dark(page):
        shown = wait(page, f"{pixel}[0] < {bright[0]} - 50 && {pixel}")
    assert all(now < before - 50 for now, before in zip(shown[:3], bright[:3], strict=True))


def test_reduced_motion_jumps(page):
    """While it plays, the point stands on points of the run, and nowhere between."""
    with reduced_motion(page):
        page.execute_script(
            "window.places = new Set(); const arc = CanvasRenderingContext2D.prototype.arc;"
            "const chart = document.querySelector('#descent .picture canvas').getContext('2d');"
            "CanvasRenderingContext2D.prototype.arc = function (x, y, radius, ...rest) {"
            " if (this === chart && radius === 7) places.add(Math.round(x));"
            " return arc.call(this, x, y, radius, ...rest); };"
        )
        press(page, "Play")
        wait(page, "document.querySelector('#descent .status').textContent.startsWith('Step 4')")
        press(page, "Pause")
        steps = int(text(page, STATUS).split(":")[0].removeprefix("Step "))
        assert page.execute_script("return places.size") == steps + 1  # w0 (the ring), and a place for each step


def test_sixty_frames_a_second_on_a_slow_processor(page):
    """The script's own milliseconds a frame while Himmelblau's function is played on, the least of three rounds."""
    choose(page, "himmelblau", "momentum")
    page.execute_cdp_cmd("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    rounds = []
    try:
        for _ in range(3):
            press(page, "Reset")  # which also ends what is played: the run may end by itself, but in no 121 frames
            page.execute_script("play.frames.last.length = 0")
            press(page, "Play")
            spent = wait(page, "play.frames.last.length > 120 && play.frames.last")
            rounds.append((statistics.quantiles(spent, n=10)[-1], statistics.median(spent)))
    finally:
        page.execute_cdp_cmd("Emulation.setCPUThrottlingRate", {"rate": 1})
    slow, middle = min(rounds)
    print(f"{middle:.2f} ms a frame, nine of ten within {slow:.2f} ms")
    assert middle < FRAME / 2
    assert slow < FRAME
