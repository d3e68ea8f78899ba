"""Natural pre-images and activation maximisation (Ulyanov et al. 2018, 5.6).

    python preimage.py --model alexnet-owt-7be5be79.pth --layers conv1,conv4,fc6 --picture FILE
    python preimage.py --model FILE --layers fc8 --unit 100      what excites a unit of each layer
    SMOKE=1 python preimage.py                                   a few steps of a small network

Nothing is downloaded: without --model a network with random weights stands in, and what is
measured then is no published figure. `--preset paper` has the published settings.
"""

from __future__ import annotations

import argparse
import io
import os
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

import dipcli

SMOKE = os.environ.get("SMOKE", "") not in ("", "0")


def stand_in() -> bytes:
    """A small network with random weights, as a torch.export program for 64x64 pixels."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 16, 3, 2, 1), torch.nn.ReLU(), torch.nn.Conv2d(16, 32, 3, 2, 1)
    )
    data = io.BytesIO()
    torch.export.save(torch.export.export(network.eval(), (torch.rand(1, 3, 64, 64),)), data)
    return data.getvalue()


def arguments() -> argparse.Namespace:
    """The options, of which the docstring tells."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--layers", help="one after the other, with commas")
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--unit", type=int)
    parser.add_argument("--preset", default="fast" if SMOKE else "auto")
    parser.add_argument("--prior", default="dip")
    parser.add_argument("--normalize")
    parser.add_argument("--iters", type=int, default=3 if SMOKE else None)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, help="a folder for the pictures")
    return parser.parse_args()


def picture(path: Path | None) -> NDArray[np.uint8]:
    """The picture of this file, or one that scikit-image ships."""
    if path is not None:
        with Image.open(path) as file:
            return np.asarray(file.convert("RGB"))
    from skimage import data

    return np.asarray(data.chelsea())


def main() -> None:
    """One line of the table for each layer."""
    given = arguments()
    model = given.model.read_bytes() if given.model else stand_in()
    layers = (given.layers or "0,2").split(",")
    print("| experiment | published | ours | time | remarks |\n|---|--:|--:|--:|---|", flush=True)
    for layer in layers:
        shared = {"layer": layer, "prior": given.prior, "normalize": given.normalize}
        shared |= {"preset": given.preset, "iters": given.iters, "device": given.device}
        began = time.perf_counter()
        if given.unit is None:
            result = dipcli.preimage(picture(given.picture), model, **shared)
        else:
            result = dipcli.maximize(model, unit=given.unit, **shared)
        seconds = time.perf_counter() - began
        trust = result.notes["trust"]
        ours = ", ".join(
            f"{name} {trust[name]}"
            for name in ("feature_error", "psnr", "activation")
            if name in trust
        )
        source = given.model.name if given.model else "random weights, no figure"
        print(f"| {layer}, {given.prior} | pictures only | {ours} | {seconds:.0f} s | {source} |")
        if given.out:
            given.out.mkdir(parents=True, exist_ok=True)
            Image.fromarray(result.image).save(given.out / f"{layer}_{given.prior}.png")


if __name__ == "__main__":
    main()
