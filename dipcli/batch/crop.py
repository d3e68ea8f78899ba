"""A part of a picture."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Crop:
    """A window of the picture: its size and its upper left corner, in pixels."""

    width: int
    height: int
    x: int
    y: int

    def __str__(self) -> str:
        """As the user writes it: WxH+X+Y."""
        return f"{self.width}x{self.height}+{self.x}+{self.y}"
