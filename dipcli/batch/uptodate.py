"""Whether a result is there already: compared by what it was made of, never by its name."""

import hashlib
import json
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

import dipcli
from dipcli.batch.request import Job, Request, contents, fingerprint, made_from, word
from dipcli.errors import PictureError
from dipcli.pictures import CODECS, is_null, read, read_provenance
from dipcli.stages import unused
from dipcli.system.naming import fitting

_RECORD = ".dip.json"


class State(Enum):
    """What stands where the result should go."""

    MISSING = "missing"
    CURRENT = "up to date"
    OUTDATED = "outdated"  # ours and asked for in the same way, but of other input or version
    PARTIAL = "partial"  # ours, interrupted
    OTHER = "other"  # not ours, damaged, or made with other settings


def state_of(job: Job, request: Request) -> tuple[State, Mapping[str, object]]:
    """The state of the output, and its record if it is whole and ours."""
    if job.output is None or is_null(job.output) or not job.output.exists():
        return State.MISSING, {}
    record = read_record(job.output)
    if record is None:
        return State.OTHER, {}
    asked = without_unused(request, record)
    if record.get("fingerprint") == fingerprint(job, asked):
        if record.get("partial"):
            return State.PARTIAL, record
        whole = all(side.exists() for side in job.sides)
        current = whole and foreign_side(job, record) is None
        return (State.CURRENT if current else State.OUTDATED), record
    same = record.get("request") == asked.digest()
    return (State.OUTDATED if same else State.OTHER), record


def may_replace(state: State, job: Job, record: Mapping[str, object], request: Request) -> bool:
    """Whether the output may be made anew without being told to overwrite it.

    Yes for one that is missing, partial, or lacks a file beside it; in a folder also for one
    whose input changed since. A single file that is named is never replaced by itself, and
    nothing is where a file of somebody else would be replaced with it.
    """
    if foreign_side(job, record) is not None:
        return False
    if state is State.OUTDATED:
        asked = without_unused(request, record)
        return job.several or record.get("fingerprint") == fingerprint(job, asked)
    if state is State.MISSING:
        return not _foreign_sidecar(job)
    return state is State.PARTIAL


def foreign_side(job: Job, record: Mapping[str, object]) -> Path | None:
    """A file where one beside the result is to be written, which did not come with the result.

    record: of the result that stands there, {} if none does; it tells the files by their bytes.
    """
    known = record.get("beside")
    for what, path in job.side_files.items():
        if is_null(path) or not path.exists():
            continue
        ours = known.get(what) if isinstance(known, Mapping) else None
        if ours is None or not path.is_file() or contents(path) != ours:
            return path
    return None


def refusal(job: Job, record: Mapping[str, object], request: Request) -> str:
    """Why a result may not replace what is there without --overwrite."""
    side, output = foreign_side(job, record), job.output
    if output is None or is_null(output) or not output.exists():
        beside = (
            sidecar(output) if output is not None and not CODECS[job.format].keeps_record else None
        )
        return f"{side or beside or output} exists; --overwrite replaces it"
    current = record.get("fingerprint") == fingerprint(job, without_unused(request, record))
    if side is not None and current:
        return f"{side} exists and was not made with {output}; --overwrite replaces both"
    why = difference(record, job, request) if record else "by something else"
    return f"{output} exists and was made {why}; --overwrite replaces it"


def difference(record: Mapping[str, object], job: Job, request: Request) -> str:
    """What a result of ours was made with that is not what is asked for now, in words."""
    files, asked = record.get("made_from"), record.get("asked")
    if not (isinstance(files, Mapping) and isinstance(asked, Mapping)):
        return "with other settings or from another input"
    wanted = made_from(job)
    called = {one.name: one.what for one in request.task_class.companions}
    changed = [name for name in {**wanted, **files} if files.get(name) != wanted.get(name)]
    others = [called.get(name, name) for name in changed]
    then, now = _flat(asked), _flat(json.loads(json.dumps(request.identity())))
    names = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    parts = [f"from another {' and '.join(others)}"] if others else []
    if names:
        each = (f"{name} {_shown(then.get(name))} (now {_shown(now.get(name))})" for name in names)
        parts.append(f"with {', '.join(each)}")
    if record.get("version") != dipcli.__version__:
        parts.append(f"by version {record.get('version')} (this is {dipcli.__version__})")
    return " and ".join(parts) or "as a picture of another format"


def _flat(asked: Mapping[str, object]) -> dict[str, object]:
    """What was asked for, option by option, by the names that they have on the command line."""
    found: dict[str, object] = {}
    for name, value in asked.items():
        if isinstance(value, Mapping):
            found |= _flat(value)
        else:
            found["--jpeg-quality" if name == "quality" else f"--{name.replace('_', '-')}"] = value
    return found


def _shown(value: object) -> str:
    if value is None or value is False:
        return "unset"
    return "given" if value is True else word(value)


def without_unused(request: Request, record: Mapping[str, object]) -> Request:
    """The request without what made no difference to the result that has this record.

    Where it was made without a network, another learning rate is no other setting.
    """
    settings = record.get("settings")
    return request.without(unused(settings)) if isinstance(settings, Mapping) else request


def read_record(path: Path) -> dict[str, object] | None:
    """The record in a result of ours; None if there is none or the file is not whole."""
    text = read_provenance(path)
    record = _parsed(text) if text is not None else _record_in(sidecar(path))
    if record is None:
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


def _record_in(beside: Path) -> dict[str, object] | None:
    """The record that lies beside a result; None if there is none, or something else."""
    try:
        return _parsed(beside.read_text("utf-8")) if beside.is_file() else None
    except ValueError:
        return None


def _parsed(text: str) -> dict[str, object] | None:
    try:
        record = json.loads(text)
    except ValueError:
        return None
    return record if isinstance(record, dict) and "fingerprint" in record else None


def _foreign_sidecar(job: Job) -> bool:
    """Whether something else stands where the record of a missing result would lie."""
    if job.output is None or CODECS[job.format].keeps_record:
        return False
    beside = sidecar(job.output)
    return beside.exists() and _record_in(beside) is None


def sidecar(path: Path) -> Path:
    """Where the record of a result lies whose format has no place for it."""
    return path.with_name(fitting(path.name, _RECORD) + _RECORD)


def sidecar_text(path: Path, data: bytes, record: Mapping[str, object]) -> bytes:
    """The file for the record of `data`, which is about to be written to `path`.

    It names a result of ours that it replaces, so that this one is known until it is gone.
    """
    whole = {**record, "sha256": hashlib.sha256(data).hexdigest()}
    if path.is_file() and read_record(path) is not None:
        whole["replaces"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return json.dumps(whole, sort_keys=True).encode()
