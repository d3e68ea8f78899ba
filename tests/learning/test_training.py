"""A model is learnt, goes on from any step, and restores pictures of any size without a seam."""

import copy

import numpy as np
import pytest
import torch

import dipcli
from dipcli.errors import PictureError, UsageError
from dipcli.learning import model as models
from dipcli.learning.lesson import learnt, lesson
from dipcli.learning.model import Model
from dipcli.learning.scenes import Scene
from dipcli.learning.settings import LearnOptions, LearnSettings
from dipcli.learning.unet import UNet, draw, reach
from dipcli.stream.step import Runtime

CPU = Runtime(torch.device("cpu"), 0)
TINY = {"width": 6, "depth": 2, "patch": 16, "batch": 4, "steps": 3}
KINDS = {
    "clean": (LearnOptions(sigma=30.0), False),
    "pairs": (LearnOptions(), True),
    "neighbours": (LearnOptions(), False),
}


def scenes(paired, channels=3):
    generator = torch.Generator().manual_seed(5)
    shapes = [(channels, 40, 48)] * 6
    seen = [torch.rand(shape, generator=generator) for shape in shapes]
    return [Scene(one, one.flip(0) if paired else None) for one in seen]


def training(kind="clean", channels=3, runtime=CPU, **more):
    options, paired = KINDS[kind]
    settings = LearnSettings(**{"epochs": 2, **TINY, **more})
    return options, lesson(scenes(paired, channels), [], options, settings, runtime)


def encoded(options, run):
    return learnt(run, options, version="0").encode()


def random_model(channels=3, width=6, depth=2, predicts="noise"):
    shape = {"channels": channels, "width": width, "depth": depth, "predicts": predicts}
    found = Model.build(shape)
    draw(found.net, torch.Generator().manual_seed(1))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_goes_on_to_the_byte(kind):
    options, whole = training(kind)
    states = [copy.deepcopy(whole.state_dict()) for _ in whole.steps()]
    expected = encoded(options, whole)
    assert len(states) == 1 + 6
    for state in (states[0], states[2], states[3]):
        _, again = training(kind)
        again.load_state_dict(copy.deepcopy(state))
        list(again.steps())
        assert encoded(options, again) == expected
        assert [row[1] for row in again.rows] == [0, 3, 6]


def test_the_seed_decides():
    options, one = training()
    list(one.steps())
    _, other = training(runtime=Runtime(torch.device("cpu"), 1))
    list(other.steps())
    assert encoded(options, one) != encoded(options, other)


@pytest.mark.parametrize("loss", ["l2", "l1", "l0"])
def test_noise_is_learnt_to_be_taken_away(loss, draw):
    pictures = [draw(32, 32, n) for n in range(5)]
    settings = {**TINY, "steps": 40, "epochs": 2, "loss": loss, "lr": 3e-3}
    model = dipcli.learn(pictures, sigma=40, device="cpu", **settings)
    assert model.facts["psnr"] > model.facts["psnr_before"] + 0.5
    assert model.facts["noise"] == "gaussian:40"
    assert not model.facts["partial"]


def test_a_picture_tells_the_pairs_that_it_is_learnt_from(draw):
    noisy = [draw(32, 32, n) for n in range(5)]
    for targets, kind in ((None, "noisy pictures alone"), (noisy, "pairs")):
        model = dipcli.learn(noisy, targets, device="cpu", epochs=1, **TINY)
        assert model.facts["learnt_from"] == kind
    with pytest.raises(UsageError, match="targets"):
        dipcli.learn(noisy, noisy[1:], device="cpu", epochs=1, **TINY)
    with pytest.raises(UsageError, match="one scene in one size"):
        dipcli.learn(noisy, [one[:-1] for one in noisy], device="cpu", epochs=1, **TINY)
    with pytest.raises(UsageError, match="all alike"):
        dipcli.learn([*noisy, noisy[0][..., 0]], device="cpu", epochs=1, **TINY)


def test_a_short_budget_ends_in_time_with_the_rate_at_nothing():
    _, run = training(epochs=100_000, time=0.5)
    last = list(run.steps())[-1]
    assert run.done == 1
    assert last.psnr is not None
    assert last.total == last.step < run.total


def test_a_loss_that_is_no_number_is_told():
    _, run = training(lr=1.0, predicts="picture")
    with torch.no_grad():
        run.model.net.last.weight.fill_(torch.inf)
    with pytest.raises(dipcli.errors.DipError, match="smaller --lr"):
        list(run.steps())


@pytest.mark.parametrize(("channels", "width", "depth"), [(1, 3, 1), (3, 8, 3), (1, 5, 4)])
def test_the_network_keeps_the_size_at_any_width_and_depth(channels, width, depth):
    net = UNet(channels, width, depth)
    side = 2 << depth
    assert net(torch.zeros(2, channels, side, 2 * side)).shape == (2, channels, side, 2 * side)


def test_the_published_network_has_its_number_of_weights():
    weights = sum(one.numel() for one in UNet(3, 48, 5).parameters())
    w, c = 48, 3
    layers = [(c, w), *[(w, w)] * 6, (2 * w, 2 * w), (2 * w, 2 * w)]
    layers += [(3 * w, 2 * w), (2 * w, 2 * w)] * 3 + [(2 * w + c, 64), (64, 32), (32, c)]
    assert weights == sum(9 * i * o + o for i, o in layers)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_nothing_beyond_its_reach_counts_for_a_pixel(depth):
    net = random_model(1, 4, depth).net
    unit, side = 1 << depth, 2 * reach(depth) + 4 * (1 << depth)
    side = side // unit * unit
    x = torch.rand(1, 1, side, side, generator=torch.Generator().manual_seed(0)).requires_grad_()
    middle = side // 2
    net(x)[0, 0, middle, middle].backward()
    rows = x.grad[0, 0].abs().sum(1).nonzero()
    assert (rows - middle).abs().max().item() <= reach(depth)


@pytest.mark.parametrize("size", [(150, 203), (1, 1), (64, 500), (37, 8)])
@pytest.mark.parametrize("channels", [1, 3])
def test_tiles_give_what_the_whole_gives(size, channels, monkeypatch):
    model = random_model(channels)
    x = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(2))
    whole = model.apply(x)
    monkeypatch.setattr(models, "TILE", 1 << 12)
    assert size[0] * size[1] < 1 << 12 or len(list(models.tiles(torch.Size(size), 2))) > 1
    tiled = model.apply(x)
    assert torch.allclose(tiled, whole, atol=1e-5)
    assert tiled.shape == x.shape


def test_a_model_of_gray_takes_each_channel_and_one_of_colours_no_gray():
    gray, colour = random_model(1), random_model(3)
    x = torch.rand(1, 3, 24, 24)
    each = torch.cat([gray.apply(x[:, n : n + 1]) for n in range(3)], 1)
    assert torch.equal(gray.apply(x), each)
    with pytest.raises(UsageError, match="--channels 1"):
        colour.apply(x[:, :1])
    with pytest.raises(UsageError, match="--channels 1"):
        dipcli.denoise(np.zeros((32, 32), np.uint8), model=colour)


def test_a_model_comes_back_from_its_file():
    options, run = training()
    list(run.steps())
    model = learnt(run, options, version="0")
    data = model.encode()
    again = Model.decode(data)
    assert again.encode() == data
    x = torch.rand(1, 3, 20, 20)
    assert torch.equal(again.apply(x), model.apply(x))


def test_a_file_that_is_no_model_is_told():
    data = random_model().encode()
    damaged = data[:-4] + bytes(4)
    for bad in (b"", b"\x89PNG", data[:-1], damaged, b"\xff" * 64, data[:30]):
        with pytest.raises(PictureError, match="model"):
            Model.decode(bad)
    with pytest.raises(PictureError, match="damaged"):
        Model.decode(data.replace(b'\\"width\\": 6', b'\\"width\\": 7'))


def test_denoising_with_a_model_is_its_picture_and_nothing_else(draw):
    picture = draw(40, 40)
    model = random_model()
    result = dipcli.denoise(picture, model=model, device="cpu")
    x = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    amp = dipcli.api.runtime_for("cpu").amp
    expected = np.rint(255 * model.apply(x, amp)[0].permute(1, 2, 0).numpy())
    assert np.array_equal(result.image, expected)
    assert result.settings.method == "model"
    with pytest.raises(UsageError, match="give one of them"):
        dipcli.denoise(picture, model=model, method="patches")
    with pytest.raises(UsageError, match="--model"):
        dipcli.denoise(picture, method="model")


@pytest.mark.parametrize(("width", "depth", "channels"), [(6, 1, 1), (6, 3, 3), (9, 4, 3)])
def test_the_cost_counts_the_multiplications_of_the_network(width, depth, channels):
    net = UNet(channels, width, depth)
    side, found = 32, []
    for layer in net.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.register_forward_hook(
                lambda conv, seen, made: found.append(conv.weight.numel() * made[0, 0].numel())
            )
    net(torch.zeros(1, channels, side, side))
    told = LearnSettings(width=width, depth=depth).macs(channels)
    assert told == pytest.approx(sum(found) / side**2, rel=0.02)
