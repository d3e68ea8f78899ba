"""From pictures to a run that learns from them, and from that run to a model and its facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dipcli.errors import UsageError
from dipcli.learning.model import SHAPE, Model
from dipcli.learning.scenes import Sampler, Scene, held_out, to_measure
from dipcli.learning.settings import LearnOptions, LearnSettings
from dipcli.learning.training import Training
from dipcli.stream.step import Runtime

CLEAN, PAIRS, NEIGHBOURS = "clean pictures", "pairs", "noisy pictures alone"


def lesson(
    scenes: Sequence[Scene],
    validation: Sequence[Scene],
    options: LearnOptions,
    settings: LearnSettings,
    runtime: Runtime,
) -> Training:
    """The run, before its first step. All scenes have as many channels as each other, 1 or 3.

    validation: what to measure by; none: a part of the scenes is held out. Raises UsageError for
    pictures that are too small.
    """
    channels = {len(scene.seen) for scene in (*scenes, *validation)}
    if not scenes or len(channels) > 1 or not channels <= {1, 3}:
        told = " and ".join(map(str, sorted(channels))) or "no picture"
        raise UsageError(f"pictures of 1 or of 3 channels are learnt from, all alike, not {told}")
    added = options.added
    measured = list(validation)
    learnt = list(scenes)
    if not measured:
        learnt, measured = held_out(learnt, settings.unit * 2)
    sampler = Sampler(learnt, added, options.supervised)
    shape = {
        "channels": scenes[0].seen.shape[0],
        "width": settings.width,
        "depth": settings.depth,
        "predicts": settings.predicts,
    }
    return Training(
        sampler, to_measure(measured, added, runtime.seed), Model.build(shape), settings, runtime
    )


def kind_of(scenes: Sequence[Scene], options: LearnOptions) -> str:
    """What is learnt from."""
    if options.added is not None:
        return CLEAN
    return NEIGHBOURS if scenes[0].target is None else PAIRS


def learnt(training: Training, options: LearnOptions, **more: Any) -> Model:
    """The model as it is now; its facts are those of the run, and `more`
    (the version of dip, which this room does not know).

    Nothing in them differs between two runs of the same pictures and settings.
    """
    settings, sampler = training.settings, training.sampler
    facts = {
        **{name: training.model.facts[name] for name in SHAPE},
        "architecture": "unet",
        "software": "dip",
        "learnt_from": kind_of(sampler.scenes, options),
        "pictures": len(sampler.scenes),
        "noise": None if options.added is None else str(options.added),
        "options": options.to_dict(),
        "settings": settings.to_dict(),
        "loss": settings.loss,
        "seed": training.runtime.seed,
        "epochs": training.epoch,
        "steps": training.step,
        "psnr_before": _rounded(training.before),
        "psnr": _rounded(training.last),
        "partial": training.done < 1,
        **more,
    }
    return Model(training.model.net, facts)


def _rounded(psnr: float | None) -> float | None:
    return None if psnr is None else round(psnr, 3)
