import pytest
import torch

from dipcli.patches.compact import LEAST, MOST, compacted


def patches(dimensions, n=48, count=400, noise=0.1):
    generator = torch.Generator().manual_seed(dimensions)
    clean = torch.randn(count, dimensions, generator=generator)
    clean = clean @ torch.randn(dimensions, n, generator=generator)
    return clean + noise * torch.randn(count, n, generator=generator), clean


def spread(count, variance):
    return torch.full((count, 1), variance)


@pytest.mark.parametrize(("dimensions", "kept"), [(3, LEAST), (19, 20), (30, MOST), (48, MOST)])
def test_as_many_directions_are_kept_as_hold_more_than_a_tenth_of_the_noise(dimensions, kept):
    noisy, clean = patches(dimensions)
    found = compacted([noisy, clean], spread(400, 0.01))
    assert [part.shape for part in found.patches] == [(400, kept)] * 2
    assert found.rest.shape == (400, 48 - kept)


def test_what_is_kept_comes_back_and_the_rest_loses_its_noise():
    noisy, clean = patches(10)
    found = compacted([noisy, clean], spread(400, 0.01))
    back = found.whole(found.patches[1] * 2, torch.full((400, 1), 2.0)) / 2
    assert torch.allclose(back, clean, atol=1e-3)


def test_a_rare_patch_keeps_what_no_other_has():
    _, clean = patches(5, noise=0.0)
    rare = torch.zeros(48)
    rare[7] = 3.0
    clean = torch.cat([clean * 0.3, rare[None]])
    found = compacted([clean, clean], spread(401, 1e-4))
    back = found.whole(found.patches[0], torch.ones(401, 1))
    assert torch.allclose(back[-1], rare, atol=0.02)


def test_small_patches_stay_as_they_are():
    noisy, clean = patches(3, n=LEAST)
    assert compacted([noisy, clean], spread(400, 0.01)) is None
    noisy, clean = patches(40, n=28)
    assert compacted([noisy, clean], spread(400, 0.01)) is None
