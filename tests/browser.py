"""A headless Chromium for tests of pages; they are skipped where there is none."""

import shutil
from collections.abc import Iterator

import pytest

selenium = pytest.importorskip("selenium", reason="selenium drives the browser")

from selenium import webdriver  # noqa: E402 - after the check

PROGRAMS = [shutil.which("chromium"), shutil.which("chromedriver")]
NEEDED = pytest.mark.skipif(None in PROGRAMS, reason="Chromium and its driver are not installed")


def started(*arguments: str) -> Iterator[webdriver.Chrome]:
    """A browser of 1200x1000, closed at the end."""
    options = webdriver.ChromeOptions()
    options.binary_location = PROGRAMS[0]
    for one in ("--headless=new", "--no-sandbox", "--window-size=1200,1000", *arguments):
        options.add_argument(one)  # as root Chromium has no sandbox
    options.add_argument("--disable-dev-shm-usage")
    browser = webdriver.Chrome(options, webdriver.ChromeService(PROGRAMS[1]))
    try:
        yield browser
    finally:
        browser.quit()
