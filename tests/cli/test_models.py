"""preimage and maximize from the command line: folders, what is up to date, what is wrong."""

import json
import os
import shutil
import signal

import numpy as np
import pytest
from drawing import draw, opened

import dipcli
from dipcli.errors import ModelError, UsageError

TINY = ("--iters", 3, "--channels", "4,8", "--skip-channels", 0, "--device", "cpu")
NARROW = {"channels": (4, 8), "skip_channels": 0, "filter_down": 3, "filter_up": 3}


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    """A network of two levels, so that a step takes no time."""
    for task in ("preimage", "maximize"):
        presets = dipcli.tasks.TASKS[task].presets
        small = {
            preset: {
                kind: {k: v for k, v in values.items() if k not in ("filter_down", "filter_up")}
                for kind, values in kinds.items()
            }
            for preset, kinds in presets.items()
        }
        monkeypatch.setattr(dipcli.tasks.TASKS[task], "presets", small)


@pytest.fixture
def model(models, tmp_path):
    shutil.copy(models["any.pt2"], tmp_path / "net.pt2")
    return ("--model", "net.pt2")


def test_a_folder_is_done_and_up_to_date_until_the_model_changes(tmp_path, dip, model, models):
    for name, size in (("a", (40, 32)), ("b", (24, 24))):
        draw(made(tmp_path / "in" / f"{name}.png"), size=size)
    words = ("preimage", "in", *model, "--layer", "features.0", "-o", "out", *TINY)
    assert dip(*words).code == 0
    assert opened(tmp_path / "out" / "a.png").size == (40, 32)
    assert "2 up to date" in dip(*words).err
    shutil.copy(models["trace.pt"], tmp_path / "net.pt2")  # told apart by what is in it
    again = dip(*words)
    assert "2 done" in again.err, again.err


def made(path):
    path.parent.mkdir(exist_ok=True)
    return path


def test_the_record_knows_the_model_and_how_near_the_features_are(tmp_path, dip, model):
    draw(tmp_path / "a.png", size=(40, 32))
    words = ("preimage", "a.png", *model, "--layer", "fc", "-o", "b.png", "--json", *TINY)
    (record,) = dip(*words, "--gif", "b.gif", "--curve", "b.csv", "--reference", "a.png").json
    assert len(record["made_from"]["model"]) == 64
    trust = record["notes"]["trust"]
    assert 0 < trust["feature_error"] < 10
    assert abs(trust["psnr"] - record["psnr"]) < 0.1
    assert opened(tmp_path / "b.gif").n_frames > 1
    assert len((tmp_path / "b.csv").read_text().splitlines()) == 4


def test_a_model_of_one_size_sees_the_middle_of_a_picture(tmp_path, dip, models):
    draw(tmp_path / "a.png", size=(64, 96))
    words = ("preimage", "a.png", "--model", models["fixed.pt2"], "--layer", "fc", *TINY)
    assert dip(*words, "--reference", "a.png", "-o", "b.png").code == 0
    assert opened(tmp_path / "b.png").size == (40, 32)
    ran = dip(*words, "-o", "c.png", "--size", 32)
    assert (ran.code, "takes pictures of 40x32 alone" in ran.err) == (2, True), ran.err
    draw(tmp_path / "alpha.png", size=(64, 96), mode="RGBA")
    words = ("preimage", "alpha.png", *words[2:])
    assert dip(*words, "-o", "d.png").code == 0
    assert opened(tmp_path / "d.png").mode == "RGBA"


def test_a_unit_is_maximised_without_a_picture(tmp_path, dip, model):
    words = ("maximize", *model, "--layer", "fc", "--size", 24, *TINY)
    assert dip(*words, "--unit", 3, "-o", "m.png").code == 0
    assert opened(tmp_path / "m.png").size == (24, 24)
    assert "m.png is up to date" in dip(*words, "--unit", 3, "-o", "m.png").err
    ran = dip(*words, "--unit", 4, "-o", "m.png")
    assert (ran.code, "--unit 3 (now 4)" in ran.err) == (2, True), ran.err
    (planned,) = dip(*words, "--unit", 4, "-o", "n.png", "-n", "--json").json
    assert (planned["status"], planned["settings"]["iters"]) == ("planned", 3)
    assert dip(*words, "--unit", 3, "-o", "folder/").code == 0
    assert (tmp_path / "folder" / "maximize.png").is_file()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("preimage", "a.png", "--layer", "fc"), "--model"),
        (("preimage", "--model", "net.pt2", "--layer", "fc"), "INPUT"),
        (("preimage", "a.png", "--model", "net.pt2"), "needs a layer"),
        (("preimage", "a.png", "--model", "net.pt2", "--layer", "fd"), "did you mean fc"),
        (("preimage", "a.png", "--model", "none.pt2", "--layer", "fc"), "does not exist"),
        (("preimage", "a.png", "--model", ".", "--layer", "fc"), "is a folder"),
        (("preimage", "a.png", "--model", "a.png", "--layer", "fc"), "a.png: is no model"),
        (("preimage", "a.png", "--model", "other.pth", "--layer", "fc"), "vgg16-397923af.pth"),
        (("preimage", "a.png", "--model", "net.pt2", "--layer", "fc", "--size", 3), "--size"),
        (
            ("preimage", "a.png", "--model", "net.pt2", "--layer", "fc", "--normalize", "0.5"),
            "MEAN/STD",
        ),
        (("maximize", "--model", "net.pt2", "--layer", "fc", "--unit", 1), "-o"),
        (("maximize", "--model", "net.pt2", "--layer", "fc", "-o", "m.png"), "needs a unit"),
        (
            ("maximize", "--model", "net.pt2", "--layer", "fc", "-o", "m.png", "--unit", 16),
            "16 units: 0 to 15",
        ),
        (("maximize", "a.png", "--model", "net.pt2", "--layer", "fc", "-o", "m.png"), "argument"),
    ],
)
def test_what_is_wrong_is_told_in_a_line_and_nothing_is_written(
    tmp_path, dip, model, models, words, told
):
    draw(tmp_path / "a.png", size=(24, 24))
    shutil.copy(models["other.pth"], tmp_path)
    before = sorted(tmp_path.iterdir())
    ran = dip(*words)
    assert (ran.code, told in ran.err) == (2, True), ran.err
    assert ran.err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_a_model_that_cannot_be_used_is_told_once_for_a_folder(tmp_path, dip, model):
    for name in "abc":
        draw(made(tmp_path / "in" / f"{name}.png"), size=(24, 24))
    ran = dip("preimage", "in", *model, "--layer", "fd", "-o", "out", *TINY)
    assert (ran.code, ran.err.count("did you mean")) == (2, 1), ran.err


@pytest.mark.parametrize(
    "more", [("--model", "a.png"), ("--device", "cuda:99")], ids=["no model", "no such device"]
)
@pytest.mark.parametrize(
    "start", [("sweep", "preimage", "--vary", "lr=0.1,0.01"), ("preimage",)], ids=lambda one: one[0]
)
def test_what_is_the_same_for_all_pictures_leaves_no_empty_folder(
    tmp_path, dip, model, start, more
):
    draw(tmp_path / "a.png", size=(24, 24))
    (tmp_path / "kept").mkdir()
    before = sorted(tmp_path.rglob("*"))
    for out in ("new/out/", "kept/"):
        words = (*start, "a.png", *model, "--layer", "fc", "--iters", 2, "-o", out, *more)
        ran = dip(*words)
        assert (ran.code, ran.err.count("\n")) == (2, 1), ran.err
        assert sorted(tmp_path.rglob("*")) == before


def test_the_layers_are_listed_as_a_table_and_as_json(dip, model):
    lines = dip("preimage", *model, "--list-layers").out.splitlines()
    assert lines[0].split() == ["layer", "shape", "also"]
    assert lines[1].split()[:2] == ["features.0", "24,224,224"]
    rows = dip("maximize", *model, "--list-layers", "--json", "--size", 32).json
    assert rows[-1]["layer"] == "fc"
    assert rows[0]["shape"] == [24, 32, 32]


def test_a_run_goes_on_from_its_checkpoint_to_the_same_bytes(tmp_path, dip, model, monkeypatch):
    draw(tmp_path / "a.png", size=(24, 24))
    for prior in ("dip", "tv"):
        words = ("preimage", "a.png", *model, "--layer", "fc", "--prior", prior, *TINY)
        words = (*words, "--iters", 8, "--jitter", 0.03)
        assert dip(*words, "-o", f"whole_{prior}.png").code == 0

        def strike(self, step):
            if step.index == 4:
                os.kill(os.getpid(), signal.SIGINT)

        stopped = (*words, "-o", f"part_{prior}.png", "--checkpoint", "run.ckpt")
        with monkeypatch.context() as patch:
            patch.setattr("dipcli.observers.Meter.__call__", strike)
            assert dip(*stopped).code == 130
        assert dip(*stopped).code == 0
        whole, part = (opened(tmp_path / f"{n}_{prior}.png").tobytes() for n in ("whole", "part"))
        assert whole == part


def test_settings_of_a_network_change_nothing_for_pixels(tmp_path, dip, model):
    draw(tmp_path / "a.png", size=(24, 24))
    words = ("preimage", "a.png", *model, "--layer", "fc", "--prior", "pixels", "--iters", 2)
    ran = dip(*words, "--channels", "4,8", "-o", "b.png")
    assert "--channels changes nothing" in ran.err
    assert ran.code == 0


def test_the_python_functions_take_the_bytes_of_a_model(models):
    data = models["any.pt2"].read_bytes()
    image = np.full((24, 32), 128, np.uint8)
    result = dipcli.preimage(image, data, layer="fc", iters=2, device="cpu", **NARROW)
    assert (result.image.shape, result.image.dtype) == ((24, 32), np.uint8)
    result = dipcli.maximize(data, layer="fc", unit=2, size=24, iters=2, device="cpu", **NARROW)
    assert result.image.shape == (24, 24, 3)
    assert "activation" in json.dumps(result.notes["trust"])
    with pytest.raises(ModelError, match="the bytes of its file"):
        dipcli.preimage(image, "any.pt2", layer="fc")
    with pytest.raises(UsageError, match="needs model"):
        dipcli.tasks.preimage(image, layer="fc")


def test_a_page_shows_what_came_out_of_a_model(tmp_path, dip, model):
    draw(tmp_path / "a.png", size=(40, 32))
    report = ("--report", "page.html")
    words = ("preimage", "a.png", *model, "--layer", "fc", "-o", "b.png", *TINY)
    assert dip(*words, *report).code == 0
    page = (tmp_path / "page.html").read_text()
    assert "what the layer knows" in page and "dip preimage a.png --model net.pt2" in page
    words = ("maximize", *model, "--layer", "fc", "--unit", 1, "--size", 24, *TINY, "-o", "m.png")
    assert dip(*words, *report).code == 0
    page = (tmp_path / "page.html").read_text()
    assert "what excites the unit" in page and "the beginning" in page
