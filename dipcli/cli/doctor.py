"""`dip doctor`."""

import importlib.util
import json
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

import dipcli
from dipcli.cli.options import NAME
from dipcli.errors import PictureError
from dipcli.system.naming import printable

if TYPE_CHECKING:
    from dipcli.tasks.denoise import Denoise

_BASE = ("torch", "numpy", "pillow", "scikit-image", "tifffile", "imagecodecs", "click", "rich")
# extra -> its module
_EXTRAS = {"video": "imageio_ffmpeg", "cluster": "distributed", "heif": "pillow_heif"}


@click.command()
@click.argument("pictures", nargs=-1, type=NAME, metavar="[PICTURE...]")
@click.option("--json", "as_json", is_flag=True, help="As JSON; one line for each PICTURE.")
def doctor(pictures: tuple[str, ...], as_json: bool) -> int:
    """Show devices, versions and what is missing; of a PICTURE, what damage it has.

    \b
    dip doctor
    dip doctor photo.jpg
    """
    if pictures:
        return max(_examine(name, as_json) for name in pictures)
    from dipcli.system import devices

    facts: dict[str, object] = {"dip": dipcli.__version__, **devices.facts()}
    facts["packages"] = {name: _version(name) for name in _BASE}
    facts["missing"] = [
        f"pip install 'dipcli[{extra}]'"
        for extra, module in _EXTRAS.items()
        if importlib.util.find_spec(module) is None
    ]
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return 0
    for name, value in facts.items():
        if isinstance(value, dict):
            click.echo(f"{name}:")
            for key, one in value.items():
                click.echo(f"  {key:<14} {'missing' if one is None else one}")
        elif name == "memory" and isinstance(value, int):
            click.echo(f"memory: {value / 1e9:.1f} GB")
        elif isinstance(value, list):
            click.echo(f"{name}: {', '.join(map(str, value)) or 'nothing'}")
        else:
            click.echo(f"{name}: {value}")
    return 0


def _examine(name: str, as_json: bool) -> int:
    """Say what is wrong with a picture; nothing is restored. Returns the exit code."""
    from dipcli.batch.find import check_exists
    from dipcli.batch.preparing import task_of
    from dipcli.batch.request import Request
    from dipcli.pictures import read

    check_exists(Path(name))
    try:
        picture = read(Path(name), max_pixels=None)
    except PictureError as error:
        click.echo(f"dip: {printable(str(error))}", err=True)
        return error.exit_code
    task = task_of(Request(task="denoise"), picture, {})
    facts = cast("Denoise", task).facts()
    evidence = cast("dict[str, object]", facts.pop("evidence"))
    if as_json:
        click.echo(json.dumps({"input": name, **facts, "evidence": evidence}))
        return 0
    click.echo(f"{printable(name)}: {facts['found']}")
    for key, value in {"kind": facts["noise"], **evidence}.items():
        click.echo(f"  {key.replace('_', ' '):<18} {value}")
    return 0


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
