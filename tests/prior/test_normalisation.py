import pytest
import torch

from dipcli.prior.normalisation import Normalisation, interleaved


def values(channels, dtype, layout=torch.channels_last, size=(32, 48)):
    x = 3 + 2 * torch.randn(1, channels, *size, generator=torch.Generator().manual_seed(channels))
    return x.to(dtype).to(memory_format=layout).requires_grad_()


def normalised(module, x):
    """The output, and the gradients of x, weight and bias for a gradient that is not symmetric."""
    y = module(x)
    g = torch.randn(y.shape, generator=torch.Generator().manual_seed(1)).to(y.dtype)
    return y.detach(), *torch.autograd.grad(y, [x, module.weight, module.bias], g)


@pytest.mark.parametrize("channels", [1, 3, 4, 8, 12, 31, 32, 64])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_is_batch_normalisation_in_value_and_gradient(channels, dtype):
    x = values(channels, dtype)
    module = Normalisation(channels)
    torch.nn.init.uniform_(module.weight, 0.5, 2, generator=torch.Generator().manual_seed(2))
    torch.nn.init.normal_(module.bias, generator=torch.Generator().manual_seed(3))
    reference = torch.nn.BatchNorm2d(channels, track_running_stats=False).double()
    reference.load_state_dict(module.state_dict())
    wanted = normalised(reference, x.detach().double().requires_grad_())
    tolerance = 1e-5 if dtype is torch.float32 else 0.02
    for found, true in zip(normalised(module, x), wanted, strict=True):
        assert (found - true).abs().max() <= tolerance * max(1.0, float(true.abs().max()))


def test_what_is_interleaved():
    """Few channels, channels last, on the CPU; and parts must divide the width."""
    assert interleaved(values(8, torch.float32)) == 8
    assert interleaved(values(12, torch.float32)) == 4
    assert interleaved(values(8, torch.float32, size=(32, 20))) == 4
    assert interleaved(values(8, torch.float32, size=(32, 21))) == 1
    assert interleaved(values(64, torch.float32)) == 1
    assert interleaved(values(8, torch.float32, layout=torch.contiguous_format)) == 1


def test_the_layout_stays():
    y, gradient, *_ = normalised(Normalisation(8), values(8, torch.float32))
    assert y.is_contiguous(memory_format=torch.channels_last)
    assert gradient.is_contiguous(memory_format=torch.channels_last)
