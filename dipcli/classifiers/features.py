"""What a layer makes of a picture, Phi(x): an operator, not linear and so without an adjoint."""

from __future__ import annotations

import torch
from torch import Tensor

from dipcli.classifiers.classifier import Classifier, told
from dipcli.errors import ModelError, UsageError

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601: of a colour picture for a model of one channel
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # of torchvision's weights
NONE = ((0.0,), (1.0,))

Numbers = tuple[tuple[float, ...], tuple[float, ...]]  # mean and standard deviation by channel


def parse(text: str) -> Numbers:
    """imagenet, none, or MEAN/STD, one number or one per channel each, as numbers.

    Raises UsageError for anything else.
    """
    if text in ("imagenet", "none"):
        return IMAGENET if text == "imagenet" else NONE
    parts = text.split("/")
    try:
        mean, std = (tuple(float(one) for one in part.split(",")) for part in parts)
    except ValueError:
        mean, std = (), ()
    if not mean or not std or not all(0 < one < float("inf") for one in std):
        raise UsageError(
            f"normalize is {text!r}; it must be imagenet, none, or MEAN/STD such as 0.5/0.5 "
            "or 0.485,0.456,0.406/0.229,0.224,0.225"
        )
    return mean, std


class Features:
    """Phi: the features of a layer, of pictures in [0, 1]."""

    def __init__(
        self, classifier: Classifier, layer: str, normalize: str | None, device: torch.device
    ) -> None:
        """layer: one of its names; normalize: None as the model has it; ModelError, UsageError."""
        self.classifier, self.layer = classifier, layer
        self.part = classifier.upto(layer).to(device)
        numbers = parse(classifier.normalize if normalize is None else normalize)
        if any(len(one) not in (1, classifier.channels) for one in numbers):
            raise UsageError(
                f"normalize has not one number for each of {classifier.channels} channels; "
                "give so many, or one for all"
            )
        self.mean, self.std = (torch.tensor(n, device=device).view(1, -1, 1, 1) for n in numbers)

    def __call__(self, x: Tensor) -> Tensor:
        """Phi(x): (1, C, H, W) float32 in [0, 1] -> (1, ...) float32. UsageError, ModelError."""
        x = self.channels_of(x)
        with told(self.classifier.title, (x.shape[2], x.shape[3])):
            found = self.part((x - self.mean) / self.std)
        if not isinstance(found, Tensor) or not found.is_floating_point():
            raise ModelError(
                f"the layer {self.layer} of {self.classifier.title} gives no features; "
                "--list-layers shows others"
            )
        return found

    def channels_of(self, x: Tensor) -> Tensor:
        """The picture with as many channels as the model takes; gray is colour, too."""
        wanted = self.classifier.channels
        if x.shape[1] == wanted:
            return x
        if x.shape[1] == 1:
            return x.expand(-1, wanted, -1, -1)
        if wanted == 1 and x.shape[1] == 3:
            return (x * x.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
        raise ModelError(
            f"{self.classifier.title} takes {wanted} channels, not {x.shape[1]}; "
            "convert the picture"
        )


def relative(fitted: Tensor, features: Tensor) -> Tensor:
    """||fitted - features||^2 / ||features||^2, 0-dimensional (Mahendran and Vedaldi 2015, 2)."""
    return (fitted - features).square().sum() / features.square().sum().clamp_min(1e-20)
