"""The stages of restoring an ambient picture by one with flash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from torch import Tensor

from dipcli.degradation.damage import Damage
from dipcli.degradation.noise import Noise
from dipcli.degradation.problem import Problem
from dipcli.patches import joint
from dipcli.patches.laws import Law, Shared, White
from dipcli.presets.denoise import DenoiseSettings
from dipcli.prior.ensemble import ensemble
from dipcli.stream.combinators import Reached, deadline_of, filter_steps, until_deadline
from dipcli.stream.step import Runtime, Step
from dipcli.tasks.filters import cleaned, limited


def unflashed(
    y: Tensor,
    flash: Tensor,
    damage: Damage,
    covariances: tuple[Tensor, ...],
    settings: DenoiseSettings,
    runtime: Runtime,
) -> Iterator[Step]:
    """y, (1, C, H, W) in [0, 1], without its damage, by the flash picture, (1, G, H, W)."""
    deadline = deadline_of(settings, runtime)

    def clear(observation: Tensor, model: Noise) -> Iterator[Step]:
        law = law_of(model, covariances, observation.shape[1])

        def estimates(reached: Reached | None) -> Iterable[Tensor]:
            return joint.estimates(
                observation, flash, law, settings.passes, settings.stride, reached
            )

        passes = filter_steps(estimates, observation, settings.passes, runtime.resume)
        for step in until_deadline(passes, deadline):
            restored = model.unclipped(step.estimate)
            yield replace(step, estimate=limited(restored, observation, damage.limit))

    if not settings.filters:
        problem = Problem(y, (y.shape[2], y.shape[3]), picture=flash)
        yield from ensemble(problem, settings, runtime, deadline)
    elif damage.clean:
        yield Step(0, 1, "filter", 0, y.new_zeros(()), y, y)
    else:
        yield from cleaned(y, damage, clear, settings, runtime, deadline)


def law_of(model: Noise, covariances: tuple[Tensor, ...], channels: int) -> Law:
    """Of noise that neighbours share where its covariances are known, else of white noise."""
    return Shared(covariances, channels) if covariances else White(model, channels)
