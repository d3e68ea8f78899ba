"""The example pictures are what their script makes, and the shell scripts do what they say."""

import os
import runpy
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.sh"))
Run = Callable[..., subprocess.CompletedProcess[str]]

# Stands in for dip: notes its arguments, and fails for inputs whose name says so.
FAKE_DIP = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in *broken*) exit 1 ;; *) exit 0 ;; esac
"""


def read(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    fake = tmp_path / "bin" / "dip"
    fake.parent.mkdir()
    fake.write_text(FAKE_DIP)
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent), prepend=os.pathsep)
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.chdir(tmp_path)

    def call(script: str, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = ["sh", str(EXAMPLES / script), *args]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)

    return call


def calls(tmp_path: Path) -> list[str]:
    path = tmp_path / "calls"
    return path.read_text().splitlines() if path.exists() else []


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    runpy.run_path(str(EXAMPLES / "make_examples.py"))["make"](folder)
    return folder


@pytest.mark.parametrize("name", ["noisy.png", "small.png", "lost.png", "lost_mask.png"])
def test_committed_pictures_are_what_the_script_makes(made: Path, name: str) -> None:
    assert np.array_equal(read(made / name), read(EXAMPLES / name))


@pytest.mark.parametrize("name", ["photo.jpg", "night.jpg"])
def test_committed_jpegs_are_what_the_script_makes(made: Path, name: str) -> None:
    """Another JPEG library may round a coefficient, or decode it, otherwise."""
    difference = read(made / name).astype(int) - read(EXAMPLES / name)
    assert np.abs(difference).mean() < 0.5


@pytest.mark.parametrize("picture, mask", [("damaged", "mask"), ("lost", "lost_mask")])
def test_masks_cover_exactly_what_is_damaged(picture: str, mask: str) -> None:
    damaged, hole = read(EXAMPLES / f"{picture}.png"), read(EXAMPLES / f"{mask}.png")
    assert damaged.shape[:2] == hole.shape
    assert set(np.unique(hole)) == {0, 255}
    assert len(np.unique(damaged[hole == 255])) == 1


def test_the_pictures_stay_small() -> None:
    assert sum(path.stat().st_size for path in EXAMPLES.glob("*.png")) < 2_000_000
    for path in EXAMPLES.glob("*.png"):
        if path.stem != "before_after":
            assert max(read(path).shape[:2]) <= 512


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_executable_and_explain_their_exit_codes(script: Path) -> None:
    assert os.access(script, os.X_OK)
    text = script.read_text()
    assert "set -eu" in text
    assert "exit code" in text.lower()


@pytest.mark.parametrize("script", ["denoise_folder.sh", "inpaint_folder.sh", "enlarge_list.sh"])
def test_scripts_say_how_they_are_used(run: Run, tmp_path: Path, script: str) -> None:
    done = run(script)
    assert done.returncode == 2
    assert "usage:" in done.stderr
    assert not calls(tmp_path)


def test_denoise_folder_hands_options_and_exit_code_on(run: Run, tmp_path: Path) -> None:
    assert run("denoise_folder.sh", "my photos", "clean", "--preset", "fast").returncode == 0
    assert run("denoise_folder.sh", "broken", "clean").returncode == 1
    assert calls(tmp_path) == [
        "denoise my photos -o clean --recursive --preset fast",
        "denoise broken -o clean --recursive",
    ]


def test_inpaint_folder_starts_only_if_every_picture_has_a_mask(run: Run, tmp_path: Path) -> None:
    for name in ("photos/a.jpg", "photos/b c.png", "masks/a.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    done = run("inpaint_folder.sh", "photos", "masks", "out")
    assert done.returncode == 2
    assert done.stderr.splitlines() == ["no mask for photos/b c.png"]
    assert not calls(tmp_path)

    (tmp_path / "masks" / "b c.webp").touch()
    assert run("inpaint_folder.sh", "photos", "masks", "out").returncode == 0
    assert calls(tmp_path) == ["inpaint photos --mask masks -o out"]


def test_enlarge_list_goes_on_after_a_failure_and_says_so(run: Run, tmp_path: Path) -> None:
    done = run("enlarge_list.sh", "out", "--scale", "2", stdin="x/a.png\nx/broken.png\nx/b.png\n")
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["done", "failed", "done"]
    assert calls(tmp_path)[-1] == "superres x/b.png -o out/b.png --quiet --scale 2"


def test_pipe_enlarges_what_was_denoised(run: Run, tmp_path: Path) -> None:
    assert run("pipe.sh").returncode == 0
    assert [line.split()[0] for line in calls(tmp_path)] == ["denoise", "superres"]
