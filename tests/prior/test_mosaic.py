"""Windows of a large picture, and the network that is fitted to them, applied by bands."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from dipcli.degradation.problem import Problem
from dipcli.prior import mosaic
from dipcli.prior.detail import DetailRun
from dipcli.stages import FEWEST_WINDOWS, MOST_WINDOWS, WINDOW, FitSettings, mosaic_grid
from dipcli.stream.step import Runtime

CPU = Runtime(torch.device("cpu"))
TINY = FitSettings().override(
    channels=(4, 8, 8, 8, 8), input="picture", stop="none", iters=12, runs=1, jitter=0.0
)


@given(height=st.integers(1, 9000), width=st.integers(1, 9000), longest=st.integers(32, 1536))
def test_windows_lie_within_the_picture_and_are_no_more_than_a_tile(height, width, longest):
    rows, columns = mosaic_grid((height, width), longest)
    assert rows * WINDOW <= height and columns * WINDOW <= width
    assert rows * columns * WINDOW**2 <= longest**2 and rows * columns <= MOST_WINDOWS
    assert rows * columns >= FEWEST_WINDOWS or (rows, columns) == (0, 0)


def test_a_large_picture_has_as_many_windows_as_are_wanted_whatever_its_shape():
    assert mosaic_grid((3000, 4000), 1024) == (8, 8)
    assert mosaic_grid((4 * WINDOW, 9000), 1024) == (4, 16)
    assert mosaic_grid((9000, 4 * WINDOW), 1024) == (16, 4)
    assert mosaic_grid((3000, 4000), 383) == (0, 0)


def textured(size: tuple[int, int]) -> torch.Tensor:
    y, x = torch.meshgrid(*(torch.arange(n) / 9 for n in size), indexing="ij")
    return torch.stack([(x * (c + 1)).sin() * y.cos() / 4 + 0.5 for c in range(3)])[None]


def test_the_busiest_window_of_each_part_is_taken():
    picture = torch.full((1, 3, 4 * WINDOW + 10, 6 * WINDOW + 5), 0.5)
    busy = [(1, 2), (0, 5), (3, 0), (2, 3)]
    for row, column in busy:
        checks = picture[:, :, row * WINDOW : (row + 1) * WINDOW : 2, column * WINDOW :: 2]
        checks[..., : WINDOW // 2] = 0.7
    places = mosaic.busiest(picture, (2, 2))
    corners = [(p[0].start // WINDOW, p[1].start // WINDOW) for row in places for p in row]
    assert corners == [(1, 2), (0, 5), (3, 0), (2, 3)]
    cut = mosaic.mosaic(lambda place: picture[:, :, *place], places)
    assert cut.shape == (1, 3, 2 * WINDOW, 2 * WINDOW)
    assert torch.equal(cut[..., WINDOW:, :WINDOW], picture[:, :, 3 * WINDOW : 4 * WINDOW, :WINDOW])


def test_a_slow_change_is_no_detail():
    slope = torch.linspace(0, 1, WINDOW).expand(1, 3, WINDOW, WINDOW)
    noise = 0.5 + 0.02 * torch.randn(
        1, 3, WINDOW, WINDOW, generator=torch.Generator().manual_seed(0)
    )
    left, right = mosaic.activity(torch.cat([slope, noise], 3))[0].tolist()
    assert left < right


@pytest.fixture(scope="module")
def run() -> DetailRun:
    picture = textured((128, 160))
    noise = 0.05 * torch.randn(picture.shape, generator=torch.Generator().manual_seed(0))
    made = DetailRun(Problem(picture + noise, (128, 160), picture=picture), TINY, CPU, 0, None)
    for _ in made.steps():
        pass
    return made


def applied(run: DetailRun, picture: torch.Tensor) -> torch.Tensor:
    found = torch.full_like(picture, torch.nan)
    for rows, seen, output in mosaic.by_bands(run, lambda r: picture[:, :, r], picture.shape[2:]):
        assert torch.equal(seen, picture[:, :, rows])
        found[:, :, rows] = output
    return found


def test_bands_are_as_the_whole(run, monkeypatch):
    picture = textured((700, 90))
    whole = applied(run, picture)
    monkeypatch.setattr(mosaic, "BAND_PIXELS", (64 + 2 * mosaic.AROUND) * 90)
    assert (applied(run, picture) - whole).abs().max() < 0.6 / 255


def test_what_is_far_away_changes_nothing(run):
    """Statistics are those of the mosaic: another half of the picture, the same result here."""
    picture = textured((1024, 64))
    other = picture.clone()
    other[:, :, 700:] = 0
    there = applied(run, other)
    assert torch.allclose(applied(run, picture)[:, :, :400], there[:, :, :400], atol=0.6 / 255)


def test_what_it_was_fitted_to_comes_out_as_from_the_run(run):
    """And the run is as it was: its network still normalises by what it sees."""
    picture = run.pilot
    assert torch.allclose(applied(run, picture), run.output().detach(), atol=0.02)
    norms = [one for one in run.net.modules() if isinstance(one, nn.BatchNorm2d)]
    assert norms and not any(one.track_running_stats for one in norms)
