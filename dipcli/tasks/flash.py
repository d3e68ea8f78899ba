"""Flash and no flash: a noisy picture in the light that was there, and a clean one with flash.

Ulyanov et al. 2018 feed the network with the picture with flash and fit it to the other one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dipcli.errors import UsageError
from dipcli.presets.denoise import DenoiseSettings
from dipcli.presets.flash import PRESETS, FlashSettings
from dipcli.presets.values import USUAL, resolve
from dipcli.tasks.companions import Companion
from dipcli.tasks.controls import PROTECT
from dipcli.tasks.denoise import Denoise, DenoiseOptions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dipcli.degradation.damage import Damage
    from dipcli.pictures.coding import JpegCoding
    from dipcli.stream.step import Runtime, Step

FLASH = Companion(
    "flash",
    "The same scene with flash: a file or a folder.",
    what="picture with flash",
    required=True,
    picture=True,
)


class Flash(Denoise):
    """Remove the noise of a picture by a second one with flash; its light stays.

    \b
    dip flash ambient.jpg --flash flash.jpg -o clean.png
    dip flash ambient/ --flash flash/ -o clean/
    """

    name = "flash"
    Settings = FlashSettings
    presets = PRESETS
    kinds = (USUAL,)
    companions = (FLASH, PROTECT)

    def __init__(
        self,
        image: NDArray[Any],
        options: DenoiseOptions | None = None,
        coding: JpegCoding | None = None,
        **companions: NDArray[Any] | None,
    ) -> None:
        """flash: (H, W) or (H, W, C) as the image; it is moved to where it lies on the image.

        Raises UsageError for one of another size, or that lies too far off.
        """
        from dipcli.degradation.registration import NEAR, moved, shift_of
        from dipcli.tasks.arrays import Pixels

        super().__init__(image, options, coding, **companions)
        flash = Pixels.of(self.arrays["flash"]).values
        size = self.observation.shape[:2]
        if flash.shape[:2] != size:
            raise UsageError(
                f"the picture with flash is {flash.shape[1]}x{flash.shape[0]}, but the picture is "
                f"{size[1]}x{size[0]}; give both in one size"
            )
        self.shift = shift_of(flash, self.observation)
        if self.shift.share(size) > NEAR:
            raise UsageError(
                f"the picture with flash lies {self.shift.words} off, more than "
                f"{NEAR:.0%} of the side; align the two first"
            )
        if not self.shift.none:
            flash = moved(flash, -self.shift.down, -self.shift.right)
        self.arrays["flash"] = flash

    @cached_property
    def damage(self) -> Damage:
        """As for denoising; where that is in doubt, the picture with flash tells."""
        from dipcli.degradation.witness import settled

        found = super().damage
        told = self.options.sigma is not None or self.options.noise != "auto"
        return found if told else settled(found, self.observation, self.arrays["flash"])

    @property
    def kind(self) -> str:
        """There is but one."""
        return USUAL

    def settings(self, preset: str = "auto", **overrides: object) -> FlashSettings:
        """As for every task."""
        return resolve(FlashSettings, PRESETS, preset).override(**overrides)

    def steps(self, settings: DenoiseSettings, runtime: Runtime) -> Iterator[Step]:
        """Stages "filling", "filter" and "fit", those that are asked for."""
        from dipcli.stream.combinators import with_facts
        from dipcli.tasks.arrays import to_tensor
        from dipcli.tasks.flashing import unflashed

        y = self.pixels.tensor(runtime.device)
        flash = to_tensor(self.arrays["flash"], runtime.device)
        steps = unflashed(y, flash, self.damage, self.covariances, settings, runtime)
        yield from with_facts(steps, **self.facts())

    def facts(self) -> dict[str, object]:
        """What was found out about the damage, and how the picture with flash lay."""
        found = super().facts()
        moved = {"down": self.shift.down, "right": self.shift.right}
        if not self.shift.none:
            found["found"] = f"{found['found']}; flash was {self.shift.words} off, aligned"
        return {**found, "flash_shift": moved, "flash_likeness": self.shift.likeness}
