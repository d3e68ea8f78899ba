"""The table of picture formats: the one place where a format is entered, its file beside it."""

from dipcli.pictures.codec import Codec
from dipcli.pictures.codecs import avif, bmp, gif, heic, jpeg, png, tiff, webp

# In the order in which messages name them, and in which the first bytes of a file are compared:
# an AVIF may also name brands of HEIC.
CODECS: dict[str, Codec] = {
    module.CODEC.name: module.CODEC for module in (png, jpeg, webp, tiff, bmp, avif, heic, gif)
}
