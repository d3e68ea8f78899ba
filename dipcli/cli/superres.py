"""`dip superres`."""

import click

from dipcli.cli.app import RestoringCommand
from dipcli.cli.options import restoring_options
from dipcli.presets.superres import KERNELS


@click.command(cls=RestoringCommand)
@restoring_options
@click.option(
    "--scale",
    type=click.Choice(("2", "3", "4", "8")),
    default="4",
    show_default=True,
    help="How many times larger.",
)
@click.option(
    "--kernel",
    type=click.Choice(KERNELS),
    help="What made the small picture; as the preset says if not given.",
)
@click.option("--as-is", is_flag=True, help="Enlarge noise and JPEG artefacts, too.")
def superres(scale: str, kernel: str | None, as_is: bool, **shared: object) -> int:
    """Enlarge a picture.

    Noise and JPEG artefacts of the small picture are taken away before.

    \b
    dip superres small.png -o large.png
    dip superres thumbs/ -o large/ --scale 2
    """
    from dipcli.cli.restoring import restoring

    # What is as by default is not told: it is the same request.
    options = {"scale": int(scale), "kernel": kernel, "as_is": as_is or None}
    return restoring("superres", options, shared)
