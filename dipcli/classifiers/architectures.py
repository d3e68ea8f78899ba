"""AlexNet and VGG, built from their papers, so that published weights can be loaded into them.

    AlexNet   Krizhevsky 2014, "One weird trick", of which torchvision publishes the weights
    VGG       Simonyan and Zisserman 2015, configurations D (16 layers) and E (19)

Parts are called as in torchvision's weight files, layers as in the papers: conv1, relu1, pool1,
..., fc6, relu6, fc7, relu7, fc8; of VGG conv1_1, relu1_1, conv1_2, ...
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor, nn

SIZE = 224  # pixels of each side of the picture that they were trained on
HIDDEN = 4096  # values of the two hidden layers of the classifier

# What a convolution has: its name, channels, kernel, stride, padding; or the name of a pool.
Part = tuple[str, int, int, int, int] | str


@dataclass(frozen=True)
class Architecture:
    """One network. file: what torchvision calls its weights; pool: side of the pooling windows,
    of stride 2; grid: side of the map that the classifier takes; dropout_first: before fc6."""

    title: str
    file: str
    parts: tuple[Part, ...]
    pool: int
    grid: int
    dropout_first: bool

    @property
    def names(self) -> dict[str, str]:
        """The layers' names in the paper -> the modules' names in the weight file."""
        features = [f"features.{number}" for number, _ in enumerate(self.layers())]
        last = (1, 2, 4, 5, 6) if self.dropout_first else (0, 1, 3, 4, 6)
        named = dict(zip((name for name, _ in self.layers()), features, strict=True))
        classifier = zip(("fc6", "relu6", "fc7", "relu7", "fc8"), last, strict=True)
        return named | {name: f"classifier.{number}" for name, number in classifier}

    def layers(self) -> Iterator[tuple[str, nn.Module]]:
        """The convolutional part, by the names of the paper; nothing works in place, so that each
        layer keeps what it gave."""
        inputs = 3
        for part in self.parts:
            if isinstance(part, str):
                yield part, nn.MaxPool2d(self.pool, 2)
                continue
            name, outputs, kernel, stride, padding = part
            yield name, nn.Conv2d(inputs, outputs, kernel, stride, padding)
            yield name.replace("conv", "relu"), nn.ReLU()
            inputs = outputs

    def build(self, classes: int) -> nn.Module:
        """The network with weights that are not set, for so many classes."""
        return Network(self, classes)


class Network(nn.Module):
    """Convolutions, a map of one size whatever the picture's, three linear layers."""

    def __init__(self, architecture: Architecture, classes: int) -> None:
        """Its parts are called as in the weight files of torchvision."""
        super().__init__()
        layers = [module for _, module in architecture.layers()]
        last = [one[1] for one in architecture.parts if not isinstance(one, str)][-1]
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(architecture.grid)
        first = nn.Linear(last * architecture.grid**2, HIDDEN)
        linear = [
            first,
            nn.ReLU(),
            nn.Linear(HIDDEN, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, classes),
        ]
        before = {0, 2} if architecture.dropout_first else {2, 4}
        found: list[nn.Module] = []
        for number, module in enumerate(linear):
            found += [nn.Dropout(), module] if number in before else [module]
        numbered = OrderedDict((str(number), module) for number, module in enumerate(found))
        self.classifier = nn.Sequential(numbered)

    def forward(self, x: Tensor) -> Tensor:
        """(1, 3, H, W) -> (1, classes)."""
        found: Tensor = self.classifier(self.avgpool(self.features(x)).flatten(1))
        return found


def _vgg(title: str, file: str, repeats: tuple[int, ...]) -> Architecture:
    """Blocks of 3x3 convolutions, each followed by a pool."""
    parts: list[Part] = []
    for block, (count, channels) in enumerate(zip(repeats, (64, 128, 256, 512, 512), strict=True)):
        parts += [(f"conv{block + 1}_{n + 1}", channels, 3, 1, 1) for n in range(count)]
        parts.append(f"pool{block + 1}")
    return Architecture(title, file, tuple(parts), pool=2, grid=7, dropout_first=False)


ARCHITECTURES = (
    Architecture(
        "AlexNet",
        "alexnet-owt-7be5be79.pth",
        (
            ("conv1", 64, 11, 4, 2),
            "pool1",
            ("conv2", 192, 5, 1, 2),
            "pool2",
            ("conv3", 384, 3, 1, 1),
            ("conv4", 256, 3, 1, 1),
            ("conv5", 256, 3, 1, 1),
            "pool5",
        ),
        pool=3,
        grid=6,
        dropout_first=True,
    ),
    _vgg("VGG-16", "vgg16-397923af.pth", (2, 2, 3, 3, 3)),
    _vgg("VGG-19", "vgg19-dcbb9e9d.pth", (2, 2, 4, 4, 4)),
)
