"""When a picture is cut into tiles, how large they are, and where they lie."""

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dipcli.presets.denoise import PRESETS, DenoiseSettings
from dipcli.presets.values import resolve
from dipcli.system import devices, memory
from dipcli.tiling import layout

GB = 1e9
AUTO = resolve(DenoiseSettings, PRESETS, "auto")
TWELVE_MEGAPIXELS = (3000, 4000)


@given(
    length=st.integers(1, 5000),
    longest=st.integers(32, 1536),
    scale=st.sampled_from([1, 2, 4]),
)
def test_tiles_cover_everything_none_is_too_large_and_neighbours_overlap(length, longest, scale):
    spans, _ = layout.layout((length, 1), longest, scale)
    assert spans[0][0] == 0 and spans[-1][1] == length
    assert all(scale * (stop - start) <= longest for start, stop in spans)
    assert all(a < b for (a, _), (b, _) in pairwise(spans))
    wanted = min(64, longest // 4) / scale
    for (_, stop), (start, _) in pairwise(spans):
        assert stop - start >= wanted


def test_tiles_begin_where_the_filters_patches_do():
    spans, _ = layout.layout((1000, 1), 192)
    assert len(spans) > 3
    assert all(start % 24 == 0 for start, _ in spans)


@pytest.mark.parametrize("size", [(512, 512), (1024, 1024), (1080, 1920)])
def test_what_fits_is_not_cut(size):
    assert layout.side(AUTO, size, 8 * GB) is None


def test_large_pictures_are_cut_alike_whatever_memory_abounds():
    side = layout.side(AUTO, TWELVE_MEGAPIXELS, 8 * GB)
    assert side == layout.side(AUTO, TWELVE_MEGAPIXELS, 800 * GB)
    assert side == layout.side(AUTO, TWELVE_MEGAPIXELS, None)
    assert AUTO.cost(side * side).bytes < 2 * GB
    assert layout.side(AUTO, TWELVE_MEGAPIXELS, 800 * GB, bounded=False) is None


def test_less_memory_means_smaller_tiles_down_to_a_smallest():
    enough = [1.01 * AUTO.cost(side**2).bytes / 0.7 for side in (768, 512, 384)]
    frees = (8 * GB, *enough, 0.1 * GB)
    sides = [layout.side(AUTO, (1024, 1024), free) for free in frees]
    assert sides[0] is None
    assert sides[1:4] == [768, 512, 384]
    assert all(a > b for a, b in pairwise(sides[1:]))
    assert sides[-1] == layout.SIDES[-1]
    wide = resolve(DenoiseSettings, PRESETS, "paper")
    assert layout.side(wide, (512, 512), 8 * GB) is None
    assert layout.side(wide, TWELVE_MEGAPIXELS, 8 * GB) < layout.side(
        AUTO, TWELVE_MEGAPIXELS, 8 * GB
    )
    assert AUTO.cost(1e6, float32=True).bytes > 1.2 * AUTO.cost(1e6).bytes


def test_a_side_that_is_asked_for_is_taken():
    assert layout.side(DenoiseSettings(tile=100), (512, 512), 8 * GB) == 100
    assert layout.side(DenoiseSettings(tile=600), (512, 512), 8 * GB) is None


def test_the_ladder_ends():
    size, side, steps = (700, 900), None, []
    while (side := layout.smaller(size, side)) is not None:
        steps.append(side)
    assert steps == [768, 512, 384, 256, 192]
    assert layout.smaller((100, 90), None) is None


def test_memory_that_can_be_had_is_not_above_what_is_there():
    assert 0 < memory.available() <= memory.physical()


def test_processes_side_by_side_claim_a_share_each(monkeypatch):
    monkeypatch.setattr(memory, "_meminfo", lambda: 8e9)
    monkeypatch.setattr(memory, "_cgroup", lambda: None)
    monkeypatch.setattr(memory, "_address_space", lambda: None)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (6e9, 9e9))
    for name in ("_sharing", "_on_device"):
        monkeypatch.setattr(memory, name, 1)
    gpu = torch.device("cuda")
    assert (memory.available(), devices.free(gpu)) == (8e9, 6e9)
    memory.share(4, 2)
    assert (memory.available(), devices.free(gpu)) == (2e9, 3e9)


@pytest.mark.parametrize(
    ("limit", "used", "name"),
    [
        ("memory.max", "memory.current", "inactive_file"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
    ],
)
def test_a_containers_limit_counts(tmp_path: Path, limit: str, used: str, name: str):
    assert memory._cgroup(tmp_path) is None
    (tmp_path / "memory").mkdir()
    (tmp_path / limit).write_text("3000000\n")
    (tmp_path / used).write_text("2500000\n")
    (tmp_path / used).with_name("memory.stat").write_text(f"anon 7\n{name} 400000\n")
    assert memory._cgroup(tmp_path) == 900_000
    (tmp_path / limit).write_text("max\n")
    assert memory._cgroup(tmp_path) is None


def test_a_limit_of_the_address_space_counts(monkeypatch):
    resource = pytest.importorskip("resource")
    assert memory._address_space() is None
    monkeypatch.setattr(resource, "getrlimit", lambda which: (10**12, 10**12))
    assert 0 < memory._address_space() < 10**12


def test_where_tiles_of_384_pixels_lie_over_a_thousand():
    """They share 64 pixels, of smaller tiles a quarter; the unit is 24."""
    assert layout.layout((1000, 1), 384)[0] == [(0, 376), (312, 688), (624, 1000)]
    spans, _ = layout.layout((1000, 1), 192)
    assert spans[:2] == [(0, 192), (144, 336)]
    assert layout.layout((1000, 1), 768, 2)[0][:2] == [(0, 356), (324, 680)]


def test_a_picture_takes_seven_tenths_of_the_memory_at_most():
    takes = AUTO.cost(1024 * 1024).bytes
    assert layout.side(AUTO, (1024, 1024), takes / 0.69) is None
    assert layout.side(AUTO, (1024, 1024), takes / 0.71) == 768


def test_beyond_two_and_a_half_megapixels_a_cpu_works_in_tiles_of_a_gigabyte_and_a_half():
    assert layout.side(AUTO, (1500, 1500), 64 * GB) is None
    assert layout.side(AUTO, (1600, 1600), 64 * GB) == 1024
    assert layout.side(AUTO, (1600, 1600), 64 * GB, bounded=False) is None
    assert AUTO.cost(1280 * 1280).bytes > 1.5 * GB > AUTO.cost(1024 * 1024).bytes
