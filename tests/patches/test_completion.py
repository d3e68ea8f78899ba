import torch
from skimage.restoration import inpaint_biharmonic

from dipcli.degradation.operators import Downsample
from dipcli.patches.completion import (
    back_projection,
    biharmonic,
    interpolated,
    iterative_inpainting,
    sigma_schedule,
)


def psnr(a, b):
    return float(-10 * torch.log10((a - b).square().mean()))


def texture(side=48):
    x = torch.linspace(0, 30, side)
    return (0.5 + 0.4 * torch.sin(x)[:, None] * torch.cos(1.3 * x))[None, None]


def half_lost(side=48):
    generator = torch.Generator().manual_seed(0)
    return (torch.rand(1, 1, side, side, generator=generator) < 0.5).float()


def test_a_repeating_texture_is_completed_far_better_than_interpolated():
    truth, known = texture(), half_lost()
    guess = interpolated(truth * known, known)
    *_, filled = iterative_inpainting(truth * known, known, passes=8, stride=4)
    assert torch.equal(filled * known, truth * known)
    assert psnr(filled, truth) > psnr(guess, truth) + 5


def test_what_lies_in_the_hole_does_not_matter():
    truth, known = texture(), half_lost()
    *_, one = iterative_inpainting(truth * known, known, passes=2, stride=4)
    *_, other = iterative_inpainting(torch.where(known > 0, truth, 1.0), known, passes=2, stride=4)
    assert torch.equal(one, other)


def test_the_first_guess_is_constant_where_the_picture_is():
    known = torch.zeros(1, 1, 13, 21)
    known[..., 3, 4] = 1
    known[..., 9, 18] = 1
    guess = interpolated(0.3 * known.expand(1, 3, 13, 21), known)
    assert torch.allclose(guess, torch.full_like(guess, 0.3))


def test_a_thin_plate_is_the_biharmonic_filling_of_scikit_image():
    truth, known = texture(), half_lost()
    ours = biharmonic(truth * known, known)
    theirs = inpaint_biharmonic((truth * known)[0, 0].numpy(), known[0, 0].numpy() == 0)
    inner = slice(3, -3)  # at the border it takes other differences
    difference = ours[0, 0].numpy() - theirs
    assert abs(difference[inner, inner]).max() < 1e-3
    assert torch.equal(ours * known, truth * known)


def test_back_projection_reduces_to_the_observation():
    truth, operator = texture(), Downsample(2)
    y = operator(truth)
    start = torch.full_like(truth, 0.5)
    for x in back_projection(start, operator, y, passes=3, stride=4, error=45 / 255):
        assert torch.allclose(operator(x), y, atol=2e-3)


def test_it_reduces_to_the_observation_also_where_that_is_black_and_white():
    truth, operator = torch.zeros(1, 1, 32, 32), Downsample(2)
    truth[..., 4:20, 6:17] = 1
    truth[..., ::7] = 1 - truth[..., ::7]
    y = operator(truth).clamp(0, 1)
    for x in back_projection(torch.full_like(truth, 0.5), operator, y, 2, 4, error=45 / 255):
        assert torch.allclose(operator(x), y, atol=1e-5)  # clipped alone it is off by 0.05


def test_the_assumed_error_falls_to_the_same_end():
    errors = [sigma_schedule(0.2, index, 5) for index in range(5)]
    assert errors[0] == 0.2
    assert sorted(errors, reverse=True) == errors
    assert abs(errors[-1] - 2 / 255) < 1e-9
