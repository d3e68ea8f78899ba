"""Several workers: a device each, and one that is killed takes nothing else with it."""

import json
import os
import signal
import sys
import time
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from mass.running import contents, folder, start

from dipcli.batch.outcome import Outcome, Status
from dipcli.batch.pool import Workers, _devices
from dipcli.batch.request import Job, Request
from dipcli.batch.spread import spread
from dipcli.observers import Interrupt
from dipcli.pictures import Header


@pytest.mark.parametrize(
    ("count", "asked", "workers", "found"),
    [
        (2, "auto", 3, ["cuda:0", "cuda:1", "cuda:0"]),
        (4, "cuda", 2, ["cuda:0", "cuda:1"]),
        (2, "cuda:1", 2, ["cuda:1", "cuda:1"]),
        (2, "cpu", 2, ["cpu", "cpu"]),
        (0, "auto", 2, ["cpu", "cpu"]),
    ],
)
def test_each_worker_has_a_device(count, asked, workers, found, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert _devices(workers, asked) == found


@pytest.mark.skipif(sys.platform != "linux", reason="kills a process by its number")
def test_a_killed_worker_takes_no_other_picture_with_it(tmp_path):
    folder(tmp_path / "in", 3, side=32)
    slow = ("--iters", "60", "--runs", "1", "--stop", "none", "--channels", "4,8")
    args = ["denoise", "in", "-o", "out", "--jobs", "2", "--device", "cpu", *slow]
    process = start(args, tmp_path)
    end = time.monotonic() + 120
    while not (found := [p for p in (tmp_path / "out").glob(".dip-claim-*") if p.stat().st_size]):
        assert time.monotonic() < end
        time.sleep(0.05)
    os.kill(json.loads(found[0].read_text())["pid"], signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert b"going on one at a time" in err
    assert sorted(contents(tmp_path / "out")) == [f"000{i}.png" for i in range(3)]


class Fragile(Executor):
    """Done at once; a picture called "bad" ends all processes, as the system does."""

    def submit(self, do, job, request):
        future = Future()
        if job.name == "bad":
            self.broken = True
        if getattr(self, "broken", False):
            future.set_exception(BrokenProcessPool())
        else:
            future.set_result(do(job, request))
        return future


def fragile(slots, replaced, with_replacement=True):
    def replacement():
        replaced.append(1)
        return nullcontext(fragile(1, replaced))

    def do(job, request):
        return Outcome(status=Status.DONE, name=job.name), []

    return Workers(
        Fragile(), do, lambda: slots, lambda: None, replacement if with_replacement else None
    )


class Silent:
    def start(self, name):
        """Nothing is shown."""

    leave = start

    def note(self, text):
        self.said = text


def jobs(*names):
    header = Header("PNG", 8, 8, 3, 8, False)
    make = {"source": b"", "format": "PNG", "header": header}
    return [Job(name=name, relative=name, output=Path(name), **make) for name in names]


def test_the_picture_at_fault_fails_alone():
    replaced, reporter = [], Silent()
    listed = jobs("a", "b", "bad", "c", "bad", "d")
    ends = list(
        spread(fragile(2, replaced), listed, Request(task="denoise"), reporter, Interrupt())
    )
    assert sorted((job.name, str(outcome.status)) for job, outcome in ends) == [
        ("a", "done"),
        ("b", "done"),
        ("bad", "failed"),
        ("bad", "failed"),
        ("c", "done"),
        ("d", "done"),
    ]
    assert len(replaced) == 3, "a new process after each that was killed"
    assert "one at a time" in reporter.said


def test_without_a_replacement_what_was_at_hand_has_failed():
    workers = fragile(2, [], with_replacement=False)
    listed = jobs("a", "b", "bad", "c", "d", "e")
    ends = list(spread(workers, listed, Request(task="denoise"), Silent(), Interrupt()))
    failed = {job.name for job, outcome in ends if outcome.status is Status.FAILED}
    assert failed == {"bad", "c"}
    assert len(ends) == 4


def test_nothing_is_begun_after_an_interruption():
    interrupt = Interrupt()
    ends = []
    for job, _ in spread(
        fragile(1, []), jobs("a", "b", "c"), Request(task="denoise"), Silent(), interrupt
    ):
        ends.append(job.name)
        interrupt.signum = signal.SIGINT
    assert ends == ["a"]


def test_each_job_is_done_as_it_is_asked_for():
    seen = {}

    def do(job, request):
        seen[job.name] = request.task
        return Outcome(status=Status.DONE, name=job.name), []

    own = replace(jobs("b")[0], request=Request(task="fit"))
    workers = Workers(Fragile(), do, lambda: 2, lambda: None)
    asked = [*jobs("a"), own]
    list(spread(workers, asked, Request(task="denoise"), Silent(), Interrupt()))
    assert seen == {"a": "denoise", "b": "fit"}
