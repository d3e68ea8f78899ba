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
def inpaint(mask: str, invert_mask: bool, **shared: object) -> int:
    """Fill holes, remove text and objects, restore lost pixels.

    Pixels outside of the hole come out as they went in. With --mask alpha the transparent
    pixels are filled and become opaque.

    \b
    dip inpaint torn.png --mask holes.png -o whole.png
    dip inpaint sticker.png --mask alpha
    """
    from dipcli.cli.restoring import restoring

    return restoring("inpaint", {}, {**shared, "mask": mask, "invert_mask": invert_mask})
