"""What the tags of a TIFF say beside its pixels, and writing them together with the pixels."""

import io

from dipcli.pictures import exif
from dipcli.pictures.headers import Levels
from dipcli.pictures.ifd import (
    EXIF,
    GPS,
    Buffer,
    Directory,
    IfdError,
    Layout,
    new_block,
    read_directory,
    read_head,
    read_tree,
    replace_first,
)
from dipcli.pictures.metadata import upright, upright_xmp
from dipcli.pictures.picture import Meta

_DESCRIPTION, _COLOUR_MAP, _EXTRA = 270, 320, 338
_XMP, _IPTC, _ICC, _LAYERS = 700, 33723, 34675, 37724
_WANTED = {exif.ORIENTATION, exif.X_DENSITY, exif.Y_DENSITY, exif.UNIT}
_WANTED |= {_COLOUR_MAP, _EXTRA, _XMP, _IPTC, _ICC, _LAYERS}
_UNSPECIFIED, _ASSOCIATED = 0, 1


def read_meta(
    data: Buffer, *, bits: int, floating: bool, palette: bool, has_alpha: bool
) -> tuple[Meta, int]:
    """What the tags say beside the pixels, and the orientation; raises IfdError."""
    layout, offset = read_head(data)
    first, _ = read_directory(data, layout, offset, _WANTED)
    block, notes = _descriptions(data, layout, offset)
    depth = 32 if floating else 16 if bits > 8 else 8
    if palette:
        depth = 16 if _map_is_deep(first) else 8
        notes += ("its palette becomes RGB",)
    elif bits != depth:
        sort = "float" if floating else "integer"
        notes += (f"{bits}-bit {sort} values become {depth}-bit ones",)
    if _LAYERS in first.entries:
        notes += ("its Photoshop layers are not kept",)
    if has_alpha and first.number(_EXTRA, _UNSPECIFIED) == _UNSPECIFIED:
        notes += ("its unnamed extra channel is taken as alpha",)
    icc, xmp, iptc = (first.entries.get(tag) for tag in (_ICC, _XMP, _IPTC))
    meta = Meta(
        depth=depth,
        premultiplied=has_alpha and first.number(_EXTRA, _UNSPECIFIED) == _ASSOCIATED,
        icc=icc.value if icc else None,
        exif=block,
        xmp=upright_xmp(xmp.value if xmp else None),
        iptc=iptc.value if iptc else None,
        dpi=exif.density(first),
        notes=notes,
    )
    return meta, exif.orientation(first)


def _map_is_deep(first: Directory) -> bool:
    """Whether a palette holds more than 8 bits (which are written as v * 257 or v * 256)."""
    import numpy as np

    entries = np.array(first.numbers(_COLOUR_MAP), np.uint32)
    return bool((entries % 257).any() and (entries % 256).any())


def _descriptions(
    data: Buffer, layout: Layout, offset: int
) -> tuple[bytes | None, tuple[str, ...]]:
    """The describing tags, EXIF and GPS as an EXIF block of their own, and notes."""
    try:
        wanted = exif.DESCRIPTIVE | {EXIF, GPS}
        tree, _ = read_tree(data, layout, offset, wanted=wanted)
    except IfdError:
        return None, ("its EXIF data is damaged and is not kept",)
    if tree.ascii(_DESCRIPTION).startswith('{"shape":'):  # what tifffile notes for itself
        del tree.entries[_DESCRIPTION]
    found = exif.descriptive(tree)
    if not found.entries and not found.subs:
        return None, ()
    done = upright(new_block(found))
    return done.exif, done.notes


def encode(levels: Levels, meta: Meta, block: bytes | None) -> bytes:
    """A TIFF of (H, W, C) uint8, uint16 or float32 levels with all that `meta` holds.

    Compressed without loss (deflate with the predictor of the type); `block` is the EXIF.
    """
    import tifffile

    samples = levels.shape[2]
    alpha = "assocalpha" if meta.premultiplied else "unassalpha"
    packets = [(tag, 1, value) for tag, value in ((_XMP, meta.xmp), (_IPTC, meta.iptc)) if value]
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        levels[..., 0] if samples == 1 else levels,
        byteorder=read_head(block)[0].order if block else "<",
        photometric="rgb" if samples > 2 else "minisblack",
        planarconfig=None if samples == 1 else "contig",
        extrasamples=[alpha] if samples in (2, 4) else None,
        compression="zlib",
        predictor=True,
        iccprofile=meta.icc,
        resolution=meta.dpi,
        resolutionunit="inch" if meta.dpi else None,
        extratags=[(tag, kind, len(value), value, True) for tag, kind, value in packets],
        metadata=None,
        software=False,
        maxworkers=1,
    )
    return _described(buffer.getvalue(), block) if block else buffer.getvalue()


def _described(data: bytes, block: bytes) -> bytes:
    """The file with the describing tags, EXIF and GPS of an EXIF block in its directory."""
    layout, offset = read_head(data)
    first, _ = read_directory(data, layout, offset)
    found = exif.descriptive(read_tree(block, *read_head(block))[0]).detached(big=layout.big)
    return replace_first(data, Directory(layout, first.entries | found.entries, found.subs))
