"""A lesson before its first step: what stands where its model goes, and what it will take."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dipcli.batch.estimate import BASE
from dipcli.batch.learning import (
    Examples,
    Lesson,
    check_places,
    examples,
    fingerprint,
    scenes_of,
)
from dipcli.batch.outcome import Outcome, Status, finite
from dipcli.errors import OutputError, PictureError
from dipcli.observers import check_curve_suffix

if TYPE_CHECKING:
    from dipcli.learning.training import Training
    from dipcli.stream.step import Runtime


@dataclass(frozen=True)
class LessonPlan:
    """What was asked for, the pictures that were found, and what a model of them is made of."""

    asked: Lesson
    found: Examples
    made: str

    def training(self, runtime: Runtime) -> Training:
        """The run before its first step, with its pictures in memory; UsageError, PictureError."""
        from dipcli.learning.lesson import lesson

        asked, found = self.asked, self.found
        return lesson(
            scenes_of(found.learnt, found.channels, asked),
            scenes_of(found.validation, found.channels, asked),
            asked.options,
            asked.settings,
            runtime,
        )

    def outcome(self, status: Status, record: dict[str, Any], place: Path | None = None) -> Outcome:
        """An end of this lesson; place: where the model is, if not where it was to go."""
        both = [one for one in (self.asked.noisy, self.asked.target) if one is not None]
        name = " ".join(str(one) for one in both)
        output = str(place or self.asked.output)
        return Outcome(status=status, name=name, output=output, record=finite(record))


def plan_lesson(asked: Lesson) -> LessonPlan:
    """Everything checked that can be before the pictures are read; raises a DipError."""
    if asked.curve is not None:
        check_curve_suffix(asked.curve)
    found = examples(asked)
    check_places(asked, found)
    return LessonPlan(asked, found, fingerprint(asked, found))


def standing(plan: LessonPlan) -> Outcome | None:
    """Up to date, if the model that stands there is this very one; None: there is room.

    Raises OutputError for what may not be replaced.
    """
    asked = plan.asked
    facts = _facts(asked.output) if asked.output.exists() else {}
    same = facts.get("fingerprint") == plan.made
    if not (same or asked.overwrite):
        what = "learnt from other pictures or with other settings" if facts else "something else"
        if asked.output.exists():
            raise OutputError(f"{asked.output} exists and is {what}; --overwrite replaces it")
        if asked.curve is not None and asked.curve.exists():
            raise OutputError(f"{asked.curve} exists; --overwrite replaces it")
    drawn = asked.curve is None or asked.curve.exists()
    whole = same and not facts.get("partial") and drawn
    return plan.outcome(Status.UP_TO_DATE, facts) if whole else None


def _facts(path: Path) -> dict[str, Any]:
    """Of the model at `path`; {} for a file that is none, or damaged."""
    from dipcli.learning.model import Model

    try:
        return dict(Model.decode(path.read_bytes()).facts)
    except PictureError:
        return {}


def dry_run(asked: Lesson) -> Outcome:
    """What stands there already, or what learning would take; writes nothing."""
    from dipcli.api import runtime_for

    plan = plan_lesson(asked)
    done = standing(plan)
    if done is not None:
        return done
    training = plan.training(runtime_for(asked.device, asked.seed))
    cost = training.cost()
    facts = {
        "seconds": round(cost.seconds, 1),
        "memory": round(BASE + cost.bytes),
        "pictures": len(training.sampler.scenes),
        "steps": training.total,
        "settings": asked.settings.to_dict(),
    }
    return plan.outcome(Status.PLANNED, facts)
