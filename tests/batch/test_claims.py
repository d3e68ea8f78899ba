"""Claims between processes: what others see, and what nobody may take away."""

import json
import os
import socket
import time
from pathlib import Path

import pytest
from PIL import Image

from dipcli.batch import claims, uptodate
from dipcli.batch.outcome import Status
from dipcli.batch.request import Job, Request
from dipcli.batch.work import process_job
from dipcli.errors import WriteError
from dipcli.pictures import probe


def held(path: Path) -> dict[str, object]:
    return json.loads(path.read_text())


def test_the_file_is_there_while_it_is_held_and_names_host_and_process(tmp_path):
    path = tmp_path / ".dip-claim-x.png"
    with claims.claim(tmp_path / "x.png"):
        assert held(path)["pid"] == os.getpid()
        assert held(path)["host"] == socket.gethostname()
        assert len(str(held(path)["token"])) == 16
    assert not path.exists()


def test_a_claim_that_another_took_over_survives_the_first(tmp_path):
    path = tmp_path / ".dip-claim-x.png"
    with claims.claim(tmp_path / "x.png"):
        path.write_text('{"host": "elsewhere", "pid": 1, "token": "theirs"}')
    assert held(path)["token"] == "theirs"


@pytest.mark.parametrize(("age", "taken"), [(3000.0, False), (4200.0, True)])
def test_a_foreign_claim_is_stale_after_an_hour(age, taken, tmp_path):
    path = tmp_path / ".dip-claim-x.png"
    path.write_text('{"host": "elsewhere", "pid": 1, "token": "theirs"}')
    then = time.time() - age
    os.utime(path, (then, then))
    with claims.claim(tmp_path / "x.png") as mine:
        assert (mine is not None) is taken


def test_a_claim_is_refreshed_at_most_every_half_minute(tmp_path, monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with claims.claim(tmp_path / "x.png") as mine:
        for later, fresh in ((1.0, False), (29.0, False), (31.0, True)):
            os.utime(mine.path, (0, 0))
            monkeypatch.setattr(time, "monotonic", lambda later=later: now + later)
            mine.refresh()
            assert (mine.path.stat().st_mtime > 0) is fresh, later


@pytest.fixture
def job(tmp_path: Path) -> Job:
    source = tmp_path / "a.png"
    Image.linear_gradient("L").resize((16, 16)).save(source)
    return Job(
        name="a.png",
        source=source,
        relative="a.png",
        output=tmp_path / "out/x.png",
        format="PNG",
        header=probe(source),
    )


REQUEST = Request(
    task="denoise", options={"sigma": 9.0}, overrides={"iters": 3, "runs": 1}, device="cpu"
)


def test_what_another_process_made_meanwhile_is_not_made_again(job, monkeypatch):
    """After the claim is taken, the output is looked at once more."""
    assert process_job(job, REQUEST, _watch()).status is Status.DONE
    before = job.output.stat().st_mtime_ns
    looks = iter([False, True])
    exists = Path.exists

    def late(path: Path, **more: object) -> bool:
        return exists(path, **more) and (path != job.output or next(looks, True))

    monkeypatch.setattr(Path, "exists", late)
    assert process_job(job, REQUEST, _watch()).status is Status.UP_TO_DATE
    assert job.output.stat().st_mtime_ns == before
    assert not list(job.output.parent.glob(".dip-*"))


def test_the_claim_is_held_and_refreshed_at_every_step(job, monkeypatch):
    seen = []
    monkeypatch.setattr(claims.Claim, "refresh", lambda claim: seen.append(claim.path.exists()))
    assert process_job(job, REQUEST, _watch()).record["stopped_at"] == len(seen)
    assert len(seen) >= 3 and all(seen)


def test_what_is_claimed_is_left_to_its_owner(job):
    job.output.parent.mkdir()
    with claims.claim(job.output):
        outcome = process_job(job, REQUEST, _watch())
    assert outcome.status is Status.ELSEWHERE
    assert str(os.getpid()) in outcome.message
    assert not job.output.exists()


def test_the_record_of_a_bitmap_lies_beside_it(tmp_path):
    place = tmp_path / "x.bmp"
    assert uptodate.sidecar(place) == tmp_path / "x.bmp.dip.json"
    found = json.loads(uptodate.sidecar_text(place, b"abc", {"fingerprint": "f"}))
    assert found["sha256"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def _watch():
    from dipcli.batch.work import Hooks

    return Hooks()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_leaves_no_empty_claim(tmp_path, monkeypatch):
    opened = Path.open

    def full(path, mode="r", **more):
        file = opened(path, mode, **more)
        if mode != "x":
            return file
        file.close()
        return opened(Path("/dev/full"), "w")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(WriteError, match="No space left"), claims.claim(tmp_path / "x.png"):
        pass
    assert list(tmp_path.iterdir()) == []
