"""`dip fit`."""

import click

from dipcli.cli.app import RestoringCommand
from dipcli.cli.options import restoring_options
from dipcli.cli.types import names

TARGETS = ("natural", "noisy", "shuffled", "noise")


@click.command(cls=RestoringCommand)
@restoring_options
@click.option(
    "--targets",
    type=names(TARGETS, ",".join(TARGETS)),
    default="natural",
    show_default=True,
    help="What to fit, one curve each.",
)
def fit(targets: tuple[str, ...], **shared: object) -> int:
    """Fit a network to a picture: the parametrisation experiment, with curves.

    \b
    dip fit photo.png --targets natural,noisy,shuffled,noise --curve impedance.png
    """
    from dipcli.cli.restoring import restoring

    return restoring("fit", {"targets": targets}, shared)
