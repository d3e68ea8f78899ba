"""The benchmark's protocols, its resuming, and that watching changes nothing."""

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from dipcli import tasks
from dipcli.bench import cases, cell, command, degraded, runner, score, sources, table
from dipcli.bench.orders import Order, Variant
from dipcli.errors import UsageError
from dipcli.stream.step import Step

ROOT = Path(__file__).parents[2]
Draw = Callable[..., NDArray[np.uint8]]
Measuring = Callable[[Order], dict]


class Ended(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory, draw: Draw) -> Path:
    """A data folder of two pictures of 32x40, named as in the denoising set."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "cbm3d9").mkdir()
    for seed, name in enumerate(["image_One32rgb", "two"]):
        Image.fromarray(draw(seed=seed)).save(folder / "cbm3d9" / f"{name}.png")
    return folder


def bench(data: Path, out: Path, *more: str, cells: Measuring | None = None) -> Ended:
    """The benchmark in this process; cells: how they are measured, None for as always."""
    small = ["--set", "iters=3", "runs=1", "channels=4,8", "skip_channels=0"]
    what = [str(data), "--suite", "denoise", "--out", str(out), "--device", "cpu", *small, *more]
    told, said = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(told), redirect_stderr(said):
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setattr(runner, "_measure", cells or runner._measure)
        return Ended(command.main(what), told.getvalue(), said.getvalue())


def here(order: Order) -> dict:
    """A cell measured in this process, as its own would tell it."""
    return json.loads(json.dumps(cell.measure(Order.from_json(order.to_json()))))


def records(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def measured(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of two variants on one picture, the results kept."""
    out = tmp_path_factory.mktemp("measured")
    done = bench(tiny, out, "--against", "preset=fast iters=2", "--only", "one", "--save")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == (out / "denoise-25.md").read_text().strip()
    return out


def test_a_table_of_two_variants_side_by_side(measured: Path) -> None:
    head, _, row, mean = (measured / "denoise-25.md").read_text().strip().splitlines()[2:]
    assert head.startswith("| picture | input PSNR | A: PSNR | A: SSIM | A: s | A: peak MB | B:")
    assert head.endswith("difference |")
    assert row.startswith("| One32 | ")
    assert mean.startswith("| **mean** | ")
    assert [r["settings"]["iters"] for r in records(measured)] == [3, 2]
    assert all(r["peak_mb"] > r["peak_over_import_mb"] > 0 for r in records(measured))


def test_a_run_goes_on_after_the_last_whole_line(
    tiny: Path, tmp_path: Path, measured: Path
) -> None:
    first, second = (measured / "results.jsonl").read_text().splitlines()
    (tmp_path / "results.jsonl").write_text(first + "\n" + second[: len(second) // 2])
    words = ("--against", "preset=fast iters=2", "--only", "one")
    again = bench(tiny, tmp_path, *words, cells=here)
    assert again.stderr.splitlines()[0].endswith("finished before")
    assert again.stderr.count("finished before") == 1
    finished = runner.load(tmp_path / "results.jsonl")
    assert [r["psnr"] for r in finished.values()] == [r["psnr"] for r in records(measured)]


def test_watching_finds_the_best_step_and_changes_nothing(
    tiny: Path, tmp_path: Path, measured: Path
) -> None:
    done = bench(tiny, tmp_path, "--only", "one", "--save", "--watch", cells=here)
    assert done.returncode == 0, done.stderr
    (watched,) = tmp_path.glob("pictures/*/*/One32.png")
    plain = measured / watched.relative_to(tmp_path)
    assert watched.read_bytes() == plain.read_bytes()
    (record,) = records(tmp_path)
    assert record["best_psnr"] >= record["psnr"]
    assert 1 <= record["best_step"] <= record["stopped_at"] <= record["total"]
    assert 0 < record["best_seconds"] <= record["seconds"]
    assert "| stopped | best step | best PSNR | gap |" in done.stdout


def test_a_cell_that_fails_is_named_and_the_rest_measured(tmp_path: Path, draw: Draw) -> None:
    folder = tmp_path / "data" / "cbm3d9"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(b"not a picture")
    Image.fromarray(draw()).save(folder / "b.png")
    done = bench(tmp_path / "data", tmp_path / "out")
    assert done.returncode == 1
    assert "denoise-25 a (auto" in done.stderr
    assert "FAILED" in done.stderr
    assert [r["picture"] for r in records(tmp_path / "out")] == ["b"]


@pytest.mark.parametrize(
    "args, message",
    [
        (["nowhere", "--suite", "denoise"], "nowhere is not a folder"),
        ([".", "--suite", "superres", "--scale", "8"], "set5/x8/HR"),
        (["{tiny}", "--suite", "denoise", "--only", "lena"], "there are One32, two"),
        (["{tiny}", "--suite", "denoise", "--set", "iters"], "'iters' is not name=value"),
        (["{tiny}", "--suite", "denoise", "--against", "preset=auto"], "two variants are the same"),
    ],
)
def test_a_wrong_request_is_one_line(
    tiny: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    args: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command.main([one.format(tiny=tiny) for one in args]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_an_unknown_setting_stops_before_the_first_picture(tiny: Path, tmp_path: Path) -> None:
    words = [str(tiny), "--suite", "denoise", "--out", str(tmp_path), "--against", "colour=red"]
    done = subprocess.run(
        [sys.executable, "-m", "dipcli.bench", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("bench: unknown setting 'colour'")


def test_orders_survive_the_way_to_another_process(tiny: Path) -> None:
    (case, _) = cases.cases(tiny, "denoise", 50)
    order = Order(case, Variant("fast", {"iters": "3"}, "cpu", 7), watch=True, save=Path("x.png"))
    assert Order.from_json(order.to_json()) == order
    assert runner.identity(order) != runner.identity(Order(case, Variant("fast")))


DECIDE = [
    "presets/paper.py",
    "tiling/layout.py",
    "system/memory.py",
    "prior/divergence.py",
    "prior/networks/slim.py",
    "bench/score.py",
    "errors.py",
]
DECIDE += [
    "bench/cell.py",
    "bench/cases.py",
    "learning/self_training.py",
    "pictures/pillow.py",
    "presets/values.py",
]


@pytest.mark.parametrize("name", [*DECIDE, "cli/bars.py", "bench/table.py", "batch/pool.py"])
def test_a_cell_is_finished_until_a_module_that_decides_it_changes(
    name: str, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "dipcli"
    shutil.copytree(sources.ROOT, root, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(runner, "code", lambda: sources.code(root))
    order = Order(cases.cases(tiny, "denoise", 25)[0], Variant("fast"))
    before = runner.identity(order)
    (root / name).write_text((root / name).read_text() + "# another value\n")
    assert (runner.identity(order) != before) == (name in DECIDE)


def test_all_that_a_cell_loads_is_among_what_decides_it() -> None:
    loads = "import sys, dipcli.bench.cell, dipcli.api, dipcli.bench.score; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", loads],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    ours = {name for name in done.stdout.split() if name.split(".")[0] == "dipcli"}
    found = {path.relative_to(sources.ROOT.parent).with_suffix("") for path in sources.deciding()}
    assert ours <= {".".join(path.parts).removesuffix(".__init__") for path in found}
    assert len(ours) > 50


def test_variants_change_what_is_named_and_keep_the_rest() -> None:
    first = Variant("auto", {"iters": "3", "runs": "2"}, "cpu", 1)
    assert first.changed(["preset=fast", "iters=4"]) == Variant(
        "fast", {"iters": "4", "runs": "2"}, "cpu", 1
    )
    with pytest.raises(UsageError, match="name=value"):
        first.changed(["=4"])


def test_noise_is_clipped_rounded_and_the_same_each_time() -> None:
    gray = np.full((200, 200), 128, np.uint8)
    noisy = degraded.gaussian(gray, 25)
    assert noisy.dtype == np.uint8
    assert np.array_equal(noisy, degraded.gaussian(gray, 25))
    assert np.std(noisy.astype(float)) == pytest.approx(25, rel=0.02)
    photons = degraded.poisson(gray, 30).astype(float)
    assert np.mean(photons) == pytest.approx(128, rel=0.01)
    assert np.var(photons) == pytest.approx(128 * 255 / 30, rel=0.05)
    assert degraded.gaussian(np.full((50, 50), 255, np.uint8), 25).max() == 255


def test_luma_runs_from_16_to_235() -> None:
    ends = score.luma(np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8))
    assert np.allclose(ends, [[16, 235]])
    assert np.allclose(score.luma(np.array([[0, 255]], np.uint8)), [[16, 235]])


def test_an_enlargement_is_scored_on_luma_without_a_border_as_wide_as_the_scale() -> None:
    case = cases.Case("superres", 4, "a", "superres", Path("a"))
    white = np.full((40, 30, 3), 255, np.uint8)
    white[4:-4, 4:-4] = 0
    prepared = score.prepare(case, white)
    assert prepared.shape == (32, 22)
    assert np.allclose(prepared, 16)


def test_ssim_has_the_windows_of_wang_and_others() -> None:
    """Gaussian, of 1.5 pixels, variances without Bessel's correction."""
    y, x = np.mgrid[:40, :40]
    truth = (128 + 100 * np.sin(x / 3) * np.cos(y / 5)).round().astype(np.uint8)
    case = cases.Case("denoise", 25, "a", "denoise", Path("a"))
    psnr, ssim = score.score(case, np.roll(truth, 1, 1), truth)
    assert psnr == pytest.approx(23.3446, abs=1e-3)
    assert ssim == pytest.approx(0.91889, abs=1e-4)
    paler = (truth // 2 + 50).astype(np.uint8)
    assert score.score(case, paler, truth)[1] == pytest.approx(0.79954, abs=1e-4)


def test_the_best_step_is_the_one_of_the_highest_psnr() -> None:
    truth = np.full((16, 16, 3), 100, np.uint8)
    case = cases.Case("denoise", 25, "a", "denoise", Path("a"))
    watch = cell.BestStop(case, tasks.denoise(truth), cases.Problem(truth, truth))
    for index, level in enumerate((90, 98, 103, 97)):
        picture = torch.full((1, 3, 16, 16), level / 255)
        watch(Step(index, 4, "fit", 0, torch.zeros(()), picture, picture))
    assert (watch.best["best_step"], watch.total) == (2, 4)
    assert watch.best["best_psnr"] == pytest.approx(42.11, abs=0.01)  # two levels off


def test_the_gap_is_what_a_better_stop_would_have_gained() -> None:
    cell = {"suite": "s", "yardstick": "input", "yardstick_psnr": 20.0, "gpu_mb": None}
    cell |= {"ssim": 0.5, "seconds": 1.0, "peak_mb": 100.0, "picture": "a", "variant": "x"}
    watched = {"psnr": 30.0, "best_psnr": 30.25, "best_step": 7, "stopped_at": 9}
    row = table.markdown([{**cell, **watched}]).splitlines()[2]
    assert [part.strip() for part in row.split("|")[-5:-1]] == ["9", "7", "30.25", "0.25"]


def test_black_in_a_mask_of_the_suite_is_lost(tmp_path: Path, draw: Draw) -> None:
    pictures, masks = tmp_path / "set11_dip", tmp_path / "masks" / "bernoulli50_set11_seed100"
    pictures.mkdir()
    masks.mkdir(parents=True)
    Image.fromarray(draw()).convert("L").save(pictures / "one.png")
    mask = np.full((32, 40), 255, np.uint8)
    mask[3, 5:9] = 0
    Image.fromarray(mask).save(masks / "one_mask.png")
    (case,) = cases.cases(tmp_path, "inpaint")
    given = cases.problem(case)
    assert given.hole is not None and given.hole.sum() == 4 and given.hole[3, 5:9].all()
    assert (given.observed[given.hole] == 0).all()
    assert np.array_equal(given.observed[~given.hole], given.truth[~given.hole])


def test_means_leave_out_what_was_not_measured() -> None:
    base = {"suite": "s", "yardstick": "input", "yardstick_psnr": 20.0, "gpu_mb": None}
    cell = {**base, "ssim": 0.5, "seconds": 1.0, "peak_mb": 100.0}
    text = table.markdown(
        [
            {**cell, "picture": "a", "variant": "x", "psnr": 30.0},
            {**cell, "picture": "a", "variant": "y", "psnr": 31.0},
            {**cell, "picture": "b", "variant": "x", "psnr": 32.0},
        ]
    )
    rows = [[part.strip() for part in line.split("|")[1:-1]] for line in text.splitlines()]
    assert rows[2][2] == "30.00"
    assert rows[2][-1] == "1.00"
    assert rows[3][6:] == ["", "", "", "", ""]
    assert rows[4][2] == "**31.00**"


# The published or independently measured figure of each suite's yardstick, in dB.
YARDSTICKS = [
    ("denoise", 25, "House256", 20.27),
    ("denoise", 50, "House256", 14.70),
    ("superres", 4, "bird", 30.18),
    ("superres", 8, "bird", 25.29),
    ("inpaint", None, "house", 35.65),
]


@pytest.mark.parametrize("suite, level, name, expected", YARDSTICKS)
def test_yardsticks_are_the_published_ones(
    data: Path, suite: str, level: int | None, name: str, expected: float
) -> None:
    (case,) = [c for c in cases.cases(data, suite, level) if c.picture == name]
    problem = cases.problem(case)
    _, plain = score.yardstick(case, problem)
    assert score.score(case, plain, problem.truth)[0] == pytest.approx(expected, abs=0.02)
