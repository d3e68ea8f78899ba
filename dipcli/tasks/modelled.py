"""What tasks have in common that look into a trained network: a model, a layer, and a prior."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from dipcli.errors import ModelError, UsageError
from dipcli.presets.visualisation import PRIORS, VisualisationSettings
from dipcli.settings import Options, setting
from dipcli.tasks.base import Task
from dipcli.tasks.companions import Companion

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from dipcli.classifiers.classifier import Classifier
    from dipcli.classifiers.features import Features
    from dipcli.pictures.coding import JpegCoding

USUAL_SIZE = 224  # pixels: published, and of nearly all networks for ImageNet

MODEL = Companion(
    "model",
    "A .pt2 (torch.export) or .pt of your own, or published weights.",
    what="model",
    required=True,
    data=True,
)


@dataclass(frozen=True, kw_only=True)
class ModelOptions(Options):
    """Which layer, how the picture gets there, and what is known of pictures beforehand."""

    layer: str | None = setting(None, "The layer: conv1, relu3_2, fc6, or a path.", metavar="NAME")
    list_layers: bool = setting(False, "Print the layers of the model, and end.")
    prior: str = setting("dip", "What makes a picture of it.", choices=PRIORS)
    normalize: str | None = setting(
        None, "What the model's pictures undergo.", metavar="imagenet|none|MEAN/STD"
    )
    size: int | None = setting(
        None, "Side of the square picture that the model sees.", low=1, high=16_384, metavar="N"
    )


M = TypeVar("M", bound=ModelOptions)
V = TypeVar("V", bound=VisualisationSettings)


class ModelTask(Task[M, V]):
    """A picture, and a model that looks at it."""

    companions = (MODEL,)
    kinds = PRIORS
    tileable = False  # a model sees the whole
    question = "list_layers"

    def __init__(
        self,
        image: NDArray[Any],
        options: M | None = None,
        coding: JpegCoding | None = None,
        **companions: Any,
    ) -> None:
        """model: the bytes of its file. Raises ModelError, UsageError."""
        super().__init__(image, options, coding, **companions)
        self.check(self.options)
        self.classifier = loaded(self.arrays["model"])
        self.classifier.find(str(self.options.layer))
        self.pixels = replace(self.pixels, values=self.view())

    @classmethod
    def check(cls, options: M) -> None:
        """Raise UsageError unless there is all that has no default."""
        if options.layer is None:
            raise UsageError(f"{cls.name} needs a layer: --layer NAME; --list-layers shows all")
        if options.normalize is not None:
            from dipcli.classifiers.features import parse

            parse(options.normalize)

    @classmethod
    def possible_settings(cls, options: M, preset: str = "auto", **overrides: object) -> list[V]:
        """What each kind of picture would get; UsageError for what can be told beforehand."""
        cls.check(options)
        return super().possible_settings(options, preset, **overrides)

    @classmethod
    def kinds_of(cls, options: M) -> tuple[str, ...]:
        """The prior that was chosen."""
        return (options.prior,)

    @property
    def kind(self) -> str:
        """The prior that was chosen."""
        return self.options.prior

    @classmethod
    def answer(cls, options: M, **companions: Any) -> list[dict[str, object]]:
        """The layers of the model: name, shape, other names."""
        classifier = loaded(companions["model"])
        return classifier.listing(size_for(classifier, options) or (USUAL_SIZE, USUAL_SIZE))

    def view(self) -> NDArray[Any]:
        """The picture as the model sees it, (H, W, C)."""
        from dipcli.pictures.framing import framed

        values = self.pixels.values
        return framed(values, size_for(self.classifier, self.options) or values.shape[:2])

    def features(self, device: torch.device) -> Features:
        """Phi, up to the layer that was named."""
        from dipcli.classifiers.features import Features

        options = self.options
        return Features(self.classifier, str(options.layer), options.normalize, device)


def loaded(model: Any) -> Classifier:
    """The model in the bytes of a file; raises ModelError."""
    from dipcli.classifiers.loading import load
    from dipcli.system.files import Contents, name_of

    if not isinstance(model, bytes):
        raise ModelError("model must be the bytes of its file: Path(...).read_bytes()")
    return load(model, name_of(model) if isinstance(model, Contents) else "the model")


def size_for(classifier: Classifier, options: ModelOptions) -> tuple[int, int] | None:
    """(H, W) of the picture that the model sees, None for that of the picture; or UsageError."""
    asked = None if options.size is None else (options.size, options.size)
    only = classifier.size
    if only is None:
        return asked or classifier.usual
    if asked not in (None, only):
        raise UsageError(
            f"{classifier.title} takes pictures of {only[1]}x{only[0]} alone; leave --size out"
        )
    return only
