"""Nothing of the user's is lost: what may be written where, through the executable."""

import json
import os
import shutil
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from drawing import QUICK, draw, draw_mask, opened

from dipcli.batch.claims import claim_path
from dipcli.observers import Meter, checkpoint
from dipcli.pictures import read_provenance

TINY = ("--channels", "4,8", "--runs", "1", "--stop", "none", "--sigma", "9", "--device", "cpu")
LONG = (*TINY, "--iters", "400")  # time enough for something to happen meanwhile
ENDLESS = (*TINY, "--iters", "1000000")
PRECIOUS = b"precious"


def until(condition, seconds=120.0):
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def has_begun(pid):
    """Whether torch is being loaded: the places have been looked at, and the input was read."""
    maps = Path(f"/proc/{pid}/maps")
    if not maps.exists():  # not Linux
        time.sleep(0.3)
        return True
    return "libtorch" in maps.read_text()


@pytest.fixture
def during(start):
    """`dip ...` as a process, with something that happens while it is at work on w.png."""

    def call(happens, *args):
        running = start(*args)
        until(lambda: claim_path(Path("w.png")).exists() or running.poll() is not None)
        until(lambda: has_begun(running.pid) or running.poll() is not None)
        assert running.poll() is None, running.communicate()
        happens()
        out, err = running.communicate(timeout=120)
        lines = [json.loads(line) for line in out.decode().splitlines()]
        return SimpleNamespace(code=running.returncode, json=lines, err=err.decode())

    return call


@pytest.fixture
def meanwhile(dip, monkeypatch):
    """The same in this process: it happens at the first step."""

    def call(happens, *args):
        left = [happens]
        with monkeypatch.context() as patch:
            patch.setattr(Meter, "__call__", lambda self, step: left and left.pop()())
            ran = dip(*args)
        assert not left
        return ran

    return call


def record(path) -> dict:
    return json.loads(read_provenance(Path(path)))


@pytest.fixture(autouse=True)
def _pictures(tmp_path):
    draw(tmp_path / "i.png")
    draw(tmp_path / "other.png", seed=5)


def hidden() -> list[str]:
    return [path.name for path in Path().iterdir() if path.name.startswith(".")]


# What appears, or changes, while a picture is made


@pytest.mark.parametrize("kind", ["file", "link", "dangling link"])
def test_what_appears_during_a_run_is_left_as_it_is(kind, during, meanwhile):
    def happens():
        if kind == "file":
            Path("w.png").write_bytes(PRECIOUS)
            return
        if kind == "link":
            Path("letter").write_bytes(PRECIOUS)
        Path("w.png").symlink_to("letter")

    run, steps = (during, LONG) if kind == "file" else (meanwhile, QUICK)
    ran = run(happens, "denoise", "i.png", "-o", "w.png", *steps)
    assert ran.code == 1, ran.err
    assert ran.err.splitlines()[-1] == (
        "dip: i.png: w.png appeared during the run and is left as it is; "
        "what was made is in w.1.png"
    )
    assert record("w.1.png")["partial"] is False
    if kind == "dangling link":
        assert Path("w.png").is_symlink()
        assert not Path("letter").exists()
    else:
        assert Path("w.png").read_bytes() == PRECIOUS
    assert hidden() == []


@pytest.mark.parametrize("how", ["in place", "another file", "gone"])
def test_overwrite_replaces_only_what_stood_there_at_the_beginning(how, during, meanwhile):
    Path("w.png").write_bytes(b"may go")

    def happens():
        if how == "another file":
            Path("new").write_bytes(PRECIOUS)
            Path("new").replace("w.png")
        elif how == "in place":
            Path("w.png").write_bytes(PRECIOUS)
        else:
            Path("w.png").unlink()

    run, steps = (during, LONG) if how == "in place" else (meanwhile, QUICK)
    ran = run(happens, "denoise", "i.png", "-o", "w.png", "--overwrite", "--json", *steps)
    (line,) = ran.json
    if how == "gone":
        assert (ran.code, line["status"]) == (0, "done"), ran.err
        return
    assert (ran.code, line["status"], line["kept"]) == (1, "failed", {"w.png": "w.1.png"})
    assert "w.png was changed during the run" in line["error"]
    assert Path("w.png").read_bytes() == PRECIOUS
    assert record("w.1.png")["partial"] is False


def test_a_free_name_is_found_and_files_beside_are_kept_likewise(meanwhile):
    Path("w.1.png").write_bytes(b"taken")

    def happens():
        for name in ("w.png", "c.csv", "g.gif"):
            Path(name).write_bytes(PRECIOUS)

    sides = ("--curve", "c.csv", "--gif", "g.gif")
    ran = meanwhile(happens, "denoise", "i.png", "-o", "w.png", *sides, *QUICK)
    assert ran.code == 1
    assert all(name in ran.err for name in ("w.2.png", "c.1.csv", "g.1.gif"))
    assert all(Path(name).read_bytes() == PRECIOUS for name in ("w.png", "c.csv", "g.gif"))
    assert Path("w.1.png").read_bytes() == b"taken"
    assert Path("c.1.csv").read_bytes().startswith(b"step,")


def test_a_bitmap_is_kept_with_its_record(meanwhile):
    draw(Path("i.bmp"))

    def happens():
        Path("w.bmp").write_bytes(PRECIOUS)

    ran = meanwhile(happens, "denoise", "i.bmp", "-o", "w.bmp", *QUICK)
    assert (ran.code, "w.1.bmp" in ran.err) == (1, True)
    assert Path("w.bmp").read_bytes() == PRECIOUS
    assert not Path("w.bmp.dip.json").exists()
    assert json.loads(Path("w.1.bmp.dip.json").read_text())["partial"] is False


def test_a_strange_file_where_the_record_would_lie_is_refused(dip):
    draw(Path("i.bmp"))
    Path("w.bmp.dip.json").write_bytes(PRECIOUS)
    ran = dip("denoise", "i.bmp", "-o", "w.bmp", *QUICK)
    assert ran.code == 2
    assert "w.bmp.dip.json exists; --overwrite replaces it" in ran.err
    assert Path("w.bmp.dip.json").read_bytes() == PRECIOUS


def test_an_outdated_result_that_is_edited_meanwhile_stays(meanwhile, dip):
    draw(Path("in/w.png"))
    assert dip("denoise", "in", "-o", "out", *QUICK).code == 0
    draw(Path("in/w.png"), seed=3)

    def happens():
        Path("out/w.png").write_bytes(PRECIOUS)

    ran = meanwhile(happens, "denoise", "in", "-o", "out", *QUICK)
    assert ran.code == 1, ran.err
    assert Path("out/w.png").read_bytes() == PRECIOUS
    assert record("out/w.1.png")["partial"] is False


def test_what_comes_between_the_plan_and_a_later_picture_stays(meanwhile):
    for name in ("a.png", "w.png"):
        draw(Path("in") / name)

    def happens():
        Path("out/w.png").symlink_to("../in/w.png")

    before = Path("in/w.png").read_bytes()
    ran = meanwhile(happens, "denoise", "in", "-o", "out", "--overwrite", *QUICK)
    assert ran.code == 2, ran.err
    assert "out/w.png came or was changed since this run began" in ran.err
    assert Path("in/w.png").read_bytes() == before


def test_what_was_kept_beside_is_not_replaced_by_a_later_picture_of_that_name(meanwhile):
    draw(Path("in/w.png"))
    draw(Path("in/w.1.png"), seed=4)

    def happens():
        draw(Path("out/w.png"), seed=9)

    args = ("denoise", "in/w.png", "in/w.1.png", "-o", "out", "--overwrite", *QUICK)
    ran = meanwhile(happens, *args)
    assert ran.code == 2
    assert "what was made is in out/w.1.png" in ran.err
    assert "out/w.1.png came or was changed since this run began" in ran.err
    assert record("out/w.1.png")["partial"] is False


def test_a_folder_that_goes_away_meanwhile_is_made_again(meanwhile):
    ran = meanwhile(lambda: shutil.rmtree("out"), "denoise", "i.png", "-o", "out/w.png", *QUICK)
    assert ran.code == 0, ran.err
    assert record("out/w.png")["partial"] is False


def test_an_input_of_another_size_since_the_plan_is_restored_as_it_is_now(meanwhile):
    draw(Path("in/a.png"))
    draw(Path("in/b.png"))
    ran = meanwhile(lambda: draw(Path("in/b.png"), (30, 24)), "denoise", "in", "-o", "out", *QUICK)
    assert ran.code == 0, ran.err
    assert opened(Path("out/b.png")).size == (30, 24)


def test_an_input_that_is_gone_before_its_turn_is_named_once(meanwhile):
    draw(Path("in/a.png"))
    draw(Path("in/b.png"))
    ran = meanwhile(lambda: Path("in/b.png").unlink(), "denoise", "in", "-o", "out", *QUICK)
    assert ran.code == 1
    assert ran.err.splitlines()[-1].count("in/b.png") == 1


def test_a_curve_that_exists_is_not_replaced_for_standard_output(dip):
    Path("c.csv").write_bytes(PRECIOUS)
    ran = dip("denoise", "i.png", "-o", "-", "--curve", "c.csv", *QUICK)
    assert ran.code == 2
    assert "c.csv exists; --overwrite replaces it" in ran.err
    assert Path("c.csv").read_bytes() == PRECIOUS


def test_a_checkpoint_goes_elsewhere_if_its_place_is_taken(meanwhile, monkeypatch):
    monkeypatch.setattr(checkpoint, "INTERVAL", -1.0)
    monkeypatch.setattr(checkpoint, "TIME_SHARE", 1e9)

    def happens():
        Path("run.ckpt").write_bytes(PRECIOUS)

    args = ("denoise", "i.png", "-o", "w.png", "--checkpoint", "run.ckpt", *TINY, "--iters", 4)
    ran = meanwhile(happens, *args)
    assert ran.code == 0
    assert "run.ckpt was changed by something else and is left as it is" in ran.err
    assert "the checkpoint is in run.1.ckpt" in ran.err
    assert Path("run.ckpt").read_bytes() == PRECIOUS
    assert not Path("run.1.ckpt").exists()


def test_a_foreign_file_that_was_no_checkpoint_is_not_removed_in_the_end(dip):
    Path("run.ckpt").write_bytes(PRECIOUS)
    args = ("denoise", "i.png", "-o", "w.png", "--checkpoint", "run.ckpt", "--overwrite")
    assert dip(*args, *QUICK).code == 0
    assert Path("run.ckpt").read_bytes() == PRECIOUS


# What is read


def test_an_input_that_is_edited_meanwhile_spoils_no_record(during, dip):
    args = ("denoise", "i.png", *LONG)
    assert dip(*args, "-o", "expected.png").code == 0

    def happens():
        Path("other.png").replace("i.png")

    ran = during(happens, *args, "-o", "w.png")
    assert ran.code == 0, ran.err
    assert Path("w.png").read_bytes() == Path("expected.png").read_bytes()
    ran = dip(*args, "-o", "w.png")
    assert ran.code == 2
    assert "w.png exists and was made from another input; --overwrite replaces it" in ran.err


def test_an_input_and_a_mask_that_are_deleted_meanwhile_throw_nothing_away(meanwhile):
    draw_mask(Path("mask.png"))

    def happens():
        Path("i.png").unlink()
        Path("mask.png").unlink()

    args = ("inpaint", "i.png", "--mask", "mask.png", "--preserve", "-o", "w.png", *QUICK)
    ran = meanwhile(happens, *args)
    assert ran.code == 0, ran.err
    assert record("w.png")["made_from"].keys() == {"input", "mask"}


@pytest.mark.parametrize(
    "args",
    [
        ("inpaint", "i.png", "--mask", "m.png", "-o", "m.png"),
        ("inpaint", "i.png", "--mask", "m.png", "-o", "link.png"),
        ("inpaint", "i.png", "--mask", "m.png", "-o", "hard.png"),
        ("inpaint", "i.png", "--mask", "m.png", "-o", "x.png", "--curve", "m.png"),
        ("inpaint", "i.png", "--mask", "link.png", "-o", "x.png", "--curve", "hard.png"),
        ("inpaint", "i.png", "--mask", "m.png", "-o", "x.png", "--checkpoint", "hard.png"),
        ("inpaint", "in", "--mask", "masks", "-o", "masks"),
        ("denoise", "i.png", "--reference", "m.png", "-o", "m.png"),
        ("denoise", "i.png", "--protect", "m.png", "-o", "hard.png"),
        ("denoise", "m.png", "-o", "hard.png"),
        ("denoise", "in", "--curve", "{stem}.png", "--reference", "masks", "-o", "masks"),
        ("denoise", "i.png", "-o", "x.png", "--checkpoint", "dip.toml"),
        ("denoise", "i.png", "-o", "settings.png"),
        ("denoise", "i.png", "-o", "hard.png", "--checkpoint", "m.png"),
        ("denoise", "i.png", "m.png", "text.png", "-o", ".", "--name", "{stem}{suffix}"),
    ],
    ids=" ".join,
)
def test_what_a_run_reads_is_never_replaced(args, dip):
    draw_mask(Path("m.png"))
    draw_mask(Path("masks/a.png"))
    draw(Path("in/a.png"))
    Path("text.png").write_bytes(PRECIOUS)
    Path("link.png").symlink_to("m.png")
    Path("hard.png").hardlink_to("m.png")
    Path("dip.toml").write_text("seed = 3\n")
    Path("settings.png").symlink_to("dip.toml")
    before = {path: path.read_bytes() for path in Path().rglob("*.*")}
    ran = dip(*args, "--overwrite", *QUICK)
    assert ran.code == 2, ran.err
    assert (
        "that this run reads" in ran.err
        or "is the input itself" in ran.err
        or ("is itself an input" in ran.err)
    )
    assert {path: path.read_bytes() for path in Path().rglob("*.*")} == before


def test_the_executable_spares_a_mask_and_the_file_on_standard_input(process, start):
    draw_mask(Path("m.png"))
    before = Path("m.png").read_bytes()
    args = ("inpaint", "i.png", "--mask", "m.png", "-o", "m.png", "--overwrite", *QUICK)
    assert process(*args).code == 2
    with Path("m.png").open("rb") as file:
        running = start("denoise", "-", "-o", "m.png", "--overwrite", *QUICK, stdin=file)
        _, err = running.communicate(timeout=120)
    assert (running.returncode, b"that this run reads" in err) == (2, True)
    assert Path("m.png").read_bytes() == before


# Partial results


def interrupted(start, *args, output="w.png"):
    """Ctrl-C once a step was made, which nothing tells from outside: so it is tried."""
    for delay in (2.0, 5.0, 10.0, 20.0, 40.0):
        running = start(*args, "--json")
        until(claim_path(Path(output)).exists)
        time.sleep(delay)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=120)
        assert running.returncode == 130, err
        line = json.loads(out.decode().splitlines()[0])
        if line["status"] == "partial" or b"left as it is" in err:
            return line, err.decode()
    raise AssertionError("it was never interrupted in a step")


def test_ctrl_c_never_replaces_a_finished_result(start, dip):
    assert dip("denoise", "i.png", "-o", "w.png", *TINY, "--iters", 3).code == 0
    before = Path("w.png").read_bytes()
    args = ("denoise", "i.png", "-o", "w.png", "--overwrite", *ENDLESS)
    line, err = interrupted(start, *args)
    assert Path("w.png").read_bytes() == before
    assert line["output"] == "w.1.png"
    assert "w.png is left as it is; the partial result is in w.1.png" in err
    assert record("w.1.png")["partial"] is True
    assert hidden() == []


def test_ctrl_c_never_replaces_a_foreign_file(meanwhile):
    Path("w.png").write_bytes(PRECIOUS)

    def happens():
        os.kill(os.getpid(), signal.SIGINT)

    args = ("denoise", "i.png", "-o", "w.png", "--curve", "c.csv", "--overwrite", "--json")
    ran = meanwhile(happens, *args, *TINY, "--iters", 9)
    assert (ran.code, ran.json[0]["status"], ran.json[0]["output"]) == (130, "partial", "w.1.png")
    assert Path("w.png").read_bytes() == PRECIOUS
    assert not Path("c.csv").exists()  # where it would be taken for a whole one
    assert Path("c.1.csv").exists()


def test_ctrl_c_never_replaces_a_curve_where_there_was_no_picture(meanwhile):
    Path("c.csv").write_bytes(PRECIOUS)

    def happens():
        os.kill(os.getpid(), signal.SIGINT)

    args = ("denoise", "i.png", "-o", "w.png", "--curve", "c.csv", "--overwrite")
    ran = meanwhile(happens, *args, *TINY, "--iters", 9)
    assert "c.csv is left as it is; what there is so far is in c.1.csv" in ran.err
    assert Path("c.csv").read_bytes() == PRECIOUS
    assert record("w.png")["partial"] is True


def test_a_partial_result_of_less_steps_is_dropped(dip, monkeypatch):
    args = ("denoise", "i.png", "-o", "w.png", *TINY, "--iters", 9)
    for last, told in ((6, "partial"), (2, "interrupted, nothing was written"), (7, "partial")):

        def struck(self, step, last=last):
            if step.index >= last:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Meter, "__call__", struck)
            assert told in dip(*args).err
        assert record("w.png")["stopped_at"] == max(last + 1, 7)
    assert dip(*args).code == 0
    assert record("w.png")["partial"] is False
    assert [path.name for path in Path().glob("w.*")] == ["w.png"]


def test_what_was_kept_beside_is_no_input_of_the_next_run(dip):
    draw(Path("in/a.png"))
    draw(Path("in/a_denoise.1.png"), seed=1)
    assert dip("denoise", "in", *QUICK).code == 0
    assert sorted(path.name for path in Path("in").iterdir()) == [
        *("a.png", "a_denoise.1.png", "a_denoise.png")
    ]


# Messages


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--sigma", 7), "with --sigma 9.0 (now 7.0)"),
        (("--seed", 1, "--lr", 0.02), "with --seed 0 (now 1), --lr unset (now 0.02)"),
        (("--crop", "8x8+0+0"), "with --crop unset (now 8x8+0+0)"),
    ],
)
def test_a_refusal_says_which_setting_is_another(more, told, dip):
    args = ("denoise", "i.png", "-o", "w.png", "--sigma", 9, *QUICK)
    assert dip(*args).code == 0
    assert f"w.png exists and was made {told}; --overwrite" in dip(*args, *more).err


def test_a_refusal_says_that_the_mask_is_another(dip):
    draw_mask(Path("m.png"))
    args = ("inpaint", "i.png", "--mask", "m.png", "-o", "w.png", *QUICK)
    assert dip(*args).code == 0
    Path("m.png").write_bytes(Path("m.png").read_bytes() + b"\0")
    assert "was made from another mask;" in dip(*args).err
    Path("other.png").replace("i.png")
    assert "was made from another input and mask;" in dip(*args).err


def test_a_mask_that_misfits_in_a_folder_fails_as_one_picture(dip):
    for name in ("a.png", "b.png"):
        draw(Path("in") / name)
        draw_mask(Path("masks") / name)
    draw_mask(Path("masks/b.png"), (9, 9))
    args = ("inpaint", "in", "--mask", "masks", "-o", "out", *QUICK)
    ran = dip(*args)
    assert (ran.code, Path("out/a.png").exists()) == (1, True)
    Path("masks/a.png").unlink()
    assert dip(*args).code == 2  # nothing that could be done


def test_no_room_for_a_claim_names_the_output(dip, monkeypatch):
    from dipcli.batch import claims

    def full(path, token):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(claims, "_create", full)
    ran = dip("denoise", "i.png", "-o", "w.png", *QUICK)
    assert ran.code == 1
    assert ran.err == "dip: i.png: w.png: cannot be written: No space left on device\n"
