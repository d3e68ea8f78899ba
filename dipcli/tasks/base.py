"""The shape that every task has: from a picture to steps, and from an estimate to a picture."""

from __future__ import annotations

import copy
import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from dipcli.errors import UsageError
from dipcli.presets.values import USUAL, Table, resolve
from dipcli.settings import Options, Settings
from dipcli.tasks.companions import Companion

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from dipcli.pictures.coding import JpegCoding
    from dipcli.stream.step import Runtime, Step
    from dipcli.tasks.arrays import Window
    from dipcli.tasks.one_network import Joint

CANVAS = 224, 224  # pixels, (H, W): what most classifiers see

O = TypeVar("O", bound=Options)  # noqa: E741 - beside S
S = TypeVar("S", bound=Settings)


class Task(ABC, Generic[O, S]):
    """One picture and what is to be done with it.

    The command line, the Python API, folders and what identifies a result are made from what a
    task declares. Its docstring is the help of its command.
    """

    name: ClassVar[str]
    Options: ClassVar[type[Any]] = Options
    Settings: ClassVar[type[Any]]  # the stages that it has, by inheritance
    presets: ClassVar[Table]
    kinds: ClassVar[tuple[str, ...]] = (USUAL,)  # that presets distinguish, the usual one first
    companions: ClassVar[tuple[Companion, ...]] = ()
    tileable: bool = True  # whether it can be done tile by tile
    tells_damage: ClassVar[bool] = False  # whether what was found wrong is said with each result
    reads_coding: ClassVar[bool] = False  # whether it asks how the picture was coded as a JPEG
    detailed: ClassVar[bool] = False  # whether its help shows the details of networks
    takes_picture: ClassVar[bool] = True  # else it begins from `canvas`
    made: ClassVar[str] = "restored"  # what a page calls its result
    question: ClassVar[str] = ""  # an option that is answered by `answer` instead of a run
    scale: int = 1  # of the result, in pixels of the observation

    def __init__(
        self,
        image: NDArray[Any],
        options: O | None = None,
        coding: JpegCoding | None = None,
        **companions: Any,
    ) -> None:
        """image: (H, W) or (H, W, C), uint8, uint16 or float in [0, 1]; coding: of the JPEG file
        that it comes from, None to look for one in the pixels; companions by their keywords:
        arrays, or a model."""
        from dipcli.tasks.arrays import Pixels

        self.pixels = Pixels.of(image)
        self.options: O = self.Options() if options is None else options
        self.coding = coding
        self.scale = self.scale_of(self.options)
        self.arrays: dict[str, Any] = {n: one for n, one in companions.items() if one is not None}

    @classmethod
    def of(cls, image: NDArray[Any], *needed: Any, **given: Any) -> Self:
        """The task for `image`: the companions that it needs, then options by their names.

        Raises UsageError for a value that is not allowed.
        """
        names = [one.keyword for one in cls.companions if one.required]
        if len(needed) > len(names):
            raise TypeError(f"{cls.name} takes {1 + len(names)} arrays, not {1 + len(needed)}")
        arrays = {**dict(zip(names, needed, strict=False)), "coding": given.pop("coding", None)}
        arrays |= {o.keyword: given.pop(o.keyword) for o in cls.companions if o.keyword in given}
        missing = [name for name in names if arrays.get(name) is None]
        if missing:
            size = "" if missing[0] in cls.whole() else ", an array of the size of the image"
            raise UsageError(f"{cls.name} needs {missing[0]}{size}")
        return cls(image, cls.Options().override(**given), **arrays)

    @classmethod
    def whole(cls) -> frozenset[str]:
        """The keywords of companions that have no size, and so no parts."""
        return frozenset(one.keyword for one in cls.companions if one.model or one.data)

    @classmethod
    def help(cls) -> str:
        """What it does, in the words of its docstring."""
        return inspect.cleandoc(cls.__doc__ or "")

    @classmethod
    def canvas(cls, options: O) -> NDArray[Any]:
        """What it begins from if it takes no picture: gray, unless it says otherwise."""
        import numpy as np

        return np.full((*CANVAS, 3), 128, np.uint8)

    @classmethod
    def answer(cls, options: O, **companions: Any) -> list[dict[str, object]]:
        """The answer to `question`, in rows, none without one; companions: by their keywords,
        as bytes."""
        return []

    @classmethod
    def scale_of(cls, options: O) -> int:
        """How many times as large as the observation the result is."""
        return 1

    @classmethod
    def kinds_of(cls, options: O) -> tuple[str, ...]:
        """The kinds that a picture may be of, as far as the options tell."""
        return cls.kinds

    @property
    def observation(self) -> NDArray[np.float32]:
        """What was observed, (H, W, C) float32 in [0, 1]."""
        return self.pixels.values

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """(H, W, C) of the result."""
        h, w, c = self.observation.shape
        return h * self.scale, w * self.scale, c

    @property
    def kind(self) -> str:
        """The kind of picture or damage that presets distinguish: one of `kinds`."""
        return self.kinds[0]

    def settings(self, preset: str = "auto", **overrides: object) -> S:
        """The preset for this task and kind, with single fields replaced; or UsageError."""
        found: S = resolve(self.Settings, self.presets, preset, self.kind).override(**overrides)
        return found

    @classmethod
    def possible_settings(cls, options: O, preset: str = "auto", **overrides: object) -> list[S]:
        """What each kind of picture would get that can have these values.

        Raises UsageError for a value that none can have.
        """
        found: list[S] = []
        refused: list[UsageError] = []
        for kind in cls.kinds_of(options):
            settings: S = resolve(cls.Settings, cls.presets, preset, kind)
            try:
                found.append(settings.override(**overrides))
            except UsageError as error:
                refused.append(error)
        if not found:
            raise refused[0]
        return found

    def needs_work(self, window: Window) -> bool:
        """Whether there is anything to do in a window of the observation."""
        return True

    def context(self, window: Window) -> Window:
        """How much of the observation has to be seen for what is in `window`."""
        return window

    def part(self, window: Window) -> Self:
        """The same task on a window; what is global stays as found on the whole picture."""
        part = copy.copy(self)
        part.pixels = self.pixels.part(window)
        whole = self.whole()
        part.arrays = {
            name: one if name in whole else one[window.slices] for name, one in self.arrays.items()
        }
        return part

    def accept_known(self, picture: Tensor, known: Tensor) -> None:
        """Take as known what was restored before: picture, (1, C, H, W), where known, (H, W)."""

    def settle(self, joined: Tensor) -> bool:
        """Bring what tiles were joined to, (1, C, H, W), to what the whole observation allows.

        It is changed in place; whether it was.
        """
        return False

    def facts(self) -> dict[str, object]:
        """What was found out about the picture and is told with its steps, as plain JSON."""
        return {}

    def joint(self, settings: S, longest: int) -> Joint | None:
        """What is done once tiles of side `longest` are joined, instead of in each; or nothing."""
        return None

    def first_guess(self, device: torch.device) -> Tensor:
        """What stands for a result before there is one, (1, C, H, W), a tensor of its own."""
        return self.pixels.tensor(device)

    @abstractmethod
    def steps(self, settings: S, runtime: Runtime) -> Iterator[Step]:
        """Restore, step after step; the last step's estimate is the result."""

    def evidence(self, result: NDArray[np.float32], settings: S) -> dict[str, object]:
        """What tells without the truth how far `result` can be trusted; plain JSON.

        result: what was rendered, (H, W, C) float32 in [0, 1]. A key "warning" holds one line.
        """
        return {}

    def render(self, estimate: Tensor) -> NDArray[Any]:
        """An estimate, (1, C, H, W), as an array of the input's dtype and layout."""
        from dipcli.tasks.arrays import to_array

        return self.pixels.like(to_array(estimate))

    def judged(self, estimate: Tensor, rendered: NDArray[Any]) -> NDArray[Any]:
        """The picture that `evidence` judges: what was rendered, without what the user mixed in."""
        return rendered
