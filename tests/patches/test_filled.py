import torch

from dipcli.patches.filled import estimates, known, refined


def scene(channels=3, side=40):
    x = torch.linspace(0, 12, side)
    waves = [(0.5 + 0.4 * torch.sin(x + c)[:, None] * torch.cos(0.7 * x)) for c in range(channels)]
    return torch.stack(waves)[None]


def psnr(a, b):
    return float(-10 * torch.log10((a - b).square().mean()))


def hit(shape, share=0.3):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) < share


def test_what_was_not_hit_stays_and_what_was_is_near_the_truth():
    truth = scene()
    for mask in (hit((1, 1, 40, 40)).expand_as(truth), hit(truth.shape)):
        y = torch.where(mask, 1.0, truth)
        *_, filled = estimates(y, mask, passes=4, stride=4)
        assert torch.equal(filled[~mask], truth[~mask])
        assert psnr(filled, truth) > psnr(y, truth) + 20


def test_channels_hit_apart_tell_of_one_another():
    truth = scene(1).expand(-1, 3, -1, -1).contiguous()
    truth = truth + 0.1 * torch.rand(1, 1, 40, 40, generator=torch.Generator().manual_seed(1))
    together, apart = hit((1, 1, 40, 40)).expand_as(truth), hit(truth.shape)
    one, other = (
        list(estimates(truth * ~mask, mask, passes=4, stride=4))[-1] for mask in (together, apart)
    )
    assert psnr(other, truth) > psnr(one, truth) + 3


def test_a_mask_is_refined_by_what_the_filling_says():
    truth = 0.2 + 0.6 * scene()
    struck = hit((1, 1, 40, 40), share=0.15).expand_as(truth)
    values = torch.rand(truth.shape, generator=torch.Generator().manual_seed(5))
    y = torch.where(struck, values, truth)
    false = hit((1, 1, 40, 40), share=0.1).roll(7, 3).expand_as(truth)
    better = refined(y, struck | false, stride=4)
    assert better.shape == truth.shape
    assert (better & ~struck).sum() < 0.1 * (false & ~struck).sum()
    assert (y - truth)[struck & ~better].square().sum() < 0.01 * (y - truth).square().sum()


def test_a_mask_that_all_channels_share_is_one_mask():
    mask = hit((1, 1, 8, 8)).expand(1, 3, 8, 8)
    assert known(mask, torch.zeros(1)).shape == (1, 1, 8, 8)
    assert known(hit((1, 3, 8, 8)), torch.zeros(1)).shape == (1, 3, 8, 8)


def test_going_on_gives_what_going_through_gives():
    truth = scene()
    mask = hit(truth.shape)
    every = list(estimates(truth * ~mask, mask, passes=4, stride=4))
    *_, last = estimates(truth * ~mask, mask, passes=4, stride=4, reached=(2, every[1]))
    assert torch.equal(last, every[-1])
