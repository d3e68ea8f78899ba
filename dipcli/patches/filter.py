"""A patch-group filter: what repeats in a picture tells each patch from its noise.

Pass after pass: groups of alike patches are found around every few pixels (`patches/passes.py`), on
the noisy picture first, then on the estimate so far, the pilot.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor
from torch.nn import functional as F

from dipcli.degradation.noise import Noise
from dipcli.patches.groups import even_ridge, ridge_bayes_mean
from dipcli.patches.passes import Pass, collaborate, matched_patch
from dipcli.stages import CHAINED

DENSE, SPARSE = 4, 7  # pixels: the stride of the first pass at most, of the second at least


def schedule(count: int, channels: int, stride: int) -> tuple[tuple[Pass, ...], tuple[Pass, ...]]:
    """`count` passes: those one after another, and those beside one another after them.

    With a pilot the matrices are n x n, n = channels p^2: about 48 whatever the channels, so
    p = 4 in colour and 7 in gray. Larger patches while there is no pilot, larger groups once it
    is good; two estimators from the third pass on gain 0.15 dB over one. A fourth in turn would
    believe the errors of the third; up to three beside one another, of different patches and
    estimators, err differently, and their mean gains 0.2 dB. The second is but a step between: a
    third of the groups does, where the first, of few patches, wants many.
    """
    later, mean = matched_patch(channels), ridge_bayes_mean
    small, middle, large = max(2, later - 2), round(1.5 * later), 2 * later
    colour = channels >= 3  # in gray compact patches lose 0.2 dB on drawings
    first = later + 1 if colour and count > 1 else later + 2  # alone, small ones leave noise
    radius = 14 if colour else 18  # a fifth of the time; 0.01 dB more in the mean
    dense = min(stride, DENSE)
    third = Pass(later, 128, radius, stride if colour else dense, mean, compact=colour)
    second = Pass(
        later, 96 if colour else 64, radius, max(stride, SPARSE), even_ridge, compact=colour
    )
    chain = [Pass(first, 24, radius, dense), second]
    chain += [third] * max(1, count - CHAINED - 2)
    parallel = [Pass(later, 200, 24, later, mean, compact=colour)]
    if channels == 3:
        parallel += [Pass(large, 300, 24, large, even_ridge, apart=True)]
        parallel += [Pass(middle, 300, 24, middle, mean, compact=True)]
    else:
        parallel += [
            Pass(middle, 300, 24, middle, mean, compact=colour),
            Pass(small, 100, 24, small, mean, compact=colour),
        ]
    return tuple(chain[:count]), tuple(parallel[: max(0, count - CHAINED)])


def estimates(
    y: Tensor,
    noise: Noise,
    passes: tuple[Pass, ...],
    levels: int = 1,
    scale: float = 1.0,
    reached: tuple[int, Tensor] | None = None,
) -> Iterator[Tensor]:
    """Better and better estimates of E[y], (1, C, H, W): after the first pass, and each other.

    y: (1, C, H, W) in [0, 1]; scale: what is left of the noise variance in y; levels: see
    `first_estimate`, on which all groups are formed: on later ones a group would find the errors
    that it made (0.02 dB less, 0.05 at sigma 50). reached: how many passes were made and what
    they gave, to go on from there; the first estimate is made again then.
    """
    made, basic = (0, y) if reached is None else reached
    if made == len(passes):
        return
    first = first_estimate(y, noise, passes, levels, scale)
    guide = first.mean(1, keepdim=True)
    if not made:
        made, basic = 1, first
        yield basic
    for wanted in passes[made:]:
        basic = guided_pass(y, basic, noise, wanted, scale, guide)
        yield basic


def first_estimate(
    y: Tensor, noise: Noise, passes: tuple[Pass, ...], levels: int, scale: float
) -> Tensor:
    """What the first pass makes of y, (1, C, H, W), which is without a pilot.

    With levels, its coarse part is from the first two passes over the picture reduced by two,
    where noise is half as strong; at the coarsest level nothing is below.
    """
    guide = smooth(y, passes[0].patch)
    found = collaborate(y, None, scale * noise.variance(guide), passes[0]).clamp(0, 1)
    if levels and min(y.shape[-2:]) >= 8 * passes[0].patch:
        *_, coarse = estimates(halved(y), noise, passes[:2], levels - 1, scale / 4)
        found = (found + enlarged(coarse - halved(found), y)).clamp(0, 1)
    return found


def guided_pass(
    y: Tensor,
    pilot: Tensor,
    noise: Noise,
    wanted: Pass,
    scale: float = 1.0,
    guide: Tensor | None = None,
) -> Tensor:
    """The estimate of one pass with a pilot, (1, C, H, W) each; scale: as in `estimates`; guide:
    as in `collaborate`.
    """
    return collaborate(y, pilot, scale * noise.variance(pilot), wanted, guide).clamp(0, 1)


def smooth(image: Tensor, p: int) -> Tensor:
    """The mean over p x p around each pixel, fewer at the border."""
    return F.avg_pool2d(image, p, 1, p // 2, count_include_pad=False)[
        ..., : image.shape[-2], : image.shape[-1]
    ]


def halved(image: Tensor) -> Tensor:
    """Means over 2 x 2; an odd last row or column stands alone."""
    return F.avg_pool2d(image, 2, ceil_mode=True, count_include_pad=False)


def enlarged(image: Tensor, like: Tensor) -> Tensor:
    """Twice as large, bicubic, cut to the size of `like`."""
    size = (2 * image.shape[-2], 2 * image.shape[-1])
    large = F.interpolate(image, size=size, mode="bicubic", align_corners=False)
    return large[..., : like.shape[-2], : like.shape[-1]]
