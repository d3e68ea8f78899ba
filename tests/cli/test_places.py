"""Odd places to read from and to write to: links, pipes, closed and full ones, odd names."""

import json
import os
import resource
import subprocess
import sys

import pytest
from click.shell_completion import BashComplete
from drawing import QUICK, draw

from dipcli.cli.app import app

posix = pytest.mark.skipif(os.name != "posix", reason="links, pipes and limits as POSIX has them")


@posix
def test_links_that_lead_back_are_not_followed_for_ever(tmp_path, dip):
    draw(tmp_path / "in/a.png")
    (tmp_path / "in/deep").mkdir()
    (tmp_path / "in/deep/up").symlink_to("..")
    (tmp_path / "in/lost.png").symlink_to("nowhere.png")
    (tmp_path / "in/same.png").symlink_to("a.png")
    ran = dip("denoise", "in", "-r", "-o", "out", *QUICK)
    assert ran.code == 0, ran.err
    made = sorted(path.relative_to(tmp_path / "out").as_posix() for path in tmp_path.rglob("out/*"))
    assert made == ["a.png", "same.png"]


@posix
@pytest.mark.parametrize("args", [["pipe"], ["a.png", "--reference", "pipe"]])
def test_a_pipe_that_is_named_is_refused_and_not_waited_for(args, tmp_path, process):
    draw(tmp_path / "a.png")
    os.mkfifo(tmp_path / "pipe")
    ran = process("denoise", *args)
    assert ran.code == 2
    assert ran.err == "dip: pipe is neither a file nor a folder; for a pipe give -\n"


def closed(place, redirections):
    words = [sys.executable, "-m", "dipcli", "denoise", *QUICK]
    line = subprocess.list2cmdline(words)
    return subprocess.run(
        ["sh", "-c", f"{line} {redirections}"], cwd=place, capture_output=True, text=True
    )


@posix
@pytest.mark.parametrize(
    ("redirections", "message"),
    [
        ("a.png -o - >&-", "standard output is closed"),
        ("a.png --json >&-", "standard output is closed"),
        ("- -o x.png <&-", "standard input is closed"),
    ],
)
def test_what_is_closed_is_named(redirections, message, tmp_path):
    draw(tmp_path / "a.png")
    ran = closed(tmp_path, redirections)
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"dip: {message}")
    assert ran.stderr.count("\n") == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")  # noqa: PTH110
@pytest.mark.parametrize("words", ["-o - > /dev/full", "-o x.png --json > /dev/full"])
def test_no_room_for_what_goes_to_standard_output(words, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # where the result is kept
    draw(tmp_path / "a.png")
    ran = closed(tmp_path, f"a.png {words}")
    assert ran.returncode == 1
    assert "No space left on device" in ran.stderr
    assert "internal" not in ran.stderr
    last = ran.stderr.splitlines()[-1]
    assert last.startswith("dip: ")
    assert "standard output: " in last


@posix
def test_a_limit_of_file_size_leaves_the_old_output(tmp_path, start):
    draw(tmp_path / "a.png", size=(60, 50))
    old = draw(tmp_path / "x.png", size=(8, 8)).read_bytes()
    limit = 4096  # bytes; the result has more
    running = start(
        *("denoise", "a.png", "-o", "x.png", "--overwrite", *QUICK),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    _, err = running.communicate(timeout=120)
    assert running.returncode == 1
    assert err.startswith(b"dip: a.png: x.png: cannot be written: File too large; nor can it")
    assert err.count(b"\n") == 1
    assert (tmp_path / "x.png").read_bytes() == old
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "x.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")
def test_any_name_that_a_file_can_have(tmp_path, process, dip):
    names = ["a b.png", "日本 ü.png", "-dash.png", "{x}.png", "[red].png", "new\nline.png"]
    for seed, name in enumerate([*names, os.fsdecode(b"raw\xff.png")]):
        draw(tmp_path / "in" / "plain.png", seed=seed).rename(tmp_path / "in" / name)
    ran = process("denoise", "in", "-o", "out", "--json", *QUICK)
    assert ran.code == 0, ran.err
    assert sorted(os.listdir(tmp_path / "out")) == sorted(os.listdir(tmp_path / "in"))  # noqa: PTH208
    outputs = {json.loads(line).get("output") for line in ran.out.splitlines()}
    assert {f"out/{name}" for name in names} <= outputs
    assert dip("denoise", "in", "-o", "out", *QUICK).code == 0


def test_the_shell_completes_commands_options_and_files():
    code = "import sys; sys.argv[0] = 'dip'; from dipcli.cli import main; main()"
    for shell in ("bash", "zsh", "fish"):
        ran = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "_DIP_COMPLETE": f"{shell}_source"},
            capture_output=True,
            text=True,
        )
        assert f"_DIP_COMPLETE={shell}_complete" in ran.stdout, ran.stderr

    def found(*words):
        complete = BashComplete(app, {}, "dip", "_DIP_COMPLETE")
        return [(one.type, one.value) for one in complete.get_completions(list(words), "")]

    assert ("plain", "inpaint") in found()
    assert ("plain", "fast") in found("denoise", "--preset")
    for words in (["denoise"], ["denoise", "-o"], ["inpaint", "--mask"], ["fit", "--curve"]):
        assert [kind for kind, _ in found(*words)] == ["file"], words
