"""Learning from many pictures: step after step, epoch after epoch, and on from any of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import torch
from torch import Tensor
from torch.optim import Adam

from dipcli.errors import DipError, UsageError
from dipcli.learning import objective
from dipcli.learning.model import Model
from dipcli.learning.scenes import Sampler
from dipcli.learning.settings import LearnSettings
from dipcli.learning.unet import draw
from dipcli.prior.descent import seeded
from dipcli.settings import Cost
from dipcli.stream.step import Runtime
from dipcli.system.devices import reproducible

LEAST_STEPS = 100  # of an epoch: a small picture is seen many times
WEIGHT = 0.98  # of the past in the running mean of the loss
Measured = Sequence[tuple[Tensor, Tensor | None]]


@dataclass(frozen=True)
class Progress:
    """After a step: steps so far and planned, the running mean of the loss, and at the end of
    an epoch (0: before the first step) the mean PSNR of the pictures held out, in dB."""

    step: int
    total: int
    epoch: int
    loss: float
    psnr: float | None = None


class Training:
    """One run of Noise2Noise or Neighbor2Neighbor; it goes on from its state to the byte."""

    def __init__(
        self,
        sampler: Sampler,
        measured: Measured,
        model: Model,
        settings: LearnSettings,
        runtime: Runtime,
    ) -> None:
        """measured: what to validate by, see `scenes.to_measure`; model: to be drawn and learnt."""
        self.sampler, self.measured, self.settings, self.runtime = (
            sampler,
            measured,
            settings,
            runtime,
        )
        self.model = model
        self.generator = seeded(runtime.seed, 0)
        draw(model.net, self.generator)
        if model.net.residual:
            torch.nn.init.zeros_(model.net.last.weight)  # at first nothing is taken away
        layout = torch.contiguous_format if runtime.device.type == "mps" else torch.channels_last
        model.net.to(runtime.device).to(memory_format=layout)  # type: ignore[call-overload]
        self.optimizer = Adam(model.net.parameters(), lr=settings.lr)
        self.side = side_of(sampler, settings)
        self.per_epoch = settings.steps or steps_per_epoch(sampler, settings, self.side)
        self.step, self.loss, self.began = 0, math.nan, perf_counter()
        self.before: float | None = None  # PSNR before the first step
        self.last: float | None = None  # at the end of the last epoch
        self.rows: list[tuple[int, int, float, float]] = []  # (epoch, step, loss, PSNR)

    @property
    def total(self) -> int:
        """Steps planned."""
        return self.settings.epochs * self.per_epoch

    def cost(self) -> Cost:
        """Of all steps, with the pictures in memory; neighbours go forwards once more at twice the
        side, which is a third of a step. At the ends of epochs what is held out goes forwards."""
        settings, scenes = self.settings, self.sampler.scenes
        halved = self.sampler.noise is None and scenes[0].target is None
        seen = settings.batch * self.side**2 * (1 / 3 + 1 / 4 if halved else 1)
        channels = len(scenes[0].seen)
        learning = settings.cost_of_steps(self.total, seen, channels)
        held_out = sum(one.shape[-2] * one.shape[-1] for one, _ in self.measured) / 3
        measuring = settings.cost_of_steps(settings.epochs + 1, held_out, channels)
        seconds = learning.seconds + measuring.seconds
        values = (one for scene in scenes for one in (scene.seen, scene.target) if one is not None)
        held = sum(one.nbytes for one in values)
        return Cost(min(seconds, settings.time or seconds), learning.bytes + held)

    @property
    def done(self) -> float:
        """The share of the training that is made, 0 to 1, of the steps or of the time."""
        spent = 0.0
        if self.settings.time is not None:
            spent = (perf_counter() - self.began) / self.settings.time
        return min(1.0, max(self.step / self.total, spent))

    def steps(self) -> Iterator[Progress]:
        """Every step from here to the end; with each end of an epoch its PSNR."""
        if self.before is None:
            self.before = self.last = self.validate()
            self.rows.append((0, 0, math.nan, self.before))
            yield self.progress(self.before)
        while self.done < 1:
            self.learn(self.done)
            ended = self.step % self.per_epoch == 0 or self.done >= 1
            if ended:
                self.last = self.validate()
                self.rows.append((self.epoch, self.step, self.loss, self.last))
            yield self.progress(self.last if ended else None)

    @property
    def epoch(self) -> int:
        """Epochs so far, a part of one counted."""
        return -(-self.step // self.per_epoch)

    def progress(self, psnr: float | None) -> Progress:
        """How far it is."""
        total = self.step if self.done >= 1 else self.total
        return Progress(self.step, total, self.epoch, self.loss, psnr)

    def learn(self, done: float) -> None:
        """One step; done: the share of the training before it."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.lr * objective.rate(done)
        sides = self.side, self.generator
        seen, target = self.sampler.sample(self.settings.batch, *sides)
        with reproducible(self.runtime.device):
            loss = self.loss_of(seen, target, done)
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        value = loss.item()
        if not math.isfinite(value):
            raise DipError(f"the loss is {value} at step {self.step}; try a smaller --lr")
        self.loss = value if self.step == 1 else WEIGHT * self.loss + (1 - WEIGHT) * value

    def loss_of(self, seen: Tensor, target: Tensor | None, done: float) -> Tensor:
        """Of a batch, 0-dimensional; without targets neighbours are the pairs."""
        kind, device = self.settings.loss, self.runtime.device
        if target is not None:
            found = self.fitted(seen.to(device))
            return objective.loss(kind, found, target.to(device), done)
        drawn = objective.draw_neighbours(seen.shape, self.generator)
        seen = seen.to(device)
        with torch.no_grad():
            g1, g2 = objective.neighbours(self.apply_net(seen), drawn)
        half, target = objective.neighbours(seen, drawn)
        found = self.fitted(half)
        weight = self.settings.regulariser * done
        return objective.loss(kind, found, target, done) + weight * objective.regulariser(
            found, target, g1, g2
        )

    def fitted(self, x: Tensor) -> Tensor:
        """What the loss sees: net(x), whose gradient has no spikes."""
        found = self.apply_net(x)
        if self.settings.loss == "l0":
            found.register_hook(objective.without_spikes)  # type: ignore[no-untyped-call]
        return found

    def apply_net(self, x: Tensor) -> Tensor:
        """net(x), float32, in the precision of the runtime."""
        amp = self.runtime.amp
        with torch.autocast(x.device.type, dtype=amp, enabled=amp is not None):
            found: Tensor = self.model.net(x.contiguous(memory_format=torch.channels_last))
        return found.float()

    def validate(self) -> float:
        """The mean PSNR over what is held out; without a target, of neighbours by one another."""
        device, amp = self.runtime.device, self.runtime.amp
        found = []
        for seen, target in self.measured:
            if target is None:
                even = seen[..., : seen.shape[2] // 2 * 2, : seen.shape[3] // 2 * 2]
                drawn = torch.zeros(1, even.shape[2] // 2, even.shape[3] // 2, dtype=torch.int64)
                seen, target = objective.neighbours(even, drawn)
            restored = self.model.apply(seen.to(device), amp).cpu()
            error = (restored - target).square().mean().item()
            found.append(-10 * math.log10(max(error, 1e-10)))
        return sum(found) / len(found)

    def state_dict(self) -> dict[str, Any]:
        """The network, its optimizer, the draws to come, and how far it is."""
        return {
            "net": self.model.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "step": self.step,
            "loss": self.loss,
            "before": self.before,
            "last": self.last,
            "rows": list(self.rows),
            "seconds": perf_counter() - self.began,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state of the same pictures, settings and seed."""
        self.model.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"])
        self.step, self.loss, self.rows = state["step"], state["loss"], state["rows"]
        self.before, self.last = state["before"], state["last"]
        self.began = perf_counter() - state["seconds"]


def side_of(sampler: Sampler, settings: LearnSettings) -> int:
    """The side of the parts: as set, as the smallest picture allows, as the depth wants it.

    Neighbours come from parts of twice the side. Raises UsageError if no part is small enough.
    """
    halved = sampler.noise is None and sampler.scenes[0].target is None
    unit = settings.unit * (2 if halved else 1)
    least = min(min(scene.seen.shape[-2:]) for scene in sampler.scenes)
    wanted = max(unit, settings.patch * (2 if halved else 1))
    side = min(wanted, least) // unit * unit
    if side == 0:
        raise UsageError(
            f"a side of {least} pixels is too short for a depth of {settings.depth}; "
            f"it must be at least {unit}"
        )
    return side


def steps_per_epoch(sampler: Sampler, settings: LearnSettings, side: int) -> int:
    """As many as see each pixel once."""
    pixels = sum(scene.pixels for scene in sampler.scenes)
    return max(LEAST_STEPS, math.ceil(pixels / (settings.batch * side**2)))
