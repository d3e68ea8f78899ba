"""What a restoration yields, step after step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from dipcli.stream.resume import ResumeState

LOOK_EVERY = 8  # steps; as many pictures wait beside a fit, which holds hundreds of planes anyway


@dataclass(frozen=True)
class Runtime:
    """Where and from which seed a restoration runs.

    amp: the dtype of autocast (bfloat16 where the machine gains from it), None for float32;
    resume: what the restoration goes on from, and where its state can be had; every: steps
    between looks at numbers that the device holds, None: as it suits the device.
    """

    device: torch.device
    seed: int = 0
    amp: torch.dtype | None = None
    resume: ResumeState = field(default_factory=ResumeState, compare=False)
    every: int | None = None

    def looks(self, deadline: float | None = None) -> int:
        """Steps between looks: each one waits until the device has done what it was told.

        A CPU has done it already, and a deadline needs to know how long a step really takes.
        """
        if deadline is not None:
            return 1
        return self.every or (1 if self.device.type == "cpu" else LOOK_EVERY)


def numbers(tensors: Sequence[Tensor]) -> list[float]:
    """What 0-dimensional tensors hold; waits for their device once."""
    if len(tensors) == 1:
        return [tensors[0].item()]
    last = tensors[-1]
    found: list[float] = torch.stack([one.detach().to(last) for one in tensors]).tolist()
    return found


@dataclass(frozen=True)
class Step:
    """One step of a restoration; tensors stay on the device until somebody looks.

    index counts from 0 over the whole restoration, total is the number planned (stopping may
    come sooner). estimate is what would be returned if the restoration stopped here:
    (1, C, H, W) float32 in [0, 1]; output is the raw output of the network, or the estimate.
    loss is 0-dimensional. spread is the disagreement between runs, (1, 1, H, W), where known.
    notes are plain JSON facts about the run so far (noise found, stop step and why, ...).
    """

    index: int
    total: int
    stage: str  # "filter", "fit" or "fusion"
    run: int
    loss: Tensor
    output: Tensor
    estimate: Tensor
    spread: Tensor | None = None
    notes: Mapping[str, object] = field(default_factory=dict)
