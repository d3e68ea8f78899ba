"""No network: the input is the picture, and what is optimised is its pixels."""

from __future__ import annotations

from torch import nn

from dipcli.architecture import NetworkSettings


class Pixels(nn.Identity):
    """The picture itself, as it is compared with the published prior ("prior effect")."""

    def __init__(self, settings: NetworkSettings, inputs: int) -> None:
        """Whatever comes in goes out."""
        super().__init__()
