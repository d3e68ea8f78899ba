"""`dip inpaint`."""

import click

from dipcli.cli.app import RestoringCommand
from dipcli.cli.options import NAME, restoring_options


@click.command(cls=RestoringCommand)
@restoring_options
@click.option(
    "--mask",
    required=True,
    type=NAME,
    metavar="MASK",
    help="White is the hole: a file, a folder of masks, or alpha.",
)
@click.option("--invert-mask", is_flag=True, help="Black is the hole.")
@click.option("--as-is", is_flag=True, help="Continue noise and JPEG artefacts in the hole, too.")
def inpaint(mask: str, invert_mask: bool, as_is: bool, **shared: object) -> int:
    """Fill holes, remove text and objects, restore lost pixels.

    Pixels outside of the hole come out as they went in; their noise and JPEG artefacts are not
    continued in it. With --mask alpha the transparent
    pixels are filled and become opaque.

    \b
    dip inpaint torn.png --mask holes.png -o whole.png
    dip inpaint sticker.png --mask alpha
    """
    from dipcli.cli.restoring import restoring

    options = {"as_is": as_is or None}  # what is as by default is not told
    return restoring("inpaint", options, {**shared, "mask": mask, "invert_mask": invert_mask})
