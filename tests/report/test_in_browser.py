"""The page in a real browser: what moves when something is dragged, typed or chosen."""

import time

import numpy as np
import pytest
from browser import NEEDED, started
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from dipcli.pictures import Picture
from dipcli.report.page import entry, page
from dipcli.report.view import view_of

pytestmark = NEEDED


@pytest.fixture(scope="module")
def browser():
    yield from started("--force-prefers-reduced-motion")


def view(side=40):
    rng = np.random.default_rng(0)
    before = Picture(rng.random((side, 2 * side, 3), dtype=np.float32))
    return view_of(before, Picture(before.pixels / 2))


def line(name, status="done", **more):
    return {"input": name, "status": status, "seconds": 1.0, **more}


@pytest.fixture
def one(browser, tmp_path):
    (tmp_path / "one.html").write_bytes(
        page("a.png", [entry(line("a.png"), view(), "dip denoise a.png")], gallery=False)
    )
    browser.get((tmp_path / "one.html").as_uri())
    return browser


def found(browser, css):
    return browser.find_element(By.CSS_SELECTOR, css)


def clip(browser):
    return found(browser, ".pane:nth-child(2)").value_of_css_property("clip-path")


def scales(browser):
    images = browser.find_elements(By.CSS_SELECTOR, ".pane img")
    return [image.value_of_css_property("transform") for image in images]


def test_the_pictures_are_there_and_nothing_was_refused(one):
    loaded = "return [...document.images].every(i => i.complete && i.naturalWidth > 0)"
    assert one.execute_script(loaded)
    assert [entry for entry in one.get_log("browser") if entry["level"] == "SEVERE"] == []
    assert all(image.get_attribute("alt") for image in one.find_elements(By.TAG_NAME, "img"))


def test_the_divider_moves_by_dragging_and_by_keys(one):
    assert "50%" in clip(one)
    divider = found(one, ".divider")
    width = found(one, ".stage").size["width"]
    ActionChains(one).drag_and_drop_by_offset(divider, round(width / 4), 0).perform()
    assert int(divider.get_attribute("aria-valuenow")) == 75
    divider.send_keys(Keys.ARROW_LEFT)
    assert int(divider.get_attribute("aria-valuenow")) == 70
    divider.send_keys(Keys.HOME)
    assert "0%" in clip(one) or clip(one) == "inset(0px)"


def test_zoom_and_pan_are_locked_together(one):
    before = scales(one)
    found(one, "[aria-label='zoom in']").click()
    stage = found(one, ".stage")
    near = scales(one)
    assert near[0] == near[1] != before[0]
    ActionChains(one).move_to_element_with_offset(stage, 80, 60).click_and_hold().move_by_offset(
        -40, -30
    ).release().perform()
    moved = scales(one)
    assert moved[0] == moved[1] != near[0]
    stage.send_keys("0")
    assert scales(one)[0] == before[0]


def test_side_by_side_shows_both_whole(one):
    one.find_element(By.XPATH, "//button[text()='Side by side']").click()
    panes = one.find_elements(By.CSS_SELECTOR, ".pane")
    assert clip(one) == "none" and not found(one, ".divider").is_displayed()
    assert panes[0].location["x"] + panes[0].size["width"] <= panes[1].location["x"]
    assert scales(one)[0] == scales(one)[1]


def test_what_was_taken_away_can_be_chosen(one):
    choice = Select(one.find_elements(By.TAG_NAME, "select")[1])
    source = found(one, ".pane:nth-child(2) img").get_attribute("src")
    choice.select_by_value("removed")
    assert found(one, ".pane:nth-child(2) img").get_attribute("src") != source
    assert "what was taken away" in found(one, ".tag.b").text


def gallery(tmp_path, count):
    shown = view(20)
    entries = [
        entry(line(f"{n}.png", seconds=float(n)), shown, keep=lambda name, data: name)
        for n in range(count)
    ]
    failed = line("broken.png", "failed", error="broken.png: is truncated; get the whole file")
    path = tmp_path / "many.html"
    path.write_bytes(page("many", [*entries, entry(failed, None)], gallery=True))
    return path.as_uri()


def soon(browser, holds):
    """The page changes after the event, not within it."""
    again = (StaleElementReferenceException,)
    WebDriverWait(browser, 20, ignored_exceptions=again).until(lambda _: holds())


def names(browser):
    return [one.text for one in browser.find_elements(By.CSS_SELECTOR, ".grid-of b")]


def test_three_hundred_pictures_open_at_once_failures_first(browser, tmp_path):
    address = gallery(tmp_path, 300)
    began = time.monotonic()
    browser.get(address)
    assert len(browser.find_elements(By.CSS_SELECTOR, ".grid-of li")) == 301
    assert time.monotonic() - began < 10  # 2 seconds on a quiet machine
    first = found(browser, ".grid-of a")
    assert first.get_attribute("class") == "failed" and "get the whole file" in first.text
    Select(found(browser, "#order")).select_by_value("seconds")
    assert names(browser)[:2] == ["299.png", "298.png"]
    found(browser, "input[type=search]").send_keys("29.png")
    assert names(browser) == ["229.png", "129.png", "29.png"]


def test_a_card_leads_to_its_picture_and_back(browser, tmp_path):
    browser.get(gallery(tmp_path, 3))
    browser.find_elements(By.CSS_SELECTOR, ".grid-of a")[1].send_keys(Keys.ENTER)
    soon(browser, lambda: found(browser, "h1").text == "0.png")
    assert found(browser, ".stage").is_displayed()
    browser.find_element(By.LINK_TEXT, "Next").click()
    soon(browser, lambda: found(browser, "h1").text == "1.png")
    browser.back()
    browser.back()
    soon(browser, lambda: len(names(browser)) == 4)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_the_ground(one, scheme):
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    one.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    colours = one.execute_script(
        "const of = (e, p) => getComputedStyle(e)[p].match(/[\\d.]+/g).slice(0, 3).map(Number);"
        "const ground = of(document.body, 'backgroundColor');"
        "return [...document.querySelectorAll('h1, label, li, a, summary, output')]"
        ".map(e => [of(e, 'color'), ground]);"
    )
    assert (sum(colours[0][1]) < 380) == (scheme == "dark")
    assert min(contrast(*pair) for pair in colours) >= 4.5


def contrast(*colours):
    """As WCAG 2 defines it."""

    def luminance(colour):
        linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in colour]
        return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted(luminance([v / 255 for v in colour]) for colour in colours)
    return (high + 0.05) / (low + 0.05)


def test_a_narrow_page_does_not_scroll_sideways(one):
    one.set_window_size(500, 900)
    try:
        assert one.execute_script("return document.body.scrollWidth <= innerWidth")
    finally:
        one.set_window_size(1200, 1000)
