"""Painting in a real browser: a stroke, the run, the result under the slider, and saving."""

import threading
import time

import numpy as np
import pytest
from browser import NEEDED, started
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from dipcli.painting.suggesting import layer_of

pytestmark = NEEDED


@pytest.fixture(scope="module")
def browser():
    yield from started()


@pytest.fixture
def opened(browser, server):
    """The page, with a thread that makes what it asks for."""
    ended = threading.Event()
    thread = threading.Thread(target=server.serve, args=(ended.is_set,))
    thread.start()
    browser.get(server.address)
    soon(browser, lambda: found(browser, "picture").get_property("naturalWidth") == 24)
    yield browser
    ended.set()
    thread.join(60)


def found(browser, name):
    return browser.find_element(By.ID, name)


def soon(browser, holds):
    WebDriverWait(browser, 60).until(lambda _: holds())


def tool(browser, name):
    browser.find_element(By.CSS_SELECTOR, f"[data-tool={name}]").click()


def drag(browser, *corners):
    """From the first to the last, in pixels of the picture of 24x20."""
    stage = found(browser, "stage")
    box, around = (
        browser.execute_script("return arguments[0].getBoundingClientRect()", one)
        for one in (found(browser, "layers"), stage)
    )
    zoom = box["width"] / 24
    middle = [around[k] + around[s] / 2 for k, s in (("x", "width"), ("y", "height"))]
    points = [
        (round(box["x"] + x * zoom - middle[0]), round(box["y"] + y * zoom - middle[1]))
        for x, y in corners
    ]
    chain = ActionChains(browser, 20).move_to_element_with_offset(stage, *points[0])
    chain.click_and_hold()
    for x, y in points[1:]:
        chain.move_to_element_with_offset(stage, x, y)
    chain.release().perform()


def marked(browser):
    """Where the canvas is painted, (20, 24) bool."""
    values = browser.execute_script(
        "const c = document.getElementById('mask');"
        "return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data];"
    )
    return np.array(values).reshape(20, 24, 4)[..., 3] > 95


def test_tools_mark_what_they_should(opened):
    tool(opened, "rectangle")
    drag(opened, (4.1, 5.1), (8.9, 9.9))
    wanted = np.zeros((20, 24), bool)
    wanted[5:10, 4:9] = True
    assert np.array_equal(marked(opened), wanted)
    found(opened, "undo").click()
    assert not marked(opened).any()
    found(opened, "redo").click()
    assert np.array_equal(marked(opened), wanted)
    tool(opened, "lasso")
    drag(opened, (12, 2), (20, 2), (20, 10), (12, 10))
    assert marked(opened)[3:9, 13:19].all() and not marked(opened)[12:].any()
    tool(opened, "eraser")
    drag(opened, (16.5, 6.5), (16.7, 6.5))
    assert not marked(opened)[6, 16]
    found(opened, "clear").click()
    assert not marked(opened).any()
    assert not found(opened, "fill").is_enabled()


def touch(browser, kind, *points):
    told = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
    browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": told})


def on_screen(browser, x, y):
    box = browser.execute_script(
        "return arguments[0].getBoundingClientRect()", found(browser, "layers")
    )
    return box["x"] + x * box["width"] / 24, box["y"] + y * box["height"] / 20


def test_a_finger_paints_and_two_fingers_change_the_size(opened):
    tool(opened, "brush")
    touch(opened, "touchStart", on_screen(opened, 4.5, 9.5))
    touch(opened, "touchMove", on_screen(opened, 9.5, 9.5))
    touch(opened, "touchEnd")
    stroke = marked(opened)
    assert stroke[9, 4:10].all() and not stroke[:, 16:].any()
    width = on_screen(opened, 24, 0)[0] - on_screen(opened, 0, 0)[0]
    near = [on_screen(opened, x, 10) for x in (10, 14)]
    far = [on_screen(opened, x, 10) for x in (6, 18)]
    touch(opened, "touchStart", far[0])
    touch(opened, "touchStart", *far)
    touch(opened, "touchMove", *near)
    touch(opened, "touchEnd")
    assert on_screen(opened, 24, 0)[0] - on_screen(opened, 0, 0)[0] < 0.7 * width
    assert np.array_equal(marked(opened), stroke)
    found(opened, "fit").click()


def test_what_is_suggested_is_a_stroke_that_can_be_taken_back(opened, server):
    assert not found(opened, "suggest").is_displayed()
    hole = np.zeros((20, 24), bool)
    hole[2:6, 3:9] = True
    server.session.suggestion = layer_of(hole, (24, 20))
    soon(opened, found(opened, "suggest").is_displayed)
    found(opened, "suggest").click()
    assert np.array_equal(marked(opened), hole)
    found(opened, "undo").click()
    assert not marked(opened).any()


def test_painted_filled_looked_at_and_saved(opened, tmp_path):
    tool(opened, "brush")
    drag(opened, (6.5, 6.5), (14.5, 6.5))
    stroke = marked(opened)
    assert stroke[6, 6:14].all() and not stroke[12:].any()
    found(opened, "fill").click()
    soon(opened, found(opened, "looking").is_displayed)
    assert len(opened.find_elements(By.CSS_SELECTOR, "#comparison .pane img")) == 2
    found(opened, "save").click()
    soon(opened, lambda: "Saved" in found(opened, "told").text)
    before = np.asarray(Image.open(tmp_path / "photo.png"))
    after = np.asarray(Image.open(tmp_path / "out.png"))
    assert np.array_equal(before[~stroke], after[~stroke])
    assert (before[stroke] != after[stroke]).any()
    assert np.array_equal(np.asarray(Image.open(tmp_path / "photo_mask.png")) == 255, stroke)
    found(opened, "again").click()
    assert found(opened, "stage").is_displayed() and np.array_equal(marked(opened), stroke)


def test_leaving_the_page_ends_it(browser, server, monkeypatch):
    from dipcli.painting import server as module

    monkeypatch.setattr(module, "GONE", 0.2)
    browser.get(server.address)
    soon(browser, lambda: found(browser, "picture").get_property("naturalWidth") == 24)
    assert server.left is None
    browser.get("about:blank")
    began = time.monotonic()
    server.serve(lambda: time.monotonic() - began > 30)
    assert server.left is not None


def test_another_sites_page_cannot_call_it(opened, server, tmp_path):
    """A page from disk has another origin, even where it has learnt the address."""
    (tmp_path / "evil.html").write_text("<!doctype html><title>evil</title>")
    opened.get((tmp_path / "evil.html").as_uri())
    answer = opened.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        f"fetch('{server.address}fill', {{method: 'POST', mode: 'no-cors', body: 'x'}})"
        ".then((r) => done(r.type + r.status), (e) => done(String(e)));"
    )
    assert answer.startswith(("opaque0", "TypeError"))
    assert not server.session.state.busy and server.session.state.message == ""
