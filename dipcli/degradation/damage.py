"""What is wrong with a picture: the one place that decides, and says on what evidence.

    clean       nothing, or too little to be seen
    gaussian    white noise of one strength
    poisson     white noise that grows with the light
    photo       noise of a camera, which neighbours share
    jpeg        what coding as a JPEG did, as the file says it or the pixels show it
    impulse     values that say nothing, as black and white pixels all over
    photo+jpeg, gaussian+jpeg, poisson+jpeg   noise that was coded: it is treated as noise
    photo+impulse, gaussian+impulse, poisson+impulse   noise, and a few stuck pixels besides

A wrong "noise" paints over texture, a wrong "clean" leaves a picture as it is; so texture wins
ties. Where noise is likely but weak or not certain, the result may go only so far from its input.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from dipcli.degradation import impulses, outliers
from dipcli.degradation import noise as noises
from dipcli.degradation.cues import Cues, strength_of
from dipcli.degradation.jpeg_grid import detect
from dipcli.degradation.noise import Noise
from dipcli.pictures.coding import JpegCoding

LEAST_SIDE = 32  # pixels; a smaller picture has too few blocks to tell
FEW_COLOURS, FEW_GRAYS = 256, 16  # so few are drawn, scanned in two levels, or of a palette
VISIBLE = 1.0 / 255  # weaker noise is left alone
GRAIN = 4.4 / 255  # what scanned photographs have of their own reaches this (Peppers)
CERTAIN = 4.7 / 255
STRONG = 5 / 255  # in the colour that has least; fur has 3.6 after a fine coding
SLIGHT = 70  # the JPEG quality from which a picture that is no JPEG any more may count as clean
FINEST = 93  # the JPEG quality that pixels alone are believed to show
DOUBTED, DOUBTED_GRAY = 9 / 255, 20 / 255  # weaker noise that not all cues confirm is texture
SURE, SURE_GRAY = 0.35, 5.6 / 255  # share of conforming blocks, or a strength, to be sure in gray
COARSE = 0.54  # correlation of neighbours: cameras 0.58 to 0.68, the sky of F16 0.5
FAINT_LIMIT, LIMIT = 1.25 / 255, 2.35 / 255  # 46 dB and 40.6 dB from the input

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Damage:
    """What was found. kind: as above; noise: for the filters, none if clean.

    limit: how far the result may be from the input, as a root mean square in [0, 1]; inf where
    there is no doubt. coding: of the JPEG that is to be undone; impulses: (H, W, C) bool, True
    where values are lost; any_value: whether they may be any value; few: whether they are so few
    that `noise` and `limit` are of what is beside them. evidence: plain JSON, on the scale 0..255
    where it is a strength.
    """

    kind: str
    noise: Noise
    limit: float = math.inf
    coding: JpegCoding | None = None
    impulses: NDArray[np.bool_] | None = None
    any_value: bool = False
    few: bool = False
    evidence: dict[str, object] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether there is nothing to take away."""
        return self.noise.clean and self.coding is None and self.impulses is None

    @property
    def bounded(self) -> bool:
        """Whether the result cannot go too far: only lost values change, or what a file allows."""
        filled = self.impulses is not None and self.noise.clean
        return self.coding is not None or filled or self.limit < math.inf

    @property
    def sentence(self) -> str:
        """What was found, in a few words; strengths on the scale 0..255, at mid-gray."""
        if self.clean:
            return "clean: left as it was"
        if self.impulses is not None:
            what = "impulses of any value" if self.any_value else "salt and pepper"
            what = "hot or dead pixels" if self.few else what
            return f"{what}, {100 * float(self.impulses.mean()):.2g} % of the values"
        if self.coding is not None:
            return f"JPEG of quality {self.coding.quality}"
        level = 255 * math.sqrt(self.noise.sigma**2 + self.noise.gain / 2)
        if self.noise.kind == "photo":
            words = f"camera noise of about {level / noises.CORRELATED_EXCESS:.1f}"
        else:
            name = "Poisson noise" if self.noise.kind == "poisson" else "noise"
            words = f"{name} of sigma {level:.1f}"
        words += " in a JPEG" if self.kind.endswith("+jpeg") else ""
        return words if self.limit == math.inf else f"{words}, not certain: little is changed"

    def found_out(self) -> dict[str, object]:
        """What was found for the record, on the 0..255 scale, as plain JSON."""
        strength = {
            "sigma": round(255 * self.noise.sigma, 3),
            "gain": round(255 * self.noise.gain, 5),
        }
        told = {"found": self.sentence, "evidence": self.evidence}
        return {"noise": self.kind, **strength, **told}

    def part(self, rows: slice, columns: slice) -> Damage:
        """The same damage in a part of the picture."""
        coding = self.coding and self.coding.at(rows.start, columns.start)
        hit = None if self.impulses is None else self.impulses[rows, columns]
        return replace(self, coding=coding, impulses=hit)


def examine(observation: Values, kind: str = "auto", coding: JpegCoding | None = None) -> Damage:
    """What is wrong with `observation`, (H, W, C) float32 in [0, 1].

    kind: "auto" decides; the others are believed, and only their strength is measured. coding: of
    the JPEG file that the picture comes from; without one it is looked for in the pixels.
    """
    if kind == "impulse":
        return of_impulses(observation) or Damage("clean", Noise(0.0))
    if kind == "jpeg":
        coding = coding or seen(observation)
        return of_coding(coding) if coding else Damage("clean", Noise(0.0))
    if kind != "auto":
        believed = noises.estimate(observation, kind)
        return Damage("clean" if believed.clean else kind, believed)
    colours = few_colours(observation)
    if colours and coding is None:
        return Damage("clean", Noise(0.0), evidence={"colours": colours})
    lost = of_impulses(observation)
    if lost is not None and not (lost.few and coding):  # coding leaves no pixel alone
        return lost
    of_file = coding is not None
    coding = coding or seen(observation)
    found = of_noise(observation, coding)
    if coding is None:
        return found
    evidence = {**told(coding), **found.evidence}
    if found.noise.clean or found.limit < math.inf:  # what is doubtful is what coding has left
        slight = not of_file and coding.quality >= SLIGHT
        return replace(of_coding(coding), evidence=evidence, limit=LIMIT if slight else math.inf)
    return replace(found, kind=f"{found.kind}+jpeg", evidence=evidence)


def of_noise(observation: Values, coding: JpegCoding | None = None) -> Damage:
    """The noise of a picture, or none; coding: as a JPEG, after which no noise is white.

    A fine coding leaves texture as it is (of fur, as if it were noise), so that only strong noise
    is beyond doubt.
    """
    if min(observation.shape[:2]) < LEAST_SIDE:
        return tiny(observation)
    cues = Cues.of(observation)
    if coding is None:
        return shared(observation, cues) if cues.shared else white(cues)
    like_white = cues.strength > noises.CORRELATED_BELOW and cues.colour < STRONG
    like_white = like_white and not cues.tilted
    if coding.quality > FINEST and like_white:
        return Damage("clean", Noise(0.0), evidence=cues.evidence())
    return shared(observation, cues)


def of_impulses(observation: Values) -> Damage | None:
    """The impulses of a picture; None without any."""
    found = impulses.find(observation)
    if not found:
        return None
    share = {"impulses": found.kind, "share": round(found.share, 5)}
    anything = found.kind == "random"
    evidence = {**share, **found.evidence}
    if found.kind == "stuck":
        beside = of_noise(outliers.without(observation, found.mask))
        kind = "impulse" if beside.clean else f"{beside.kind}+impulse"
        evidence |= beside.evidence
        return replace(beside, kind=kind, impulses=found.mask, few=True, evidence=evidence)
    return Damage("impulse", Noise(0.0), impulses=found.mask, any_value=anything, evidence=evidence)


def seen(observation: Values) -> JpegCoding | None:
    """The coding that the pixels show; noise by chance looks like one of the finest."""
    coding = detect(observation)
    return coding if coding and coding.quality <= FINEST else None


def of_coding(coding: JpegCoding) -> Damage:
    """What coding as a JPEG has done."""
    return Damage("jpeg", Noise(0.0), coding=coding, evidence=told(coding))


def told(coding: JpegCoding) -> dict[str, object]:
    """A coding as evidence."""
    chroma = "gray" if coding.gray else "{}x{}".format(*coding.factors)
    return {"quality": coding.quality, "step": round(coding.step, 2), "chroma": chroma}


def tiny(observation: Values) -> Damage:
    """A picture too small for blocks: white noise, and little of it unless it is strong."""
    found = noises.estimate(observation, "white")
    strength = strength_of(found, observation)
    if strength < noises.CORRELATED_BELOW:
        return Damage("clean", Noise(0.0))
    return Damage(found.kind, found, math.inf if strength > DOUBTED else LIMIT)


def few_colours(observation: Values) -> int:
    """How many colours there are if they are so few that the picture was drawn, else 0."""
    flat = observation.reshape(-1, observation.shape[2])
    most = FEW_GRAYS if flat.shape[1] == 1 else FEW_COLOURS
    for part in (flat[:: max(1, len(flat) // 4096)], flat):  # a few tell most pictures apart
        count = len(np.unique(part, axis=0))
        if count > most:
            return 0
    return count


def white(cues: Cues) -> Damage:
    """Noise that is white, no stronger than the flattest blocks allow; but dark blocks tell little
    of strong noise that follows the light (of 15 to 120 photons: 0.5 dB in 14 pictures)."""
    follows = cues.agreed and cues.model.gain > 0 and cues.strength > DOUBTED and not cues.gray
    share = 1.0 if follows else min(1.0, cues.agreement)
    model, strength = scaled(cues.model, share), share * cues.strength
    doubted = DOUBTED_GRAY if cues.gray else DOUBTED
    if strength < VISIBLE or not (cues.agreed or strength > doubted or cues.gaussian):
        return Damage("clean", Noise(0.0), evidence=cues.evidence())
    sure = cues.agreed and (cues.confirmed[0] > SURE or not cues.gray or strength > SURE_GRAY)
    limit = limit_of(strength, sure or cues.surely_gaussian)
    return Damage(model.kind, model, limit, evidence=cues.evidence())


def shared(observation: Values, cues: Cues) -> Damage:
    """Noise that neighbours share, or texture."""
    if cues.level < VISIBLE or not (cues.certain or cues.nearly_formed):
        return Damage("clean", Noise(0.0), evidence=cues.evidence())
    model = noises.estimate(observation, "photo")
    coarse = cues.colourful or cues.shape.near > COARSE  # the grain of a film is finer
    limit = math.inf if cues.certain and coarse else limit_of(cues.level, cues.certain)
    return Damage("photo", model, limit, evidence=cues.evidence())


def limit_of(strength: float, sure: bool) -> float:
    """How far the result may go where noise has that strength, and whether all cues agree."""
    if strength < GRAIN or (strength < SURE_GRAY and not sure):
        return FAINT_LIMIT
    return math.inf if strength > CERTAIN and sure else LIMIT


def scaled(model: Noise, share: float) -> Noise:
    """Noise of `share` of the standard deviation."""
    return replace(model, sigma=share * model.sigma, gain=share**2 * model.gain)
