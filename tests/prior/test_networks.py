"""Networks: the published sizes, any size of picture, and nothing but the generator's word."""

from itertools import pairwise

import pytest
import torch
from torch.nn import functional as F

from dipcli.architecture import NETWORKS, NetworkSettings
from dipcli.errors import UsageError
from dipcli.presets.values import resolve
from dipcli.prior.networks import build, canvas, grid
from dipcli.prior.networks.layers import enlarge, normalisation
from dipcli.tasks import TASKS


def built(
    settings: NetworkSettings, depth: int, channels: int = 3, seed: int = 0
) -> torch.nn.Module:
    return build(settings, depth, channels, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("task", "kind", "parameters"),
    [
        ("denoise", "", 2_217_831),
        ("superres", "x4", 2_217_831),
        ("denoise", "jpeg", 572_827),
        ("inpaint", "text", 3_002_627),
        ("inpaint", "object", 2_157_955),
        ("inpaint", "sparse", 1_027_379),
        ("inpaint", "large", 2_996_467),
    ],
)
def test_paper_networks_have_the_published_number_of_parameters(task, kind, parameters):
    settings = resolve(TASKS[task].Settings, TASKS[task].presets, "paper", kind)
    depth = 2 if settings.input == "mesh" else settings.input_depth
    net = built(settings, depth)
    assert sum(p.numel() for p in net.parameters()) == parameters


LIBRARY = {"channels": (8, 16, 32, 64, 128), "more_layers": 1, "upsample": "deconv"}


@pytest.mark.parametrize(
    ("fields", "depth", "parameters"),
    [
        # Heckel and Hand, table 1: of 512 x 512 x 3 = 786,432 values
        ({"net": "decoder", "channels": (64,) * 6}, 64, 25_536),
        ({"net": "decoder", "channels": (128,) * 6}, 128, 100_224),
        # the library, as published; counted from the published layers by hand
        ({"net": "unet", **LIBRARY, "norm": "instance"}, 1, 1_616_315),
        ({"net": "resnet", "channels": 32, "blocks": 8}, 1, 158_979),
        ({"net": "skip", "channels": (16, 32), "filter_down": 5, "need_1x1_up": False}, 1, 59_635),
    ],
)
def test_other_networks_have_the_published_number_of_parameters(fields, depth, parameters):
    net = built(NetworkSettings().override(**fields), depth)
    assert sum(p.numel() for p in net.parameters()) == parameters


def test_a_unet_has_the_layers_that_were_published():
    """Of (8, 16, 32, 64, 128), one level more, deconvolutions, instance normalisation."""
    widths = [1, 8, 16, 32, 64, 128, 128]
    pair = [9 * a * b + b + 9 * b * b + b for a, b in pairwise(widths)]
    ups = [16 * a * b + b for a, b in zip(widths[2:], widths[1:], strict=False)]
    merged = [9 * 2 * b * b + b + 9 * b * b + b for b in widths[1:-1]]
    assert sum(pair) + sum(ups) + sum(merged) + 8 * 3 + 3 == 1_616_315


def test_batch_and_instance_normalisation_differ_in_scale_and_offset_alone():
    x = torch.randn(1, 4, 6, 5)
    batch, instance = normalisation(4), normalisation(4, "instance")
    assert torch.allclose(batch(x), instance(x), atol=1e-6)
    assert (len(list(batch.parameters())), len(list(instance.parameters()))) == (2, 0)


def test_an_identity_skip_passes_on_what_came_in():
    conv, identity = (built(small(net="skip", skips=kind), 2)[0] for kind in ("conv", "identity"))
    assert conv.skip is None
    x = torch.randn(1, 2, 8, 8)
    assert torch.equal(identity.skip(x), x)


def test_a_decoder_starts_at_its_coarsest_level():
    settings = small(net="decoder")
    assert grid(settings) == 4 and canvas((13, 16), settings) == (16, 16)
    assert built(settings, 5)(torch.rand(1, 5, 4, 4)).shape == (1, 3, 16, 16)


@pytest.mark.parametrize("net", ["slim", "skip", "resnet", "decoder", "pixels"])
def test_only_a_unet_has_transposed_convolutions(net):
    with pytest.raises(UsageError, match="deconv is for net unet"):
        small(net=net, upsample="deconv")


@pytest.mark.parametrize("net", NETWORKS)
def test_what_a_network_ignores_changes_nothing(net):
    """Every other field of the architecture does."""
    fields = {
        "channels": (5, 7, 9),
        "skip_channels": (2,),
        "skips": "identity",
        "up_channels": (5, 4, 3),
        "filter_down": (5,),
        "filter_up": (5,),
        "upsample": ("bilinear",),
        "downsample": "avg",
        "padding": "reflection",
        "norm": "instance",
        "need_1x1_up": False,
        "more_layers": 1,
        "blocks": 2,
    }
    plain = small(net=net)
    size = (32, 32)
    x = torch.rand(1, 2, *(n // grid(plain) for n in size))
    model = built(plain, 2)
    expected, names = model(x), set(model.state_dict())
    ignored = NETWORKS[net].ignores
    for name, value in fields.items():
        other = built(plain.override(**{name: value}), 2)
        same = torch.equal(other(x), expected) and set(other.state_dict()) == names
        assert same == (name in ignored), name


def small(**fields: object) -> NetworkSettings:
    return NetworkSettings().override(**{"channels": (4, 6, 8), **fields})


@pytest.mark.parametrize("net", ["slim", "skip", "unet", "resnet", "decoder"])
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"skips": "identity", "norm": "instance"},
        {"more_layers": 2, "blocks": 3, "channels": (4,)},
        {"padding": "reflection", "upsample": "bilinear"},
        {"skip_channels": (0, 2, 3), "up_channels": (5, 4, 3)},
        {"filter_down": 5, "filter_up": (1, 3, 7), "padding": "reflection"},
        {"downsample": "avg", "need_1x1_up": False},
        {"downsample": "max"},
        {"downsample": "lanczos2"},
        {"downsample": "lanczos3", "upsample": ("nearest", "nearest", "bilinear")},
    ],
)
def test_every_option_gives_a_picture_in_range_and_gradients(net, fields):
    settings = small(net=net, **fields)
    size = canvas((1, 17), settings)
    model = built(settings, depth=2, channels=5)
    out = model(torch.randn(1, 2, *(n // grid(settings) for n in size)))
    assert out.shape == (1, 5, *size)
    assert out.min() > 0 and out.max() < 1
    out.mean().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_the_slim_network_has_no_bias_that_normalisation_would_remove():
    convolutions = [
        m for m in built(NetworkSettings(), 8).modules() if isinstance(m, torch.nn.Conv2d)
    ]
    assert [m.bias is None for m in convolutions] == [True] * (len(convolutions) - 1) + [False]


def test_canvas_holds_the_picture_and_suits_the_network():
    task = TASKS["inpaint"]
    large = resolve(task.Settings, task.presets, "paper", "large")
    for size in [(1, 1), (1, 7), (17, 31), (512, 512), (513, 511)]:
        for settings in (NetworkSettings(), large):
            wide = canvas(size, settings)
            assert all(n % 2**settings.levels == 0 for n in wide)
            assert all(n >= m for n, m in zip(wide, size, strict=True))
    assert canvas((512, 512), NetworkSettings()) == (512, 512)


def test_parameters_come_from_the_generator_alone():
    before = torch.get_rng_state()
    first = built(small(), 2).state_dict()
    assert torch.equal(before, torch.get_rng_state())
    torch.rand(3)
    again, other = built(small(), 2).state_dict(), built(small(), 2, seed=1).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_no_running_mean_is_kept():
    assert not list(built(NetworkSettings(), 8).buffers())


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_enlarging_has_the_value_and_the_gradient_of_interpolation(mode, layout):
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(1, 3, 4, 6, dtype=torch.float64, generator=draw).contiguous(
        memory_format=layout
    )
    weight = torch.randn(1, 3, 8, 12, dtype=torch.float64, generator=draw)
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    y, expected = enlarge(ours, mode), F.interpolate(theirs, scale_factor=2.0, mode=mode)
    assert torch.equal(y, expected)
    (y * weight).sum().backward()
    (expected * weight).sum().backward()
    assert torch.allclose(ours.grad, theirs.grad)
