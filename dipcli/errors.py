"""Everything that can go wrong, as one tree.

DipError                 exit 1   one line: what is wrong and what to do
├── PictureError         exit 1   unreadable, truncated, not a picture, unsupported kind
├── WriteError           exit 1   the result could not be written (disk full, ...)
├── CheckpointError      exit 1   a checkpoint that is damaged
├── UsageError           exit 2   a value out of range, an unknown name, a missing input
│   ├── DeviceError      exit 2   a device named and absent
│   ├── MaskError        exit 2   a mask of another size, empty or full
│   ├── ModelError       exit 2   no model that can be used, or one without such a layer
│   └── OutputError      exit 2   exists, unwritable, two inputs to one name
├── NoPictureError       exit 3   a folder without pictures
└── MemoryLimitError     exit 4   out of memory at the smallest setting
"""


class DipError(Exception):
    """Base of all errors that the user is told of; `str()` is the whole message."""

    exit_code = 1


class PictureError(DipError):
    """The file is not a picture that can be read, or not of a kind that can be restored."""


class WriteError(DipError):
    """The result could not be written; whatever stood there before still stands."""


class CheckpointError(DipError):
    """The file is a checkpoint, but damaged."""


class UsageError(DipError):
    """The request itself is wrong: an unknown name or a value out of range."""

    exit_code = 2


class DeviceError(UsageError):
    """The device that was named is not present."""


class MaskError(UsageError):
    """The mask does not fit the picture, covers nothing, or covers everything."""


class ModelError(UsageError):
    """The file holds no model that can be used, or the model has no such layer or unit."""


class OutputError(UsageError):
    """The output exists, is not writable, or is named by two inputs."""


class NoPictureError(DipError):
    """A folder holds no picture."""

    exit_code = 3


class MemoryLimitError(DipError):
    """Out of memory even at the smallest setting."""

    exit_code = 4
