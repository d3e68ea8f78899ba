"""A clean picture of the same scene settles what is noise in the other one."""

import math

import numpy as np
from skimage import data

from dipcli.bench.flash import pair
from dipcli.degradation.damage import Damage, examine, of_coding
from dipcli.degradation.noise import Noise
from dipcli.degradation.witness import seen, settled
from dipcli.pictures.coding import JpegCoding

CLEAN = data.astronaut()[20:148, 180:308]


def values(picture):
    return picture.astype(np.float32) / 255


def test_doubtful_noise_is_confirmed():
    ambient, lit, _ = (values(one) for one in pair(CLEAN, 4.0))
    found = examine(ambient)
    assert found.limit < math.inf
    sure = settled(found, ambient, lit)
    assert sure.limit == math.inf and sure.noise == found.noise
    assert "confirmed by flash" in sure.evidence


def test_a_clean_pair_stays_clean():
    ambient, lit, _ = (values(one) for one in pair(CLEAN, 0.0))
    assert seen(ambient, lit) == 0
    clean = Damage("clean", Noise(0.0))
    assert settled(clean, ambient, lit) == clean


def test_texture_is_no_noise_because_another_scene_is_flat():
    texture = values(np.repeat(data.grass()[:128, :128, None], 3, 2))
    _, other, _ = (values(one) for one in pair(np.full_like(CLEAN, 200), 0.0))
    other[:64] = texture[:64]
    calm = texture.copy()
    calm[64:, :64] = calm[64:, :64] * 0.1 + 0.4
    assert seen(calm, other) == 0


def test_noise_that_was_coded_is_camera_noise():
    ambient, lit, _ = (values(one) for one in pair(CLEAN, 20.0))
    found = settled(of_coding(JpegCoding(((4,) * 64,))), ambient, lit)
    assert found.kind == "photo+jpeg" and not found.noise.clean
