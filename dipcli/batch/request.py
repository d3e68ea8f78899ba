"""What the user asked for, once for all pictures, and the single jobs it becomes."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import dipcli
from dipcli.batch.crop import Crop
from dipcli.pictures import Contents, Header, Seen
from dipcli.tasks import TASKS, Task
from dipcli.tasks.companions import ALPHA, Companion


@dataclass(frozen=True, kw_only=True)
class Request:
    """One command, the same for every picture; plain values only, so that it can be sent.

    options: of the task alone (`sigma`, `scale`, ...), overrides: fields of its settings; both
    hold only what the user gave. companions: by their names, a file, a folder, or ALPHA.
    """

    task: str
    options: Mapping[str, object] = field(default_factory=dict)
    preset: str = "auto"
    overrides: Mapping[str, object] = field(default_factory=dict)
    device: str = "auto"
    seed: int = 0
    crop: Crop | None = None
    companions: Mapping[str, Path | str] = field(default_factory=dict)
    reference: Path | None = None
    gif: str | None = None  # templates of the files beside the result
    gif_every: int | None = None
    curve: str | None = None
    uncertainty: str | None = None
    report: Path | None = None  # the page of the whole run
    format: str | None = None
    quality: int = 95
    max_pixels: int = 500_000_000
    overwrite: bool = False
    preserve: bool = False
    keep_partial: bool = True
    checkpoint: Path | None = None
    from_folder: tuple[str, ...] = ()  # settings that the current folder's dip.toml decided

    @property
    def task_class(self) -> type[Task[Any, Any]]:
        """The class of the task that it names."""
        return TASKS[self.task]

    @property
    def scale(self) -> int:
        """How many times larger than its input a result is."""
        return self.task_class.scale_of(self.task_class.Options().override(**self.options))

    @property
    def given_companions(self) -> list[Companion]:
        """The companions that were given, as the task declares them."""
        return [one for one in self.task_class.companions if one.name in self.companions]

    def given(self, name: str) -> bool:
        """Whether an option is set that is a flag."""
        return bool(self.options.get(name))

    @property
    def mixes(self) -> bool:
        """Whether controls or a protecting mask change what was restored."""
        rendering = self.task_class.Options.rendering() & set(self.options)
        return bool(rendering) or any(one.renders for one in self.given_companions)

    def without_controls(self) -> Request:
        """The same for the restoration as it is."""
        renders = {one.name for one in self.given_companions if one.renders}
        left = {name: path for name, path in self.companions.items() if name not in renders}
        return replace(self, options=self.options_of_run(), companions=left)

    def without(self, names: Container[str]) -> Request:
        """The same but for overrides, and the seed, that change nothing."""
        overrides = {name: value for name, value in self.overrides.items() if name not in names}
        seed = 0 if "seed" in names else self.seed
        told = tuple(name for name in self.from_folder if name not in names)
        return replace(self, overrides=overrides, seed=seed, from_folder=told)

    def options_of_run(self) -> dict[str, object]:
        """The options that a run depends on."""
        rendering = self.task_class.Options.rendering()
        return {name: value for name, value in self.options.items() if name not in rendering}

    def identity(self) -> dict[str, object]:
        """What decides the bytes of a result beside those of the input; plain JSON types."""
        return {
            "task": self.task,
            "options": dict(self.options),
            "preset": self.preset,
            "overrides": dict(self.overrides),
            "seed": self.seed,
            "crop": str(self.crop) if self.crop else None,
            "quality": self.quality,
            **{name: path if path == ALPHA else True for name, path in self.companions.items()},
        }

    def digest(self) -> str:
        """A short name for `identity()`: equal for equal requests, on any machine."""
        text = json.dumps(self.identity(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def command(self) -> str:
        """The command line without its files: what to type to make the same again."""
        words: list[object] = ["dip", self.task, "--preset", self.preset]
        for name, value in {**self.options, **self.overrides}.items():
            flag = f"--{name.replace('_', '-')}"
            switch = value is True and name in self.options
            words += [flag] if switch else [flag, word(value)]
        for name, path in self.companions.items():
            words += [f"--{name}", ALPHA] if path == ALPHA else []
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
    companions: Mapping[str, Path | bytes] = field(default_factory=dict)  # bytes: what was read
    reference: Path | None = None
    gif: Path | None = None
    curve: Path | None = None
    uncertainty: Path | None = None
    several: bool = False  # one of many: an outdated result of ours is made again
    note: str | None = None  # what the plan decided that the user did not ask for
    planned: tuple[Seen, ...] = ()  # what stood at `outputs.output_files` when the run began
    request: Request | None = None  # its own, where the jobs of a run are not all asked for alike

    @property
    def side_files(self) -> dict[str, Path]:
        """The files that are written beside the result, by what they are."""
        files = {"gif": self.gif, "curve": self.curve, "uncertainty": self.uncertainty}
        return {what: path for what, path in files.items() if path}

    @property
    def sides(self) -> tuple[Path, ...]:
        """The paths of these files."""
        return tuple(self.side_files.values())


def fingerprint(job: Job, request: Request) -> str:
    """What this result is made of: input, companions, request and version, as one sha256."""
    whole = hashlib.sha256(bytes.fromhex(contents(job.source)))
    for name, source in sorted(job.companions.items()):
        whole.update(f"{name} {contents(source)}".encode())
    for text in (request.digest(), job.format, dipcli.__version__):
        whole.update(text.encode() + b"\0")
    return whole.hexdigest()


def made_from(job: Job) -> dict[str, str]:
    """The sha256 of the files that decide a result: of the input and of its companions."""
    return {name: contents(one) for name, one in {"input": job.source, **job.companions}.items()}


def contents(source: Path | bytes | None) -> str:
    """The sha256 of a file's bytes; of nothing for None."""
    if isinstance(source, Contents):
        return source.sha256
    data = source.read_bytes() if isinstance(source, Path) else source or b""
    return hashlib.sha256(data).hexdigest()
