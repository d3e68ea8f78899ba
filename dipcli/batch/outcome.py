"""What became of one picture, as a value."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from dipcli.errors import UsageError
from dipcli.system.naming import printable

if TYPE_CHECKING:
    from dipcli.report import View


class Status(StrEnum):
    """The ends that a picture can come to."""

    DONE = "done"
    UP_TO_DATE = "up to date"
    PLANNED = "planned"  # a dry run
    ELSEWHERE = "elsewhere"  # another process is at work on it
    PARTIAL = "partial"  # interrupted, the best so far was written
    INTERRUPTED = "interrupted"  # interrupted, nothing was written
    REFUSED = "refused"  # the output exists and may not be overwritten
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One picture's end. record: plain JSON types; trace: where an error came from, or ''.

    name and output are as the file system has them; a message shows them `printable`.
    """

    status: Status
    name: str
    output: str | None = None
    message: str = ""
    exit_code: int = 0
    record: Mapping[str, object] = field(default_factory=dict)
    trace: str = ""
    view: "View | None" = None  # what the report shows of it

    @property
    def bad(self) -> bool:
        """Whether the user has to be told."""
        return self.status in (Status.FAILED, Status.REFUSED)

    def to_json(self) -> dict[str, object]:
        """The line of this picture: status first, then how it was made."""
        line: dict[str, object] = {
            "input": self.name,
            "output": self.output,
            "status": str(self.status),
            **self.record,
        }
        if self.message:
            line["error" if self.bad else "message"] = printable(self.message)
        result: dict[str, object] = finite(line)
        return result


def single_code(code: int, *, several: bool) -> int:
    """The exit code of a picture that failed: among several a misfit is no wrong request."""
    return 1 if several and code == UsageError.exit_code else code


def worst(outcomes: Sequence[Outcome]) -> int:
    """The exit code of all together: the highest."""
    return max((outcome.exit_code for outcome in outcomes), default=0)


def finite(value: Any) -> Any:
    """The same value for JSON, which has no infinity and no NaN: those become None."""
    if isinstance(value, Mapping):
        return {str(key): finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
