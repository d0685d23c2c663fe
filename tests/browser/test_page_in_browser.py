"""The page of a run in a real browser, headless Chromium: no error, no request, and all of it by keyboard.

Skipped where there is no Chromium with its driver, or no selenium; .ci/run installs them.
"""

from __future__ import annotations

from typing import Any

import pytest

from chromium import browser, dark, errors, narrow, requests, require, serious_faults, wait
from pages import hostile, small_report

pytest.importorskip("plotly")
require()

from selenium.webdriver.common.keys import Keys  # noqa: E402

from gdfast.pictures.page import write_page  # noqa: E402

INTERACTIVE = 3.0  # seconds of the main thread's own time
pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]


def see_everything(driver: Any) -> None:
    """Scroll to each figure, and wait until it is drawn."""
    for name in wait(driver, "[...document.querySelectorAll('.plot')].map(plot => plot.id)"):
        driver.execute_script(
            "document.getElementById(arguments[0]).scrollIntoView({block: 'center', behavior: 'instant'})", name
        )
        wait(driver, f"document.getElementById('{name}').dataset.drawn")
        wait(driver, f"document.querySelector('#{name} svg.main-svg')")


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("page") / "run.html"
    write_page(path, small_report())
    return path.as_uri()


def test_no_error_no_request_and_interactive_within_three_seconds(address):
    """In a browser that never saw the page; the main thread's own time, which a busy machine does not stretch."""
    with browser() as driver:
        driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        requests(driver)
        driver.get(address)
        wait(driver, "document.documentElement.dataset.ready")
        wait(driver, "document.querySelector('#curves svg.main-svg')")
        measured = driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        (busy,) = [metric["value"] for metric in measured if metric["name"] == "TaskDuration"]
        assert 0 < busy < INTERACTIVE
        see_everything(driver)
        assert errors(driver) == []
        asked = requests(driver)
        assert asked[0] == address
        assert [url for url in asked[1:] if not url.startswith(("data:", "blob:"))] == []
        assert driver.execute_script("return performance.getEntriesByType('resource').length") == 0


def test_the_policy_stops_a_request_and_a_foreign_script(page):
    page.execute_script(
        "const script = document.createElement('script'); script.textContent = 'window.broken = 2';"
        "const image = new Image(); image.src = 'http://127.0.0.1:9/x.png'; document.body.append(image, script);"
    )
    wait(page, "true")
    assert page.execute_script("return window.broken === undefined")
    assert any("Content Security Policy" in message for message in errors(page))


def test_hostile_names_stay_text(page):
    see_everything(page)
    assert page.execute_script("return window.broken === undefined")
    assert page.title == hostile("title")
    assert page.execute_script("return document.querySelectorAll('img:not([src^=\"data:\"])').length") == 0
    assert hostile("run") in page.execute_script("return document.querySelector('#curves .legend').textContent")
    assert errors(page) == []


def test_tab_reaches_every_control_in_the_order_of_the_page(page):
    seen: list[str] = []
    for _ in range(60):
        page.switch_to.active_element.send_keys(Keys.TAB)
        name = page.execute_script(
            "const e = document.activeElement; return e === document.body ? '' : e.id || e.name || e.dataset.turn ||"
            "(e.dataset.stop ? 'stop' : '') || e.className || e.getAttribute('href') || e.tagName"
        )
        if name in ("", seen[0] if seen else "none yet"):
            break
        outline = page.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", f"{name} does not show that it is focused"
        seen.append(name)
    assert seen[0] == "skip"
    turns = ["left", "right", "up", "down", "in", "out", "reset"]
    wanted = ["curves-quantity", "curves-against", "curves-log", "plane-view", *turns, "steps-slider", "stop", "copy"]
    assert list(dict.fromkeys(name for name in seen if name in wanted)) == wanted
    assert seen.count("stop") == 2


def test_the_skip_link_leads_to_the_results(page):
    page.switch_to.active_element.send_keys(Keys.TAB)
    page.switch_to.active_element.send_keys(Keys.ENTER)
    assert wait(page, "document.activeElement.id") == "main"


def test_lecture_34_arrow_keys_move_the_slider_and_the_figure(page):
    see_everything(page)
    slider = page.find_element("id", "steps-slider")
    mark = "document.getElementById('steps').data.at(-1)"
    before, text = page.execute_script(f"return {mark}.x[0]"), page.find_element("id", "steps-output").text
    slider.send_keys(Keys.ARROW_RIGHT)
    after = wait(page, f"{mark}.x[0] > {before!r} && {mark}.x[0]")
    data = small_report().step_sizes
    steps = sorted({*data.steps.tolist(), data.exact_step})
    assert after == steps[steps.index(before) + 1]
    shown = page.find_element("id", "steps-output").text
    assert shown != text
    assert slider.get_attribute("aria-valuetext") == shown
    slider.send_keys(Keys.END)
    wait(page, f"{mark}.marker.symbol === 'triangle-up'")
    assert "higher than before: overshoot, above the figure" in page.find_element("id", "steps-output").text
    for button, step in zip(
        page.find_elements("css selector", "[data-stop]"), (data.best_step, data.exact_step), strict=True
    ):
        button.send_keys(Keys.ENTER)
        wait(page, f"{mark}.x[0] === {step!r}")


def test_the_curves_change_with_the_choices(page):
    axis = "document.getElementById('curves').layout.{}.title.text"
    page.find_element("css selector", "[name=curves-quantity]:checked").send_keys(Keys.ARROW_DOWN)
    wait(page, axis.format("yaxis") + " === 'held-out accuracy'")
    page.find_element("css selector", "[name=curves-against]:checked").send_keys(Keys.ARROW_DOWN)
    wait(page, axis.format("xaxis") + " === 'passes over the data'")
    assert page.execute_script("return document.getElementById('curves').layout.yaxis.type") != "log"
    page.find_element("id", "curves-log").send_keys(Keys.SPACE)
    wait(page, "document.getElementById('curves').layout.yaxis.type === 'log'")


def test_the_plane_turns_zooms_and_becomes_a_map(page):
    see_everything(page)
    layout = "document.getElementById('plane').layout"
    if page.find_elements("css selector", "#plane-note:not([hidden])"):
        pytest.skip("this Chromium has no WebGL")
    eye = f"Object.values({layout}.scene.camera.eye)"
    distance = f"Math.hypot(...{eye})"
    home = page.execute_script(f"return {eye}")
    far = page.execute_script(f"return {distance}")
    page.find_element("css selector", "[data-turn=left]").send_keys(Keys.ENTER)
    wait(page, f"Math.abs({eye}[0] - {home[0]!r}) > 0.1")
    assert page.execute_script(f"return {distance}") == pytest.approx(far)
    page.find_element("css selector", "[data-turn=in]").send_keys(Keys.ENTER)
    wait(page, f"{distance} < {0.9 * far!r}")
    page.find_element("css selector", "[data-turn=reset]").send_keys(Keys.ENTER)
    wait(page, f"{eye}[0] === {home[0]!r} && {distance} === {far!r}")
    page.find_element("css selector", "[name=plane-view]:checked").send_keys(Keys.ARROW_DOWN)
    wait(page, "document.getElementById('plane').data[0].type === 'heatmap'")
    assert not page.find_element("css selector", "[data-turn=left]").is_enabled()
    span = f"({layout}.xaxis.range[1] - {layout}.xaxis.range[0])"
    wide = page.execute_script(f"return {span}")
    page.find_element("css selector", "[data-turn=in]").send_keys(Keys.ENTER)
    wait(page, f"{span} < {0.9 * wide!r}")
    assert errors(page) == []


def test_a_browser_without_surfaces_shows_the_map(address):
    with browser("--disable-3d-apis") as driver:
        driver.get(address)
        see_everything(driver)
        assert driver.execute_script("return document.getElementById('plane').data[0].type") == "heatmap"
        assert driver.find_element("id", "plane-note").is_displayed()
        assert errors(driver) == []


@pytest.mark.parametrize("width", [320, 360, 768])
def test_a_narrow_window_never_scrolls_sideways(chromium, address, width):
    with narrow(chromium, width):
        chromium.get(address)
        see_everything(chromium)
        chromium.execute_script("document.querySelectorAll('details').forEach(part => part.open = true)")
        assert chromium.execute_script("return document.documentElement.scrollWidth") <= width
        too_wide = (
            "return [...document.querySelectorAll('.plot, button, input, figcaption, h1, h2, p, img')].filter(part =>"
            " part.getBoundingClientRect().right > innerWidth + 1).map(part => part.outerHTML.slice(0, 80))"
        )
        assert chromium.execute_script(too_wide) == []


def test_every_table_fits_a_telephone(chromium, address):
    with narrow(chromium, 390):
        chromium.get(address)
        wait(chromium, "document.documentElement.dataset.ready")
        chromium.execute_script("document.querySelectorAll('details').forEach(part => part.open = true)")
        wide = "part => part.scrollWidth > part.clientWidth + 1"
        name = "part => part.getAttribute('aria-label') + ': ' + part.scrollWidth"
        too_wide = f"return [...document.querySelectorAll('div.scroll')].filter({wide}).map({name})"
        assert chromium.execute_script(too_wide) == []


def test_templates_are_one_row_of_a_wide_window(page):
    tops = page.execute_script(
        "return [...document.querySelectorAll('.templates img')].map(image => image.getBoundingClientRect().top)"
    )
    assert len(set(tops)) == 1 < len(tops)


def test_the_scale_of_the_objective_is_logarithmic_at_first_and_that_of_a_metric_is_not(page):
    log = "document.getElementById('curves-log').checked"
    kind = "document.getElementById('curves').layout.yaxis.type"
    wait(page, f"{log} && {kind} === 'log'")
    page.find_element("css selector", "[name=curves-quantity]:checked").send_keys(Keys.ARROW_DOWN)
    wait(page, f"!{log} && {kind} !== 'log'")
    page.find_element("css selector", "[name=curves-quantity]:checked").send_keys(Keys.ARROW_UP)
    wait(page, f"{log} && {kind} === 'log'")


def test_a_dark_window_and_paper(page):
    see_everything(page)
    text = "getComputedStyle(document.querySelector('#curves .xtitle')).fill"
    light = page.execute_script(f"return {text}")
    with dark(page):
        assert wait(page, f"{text} !== '{light}'")
        page.execute_script("dispatchEvent(new Event('beforeprint'))")
        assert wait(page, f"{text} === '{light}'")
        page.execute_script("dispatchEvent(new Event('afterprint'))")
        assert wait(page, f"{text} !== '{light}'")


def test_no_serious_fault_of_accessibility(page):
    see_everything(page)
    assert serious_faults(page) == []
    with dark(page):
        wait(page, "matchMedia('(prefers-color-scheme: dark)').matches")
        assert serious_faults(page) == []
    with narrow(page, 390):
        assert serious_faults(page) == []


def test_the_command_is_copied(page):
    page.find_element("id", "copy").send_keys(Keys.ENTER)
    status = wait(page, "document.getElementById('copied').textContent")
    assert status in ("Copied.", "Selected: copy it with the keyboard.")
    if status != "Copied.":
        assert page.execute_script("return String(getSelection())") == hostile("command")
