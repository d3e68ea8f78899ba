"""The options that every restoring command shares, stacked by one decorator."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import click

from dipcli import stages
from dipcli.cli.types import (
    ADDRESS,
    CROP,
    DURATION,
    FORMAT,
    NUMBERS,
    SHARD,
    NamesFormats,
    Place,
    names,
)
from dipcli.presets.values import NAMES

Command = Callable[..., Any]
FILE = Place(path_type=Path)
NAME = Place(allow_dash=True)  # a text, but the shell completes it

_INPUTS = [
    click.argument("inputs", nargs=-1, required=True, type=NAME, metavar="INPUT..."),
    click.option(
        "-o", "--output", type=NAME, metavar="OUT", help="A file, a folder, or - for stdout."
    ),
]
_CHOICES = [
    click.option(
        "--preset",
        type=click.Choice(NAMES),
        default="auto",
        show_default=True,
        help="How much time to spend; paper is the published method.",
    ),
    click.option(
        "--device",
        default="auto",
        show_default=True,
        metavar="DEVICE",
        help="auto, cpu, cuda, cuda:N or mps.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(0, 2**63 - 1),
        default=0,
        show_default=True,
        help="The same seed gives the same bytes.",
    ),
    click.option("--time", type=DURATION, help="Budget per picture: 90, 90s, 5m, 1h30m."),
    click.option("--iters", type=click.IntRange(1), help="Steps per run, at most."),
    click.option("--runs", type=click.IntRange(1), help="Independent runs that are averaged."),
    click.option("--stop", type=click.Choice(("auto", *stages.STOPS)), help="When a run ends."),
    click.option(
        "--tile",
        type=click.IntRange(stages.LEAST_TILE),
        metavar="PIXELS",
        help="Longest side of a tile; by default from the memory.",
    ),
]
_FIELDS = [
    click.option("--net", type=click.Choice(tuple(stages.NETWORKS)), help="The network."),
    click.option(
        "--channels",
        type=NUMBERS,
        help="Channels per level, from fine to coarse; of zero-shot, per layer.",
    ),
    click.option("--skip-channels", type=NUMBERS, help="Channels of the skips per level."),
    click.option(
        "--upsample",
        type=names(stages.UPSAMPLES, "|".join(stages.UPSAMPLES)),
        help="How the network enlarges; one, or one per level.",
    ),
    click.option("--input", type=click.Choice(stages.INPUTS), help="What the network is fed."),
    click.option("--input-depth", type=click.IntRange(1), help="Channels of that input."),
    click.option("--jitter", type=float, help="Noise added to the input at each step."),
    click.option("--lr", type=float, help="Learning rate."),
    click.option("--optimizer", type=click.Choice(stages.OPTIMIZERS), help="The optimizer."),
    click.option("--loss", type=click.Choice(stages.LOSSES), help="The loss."),
    click.option("--ema", type=float, help="Weight of the past in the average of outputs."),
]
_WATCHING = [
    click.option(
        "--reference", type=FILE, metavar="GT", help="Ground truth (or folder): print PSNR, SSIM."
    ),
    click.option(
        "--gif", type=NAME, metavar="PATH", help="The iterations as .gif, .webp, .apng or .mp4."
    ),
    click.option("--gif-every", type=click.IntRange(1), metavar="N", help="Steps between frames."),
    click.option(
        "--curve", type=NAME, metavar="PATH", help="Loss per step as .csv, .json, .png or .svg."
    ),
    click.option(
        "--uncertainty",
        type=NAME,
        metavar="PATH",
        help="A map of where the runs disagree, as a picture.",
    ),
]
_FILES = [
    click.option("--crop", type=CROP, help="Restore a part only."),
    click.option("-r", "--recursive", is_flag=True, help="Folders with their subfolders."),
    click.option(
        "--name", metavar="TEMPLATE", help="Name of results, such as {stem}_{ext}{suffix}."
    ),
    click.option("--format", cls=NamesFormats, type=FORMAT, help="{written}."),
    click.option(
        "--jpeg-quality",
        cls=NamesFormats,
        type=click.IntRange(1, 100),
        default=95,
        show_default=True,
        help="Quality of {lossy}.",
    ),
    click.option(
        "--max-pixels",
        type=click.IntRange(1),
        default=500_000_000,
        show_default=True,
        help="Refuse larger pictures.",
    ),
    click.option("--preserve", is_flag=True, help="Give the result the times of its input."),
    click.option("--overwrite", is_flag=True, help="Replace an output that exists."),
    click.option(
        "--checkpoint",
        type=FILE,
        metavar="PATH",
        help="Keep a long run here to go on from if it is stopped; removed when done.",
    ),
    click.option("--no-partial", is_flag=True, help="Write nothing when interrupted."),
    click.option("-n", "--dry-run", is_flag=True, help="Show the plan, with time and memory."),
    click.option(
        "--jobs",
        type=click.IntRange(1, 1024),
        default=1,
        show_default=True,
        help="Pictures at a time.",
    ),
    click.option(
        "--cluster", type=ADDRESS, help="Dask scheduler whose workers see the same files."
    ),
    click.option("--shard", type=SHARD, help="Do part I of N of a folder only."),
]
_MESSAGES = [
    click.option("--json", "as_json", is_flag=True, help="One JSON object per picture on stdout."),
    click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
    click.option("-v", "--verbose", is_flag=True, help="Say how each picture was made."),
    click.option("--debug", is_flag=True, help="Show where an error came from."),
]

# Fields of `Settings` that an option of the same name replaces.
OVERRIDES = (
    *("time", "iters", "runs", "stop", "tile"),
    *("net", "channels", "skip_channels", "upsample", "input", "input_depth"),
    *("jitter", "lr", "optimizer", "loss", "ema"),
)

# What a folder's dip.toml may set of the shared options: what a restoration is, nothing else.
FOR_FOLDERS = frozenset({*OVERRIDES, "preset", "device", "seed", "crop", "jpeg_quality"})


def restoring_options(command: Command) -> Command:
    """Give a command all shared options, in this order in its help."""
    for option in reversed([*_INPUTS, *_CHOICES, *_FIELDS, *_WATCHING, *_FILES, *_MESSAGES]):
        command = option(command)
    return command


@cache
def shared_options() -> frozenset[str]:
    """The parameter names of all shared options; what a command has beside them is its task's."""

    @click.command()
    @restoring_options
    def shared(**_: object) -> None:
        """Stand in for a command."""

    return frozenset(one.name for one in shared.params if one.name)
