"""Every page of the built site in headless Chromium: no error, no request, nothing wider than the window, accessible.

The site is what SITE names, or build/site: `sphinx-build -W -b html docs build/site`. Skipped where there is none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from chromium import browser, dark, errors, narrow, requests, require, serious_faults, wait

require()
SITE = Path(os.environ.get("SITE", Path(__file__).parent.parent.parent / "build" / "site")).absolute()
PAGES = sorted(page.relative_to(SITE).as_posix() for page in SITE.rglob("*.html") if "_static" not in page.parts)
if not PAGES:
    pytest.skip(f"the site is not built: there is no page in {SITE}", allow_module_level=True)
# What a docstring becomes is the same for all names: of these pages axe-core examines a few.
GENERATED = [page for page in PAGES if "/generated/" in page]
EXAMINED = [page for page in PAGES if page not in GENERATED[8:]]
pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]

TOO_WIDE = """
const scrolls = 'pre, table, .pst-scrollable-table-container, mjx-container, nav, dialog, aside';
const inside = element => element.closest(scrolls);
return [...document.querySelectorAll('main *')].filter(element => !inside(element)
    && element.getBoundingClientRect().width > 0 && element.getBoundingClientRect().right > innerWidth + 1
).map(element => element.outerHTML.slice(0, 100));
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser("--host-resolver-rules=MAP * ~NOTFOUND", "--allow-file-access-from-files") as driver:
        yield driver


def opened(driver: Any, page: str) -> None:
    """The page is there, with its formulas drawn."""
    driver.get((SITE / page).as_uri())
    wait(driver, "document.readyState === 'complete'")
    if driver.execute_script("return typeof MathJax === 'object'"):
        driver.execute_async_script("MathJax.startup.promise.then(arguments[arguments.length - 1])")


def test_the_site_is_whole():
    assert {"index.html", "lecture.html", "learn/index.html", "how_to/index.html", "reference/index.html"} <= {*PAGES}
    assert "explanation/index.html" in PAGES
    assert len(GENERATED) > 150


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_no_error_asks_for_nothing_and_fits_its_window(chromium, page):
    requests(chromium), errors(chromium)
    opened(chromium, page)
    asked = requests(chromium)
    assert [url for url in asked if not url.startswith(("file://", "data:", "blob:"))] == []
    assert asked
    assert errors(chromium) == []
    assert chromium.execute_script("return document.querySelectorAll('.merror, mjx-merror').length") == 0
    broken = "return [...document.images].filter(image => !image.naturalWidth).map(image => image.src)"
    assert chromium.execute_script(broken) == []
    with narrow(chromium):
        opened(chromium, page)
        chromium.execute_script("document.querySelectorAll('details').forEach(part => part.open = true)")
        assert chromium.execute_script("return document.documentElement.scrollWidth") <= 390
        assert chromium.execute_script(TOO_WIDE) == []


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("page", EXAMINED)
def test_a_page_has_no_serious_fault_of_accessibility(chromium, page, mode):
    with ExitStack() as stack:
        if mode == "dark":
            stack.enter_context(dark(chromium))
        opened(chromium, page)
        assert chromium.execute_script("return document.documentElement.dataset.theme") == mode
        chromium.execute_script("document.querySelectorAll('details').forEach(part => part.open = true)")
        assert serious_faults(chromium) == []


def test_a_formula_is_drawn(chromium):
    opened(chromium, "explanation/scores.html")
    assert wait(chromium, "document.querySelectorAll('mjx-container').length") >= 4
    loaded = "return [...document.fonts].some(font => font.family.startsWith('MJX') && font.status === 'loaded')"
    assert chromium.execute_script(loaded)


def test_what_a_block_prints_is_shown_and_no_value_that_it_does_not(chromium):
    opened(chromium, "index.html")
    shown = chromium.execute_script("return document.querySelector('.cell_output').textContent")
    assert "held-out accuracy 0." in shown
    for page in ("reference/gallery.html", "how_to/paths.html"):
        assert "<Axes" not in (SITE / page).read_text(encoding="utf-8").replace("&lt;", "<")


def test_search_finds_a_name(chromium):
    chromium.get((SITE / "search.html").as_uri() + "?q=StrongWolfe")
    assert wait(chromium, "document.querySelectorAll('#search-results li a').length") > 0
