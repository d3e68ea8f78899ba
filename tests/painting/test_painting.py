"""What the server of a painted mask answers, to whom, and what is kept."""

import http.client
import io
import json
import threading
import time

import numpy as np
import pytest
from PIL import Image

from dipcli.painting import Server, suggesting
from dipcli.pictures import Picture

SIZE = (24, 20)  # of photo.png


def ask(server, name="state", method="GET", body=b"", **headers):
    """Status and body of one request, as the page would send it but for what is given."""
    host = f"127.0.0.1:{server.port}"
    sent = {"Host": host, **({"Origin": f"http://{host}"} if method == "POST" else {}), **headers}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.putrequest(method, f"/{server.token}/{name}", skip_host=True)
    for key, value in {"Content-Length": str(len(body)), **sent}.items():
        if value is not None:
            connection.putheader(key, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, data


def state(server):
    return json.loads(ask(server)[1])


def painted(size=SIZE):
    """A white hole of 5x4 on black, as the page sends it."""
    levels = np.zeros((size[1], size[0], 4), np.uint8)
    levels[..., 3] = 255
    levels[6:10, 8:13, :3] = 255
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def working(server):
    """The server with a thread that makes what is asked for."""
    ended = threading.Event()
    thread = threading.Thread(target=server.serve, args=(ended.is_set,))
    thread.start()
    yield server
    ended.set()
    thread.join(60)
    assert not thread.is_alive()


def done(server):
    for _ in range(600):
        found = state(server)
        if not found["busy"]:
            return found
        time.sleep(0.05)
    raise AssertionError("it never ended")


def test_the_page_and_its_picture_are_for_who_knows_the_token(server):
    assert server.address == f"http://127.0.0.1:{server.port}/{server.token}/"
    assert len(server.token) >= 32
    status, page = ask(server, "")
    assert status == 200 and b'id="stage"' in page
    assert ask(server, "before.png")[1].startswith(b"\x89PNG")
    assert state(server)["layers"] == [
        {"name": "before", "label": "as it came", "src": "before.png"}
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": None},
        {"Host": "127.0.0.1:1"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_site_is_refused(server, method, headers):
    for name in ("", "state", "before.png", "fill", "save", "bye"):
        status, body = ask(server, name, method, **headers)
        assert status == 403 and body == b"Forbidden\n"


def test_a_post_without_an_origin_is_refused(server):
    assert ask(server, "fill", "POST", painted(), Origin=None)[0] == 403
    assert not server.session.state.busy


@pytest.mark.parametrize("token", ["", "x", "%C3%A9", "y" * 32])
def test_a_wrong_token_is_refused(server, token):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", f"/{token}/state")
    assert connection.getresponse().status == 403
    connection.close()


@pytest.mark.parametrize("name", ["photo.png", "../photo.png", "etc", "state/more", "mask.png"])
def test_nothing_else_is_read(server, name):
    assert ask(server, name)[0] in (403, 404)


def test_too_large_a_mask_is_not_read(server):
    assert ask(server, "fill", "POST", **{"Content-Length": str(2**40)})[0] == 413


def test_a_stroke_becomes_the_hole_and_known_pixels_stay(working, tmp_path):
    assert ask(working, "fill", "POST", painted())[0] == 200
    found = done(working)
    assert found["results"] == 1 and found["message"] == ""
    assert [one["name"] for one in found["layers"]] == ["before", "after"]
    assert not (tmp_path / "out.png").exists()  # not before it is saved
    assert ask(working, "save", "POST")[0] == 200
    before = np.asarray(Image.open(tmp_path / "photo.png"))
    after = np.asarray(Image.open(tmp_path / "out.png"))
    hole = np.zeros(before.shape[:2], bool)
    hole[6:10, 8:13] = True
    assert np.array_equal(before[~hole], after[~hole])
    assert not np.array_equal(before[hole], after[hole])
    mask = np.asarray(Image.open(tmp_path / "photo_mask.png"))
    assert np.array_equal(mask == 255, hole) and set(np.unique(mask)) == {0, 255}
    assert state(working)["saved"] == [str(tmp_path / n) for n in ("out.png", "photo_mask.png")]
    assert working.session.outcome.output == str(tmp_path / "out.png")


def test_a_mask_of_the_user_is_not_replaced_and_ours_is(working, tmp_path):
    # the session looked at the place before this file came
    (tmp_path / "photo_mask.png").write_bytes(b"precious")
    for _ in range(2):
        ask(working, "fill", "POST", painted())
        done(working)
        ask(working, "save", "POST")
    assert (tmp_path / "photo_mask.png").read_bytes() == b"precious"
    names = sorted(path.name for path in tmp_path.glob("photo_mask*"))
    assert len(names) == 2 and state(working)["saved"][1].endswith(names[0])


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"no PNG", "the mask that was sent is no PNG; reload the page"),
        (painted((8, 8)), "the mask has another size than the canvas; reload the page"),
        (b"", "the mask that was sent is no PNG; reload the page"),
    ],
)
def test_what_is_no_mask_is_told(working, body, told):
    ask(working, "fill", "POST", body)
    assert done(working)["message"] == told


def test_an_empty_mask_is_told(working):
    buffer = io.BytesIO()
    Image.new("RGBA", SIZE, (0, 0, 0, 255)).save(buffer, "PNG")
    ask(working, "fill", "POST", buffer.getvalue())
    assert done(working)["message"] == "nothing is painted yet; mark what is to be filled"


def test_nothing_is_saved_before_there_is_a_result(server, tmp_path):
    ask(server, "save", "POST")
    assert state(server)["message"] == "there is no result to save yet"
    assert not (tmp_path / "out.png").exists() and server.session.outcome is None


def test_one_at_a_time(server):
    assert ask(server, "fill", "POST", painted())[0] == 200  # nobody makes it here
    assert ask(server, "fill", "POST", painted())[0] == 409


def test_it_ends_when_the_page_is_closed_or_silent(session, monkeypatch):
    from dipcli.painting import server as module

    monkeypatch.setattr(module, "GONE", 0.3)
    with Server(session) as served:
        ask(served, "bye", "POST")
        served.serve(lambda: False)
    with Server(session, silence=0.3) as served:
        served.serve(lambda: False)


def test_a_page_that_nobody_touches_is_silent_though_it_asks(server):
    before = server.heard
    assert ask(server, "state")[0] == 200
    assert server.heard == before
    assert ask(server, "state?touched")[0] == 200
    assert server.heard > before


def test_a_long_run_is_no_silence(session):
    with Server(session, silence=5.0) as served:
        ask(served, "fill", "POST", painted())
        served.heard -= 4.9  # nearly an hour ago
        made = []

        def ended():
            made.append(session.state.results)
            return len(made) > 3

        served.serve(ended)
    assert session.state.results == 1 and made[-1] == 1


def test_what_the_picture_shows_is_suggested(tmp_path):
    clean = np.full((40, 48, 3), 0.5, np.float32)
    assert suggesting.suggested(Picture(clean)) is None
    alpha = np.ones((40, 48), np.float32)
    alpha[3:7, 5:9] = 0
    seen = suggesting.suggested(Picture(clean, alpha=alpha))
    assert np.array_equal(seen, alpha == 0)
    assert suggesting.suggested(Picture(clean, alpha=np.ones_like(alpha))) is None
    rng = np.random.default_rng(0)
    ramp = np.linspace(0.2, 0.8, 64, dtype=np.float32)[None, :, None].repeat(64, 0).repeat(3, 2)
    hit = rng.random((64, 64)) < 0.1
    ramp[hit] = rng.integers(0, 2, (int(hit.sum()), 1))
    found = suggesting.suggested(Picture(ramp))
    assert (found == hit).mean() > 0.99
    shown = suggesting.layer_of(found, (32, 32))
    with Image.open(io.BytesIO(shown.data)) as image:
        assert image.size == (32, 32) and image.mode == "RGBA"


def test_no_suggestion_is_told_and_none_is_served(server):
    assert state(server)["suggestion"] == ""
    assert ask(server, "suggestion.png")[0] == 404


def test_a_page_that_is_loaded_anew_goes_on(server, monkeypatch):
    from dipcli.painting import server as module

    monkeypatch.setattr(module, "GONE", 0.0)
    ask(server, "bye", "POST")
    ask(server, "state")
    looks = iter([False, False, True])
    server.serve(lambda: next(looks))
    assert next(looks, "asked to the end") == "asked to the end"
