"""Inpainting: only some pixels were observed; what is known comes out bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from dipcli.errors import MaskError
from dipcli.presets.inpaint import KINDS, PRESETS, InpaintSettings
from dipcli.settings import Options, setting
from dipcli.tasks.base import Task
from dipcli.tasks.companions import Companion

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from dipcli.pictures.coding import JpegCoding
    from dipcli.stream.step import Runtime, Step
    from dipcli.tasks.arrays import Window
    from dipcli.tasks.cleaning import Cleaning

SCATTERED_CONTACT = 0.3  # share of the known pixels that touch the hole; text stays below 0.2
SCATTERED_DEPTH = 1.5  # pixels from the known: nothing but single pixels is lost
SPARSE_SHARE = 0.9  # lost: beyond this, neighbours no longer tell the value
LARGE_SHARE = 0.1  # of the picture lost: published are vase (0.03) and library (0.19)
THIN_DEPTH = 8.0  # pixels from the known: letters and scratches, at up to 300 pixels a side
THIN_SHARE = 0.025  # the same as a share of the shorter side of larger pictures
LEAST_KNOWN = 0.1  # of what a tile sees
GROWTH = 64  # pixels by which a tile grows on each side until it sees as much


MASK = Companion(
    "mask",
    "White is the hole: a file, a folder of masks, or alpha.",
    what="mask",
    argument="hole",
    metavar="MASK",
    required=True,
    alpha=True,
    inverted_by="invert_mask",
)


@dataclass(frozen=True, kw_only=True)
class InpaintOptions(Options):
    """How the mask is meant, and whether the known part is restored before."""

    invert_mask: bool = setting(False, "Black is the hole.")
    as_is: bool = setting(False, "Continue noise and JPEG artefacts in the hole, too.")


class Inpaint(Task[InpaintOptions, InpaintSettings]):
    """Fill holes, remove text and objects, restore lost pixels.

    Pixels outside of the hole come out as they went in; their noise and JPEG artefacts are not
    continued in it. With --mask alpha the transparent pixels are filled and become opaque.

    \b
    dip inpaint torn.png --mask holes.png -o whole.png
    dip inpaint sticker.png --mask alpha
    """

    name = "inpaint"
    made = "filled"
    Options = InpaintOptions
    Settings = InpaintSettings
    presets = PRESETS
    kinds = KINDS
    companions = (MASK,)
    reads_coding = True

    def __init__(
        self,
        image: NDArray[Any],
        options: InpaintOptions | None = None,
        coding: JpegCoding | None = None,
        **companions: NDArray[Any] | None,
    ) -> None:
        """hole: (H, W) bool, True where to fill; MaskError if it does not fit or is trivial."""
        import numpy as np

        super().__init__(image, options, coding, **companions)
        self.original = np.asarray(image)
        self.hole = checked_hole(self.arrays.pop("hole"), self.observation.shape[:2])
        self.hole_share = float(self.hole.mean())

    @cached_property
    def kind(self) -> str:
        """The geometry of the hole."""
        return geometry(self.hole)

    @cached_property
    def cleaning(self) -> Cleaning:
        """What is wrong with the known part, and is taken away before the hole is filled.

        Nothing where scattered pixels were lost: they leave no blocks to tell it from, and the
        noise of what is known stays anyway.
        """
        from dipcli.tasks.cleaning import Cleaning

        if self.options.as_is or self.kind in ("scattered", "sparse"):
            return Cleaning()
        return Cleaning.of_known(self.observation, self.hole, self.coding)

    def needs_work(self, window: Window) -> bool:
        """Whether part of the hole is there."""
        return bool(self.hole[window.slices].any())

    def context(self, window: Window) -> Window:
        """Grown until enough of it is known."""
        while self.hole[window.slices].mean() > 1 - LEAST_KNOWN:
            larger = window.grown(GROWTH, self.hole.shape)
            if larger == window:
                break
            window = larger
        return window

    def part(self, window: Window) -> Self:
        """With the kind of the whole hole, and the damage of the whole picture."""
        cleaning = self.cleaning.part(window)
        part = super().part(window)
        part.cleaning = cleaning
        part.original, part.hole = self.original[window.slices], self.hole[window.slices]
        part.kind = self.kind
        return part

    def accept_known(self, picture: Tensor, known: Tensor) -> None:
        """Count what is filled already as known."""
        import numpy as np

        from dipcli.tasks.arrays import to_array

        done = known.cpu().numpy()
        values = np.where(done[..., None], to_array(picture), self.pixels.values)
        self.pixels, self.hole = replace(self.pixels, values=values), self.hole & ~done

    def first_guess(self, device: torch.device) -> Tensor:
        """Filled smoothly."""
        import torch

        from dipcli.patches.completion import interpolated

        y = self.pixels.tensor(device)
        hole = torch.from_numpy(self.hole).to(device)
        return torch.where(hole, interpolated(y, (~hole)[None, None].to(y.dtype)), y)

    def steps(self, settings: InpaintSettings, runtime: Runtime) -> Iterator[Step]:
        """Stages "cleaning", "fit" and "filter", those that are asked for; known pixels stay."""
        from dipcli.stream.combinators import with_facts
        from dipcli.tasks.completing import inpainted

        y = self.pixels.tensor(runtime.device)
        cleaning = self.cleaning.for_preset(settings.preset)
        rough = y  # a file knows its blocks
        if cleaning.needed and self.coding is None:
            rough = self.first_guess(runtime.device)
        facts: dict[str, object] = {"hole": self.kind, "hole_share": round(self.hole_share, 6)}
        steps = inpainted(y, self.hole, rough, cleaning, settings, runtime)
        yield from with_facts(steps, **facts, **cleaning.facts)

    def evidence(self, result: NDArray[np.float32], settings: InpaintSettings) -> dict[str, object]:
        """The noise of the filled picture; there is no residual, what is known is kept."""
        from dipcli.tasks import evidence

        return {"noise_after": evidence.noise_level(result)}

    def render(self, estimate: Tensor) -> NDArray[Any]:
        """The estimate in the hole, the very numbers that were given elsewhere."""
        from dipcli.tasks.arrays import to_array

        filled = self.pixels.like(to_array(estimate))
        filled[~self.hole] = self.original[~self.hole]
        return filled


def checked_hole(hole: NDArray[Any], size: tuple[int, ...]) -> NDArray[np.bool_]:
    """The hole as bool; MaskError for another shape or kind, an empty or a full one."""
    import numpy as np

    mask = np.asarray(hole)
    if mask.shape != size:
        raise MaskError(f"the hole is {mask.shape}, but the picture is {size}; (H, W) is needed")
    if mask.dtype != np.bool_:
        raise MaskError(f"the hole is {mask.dtype}; bool is needed, True where to fill")
    if not mask.any():
        raise MaskError(
            "the mask covers nothing: there is nothing to fill; mark the hole with True"
        )
    if mask.all():
        raise MaskError(
            "the mask covers everything: there is nothing to restore from; the hole alone is True"
        )
    return mask


def geometry(hole: NDArray[np.bool_]) -> str:
    """What the hole looks like, for the presets.

    scattered: single pixels lost all over; sparse: the same with few left; text: thin holes;
    object: a hole with an inside; large: so much of it that the whole picture is concerned.
    """
    from scipy.ndimage import binary_dilation, distance_transform_edt

    share = hole.mean()
    depth = float(distance_transform_edt(hole).max())
    known = ~hole
    contact = (binary_dilation(hole) & known).sum() / known.sum()
    if contact > SCATTERED_CONTACT or depth <= SCATTERED_DEPTH:
        return "sparse" if share > SPARSE_SHARE else "scattered"
    if depth <= max(THIN_DEPTH, THIN_SHARE * min(hole.shape)):
        return "text"
    return "large" if share > LARGE_SHARE else "object"
