"""`--cluster`: a scheduler and two worker processes on this machine, through the executable."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mass.running import QUICK, contents, environment, folder, run, start

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="pip install 'dipcli[cluster]'"
)
ENDLESS = ("--iters", "100000", "--runs", "1", "--stop", "none", "--device", "cpu")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A scheduler with two worker processes of one thread each."""
    place = tmp_path_factory.mktemp("dask")
    dask, facts = Path(sys.executable).with_name("dask"), place / "scheduler.json"
    same = ["--scheduler-file", facts, "--no-dashboard"]
    here = ["--local-directory", place, "--nworkers", "2", "--nthreads", "1", "--memory-limit", "0"]
    started = []
    for command in (["scheduler", "--host", "127.0.0.1", "--port", "0"], ["worker", *here]):
        with (place / f"{command[0]}.log").open("w") as log:
            line = [str(word) for word in (dask, *command, *same)]
            started.append(subprocess.Popen(line, env=environment(), stdout=log, stderr=log))
    try:
        wait_until(facts.exists)
        log = place / "worker.log"
        wait_until(lambda: log.read_text().count("Registered to") == 2)
        yield json.loads(facts.read_text())["address"]
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(30)


def wait_until(condition, seconds=120.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def owners(out: Path) -> set[int]:
    """The processes that are at work on pictures of this folder."""
    found = set()
    for path in out.glob(".dip-claim-*"):
        text = path.read_text()
        if text.endswith("}"):
            found.add(json.loads(text)["pid"])
    return found


def test_a_folder_is_done_as_it_is_here_and_a_bad_file_stops_nothing(address, tmp_path):
    place = folder(tmp_path / "in", 5)
    (place / "bad.png").write_bytes((place / "0000.png").read_bytes()[:-30])
    (place / "wrong.jpg").write_bytes(b"\xff\xd8\xff but no JPEG")
    here = run(["denoise", "in", "-o", "here", *QUICK], tmp_path)
    sent = ["denoise", "in", "-o", "there", "--cluster", address, "--json", *QUICK]
    ran = run(sent, tmp_path)
    assert (here.code, ran.code) == (1, 1), ran.err
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    ends = {record["output"]: record["status"] for record in ran.records[:-1] if record["output"]}
    assert ends == {f"there/000{i}.png": "done" for i in range(5)}
    assert [line.split(":")[1] for line in ran.err.splitlines()[-2:]] == [
        " in/bad.png",
        " in/wrong.jpg",
    ]
    again = run(sent, tmp_path)
    assert "5 up to date, 2 failed" in again.err


def test_an_interruption_ends_the_pictures_at_hand(address, tmp_path):
    folder(tmp_path / "in", 4)
    process = start(["denoise", "in", "-o", "out", "--cluster", address, *ENDLESS], tmp_path)
    wait_until(lambda: len(owners(tmp_path / "out")) == 2)
    assert process.pid not in owners(tmp_path / "out")
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert b"2 not begun" in err
    assert b"Traceback" not in err
    assert not list((tmp_path / "out").glob(".*"))
    done = run(["denoise", "in", "-o", "out2", "--cluster", address, *QUICK], tmp_path)
    assert done.code == 0, "the next run is not interrupted"


def test_a_worker_that_dies_loses_no_picture(address, tmp_path):
    folder(tmp_path / "in", 3)
    slow = ("--iters", "60", "--runs", "1", "--stop", "none", "--channels", "4,8")
    args = ["denoise", "in", "-o", "out", "--cluster", address, "--device", "cpu", *slow]
    process = start(args, tmp_path)
    wait_until(lambda: owners(tmp_path / "out"))
    os.kill(owners(tmp_path / "out").pop(), signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert sorted(contents(tmp_path / "out")) == ["0000.png", "0001.png", "0002.png"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nonsense", "is not the address of a scheduler"),
        ("tcp://127.0.0.1:9", "no Dask scheduler answers at tcp://127.0.0.1:9"),
    ],
)
def test_no_scheduler_is_told_in_one_line(given, message, tmp_path):
    folder(tmp_path / "in", 1)
    ran = run(["denoise", "in", "-o", "out", "--cluster", given], tmp_path, limit=60)
    assert ran.code == 2
    assert message in ran.err
    assert ran.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "-"], "give -o FILE"),
        (["-o", "x.png", "--jobs", "2"], "--jobs is for this machine"),
    ],
)
def test_what_does_not_go_together(words, message, tmp_path):
    folder(tmp_path / "in", 1)
    ran = run(["denoise", "in/0000.png", "--cluster", "tcp://x:1", *words], tmp_path)
    assert ran.code == 2
    assert message in ran.err


def test_the_extra_is_named_where_it_is_missing(monkeypatch):
    from dipcli.batch.cluster import cluster
    from dipcli.errors import UsageError

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"pip install 'dipcli\[cluster\]'"), cluster("tcp://x:1"):
        pass
