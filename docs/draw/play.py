"""Draws docs/images/play.png, the first bench of `gdfast play` in headless Chromium: `python docs/draw/play.py`."""

from __future__ import annotations

import base64
import io
import shutil
import tempfile
from pathlib import Path

from gdfast.pictures.play import render

FILE = Path(__file__).parents[1] / "images" / "play.png"
WIDTH = 1180
RUNS = """
const press = (words) => [...document.querySelectorAll("#descent button")].find((b) => b.textContent === words).click();
const methods = document.querySelector("#descent select");
document.querySelector("#descent [value=himmelblau]").click();
for (const method of ["gradient_descent", "momentum"]) {
  methods.value = method;
  methods.dispatchEvent(new Event("change"));
  for (let k = 0; k < 14; k += 1) press("Step");
}
"""


def main() -> None:
    """Take 14 steps of gradient descent, then of momentum, on Himmelblau's function."""
    from PIL import Image
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in ("--headless=new", "--no-sandbox", "--hide-scrollbars"):
        options.add_argument(flag)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "play.html")
        page.write_text(render(), encoding="utf-8")
        driver = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))
        try:
            driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": WIDTH, "height": 1400, "deviceScaleFactor": 1, "mobile": False},
            )
            driver.get(page.as_uri())
            driver.execute_script(RUNS)
            driver.execute_script("return new Promise((drawn) => setTimeout(() => requestAnimationFrame(drawn), 100))")
            bench = driver.find_element("css selector", "#descent .bench")
            box = driver.execute_script("return arguments[0].getBoundingClientRect().toJSON()", bench)
            left, top, width, height = (box[name] for name in ("x", "y", "width", "height"))
            clip = {"x": left - 12, "y": top - 12, "width": width + 24, "height": height - 30, "scale": 1}
            shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
        finally:
            driver.quit()
    Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB").save(FILE, optimize=True, dpi=(150, 150))
    print(f"{FILE.name}: {FILE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
