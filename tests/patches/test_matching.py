import pytest
import torch

from dipcli.patches import matching
from dipcli.patches.matching import nearest


def picture(height, width, channels=1, seed=3):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(1, channels, height, width, generator=generator)


def by_hand(guide, rows, columns, p, radius, count):
    """The same places, sought for one reference after another."""
    patches = guide[0].unfold(1, p, 1).unfold(2, p, 1).permute(1, 2, 0, 3, 4).flatten(2)
    height, width = patches.shape[:2]
    found = []
    for up in rows:
        for left in columns:
            distance = {
                (row, column): float((patches[row, column] - patches[up, left]).square().sum())
                for row in range(max(0, up - radius), min(height, up + radius + 1))
                for column in range(max(0, left - radius), min(width, left + radius + 1))
            }
            best = sorted(distance, key=distance.__getitem__)[:count]
            found.append([row * width + column for row, column in best])
    return found


@pytest.mark.parametrize(("channels", "block"), [(1, matching.BLOCK), (2, matching.BLOCK), (1, 2)])
def test_the_nearest_patches_are_found_row_by_row_of_references(channels, block, monkeypatch):
    monkeypatch.setattr(matching, "BLOCK", block)
    guide = picture(30, 34, channels)
    rows, columns = range(1, 26, 6), range(0, 30, 5)
    found = nearest(guide, rows, columns, 4, 5, 7)
    wanted = by_hand(guide, rows, columns, 4, 5, 7)
    assert [set(row) for row in found.tolist()] == [set(row) for row in wanted]
    assert all(row[0] in few for row, few in zip(wanted, found.tolist(), strict=True))


def test_where_too_few_patches_lie_inside_the_reference_itself_comes_again():
    found = nearest(picture(9, 9), range(0, 1), range(0, 1), 4, 3, 30)
    assert found.shape == (1, 30)
    assert sorted(set(found[0].tolist())) == [
        row * 6 + column for row in range(4) for column in range(4)
    ]
    assert found[0].tolist().count(0) == 30 - 15


def test_no_more_patches_are_asked_for_than_there_are():
    assert nearest(picture(5, 6), range(0, 1), range(0, 1), 4, 9, 100).shape == (1, 6)


def test_brightness_does_not_cost_exactness():
    """All values high: squares of them would drown small differences."""
    guide = 0.95 + 1e-3 * picture(24, 24)
    found = nearest(guide, range(8, 9), range(8, 9), 4, 6, 5)
    assert set(found[0].tolist()) == set(by_hand(guide, range(8, 9), range(8, 9), 4, 6, 5)[0])
