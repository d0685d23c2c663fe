"""Draws docs/images/play*.png, the benches of `gdfast play` in headless Chromium: `python docs/draw/play.py`."""

from __future__ import annotations

import base64
import io
import shutil
import tempfile
from pathlib import Path

from gdfast.pictures.play import render

IMAGES = Path(__file__).parents[1] / "images"
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


SLIDE = """
const slide = (bench, label, value) => {
  const sliders = [...document.querySelectorAll(`#${bench} .slider`)];
  const input = sliders.find((one) => one.textContent.startsWith(label)).querySelector("input");
  input.value = value;
  input.dispatchEvent(new Event("input"));
};
"""
SOFTMAX = """
document.querySelector("#classes [value=softmax]").click();
slide("classes", "Mini-batch", 3);
const step = [...document.querySelectorAll("#classes button")].find((one) => one.textContent === "Step");
for (let k = 0; k < 8; k += 1) step.click();
"""
BENCHES = {
    "play.png": ("descent", RUNS, 54),
    "play_classes.png": ("classes", SLIDE + SOFTMAX, 0),
    "play_differences.png": ("differences", SLIDE + "slide('differences', 'Step', -7);", 0),
    "play_kink.png": ("kink", "", 0),
}
"""File -> its bench, what is done there first, and how many pixels of the bench's lower end are left out."""


def main() -> None:
    """Draw each bench after some use: steps of two methods, of mini-batches, another h."""
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
            for name, (bench, script, left_out) in BENCHES.items():
                driver.get(page.as_uri())
                driver.execute_script(script)
                found = driver.find_element("css selector", f"#{bench} .bench")
                driver.execute_script("arguments[0].scrollIntoView({behavior: 'instant'})", found)
                driver.execute_script(
                    "return new Promise((drawn) => setTimeout(() => requestAnimationFrame(drawn), 300))"
                )
                box = driver.execute_script("return arguments[0].getBoundingClientRect().toJSON()", found)
                top = box["y"] + driver.execute_script("return scrollY")
                clip = {
                    "x": box["x"] - 12,
                    "y": top - 3,
                    "width": box["width"] + 24,
                    "height": box["height"] + 15 - left_out,
                    "scale": 1,
                }
                shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
                picture = Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")
                picture.save(IMAGES / name, optimize=True, dpi=(150, 150))
                print(f"{name}: {(IMAGES / name).stat().st_size / 1000:.0f} kB")
        finally:
            driver.quit()


if __name__ == "__main__":
    main()
