"""`dip superres`."""

import click

from dipcli.cli.app import RestoringCommand
from dipcli.cli.options import restoring_options
from dipcli.settings import KERNELS


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
def superres(scale: str, kernel: str | None, **shared: object) -> int:
    """Enlarge a picture.

    \b
    dip superres small.png -o large.png
    dip superres thumbs/ -o large/ --scale 2
    """
    from dipcli.cli.restoring import restoring

    return restoring("superres", {"scale": int(scale), "kernel": kernel}, shared)
