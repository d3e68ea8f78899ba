"""`dip learn` and `dip denoise --model`: folders, records, what stands there, and bad input."""

import csv
import os
import signal
import time

import numpy as np
import pytest
from PIL import Image

import dipcli
from dipcli.batch import claims
from dipcli.learning.model import facts_of

TINY = "--epochs=2 --steps=3 --width=4 --depth=2 --patch=16 --batch=2 --device=cpu".split()  # noqa: SIM905


@pytest.fixture
def folders(tmp_path, draw):
    """clean/, and a/ and b/ with two noisy copies of each; truth/ of one of them."""
    rng = np.random.default_rng(0)
    for name in ("clean", "a", "b", "truth"):
        (tmp_path / name).mkdir()
    for n in range(6):
        picture = draw(32, 40, n)
        Image.fromarray(picture).save(f"clean/{n}.png")
        for name in ("a", "b"):
            noisy = picture + rng.normal(0, 25, picture.shape)
            Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(f"{name}/{n}.png")
    Image.fromarray(draw(32, 40, 3)).save("truth/3.png")
    return tmp_path


def facts(path):
    return facts_of(path.read_bytes())


def statuses(ran):
    return {one["status"] for one in ran.json if "status" in one}


def test_pairs_are_learnt_and_the_model_says_so(dip, folders):
    ran = dip("learn", "a", "b", "-o", "m.safetensors", "--curve", "c.csv", "--json", *TINY)
    assert ran.code == 0, ran.err
    (line,) = ran.json
    assert (line["status"], line["steps"], line["epochs"]) == ("done", 6, 2)
    assert ran.err.count("PSNR") == 4  # before, after each epoch, and at the end
    found = facts(folders / "m.safetensors")
    assert (found["learnt_from"], found["channels"], found["version"]) == (
        "pairs",
        3,
        dipcli.__version__,
    )
    assert len(found["made_from"]) == 12
    rows = list(csv.DictReader((folders / "c.csv").read_text().splitlines()))
    assert [row["step"] for row in rows] == ["0", "3", "6"]
    assert all(float(row["psnr"]) > 0 for row in rows)


def test_a_dry_run_tells_what_learning_takes_and_writes_nothing(dip, folders):
    line = ["learn", "clean", "--sigma", "25", "-o", "new/m.safetensors", *TINY]
    ran = dip(*line, "--dry-run", "--json")
    assert ran.code == 0, ran.err
    (plan,) = ran.json
    assert (plan["status"], plan["steps"], plan["pictures"]) == ("planned", 6, 5)
    assert plan["settings"]["width"] == 4
    assert plan["memory"] > 0
    assert "1 to do: about" in ran.err
    longer = dip(*line, "--dry-run", "--json", "--steps", "3000000").json[0]["seconds"]
    assert longer > 1000 * max(plan["seconds"], 0.1)
    budgeted = dip(*line, "--dry-run", "--json", "--steps", "3000000", "--time", "60s").json[0]
    assert budgeted["seconds"] == 60
    assert not (folders / "new").exists()
    assert dip(*line).code == 0
    again = dip(*line, "--dry-run", "--json")
    assert (again.code, again.json[0]["status"]) == (0, "up to date")
    assert dip(*line, "--dry-run", "--loss", "l1").code == 2


def test_another_process_at_the_same_model_is_waited_for(dip, folders, monkeypatch):
    line = ["learn", "clean", "--sigma", "25", "-o", "m.safetensors", *TINY]
    monkeypatch.setattr("dipcli.batch.lesson_run.PATIENCE", 0.3)
    model = folders / "m.safetensors"
    with claims.claim(model):
        ran = dip(*line)
        assert (ran.code, ran.err.count("\n")) == (1, 1), ran.err
        assert f"is being made by process {os.getpid()} " in ran.err
        assert not model.exists()
    assert dip(*line).code == 0
    assert not list(folders.glob(".dip-claim*"))


def test_what_another_process_learnt_meanwhile_is_not_learnt_again(
    start, dip, folders, monkeypatch
):
    monkeypatch.setattr("dipcli.batch.lesson_run.PATIENCE", 100.0)
    line = ["learn", "clean", "--sigma", "25", "-o", "m.safetensors", *TINY]
    first = start(*line, "--epochs", "8")
    while not claims.claim_path(folders / "m.safetensors").exists():
        assert first.poll() is None, first.stderr.read()
        time.sleep(0.01)
    second = dip(*line, "--epochs", "8", "--json")
    assert first.wait(60) == 0
    assert [one["status"] for one in second.json] == ["up to date"]


@pytest.mark.parametrize(
    ("args", "kind"),
    [
        (["clean", "--sigma", "25"], "clean pictures"),
        (["clean", "--noise", "poisson:30", "--supervised"], "clean pictures"),
        (["clean", "--noise", "text", "--validation", "truth"], "clean pictures"),
        (["a"], "noisy pictures alone"),
        (["a", "b", "--validation", "truth"], "pairs"),
        (["a/0.png", "b/0.png"], "pairs"),
        (["clean/0.png", "--sigma", "10", "--channels", "1"], "clean pictures"),
    ],
    ids=" ".join,
)
def test_each_way_to_come_by_pairs(dip, folders, args, kind):
    ran = dip("learn", *args, "-o", "m.safetensors", *TINY, "--epochs", "1")
    assert ran.code == 0, ran.err
    assert facts(folders / "m.safetensors")["learnt_from"] == kind


def test_what_is_there_is_left_alone_and_what_is_other_is_refused(dip, folders):
    line = ["learn", "clean", "--sigma", "25", "-o", "m.safetensors", *TINY]
    assert dip(*line).code == 0
    model = (folders / "m.safetensors").read_bytes()
    again = dip(*line, "--json")
    assert (again.code, again.json[0]["status"]) == (0, "up to date")
    other = dip(*line, "--loss", "l1")
    assert other.code == 2
    assert other.err.splitlines()[-1].endswith("--overwrite replaces it")
    assert (folders / "m.safetensors").read_bytes() == model
    (folders / "clean" / "0.png").write_bytes((folders / "clean" / "1.png").read_bytes())
    assert dip(*line).code == 2  # learnt from other pictures
    assert dip(*line, "--overwrite").code == 0
    assert (folders / "m.safetensors").read_bytes() != model


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["nothing"], 2, "does not exist"),
        (["truth/.."], 3, "no picture"),
        (["a", "b/0.png"], 2, "give two folders or files"),
        (["a", "truth"], 2, "no second noisy picture named 0.*"),
        (["a", "b", "--sigma", "25"], 2, "give one folder"),
        (["a", "--noise", "snow"], 2, "choose from gaussian, poisson, text"),
        (["a", "--validation", "odd"], 2, "name both alike"),
        (["a/0.png", "odd/0.png"], 2, "a pair shows one scene in one size"),
        (["bad"], 1, "bad/0.png"),
        (["a", "--depth", "7"], 2, "too short for a depth of 7"),
        (["a", "--curve", "c.txt"], 2, "choose .csv"),
        (["a", "--curve", "a/0.png"], 2, "would replace"),
        (["a", "--checkpoint", "m.safetensors"], 2, "would replace"),
        (["a", "--epochs", "0"], 2, "epochs"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(dip, folders, args, code, said):
    for name in ("odd", "bad"):
        (folders / name).mkdir()
    Image.new("RGB", (33, 31)).save("odd/0.png")
    Image.new("RGB", (33, 31)).save("odd/odd.png")
    (folders / "bad" / "0.png").write_bytes((folders / "a" / "0.png").read_bytes()[:200])
    if said == "name both alike":
        (folders / "odd" / "0.png").unlink()
    ran = dip("learn", *TINY, *args, "-o", "m.safetensors")
    assert ran.code == code, ran.err
    assert said in ran.err
    assert ran.err.count("\n") == 1
    assert not (folders / "m.safetensors").exists()
    assert len(list((folders / "a").iterdir())) == 6


def test_a_model_has_a_name_of_its_own(dip, folders):
    assert "name it so" in dip("learn", "a", "-o", "m.png", *TINY).err
    (folders / "m.safetensors").write_text("mine")
    ran = dip("learn", "a", "-o", "m.safetensors", *TINY)
    assert (ran.code, (folders / "m.safetensors").read_text()) == (2, "mine")


def test_an_interrupted_run_goes_on_to_the_same_bytes(start, dip, folders):
    line = ["learn", "clean", "--sigma", "25", *TINY, "--epochs", "8", "--steps", "12"]
    assert dip(*line, "-o", "whole.safetensors").code == 0
    line += ["-o", "m.safetensors", "--checkpoint", "m.ckpt"]
    ran = start(*line)
    for text in iter(ran.stderr.readline, b""):
        if b"epoch 1 " in text:
            break
    ran.send_signal(signal.SIGINT)
    ran.communicate()
    assert ran.returncode == 130
    assert facts(folders / "m.safetensors")["partial"]
    assert (folders / "m.ckpt").exists()
    again = dip(*line)
    assert again.code == 0, again.err
    assert "going on from m.ckpt" in again.err
    assert not (folders / "m.ckpt").exists()
    whole = (folders / "whole.safetensors").read_bytes()
    assert (folders / "m.safetensors").read_bytes() == whole


def test_a_folder_is_denoised_by_a_model_and_then_up_to_date(dip, folders):
    assert dip("learn", "a", "b", "-o", "m.safetensors", *TINY).code == 0
    line = ["denoise", "a", "--model", "m.safetensors", "-o", "out", "--device", "cpu", "--json"]
    first = dip(*line)
    assert (first.code, len(first.json)) == (0, 7), first.err  # and the summary
    assert first.json[0]["notes"]["model"]["learnt_from"] == "pairs"
    assert set(first.json[0]["made_from"]) == {"input", "model"}
    assert statuses(dip(*line, "--seed", "3")) == {"up to date"}
    assert dip("learn", "a", "-o", "m.safetensors", *TINY, "--overwrite").code == 0
    assert statuses(dip(*line)) == {"done"}  # of another model


def test_what_is_no_model_is_told_once_and_nothing_is_written(dip, folders):
    assert dip("learn", "a", "b", "-o", "m.safetensors", *TINY).code == 0
    whole = (folders / "m.safetensors").read_bytes()
    (folders / "cut.safetensors").write_bytes(whole[:-9])
    Image.new("L", (40, 32)).save("gray.png")
    for model, said in (
        ("a/0.png", "is not a model that `dip learn` wrote"),
        ("cut.safetensors", "is a damaged model"),
        ("a", "is not a file"),
        ("none.safetensors", "does not exist"),
    ):
        ran = dip("denoise", "a", "--model", model, "-o", "out")
        assert (ran.code, ran.err.count("\n")) == (2, 1), ran.err
        assert said in ran.err
    ran = dip("denoise", "gray.png", "--model", "m.safetensors", "-o", "out.png")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "--channels 1" in ran.err
    assert dip("denoise", "a/0.png", "--method", "model", "-o", "out.png").code == 2
    assert not (folders / "out").exists()
    assert not (folders / "out.png").exists()


def test_settings_come_from_files_and_the_environment(dip, folders, monkeypatch):
    (folders / "dip.toml").write_text("preset = 'fast'\n[learn]\nwidth = 5\nloss = 'l1'\n")
    monkeypatch.setenv("DIP_LEARN_LOSS", "l0")
    rest = [one for one in TINY if "width" not in one]
    assert dip("learn", "a", "-o", "m.safetensors", *rest).code == 0
    found = facts(folders / "m.safetensors")["settings"]
    assert (found["width"], found["loss"]) == (5, "l0")
