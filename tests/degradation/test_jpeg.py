import numpy as np
import pytest
import torch
from scenes import decoded, file_of, psnr, scene, tensor, to_levels

from dipcli.degradation import jpeg
from dipcli.degradation.jpeg import Intervals, Layout, components, project, recompress, spectrum
from dipcli.pictures.coding import standard

SAMPLINGS = [0, 1, 2]


def steps_of(levels, coding):
    """The coefficients of decoded levels in steps, component by component."""
    planes = components(tensor(levels), coding)
    for number, table in enumerate(coding.tables):
        layout = Layout.of(coding, number, levels.shape[:2])
        yield (layout.blocks(layout.restored(planes[number])) / torch.tensor(table)).round()


def test_the_transform_is_orthonormal_and_undone():
    plane = torch.randn(16, 24, generator=torch.Generator().manual_seed(0))
    blocks = spectrum(plane)
    assert blocks.shape == (6, 64)
    assert torch.isclose(blocks.square().sum(), plane.square().sum())
    assert torch.allclose(jpeg.plane_of(blocks, (16, 24)), plane, atol=1e-5)
    flat = spectrum(torch.full((8, 8), 3.0))[0]
    assert torch.isclose(flat[0], torch.tensor(24.0))
    assert flat[1:].abs().max() < 1e-5


@pytest.mark.parametrize("subsampling", SAMPLINGS)
@pytest.mark.parametrize("size", [(48, 64), (37, 51)])
def test_it_codes_as_libjpeg_does(subsampling, size):
    """All but a few values are those of Pillow within a level or two."""
    levels = scene(*size)
    for quality in (20, 60):
        theirs, coding = decoded(file_of(levels, quality=quality, subsampling=subsampling))
        ours = to_levels(recompress(tensor(levels), coding))
        apart = np.abs(ours.astype(int) - theirs)
        assert (apart > 2).mean() < 0.1
        assert psnr(ours, theirs) > psnr(levels, theirs) + 6


@pytest.mark.parametrize("subsampling", SAMPLINGS)
def test_decoded_coefficients_are_multiples_of_their_steps(subsampling):
    levels, coding = decoded(file_of(scene(48, 64), quality=40, subsampling=subsampling))
    planes = components(tensor(levels), coding)
    for number, table in enumerate(coding.tables):
        layout = Layout.of(coding, number, (48, 64))
        found = layout.blocks(layout.restored(planes[number]))
        steps = torch.tensor(table)
        assert (found - (found / steps).round() * steps).abs().mean() < 0.6


@pytest.mark.parametrize(("quality", "most"), [(10, 0.001), (50, 0.003), (75, 0.01), (90, 0.03)])
@pytest.mark.parametrize("subsampling", SAMPLINGS)
def test_coded_again_a_projected_picture_gives_the_same_file(quality, most, subsampling):
    """By Pillow, with the same tables and subsampling, after rounding to 8 bits."""
    truth = scene(64, 80, seed=1)
    levels, coding = decoded(file_of(truth, quality=quality, subsampling=subsampling))
    wrong = tensor(scene(64, 80, seed=2)).roll(3, -1)
    x = to_levels(project(0.5 * (wrong + tensor(levels)), tensor(levels), coding))
    tables = [list(table) for table in coding.tables[:2]]
    again, same = decoded(file_of(x, qtables=tables, subsampling=subsampling))
    assert same == coding
    for before, after in zip(steps_of(levels, coding), steps_of(again, coding), strict=True):
        apart = (before - after).abs()
        assert (apart > 0).float().mean() <= most
        assert (apart > 1).float().mean() <= most / 10


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (17, 9), (3, 40)])
@pytest.mark.parametrize("coding", [standard(30, offset=(3, 13)), standard(90), standard(10)])
def test_any_size_and_offset(size, coding):
    y = recompress(tensor(scene(*size)), coding)
    assert y.shape == (1, 3, *size)
    x = project(torch.zeros_like(y), y, coding)
    assert x.shape == y.shape
    assert 0 <= x.min() <= x.max() <= 1
    gray = standard(30, gray=True, offset=(3, 5))
    assert project(y[:, :1] / 2, y[:, :1], gray).shape == (1, 1, *size)


@pytest.mark.parametrize("factors", [(1, 1), (2, 2), (1, 2), (2, 1), (1, 4)])
def test_a_picture_as_decoded_is_left_nearly_as_it_is(factors):
    coding = standard(40, factors=factors, offset=(2, 5))
    y = recompress(0.2 + 0.6 * tensor(scene(43, 54)), coding)
    assert (project(y, y, coding) - y).abs().mean() < 0.5 / 255


def test_the_picture_that_was_coded_is_allowed():
    """Projection does not move it much: what it moves, lies in the margin."""
    truth = tensor(scene(64, 64))
    for quality in (10, 60):
        coding = standard(quality)
        y = recompress(truth, coding)
        moved = (project(truth, y, coding) - truth).square().mean()
        assert moved < 0.01 * (y - truth).square().mean()


def test_a_projection_stays_where_it_went():
    truth, coding = tensor(scene(48, 48)), standard(30)
    allowed = Intervals.of(recompress(truth, coding), coding)
    once = allowed.project(torch.full_like(truth, 0.4))
    assert (allowed.project(once) - once).abs().max() < 1e-3


def test_a_window_is_coded_as_in_its_picture():
    levels, coding = tensor(scene(64, 64)), standard(40)
    whole = recompress(levels, coding)
    part = recompress(levels[..., 5:, 11:], coding.at(5, 11))
    assert torch.allclose(part[..., 16:40, 16:40], whole[..., 21:45, 27:51], atol=1e-5)
