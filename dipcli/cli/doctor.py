"""`dip doctor`."""

import importlib.util
import json
from importlib import metadata

import click

import dipcli

_BASE = ("torch", "numpy", "pillow", "scikit-image", "tifffile", "imagecodecs", "click", "rich")
# extra -> its module
_EXTRAS = {"video": "imageio_ffmpeg", "cluster": "distributed", "heif": "pillow_heif"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def doctor(as_json: bool) -> int:
    """Show devices, versions, thread count, memory, and what is missing."""
    from dipcli.prior import devices

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


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
