"""Outputs that are no files, claims that are none, and names that are hard to bear."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from drawing import draw, opened

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pipes, devices and names of Linux")
FAST = ("--preset", "fast", "--device", "cpu")
SAID = "give -o - to write a result into a pipe"


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("-o odd.png", "pipe"),
        ("-o odd.png --overwrite", "socket"),
        ("-o x.png --curve odd.csv", "pipe"),
        ("-o x.png --gif odd.gif", "pipe"),
        ("-o x.png --checkpoint odd.ckpt", "pipe"),
        ("-o x.png --uncertainty odd.png", "pipe"),
    ],
)
def test_what_is_no_file_is_refused_at_once_and_not_opened(words, kind, tmp_path, process, dip):
    draw(tmp_path / "a.png")
    name = next(word for word in words.split() if word.startswith("odd"))
    if kind == "pipe":
        os.mkfifo(name)
        handle = os.open(name, os.O_RDWR | os.O_NONBLOCK)
        os.write(handle, b"of others")
    else:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(name)
    run = process if words == "-o odd.png" else dip
    ran = run("denoise", "a.png", *words.split(), "--device", "cpu")
    assert (ran.code, ran.err) == (2, f"dip: {name} is a {kind}, not a file; {SAID}\n")
    if kind == "pipe":
        assert os.read(handle, 100) == b"of others"
        os.close(handle)
    else:
        listening.close()
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", name}


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_the_name_of_standard_output_is_refused(name, tmp_path, dip, start):
    draw(tmp_path / "a.png")
    ran = dip("denoise", "a.png", "-o", name, "--overwrite", *FAST)
    assert (ran.code, ran.out) == (2, "")
    assert SAID in ran.err
    with (tmp_path / "file.png").open("wb") as file:
        running = start("denoise", "a.png", "-o", name, *FAST, stdout=file)
        assert running.wait(120) == 2


def test_in_a_folder_the_others_are_done(tmp_path, dip):
    draw(tmp_path / "in/a.png")
    draw(tmp_path / "in/b.png", seed=1)
    (tmp_path / "out").mkdir()
    os.mkfifo(tmp_path / "out/a.png")
    ran = dip("denoise", "in", "-o", "out", *FAST)
    assert ran.code == 1
    assert f"dip: out/a.png is a pipe, not a file; {SAID}\n" in ran.err
    assert (tmp_path / "out/b.png").is_file()


@pytest.mark.parametrize("more", [(), ("--format", "bmp", "--checkpoint", "/dev/null")])
def test_what_goes_to_the_null_device_is_thrown_away(more, tmp_path, process, dip):
    draw(tmp_path / "a.png")
    ran = (dip if more else process)("denoise", "a.png", "-o", "/dev/null", *more, *FAST)
    assert ran.code == 0, ran.err
    assert "a.png -> /dev/null" in ran.err
    assert Path("/dev/null").is_char_device()
    assert not list(Path("/dev").glob(".dip-*"))
    assert not Path("/dev/null.dip.json").exists()


def test_a_signal_ends_a_write_that_nobody_reads(tmp_path, start):
    draw(tmp_path / "a.png", size=(200, 160))  # many times what this pipe holds
    running = start("denoise", "a.png", "-o", "-", *FAST, pipesize=4096)
    assert select.select([running.stdout], [], [], 60)[0]
    running.send_signal(signal.SIGTERM)
    assert running.wait(120) == 143


def foreign_claim(path: Path, kind: str) -> None:
    if kind == "folder":
        path.mkdir()
        (path / "precious").write_text("kept")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("precious.txt")
    else:
        path.write_bytes({"bytes": b"\xff\xfe\x80", "text": b"a letter"}[kind])


@pytest.mark.parametrize("kind", ["bytes", "text", "folder", "pipe", "link"])
def test_what_only_bears_the_name_of_a_claim_blocks_nothing_and_stays(kind, tmp_path, process, dip):
    draw(tmp_path / "a.png")
    foreign_claim(tmp_path / ".dip-claim-x.png", kind)
    before = {p: p.lstat().st_ino for p in tmp_path.rglob("*")}
    run = process if kind in ("bytes", "folder") else dip
    ran = run("denoise", "a.png", "-o", "x.png", *FAST)
    assert ran.code == 0, ran.err
    assert opened(tmp_path / "x.png").size == (20, 16)
    after = {p: p.lstat().st_ino for p in tmp_path.rglob("*") if p.name != "x.png"}
    assert after == before


def test_zeros_of_a_crash_are_a_claim_of_nobody(tmp_path, dip):
    draw(tmp_path / "a.png")
    (tmp_path / ".dip-claim-x.png").write_bytes(bytes(100))
    os.utime(tmp_path / ".dip-claim-x.png", (1, 1))
    assert dip("denoise", "a.png", "-o", "x.png", *FAST).code == 0
    assert not (tmp_path / ".dip-claim-x.png").exists()


@pytest.mark.parametrize(("length", "suffix"), [(240, ".png"), (251, ".bmp")])
def test_names_as_long_as_a_file_system_has_them(length, suffix, tmp_path, process, dip):
    name = "ü" * (length // 2) + "x" * (length % 2) + suffix
    draw(tmp_path / "in" / name)
    more = ["--checkpoint", "k" * 250 + ".ckpt"]
    run = process if suffix == ".png" else dip
    ran = run("denoise", "in/" + name, "-o", "out/", *more, *FAST)
    assert ran.code == 0, ran.err
    assert name in os.listdir(tmp_path / "out")  # noqa: PTH208
    assert len(list(tmp_path.glob("out/*"))) == (2 if suffix == ".bmp" else 1), "no litter"
    assert "is up to date" in dip("denoise", "in/" + name, "-o", "out/", *FAST).err


def test_names_are_escaped_in_text_and_whole_in_json(tmp_path, process, dip):
    raw = os.fsdecode(b"raw\xff.png")
    names = {
        raw: "raw\\xff.png",
        "new\nline.png": "new\\nline.png",
        "a\x1b[31m.png": "a\\x1b[31m.png",
    }
    for name in names:
        draw(tmp_path / "plain.png").rename(tmp_path / name)
        run = process if name == raw else dip
        ran = run("denoise", name, "-o", "out/", "--json", *FAST)
        assert ran.code == 0, ran.err
        (record,) = ran.json
        assert Path(os.fsdecode(os.fsencode(record["input"]))).is_file()
        assert Path(record["output"]).is_file()
        assert f"{names[name]} -> out/{names[name]}  " in ran.err
        refused = dip("denoise", name, "-o", "out/", "--sigma", 9, "--json", *FAST)
        assert refused.json[0]["error"].startswith(f"out/{names[name]} exists")
        assert refused.err.startswith(f"dip: out/{names[name]} exists")
        (tmp_path / name).write_bytes(b"no picture")
        broken = dip("denoise", name, "-o", "new/", *FAST)
        assert broken.err.startswith(f"dip: {names[name]}: is not a PNG")
        assert broken.err.count("\n") == 1
        assert dip("denoise", ".", "-o", "s/", "--shard", "1/2", *FAST).code in (0, 1)


def test_a_picture_without_a_name_goes_into_a_folder(tmp_path, process):
    data = draw(tmp_path / "a.png").read_bytes()
    ran = process("denoise", "-", "-o", "out/", *FAST, stdin=data)
    assert ran.code == 0, ran.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["stdin.png"]


@pytest.mark.parametrize("words", ["'' -o out.png", "a.png -o ''", "a.png --checkpoint ''"])
def test_an_empty_name_is_a_slip(words, tmp_path):
    draw(tmp_path / "a.png")
    line = f"{sys.executable} -m dipcli denoise {words} {' '.join(FAST)}"
    ran = subprocess.run(["sh", "-c", line], capture_output=True, text=True)
    assert ran.returncode == 2
    assert "it is empty; is a variable of the command line unset?" in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_record_in_json_is_one_line_whatever_the_name(tmp_path, dip):
    draw(tmp_path / "plain.png").rename(tmp_path / "new\nline.png")
    ran = dip("denoise", "new\nline.png", "-o", "x.png", "--json", "-n")
    assert [json.loads(line)["input"] for line in ran.out.splitlines()] == ["new\nline.png"]
    assert "new\\nline.png -> x.png  about" in ran.err
