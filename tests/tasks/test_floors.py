"""How good results are, in dB against the known truth: 0.1 dB below what was measured.

Small pictures made here and few steps, so the figures say nothing of real pictures; a change that
costs quality lowers one of them. Where a change gains, its floor is raised.
"""

import io
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import dipcli
from dipcli.pictures.coding import of_file

Levels = NDArray[np.uint8]
Case = Callable[[], tuple[NDArray, NDArray]]  # -> result, truth


def scene(height: int = 64, width: int = 64) -> Levels:
    """(H, W, 3): soft colours, a disk, an edge, stripes, and a few letters of bars."""
    y, x = np.mgrid[:height, :width]
    soft = [np.sin(y / 15 + 2 * c) + np.cos(x / (11 + 3 * c)) for c in range(3)]
    picture = 125 + 26 * np.stack(soft, 2)
    picture[(y - height / 2) ** 2 + (x - width / 3) ** 2 < (height / 4) ** 2] += (45, -30, 12)
    picture[:, 3 * width // 4 :] += 24 * np.sin(x[:, 3 * width // 4 :, None] / 1.3)
    picture[(y % 16 < 2) & (x > width / 2) & (x < 3 * width / 4)] = 40
    return rounded(picture)


def rounded(values: NDArray) -> Levels:
    return values.clip(0, 255).round().astype(np.uint8)


def noisy(levels: Levels, sigma: float) -> Levels:
    return rounded(levels + np.random.default_rng(1).normal(0, sigma, levels.shape))


def camera(levels: Levels, sigma: float) -> Levels:
    """Noise that neighbours share, of standard deviation sigma."""
    white = np.random.default_rng(2).normal(0, 2 * sigma, levels.shape)
    shifted = [np.roll(white, shift, (0, 1)) for shift in ((0, 0), (0, 1), (1, 0), (1, 1))]
    return rounded(levels + sum(shifted) / 4)


def salted(levels: Levels, share: float) -> Levels:
    draw = np.random.default_rng(3).random(levels.shape[:2])[..., None]
    return np.where(draw < share / 2, 0, np.where(draw > 1 - share / 2, 255, levels)).astype("u1")


def psnr(result: NDArray, truth: NDArray, where: NDArray | None = None) -> float:
    error = (result.astype(float) - truth.astype(float)) ** 2
    return float(10 * np.log10(255**2 / (error if where is None else error[where]).mean()))


def denoised(spoil: Callable[[Levels], Levels], size: int = 64, **given: object) -> float:
    truth = scene(size, size)
    return psnr(dipcli.denoise(spoil(truth), device="cpu", **given).image, truth)


def poisson(levels: Levels) -> Levels:
    return rounded(4.0 * np.random.default_rng(4).poisson(levels / 4))


def decoded(quality: int) -> float:
    truth, file = scene(), io.BytesIO()
    Image.fromarray(truth).save(file, "JPEG", quality=quality)
    image = Image.open(file)
    coding = of_file(image.quantization, image.layer)
    return psnr(dipcli.denoise(np.array(image), coding=coding, device="cpu").image, truth)


def hole(kind: str, side: int = 64) -> NDArray[np.bool_]:
    y, x = np.mgrid[:side, :side]
    if kind in ("scattered", "sparse"):
        return (
            np.random.default_rng(5).random((side, side)) < {"scattered": 0.5, "sparse": 0.93}[kind]
        )
    if kind == "text":
        return ((y % 16 < 3) & (x % 20 < 15)) | ((x % 20 < 3) & (y % 16 < 10))
    return (y - 30) ** 2 + (x - 40) ** 2 < {"object": 9.5, "large": 15}[kind] ** 2


def filled(kind: str, spoil: Callable[[Levels], Levels] = np.copy, **given: object) -> float:
    """In the hole alone."""
    truth, lost = scene(), hole(kind)
    image = spoil(truth)
    image[lost] = 0
    return psnr(dipcli.inpaint(image, lost, device="cpu", **given).image, truth, lost)


def reduced(scale: int, side: int) -> tuple[Levels, Levels]:
    truth = scene(side * scale, side * scale)
    small = Image.fromarray(truth).resize((side, side), Image.Resampling.BICUBIC)
    return np.array(small), truth


def enlarged(scale: int, side: int, sigma: float = 0, **given: object) -> float:
    small, truth = reduced(scale, side)
    image = noisy(small, sigma) if sigma else small
    return psnr(dipcli.superres(image, scale, device="cpu", **given).image, truth)


def noisy_text() -> float:
    """What is filled continues no noise: a hole at the left, the noise is told from the rest."""
    truth, lost = scene(128, 128), hole("text", 128) & (np.arange(128) < 40)
    image = noisy(truth, 20)
    image[lost] = 0
    return psnr(
        dipcli.inpaint(
            image, lost, preset="fast", iters=12, channels=(16, 32), passes=3, device="cpu"
        ).image,
        truth,
        lost,
    )


def dark() -> tuple[Levels, Levels]:
    """Sigma 40 on a picture of 10 to 40: half of the values are clipped at black."""
    truth = scene() // 6
    return dipcli.denoise(noisy(truth, 40), sigma=40, preset="fast", device="cpu").image, truth


def gray(dtype: str) -> float:
    truth = scene()[..., 1]
    image = {"uint16": noisy(truth, 25).astype("u2") * 257, "uint8": noisy(truth, 25)}[dtype]
    result = dipcli.denoise(image, preset="fast", device="cpu").image
    return psnr(result / (257 if dtype == "uint16" else 1), truth)


def network(**given: object) -> float:
    """The network alone, from noise to picture."""
    whole = {"method": "dip", "pilot_share": 0, "blend": 1, "input": "pyramid", "ema": 0.9}
    small = {"channels": (16, 32, 64), "iters": 60}
    return denoised(lambda x: noisy(x, 25), 48, **(whole | small | given))


def best() -> float:
    return denoised(lambda x: noisy(x, 25), 40, preset="best", runs=1, iters=9)


def fitted() -> float:
    return psnr(dipcli.fit(scene(48, 48), iters=30, device="cpu").image, scene(48, 48))


def hot(levels: Levels) -> Levels:
    """Single pixels stuck at nearly white, one in two hundred."""
    stuck = np.random.default_rng(6).random(levels.shape[:2]) < 0.005
    return np.where(stuck[..., None], 250, levels).astype(np.uint8)


FAST = {"preset": "fast"}
HELD = {"stop": "holdout", "holdout": 0.05}
FITTED = {"method": "dip+patches", "runs": 1, "iters": 40, "passes": 2}
FLOORS: dict[str, tuple[float, Callable[[], float]]] = {
    "noise, fast": (33.14, lambda: denoised(lambda x: noisy(x, 25), **FAST)),
    "noise, auto": (29.26, lambda: denoised(lambda x: noisy(x, 25), 48, iters=20)),
    "noise, best": (29.06, lambda: best()),
    "noise in gray": (32.64, lambda: gray("uint8")),
    "noise in 16 bits": (32.64, lambda: gray("uint16")),
    "strong noise": (27.76, lambda: denoised(lambda x: noisy(x, 50), **FAST)),
    "weak noise": (41.92, lambda: denoised(lambda x: noisy(x, 7), **FAST)),
    "sigma told": (33.54, lambda: denoised(lambda x: noisy(x, 25), sigma=25, **FAST)),
    "dark noise": (34.22, lambda: psnr(*dark())),
    "Poisson noise": (33.62, lambda: denoised(poisson, noise="poisson", **FAST)),
    "camera noise": (31.98, lambda: denoised(lambda x: camera(x, 15), 96, noise="photo", **FAST)),
    "coarse grain": (25.93, lambda: denoised(lambda x: camera(x, 35), 96, noise="photo", **FAST)),
    "salt and pepper": (37.43, lambda: denoised(lambda x: salted(x, 0.3), **FAST)),
    "hot pixels": (34.37, lambda: denoised(hot, 64, noise="impulse", **FAST)),
    "JPEG of 15": (29.07, lambda: decoded(15)),
    "JPEG of 50": (33.83, lambda: decoded(50)),
    "a network alone": (28.25, lambda: network(**HELD)),
    "stopped by variance": (28.65, lambda: network(stop="variance")),
    "by Adam": (29.77, lambda: network(optimizer="adam", lr=0.01)),
    "with skips": (28.75, lambda: network(net="skip", skip_channels=4, upsample="bilinear")),
    "scattered": (35.10, lambda: filled("scattered", **FAST)),
    "sparse": (25.89, lambda: filled("sparse", **FAST)),
    "scattered, fitted": (31.79, lambda: filled("scattered", **FITTED)),
    "text": (23.27, lambda: filled("text", iters=40, passes=4, channels=(16, 32, 64))),
    "object": (18.83, lambda: filled("object", iters=40, channels=(16, 32, 64, 64))),
    "large": (20.20, lambda: filled("large", iters=40, channels=(16, 32, 64, 64))),
    "noisy text": (0, noisy_text),
    "x2": (37.46, lambda: enlarged(2, 32, iters=80, **FAST)),
    "x3": (30.04, lambda: enlarged(3, 20, iters=80, **FAST)),
    "x4": (26.93, lambda: enlarged(4, 16, iters=60, repeats=1, passes=6)),
    "x8": (25.04, lambda: enlarged(8, 8, **FAST)),
    "x8, fitted": (25.04, lambda: enlarged(8, 8, iters=30, passes=4, repeats=1)),
    "x2 of a noisy one": (30.69, lambda: enlarged(2, 48, 15, iters=20, passes=3, **FAST)),
    "fit": (31.68, lambda: fitted()),
}  # fmt: skip


@pytest.mark.parametrize("name", FLOORS)
def test_it_is_as_good_as_it_was(name: str) -> None:
    floor, case = FLOORS[name]
    found = case()
    assert found > floor, f"{found:.2f} dB"


def test_undoing_the_clipping_keeps_the_light_of_a_dark_picture() -> None:
    result, truth = dark()
    assert abs(result.mean() - truth.mean()) < 2.0
    clipped = noisy(truth, 40).mean() - truth.mean()
    assert clipped > 4.0, "the noise alone makes it lighter"
