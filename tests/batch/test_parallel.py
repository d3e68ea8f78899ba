"""`--jobs auto`: processes for a folder, threads for one picture, within cores and memory."""

import os
from pathlib import Path

import pytest
import torch

from dipcli.batch import parallel
from dipcli.batch.request import Job, Request
from dipcli.cli.types import JOBS
from dipcli.pictures import Header
from dipcli.system import cores, memory

GIGABYTE = 1e9


def pictures(count: int, side: int = 256) -> list[Job]:
    header = Header("PNG", side, side, 3, 8, False)
    make = {"source": b"", "format": "PNG", "header": header}
    names = [f"{number}.png" for number in range(count)]
    return [Job(name=name, relative=name, output=Path(name), **make) for name in names]


@pytest.fixture
def machine(monkeypatch):
    """A machine of so many idle cores and bytes, without a GPU unless it has some."""

    def made(idle: int, room: float | None = 64 * GIGABYTE, gpus: int = 0, usable: int = 8) -> None:
        monkeypatch.setattr(cores, "idle", lambda: idle)
        monkeypatch.setattr(cores, "usable", lambda: usable)
        monkeypatch.setattr(memory, "available", lambda: room)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)

    return made


def division(
    count: int, side: int = 256, device: str = "cpu", **more: object
) -> tuple[int, int | None]:
    request = Request(task="denoise", device=device, **more)
    made = parallel.best_division(pictures(count, side), request)
    return made.processes, made.threads


def found(*given: object, **more: object) -> int:
    return division(*given, **more)[0]


@pytest.mark.parametrize(
    ("count", "idle", "expected"),
    [(0, 8, 1), (1, 8, 1), (5, 8, 5), (40, 8, 8), (40, 2, 2), (40, 1, 1)],
)
def test_a_process_for_each_idle_core_but_not_for_one_picture(machine, count, idle, expected):
    machine(idle)
    assert found(count) == expected


@pytest.mark.parametrize("idle", [1, 3, 8])
def test_threads_do_not_depend_on_how_busy_the_machine_is(machine, idle):
    machine(idle)
    assert division(40) == (idle, 1)
    assert division(4) == (min(idle, 4), 2)
    assert division(1) == (1, None), "one picture has all cores"


def test_little_work_has_the_threads_of_much(machine):
    machine(8)
    assert division(8, side=32, preset="fast")[1] == division(800, side=32, preset="fast")[1] == 1


def test_where_memory_bounds_the_pictures_each_has_more_threads(machine):
    each = parallel._work(pictures(1, 4000), Request(task="denoise", device="cpu"))[1]
    machine(8, room=3 * each)
    assert division(40, side=4000) == (2, 4)


def test_a_process_alone_keeps_to_its_threads(machine, monkeypatch):
    machine(1)
    told: list[int] = []
    monkeypatch.setattr(cores, "limit_threads", told.append)
    request = Request(task="denoise", device="cpu")
    with parallel.workers_for(pictures(40), request, None, None) as workers:
        assert workers is None
    assert told == [1]
    with parallel.workers_for(pictures(40), request, 1, None) as workers:
        assert workers is None
    assert told == [1], "only auto decides on threads"


def test_many_processes_get_what_was_decided(machine, monkeypatch):
    machine(3)
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(parallel, "pool", lambda *given: asked.append(given))
    request = Request(task="denoise", device="cpu")
    parallel.workers_for(pictures(40), request, None, None)
    parallel.workers_for(pictures(40), request, 5, None)
    assert asked == [(3, "cpu", 1), (5, "cpu", None)]


def test_threads_are_limited_in_this_process_and_in_what_it_starts(monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    try:
        cores.limit_threads(3)
        assert torch.get_num_threads() == 3
        assert os.environ["OMP_NUM_THREADS"] == "3"
    finally:
        torch.set_num_threads(before)


def test_little_work_is_not_worth_the_start_of_processes(machine):
    machine(8)
    assert found(2, side=32, preset="fast") == 1
    assert found(100, side=32, preset="fast") == 8


def test_no_more_than_whose_largest_pictures_fit_into_memory(machine):
    machine(8, room=64 * GIGABYTE)
    assert found(40, side=4000) == 8
    each = parallel._work(pictures(1, 4000), Request(task="denoise", device="cpu"))[1]
    machine(8, room=3 * each)
    assert found(40, side=4000) == 2
    machine(8, room=each / 2)
    assert found(40, side=4000) == 1
    machine(8, room=None)
    assert found(40, side=4000) == 8


def test_the_largest_of_unlike_pictures_counts(machine):
    machine(8, room=64 * GIGABYTE)
    request = Request(task="denoise", device="cpu")
    mixed = [*pictures(20, 64), *pictures(1, 4000)]
    assert parallel._work(mixed, request)[1] == parallel._work(pictures(1, 4000), request)[1]


@pytest.mark.parametrize(
    ("device", "gpus", "expected"),
    [("auto", 4, 4), ("cuda", 2, 2), ("cuda:1", 2, 1), ("auto", 0, 8), ("auto", 64, 40)],
)
def test_a_picture_for_each_gpu(machine, device, gpus, expected):
    machine(8, gpus=gpus)
    assert found(40, device=device) == expected


@pytest.mark.parametrize(
    ("mask", "busy", "limit", "expected"),
    [
        ({0, 1, 2, 3}, 0.2, "max 100000", 4),
        ({0, 1, 2, 3}, 1.7, "max 100000", 2),
        ({0, 1, 2, 3}, 9.0, "max 100000", 1),
        (set(range(64)), 0.0, "250000 100000", 2),
        (set(range(64)), 0.0, "50000 100000", 1),
        ({3}, 0.0, "max 100000", 1),
    ],
)
def test_idle_cores_of_this_process(tmp_path, monkeypatch, mask, busy, limit, expected):
    (tmp_path / "cpu.max").write_text(limit)
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda pid: mask, raising=False)
    monkeypatch.setattr(cores, "busy_cores", lambda: busy)
    real = cores.usable
    monkeypatch.setattr(cores, "usable", lambda: real(tmp_path))
    assert cores.idle() == expected


def test_a_container_of_the_first_version(tmp_path, monkeypatch):
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu/cpu.cfs_quota_us").write_text("300000\n")
    (tmp_path / "cpu/cpu.cfs_period_us").write_text("100000\n")
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    assert cores.usable(tmp_path) == 3
    (tmp_path / "cpu/cpu.cfs_quota_us").write_text("-1\n")
    assert cores.usable(tmp_path) == 8


def test_without_affinity_all_cores_count(tmp_path, monkeypatch):
    monkeypatch.delattr(cores.os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(cores.os, "cpu_count", lambda: 6)
    assert cores.usable(tmp_path) == 6


@pytest.mark.parametrize(("text", "value"), [("auto", None), ("1", 1), ("12", 12), (3, 3)])
def test_jobs_as_people_type_them(text, value):
    assert JOBS.convert(text, None, None) == value
