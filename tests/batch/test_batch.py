"""The parts of a batch by themselves: names, claims, outcomes, requests."""

import json
import math
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

import dipcli
from dipcli.batch import claims
from dipcli.batch.checks import check_crop, check_picture, check_reference
from dipcli.batch.crop import Crop
from dipcli.batch.estimate import memory, seconds
from dipcli.batch.find import in_shard
from dipcli.batch.names import check_template, check_writable, choose_format
from dipcli.batch.outcome import Outcome, Status, finite, worst
from dipcli.batch.request import Job, Request, fingerprint
from dipcli.errors import OutputError, PictureError, UsageError
from dipcli.pictures import Header
from dipcli.presets.superres import SuperresSettings as Settings
from dipcli.system.files import born


def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def claim_of(path, pid, host=None, **more):
    facts = {"host": host or claims.socket.gethostname(), "pid": pid, "token": "x", **more}
    claims.claim_path(path).write_text(json.dumps(facts))


def test_a_claim_is_exclusive_and_goes_away(tmp_path):
    out = tmp_path / "x.png"
    with claims.claim(out) as mine:
        assert mine is not None
        with claims.claim(out) as second:
            assert second is None
        assert str(os.getpid()) in claims.owner(out)
    assert list(tmp_path.iterdir()) == []


def test_a_claim_goes_away_when_the_work_fails(tmp_path):
    with pytest.raises(ZeroDivisionError), claims.claim(tmp_path / "x.png"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["dead", "old", "half-written"])
def test_a_stale_claim_is_taken_over(kind, tmp_path):
    out = tmp_path / "x.png"
    claim_of(out, dead_pid() if kind == "dead" else 1, "elsewhere" if kind == "old" else None)
    path = claims.claim_path(out)
    if kind == "half-written":
        path.write_text('{"host"')
    if kind != "dead":
        past = time.time() - 2 * claims.STALE
        os.utime(path, (past, past))
    with claims.claim(out) as mine:
        assert mine is not None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not born(1), reason="the system does not tell when a process began")
@pytest.mark.parametrize("pid", [os.getpid(), os.getppid()], ids=["own", "parent"])
def test_an_earlier_process_with_the_same_number_is_dead(pid, tmp_path):
    out = tmp_path / "x.png"
    claim_of(out, pid, born="99")
    with claims.claim(out) as mine:
        assert mine is not None
    claim_of(out, pid, born=born(pid))
    with claims.claim(out) as mine:
        assert mine is None


@pytest.mark.parametrize("host", [None, "elsewhere"])
def test_a_living_claim_is_respected(host, tmp_path):
    out = tmp_path / "x.png"
    claim_of(out, os.getppid(), host)
    claims.remove_stale(tmp_path)
    with claims.claim(out) as mine:
        assert mine is None
    assert claims.claim_path(out).exists()


def test_a_claim_is_refreshed(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "REFRESH", -1.0)
    with claims.claim(tmp_path / "x.png") as mine:
        os.utime(mine.path, (0, 0))
        mine.refresh()
        assert mine.path.stat().st_mtime > 0


def test_the_digest_follows_what_decides_the_bytes():
    plain = Request(task="denoise")
    assert plain.digest() == Request(task="denoise", device="cpu", overwrite=True).digest()
    others = [
        Request(task="denoise", seed=1),
        Request(task="fit"),
        Request(task="denoise", overrides={"iters": 3}),
        Request(task="denoise", options={"sigma": 3.0}),
        Request(task="denoise", crop=Crop(8, 8, 0, 0)),
        Request(task="denoise", quality=50),
        Request(task="denoise", companions={"protect": Path("m.png")}),
        Request(task="inpaint", companions={"mask": Path("m.png")}),
        Request(task="inpaint", companions={"mask": "alpha"}),
    ]
    assert len({one.digest() for one in [plain, *others]}) == len(others) + 1


def test_the_command_can_be_typed_again():
    request = Request(
        task="inpaint",
        companions={"mask": "alpha"},
        overrides={"channels": (8, 16)},
        crop=Crop(8, 9, 1, 2),
        seed=3,
    )
    assert request.command() == (
        "dip inpaint --preset auto --channels 8,16 --mask alpha --crop 8x9+1+2 --seed 3"
    )


def test_the_worst_outcome_decides():
    def outcome(code):
        return Outcome(status=Status.FAILED, name="x", exit_code=code)

    assert worst([]) == 0
    assert worst([outcome(0), outcome(4), outcome(1)]) == 4


def test_json_has_no_infinity():
    found = finite({"a": math.inf, "b": [1.0, math.nan], "c": ("x", None)})
    assert found == {"a": None, "b": [1.0, None], "c": ["x", None]}


def test_every_path_is_in_one_shard():
    paths = [f"folder/{i}.png" for i in range(50)]
    parts = [{path for path in paths if in_shard(path, (i, 4))} for i in (1, 2, 3, 4)]
    assert sum(map(len, parts)) == 50
    assert set.union(*parts) == set(paths)
    assert all(parts)


@pytest.mark.parametrize("template", ["{nope}", "{stem", " "])
def test_bad_templates(template):
    with pytest.raises(UsageError, match="--name"):
        check_template(template, "--name")


def test_the_format_follows_out_then_the_input(tmp_path):
    assert choose_format(None, tmp_path / "x.WEBP", tmp_path / "a.png", "PNG") == "WEBP"
    assert choose_format(None, None, tmp_path / "a.jpeg", "PNG") == "JPEG"
    assert choose_format(None, None, tmp_path / "a.dat", "TIFF") == "TIFF"
    assert choose_format(None, None, tmp_path / "a.gif", "GIF") == "PNG"
    assert choose_format("BMP", tmp_path / "x.png", None, "PNG") == "BMP"


def test_writability_is_tried(tmp_path):
    check_writable(tmp_path / "to/be/made")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OutputError, match="not writable"):
        check_writable(tmp_path.__class__("/proc/self"))


def test_estimates_grow_with_the_picture_and_obey_the_budget(tmp_path):
    def job(side):
        header = Header("PNG", side, side, 3, 8, False)
        return Job(name="x", source=b"", relative="x", output=None, format="PNG", header=header)

    request = Request(task="denoise")
    small, large = job(256), job(1024)
    assert seconds(large, request, Settings()) > 10 * seconds(small, request, Settings())
    assert memory(large, request, Settings()) > memory(small, request, Settings())
    assert seconds(large, request, Settings(time=7.0)) == 7.0
    enlarged = Request(task="superres", options={"scale": 2})
    assert seconds(small, enlarged, Settings()) > 3 * seconds(small, request, Settings())
    once, again = (Settings(method="zero-shot+patches", repeats=repeats) for repeats in (0, 3))
    assert seconds(small, enlarged, again) > seconds(small, enlarged, once)
    fitted, half = (Settings(repeats=repeats, iters=10_000) for repeats in (0, 1))
    assert seconds(small, enlarged, half) < seconds(small, enlarged, fitted)
    assert memory(large, enlarged, half) < memory(large, enlarged, fitted)


@pytest.mark.parametrize(
    ("side", "words"), [(8187, ""), (8188, "x.png: 65504x80 is more than JPEG")]
)
def test_what_the_format_cannot_hold_once_enlarged_is_told_from_the_header(side, words):
    header = Header("PNG", side, 10, 3, 8, False)
    job = Job(name="x.png", source=b"", relative="x", output=None, format="JPEG", header=header)
    request = Request(task="superres", options={"scale": 8})
    if not words:
        check_picture(job, request)
        return
    with pytest.raises(PictureError, match=words):
        check_picture(job, request)


def test_the_fingerprint_follows_the_version_the_format_and_the_bytes(monkeypatch):
    header = Header("PNG", 8, 8, 3, 8, False)
    job = Job(name="x", source=b"a", relative="x", output=None, format="PNG", header=header)
    request = Request(task="denoise")
    found = {fingerprint(job, request), fingerprint(replace(job, source=b"b"), request)}
    found.add(fingerprint(replace(job, format="TIFF"), request))
    found.add(fingerprint(replace(job, companions={"protect": b"m"}), request))
    assert fingerprint(replace(job, name="y", several=True), request) in found
    monkeypatch.setattr(dipcli, "__version__", "99.0")
    found.add(fingerprint(job, request))
    assert len(found) == 5


def test_a_crop_may_touch_the_edges_and_not_cross_them():
    check_crop(Crop(20, 10, 0, 0), 20, 10, "a.png")
    check_crop(Crop(8, 4, 12, 6), 20, 10, "a.png")
    for crop in (Crop(8, 4, 13, 6), Crop(8, 4, 12, 7), Crop(21, 1, 0, 0), Crop(1, 11, 0, 0)):
        with pytest.raises(UsageError, match=r"reaches outside of a\.png, which is 20x10"):
            check_crop(crop, 20, 10, "a.png")


def test_a_reference_has_the_size_of_the_result_not_of_the_input(tmp_path):
    header = Header("PNG", 8, 6, 3, 8, False)
    job = Job(name="x", source=b"", relative="x", output=None, format="PNG", header=header)
    request = Request(task="superres", options={"scale": 2})
    for size in ((8, 6), (16, 12)):
        Image.new("RGB", size).save(tmp_path / f"{size[0]}.png")
    check_reference(replace(job, reference=tmp_path / "16.png"), request)
    with pytest.raises(UsageError, match="give the right one"):
        check_reference(replace(job, reference=tmp_path / "8.png"), request)
