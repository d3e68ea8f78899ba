"""Picture files: read by header, kept whole, written atomically."""

from dipcli.pictures.alpha import enlarge_alpha, fill_transparent
from dipcli.pictures.formats import (
    FORMATS,
    HEAD,
    check_output,
    format_for_suffix,
    sniff,
    suffixes,
)
from dipcli.pictures.headers import Header
from dipcli.pictures.masks import mask_from_alpha, mask_warning, read_mask, read_protected
from dipcli.pictures.picture import Meta, Picture
from dipcli.pictures.provenance import read_provenance
from dipcli.pictures.reading import MAX_PIXELS, read
from dipcli.pictures.scanning import probe
from dipcli.pictures.writing import encode, lost
from dipcli.system.files import Contents, name_of, remove_litter, write_atomic
from dipcli.system.kinds import check_writes_file, is_null
from dipcli.system.placing import Seen, look, publish, publish_beside, unnumbered

__all__ = [
    "FORMATS",
    "HEAD",
    "MAX_PIXELS",
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
    "is_null",
    "look",
    "lost",
    "mask_from_alpha",
    "mask_warning",
    "name_of",
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
]
