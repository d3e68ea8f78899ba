"""The options that every restoring command shares, under the headings of its help."""

from functools import cache
from pathlib import Path
from typing import Any

import click

from dipcli.cli.types import ADDRESS, CROP, FORMAT, JOBS, SHARD, FormatsOption, NonEmptyPath
from dipcli.presets.values import NAMES
from dipcli.settings import FIRST

FILE = NonEmptyPath(path_type=Path)
NAME = NonEmptyPath(allow_dash=True)  # a text, but the shell completes it

# Headings, in the order of the help.
FILES, FOLDERS, WATCHING, NETWORK = (
    "Pictures and formats",
    "Folders and clusters",
    "Watching",
    "The network and the filter, for readers of the paper",
)
HEADINGS = (FIRST, FILES, FOLDERS, WATCHING, NETWORK)


class HeadedOption(FormatsOption):
    """An option that stands under a heading."""

    def __init__(self, *args: Any, heading: str, **more: Any) -> None:
        """heading: one of HEADINGS."""
        super().__init__(*args, **more)
        self.heading = heading

    def get_help_extra(self, ctx: click.Context) -> Any:
        """Not the range, which an error tells."""
        extra = super().get_help_extra(ctx)
        extra.pop("range", None)
        return extra


def _under(heading: str, *given: tuple[list[str], dict[str, Any]]) -> list[HeadedOption]:
    return [HeadedOption(names, heading=heading, **more) for names, more in given]


def _flag(*names: str, help: str, **more: Any) -> tuple[list[str], dict[str, Any]]:
    return list(names), {"help": help, **more}


def inputs(*, required: bool = True) -> click.Argument:
    """What is to be restored."""
    return click.Argument(["inputs"], nargs=-1, required=required, type=NAME, metavar="INPUT...")


def leading_options() -> list[HeadedOption]:
    """What stands before the options of the task."""
    return _under(
        FIRST,
        _flag("-o", "--output", type=NAME, metavar="OUT", help="A file, a folder, or -, stdout."),
        _flag(
            "--preset",
            type=click.Choice(NAMES),
            default="auto",
            show_default=True,
            help="How much time to spend; paper is the published method.",
        ),
    )


def trailing_options(*, paints: bool = False) -> list[HeadedOption]:
    """What stands after them; paints: whether a mask of it can be painted."""
    return [
        *_under(
            FIRST,
            _flag(
                "--device",
                default="auto",
                show_default=True,
                metavar="DEVICE",
                help="auto, cpu, cuda, cuda:N or mps.",
            ),
            _flag(
                "--gif", type=NAME, metavar="PATH", help="The steps, moving: .gif, .webp, .apng."
            ),
            _flag("--overwrite", is_flag=True, help="Replace an output that exists."),
        ),
        *_pictures(),
        *_folders(),
        *_watching(paints),
        *_under(
            NETWORK,
            _flag(
                "--seed",
                type=click.IntRange(0, 2**63 - 1),
                default=0,
                show_default=True,
                metavar="N",
                help="The same seed gives the same bytes.",
            ),
        ),
    ]


def _pictures() -> list[HeadedOption]:
    return _under(
        FILES,
        _flag("--crop", type=CROP, help="Restore a part only."),
        _flag("--format", type=FORMAT, help="{written}."),
        _flag(
            "--jpeg-quality",
            type=click.IntRange(1, 100),
            default=95,
            show_default=True,
            metavar="N",
            help="Quality of {lossy}.",
        ),
        _flag("--preserve", is_flag=True, help="Give the result the times of its input."),
        _flag(
            "--max-pixels",
            type=click.IntRange(1),
            default=500_000_000,
            show_default=True,
            metavar="N",
            help="Refuse larger pictures.",
        ),
    )


def _folders() -> list[HeadedOption]:
    return _under(
        FOLDERS,
        _flag("-r", "--recursive", is_flag=True, help="Folders with their subfolders."),
        _flag("--name", metavar="TEMPLATE", help="Name of results, such as {stem}_{ext}{suffix}."),
        _flag("-n", "--dry-run", is_flag=True, help="Show the plan, with time and memory."),
        _flag(
            "--jobs",
            type=JOBS,
            default=1,
            show_default=True,
            help="Pictures at a time; auto: as many as pay here.",
        ),
        _flag("--cluster", type=ADDRESS, help="Dask scheduler whose workers see the same files."),
        _flag("--shard", type=SHARD, help="Do part I of N of a folder only."),
        _flag(
            "--checkpoint",
            type=FILE,
            metavar="PATH",
            help="Keep a long run here to go on from if it is stopped; removed when done.",
        ),
        _flag("--no-partial", is_flag=True, help="Write nothing when interrupted."),
    )


def _watching(paints: bool) -> list[HeadedOption]:
    quiet = _flag(
        "--no-browser", is_flag=True, help="Of a mask to be painted, say the address only."
    )
    return _under(
        WATCHING,
        *([quiet] if paints else []),
        _flag(
            "--reference", type=FILE, metavar="GT", help="Ground truth (or folder): PSNR and SSIM."
        ),
        _flag("--gif-every", type=click.IntRange(1), metavar="N", help="Steps between frames."),
        _flag("--curve", type=NAME, metavar="PATH", help="Loss per step: .csv, .json, .png, .svg."),
        _flag("--uncertainty", type=NAME, metavar="PATH", help="A map of where the runs disagree."),
        _flag("--report", type=FILE, metavar="PAGE.html", help="A page to look at: before, after."),
        _flag("--json", "as_json", is_flag=True, help="One JSON object per picture on stdout."),
        _flag("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
        _flag("-v", "--verbose", is_flag=True, help="Say how each picture was made."),
        _flag("--debug", is_flag=True, help="Show where an error came from."),
    )


# What a folder's dip.toml may set of these: what a restoration is, nothing else.
FOR_FOLDERS = frozenset({"preset", "device", "seed", "crop", "jpeg_quality"})


# What no command has that takes no picture, and what stands for it.
OF_PICTURES: dict[str, Any] = {
    "inputs": (),
    "crop": None,
    "preserve": False,
    "max_pixels": 500_000_000,
    "recursive": False,
    "name": None,
    "jobs": 1,
    "cluster": None,
    "shard": None,
    "reference": None,
}


@cache
def shared_options() -> frozenset[str]:
    """The parameter names of all shared options; what a command has beside them is its task's."""
    return frozenset(
        one.name for one in (inputs(), *leading_options(), *trailing_options()) if one.name
    )
