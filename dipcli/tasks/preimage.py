"""The natural pre-image: a picture that a layer of a network cannot tell from the one given.

Ulyanov et al. 2018, 5.6, after Mahendran and Vedaldi 2015: what a layer has forgotten shows in
what differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dipcli.presets.preimage import PRESETS
from dipcli.presets.visualisation import VisualisationSettings
from dipcli.tasks.modelled import ModelOptions, ModelTask

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dipcli.stream.step import Runtime, Step


class Preimage(ModelTask[ModelOptions, VisualisationSettings]):
    """Show what a network's layer still knows of a picture.

    \b
    dip preimage photo.png --model alexnet-owt-7be5be79.pth --layer fc6
    dip preimage --model net.pt2 --list-layers

    A model file can hold code that runs when it is read: use your own, or one that you trust.
    """

    name = "preimage"
    made = "what the layer knows"
    Options = ModelOptions
    Settings = VisualisationSettings
    presets = PRESETS

    def steps(self, settings: VisualisationSettings, runtime: Runtime) -> Iterator[Step]:
        """Steps towards the features of the picture; loss is the relative squared distance."""
        from dipcli.tasks.visualising import preimage

        return preimage(
            self.pixels.tensor(runtime.device), self.features(runtime.device), settings, runtime
        )

    def evidence(
        self, result: NDArray[np.float32], settings: VisualisationSettings
    ) -> dict[str, object]:
        """feature_error: ||Phi(x) - Phi(x0)|| / ||Phi(x0)||; psnr: of the picture, in dB."""
        from dipcli.tasks.visualising import agreement

        return agreement(self.observation, result, self.features)
