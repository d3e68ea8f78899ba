"""What photographers ask of a denoiser: how much of the noise goes, detail back, parts left alone.

The controls act on what was rendered, in the picture's own dtype, so that they can be turned
again on a result that was kept. Less strength leaves more of the noise; detail gives back what
was taken away where that holds structure, by a local Wiener gain (the share of signal in its
energy); what is protected comes out as it went in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import MaskError
from dipcli.tasks.controls import AS_RESTORED, ControlOptions

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
# Twelve pictures of 192x192 (six, sigma 10 and 25) and the same told 1.7 times the sigma: detail 1
# gives 0.29 dB back of what the latter lost and costs the former 0.01 dB. Below 1.5 times the
# noise, chance is taken for structure (1.2 costs 0.16 dB); a window of 3 pixels gives back 0.18 dB.
# Asking neighbours to agree as well (correlation) halves what comes back, and saves nothing.
WINDOW = 2.0  # pixels, standard deviation of the window in which energies are compared
NOISE_MARGIN = 1.5  # times the noise elsewhere
FLOOR = (0.3 / 255) ** 2  # rounding to 8 bits
BINS = 8  # of brightness, since the noise of a camera grows with the light
SOFT_EDGE = 4  # pixels from where all is left alone to where all is restored
_ROWS = 256  # mixed at a time, so that a large picture is not in memory once more

Floats = NDArray[np.float32]


def mixed(
    observed: NDArray[Any],
    restored: NDArray[Any],
    controls: ControlOptions,
    protect: NDArray[np.bool_] | None = None,
) -> NDArray[Any]:
    """The restored picture as the controls want it.

    observed, restored: (H, W) or (H, W, C) of one dtype, uint8, uint16 or float in [0, 1];
    protect: (H, W) bool, True where the observation stays. The result has their dtype and
    layout: at full strength, without detail and protection it is `restored` itself, at none
    `observed`. Three channels have luma (BT.601) and chroma; all others are luma alone.
    """
    if controls == AS_RESTORED and protect is None:
        return restored
    y, x = (a.reshape(*a.shape[:2], -1) for a in (observed, restored))
    top = np.iinfo(y.dtype).max if np.issubdtype(y.dtype, np.integer) else 1
    back = controls.detail * structure(y, x) if controls.detail else None
    kept = None if protect is None else softened(protect)
    out = np.empty_like(x)
    for rows in _bands(len(x)):
        values = _strengthened(y[rows], x[rows], controls.strength, _rows_of(back, rows))
        if kept is not None:
            share = kept[rows, :, None]
            values = np.where(share > 0, values + share * (y[rows] - values), values)
        values = values.clip(0, top)
        out[rows] = np.rint(values) if top > 1 else values
        if kept is not None:
            out[rows] = np.where(kept[rows, :, None] >= 1, y[rows], out[rows])
    return out.reshape(restored.shape)


def _bands(height: int) -> Iterator[slice]:
    return (slice(start, start + _ROWS) for start in range(0, height, _ROWS))


def _rows_of(plane: Floats | None, rows: slice) -> NDArray[np.float64] | float:
    """Rows of a plane as (H, W, 1); 0 for none."""
    return 0.0 if plane is None else plane[rows, :, None].astype(np.float64)


def _strengthened(
    y: NDArray[Any],
    x: NDArray[Any],
    strength: tuple[float, ...],
    back: NDArray[np.float64] | float,
) -> NDArray[np.float64]:
    """y and so much of the way to x, (H, W, C); back: the share that is not taken away at all."""
    luma, chroma = strength
    if luma == chroma == 1 and isinstance(back, float):
        return x.astype(np.float64)  # to the bit
    start = y.astype(np.float64)
    taken = x - start
    if x.shape[2] == 3 and luma != chroma:
        gray = (taken @ LUMA)[..., None]
        taken = luma * gray + chroma * (taken - gray)
    else:
        taken *= luma
    values: NDArray[np.float64] = start + (1 - back) * taken
    return values


def softened(protect: NDArray[np.bool_]) -> Floats:
    """How much of the observation stays, (H, W) in [0, 1]: 1 where True, 0 from SOFT pixels on."""
    from scipy import ndimage

    if not protect.any():
        return np.zeros(protect.shape, np.float32)
    away = ndimage.distance_transform_edt(~protect).astype(np.float32)
    share = np.clip(1 - away / (SOFT_EDGE + 1), 0, 1)
    edge: Floats = share * share * (3 - 2 * share)
    return edge


def checked_mask(protect: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The mask, if it has the height and width of the picture; MaskError else."""
    mask = np.asarray(protect)
    if mask.dtype != np.bool_ or mask.shape != tuple(shape[:2]):
        raise MaskError(f"protect is {mask.dtype} {mask.shape}; it must be bool {shape[:2]}")
    return mask


def structure(observed: NDArray[Any], restored: NDArray[Any]) -> Floats:
    """The share of signal in what was taken away, (H, W) float32 in [0, 1].

    A Wiener gain: energy of the luma above that of the noise, which is what was taken away
    elsewhere at the same brightness. observed, restored: (H, W, C), see `mixed`.
    """
    from scipy import ndimage

    top = np.iinfo(observed.dtype).max if np.issubdtype(observed.dtype, np.integer) else 1
    x = _luma(restored) / np.float32(top)
    residual = _luma(observed) / np.float32(top) - x
    energy = np.maximum(ndimage.gaussian_filter(residual * residual, WINDOW), FLOOR)
    gain = np.clip(1 - NOISE_MARGIN * np.maximum(_elsewhere(energy, x), FLOOR) / energy, 0, 1)
    smooth: Floats = ndimage.gaussian_filter(gain, 1.0)  # no seams where it sets in
    return smooth.clip(0, 1)


def _luma(picture: NDArray[Any]) -> Floats:
    """(H, W, C) -> (H, W) float32, in the picture's own units."""
    count = picture.shape[2]
    weights = LUMA if count == 3 else np.full(count, 1 / count)
    plane: Floats = picture.astype(np.float32, copy=False) @ weights.astype(np.float32)
    return plane


def _elsewhere(energy: Floats, x: Floats) -> Floats:
    """The usual energy at each pixel's brightness: medians over bins of x, joined linearly."""
    edges = np.quantile(x, np.linspace(0, 1, BINS + 1)[1:-1])
    which = np.searchsorted(edges, x, side="right")
    members = [which == number for number in range(BINS)]
    found = [(float(x[m].mean()), float(np.median(energy[m]))) for m in members if m.any()]
    at, usual = zip(*found, strict=True)
    noise: Floats = np.interp(x, at, usual).astype(np.float32)
    return noise
