"""Flash and no flash: what the pair is told by, and what may not happen."""

import numpy as np
import pytest
from skimage import data

import dipcli
from dipcli.bench.flash import pair
from dipcli.errors import UsageError
from dipcli.tasks.arrays import Window

AMBIENT, LIT, TRUTH = pair(data.astronaut()[20:116, 180:276], 25.0)


def psnr(x):
    return -10 * np.log10(np.mean((x / 255.0 - TRUTH / 255.0) ** 2))


def test_it_is_better_than_denoising_the_ambient_picture_alone():
    guided = dipcli.flash(AMBIENT, LIT, preset="fast", device="cpu")
    alone = dipcli.denoise(AMBIENT, preset="fast", device="cpu")
    assert psnr(guided.image) > psnr(alone.image) + 1
    trust = guided.notes["trust"]
    assert trust["noise_after"] < trust["noise_before"] and "warning" not in trust
    assert guided.notes["flash_shift"] == {"down": 0.0, "right": 0.0}


def test_a_shifted_flash_is_aligned_told_and_as_good():
    there = np.pad(LIT, ((2, 0), (0, 1), (0, 0)), mode="edge")[:96, 1:]
    moved = dipcli.tasks.flash(AMBIENT, there)
    assert (moved.shift.down, moved.shift.right) == (2, -1)
    assert "2 down and 1 left pixels off, aligned" in moved.facts()["found"]
    assert np.abs(moved.arrays["flash"][2:-2, 2:-2] - LIT[2:-2, 2:-2] / 255).max() < 1e-6


def test_a_flash_that_lies_too_far_off_is_refused():
    with pytest.raises(UsageError, match="12 down pixels off, more than 3% of the side; align"):
        dipcli.tasks.flash(AMBIENT, np.pad(LIT, ((12, 0), (0, 0), (0, 0)), mode="edge")[:96])


def test_a_flash_of_another_size_is_refused():
    with pytest.raises(UsageError, match="is 90x96, but the picture is 96x96"):
        dipcli.flash(AMBIENT, LIT[:, :90])


def test_it_is_needed():
    with pytest.raises(UsageError, match="flash needs flash"):
        dipcli.tasks.flash(AMBIENT)


def test_a_clean_ambient_picture_comes_out_as_it_went_in():
    result = dipcli.flash(TRUTH, LIT, device="cpu")
    assert np.array_equal(result.image, TRUTH)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_a_gray_flash_and_other_depths_go_in(dtype):
    top = 1 if dtype is np.float32 else 65535
    image = (AMBIENT[:48, :40] / 255 * top).astype(dtype)
    result = dipcli.flash(image, LIT[:48, :40, 1], preset="fast", sigma=25, device="cpu")
    assert result.image.shape == image.shape and result.image.dtype == dtype


def test_a_part_has_its_part_of_the_flash_and_the_whole_damage():
    task = dipcli.tasks.flash(AMBIENT, LIT)
    part = task.part(Window(8, 40, 16, 64))
    assert np.array_equal(part.arrays["flash"], task.arrays["flash"][8:40, 16:64])
    assert part.damage.noise == task.damage.noise


def test_the_published_network_is_fed_with_the_flash():
    small = {"channels": (4, 8), "upsample": ("nearest", "bilinear"), "device": "cpu"}
    found = [
        dipcli.flash(AMBIENT[:33, :40], lit, preset="paper", iters=3, **small).image
        for lit in (LIT[:33, :40], 255 - LIT[:33, :40])
    ]
    assert found[0].shape == (33, 40, 3)
    assert not np.array_equal(*found)


def test_the_network_of_every_preset_is_fed_with_the_flash():
    small = {"channels": (4, 8), "method": "dip", "iters": 3, "runs": 1, "device": "cpu"}
    ambient = AMBIENT[:33, :40]
    found = [dipcli.flash(ambient, lit[:33, :40], **small).image for lit in (LIT, 255 - LIT)]
    assert not np.array_equal(*found)


def test_the_stages_are_those_that_it_has():
    with pytest.raises(UsageError, match=r"'patches\+dip'; choose from dip, patches"):
        dipcli.flash(AMBIENT, LIT, method="patches+dip")
