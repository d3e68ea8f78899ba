"""What results are called, and where they go."""

import string
from collections.abc import Mapping
from pathlib import Path

from dipcli.errors import OutputError, UsageError
from dipcli.pictures import CODECS, HEAD, USUAL, format_for_suffix, sniff, written

BESIDE = "{stem}_{task}{suffix}"  # without -o: beside the input
INSIDE = "{stem}{suffix}"  # in a folder of results
FIELDS = ("stem", "ext", "task", "suffix", "preset", "seed", "parent")


def check_template(template: str, option: str) -> None:
    """Raise UsageError for a template without a name, or with fields that are not plain names.

    A width or a precision could ask for gigabytes of blanks, a conversion for nothing useful.
    """
    try:
        found = [part[1:] for part in string.Formatter().parse(template) if part[1] is not None]
    except ValueError as error:
        raise UsageError(f"{option}: {template!r} is not a template: {error}") from error
    for name, width, conversion in found:
        if name not in FIELDS:
            known = ", ".join("{" + one + "}" for one in FIELDS)
            raise UsageError(f"{option}: unknown field {{{name}}}; choose from {known}")
        if width or conversion:
            raise UsageError(
                f"{option}: {template!r} has more in {{{name}}} than its name; write {{{name}}}"
            )
    if not template.strip() or "\0" in template:
        what = "is empty" if not template.strip() else "holds a NUL"
        raise UsageError(f"{option} {what}; give a name such as {{stem}}_clean{{suffix}}")


def check_inside(name: str, option: str) -> None:
    """Raise UsageError if this name, or template of names, leads out of the output folder."""
    path = Path(name)
    if path.anchor or ".." in path.parts:
        raise UsageError(f"{option} {name} leads out of the output folder; -o names a folder")


def check_suffix(name: str, format: str, option: str) -> None:
    """Raise UsageError unless the name ends as files of the format do."""
    if format_for_suffix(Path(name).suffix) != format:
        raise UsageError(
            f"{option} makes {name} of a {format}; end it with {{suffix}}, or give --format, too"
        )


def fill(template: str, fields: Mapping[str, object]) -> str:
    """The template with its fields filled in."""
    return template.format_map(fields)


def fields_of(
    relative: str, *, task: str, preset: str, seed: int, suffix: str
) -> dict[str, object]:
    """The fields of one input; relative: its path below the given folder."""
    path = Path(relative)
    return {
        "stem": path.stem,
        "ext": path.suffix.removeprefix("."),
        "task": task,
        "suffix": suffix,
        "preset": preset,
        "seed": seed,
        "parent": path.parent.as_posix(),
    }


def choose_format(
    asked: str | None, output: Path | None, source: Path | None, found: str, exact: bool = False
) -> str:
    """The format of a result: as asked, else by the suffix of OUT, else as the input's.

    found: the format that the input's bytes show; exact: whether they are lossless, which no
    lossy suffix of the input undoes. Raises OutputError for a suffix that names no format that
    is written.
    """
    if asked:
        return asked
    if output is not None and output.suffix:
        format = format_for_suffix(output.suffix)
        if format is None:
            known = ", ".join(codec.suffixes[0] for codec in written().values())
            raise OutputError(f"{output}: no format has the suffix {output.suffix}; choose {known}")
        return format
    by_name = format_for_suffix(source.suffix) if source is not None else None
    format = by_name or found
    if exact and format != found and not CODECS[format].lossless:
        format = found
    return format if format in written() else USUAL


def possible_formats(asked: str | None, source: Path) -> set[str]:
    """The formats that a result beside a file may have, by its suffix and by its first bytes."""
    named = choose_format(asked, None, source, USUAL)
    if asked or CODECS[named].lossless or not source.is_file():
        return {named}
    try:
        with source.open("rb") as file:
            found = sniff(file.read(HEAD)) or named
    except OSError:  # it will be told when its turn comes
        return {named}
    return {named, choose_format(None, None, None, found)}


def other_format(found: str, chosen: str, source: Path | None) -> str | None:
    """A note where a result is not what its input is or is called, and nobody said what else."""
    if found not in written():
        return f"{found} is read but not written: the result is a {chosen}"
    named = format_for_suffix(source.suffix) if source is not None else None
    if named in (None, chosen):
        return None
    return f"is a {found} in spite of its name: the result is a {chosen}, lest it lose anything"


def suffix_for(format: str, source: Path | None) -> str:
    """The suffix of a result: the input's own if it names the format, else the usual one."""
    if source is not None and format_for_suffix(source.suffix) == format:
        return source.suffix
    return CODECS[format].suffixes[0]


def check_writable(folder: Path) -> None:
    """Raise OutputError unless files can be made in `folder` or in what it will be made in."""
    import tempfile

    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise OutputError(
            f"{existing} is not a folder; {folder} cannot be made in it; use another -o"
        )
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        why = f"{existing} is not writable: {error.strerror}; choose another place with -o"
        raise OutputError(why) from error
