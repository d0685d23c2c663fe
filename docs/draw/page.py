"""Draws docs/images/page.png, the page of `gdfast demo` in headless Chromium: `python docs/draw/page.py`."""

from __future__ import annotations

import base64
import io
import shutil
import subprocess
import tempfile
from pathlib import Path

FILE = Path(__file__).parents[1] / "images" / "page.png"
WIDTH = 900
LAST = "steps-section"  # the picture ends with this section's figure
DRAWN = "return document.querySelectorAll('.plot .main-svg').length >= 3 && document.querySelector('#plane canvas')"


def main() -> None:
    """Run the demo and save the upper part of its page."""
    from PIL import Image
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.support.ui import WebDriverWait

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in ("--headless=new", "--no-sandbox", "--enable-unsafe-swiftshader", "--hide-scrollbars"):
        options.add_argument(flag)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["gdfast", "demo", "--out", folder], check=True, stdout=subprocess.DEVNULL)
        driver = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))
        try:
            driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": WIDTH, "height": 6000, "deviceScaleFactor": 1.5, "mobile": False},
            )  # so high that every figure is within the window, and drawn
            driver.get(f"file://{folder}/run.html")
            WebDriverWait(driver, 60).until(lambda d: d.execute_script(DRAWN))
            bottom = driver.execute_script(
                f"return document.querySelector('#{LAST} .plot').getBoundingClientRect().bottom"
            )
            clip = {"x": 0, "y": 0, "width": WIDTH, "height": round(bottom), "scale": 1}
            shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
        finally:
            driver.quit()
    image = Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")
    image.save(FILE, optimize=True, dpi=(150, 150))
    print(f"{FILE.name}: {FILE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
