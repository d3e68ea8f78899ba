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
from numbers import Integral, Real
from typing import Any, Self, TypeVar, cast

from dipcli.errors import UsageError

T = TypeVar("T")
AUTO = "auto"  # of a field: as the preset has it
FIRST = "Options"  # the heading of what most people need


@dataclass(frozen=True)
class Spec:
    """What a field may be, and how a user is told of it.

    choices: what is allowed, looked at anew for each check; low, high: bounds of each number;
    flag: whether the command line has a flag for it; metavar: what its value is called there;
    form: how it is typed there, if not as its type says ("duration", "sigma", "strength");
    renders: whether it acts on the rendered result alone, so that no new run is needed;
    heading: under which it stands in the help, if not where its kind usually does;
    detail: whether only the help of a task that is about such details shows it.
    """

    help: str = ""
    choices: Iterable[object] = ()
    low: float | None = None
    high: float | None = None
    flag: bool = True
    metavar: str | None = None
    form: str = ""
    renders: bool = False
    heading: str = ""
    detail: bool = False


def setting(
    default: T,
    help: str,
    *,
    choices: Iterable[object] = (),
    low: float | None = None,
    high: float | None = None,
    flag: bool = True,
    metavar: str | None = None,
    form: str = "",
    renders: bool = False,
    heading: str = "",
    detail: bool = False,
) -> T:
    """A field of a `Declared` class; for the arguments see `Spec`."""
    spec = Spec(help, choices, low, high, flag, metavar, form, renders, heading, detail)
    return field(default=default, metadata={"spec": spec})


def in_order(cls: type[Declared]) -> list[Field[Any]]:
    """The fields of a class: its own first, then those that it inherits."""
    own = cls.__annotations__
    return sorted(fields(cls), key=lambda one: one.name not in own)


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
    """Raise UsageError unless a value has the type that is written, and is one of those allowed."""
    allowed = tuple(spec.choices)
    listed = f": {', '.join(map(str, allowed))}" if allowed else ""
    numeric = "int" in annotation or "float" in annotation
    given = f"{name} is {value!r}, a {type(value).__name__}"
    whole = numeric and "float" not in annotation
    if numeric and (not isinstance(value, Integral if whole else Real) or isinstance(value, bool)):
        kind = "a whole number (int)" if whole else "a number"
        raise UsageError(f"{given}; it must be {kind}{listed}")
    if annotation == "bool" and not isinstance(value, bool):
        raise UsageError(f"{given}; it must be True or False")
    if allowed and value not in allowed:
        raise UsageError(f"{name} is {value!r}; choose from {', '.join(map(str, allowed))}")
    if isinstance(value, Real):
        _check_range(name, float(value), spec)


def _check_range(name: str, value: float, spec: Spec) -> None:
    low, high = spec.low, spec.high
    if (low is None or value >= low) and (high is None or value <= high):
        return
    bounds = f"{low:g} to {high:g}" if high is not None else f"{low:g} at least"
    raise UsageError(f"{name} is {value:g}; it must be {bounds}")


@dataclass(frozen=True, kw_only=True)
class Options(Declared):
    """What a task can be told beside its settings; what every kind of picture has alike."""

    def given(self) -> dict[str, object]:
        """What has to be told of them: no flag that is not set, no control that does nothing."""
        return {
            one.name: value
            for one in fields(self)
            if (value := getattr(self, one.name)) not in (None, False)
            and not (spec_of(one).renders and value == one.default)
        }

    @classmethod
    def rendering(cls) -> frozenset[str]:
        """The names of those that act on the rendered result alone."""
        return frozenset(one.name for one in fields(cls) if spec_of(one).renders)


@dataclass(frozen=True, kw_only=True)
class Settings(Declared):
    """One restoration, fully decided: what a preset resolves to and what a result records.

    Each stage adds its own fields (`dipcli.stages`), each task joins the stages that it has.
    """

    preset: str = setting("auto", "How much time to spend.", flag=False)
    time: float | None = setting(
        None,
        "Budget per picture: 90, 90s, 5m, 1h30m.",
        metavar="DURATION",
        form="duration",
        heading=FIRST,
    )

    def __post_init__(self) -> None:
        """A budget is more than nothing."""
        super().__post_init__()
        if self.time is not None and not self.time > 0:
            raise UsageError(f"time is {self.time}; it must be a positive number of seconds")

    def cost(self, pixels: float, *, float32: bool = False) -> Cost:
        """What restoring `pixels` of the result at once takes: each stage states its own."""
        return Cost()

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
