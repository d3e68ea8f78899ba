import io

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

from dipcli.degradation.jpeg import recompress
from dipcli.patches import artefacts
from dipcli.patches.artefacts import combined, estimates
from dipcli.pictures.coding import of_file, standard


def tensor(levels):
    return torch.from_numpy(np.array(levels, np.float32)).permute(2, 0, 1)[None] / 255


def pair(levels, **options):
    """The truth and its JPEG, (1, C, H, W), and the coding."""
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "JPEG", **options)
    image = Image.open(buffer)
    shape = (*levels.shape[:2], -1)
    coding = of_file(image.quantization, image.layer)
    return tensor(levels.reshape(shape)), tensor(np.array(image).reshape(shape)), coding


def psnr(a, b):
    return float(-10 * torch.log10((a - b).square().mean()))


def photo(side=96):
    return skimage.data.astronaut()[60 : 60 + side, 180 : 180 + side]


@pytest.mark.parametrize(("quality", "gain"), [(10, 0.5), (40, 0.4), (75, 0.4), (95, 0.1)])
def test_it_is_nearer_to_the_truth(quality, gain):
    truth, y, coding = pair(photo(), quality=quality)
    one, two = estimates(y, coding, 2, 4)
    assert psnr(one, truth) > psnr(y, truth) + 0.6 * gain
    assert psnr(two, truth) > psnr(y, truth) + gain


def test_gray_pictures_too():
    truth, y, coding = pair(skimage.data.camera()[100:196, 180:276], quality=15)
    *_, last = estimates(y, coding, 2, 4)
    assert last.shape == y.shape
    assert psnr(last, truth) > psnr(y, truth) + 0.4


@pytest.mark.parametrize("quality", [10, 50])
def test_what_is_drawn_gains_or_stays(quality):
    tiles = np.random.default_rng(0).integers(0, 4, (12, 12)).repeat(6, 0).repeat(6, 1)
    levels = (60 * tiles + 20).astype(np.uint8)[..., None].repeat(3, 2)
    levels[30:32, :] = (250, 20, 20)
    truth, y, coding = pair(levels, quality=quality)
    *_, last = estimates(y, coding, 2, 4)
    assert psnr(last, truth) >= psnr(y, truth)


def test_going_on_gives_the_same():
    _, y, coding = pair(photo(48), quality=30)
    one, two, three = estimates(y, coding, 3, 4)
    assert torch.equal(next(estimates(y, coding, 3, 4, (2, two))), three)
    assert [e.shape for e in estimates(y, coding, 3, 4, (1, one))] == [y.shape] * 2
    assert list(estimates(y, coding, 3, 4, (3, three))) == []


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (17, 9), (2, 30)])
@pytest.mark.parametrize("channels", [1, 3])
def test_tiny_pictures(size, channels):
    coding = standard(30, gray=channels == 1, offset=(5, 2))
    y = recompress(tensor(photo(32))[:, :channels, : size[0], : size[1]], coding)
    for estimate in estimates(y, coding, 2, 3):
        assert estimate.shape == y.shape
        assert estimate.isfinite().all()


def test_a_flat_picture_stays():
    coding = standard(20)
    y = recompress(torch.full((1, 3, 40, 40), 0.3), coding)
    (estimate,) = estimates(y, coding, 1, 4)
    assert (estimate - y).abs().max() < 0.5 / 255


def test_what_coding_hardly_changed_stays():
    _, y, coding = pair(photo(32), quality=100, subsampling=0)
    assert all(torch.equal(estimate, y) for estimate in estimates(y, coding, 2, 4))


def test_where_coding_did_nothing_a_group_stays_as_it_is():
    X = torch.randn(2, 60, 48, generator=torch.Generator().manual_seed(0))
    E = [torch.zeros_like(X)] * 2
    estimate, left = combined(X, X + 3, E, torch.eye(48), torch.ones(48))
    assert torch.allclose(estimate, X + 3, atol=1e-3)
    assert left.max() < 1e-3


def test_where_coding_did_everything_a_group_becomes_its_mean():
    generator = torch.Generator().manual_seed(0)
    X, *E = (torch.randn(2, 60, 48, generator=generator) for _ in range(3))
    estimate, _ = combined(X, X, [1e3 * e for e in E], 1e6 * torch.eye(48), torch.ones(48))
    assert torch.allclose(estimate, X.mean(1, keepdim=True).expand_as(X), atol=1e-2)
    assert len(artefacts.SHIFTS) == len(set(artefacts.SHIFTS))
