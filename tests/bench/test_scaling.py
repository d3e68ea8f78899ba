"""The suite of sizes: pictures put together, and how seconds and memory grow."""

import numpy as np
import pytest
from PIL import Image

from dipcli.bench import cases, command, scaling


@pytest.fixture(scope="module")
def tiny(tmp_path_factory, draw):
    """A data folder of two pictures of two windows each."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "cbm3d9").mkdir()
    for seed in range(2):
        path = folder / "cbm3d9" / f"image_{seed}rgb.png"
        Image.fromarray(draw(256, 520, seed=seed)).save(path)
    return folder


def test_a_mosaic_is_of_unlike_windows(tiny):
    paths = sorted((tiny / "cbm3d9").iterdir())
    picture = scaling.mosaic(paths, (600, 700))
    assert picture.shape == (600, 700, 3)
    with Image.open(paths[0]) as first:
        levels = np.asarray(first)
    assert np.array_equal(picture[:256, :256], levels[:, :256])
    assert np.array_equal(picture[:256, 256:512], levels[:, 256:512])
    tiles = [picture[y : y + 88, x : x + 188] for y in (0, 256, 512) for x in (0, 256, 512)]
    assert len({tile.tobytes() for tile in tiles}) == 9


def test_its_noise_is_white_and_the_same_each_time():
    clean = np.full((200, 300, 3), 128, np.uint8)
    noise = scaling.noisy(clean).astype(float) - clean
    assert noise.std() == pytest.approx(25, rel=0.02)
    assert abs(np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1]) < 0.02
    assert np.array_equal(scaling.noisy(clean), scaling.noisy(clean))


def test_the_sizes_are_those_they_are_called(tiny):
    found = {case.picture: case for case in cases.cases(tiny, "scaling")}
    assert list(scaling.SIZES) == [f"{n} Mpx" for n in ("0.25", 1, 2, 4, 12, 24, 48)]
    assert set(found) == set(scaling.SIZES)
    for name, (height, width) in scaling.SIZES.items():
        assert height * width / 1e6 == pytest.approx(float(name.split()[0]), rel=0.05)
    given = cases.problem(found["0.25 Mpx"])
    assert given.observed.shape == given.truth.shape == (512, 512, 3)
    assert not np.array_equal(given.observed, given.truth)


def record(picture, variant, seconds, memory):
    found = {"picture": picture, "variant": variant, "seconds": seconds, "psnr": 31.5}
    return {**found, "peak_over_import_mb": memory}


def test_growth_is_time_over_pixels(tiny):
    text = scaling.markdown(
        [
            record("12 Mpx", "fast", 120.0, 900.4),
            record("1 Mpx", "fast", 20.0, 300.0),
            record("1 Mpx", "auto", 50.0, 310.0),
        ]
    )
    assert text.splitlines() == [
        "| picture | `fast`: s | `fast`: s per Mpx | `fast`: growth | `fast`: MB | `fast`: PSNR "
        "| `auto`: s | `auto`: s per Mpx | `auto`: growth | `auto`: MB | `auto`: PSNR |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| 1 Mpx | 20.0 | 20.00 | 1.00 | 300 | 31.50 | 50.0 | 50.00 | 1.00 | 310 | 31.50 |",
        "| 12 Mpx | 120.0 | 10.00 | 0.50 | 900 | 31.50 |  |  |  |  |  |",
    ]


def test_it_is_measured_to_the_end(tiny, tmp_path, monkeypatch):
    words = [str(tiny), "--suite", "scaling", "--only", "0.25 Mpx", "--out", str(tmp_path)]
    monkeypatch.setattr(command.runner, "run", lambda orders, out, say: ([one(orders)], 0))
    assert command.main([*words, "--preset", "fast"]) == 0
    assert "| 0.25 Mpx | 3.0 |" in (tmp_path / "scaling.md").read_text()


def one(orders):
    (order,) = orders
    facts = {"suite": order.case.title, "device": "cpu", "threads": 1, "torch": "2", "code": "x"}
    return {**record(order.case.picture, order.variant.label, 3.0, 1.0), **facts}
