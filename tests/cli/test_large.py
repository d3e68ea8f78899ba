"""Large pictures through the command line: tiles on demand, and what is said of them."""

import json

from drawing import QUICK, draw, opened

from dipcli.pictures import read_provenance
from dipcli.stream.step import Step
from dipcli.tasks.denoise import Denoise


def test_tiles_on_demand_are_recorded(tmp_path, dip):
    draw(tmp_path / "a.png", (70, 40))
    ran = dip("denoise", "a.png", "--tile", 32, "--json", *QUICK)
    assert ran.code == 0, ran.err
    notes = ran.json[0]["notes"]
    assert notes["tile"] == 32 and notes["tiles"] == 6
    recorded = json.loads(read_provenance((tmp_path / "a_denoise.png").read_bytes()))
    assert recorded["notes"] == notes
    assert opened(tmp_path / "a_denoise.png").size == (70, 40)
    assert dip("denoise", "a.png", "--tile", 8, *QUICK).code == 2


def test_out_of_memory_is_said_in_one_line_and_tried_again(tmp_path, dip, monkeypatch):
    draw(tmp_path / "a.png", (300, 40))
    first_only = [MemoryError()]

    def stages(task, settings, runtime):
        if first_only:
            raise first_only.pop()
        y = task.pixels.tensor(runtime.device)
        yield Step(0, 1, "fit", 0, y.new_zeros(()), y, y)

    monkeypatch.setattr(Denoise, "steps", stages)
    ran = dip("denoise", "a.png", *QUICK)
    assert ran.code == 0
    said, *_, done = ran.err.splitlines()
    assert said == "dip: a.png: out of memory as a whole; restored in tiles of 256 pixels"
    assert done.startswith("a.png -> a_denoise.png")


def test_at_the_end_of_the_ladder_the_exit_code_is_4(tmp_path, dip, monkeypatch):
    draw(tmp_path / "a.png", (300, 40))

    def stages(task, settings, runtime):
        raise MemoryError
        yield

    monkeypatch.setattr(Denoise, "steps", stages)
    ran = dip("denoise", "a.png", *QUICK)
    assert ran.code == 4
    assert "out of memory for 300x40 in tiles of 192 pixels" in ran.err
    assert not (tmp_path / "a_denoise.png").exists()


def test_a_dry_run_knows_of_tiles(tmp_path, dip):
    draw(tmp_path / "a.png", (400, 300))
    options = ("denoise", "a.png", "--dry-run", "--json")
    (whole,), (cut,) = (dip(*options).json, dip(*options, "--tile", 64).json)
    assert whole["tiles"] == 1 and cut["tiles"] > 20
    assert cut["memory"] < whole["memory"]
    assert cut["seconds"] > whole["seconds"], "overlaps are done twice"
    assert f"in {cut['tiles']} tiles" in dip("denoise", "a.png", "--dry-run", "--tile", 64).err
