"""The cases of `tests.golden`: every task with every preset and kind, and what else may happen."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

import dipcli
from tests.golden import Case, dip

Levels = NDArray[np.uint8]
CPU = ("--device", "cpu")
FEW = ("--iters", "3")
PRESETS = ("auto", "fast", "best", "paper")


def scene(height: int = 48, width: int = 56) -> Levels:
    """(H, W, 3): soft colours, a disk, an edge, fine stripes."""
    y, x = np.mgrid[:height, :width]
    soft = [np.sin(y / 13 + 2 * c) + np.cos(x / (9 + 3 * c)) for c in range(3)]
    picture = 120 + 28 * np.stack(soft, 2)
    picture[(y - height / 2) ** 2 + (x - width / 3) ** 2 < (height / 4) ** 2] += (50, -30, 9)
    picture[:, 2 * width // 3 :] += 25 * np.sign(np.sin(x[:, 2 * width // 3 :, None] / 1.5))
    return rounded(picture)


def rounded(values: NDArray[np.float64]) -> Levels:
    return values.clip(0, 255).round().astype(np.uint8)


def gaussian(levels: Levels, sigma: float = 20, seed: int = 1) -> Levels:
    return rounded(levels + np.random.default_rng(seed).normal(0, sigma, levels.shape))


def poisson(levels: Levels) -> Levels:
    return rounded(4.0 * np.random.default_rng(2).poisson(levels / 4))


def photo(levels: Levels) -> Levels:
    """Noise that neighbours share."""
    noise = np.random.default_rng(3).normal(0, 30, levels.shape)
    shifted = [np.roll(noise, shift, (0, 1)) for shift in ((0, 0), (0, 1), (1, 0), (1, 1))]
    return rounded(levels + sum(shifted) / 4)


def impulses(levels: Levels) -> Levels:
    """Salt and pepper, a fifth."""
    draw = np.random.default_rng(4).random(levels.shape)
    return np.where(draw < 0.1, 0, np.where(draw > 0.9, 255, levels)).astype(np.uint8)


def hole(kind: str, height: int = 48, width: int = 56) -> NDArray[np.bool_]:
    y, x = np.mgrid[:height, :width]
    if kind in ("scattered", "sparse"):
        lost = {"scattered": 0.5, "sparse": 0.95}[kind]
        return np.random.default_rng(5).random((height, width)) < lost
    if kind == "text":
        return ((y % 16 < 3) & (x % 20 < 15)) | ((x % 20 < 3) & (y > 8))
    radius = {"object": 8.6, "large": 15}[kind]
    return (y - height / 2) ** 2 + (x - width / 2) ** 2 < radius**2


def save(name: str, levels: NDArray[Any], **options: Any) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(levels).save(path, **options)
    return name


def save_hole(name: str, lost: NDArray[np.bool_]) -> str:
    return save(name, (255 * lost).astype(np.uint8))


def pixels(*paths: str) -> bytes:
    """Size, mode and bytes of pictures, one after the other."""
    whole = b""
    for path in paths:
        with Image.open(path) as image:
            whole += f"{image.size} {image.mode}".encode() + image.tobytes()
    return whole


def run(*words: object) -> tuple[bytes, object]:
    """`dip ... -o out.png`: its pixels and its records."""
    records, _ = dip(*words, "-o", "out.png", *CPU)
    return pixels("out.png"), records


KINDS: dict[str, Callable[[Levels], Levels]] = {
    "gaussian": gaussian,
    "poisson": poisson,
    "photo": photo,
    "impulse": impulses,
    "clean": lambda levels: levels,
}


def denoised(preset: str, kind: str, *more: object) -> tuple[bytes, object]:
    """With its noise told, so that the picture may be tiny; a JPEG comes as a file of its own."""
    size = (72, 80) if kind == "photo" else (48, 56)
    if kind == "jpeg":
        name = save("in.jpg", scene(*size), quality=15)
    else:
        name = save("in.png", KINDS[kind](scene(*size)))
    told = ("--noise", kind) if kind != "clean" else ()
    return run("denoise", name, *told, "--preset", preset, *FEW, *more)


def enlarged(preset: str, scale: int, state: str) -> tuple[bytes, object]:
    """What is long (`best`, and a picture large enough to be cleaned) with fewer passes."""
    large = state == "noisy" and preset != "paper"
    sizes = {2: (20, 24), 3: (16, 18), 4: (10, 12), 8: (6, 8)}
    levels = scene(48, 50) if large else scene(*sizes[scale])
    levels = gaussian(levels) if state == "noisy" else levels
    if large or preset == "best":
        levels = levels[..., 1] if scale > 2 and large else levels
        fewer = {"passes": 1, "repeats": int(scale < 8), "runs": 1} if scale > 3 else {"passes": 2}
        return called(dipcli.superres, levels, scale=scale, preset=preset, iters=3, **fewer)
    name = save("in.png", levels)
    return run("superres", name, "--scale", scale, "--preset", preset, *FEW)


def called(
    function: Callable[..., dipcli.Result], *given: object, **more: object
) -> tuple[bytes, object]:
    """A function of the API: the bytes of its picture, and what stands in its result."""
    result = function(*given, device="cpu", **more)
    record = {
        "settings": result.settings.to_dict(),
        "stopped_at": result.stopped_at,
        "partial": result.partial,
        "notes": result.notes,
        "history": result.history,
        "gave_up": result.gave_up,
        "spread": None if result.spread is None else result.spread.tolist(),
    }
    shape = f"{result.image.shape} {result.image.dtype}"
    return shape.encode() + result.image.tobytes(), json.loads(json.dumps(record))


def filled(preset: str, kind: str, *more: object) -> tuple[bytes, object]:
    name, mask = save("in.png", scene()), save_hole("mask.png", hole(kind))
    pair, records = run("inpaint", name, "--mask", mask, "--preset", preset, *FEW, *more)
    found = records[0]["notes"]["hole"]  # type: ignore[index]
    assert found == kind, f"the hole counts as {found}"
    return pair, records


def fitted(preset: str, *more: object) -> tuple[bytes, object]:
    name = save("in.png", scene(32, 40))
    targets = ("--targets", "natural,noisy,shuffled,noise", "--curve", "curve.json")
    pair, records = run("fit", name, *targets, "--preset", preset, *FEW, *more)
    return pair + Path("curve.json").read_bytes(), records


def tables() -> Iterator[tuple[str, Case]]:
    """Every task, preset and kind."""
    for preset, kind in product(PRESETS, (*KINDS, "jpeg")):
        yield f"denoise {preset} {kind}", lambda p=preset, k=kind: denoised(p, k)
    for preset, scale, state in product(PRESETS, (2, 3, 4, 8), ("clean", "noisy")):
        if (preset, state) == ("best", "noisy") and scale > 2:
            continue  # as in auto, but long
        name = f"superres {preset} x{scale} {state}"
        yield name, lambda p=preset, s=scale, n=state: enlarged(p, s, n)
    for preset, kind in product(PRESETS, ("scattered", "sparse", "text", "object", "large")):
        yield f"inpaint {preset} {kind}", lambda p=preset, k=kind: filled(p, k)
    for preset in PRESETS:
        yield f"fit {preset}", lambda p=preset: fitted(p)


def stopped(words: tuple[object, ...], at: int) -> tuple[bytes, object]:
    """Ctrl-C in the step `at`, then the same line again, which goes on from its checkpoint."""
    steps, backward = iter(range(1, 1000)), torch.Tensor.backward

    def strike(loss: torch.Tensor, *given: Any, **more: Any) -> None:
        backward(loss, *given, **more)
        if next(steps) == at:
            os.kill(os.getpid(), signal.SIGINT)

    line = (*words, "-o", "out.png", "--checkpoint", "run.ckpt", *CPU)
    with mock.patch.object(torch.Tensor, "backward", strike):
        half, _ = dip(*line, code=130)
    first = pixels("out.png")
    records, said = dip(*line)
    assert "going on from run.ckpt" in said
    return first + pixels("out.png"), [*half, *records]


def resumed(task: str) -> tuple[bytes, object]:
    name = save("in.png", gaussian(scene(32, 40)))
    own: dict[str, tuple[object, ...]] = {
        "denoise": ("--sigma", 20, "--runs", 2),
        "superres": ("--scale", 2, "--as-is"),
        "inpaint": ("--mask", save_hole("mask.png", hole("text", 32, 40))),
        "fit": ("--targets", "noise,natural"),
    }
    return stopped((task, name, *own[task], "--iters", 4), 3)


def starved() -> tuple[bytes, object]:
    """Convolutions of more than 176 pixels a side do not fit: the tiles become smaller."""
    convolve = torch.nn.functional.conv2d

    def limited(x: torch.Tensor, *given: Any, **more: Any) -> torch.Tensor:
        if max(x.shape[-2:]) > 176:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return convolve(x, *given, **more)

    name = save("in.png", gaussian(scene(40, 280)[..., 0]))
    line = ("denoise", name, "--sigma", 20, "--iters", 2, "--channels", "4,8", "-o", "out.png")
    with mock.patch.object(torch.nn.functional, "conv2d", limited):
        records, said = dip(*line, *CPU)
    assert "restored in tiles of 192 pixels" in said
    return pixels("out.png"), records


def folder() -> tuple[bytes, object]:
    """Pictures of several kinds with their masks, one below, twice: the second time up to date."""
    names = ("a.png", "below/b.png", "c.tif")
    for index, name in enumerate(names):
        save(f"in/{name}", scene(32, 40 + 8 * index))
        save_hole(f"masks/{Path(name).with_suffix('.png')}", hole("text", 32, 40 + 8 * index))
    line = ("inpaint", "in", "-r", "--mask", "masks", "-o", "out", *FEW, *CPU)
    (records, _), (again, _) = dip(*line), dip(*line)
    assert [one["status"] for one in again[:-1]] == ["up to date"] * 3
    return pixels(*(f"out/{name}" for name in names)), [*records, *again]


def watched() -> tuple[bytes, object]:
    """All that is written beside a result."""
    name, truth = save("in.png", gaussian(scene())), save("truth.png", scene())
    sides = ("--gif", "x.gif", "--curve", "x.csv", "--uncertainty", "u.png", "--reference", truth)
    pair, records = run("denoise", name, *sides, "--runs", 2, *FEW, "--channels", "4,8")
    return pair + b"".join(Path(p).read_bytes() for p in ("x.gif", "x.csv", "u.png")), records


def controlled() -> tuple[bytes, object]:
    """At full strength, then with the controls and a protecting mask."""
    protect = save_hole("protect.png", hole("object"))
    controls = ("--strength", "0.7,1", "--detail", 0.5, "--protect", protect)
    first = denoised("fast", "gaussian")
    second = run("denoise", "in.png", "--noise", "gaussian", "--preset", "fast", *FEW, *controls,
                 "--overwrite")  # fmt: skip
    return first[0] + second[0], [first[1], second[1]]


def from_file(*words: object, quality: int = 20) -> tuple[bytes, object]:
    return run(words[0], save("in.jpg", scene(), quality=quality), *words[1:], *FEW)


def transparent() -> tuple[bytes, object]:
    levels = np.dstack([scene(), np.where(hole("text"), 0, 255).astype(np.uint8)])
    return run("inpaint", save("in.png", levels), "--mask", "alpha", *FEW)


def inverted() -> tuple[bytes, object]:
    name, mask = save("in.png", scene()), save_hole("mask.png", ~hole("text"))
    return run("inpaint", name, "--mask", mask, "--invert-mask", *FEW, "--preset", "fast")


def presets() -> tuple[bytes, object]:
    return b"", [dip("presets", name)[0] for name in PRESETS]


def noisy_text(*more: object) -> tuple[bytes, object]:
    """Large enough for its noise to be found and taken away before the hole is filled."""
    name = save("in.png", gaussian(scene(128, 128)))
    mask = save_hole("mask.png", hole("text", 128, 128) & (np.arange(128) < 40))
    return run("inpaint", name, "--mask", mask, "--preset", "fast", *FEW, *more)


def plain(dtype: str) -> tuple[bytes, object]:
    top = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    levels = (gaussian(scene())[..., 0] / 255 * top).astype(dtype)
    return called(dipcli.denoise, levels, preset="fast")


def option(name: str, value: object) -> tuple[bytes, object]:
    """A value of the preset replaced."""
    return denoised("auto", "gaussian", "--sigma", 20, f"--{name}", value)


def others() -> Iterator[tuple[str, Case]]:
    """Ways through the house that tasks, presets and kinds alone do not take."""
    for task in ("denoise", "superres", "inpaint", "fit"):
        yield f"resumed {task}", lambda t=task: resumed(t)
    yield "out of memory", starved
    yield "folder with masks", folder
    yield "watched", watched
    yield "controlled", controlled
    yield "presets", presets
    yield "tiled denoise", lambda: denoised("auto", "gaussian", "--tile", 32)
    yield "tiled denoise jpeg", lambda: denoised("auto", "jpeg", "--tile", 32)
    yield "tiled inpaint text", lambda: filled("auto", "text", "--tile", 32)
    yield "tiled inpaint large", lambda: filled("fast", "large", "--tile", 32)
    yield "tiled inpaint scattered", lambda: filled("fast", "scattered", "--tile", 32)
    yield "tiled superres", lambda: from_file("superres", "--scale", 2, "--as-is", "--tile", 64)
    yield "jpeg denoise auto", lambda: from_file("denoise")
    yield "jpeg superres", lambda: from_file("superres", "--scale", 2, "--preset", "fast")
    yield "jpeg as is", lambda: from_file("superres", "--scale", 2, "--preset", "fast", "--as-is")
    yield "noisy text", noisy_text
    yield "noisy text as is", lambda: noisy_text("--as-is")
    yield "transparent", transparent
    yield "inverted mask", inverted
    yield "crop and seed", lambda: denoised("auto", "gaussian", "--crop", "40x32+8+4", "--seed", 7)
    for dtype in ("uint8", "uint16", "float32"):
        yield f"array {dtype}", lambda d=dtype: plain(d)
    for kernel in ("lanczos2", "lanczos3", "box", "gauss"):
        yield (
            f"kernel {kernel}",
            lambda k=kernel: run(
                *("superres", save("in.png", scene(16, 20)), "--scale", 2, "--kernel", k),
                *("--preset", "fast", *FEW),
            ),
        )
    replaced = {"net": "skip", "stop": "variance", "loss": "charbonnier", "optimizer": "adam"}
    more = {"input": "fourier", "upsample": "bilinear", "skip-channels": "2", "ema": "0.5"}
    for name, value in {**replaced, **more, "jitter": "0.1", "lr": "0.1", "time": "1h"}.items():
        yield f"option {name}", lambda n=name, v=value: option(n, v)


CASES: dict[str, Case] = {**dict(tables()), **dict(others())}
