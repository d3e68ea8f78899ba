"""The page as a file: self-contained, safe whatever names hold, and true to its numbers."""

import json
import re

import numpy as np
import pytest

from dipcli.observers.curve import Row
from dipcli.pictures import Picture
from dipcli.report.chart import Line, chart
from dipcli.report.layers import layer, layers_of, residual, strip, thumbnail
from dipcli.report.page import entry, is_ours, page
from dipcli.report.view import charts_of, view_of
from dipcli.report.words import facts, noise_of, words

LINE = {
    "input": "a.png",
    "status": "done",
    "seconds": 2.0,
    "preset": "fast",
    "settings": {"preset": "fast", "channels": [16, 32], "lr": 0.02, "time": None},
    "notes": {
        "found": "noise of sigma 24.8",
        "trust": {
            "noise_before": 24.8,
            "noise_after": 0.4,
            "residual": 23.9,
            "whiteness": 0.98,
            "structure": 0.2,
            "spread": 1.5,
            "stopped_at": 3,
            "why": "all 3 steps made",
        },
    },
}


def picture(value=0.5, *, size=(12, 16), channels=3, alpha=None):
    return Picture(np.full((*size, channels), value, np.float32), alpha)


def data_of(html):
    return json.loads(re.search(r'id="data">(.*?)</script>', html.decode(), re.S)[1])


def test_a_page_holds_all_that_it_shows():
    view = view_of(picture(0.2), picture(0.4), mask=np.eye(12, 16, dtype=bool))
    html = page("a.png", [entry(LINE, view, "dip denoise a.png")], gallery=False)
    text = html.decode()
    assert not re.search(r"https?://", text)
    assert not re.search(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=", text)
    assert "default-src 'none'" in text
    found = data_of(html)["entries"][0]
    assert [one["name"] for one in found["layers"]] == ["before", "after", "removed", "mask"]
    assert all(one["src"].startswith("data:image/png;base64,") for one in found["layers"])
    assert found["size"] == [16, 12] and found["command"] == "dip denoise a.png"


def test_names_cannot_end_the_script_or_become_html():
    evil = '</script><script>alert(1)</script>&\u2028"\udcff'
    html = page(evil, [entry({**LINE, "input": evil}, None)], gallery=True)
    assert html.decode().count("</script>") == 2  # those of the page itself
    assert data_of(html)["entries"][0]["name"].startswith("</script><script>alert(1)")


def test_pictures_beside_the_page_are_named_as_addresses():
    kept = {}

    def keep(name, data):
        kept[name] = data
        return f"a page_files/1 #{name}"

    found = entry(LINE, view_of(picture(), picture(0.6)), keep=keep)
    assert found["layers"][1]["src"] == "a%20page_files/1%20%23after.png"
    assert kept["after.png"].startswith(b"\x89PNG") and found["thumbs"][0].startswith("data:")


def test_a_page_of_ours_is_known():
    assert is_ours(page("a", [entry(LINE, None)], gallery=False))
    assert not is_ours(b"<!doctype html><html><title>letters</title>")


def test_the_residual_is_amplified_around_gray():
    before = np.full((4, 4, 1), 0.5, np.float32)
    before[0, 0] += 0.04
    times, shown = residual(before, np.full((4, 4, 1), 0.5, np.float32))
    assert times == 16  # 40 levels for a deviation of 2.55
    assert shown[1, 1, 0] == 0.5 and shown[0, 0, 0] == 1.0
    assert residual(before, before)[0] == 0


def test_layers_are_small_enough_for_a_browser():
    large = layer("after", "restored", np.zeros((3000, 4000, 1), np.uint8))
    assert large.suffix == ".webp" and large.data[:4] == b"RIFF"
    assert layer("after", "restored", np.zeros((30, 40, 3), np.uint8)).suffix == ".png"


def test_alpha_is_kept_and_a_larger_result_has_no_residual():
    clear = picture(alpha=np.zeros((12, 16), np.float32))
    layers = list(layers_of(clear, picture(size=(24, 32))))
    assert [one.name for one in layers] == ["before", "after"]
    assert layers[0].data[25] == 6  # the PNG's colour type: with alpha
    assert thumbnail(clear).startswith("data:image/webp;base64,")


def test_the_strip_has_the_first_and_the_last_step():
    from io import BytesIO

    from PIL import Image

    frames = [np.full((50, 100, 3), 2 * n, np.uint8) for n in range(100)]
    found = Image.open(BytesIO(strip(frames))).convert("RGB")
    assert found.size == (8 * 104 - 4, 50)
    assert found.getpixel((3, 3))[0] <= 3 and abs(found.getpixel((820, 20))[0] - 198) <= 3
    assert strip([]) == b""


def test_words_say_what_was_found_and_what_was_taken_away():
    assert words(LINE)[:3] == [
        "Found: noise of sigma 24.8.",
        "23.9 of 255 levels were changed in the mean; what was taken away is white and holds no"
        " structure.",
        "Noise before: 24.8 of 255 levels. Noise after: 0.4.",
    ]
    assert "It ended after 3 steps: all 3 steps made." in words(LINE)
    assert noise_of(LINE) == 24.8 and noise_of({}) is None and words({}) == []
    doubted = {
        **LINE,
        "psnr": 30.123,
        "ssim": 0.9,
        "notes": {"trust": {"warning": "noise is left"}},
    }
    assert words(doubted)[0] == "Look closely: noise is left."
    assert "Against the reference: PSNR 30.12 dB, SSIM 0.9000." in words(doubted)


def test_facts_are_names_and_values():
    assert ("channels", "16, 32") in facts(LINE) and ("seconds", "2") in facts(LINE)
    assert "time" not in dict(facts(LINE))


def test_a_chart_has_a_line_for_each_run():
    rows = [Row(n, n // 50, "fit", 1 / (n + 1), None) for n in range(100)]
    loss, psnr = charts_of(rows)
    assert loss.count("<polyline") == 2 and "fit, run 2" in loss and psnr == ""


@pytest.mark.parametrize("points", [[], [(1, 0.5)], [(1, float("nan")), (2, -1.0)]])
def test_nothing_to_draw_is_no_chart(points):
    assert chart([Line("a", points)], "loss", log=True) == ""


def test_a_long_curve_keeps_its_ends_and_stays_small():
    text = chart([Line("<a>", [(n, 1 / n) for n in range(1, 30001)])], "loss", log=True)
    places = re.search(r'points="([^"]+)"', text)[1].split()
    assert places[0] == "56.0,12.0" and places[-1] == "628.0,226.0"
    assert len(places) <= 161 and "<a>" not in text
