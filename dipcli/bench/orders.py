"""What is to be measured: a case with a variant of the settings."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dipcli.bench.cases import Case
from dipcli.errors import UsageError


@dataclass(frozen=True)
class Variant:
    """What is compared: a preset with single fields replaced, on a device, from a seed."""

    preset: str = "auto"
    overrides: dict[str, str] = field(default_factory=dict)
    device: str = "auto"
    seed: int = 0

    def changed(self, assignments: list[str]) -> "Variant":
        """This variant with `name=value` replaced; `preset`, `device`, `seed` count as names."""
        given: dict[str, str] = {}
        for one in assignments:
            name, equals, value = one.partition("=")
            if not (name and equals):
                raise UsageError(f"{one!r} is not name=value, as in iters=100")
            given[name] = value
        return Variant(
            preset=given.pop("preset", self.preset),
            device=given.pop("device", self.device),
            seed=int(given.pop("seed", self.seed)),
            overrides={**self.overrides, **given},
        )

    @property
    def label(self) -> str:
        """The variant in a table's head, as in `auto iters=100`; the usual device and seed not."""
        words = [self.preset, *(f"{k}={v}" for k, v in sorted(self.overrides.items()))]
        words += [f"device={self.device}"] if self.device != "auto" else []
        return " ".join(words + ([f"seed={self.seed}"] if self.seed else []))


@dataclass(frozen=True)
class Order:
    """One cell to be measured."""

    case: Case
    variant: Variant
    watch: bool = False  # also find the best step; costs time that is not counted
    save: Path | None = None  # where the result goes as a PNG

    def to_json(self) -> str:
        """The order as one line."""
        return json.dumps(asdict(self), default=str, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Order":
        """The inverse of `to_json`."""
        given = json.loads(text)
        case = given["case"]
        for name in ("truth", "observed", "mask"):
            case[name] = None if case[name] is None else Path(case[name])
        save = None if given["save"] is None else Path(given["save"])
        return cls(Case(**case), Variant(**given["variant"]), given["watch"], save)
