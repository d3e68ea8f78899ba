"""The boxes of an ISO media file (ISO/IEC 14496-12), which AVIF and HEIC are."""

import struct

from dipcli.pictures.headers import RefusedError
from dipcli.pictures.ifd import Buffer


def brands(head: bytes) -> set[bytes]:
    """The brands that the first bytes of a file name, the major one first; empty for others."""
    if head[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return {head[8:12], *(head[at : at + 4] for at in range(16, end, 4))}


def check_boxes(data: Buffer) -> None:
    """Refuse a file if one of its outermost boxes reaches over its end."""
    at = 0
    while at + 16 <= len(data):
        size, _, large = struct.unpack_from(">I4sQ", data, at)
        at += {0: len(data) - at, 1: large}.get(size, max(size, 8))
    if at > len(data):
        raise RefusedError("is truncated; get the whole file")
