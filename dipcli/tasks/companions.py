"""Files that belong to each picture: a mask, a picture of the same scene, a model."""

from __future__ import annotations

from dataclasses import dataclass

ALPHA = "alpha"  # the word that names the picture's own transparency as a mask


@dataclass(frozen=True)
class Companion:
    """One such file: a file for all pictures, or a folder in which each finds the one of its stem.

    name: of its flag; what: how messages call it; argument: of the Python API, the name if empty;
    picture: whether it is a picture, (H, W, C) float32 in [0, 1], and not a mask, (H, W) bool;
    model: whether it is what `dip learn` wrote, one file for all pictures, of no size;
    alpha: whether the word ALPHA stands for the transparent pixels; inverted_by: the option that
    turns the mask round; renders: whether it acts on the rendered result alone; data: whether it
    is no picture at all, such as a model, and one for all pictures: its bytes.
    """

    name: str
    help: str
    what: str
    argument: str = ""
    metavar: str = "FILE"
    required: bool = False
    picture: bool = False
    model: bool = False
    alpha: bool = False
    inverted_by: str = ""
    renders: bool = False
    data: bool = False

    @property
    def noun(self) -> str:
        """What kind of thing it is."""
        return "picture" if self.picture else "model" if self.model or self.data else "mask"

    @property
    def paintable(self) -> bool:
        """Whether it is a mask, which can be painted."""
        return self.noun == "mask"

    @property
    def keyword(self) -> str:
        """The argument of the Python API."""
        return self.argument or self.name
