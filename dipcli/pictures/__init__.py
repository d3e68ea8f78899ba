"""Picture files: read by header, kept whole, written atomically."""

from dipcli.pictures.files import name_of, remove_litter, write_atomic
from dipcli.pictures.formats import FORMATS, check_output, format_for_suffix, sniff, suffixes
from dipcli.pictures.headers import Header, probe
from dipcli.pictures.masks import mask_from_alpha, mask_warning, read_mask
from dipcli.pictures.picture import Meta, Picture
from dipcli.pictures.provenance import read_provenance
from dipcli.pictures.reading import read
from dipcli.pictures.writing import encode

__all__ = [
    "FORMATS",
    "Header",
    "Meta",
    "Picture",
    "check_output",
    "encode",
    "format_for_suffix",
    "mask_from_alpha",
    "mask_warning",
    "name_of",
    "probe",
    "read",
    "read_mask",
    "read_provenance",
    "remove_litter",
    "sniff",
    "suffixes",
    "write_atomic",
]
