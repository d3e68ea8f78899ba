"""`dip denoise`."""

import click

from dipcli.cli.app import RestoringCommand
from dipcli.cli.options import NAME, restoring_options
from dipcli.cli.types import FRACTION, SIGMA, STRENGTH


@click.command(cls=RestoringCommand)
@restoring_options
@click.option(
    "--sigma", type=SIGMA, help="Strength of the noise, 0 to 255; auto (default) measures it."
)
@click.option(
    "--noise",
    type=click.Choice(("auto", "gaussian", "poisson", "photo", "jpeg", "impulse")),
    default="auto",
    show_default=True,
    help="Kind of noise.",
)
@click.option(
    "--strength", type=STRENGTH, help="How much of it goes: 0 to 1, or luma,chroma; 1 by default."
)
@click.option("--detail", type=FRACTION, help="Give fine structure back: 0 (default) to 1.")
@click.option(
    "--protect", type=NAME, metavar="MASK", help="White is left as it was: a file or a folder."
)
def denoise(
    sigma: float | None,
    noise: str,
    strength: tuple[float, float] | None,
    detail: float | None,
    **shared: object,
) -> int:
    """Remove noise, JPEG artefacts or impulses; leave alone what is clean.

    \b
    dip denoise noisy.png -o clean.png
    dip denoise photos/ -o clean/ --recursive --preset fast
    dip denoise photo.png -o clean.png --strength 0.7,1 --overwrite
    cat noisy.png | dip denoise - -o - > clean.png
    """
    from dipcli.cli.restoring import restoring

    # What is as by default is not told: it is the same request.
    controls = {"strength": None if strength == (1, 1) else strength, "detail": detail or None}
    return restoring("denoise", {"sigma": sigma, "noise": noise, **controls}, shared)
