"""Operators are linear, each matches its adjoint, and bicubic is what people call bicubic."""

import numpy as np
import pytest
import torch
from PIL import Image

from dipcli.degradation.borders import BORDERS, extend_index
from dipcli.degradation.operators import Downsample, Identity, Mask, kernel_taps, reduction
from dipcli.degradation.projection import project
from dipcli.presets.superres import KERNELS

SCALES = (2, 3, 4, 8)


def pictures(size: tuple[int, int], seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(2, 3, *size, generator=generator, dtype=torch.float64)


def assert_adjoint(operator, x):
    y = pictures(operator(x).shape[-2:], seed=1)
    left, right = (operator(x) * y).sum(), (x * operator.adjoint(y)).sum()
    assert left.item() == pytest.approx(right.item(), rel=1e-12)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("blocks", [(1, 1), (1, 5), (6, 4)])
def test_downsampling_matches_its_adjoint(kernel, scale, blocks):
    assert_adjoint(Downsample(scale, kernel), pictures((blocks[0] * scale, blocks[1] * scale)))


def test_identity_and_mask_match_their_adjoints():
    x = pictures((5, 7))
    assert_adjoint(Identity(), x)
    assert_adjoint(Mask((pictures((5, 7), seed=2)[:1, :1] > 0.5).double()), x)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("scale", SCALES)
def test_downsampling_keeps_a_flat_picture_flat_and_a_ramp_centred(kernel, scale):
    n = 12 * scale
    assert len(kernel_taps(kernel, scale)) % 2 == scale % 2
    flat = torch.full((1, 1, n, n), 0.3, dtype=torch.float64)
    assert torch.allclose(Downsample(scale, kernel)(flat), torch.tensor(0.3, dtype=torch.float64))
    ramp = torch.arange(n, dtype=torch.float64).expand(1, 1, n, n)
    small = Downsample(scale, kernel)(ramp)[0, 0, 6, 4:8]
    centres = torch.arange(4, 8) * scale + (scale - 1) / 2
    assert small.tolist() == pytest.approx(centres.tolist())


@pytest.mark.parametrize(
    ("kernel", "resample"),
    [
        ("bicubic", Image.Resampling.BICUBIC),
        ("lanczos3", Image.Resampling.LANCZOS),
        ("box", Image.Resampling.BOX),
    ],
)
@pytest.mark.parametrize("scale", SCALES)
def test_kernels_are_those_of_pillow_away_from_the_border(kernel, resample, scale):
    x = pictures((10 * scale, 12 * scale))[:1, :1]
    picture = Image.fromarray(x[0, 0].float().numpy())
    theirs = np.asarray(picture.resize((12, 10), resample))
    ours = Downsample(scale, kernel)(x)[0, 0].numpy()
    assert np.abs(ours - theirs)[3:-3, 3:-3].max() < 1e-6


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize(
    ("border", "mode"), [("replicate", "edge"), ("reflect", "reflect"), ("symmetric", "symmetric")]
)
def test_borders_are_those_of_numpy(n, border, mode):
    assert border in BORDERS
    expected = np.pad(np.arange(n), (7, 4), mode=mode)
    assert extend_index(n, 7, 4, border).tolist() == expected.tolist()


@pytest.mark.parametrize("kernel", ["bicubic", "lanczos2", "box"])
def test_projection_explains_the_observation_by_the_least_change(kernel):
    operator = Downsample(4, kernel)
    x, truth = pictures((16, 20)), pictures((16, 20), seed=1)
    y = operator(truth)
    nearest = project(x, operator, y, steps=50)
    assert (operator(nearest) - y).abs().max() < 1e-4
    assert (nearest - x).norm() <= (truth - x).norm()


@pytest.mark.parametrize("kernel", ["bicubic", "lanczos3"])
def test_beyond_the_border_a_picture_goes_on_mirrored(kernel):
    line = torch.rand(16, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    alone = reduction(8, 2, kernel) @ line
    mirrored = reduction(16, 2, kernel) @ torch.cat([line.flip(0), line])
    assert torch.allclose(mirrored[8:], alone)


def test_the_gaussian_is_half_a_small_pixel_wide():
    taps = kernel_taps("gauss", 2)
    assert len(taps) == 6
    assert taps[3] / taps[2] == pytest.approx(1.0)
    assert taps[4] / taps[3] == pytest.approx(0.36788, abs=1e-4)  # e^-1, from 0.25 to 0.75
