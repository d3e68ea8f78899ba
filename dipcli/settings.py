"""The base of all settings and options: declared once, checked, frozen; without torch.

A field is declared with its default, its help and what it may be:

    lr: float = setting(0.02, "Learning rate.", low=1e-6, high=10)

From that come the check of every value, the flag of the command line and its help, and what a
record holds. Presets fill settings (`dipcli.presets`), flags override single fields of them, and
nothing else decides anything.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import Field, asdict, dataclass, field, fields, replace
from typing import Any, Self, TypeVar, cast

from dipcli.errors import UsageError

T = TypeVar("T")
AUTO = "auto"  # of a field: as the preset has it


@dataclass(frozen=True)
class Spec:
    """What a field may be, and how a user is told of it.

    choices: the words allowed, looked at anew for each check; low, high: bounds of each number;
    flag: whether the command line has a flag for it; metavar: what its value is called there.
    """

    help: str = ""
    choices: Iterable[str] = ()
    low: float | None = None
    high: float | None = None
    flag: bool = True
    metavar: str | None = None


def setting(
    default: T,
    help: str,
    *,
    choices: Iterable[str] = (),
    low: float | None = None,
    high: float | None = None,
    flag: bool = True,
    metavar: str | None = None,
) -> T:
    """A field of a `Declared` class; for the arguments see `Spec`."""
    spec = Spec(help, choices, low, high, flag, metavar)
    return field(default=default, metadata={"spec": spec})


def spec_of(one: Field[Any]) -> Spec:
    """How a field was declared."""
    return cast("Spec", one.metadata.get("spec", Spec()))


@dataclass(frozen=True, kw_only=True)
class Declared:
    """Values that were declared by `setting`. Raises UsageError for one that is not allowed."""

    def __post_init__(self) -> None:
        """Check every field, so that a bad value is told before the first step."""
        for one in fields(self):
            value, spec = getattr(self, one.name), spec_of(one)
            for single in value if isinstance(value, tuple) else (value,):
                if single is not None:
                    _check(one.name, single, spec, str(one.type))

    def override(self, **given: object) -> Self:
        """The same with single fields replaced; None means "leave it", as "auto" does for a word.

        Numbers and names stand for tuples of one. Raises UsageError for a field that does not
        exist or a value that is not allowed.
        """
        known = {one.name for one in fields(self)}
        for name in given:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"choose from {_listed(known)}"
                raise UsageError(f"unknown setting {name!r}; {hint}")
        new = {n: self._cast(n, value) for n, value in given.items() if value not in (None, AUTO)}
        try:
            return replace(self, **new)
        except TypeError as error:
            raise UsageError(f"a setting has a value of the wrong type: {error}") from error

    @classmethod
    def _types(cls) -> dict[str, str]:
        """The types of all fields by name, as they are written."""
        return {one.name: str(one.type) for one in fields(cls)}

    def to_dict(self) -> dict[str, object]:
        """The values as plain JSON types."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    def _cast(self, name: str, value: object) -> Any:
        if not self._types()[name].startswith("tuple"):
            return value
        if isinstance(value, Sequence) and not isinstance(value, str):
            return tuple(value)
        return (value,)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _check(name: str, value: object, spec: Spec, annotation: str) -> None:
    allowed = tuple(spec.choices)
    if allowed and value not in allowed:
        raise UsageError(f"{name} is {value!r}; choose from {', '.join(allowed)}")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if ("int" in annotation or "float" in annotation) and not number:
        raise UsageError(f"{name} is {value!r}; it must be a number")
    if "float" not in annotation and "int" in annotation and not isinstance(value, int):
        raise UsageError(f"{name} is {value}; it must be a whole number")
    if spec.low is None and spec.high is None:
        return
    low, high = spec.low, spec.high
    assert isinstance(value, int | float)
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        if high is None:
            raise UsageError(f"{name} is {value}; it must be {low} at least")
        raise UsageError(f"{name} is {value}; it must be {low} to {high}")


@dataclass(frozen=True, kw_only=True)
class Settings(Declared):
    """One restoration, fully decided: what a preset resolves to and what a result records.

    Each stage adds its own fields (`dipcli.stages`), each task joins the stages that it has.
    """

    preset: str = setting("auto", "How much time to spend.", flag=False)
    time: float | None = setting(None, "Budget per picture: 90, 90s, 5m, 1h.", metavar="DURATION")

    def __post_init__(self) -> None:
        """A budget is more than nothing."""
        super().__post_init__()
        if self.time is not None and not self.time > 0:
            raise UsageError(f"time is {self.time}; it must be a positive number of seconds")

    def cost(self, pixels: float, *, float32: bool = False) -> Cost:
        """What restoring `pixels` of the result at once takes."""
        raise NotImplementedError

    @property
    def compares(self) -> bool:
        """Whether estimates are compared, so that a result knows where they disagree."""
        return False


@dataclass(frozen=True)
class Cost:
    """seconds: on two CPU cores; bytes: at the most, beside the picture itself."""

    seconds: float = 0.0
    bytes: float = 0.0

    def then(self, later: Cost) -> Cost:
        """One stage after another."""
        return Cost(self.seconds + later.seconds, max(self.bytes, later.bytes))
