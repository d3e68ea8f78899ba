"""Picture files: read by header, kept whole, written atomically.

What needs numpy is imported on first use (PEP 562), as `--help` asks the table of formats.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from dipcli.pictures.codec import Codec
from dipcli.pictures.codecs import CODECS
from dipcli.pictures.formats import (
    HEAD,
    check_output,
    format_for_suffix,
    is_lossless,
    one_of,
    sniff,
    suffixes,
    written,
)
from dipcli.pictures.headers import Header
from dipcli.pictures.picture import USUAL, Meta, Picture
from dipcli.pictures.provenance import read_provenance
from dipcli.pictures.scanning import probe
from dipcli.system.files import Contents, name_of, remove_litter, write_atomic
from dipcli.system.kinds import check_writes_file, is_null
from dipcli.system.placing import Seen, look, publish, publish_beside, unnumbered

if TYPE_CHECKING:
    from dipcli.pictures.alpha import enlarge_alpha, fill_transparent
    from dipcli.pictures.masks import mask_from_alpha, mask_warning, read_mask, read_protected
    from dipcli.pictures.reading import MAX_PIXELS, read
    from dipcli.pictures.writing import encode, lost

__all__ = [
    "CODECS",
    "HEAD",
    "MAX_PIXELS",
    "USUAL",
    "Codec",
    "Contents",
    "Header",
    "Meta",
    "Picture",
    "Seen",
    "check_output",
    "check_writes_file",
    "encode",
    "enlarge_alpha",
    "fill_transparent",
    "format_for_suffix",
    "is_lossless",
    "is_null",
    "look",
    "lost",
    "mask_from_alpha",
    "mask_warning",
    "name_of",
    "one_of",
    "probe",
    "publish",
    "publish_beside",
    "read",
    "read_mask",
    "read_protected",
    "read_provenance",
    "remove_litter",
    "sniff",
    "suffixes",
    "unnumbered",
    "write_atomic",
    "written",
]

_LATER = {
    "alpha": ("enlarge_alpha", "fill_transparent"),
    "masks": ("mask_from_alpha", "mask_warning", "read_mask", "read_protected"),
    "reading": ("MAX_PIXELS", "read"),
    "writing": ("encode", "lost"),
}
_HOMES = {name: module for module, names in _LATER.items() for name in names}


def __getattr__(name: str) -> object:
    """Import on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
