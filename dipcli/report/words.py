"""A record in words: what was found, what was done, and how far the result can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WHITE = 0.9  # of `whiteness`: neighbours in the residual are as good as independent
SMOOTH = 0.45  # of `structure`: what was taken away holds none of the picture


def words(record: Mapping[str, Any]) -> list[str]:
    """Sentences on one result, the warning first."""
    notes: Mapping[str, Any] = record.get("notes") or {}
    trust: Mapping[str, Any] = notes.get("trust") or {}
    told = [*_warning(trust), *_found(notes), *_taken(trust), *_left(trust), *_agreement(trust)]
    return [*told, *_measured(record), *_gave_up(notes), *_ended(record, trust)]


def facts(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a result was made with, a name and a value each."""
    rows = [
        ("task", record.get("task")),
        ("preset", record.get("preset")),
        ("seed", record.get("seed")),
        ("device", record.get("device")),
        ("steps", record.get("stopped_at")),
        ("seconds", record.get("seconds")),
        ("version", record.get("version")),
    ]
    settings: Mapping[str, Any] = record.get("settings") or {}
    rows += [
        (name.replace("_", " "), value) for name, value in settings.items() if name != "preset"
    ]
    return [(name, _plain(value)) for name, value in rows if value is not None]


def noise_of(record: Mapping[str, Any]) -> float | None:
    """The noise of the input, 0..255, by which a gallery is sorted; None where it is not known."""
    trust = (record.get("notes") or {}).get("trust") or {}
    value = trust.get("noise_before")
    return float(value) if isinstance(value, int | float) else None


def _warning(trust: Mapping[str, Any]) -> list[str]:
    return [f"Look closely: {trust['warning']}."] if trust.get("warning") else []


def _found(notes: Mapping[str, Any]) -> list[str]:
    found = notes.get("found")
    return [f"Found: {found}."] if found else []


def _taken(trust: Mapping[str, Any]) -> list[str]:
    """What the residual tells."""
    residual, white, structure = (trust.get(k) for k in ("residual", "whiteness", "structure"))
    if residual is None:
        return []
    if not residual:
        return ["Nothing was changed."]
    told = f"{residual:.1f} of 255 levels were changed in the mean"
    if white is None or structure is None:
        return [f"{told}."]
    noise = "white" if white >= WHITE else "correlated between neighbours"
    holds = "holds no structure" if structure <= SMOOTH else "holds some of the picture's structure"
    return [f"{told}; what was taken away is {noise} and {holds}."]


def _left(trust: Mapping[str, Any]) -> list[str]:
    before, after = trust.get("noise_before"), trust.get("noise_after")
    if before is None or after is None:
        return []
    return [f"Noise before: {before:.1f} of 255 levels. Noise after: {after:.1f}."]


def _agreement(trust: Mapping[str, Any]) -> list[str]:
    spread = trust.get("spread")
    return [f"The estimates differ by {spread:.1f} levels in the mean."] if spread else []


def _measured(record: Mapping[str, Any]) -> list[str]:
    psnr, ssim = record.get("psnr"), record.get("ssim")
    if psnr is None:
        return []
    similar = f", SSIM {ssim:.4f}" if ssim is not None else ""
    return [f"Against the reference: PSNR {psnr:.2f} dB{similar}."]


def _gave_up(notes: Mapping[str, Any]) -> list[str]:
    return [f"{str(text)[:1].upper()}{str(text)[1:]}." for text in notes.get("gave_up", [])]


def _ended(record: Mapping[str, Any], trust: Mapping[str, Any]) -> list[str]:
    why = trust.get("why")
    if not why:
        return []
    partial = "The run was interrupted; this is the best so far. " if record.get("partial") else ""
    return [f"{partial}It ended after {trust.get('stopped_at')} steps: {why}."]


def _plain(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)
