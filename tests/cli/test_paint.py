"""`--mask paint`: what is refused, what is said, and how it ends, through the executable."""

import http.client
import io
import json
import re
import signal
from urllib.parse import urlsplit

import pytest
from drawing import QUICK, draw
from PIL import Image


def opened(running):
    """The host and the path that were told."""
    line = running.stderr.readline().decode()
    place = urlsplit(re.search(r"paint at (\S+)", line)[1])
    return place.netloc, place.path


def post(host, path, name, body=b""):
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request("POST", path + name, body, {"Origin": f"http://{host}"})
    found = json.loads(connection.getresponse().read())
    connection.close()
    return found


def painted(size):
    image = Image.new("L", size)
    image.paste(255, (5, 4, 10, 8))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_a_painted_mask_is_filled_and_makes_the_same_again(tmp_path, start, dip):
    draw(tmp_path / "a.png")
    running = start(
        "inpaint", "a.png", "--mask", "paint", "--no-browser", "-o", "b.png", "--json", *QUICK
    )
    host, path = opened(running)
    state = post(host, path, "fill", painted((20, 16)))
    while state["busy"]:
        state = read_state(host, path)
    assert state["results"] == 1
    post(host, path, "save")
    post(host, path, "bye")
    assert running.wait(60) == 0
    line = json.loads(running.stdout.read())
    assert line["status"] == "done" and line["output"] == "b.png"
    again = dip("inpaint", "a.png", "--mask", "a_mask.png", "-o", "b.png", *QUICK)
    assert again.code == 0 and "up to date" in again.err


def read_state(host, path):
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request("GET", path + "state")
    found = json.loads(connection.getresponse().read())
    connection.close()
    return found


def test_ctrl_c_ends_it_and_nothing_is_written(tmp_path, start):
    draw(tmp_path / "a.png")
    running = start("denoise", "a.png", "--protect", "paint", "--no-browser", "-o", "b.png")
    opened(running)
    running.send_signal(signal.SIGINT)
    assert running.wait(60) == 130
    assert b"nothing was saved" in running.stderr.read()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--gif", "a.gif"), "cannot be used with --gif"),
        (("--jobs", "2"), "cannot be used with --jobs"),
        (("--dry-run",), "cannot be used with --dry-run"),
        (("--invert-mask",), "cannot be used with --invert-mask"),
        (("-o", "-"), "is for one picture in a file"),
    ],
)
def test_what_does_not_go_with_painting_is_refused(tmp_path, dip, options, told):
    draw(tmp_path / "a.png")
    ran = dip("inpaint", "a.png", "--mask", "paint", *options)
    assert ran.code == 2 and told in ran.err


def test_several_pictures_and_none_are_refused(tmp_path, dip):
    for name in ("a", "b"):
        draw(tmp_path / f"{name}.png")
    assert "for one picture" in dip("inpaint", "a.png", "b.png", "--mask", "paint").err
    assert "for one picture" in dip("inpaint", ".", "--mask", "paint").err
    missing = dip("inpaint", "c.png", "--mask", "paint")
    assert missing.code == 2 and "c.png" in missing.err


def test_an_output_that_exists_is_refused_before_anything_is_painted(tmp_path, dip):
    draw(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"precious")
    ran = dip("inpaint", "a.png", "--mask", "paint", "--no-browser", "-o", "b.png")
    assert ran.code == 2 and "exists" in ran.err
    assert (tmp_path / "b.png").read_bytes() == b"precious"
