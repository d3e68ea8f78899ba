"""Every option that overrides a setting arrives in the record, and in the file what is for it."""

import json

import numpy as np
import pytest
from drawing import draw, opened
from PIL import Image

from dipcli.pictures import read_provenance

SMALL = ("--iters", "2", "--runs", "1", "--device", "cpu")
ARRIVING = {
    "--iters": ("3", "iters", 3),
    "--runs": ("2", "runs", 2),
    "--stop": ("variance", "stop", "variance"),
    "--tile": ("32", "tile", 32),
    "--time": ("90s", "time", 90.0),
    "--net": ("skip", "net", "skip"),
    "--channels": ("4,8,12", "channels", [4, 8, 12]),
    "--skip-channels": ("2", "skip_channels", [2]),
    "--upsample": ("bilinear", "upsample", ["bilinear"]),
    "--input": ("fourier", "input", "fourier"),
    "--input-depth": ("4", "input_depth", 4),
    "--jitter": ("0.25", "jitter", 0.25),
    "--lr": ("0.125", "lr", 0.125),
    "--optimizer": ("adam", "optimizer", "adam"),
    "--loss": ("charbonnier", "loss", "charbonnier"),
    "--ema": ("0.75", "ema", 0.75),
}


@pytest.mark.parametrize("option", ARRIVING)
def test_it_is_in_the_record_and_in_the_file(option, tmp_path, dip):
    value, name, wanted = ARRIVING[option]
    draw(tmp_path / "a.png", (40, 32))
    ran = dip("denoise", "a.png", "-o", "x.png", "--sigma", 9, "--json", *SMALL, option, value)
    assert ran.code == 0, ran.err
    assert ran.json[0]["settings"][name] == wanted
    inside = json.loads(read_provenance((tmp_path / "x.png").read_bytes()))
    assert inside["settings"][name] == wanted
    assert f"{option} " in inside["command"]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("--sigma", "12.5"), {"sigma": 12.5}),
        (("--noise", "poisson"), {"noise": "poisson"}),
        (("--strength", "0.25,0.5"), {"strength": [0.25, 0.5]}),
        (("--detail", "0.25"), {"detail": 0.25}),
    ],
    ids=str,
)
def test_what_the_task_is_told_is_in_the_record(words, wanted, tmp_path, dip):
    draw(tmp_path / "a.png", (40, 32))
    record = dip("denoise", "a.png", "-o", "x.png", "--json", *SMALL, *words).json[0]
    assert {name: record["options"][name] for name in wanted} == wanted


def test_a_kernel_a_scale_and_a_seed_are_in_the_record(tmp_path, dip):
    draw(tmp_path / "a.png")
    line = ("superres", "a.png", "-o", "x.png", "--scale", 3, "--kernel", "box", "--seed", 5)
    record = dip(*line, "--as-is", "--json", "--preset", "fast", *SMALL).json[0]
    assert record["options"] == {"scale": 3, "as_is": True}
    assert (record["settings"]["kernel"], record["seed"]) == ("box", 5)
    assert (record["preset"], record["device"]) == ("fast", "cpu")
    assert opened(tmp_path / "x.png").size == (60, 48)


def test_another_seed_gives_another_picture(tmp_path, dip):
    draw(tmp_path / "a.png", (40, 32))
    for seed in (0, 1):
        dip("denoise", "a.png", "-o", f"{seed}.png", "--sigma", 20, *SMALL, "--seed", seed)
    first, second = (np.asarray(opened(tmp_path / f"{seed}.png")) for seed in (0, 1))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(("quality", "step"), [(95, 2), (75, 8), (30, 27)])
def test_the_quality_is_that_of_the_file(quality, step, tmp_path, dip):
    """The first step of the standard luma table: 16 at 50, 2 at 95, 8 at 75, 27 at 30."""
    draw(tmp_path / "a.png", (40, 32))
    assert dip("denoise", "a.png", "-o", "x.jpg", "--jpeg-quality", quality, *SMALL).code == 0
    with Image.open(tmp_path / "x.jpg") as image:
        assert image.quantization[0][0] == step


def test_without_one_it_is_95(tmp_path, dip):
    draw(tmp_path / "a.png", (40, 32))
    assert dip("denoise", "a.png", "-o", "x.jpg", *SMALL).code == 0
    with Image.open(tmp_path / "x.jpg") as image:
        assert image.quantization[0][0] == 2
