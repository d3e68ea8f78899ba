"""A list of inputs as a plan: one job per picture, everything checked that can be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dipcli.batch.checks import check_picture, with_partners
from dipcli.batch.collisions import without_collisions
from dipcli.batch.find import Found, check_exists, in_shard, walk
from dipcli.batch.models import check_models
from dipcli.batch.names import (
    BESIDE,
    INSIDE,
    check_inside,
    check_suffix,
    check_template,
    check_writable,
    choose_format,
    fields_of,
    fill,
    other_format,
    possible_formats,
    suffix_for,
)
from dipcli.batch.outcome import Outcome, Status, single_code
from dipcli.batch.outputs import output_files
from dipcli.batch.protecting import check_report, with_inputs_protected
from dipcli.batch.request import Job, Request
from dipcli.batch.resuming import check_checkpoint
from dipcli.errors import DipError, NoPictureError, OutputError, UsageError
from dipcli.pictures import check_writes_file, probe, unnumbered

STDIN = "-"
_PIPED = "stdin"  # what results are called whose input has no name


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where to read and to write. output: None beside the inputs, "-" standard output."""

    inputs: Sequence[str]
    output: str | None = None
    name: str | None = None
    recursive: bool = False
    shard: tuple[int, int] | None = None
    stdin: bytes | None = None
    piped: str = "standard input"  # how that is called
    settings: Sequence[Path] = ()  # files that the request came from


@dataclass
class Plan:
    """The jobs, and the pictures that failed before their turn."""

    jobs: list[Job] = field(default_factory=list)
    failed: list[Outcome] = field(default_factory=list)
    several: bool = False


def make_plan(places: Places, request: Request) -> Plan:
    """Check the request and turn the inputs into jobs, in the order of the inputs and names.

    Raises UsageError for what is wrong with the whole, NoPictureError for folders without a
    picture; a picture that is wrong by itself becomes a failed outcome of the plan.
    """
    for template, option in ((places.name, "--name"), *_side_templates(request)):
        if template is not None:
            check_template(template, option)
    if places.name is not None:
        check_inside(places.name, "--name")
    check_models(request)
    found = _find(places, request)
    several = len(found) > 1 or any(Path(one).is_dir() for one in places.inputs if one != STDIN)
    plan = Plan(several=several)
    _check_sides(request, several=len(found) > 1)
    folder = _output_folder(places, several)
    for one in found:
        try:
            plan.jobs.append(_job(one, places, request, folder, several))
        except (OSError, DipError) as error:
            code = error.exit_code if isinstance(error, DipError) else 1
            plan.failed.append(_failure(str(one.path), str(error), code))
    plan.jobs, collided = without_collisions(plan.jobs)  # over all shards
    plan.failed += [_failure(name, text, OutputError.exit_code) for name, text in collided.items()]
    plan.jobs = with_inputs_protected(
        plan.jobs, request, (one.path for one in found), places.settings
    )
    if places.shard:
        _keep_shard(plan, found, places.shard)
    if not several:
        _raise_single(plan)
    among = several and bool(plan.jobs)
    plan.failed = [
        replace(one, exit_code=single_code(one.exit_code, several=among)) for one in plan.failed
    ]
    if request.checkpoint:
        check_checkpoint(request.checkpoint, plan.jobs, several=several)
    if request.report:
        check_report(request.report, overwrite=request.overwrite)
        check_writable(request.report.parent)
    for parent in {path.parent for job in plan.jobs for path in output_files(job)}:
        check_writable(parent)
    return plan


def _find(places: Places, request: Request) -> list[Found]:
    """All inputs; our own results beside them are no inputs."""
    found: list[Found] = []
    partners = (*request.companions.values(), request.reference)
    exclude = [Path(one) for one in (places.output, *partners) if one]
    for name in places.inputs:
        path = Path(name)
        if name == STDIN:
            if len(places.inputs) > 1:
                raise UsageError("- (standard input) stands for one picture, alone")
            found.append(Found(Path(places.piped), path, STDIN))
            continue
        check_exists(path)
        if path.is_dir():
            inside = list(walk(path, recursive=places.recursive, exclude=exclude))
            found += inside if places.output else _without_results(inside, places, request)
        else:
            found.append(Found(path, path.parent, path.name))
    found = list({one.path.absolute(): one for one in found}.values())
    if not found:
        below = "" if places.recursive else "; --recursive looks into its subfolders"
        raise NoPictureError(f"no picture in {', '.join(places.inputs)}{below}")
    return found


def _without_results(found: list[Found], places: Places, request: Request) -> list[Found]:
    """Leave out what another file of the list would be restored to."""
    results = set()
    for one in found:
        for format in possible_formats(request.format, one.path):
            name = fill(places.name or BESIDE, _fields(one, request, suffix_for(format, one.path)))
            results.add(one.path.parent / name)
    return [one for one in found if not {one.path, unnumbered(one.path)} & results]


def _keep_shard(plan: Plan, found: Sequence[Found], shard: tuple[int, int]) -> None:
    """Leave the other parts of the list to other processes."""
    ours = {str(one.path) for one in found if in_shard(one.relative, shard)}
    plan.jobs = [job for job in plan.jobs if job.name in ours]
    plan.failed = [outcome for outcome in plan.failed if outcome.name in ours]


def _output_folder(places: Places, several: bool) -> Path | None:
    """The folder that -o names, or None: a file, standard output, or beside the inputs."""
    output = places.output
    if output is None or (output == STDIN and not several):
        return None
    if output == STDIN:
        raise UsageError("-o - is for one picture; give a folder for several")
    path = Path(output)
    if several and path.exists() and not path.is_dir():
        raise OutputError(f"{output} is a file, but several pictures need a folder")
    return path if several or path.is_dir() or output.endswith(("/", "\\")) else None


def _job(one: Found, places: Places, request: Request, folder: Path | None, several: bool) -> Job:
    """One input with its names and partners; raises a DipError if it cannot be restored."""
    piped = one.relative == STDIN
    source: Path | bytes = (places.stdin or b"") if piped else one.path
    header = probe(source, max_pixels=request.max_pixels)
    to_stdout = places.output == STDIN or (piped and places.output is None)
    as_file = Path(places.output) if places.output and not to_stdout and not folder else None
    path = None if piped else one.path
    format = choose_format(request.format, as_file, path, header.format, header.lossless)
    asked = request.format is not None or as_file is not None
    fields = _fields(one, request, suffix_for(format, path))
    output = None
    if not to_stdout:
        output = as_file or _named(one, places, folder, fields, format)
        check_writes_file(output)
        if output.is_dir():
            raise OutputError(f"{output} is a folder; name a file")
        if path is not None and output.resolve() == path.resolve():
            raise OutputError(f"{output} is the input itself; choose another -o or --name")
    named: Any = {kind: Path(fill(text, fields)) for text, kind in _sides(request) if text}
    job = Job(
        name=str(one.path),
        source=source,
        relative=one.relative,
        output=output,
        format=format,
        header=header,
        several=several,
        note=None if asked else other_format(header.format, format, path),
        **named,
    )
    for side in job.sides:
        check_writes_file(side)
    check_picture(job, request)
    return with_partners(job, one, request)


def _named(
    one: Found, places: Places, folder: Path | None, fields: dict[str, object], format: str
) -> Path:
    """The output by its template: in the mirrored tree, or beside the input."""
    name = fill(places.name or (BESIDE if folder is None else INSIDE), fields)
    if places.name is not None:
        check_inside(name, "--name")  # a stem may be two dots
        check_suffix(name, format, "--name")
    if folder is None:
        return one.path.parent / name
    return folder / Path(one.relative).parent / name


def _fields(one: Found, request: Request, suffix: str) -> dict[str, object]:
    unnamed = _PIPED if request.task_class.takes_picture else request.task
    relative = unnamed if one.relative == STDIN else one.relative
    return fields_of(
        relative, task=request.task, preset=request.preset, seed=request.seed, suffix=suffix
    )


def _sides(request: Request) -> tuple[tuple[str | None, str], ...]:
    """The files beside the result: their templates and what they are."""
    return (
        (request.gif, "gif"),
        (request.curve, "curve"),
        (request.uncertainty, "uncertainty"),
    )


def _side_templates(request: Request) -> Iterable[tuple[str | None, str]]:
    return ((text, f"--{kind}") for text, kind in _sides(request))


def _check_sides(request: Request, *, several: bool) -> None:
    """Several pictures need several names."""
    for text, option in _side_templates(request):
        if text and several and "{stem}" not in text:
            example = Path(text).with_stem(Path(text).stem + "_{stem}")
            raise UsageError(f"{option} {text} names one file for several pictures; try {example}")


def _failure(name: str, message: str, code: int) -> Outcome:
    return Outcome(status=Status.FAILED, name=name, message=message, exit_code=code)


def _raise_single(plan: Plan) -> None:
    """A single picture that cannot be done is an error of the whole; kept as its outcome."""
    if plan.failed and plan.failed[0].exit_code == UsageError.exit_code:
        raise UsageError(plan.failed[0].message)
