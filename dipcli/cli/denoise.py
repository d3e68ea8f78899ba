"""`dip denoise`."""

import click

from dipcli.cli.app import RestoringCommand
from dipcli.cli.options import restoring_options
from dipcli.cli.types import SIGMA


@click.command(cls=RestoringCommand)
@restoring_options
@click.option(
    "--sigma", type=SIGMA, help="Strength of the noise, 0 to 255; auto (default) measures it."
)
@click.option(
    "--noise",
    type=click.Choice(("auto", "gaussian", "poisson", "photo", "jpeg")),
    default="auto",
    show_default=True,
    help="Kind of noise.",
)
def denoise(sigma: float | None, noise: str, **shared: object) -> int:
    """Remove noise or JPEG artefacts.

    \b
    dip denoise noisy.png -o clean.png
    dip denoise photos/ -o clean/ --recursive --preset fast
    cat noisy.png | dip denoise - -o - > clean.png
    """
    from dipcli.cli.restoring import restoring

    return restoring("denoise", {"sigma": sigma, "noise": noise}, shared)
