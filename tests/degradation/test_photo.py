import pytest
import torch

from dipcli.degradation.flat import blocks, flattest, without_plane
from dipcli.degradation.photo import Light, from_light, light_of, to_light


def photographed(x, gain, floor, seed=0):
    """The picture x seen through a gamma curve with noise in linear light."""
    u = to_light(x)
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))
    return from_light((u + noise * (gain * u + floor).sqrt()).clamp(0, 1))


def ramp(size=192):
    """Every brightness, slowly changing."""
    return torch.linspace(0.02, 0.98, size).expand(1, 3, size, size).contiguous()


def test_light_and_its_picture_are_inverse():
    x = torch.linspace(0, 1, 100, dtype=torch.float64)
    assert torch.allclose(from_light(to_light(x)), x, atol=1e-6)


def test_evened_noise_is_as_strong_everywhere():
    law = Light(2e-3, 2e-4)
    stds = []
    for value in (0.2, 0.4, 0.6, 0.8):
        flat = torch.full((1, 3, 128, 128), value)
        stds.append(float(law.evened(photographed(flat, law.gain, law.floor)).std()))
    assert max(stds) / min(stds) < 1.2


def test_the_mean_of_evened_noise_leads_back_to_the_picture():
    """Whereas the mean of the noisy picture is darker than the picture."""
    law = Light(2e-2, 1e-3)
    flat = torch.full((1, 1, 256, 256), 0.35)
    noisy = photographed(flat, law.gain, law.floor)
    assert noisy.mean() < 0.34
    assert float(law.restored(law.evened(noisy).mean())) == pytest.approx(0.35, abs=0.003)
    x = torch.linspace(0.02, 0.98, 50)
    assert torch.allclose(law.restored(law.expected(x)), x, atol=2e-3)


def test_without_a_law_the_picture_stays():
    x = torch.rand(5)
    law = Light(0.0, 0.0)
    assert all(torch.equal(change(x), x) for change in (law.evened, law.expected, law.restored))


@pytest.mark.parametrize(("gain", "floor"), [(1e-3, 1e-6), (1e-4, 1e-3), (2e-2, 1e-3)])
def test_the_law_is_found(gain, floor):
    x = ramp()
    found = light_of(photographed(x, gain, floor))
    at = torch.tensor([0.2, 0.5, 0.8])
    (_, expected), (_, told) = Light(gain, floor).expectations(at), found.expectations(at)
    assert torch.all((told / expected).log().abs() < 0.4)


def test_black_tells_no_law():
    assert light_of(torch.zeros(1, 3, 64, 64)) is None


def test_flattest_blocks_lie_where_the_picture_is_flat():
    y = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    y[..., :48] = 0.5 + 0.01 * y[..., :48]
    found = flattest(without_plane(blocks(y, 8)), 0.2, 5)
    assert found.std() < 0.01


def test_a_plane_is_taken_off():
    assert without_plane(blocks(ramp(48), 12)).abs().max() < 1e-5
