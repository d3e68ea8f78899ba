"""Whether a result is there already: compared by what it was made of, never by its name."""

import hashlib
import json
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from dipcli.batch.request import Job, Request, fingerprint
from dipcli.errors import PictureError
from dipcli.pictures import read, read_provenance, write_atomic
from dipcli.settings import unused

NO_PLACE = frozenset({"BMP"})  # formats without room for a record: it lies in a file beside


class State(Enum):
    """What stands where the result should go."""

    MISSING = "missing"
    CURRENT = "up to date"
    OUTDATED = "outdated"  # ours and asked for in the same way, but of other input or version
    PARTIAL = "partial"  # ours, interrupted
    OTHER = "other"  # not ours, damaged, or made with other settings


def state_of(job: Job, request: Request) -> tuple[State, Mapping[str, object]]:
    """The state of the output, and its record if it is whole and ours."""
    if job.output is None or not job.output.exists():
        return State.MISSING, {}
    record = read_record(job.output)
    if record is None:
        return State.OTHER, {}
    asked = as_made(request, record)
    if record.get("fingerprint") == fingerprint(job, asked):
        if record.get("partial"):
            return State.PARTIAL, record
        whole = all(side.exists() for side in job.sides)
        return (State.CURRENT if whole else State.OUTDATED), record
    same = record.get("request") == asked.digest()
    return (State.OUTDATED if same else State.OTHER), record


def may_replace(state: State, job: Job, record: Mapping[str, object], request: Request) -> bool:
    """Whether the output may be made anew without being told to overwrite it.

    Yes for one that is missing, partial, or lacks a file beside it; in a folder also for one
    whose input changed since. A single file that is named is never replaced by itself.
    """
    if state is State.OUTDATED:
        asked = as_made(request, record)
        return job.several or record.get("fingerprint") == fingerprint(job, asked)
    if state is State.MISSING:
        return not any(side.exists() for side in job.sides)
    return state is State.PARTIAL


def as_made(request: Request, record: Mapping[str, object]) -> Request:
    """The request without what made no difference to the result that has this record.

    Where it was made without a network, another learning rate is no other setting.
    """
    settings = record.get("settings")
    return request.without(unused(settings)) if isinstance(settings, Mapping) else request


def read_record(path: Path) -> dict[str, object] | None:
    """The record in a result of ours; None if there is none or the file is not whole."""
    text = read_provenance(path)
    beside = sidecar(path)
    try:
        if text is None and beside.is_file():
            text = beside.read_text("utf-8")
        record = None if text is None else json.loads(text)
    except ValueError:
        return None
    if not isinstance(record, dict) or "fingerprint" not in record:
        return None
    if "sha256" in record:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found == record["sha256"]:
            return record
        # else killed before the file followed its record, or not ours
        return {**record, "partial": True} if found == record.get("replaces") else None
    try:
        read(path, max_pixels=None)  # a truncated file still has its first lines
    except PictureError:
        return None
    return record


def sidecar(path: Path) -> Path:
    """Where the record of a result lies whose format has no place for it."""
    return path.with_name(path.name + ".dip.json")


def write_sidecar(path: Path, data: bytes, record: Mapping[str, object]) -> None:
    """Write the record of `data`, which is about to be written to `path`.

    It names a result of ours that it replaces, so that this one is known until it is gone.
    """
    whole = {**record, "sha256": hashlib.sha256(data).hexdigest()}
    if path.is_file() and read_record(path) is not None:
        whole["replaces"] = hashlib.sha256(path.read_bytes()).hexdigest()
    write_atomic(sidecar(path), json.dumps(whole, sort_keys=True).encode())
