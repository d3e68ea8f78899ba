"""What the user asked for, once for all pictures, and the single jobs it becomes."""

import hashlib
import json
import shlex
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import dipcli
from dipcli.batch.crop import Crop
from dipcli.pictures import Contents, Header, Seen

CONTROLS = ("strength", "detail")  # options that act on the rendered result alone
ALPHA = "alpha"  # the word that names the picture's own transparency as the mask


@dataclass(frozen=True, kw_only=True)
class Request:
    """One command, the same for every picture; plain values only, so that it can be sent.

    options: of the task alone (`sigma`, `scale`, ...), overrides: fields of `Settings`; both
    hold only what the user gave.
    """

    task: str
    options: Mapping[str, object] = field(default_factory=dict)
    preset: str = "auto"
    overrides: Mapping[str, object] = field(default_factory=dict)
    device: str = "auto"
    seed: int = 0
    crop: Crop | None = None
    mask: Path | str | None = None  # a file, a folder, or ALPHA
    invert_mask: bool = False
    protect: Path | None = None  # a file or a folder
    reference: Path | None = None
    gif: str | None = None  # templates of the files beside the result
    gif_every: int | None = None
    curve: str | None = None
    uncertainty: str | None = None
    format: str | None = None
    quality: int = 95
    max_pixels: int = 500_000_000
    overwrite: bool = False
    preserve: bool = False
    keep_partial: bool = True
    checkpoint: Path | None = None
    from_folder: tuple[str, ...] = ()  # settings that the current folder's dip.toml decided

    @property
    def scale(self) -> int:
        """How many times larger than its input a result is."""
        return int(str(self.options.get("scale", 4))) if self.task == "superres" else 1

    @property
    def kind(self) -> str:
        """What presets distinguish and the options alone tell; "" where the picture decides."""
        return f"x{self.scale}" if self.task == "superres" else ""

    @property
    def controlled(self) -> bool:
        """Whether the result is not the restoration as it is."""
        return self.protect is not None or any(name in self.options for name in CONTROLS)

    def without_controls(self) -> "Request":
        """The same for the restoration as it is."""
        return replace(self, options=self.run_options(), protect=None)

    def without(self, names: Container[str]) -> "Request":
        """The same but for overrides, and the seed, that change nothing."""
        overrides = {name: value for name, value in self.overrides.items() if name not in names}
        seed = 0 if "seed" in names else self.seed
        told = tuple(name for name in self.from_folder if name not in names)
        return replace(self, overrides=overrides, seed=seed, from_folder=told)

    def run_options(self) -> dict[str, object]:
        """The options that a run depends on."""
        return {name: value for name, value in self.options.items() if name not in CONTROLS}

    def making(self) -> dict[str, object]:
        """What decides the bytes of a result beside those of the input; plain JSON types."""
        return {
            "task": self.task,
            "options": dict(self.options),
            "preset": self.preset,
            "overrides": dict(self.overrides),
            "seed": self.seed,
            "crop": str(self.crop) if self.crop else None,
            "mask": ALPHA if self.mask == ALPHA else self.mask is not None,
            "invert_mask": self.invert_mask,
            "quality": self.quality,
            **({"protect": True} if self.protect is not None else {}),
        }

    def digest(self) -> str:
        """A short name for `making()`: equal for equal requests, on any machine."""
        text = json.dumps(self.making(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def command(self) -> str:
        """The command line without its files: what to type to make the same again."""
        words: list[object] = ["dip", self.task, "--preset", self.preset]
        for name, value in {**self.options, **self.overrides}.items():
            flag = f"--{name.replace('_', '-')}"
            words += [flag] if value is True else [flag, word(value)]
        if self.mask == ALPHA:
            words += ["--mask", ALPHA]
        if self.invert_mask:
            words.append("--invert-mask")
        if self.crop:
            words += ["--crop", self.crop]
        return shlex.join(str(word) for word in [*words, "--seed", self.seed])


def word(value: object) -> str:
    """A value as it is typed: a tuple with commas."""
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One picture to restore. name: the input as the user knows it; output None: stdout."""

    name: str
    source: Path | bytes
    relative: str  # the path below the folder that was given, with "/": the same everywhere
    output: Path | None
    format: str
    header: Header
    mask: Path | bytes | None = None  # bytes: what was read, see `preparing.taken`
    protect: Path | bytes | None = None
    reference: Path | None = None
    gif: Path | None = None
    curve: Path | None = None
    uncertainty: Path | None = None
    several: bool = False  # one of many: an outdated result of ours is made again
    note: str | None = None  # what the plan decided that the user did not ask for
    planned: tuple[Seen, ...] = ()  # what stood at `outputs.written` when the run began

    @property
    def beside(self) -> dict[str, Path]:
        """The files that are written beside the result, by what they are."""
        files = {"gif": self.gif, "curve": self.curve, "uncertainty": self.uncertainty}
        return {what: path for what, path in files.items() if path}

    @property
    def sides(self) -> tuple[Path, ...]:
        """The same files without what they are."""
        return tuple(self.beside.values())


def fingerprint(job: Job, request: Request) -> str:
    """What this result is made of: input, masks, request and version, as one sha256."""
    whole = hashlib.sha256()
    for source in (job.source, job.mask, *((job.protect,) if job.protect else ())):
        whole.update(bytes.fromhex(contents(source)))
    for text in (request.digest(), job.format, dipcli.__version__):
        whole.update(text.encode() + b"\0")
    return whole.hexdigest()


def made_from(job: Job) -> dict[str, str]:
    """The sha256 of the files that decide a result, by what they are."""
    sources = {"input": job.source, "mask": job.mask, "protecting mask": job.protect}
    return {what: contents(one) for what, one in sources.items() if one is not None}


def contents(source: Path | bytes | None) -> str:
    """The sha256 of a file's bytes; of nothing for None."""
    if isinstance(source, Contents):
        return source.sha256
    data = source.read_bytes() if isinstance(source, Path) else source or b""
    return hashlib.sha256(data).hexdigest()
