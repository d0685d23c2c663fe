"""Headless Chromium for tests of pages: what it logs and requests, and what axe-core says of a page's accessibility.

A test module that needs it calls `require()` first: it is skipped where Chromium, its driver or selenium are missing.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--enable-unsafe-swiftshader",
    "--window-size=1280,900",
)
PATIENCE = 60  # seconds until a test gives up: a surface without a graphics card on a busy machine


def require() -> None:
    """Skip the module that is being collected where there is no browser."""
    pytest.importorskip("selenium", reason="selenium is not installed")
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("chromium and chromedriver are not installed", allow_module_level=True)


@contextmanager
def browser(*flags: str) -> Iterator[Any]:
    """A fresh one, with its console and its requests logged."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, *flags):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER, log_output=os.devnull))
    try:
        driver.set_script_timeout(PATIENCE)
        driver.set_page_load_timeout(PATIENCE)
        yield driver
    finally:
        driver.quit()


def wait(driver: Any, script: str) -> Any:
    """What the script returns once it is true."""
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(driver, PATIENCE, poll_frequency=0.05).until(
        lambda d: d.execute_script(f"return {script}"), script
    )


def errors(driver: Any) -> list[str]:
    """What the console has said of errors since it was last asked."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]


def requests(driver: Any) -> list[str]:
    """The addresses that were asked for since it was last asked."""
    messages = (json.loads(entry["message"])["message"] for entry in driver.get_log("performance"))
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


@contextmanager
def narrow(driver: Any, width: int = 390) -> Iterator[None]:
    """A window as wide as a telephone's."""
    size = {"width": width, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        yield
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@contextmanager
def preferring(driver: Any, feature: str, value: str) -> Iterator[None]:
    """A reader whose system says prefers-<feature>: <value>."""
    features = [{"name": f"prefers-{feature}", "value": value}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        yield
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def dark(driver: Any) -> AbstractContextManager[None]:
    """A reader who prefers dark pages."""
    return preferring(driver, "color-scheme", "dark")


def reduced_motion(driver: Any) -> AbstractContextManager[None]:
    """A reader who prefers that nothing moves by itself."""
    return preferring(driver, "reduced-motion", "reduce")


def axe_script() -> str:
    """axe-core's source: the file that AXE_CORE names, or what `npm install axe-core` put at the root of the clone."""
    root = Path(__file__).parent.parent
    named = os.environ.get("AXE_CORE")
    path = Path(named) if named else root / "node_modules" / "axe-core" / "axe.min.js"
    if not path.is_file():
        pytest.skip("axe-core is not installed: npm install --no-save axe-core@4.10.3")
    return path.read_text(encoding="utf-8")


def serious_faults(driver: Any) -> list[str]:
    """What axe-core finds serious or critical on the page that is open, each with the elements it is about."""
    if not driver.execute_script("return typeof axe === 'object'"):
        driver.execute_script(axe_script())
    found = driver.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "for (const change of document.getAnimations()) { try { change.finish(); } catch { /* it has no end */ } }"
        "axe.run(document, {resultTypes: ['violations']}).then(report => done(report.violations), e => done(String(e)))"
    )
    assert isinstance(found, list), found
    return [
        f"{fault['impact']}: {fault['id']}: {fault['help']}: "
        + "; ".join(node["html"][:120] for node in fault["nodes"][:5])
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
