import pytest
import torch

from dipcli.patches.compact import LEAST, compacted


def patches(dimensions, n=48, count=400, noise=0.1):
    generator = torch.Generator().manual_seed(dimensions)
    clean = torch.randn(count, dimensions, generator=generator)
    clean = clean @ torch.randn(dimensions, n, generator=generator)
    return clean + noise * torch.randn(count, n, generator=generator), clean


def picture(rows):
    """The same as patches of one pixel: (1, n, 20, 20)."""
    return rows.t().reshape(1, -1, 20, 20)


def spread(count, variance):
    return torch.full((count, 1), variance)


@pytest.mark.parametrize("n", [16, 48, 49])
def test_two_thirds_of_the_directions_are_kept_the_strongest_first(n):
    noisy, clean = patches(12, n)
    found = compacted(picture(noisy), picture(clean), 1, spread(400, 0.01))
    kept = found.patches[1]
    assert kept.shape == (400, 2 * n // 3)
    assert found.rest.shape == (400, n - 2 * n // 3)
    strongest = (kept - kept.mean(0)).norm(dim=0)
    assert float(strongest[0]) > 1.2 * float(strongest[9])
    assert torch.allclose(kept.norm(), clean.norm(), rtol=1e-2)


def test_what_is_kept_comes_back_and_the_rest_loses_its_noise():
    noisy, clean = patches(10)
    found = compacted(picture(noisy), picture(clean), 1, spread(400, 0.01))
    back = found.whole(found.patches[1] * 2, torch.full((400, 1), 2.0)) / 2
    assert torch.allclose(back, clean, atol=1e-3)


def test_a_rare_patch_keeps_what_no_other_has():
    _, clean = patches(5, noise=0.0)
    rare = torch.zeros(48)
    rare[7] = 3.0
    clean = torch.cat([clean[1:] * 0.3, rare[None]])
    found = compacted(picture(clean), picture(clean), 1, spread(400, 1e-4))
    back = found.whole(found.patches[0], torch.ones(400, 1))
    assert torch.allclose(back[-1], rare, atol=0.02)


def test_what_all_patches_have_is_no_reason_to_keep_noise():
    noisy, clean = patches(10)
    level = torch.linspace(0, 40, 48)  # a flat colour, far from black
    found = compacted(picture(noisy + level), picture(clean + level), 1, spread(400, 0.01))
    back = found.whole(found.patches[1], torch.ones(400, 1))
    assert torch.allclose(back, clean + level, atol=0.02)


def test_small_patches_stay_as_they_are():
    noisy, clean = patches(3, n=LEAST - 1)
    assert compacted(picture(noisy), picture(clean), 1, spread(400, 0.01)) is None
