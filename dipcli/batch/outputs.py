"""What a job writes: each file goes only where nothing of the user's is lost by it.

A file is new, or it replaces the one that stood there when the job began. A result that finds
its place taken is kept beside it; so is a partial one where a better one stands. What cannot be
written there at all, as on a full disk, is kept in a temporary folder.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from dipcli.batch import streams
from dipcli.batch.request import Job, made_from
from dipcli.batch.uptodate import read_record, sidecar, sidecar_text
from dipcli.errors import DeviceError, ModelError, WriteError
from dipcli.pictures import (
    CODECS,
    Seen,
    is_null,
    look,
    name_of,
    publish,
    publish_beside,
    write_atomic,
)
from dipcli.system.placing import full
from dipcli.system.refuge import Refuge

_STREAM = Path("-")  # standard output, among the outputs
_REMEDY = "; make room there or choose another disk, and run it again"


def output_files(job: Job) -> tuple[Path, ...]:
    """Every file that a job writes: the picture, its record, and what was asked for beside."""
    sides = tuple(side for side in job.sides if not is_null(side))
    if job.output is None or is_null(job.output):
        return sides
    record = () if CODECS[job.format].keeps_record else (sidecar(job.output),)
    return (job.output, *record, *sides)


@contextmanager
def folders_of(job: Job) -> Iterator[None]:
    """The folders of what a job writes: made if missing, and gone again after an error that ends
    the whole run, DeviceError or ModelError."""
    folders = {path.parent for path in output_files(job)}
    above = {one for folder in folders for one in (folder, *folder.parents)}
    made = sorted((one for one in above if not one.exists()), reverse=True)  # the deepest first
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except (DeviceError, ModelError):
        for folder in made:
            with suppress(OSError):  # what another process has put something into stays
                folder.rmdir()
        raise


class Outputs:
    """The places of a job's files, as they were when it began."""

    def __init__(self, job: Job) -> None:
        """Look at them now."""
        self._job = job
        self._seen: dict[Path, Seen] = {path: look(path) for path in output_files(job)}
        self._aside: set[Path] = set()  # where a partial file would replace a better one
        self._refuge = Refuge()
        self._why: dict[Path, str] = {}  # of what is there: what kept it from its place
        self.kept: dict[Path, Path] = {}  # what is not in its place -> where it is instead

    def changed_since_planned(self) -> Path | None:
        """A file that came or changed since the run was planned, which nobody allowed to replace.

        What another process of ours made of the same input meanwhile is none.
        """
        if not self._job.planned:
            return None
        pairs = zip(self._job.planned, self._seen.values(), strict=True)
        changed = [now.path for then, now in pairs if now.mark is not None and now != then]
        if not changed:
            return None
        output = self._job.output
        record = read_record(output) if output is not None and output.is_file() else None
        same = record is not None and record.get("made_from") == made_from(self._job)
        return None if same else changed[0]

    def put(self, path: Path, data: bytes, times: tuple[int, int] | None = None) -> Path:
        """Write one of the job's files; returns where it is.

        Raises WriteError if it could be written nowhere; it tells where the others are.
        """
        if is_null(path):  # thrown away
            return path
        if self._refuge.used:  # the files of one job know each other
            return self._rescued(path, data, times, None)
        try:
            found = None if path in self._aside else publish(self._seen[path], data, times)
            if found is None:
                found = publish_beside(path, data, times)
                self.kept[path] = found.path
            else:
                self._seen[path] = found
        except WriteError as error:
            return self._rescued(path, data, times, error)
        return found.path

    def put_out(self, data: bytes) -> None:
        """Write the picture to standard output; as `put`, unless its reader has left."""
        try:
            streams.put_picture(data)
        except WriteError as error:
            if isinstance(error.__cause__, BrokenPipeError | BlockingIOError):
                raise
            source = self._job.source
            named = Path("stdin") if isinstance(source, bytes) else source  # as in folders
            named = named.with_suffix(CODECS[self._job.format].suffixes[0])
            self._rescued(_STREAM, data, None, error, named)

    def put_picture(
        self, data: bytes, record: Mapping[str, object], times: tuple[int, int] | None
    ) -> None:
        """Write the picture, and its record beside it if its format has no place for one."""
        path = self._job.output
        assert path is not None
        if CODECS[self._job.format].keeps_record or is_null(path):
            self.put(path, data, times)
            return
        beside = sidecar(path)
        before = beside.read_bytes() if beside.is_file() else None
        first = path not in self._aside and self._seen[path].still
        if first:  # so that a process that is killed in between leaves no picture unknown
            self.put(beside, sidecar_text(path, data, record))
        place = self.put(path, data, times)
        if place == path:
            return
        if first and beside not in self.kept and self._seen[beside].still:
            self._undo(beside, before)  # the picture was refused after all
        try:
            publish(look(sidecar(place)), sidecar_text(place, data, record))
        except WriteError as error:
            raise self._with_others(str(error)) from error

    def _undo(self, beside: Path, before: bytes | None) -> None:
        """Let the record be again what it was."""
        if before is None:
            beside.unlink()
        else:
            write_atomic(beside, before)

    def _rescued(
        self,
        path: Path,
        data: bytes,
        times: tuple[int, int] | None,
        error: WriteError | None,
        named: Path | None = None,
    ) -> Path:
        """Write it to a temporary folder instead. error: why not where it belongs."""
        why = "" if error is None else str(error)
        try:
            place = self._refuge.take(named or path, data, times)
        except WriteError as other:
            text = f"{why or name_of(path)}; nor can it be kept: {other}"
            raise self._with_others(text + (_REMEDY if full(error or other) else "")) from other
        self.kept[path], self._why[path] = place, why
        return place

    def _with_others(self, text: str) -> WriteError:
        """The error of a file that is lost, with what is not."""
        return WriteError("; ".join([*self.sentences(), text]))

    def set_partial_aside(self, record: Mapping[str, object]) -> None:
        """Let a partial result go beside a complete one or a foreign file.

        Raises KeyboardInterrupt if it is worth nothing, as what stands there is as good or
        better and made of the same.
        """
        path = self._job.output
        if not record["partial"]:
            return
        if path is None or is_null(path) or not path.exists():
            self._aside = {side for side in self._job.sides if self._seen[side].mark}
            return
        found = read_record(path)
        if found is not None and found.get("fingerprint") == record["fingerprint"]:
            if not found.get("partial") or _steps(found) >= _steps(record):
                raise KeyboardInterrupt
        elif found is None or not found.get("partial"):
            self._aside = set(self._seen)

    def sentences(self) -> list[str]:
        """What did not come to its place and where it is, a sentence each."""
        return [self._sentence(path, place) for path, place in self.kept.items()]

    def _sentence(self, path: Path, place: Path) -> str:
        if path in self._why:
            why, where = self._why[path], name_of(place)
            return (
                f"{why}; what was made is in {where}" if why else f"{name_of(path)} is in {where}"
            )
        if path in self._aside:
            what = "the partial result" if path == self._job.output else "what there is so far"
            return f"{name_of(path)} is left as it is; {what} is in {name_of(place)}"
        what = "was changed" if self._seen[path].mark else "appeared"
        return (
            f"{name_of(path)} {what} during the run and is left as it is; "
            f"what was made is in {name_of(place)}"
        )


def _steps(record: Mapping[str, object]) -> int:
    found = record.get("stopped_at")
    return found if isinstance(found, int) else 0
