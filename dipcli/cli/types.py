"""Values as people type them: durations, windows, lists."""

import math
import re
from collections.abc import Callable
from typing import Any

import click

from dipcli.batch.crop import Crop

_NUMBER = r"([0-9]+(?:\.[0-9]+)?)\s*"
_DURATION = re.compile(rf"{_NUMBER}|(?:{_NUMBER}h)?\s*(?:{_NUMBER}m(?:in)?)?\s*(?:{_NUMBER}s)?")
MOST_JOBS = 1024
_UNITS = (1.0, 3600.0, 60.0, 1.0)  # seconds of a bare number, an hour, a minute, a second


class ParsedType(click.ParamType[Any]):
    """A type made from a function that raises ValueError with what is expected."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        """name: how help shows it."""
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse a text; a list, as a settings file may hold, stands for a text with commas."""
        if isinstance(value, list | tuple):
            value = ",".join(map(str, value))
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            return value
        try:
            return self._parse(str(value).strip())
        except ValueError as error:
            self.fail(str(error), param, ctx)


class FormatsOption(click.Option):
    """An option whose help names formats: {written}, and {lossy} of them, by the table."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """What help shows; the table is read only then."""
        found = super().get_help_record(ctx)
        if found is None or "{" not in found[1]:
            return found
        from dipcli.pictures import one_of, written

        codecs = written().values()
        suffixes = one_of(codec.suffixes[0].lstrip(".") for codec in codecs)
        lossy = one_of((codec.title for codec in codecs if not codec.lossless), "and")
        return found[0], found[1].replace("{written}", suffixes).replace("{lossy}", lossy)


class NonEmptyPath(click.Path):
    """A path, which is never the empty text that a variable without a value leaves."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; an empty one would be the current folder."""
        if value == "":
            self.fail("it is empty; is a variable of the command line unset?", param, ctx)
        return super().convert(value, param, ctx)


def _duration(text: str) -> float:
    found = _DURATION.fullmatch(text)
    parts = found.groups(default="0") if found else ()
    seconds = sum(float(part) * unit for part, unit in zip(parts, _UNITS, strict=False))
    if not 0 < seconds < math.inf:
        raise ValueError(f"{text!r} is not a duration such as 90, 90s, 5m, 1h or 1h30m")
    return seconds


def _crop(text: str) -> Crop:
    found = re.fullmatch(r"(\d+)x(\d+)\+(\d+)\+(\d+)", text)
    if not found or "0" in (found[1].lstrip("0") or "0", found[2].lstrip("0") or "0"):
        raise ValueError(f"{text!r} is not a window such as 512x512+100+50")
    return Crop(*(int(one) for one in found.groups()))


def _shard(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise ValueError(f"{text!r} is not a part such as 2/8: from 1/8 to 8/8")
    return int(found[1]), int(found[2])


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(one) for one in text.split(","))
    except ValueError:
        raise ValueError(f"{text!r} is not a list of numbers such as 16,32,64") from None


def _sigma(text: str) -> float | None:
    if text == "auto":
        return None
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither auto nor a number") from None
    if not 0 <= value <= 255:
        raise ValueError(f"{text} is not in the range 0 to 255")
    return value


def _strength(text: str) -> tuple[float, float]:
    found = [_fraction(one) for one in text.split(",")]
    if len(found) > 2:
        raise ValueError(f"{text!r} is not a strength such as 0.7, or 0.7,1 for luma and chroma")
    return found[0], found[-1]


def _fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if not 0 <= value <= 1:
        raise ValueError(f"{text} is not in the range 0 to 1")
    return value


def _format(text: str) -> str:
    from dipcli.pictures import format_for_suffix, written

    format = text.upper() if text.upper() in written() else format_for_suffix(text)
    if format is None:
        known = ", ".join(codec.suffixes[0].lstrip(".") for codec in written().values())
        raise ValueError(f"{text!r} is not one of {known}")
    return format


def _address(text: str) -> str:
    if not re.fullmatch(r"(tcp|tls|ws|wss)://[^\s/]+:\d+", text):
        raise ValueError(f"{text!r} is not the address of a scheduler such as tcp://host:8786")
    return text


def _jobs(text: str) -> int | None:
    if text == "auto":
        return None
    if not re.fullmatch(r"0*[1-9]\d{0,3}", text) or int(text) > MOST_JOBS:
        raise ValueError(f"{text!r} is neither auto nor a number from 1 to {MOST_JOBS}")
    return int(text)


def names_of(allowed: tuple[str, ...], metavar: str) -> ParsedType:
    """A type for one or more of `allowed`, with commas."""

    def parse(text: str) -> tuple[str, ...]:
        found = tuple(text.split(","))
        for one in found:
            if one not in allowed:
                raise ValueError(f"{one!r} is not one of {', '.join(allowed)}")
        return found

    return ParsedType(metavar, parse)


def number_of(allowed: tuple[str, ...]) -> ParsedType:
    """A type for one of some whole numbers."""

    def parse(text: str) -> int:
        if text not in allowed:
            raise ValueError(f"{text!r} is not one of {', '.join(allowed)}")
        return int(text)

    return ParsedType("|".join(allowed), parse)


ADDRESS = ParsedType("address", _address)
DURATION = ParsedType("duration", _duration)
CROP = ParsedType("WxH+X+Y", _crop)
SHARD = ParsedType("I/N", _shard)
JOBS = ParsedType("auto|N", _jobs)
NUMBERS = ParsedType("numbers", _numbers)
SIGMA = ParsedType("auto|float", _sigma)
STRENGTH = ParsedType("s|luma,chroma", _strength)
FRACTION = ParsedType("0..1", _fraction)
FORMAT = ParsedType("format", _format)

__all__ = [
    "ADDRESS",
    "CROP",
    "DURATION",
    "FORMAT",
    "FRACTION",
    "JOBS",
    "NUMBERS",
    "SHARD",
    "SIGMA",
    "STRENGTH",
    "FormatsOption",
    "NonEmptyPath",
    "names_of",
    "number_of",
]
