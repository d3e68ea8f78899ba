"""`dip sweep`: a grid of settings, each cell as its own command makes it, and what tells of it."""

import csv
import io
import json
import os
import shlex
import signal
from pathlib import Path

import pytest
from drawing import draw, draw_mask, opened

GRID = ("--vary", "lr=0.1,0.01", "--vary", "input-depth=2,3")
QUICK = ("--iters", "2", "--runs", "1", "--channels", "4,4", "--device", "cpu", "--stop", "none")
FIT = ("sweep", "fit", "a.png", "-o", "grid", *QUICK)
FILES = {"table.csv", "table.json", "sheet.png", "curves.csv", "curves.png", "curves.svg"}


def table(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((folder / "table.csv").read_text())))


def test_a_grid_has_a_result_for_each_cell_a_table_a_sheet_and_curves(tmp_path, dip):
    draw(tmp_path / "a.png")
    draw(tmp_path / "truth.png", seed=1)
    ran = dip(*FIT, *GRID, "--reference", "truth.png", "--json")
    assert ran.code == 0, ran.err
    *cells, summary = ran.json
    assert [one["vary"] for one in cells] == [
        {"lr": lr, "input-depth": depth} for lr in ("0.1", "0.01") for depth in ("2", "3")
    ]
    assert all(one["input"] == "a.png" and one["status"] == "done" for one in cells)
    assert (summary["done"], summary["exit_code"]) == (4, 0)
    names = {path.name for path in (tmp_path / "grid").iterdir()}
    results = {f"a_lr={lr}_input-depth={n}.png" for lr in ("0.1", "0.01") for n in (2, 3)}
    assert names == results | FILES | {"curves"}
    rows = table(tmp_path / "grid")
    assert [float(row["psnr"]) for row in rows] == pytest.approx([o["psnr"] for o in cells], 1e-5)
    assert all(float(row["psnr_best"]) > 0 and row["step_best"] in "12" for row in rows)
    steps = list(csv.DictReader(io.StringIO((tmp_path / "grid/curves.csv").read_text())))
    assert len(steps) == 4 * 2
    assert float(rows[0]["final_loss"]) == pytest.approx(float(steps[1]["loss"]), 1e-5)
    assert opened(tmp_path / "grid/sheet.png").width == 2 * (224 + 12) + 12  # two depths
    whole = json.loads((tmp_path / "grid/table.json").read_text())
    assert [row["vary"] for row in whole["rows"]] == [one["vary"] for one in cells]


def test_the_command_in_the_table_makes_the_same_result(tmp_path, dip):
    draw(tmp_path / "a.png")
    draw_mask(tmp_path / "m.png")
    words = ("sweep", "inpaint", "a.png", "--mask", "m.png", "--preset", "paper", "-o", "grid")
    assert dip(*words, *QUICK, "--vary", "loss=mse,l1").code == 0
    row = table(tmp_path / "grid")[1]
    made = opened(tmp_path / row["output"]).tobytes()
    again = shlex.split(row["command"])
    assert again[again.index("--loss") + 1] == "l1"
    assert "up to date" in dip(*again[1:]).err
    again[again.index("-o") + 1] = "other.png"
    assert dip(*again[1:], "--device", "cpu").code == 0
    same = opened(tmp_path / "other.png").tobytes()  # the record tells of a curve, too
    assert same == made


def test_what_is_done_is_not_done_again(tmp_path, dip):
    draw(tmp_path / "a.png")
    assert dip(*FIT, "--vary", "lr=0.1").code == 0
    first = (tmp_path / "grid/a_lr=0.1.png").stat().st_mtime_ns
    ran = dip(*FIT, "--vary", "lr=0.1,0.01")
    assert ran.code == 0
    assert "1 done, 1 up to date" in ran.err
    assert (tmp_path / "grid/a_lr=0.1.png").stat().st_mtime_ns == first
    assert all(row["seconds"] for row in table(tmp_path / "grid"))  # as the first run measured
    draw(tmp_path / "a.png", seed=5)
    assert "2 done" in dip(*FIT, "--vary", "lr=0.1,0.01").err


def test_several_pictures_have_their_means(tmp_path, dip):
    for name, seed in (("a", 1), ("b", 2)):
        draw(tmp_path / "in" / f"{name}.png", seed=seed)
        draw(tmp_path / "truth" / f"{name}.png", seed=seed + 5)
    words = ("sweep", "denoise", "in", "-o", "grid", "--preset", "paper", "--reference", "truth")
    assert dip(*words, *QUICK, "--vary", "jitter=0,0.1").code == 0
    rows = table(tmp_path / "grid")
    assert [row["picture"] for row in rows] == [
        *("in/a.png", "in/a.png", "in/b.png", "in/b.png"),
        *("mean of 2", "mean of 2"),
    ]
    for number in (0, 1):
        mean = (float(rows[number]["psnr"]) + float(rows[number + 2]["psnr"])) / 2
        assert float(rows[number + 4]["psnr"]) == pytest.approx(mean, abs=1e-3)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "give --vary FIELD=V1,V2"),
        (("--vary", "lrr=1"), "unknown field 'lrr'; did you mean lr?"),
        (("--vary", "mask=a.png"), "unknown field 'mask'; choose from"),
        (("--vary", "lr"), "write FIELD=V1,V2"),
        (("--vary", "lr=0.1,abc"), "'abc' is not a valid float"),
        (("--vary", "lr=0.1,99"), "lr is 99"),
        (("--vary", "lr=0.1,0.10"), "0.10 is there twice"),
        (("--vary", "lr=0.1", "--vary", "lr=0.2"), "given twice"),
        (("--vary", "iters=1,2"), "--iters is given and varied"),
        (("--vary", "targets=natural:dust"), "'dust' is not one of"),
        (("--vary", "lr=0.1", "--checkpoint", "x"), "No such option"),
        (("--vary", "lr=0.1", "--name", "x.png"), "ends with {suffix}"),
    ],
)
def test_what_is_wrong_is_told_before_the_first_step(tmp_path, dip, words, told):
    draw(tmp_path / "a.png")
    ran = dip(*FIT, *words)
    assert (ran.code, told in ran.err) == (2, True), ran.err
    assert len(ran.err.splitlines()) == 1
    assert not (tmp_path / "grid").exists()


def test_a_setting_that_changes_nothing_is_no_grid(tmp_path, dip):
    draw(tmp_path / "a.png")
    ran = dip("sweep", "denoise", "a.png", "--preset", "fast", "--vary", "lr=0.1,0.2", "-o", "g")
    assert (ran.code, "changes nothing with preset fast" in ran.err) == (2, True), ran.err


def test_a_setting_that_some_cells_have_is_one(tmp_path, dip):
    draw(tmp_path / "a.png")
    words = ("sweep", "denoise", "a.png", "--vary", "preset=fast,paper", "--vary", "lr=0.1,0.2")
    ran = dip(*words, "-o", "g", "-n", "--json")
    assert ran.code == 0, ran.err
    assert ran.err.count("--lr changes nothing with preset fast") == 1
    assert [one["settings"]["lr"] for one in ran.json[2:4]] == [0.1, 0.2]


def test_a_folder_is_needed_and_never_that_of_the_inputs(tmp_path, dip):
    draw(tmp_path / "in/a.png")
    for out, told in (((), "needs -o FOLDER"), (("-o", "in"), "is the folder of the inputs")):
        ran = dip("sweep", "fit", "in", "--vary", "lr=0.1", *out, *QUICK)
        assert (ran.code, told in ran.err) == (2, True), ran.err


def test_the_cell_that_failed_is_told_last(tmp_path, dip):
    draw(tmp_path / "a.png")
    mine = draw(tmp_path / "grid/a_lr=0.1.png", seed=3).read_bytes()
    ran = dip(*FIT, "--vary", "lr=0.1,0.01", "--json")
    assert ran.code == 2
    assert ran.err.splitlines()[-1].startswith("dip: grid/a_lr=0.1.png exists and was made")
    assert [one["status"] for one in ran.json[:2]] == ["refused", "done"]
    assert [row["status"] for row in table(tmp_path / "grid")] == ["refused", "done"]
    assert (tmp_path / "grid/a_lr=0.1.png").read_bytes() == mine


def test_a_mask_is_not_painted_for_a_grid(tmp_path, dip):
    draw(tmp_path / "a.png")
    words = ("sweep", "inpaint", "a.png", "--mask", "paint", "-o", "grid", "--vary", "lr=0.1")
    ran = dip(*words)
    assert (ran.code, "a sweep needs a mask in a file" in ran.err) == (2, True), ran.err


def test_a_table_of_somebody_else_is_not_replaced(tmp_path, dip):
    draw(tmp_path / "a.png")
    (tmp_path / "grid").mkdir()
    (tmp_path / "grid/table.csv").write_text("mine")
    ran = dip(*FIT, "--vary", "lr=0.1")
    assert (ran.code, "table.csv exists and was not made by a sweep" in ran.err) == (2, True)
    assert [path.name for path in (tmp_path / "grid").iterdir()] == ["table.csv"]
    assert dip(*FIT, "--vary", "lr=0.1", "--overwrite").code == 0
    assert dip(*FIT, "--vary", "lr=0.1").code == 0
    (tmp_path / "grid/table.csv").write_text("with a note of mine")
    assert dip(*FIT, "--vary", "lr=0.1").code == 2
    assert (tmp_path / "grid/table.csv").read_text() == "with a note of mine"


def test_a_dry_run_lists_the_cells_and_writes_nothing(tmp_path, dip):
    draw(tmp_path / "a.png")
    ran = dip(*FIT, *GRID, "-n", "--json")
    assert ran.code == 0
    assert [one["status"] for one in ran.json[:-1]] == ["planned"] * 4
    assert ran.json[3]["settings"]["input_depth"] == 3
    assert ran.json[3]["vary"] == {"lr": "0.01", "input-depth": "3"}
    assert not (tmp_path / "grid").exists()


def test_ctrl_c_writes_the_table_of_what_is_there_and_the_next_run_goes_on(
    tmp_path, dip, monkeypatch
):
    draw(tmp_path / "a.png")
    seen = []

    def strike(self, step):
        seen.append(step.index)
        if len(seen) == 3:  # in the second cell
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr("dipcli.observers.Meter.__call__", strike)
        ran = dip(*FIT, "--vary", "lr=0.1,0.01,0.001")
    assert ran.code == 130
    assert [row["status"] for row in table(tmp_path / "grid")] == ["done", "partial"]
    ran = dip(*FIT, "--vary", "lr=0.1,0.01,0.001")
    assert (ran.code, "2 done, 1 up to date" in ran.err) == (0, True), ran.err
    assert [row["status"] for row in table(tmp_path / "grid")] == ["up to date", "done", "done"]


def test_lists_words_and_presets_can_be_varied(tmp_path, dip):
    draw(tmp_path / "a.png")
    words = ("sweep", "fit", "a.png", "-o", "grid", "--iters", "1", "--runs", "1")
    more = ("--vary", "targets=natural:noise,noise", "--vary", "channels=4:4,8")
    ran = dip(*words, *more, "--vary", "seed=0,1", "--device", "cpu")
    assert ran.code == 0, ran.err
    rows = table(tmp_path / "grid")
    assert len(rows) == 8
    assert rows[0]["final_loss_natural"] and rows[0]["final_loss_noise"]
    assert (tmp_path / "grid/a_targets=natural-noise_channels=4-4_seed=1.png").is_file()
    settings = [row["settings"] for row in dip(*words, *more, "-n", "--json").json[:-1]]
    assert [one["channels"] for one in settings] == [[4, 4], [8]] * 2


def test_the_environment_of_the_command_counts(tmp_path, dip, monkeypatch):
    draw(tmp_path / "a.png")
    monkeypatch.setenv("DIP_FIT_ITERS", "3")
    ran = dip("sweep", "fit", "a.png", "-o", "grid", "--vary", "lr=0.1", "-n", "--json")
    assert ran.json[0]["settings"]["iters"] == 3
