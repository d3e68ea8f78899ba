"""What the suites beside the first ones show the method, and what they are scored against."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dipcli.bench import cases, cell, command, reduced, score
from dipcli.bench.cases import Problem
from dipcli.bench.orders import Order, Variant


@pytest.fixture(scope="module")
def tiny(tmp_path_factory, draw) -> Path:
    """A data folder with a picture in each set that the suites take."""
    folder = tmp_path_factory.mktemp("data")
    for place, name in (
        ("cbm3d9", "image_Same32rgb"),
        ("set5/x2/HR", "bird_HR_x2"),
        ("set11_dip", "Same32"),
    ):
        (folder / place).mkdir(parents=True)
        picture = Image.fromarray(draw(48, 64, seed=len(name)))
        gray = place == "set11_dip"
        (picture.convert("L") if gray else picture).save(folder / place / f"{name}.png")
    return folder


def only(folder: Path, suite: str, level: int | None = None) -> tuple[cases.Case, Problem]:
    case = cases.cases(folder, suite, level)[0]
    return case, cases.problem(case)


def test_clean_pictures_are_their_own_truth(tiny):
    found = cases.cases(tiny, "clean")
    names = [case.picture for case in found]
    wanted = ["bird", "gray-Same32", "Same32"]
    assert names == sorted([*wanted, *(f"{n}-half" for n in wanted)], key=str.lower)
    assert {case.title for case in found} == {"clean"}
    for case in found:
        given = cases.problem(case)
        half = case.picture.endswith("-half")
        assert given.observed.shape[:2] == ((24, 32) if half else (48, 64))
        assert (given.observed.ndim == 2) == case.picture.startswith("gray")
        assert np.array_equal(given.observed, given.truth)
        assert score.score(case, given.observed, given.truth) == (99.0, pytest.approx(1.0))
    changed = given.truth.copy()
    changed[0, 0] ^= 1
    assert score.score(case, changed, given.truth)[0] < 99


@pytest.mark.parametrize(("suite", "mode"), [("jpeg", "RGB"), ("jpeg-gray", "L")])
def test_a_jpeg_is_what_pillow_saves(suite, mode, tiny):
    assert [c.level for c in cases.cases(tiny, suite)] == [10, 20, 40, 75]
    case, given = only(tiny, suite, 20)
    assert case.title == f"{suite}-20"
    assert given.coding is not None
    with Image.open(io.BytesIO(given.coding)) as picture:
        assert picture.mode == mode
        assert np.array_equal(np.asarray(picture), given.observed)
        sampling = [layer[1:3] for layer in picture.layer]
    assert sampling == ([(2, 2), (1, 1), (1, 1)] if mode == "RGB" else [(1, 1)])
    better = cases.problem(cases.cases(tiny, suite, 75)[0])
    assert error(better) < error(given)


def error(given: Problem) -> float:
    return float(np.square(given.observed.astype(float) - given.truth).mean())


@pytest.mark.parametrize("suite", ["impulse", "impulse-random"])
def test_the_level_of_impulses_is_the_share_in_percent(suite, tiny):
    _, given = only(tiny, suite, 20)
    hit = (given.observed != given.truth).any(axis=2)
    assert hit.mean() == pytest.approx(0.2, abs=0.03)
    if suite == "impulse":
        assert set(np.unique(given.observed[hit])) <= {0, 255}
    assert np.array_equal(given.observed, only(tiny, suite, 20)[1].observed)


def test_unclipped_noise_comes_as_floats_and_the_result_as_bytes(tiny):
    case, given = only(tiny, "unclipped", 50)
    assert given.observed.dtype == np.float32 and given.span is not None
    assert given.observed.min() >= 0 and given.observed.max() <= 1
    low, high = given.span
    assert low < 0 and high > 1
    noise = 255 * (low + given.observed * (high - low)) - given.truth
    assert noise.std() == pytest.approx(50, rel=0.05)
    assert np.abs(noise).max() > 150  # nothing is cut off
    rounded = (given.truth / 255 - low) / (high - low)
    assert np.array_equal(given.levels(rounded), given.truth)
    assert score.yardstick(case, given)[1].dtype == np.uint8


def test_sigma_is_told_in_levels_of_the_picture(tiny):
    case, given = only(tiny, "unclipped", 50)
    order = Order(case, Variant("fast", {"sigma": "50"}))
    task, _ = cell._prepared(order, given)
    low, high = given.span
    assert task.options.sigma == pytest.approx(50 / (high - low))
    record = cell.measure(order)
    assert record["psnr"] > record["yardstick_psnr"]


@pytest.mark.parametrize("scale", [2, 3])
def test_small_pictures_are_made_as_matlab_makes_them(tiny, scale):
    """Columns first, rounded, then rows: a flat picture stays, a step of one pixel rings."""
    flat = np.full((12, 18, 3), 200, np.uint8)
    assert np.array_equal(reduced.imresize(flat, scale), flat[: 12 // scale, : 18 // scale])
    large = np.zeros((12, 12), np.uint8)
    large[:, 6:] = 255
    line = reduced.imresize(large, scale)[0].astype(int)
    assert np.array_equal(line, 255 - line[::-1])
    case, given = next(
        (c, cases.problem(c)) for c in cases.cases(tiny, "superres", 3) if c.picture == "bird"
    )
    assert given.truth.shape == (48, 63, 3) and given.observed.shape == (16, 21, 3)
    assert case.title == "superres-3"


def test_a_photograph_is_scored_against_one_without_noise(tiny):
    errors = [error(cases.problem(case)) for case in cases.cases(tiny, "camera")]
    assert len(errors) == 3
    assert errors == sorted(errors)
    assert 0.3 * 12 < errors[1] ** 0.5 < 3 * 12
    case, given = only(tiny, "camera")
    assert not np.array_equal(given.truth, np.asarray(Image.open(case.truth)))


def test_the_task_gets_the_coding_of_the_file(tiny):
    _, given = only(tiny, "jpeg", 10)
    _, plain = only(tiny, "denoise", 25)
    assert cell.of_file(given)["coding"].quality == 10
    assert cell.of_file(plain) == {}


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("--suite jpeg --quality 30", ["jpeg-30"]),
        ("--suite jpeg-gray impulse --quality 30 --share 5", ["jpeg-gray-30", "impulse-5"]),
        ("--suite camera --strength 7 9", ["camera-7", "camera-9"]),
        ("--suite impulse-random", ["impulse-random-10", "impulse-random-30"]),
        ("--suite denoise unclipped --sigma 50", ["denoise-50", "unclipped-50"]),
        ("--suite superres --scale 3", ["superres-3"]),
        ("--suite clean --only bird", ["clean", "clean"]),
    ],
)
def test_levels_are_options(words, titles, tiny):
    args = command._parser().parse_args([str(tiny), *words.split()])
    assert [case.title for case in command._cases(args)] == titles


def test_a_clean_picture_is_measured_to_the_end(tiny, tmp_path):
    small = ["--set", "iters=3", "runs=1", "channels=4,8", "skip_channels=0", "--device", "cpu"]
    words = ["--suite", "clean", "--only", "bird-half", "--out", str(tmp_path)]
    assert command.main([str(tiny), *words, *small]) == 0
    assert "| bird-half | 99.00 |" in (tmp_path / "clean.md").read_text()
