"""One picture that is painted on: its mask, what was made with it, and where both are kept."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dipcli.batch.outcome import Outcome
from dipcli.batch.outputs import Outputs
from dipcli.batch.request import Job, Request
from dipcli.batch.uptodate import read_record
from dipcli.batch.work import Hooks, process_job
from dipcli.errors import MaskError, UsageError
from dipcli.observers import Interrupt, Reading
from dipcli.painting.suggesting import layer_of, suggested
from dipcli.pictures import Picture, encode, publish, publish_beside, read
from dipcli.report.layers import Layer, layer, levels
from dipcli.report.words import words
from dipcli.system.placing import look

CANVAS = 16_000_000  # pixels that a browser paints on; on a larger picture the mask is coarser
MASK = "mask.png"


class Stop(Interrupt):
    """Ends a run that the page or a signal stopped."""

    def __init__(self, outer: Interrupt) -> None:
        """outer: of the program."""
        super().__init__()
        self._outer = outer
        self.asked = False

    @property
    def came(self) -> bool:
        """Whether to end."""
        return self.asked or self._outer.came


@dataclass
class State:
    """What the page is told. results: how many were made; saved: the paths, as texts."""

    busy: bool = False
    done: int = 0
    total: int = 0
    results: int = 0
    message: str = ""
    words: tuple[str, ...] = ()
    saved: tuple[str, ...] = ()


class Session:
    """Paint, fill, look, paint on, save. Runs are made in the thread that calls `fill`."""

    def __init__(
        self, job: Job, request: Request, companion: str, folder: Path, interrupt: Interrupt
    ) -> None:
        """job: as planned, with a mask of this session's as `companion`; folder: for its files."""
        self.name, self.companion = job.name, companion
        self.verb = "Fill" if request.task == "inpaint" else "Restore"
        self._job, self._folder, self._interrupt = job, folder, interrupt
        self._request = replace(request, overwrite=True)
        self._outputs = Outputs(job)
        picture = read(job.source, max_pixels=request.max_pixels)
        self._size = picture.size
        self._before = layer("before", "as it came", levels(picture.pixels, picture.alpha))
        marked = suggested(picture) if request.task == "inpaint" else None
        self.suggestion = None if marked is None else layer_of(marked, self.canvas)
        assert job.output is not None
        self._mask_place = look(job.output.with_name(f"{Path(job.relative).stem}_mask.png"))
        self._mask_saved = False
        self._made: Outcome | None = None
        self._after: Layer | None = None
        self._stop = Stop(interrupt)
        self._lock = threading.Lock()
        self.state = State()

    @property
    def canvas(self) -> tuple[int, int]:
        """(W, H) of what is painted on."""
        width, height = self._size
        share = min(1.0, (CANVAS / (width * height)) ** 0.5)
        return max(1, int(width * share)), max(1, int(height * share))

    @property
    def layers(self) -> list[Layer]:
        """The picture, and its latest result."""
        return [one for one in (self._before, self._after) if one is not None]

    @property
    def files(self) -> list[Layer]:
        """All that the page may ask for."""
        return [*self.layers, *([self.suggestion] if self.suggestion else [])]

    def begin(self) -> None:
        """A mask is on its way to `fill`."""
        self._stop = Stop(self._interrupt)
        self._set(busy=True, done=0, total=0, message="")

    def fill(self, painted: bytes) -> None:
        """Restore with a mask that was painted: a PNG of the canvas's size, white where marked."""
        try:
            self._fill(painted)
        except (MaskError, UsageError) as error:
            self._set(message=str(error))
        finally:
            self._set(busy=False)

    def _fill(self, painted: bytes) -> None:
        mask = self._folder / MASK
        mask.write_bytes(self._mask_file(painted))
        place = self._folder / f"result{Path(str(self._job.output)).suffix}"
        made = {**self._job.companions, self.companion: mask}
        job = replace(self._job, output=place, companions=made, planned=())
        outcome = process_job(job, self._request, Hooks(self._stop, self._reading, self._note))
        if outcome.exit_code or not place.is_file() or not outcome.record:
            self._set(message=outcome.message or "stopped; nothing was made")
            return
        restored = read(place, max_pixels=None)
        shown = levels(restored.pixels, restored.alpha)
        self._after = layer("after", self._request.task_class.made, shown)
        self._made = outcome
        told = tuple(words(outcome.to_json()))
        self._set(results=self.state.results + 1, words=told)

    def _mask_file(self, painted: bytes) -> bytes:
        """The mask in the size of the picture, as a PNG file. Raises MaskError."""
        from PIL import Image, UnidentifiedImageError

        try:
            with Image.open(io.BytesIO(painted), formats=["PNG"]) as image:
                if image.size != self.canvas:
                    raise MaskError("the mask has another size than the canvas; reload the page")
                gray = image.convert("L").resize(self._size, Image.Resampling.NEAREST)
        except (UnidentifiedImageError, OSError) as error:
            raise MaskError("the mask that was sent is no PNG; reload the page") from error
        white = (np.asarray(gray) > 127).astype(np.float32)
        if not white.any():
            raise MaskError("nothing is painted yet; mark what is to be filled")
        return encode(Picture(np.ascontiguousarray(white[..., None])), "PNG")

    def stop(self) -> None:
        """End the run; what it made so far is shown."""
        self._stop.asked = True

    def save(self) -> None:
        """Write the latest result to its place and the mask beside it; `state.saved` tells."""
        if self._made is None:
            self._set(message="there is no result to save yet")
            return
        place = self._folder / f"result{Path(str(self._job.output)).suffix}"
        record = read_record(place)
        assert record is not None
        self._outputs.put_picture(place.read_bytes(), record, None)
        output = self._job.output
        assert output is not None
        found = self._outputs.kept.get(output, output)
        self._set(saved=(str(found), str(self._save_mask())), message="")

    def _save_mask(self) -> Path:
        """Beside the result; a file of that name which is not of this session stays."""
        data, place = (self._folder / MASK).read_bytes(), self._mask_place
        free = place.mark is None or self._mask_saved
        self._mask_place = (free and publish(place, data)) or publish_beside(place.path, data)
        self._mask_saved = True
        return self._mask_place.path

    @property
    def outcome(self) -> Outcome | None:
        """What was saved, as the run's outcome; None if nothing was."""
        if self._made is None or not self.state.saved:
            return None
        return replace(self._made, output=self.state.saved[0], name=self.name)

    def told(self) -> dict[str, Any]:
        """The state as plain JSON."""
        with self._lock:
            return dict(vars(self.state))

    def _set(self, **facts: Any) -> None:
        with self._lock:
            self.state = replace(self.state, **facts)

    def _reading(self, reading: Reading) -> None:
        self._set(done=reading.done, total=reading.total)

    def _note(self, text: str) -> None:
        self._set(message=text)
