"""Measure cell after cell, each in a fresh process, and keep what is finished.

Finished cells are lines of `results.jsonl` in the output folder. A cell counts as finished if
its order and the code that decides the result are the same; so a run that was stopped goes on
where it was, and after a change of the method everything is measured again.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dipcli.bench.orders import Order
from dipcli.bench.sources import code
from dipcli.errors import UsageError

Record = dict[str, Any]


def run(orders: list[Order], out: Path, say: Callable[[str], None]) -> tuple[list[Record], int]:
    """Measure what is not finished, in the given order; the records, and how many cells failed."""
    out.mkdir(parents=True, exist_ok=True)
    store = out / "results.jsonl"
    finished = load(store)
    records, failures = [], 0
    for number, order in enumerate(orders, start=1):
        where = f"[{number}/{len(orders)}] {order.case.title} {order.case.picture}"
        key = identity(order)
        if key in finished and not (order.save and not order.save.exists()):
            say(f"{where} ({order.variant.label}): finished before")
            records.append(finished[key])
            continue
        measured = _measure(order)
        if isinstance(measured, str):
            say(f"{where} ({order.variant.label}): FAILED: {measured}")
            failures += 1
            continue
        record = {"key": key, **_described(order), **measured}
        _append(store, record)
        say(
            f"{where} ({order.variant.label}): {record['psnr']:.2f} dB in {record['seconds']:.1f} s"
        )
        records.append(record)
    return records, failures


def load(store: Path) -> dict[str, Record]:
    """The finished cells by identity; a last line cut off by an interruption does not count."""
    if not store.exists():
        return {}
    finished = {}
    for line in store.read_text().splitlines():
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        finished[record["key"]] = record
    return finished


def _append(store: Path, record: Record) -> None:
    """Add a line; after one that was cut off, on a line of its own."""
    with store.open("a+b") as lines:
        if lines.tell() > 0:
            lines.seek(-1, os.SEEK_END)
            if lines.read() != b"\n":
                lines.write(b"\n")
        lines.write(json.dumps(record).encode() + b"\n")


def identity(order: Order) -> str:
    """A cell by its order and the code as it is now; where files lie does not matter."""
    case = order.case
    asked = [case.suite, case.level, case.picture, asdict(order.variant), order.watch, code()]
    text = json.dumps(asked, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _measure(order: Order) -> Record | str:
    """The record of a fresh process, or the last line of what went wrong."""
    command = [sys.executable, "-m", "dipcli.bench.cell", order.to_json()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        if done.returncode == UsageError.exit_code:  # it would be wrong for every picture
            raise UsageError(lines[-1])
        return lines[-1]
    record: Record = json.loads(done.stdout.splitlines()[-1])
    return record


def _described(order: Order) -> Record:
    return {
        "suite": order.case.title,
        "picture": order.case.picture,
        "variant": order.variant.label,
        "seed": order.variant.seed,
        "code": code(),
    }
