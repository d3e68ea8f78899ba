"""Activation maximisation: a natural picture that excites a unit of a network.

Ulyanov et al. 2018, 5.6, and Mahendran and Vedaldi 2016.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dipcli.errors import UsageError
from dipcli.presets.maximize import PRESETS, MaximizeSettings
from dipcli.settings import setting
from dipcli.tasks.modelled import USUAL_SIZE, ModelOptions, ModelTask

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dipcli.stream.step import Runtime, Step


@dataclass(frozen=True, kw_only=True)
class MaximizeOptions(ModelOptions):
    """Which unit."""

    unit: int | None = setting(None, "The map or value of the layer, from 0.", low=0, metavar="N")


class Maximize(ModelTask[MaximizeOptions, MaximizeSettings]):
    """Show what excites a unit of a network.

    \b
    dip maximize --model alexnet-owt-7be5be79.pth --layer fc8 --unit 100 -o swan.png
    dip maximize --model net.pt2 --list-layers

    A model file can hold code that runs when it is read: use your own, or one that you trust.
    """

    name = "maximize"
    made = "what excites the unit"
    Options = MaximizeOptions
    Settings = MaximizeSettings
    presets = PRESETS
    takes_picture = False

    @classmethod
    def canvas(cls, options: MaximizeOptions) -> NDArray[Any]:
        """Gray, of the size that was asked for: (H, W, 3) float32."""
        import numpy as np

        side = options.size or USUAL_SIZE
        return np.full((side, side, 3), 0.5, np.float32)

    @classmethod
    def check(cls, options: MaximizeOptions) -> None:
        """It needs a unit, too."""
        super().check(options)
        if options.unit is None:
            raise UsageError("maximize needs a unit: --unit N; --list-layers shows how many")

    def view(self) -> NDArray[Any]:
        """The canvas with the channels of the model, if it is gray."""
        values = super().view()
        return values[..., : self.classifier.channels]

    def steps(self, settings: MaximizeSettings, runtime: Runtime) -> Iterator[Step]:
        """Steps up the activation; loss is -5 times its sum, as published."""
        from dipcli.tasks.visualising import maximize

        canvas, unit = self.pixels.tensor(runtime.device), self.options.unit or 0
        return maximize(canvas, self.features(runtime.device), unit, settings, runtime)

    def evidence(
        self, result: NDArray[np.float32], settings: MaximizeSettings
    ) -> dict[str, object]:
        """activation: its mean over the window, of the result."""
        from dipcli.tasks.visualising import activation_of

        unit = self.options.unit or 0
        return activation_of(result, self.features, unit, settings.window)
