"""How much metadata is kept: a small file can hold gigabytes of it, packed or told many times."""

import zlib
from dataclasses import replace

from dipcli.pictures.ifd import Buffer
from dipcli.pictures.picture import Meta

MOST_BYTES = 1 << 24  # bytes of a picture's metadata in all, unpacked
MOST_TEXTS = 10_000  # pieces of text in a file
_PIECE = 1 << 18  # bytes unpacked at a time
TOLD = "it has more metadata than 16 MB or 10000 texts; what is beyond is not kept"


class Budget:
    """Bytes of metadata that may still be taken from a file."""

    def __init__(self) -> None:
        """All of MOST_BYTES is left."""
        self._left = MOST_BYTES
        self.exceeded = False

    def spend(self, size: int) -> bool:
        """Whether so many bytes still fit; then they are spent."""
        fits = size <= self._left
        self._left -= size if fits else 0
        self.exceeded = self.exceeded or not fits
        return fits

    def holds(self, texts: int) -> bool:
        """Whether there is one more piece of text beside so many."""
        self.exceeded = self.exceeded or texts >= MOST_TEXTS
        return texts < MOST_TEXTS

    def inflated(self, data: Buffer) -> bytes | None:
        """What zlib packed, None if it does not fit; raises ValueError or zlib.error.

        What was unpacked is spent, whether it is kept or not: so no more than MOST_BYTES ever is.
        """
        inflater = zlib.decompressobj()
        pieces = []
        rest: Buffer = data
        while self._left > 0 and not inflater.eof:
            size = min(_PIECE, self._left)
            self._left -= size  # also if it fails
            pieces.append(inflater.decompress(rest, size))
            rest = inflater.unconsumed_tail
            self._left += size - len(pieces[-1])
            if not rest and not pieces[-1] and not inflater.eof:
                raise ValueError("compressed data is truncated")
        self.exceeded = self.exceeded or not inflater.eof
        return b"".join(pieces) if inflater.eof else None


def bounded(meta: Meta) -> Meta:
    """The metadata without what is beyond MOST_BYTES: the profile comes first, texts come last."""
    budget = Budget()
    kept = {
        name: value
        for name in ("icc", "exif", "xmp", "iptc")
        if (value := getattr(meta, name)) and budget.spend(len(value))
    }
    text = {key: value for key, value in meta.text.items() if budget.spend(len(key) + len(value))}
    if not budget.exceeded:
        return meta
    gone = dict.fromkeys(("icc", "exif", "xmp", "iptc"))
    notes = tuple(note for note in meta.notes if note != TOLD)
    return replace(meta, **{**gone, **kept}, text=text, notes=(*notes, TOLD))
