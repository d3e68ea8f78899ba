import pytest
import torch

from dipcli.patches import tiles
from dipcli.patches.passes import Pass, collaborate
from dipcli.patches.tiles import worked


@pytest.fixture
def threads():
    """Two threads, however many there were."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def picture(height, width):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))


def test_the_references_of_all_tiles_cover_the_picture_once_in_order(monkeypatch):
    monkeypatch.setattr(tiles, "SIDE", 12)
    guide = picture(31, 45)[:, :1]
    covered = torch.zeros(31, 45)
    count = 0
    for tile, reach in worked(guide, 4, 3, 5, 6, lambda tile: tile.of(guide).shape):
        rows, columns = tile.references
        assert tile.rows.start == max(0, rows.start - 5)
        assert tile.columns.stop == min(45, columns.stop + 5)
        assert reach[2:] == (
            tile.rows.stop - tile.rows.start,
            tile.columns.stop - tile.columns.start,
        )
        covered[rows, columns] += 1
        count += len(tile.groups)
    assert count == 10 * 14
    assert covered.min() >= 1


def test_as_many_threads_as_one_like_give_the_same_bytes(threads, monkeypatch):
    monkeypatch.setattr(tiles, "SIDE", 24)
    y = picture(60, 52)
    wanted = Pass(4, 20, 6, 3, compact=True)
    two = collaborate(y, y, torch.full_like(y, 0.01), wanted)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)
    assert torch.equal(collaborate(y, y, torch.full_like(y, 0.01), wanted), two)


def test_an_error_in_a_thread_is_told_and_the_threads_come_back(threads, monkeypatch):
    monkeypatch.setattr(tiles, "SIDE", 12)

    def fail(tile):
        if tile.rows.start > 0:
            raise MemoryError("a tile too many")
        return 0

    with pytest.raises(MemoryError, match="a tile too many"):
        list(worked(picture(40, 40)[:, :1], 4, 3, 4, 5, fail))
    assert torch.get_num_threads() == 2


def test_nothing_keeps_gradients_in_a_thread(threads, monkeypatch):
    monkeypatch.setattr(tiles, "SIDE", 12)
    guide = picture(30, 30)[:, :1]
    found = [on for _, on in worked(guide, 4, 3, 4, 5, lambda tile: torch.is_grad_enabled())]
    assert not any(found)
