"""One HTML file that opens from disk in any browser and asks the network for nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files
from typing import Any
from urllib.parse import quote

import dipcli
from dipcli.report.layers import data_uri
from dipcli.report.view import View
from dipcli.report.words import facts, noise_of, words

GENERATOR = '<meta name="generator" content="dip '

# Where a picture of the page is: the place of its file, from the page; None to hold it within.
Keep = Callable[[str, bytes], str]


def entry(
    line: Mapping[str, Any],
    view: View | None,
    command: str = "",
    links: Mapping[str, str] | None = None,
    keep: Keep | None = None,
) -> dict[str, Any]:
    """What the page knows of one picture; plain JSON.

    line: its JSON line, as `Outcome.to_json` gives it; command: what makes the same again; links:
    the addresses of the files that belong to it, by what they are; keep: writes a picture
    beside the page and says its path from there, None to hold all within the page.
    """
    shown = {} if view is None else _shown(view, keep)
    return {
        "name": line["input"],
        "status": line["status"],
        "message": line.get("error") or line.get("message") or "",
        "seconds": line.get("seconds"),
        "noise": noise_of(line),
        "psnr": line.get("psnr"),
        "words": words(line),
        "facts": facts(line),
        "command": command,
        "links": dict(links or {}),
        **shown,
    }


def _shown(view: View, keep: Keep | None) -> dict[str, Any]:
    def placed(name: str, data: bytes, suffix: str) -> str:
        return data_uri(data, suffix) if keep is None else quote(keep(name + suffix, data))

    layers = [
        {"name": one.name, "label": one.label, "src": placed(one.name, one.data, one.suffix)}
        for one in view.layers
    ]
    return {
        "size": list(view.size),
        "layers": layers,
        "thumbs": list(view.thumbs),
        "charts": list(view.charts),
        "strip": placed("steps", view.strip, ".webp") if view.strip else "",
    }


def page(
    title: str,
    entries: Iterable[Mapping[str, Any]],
    *,
    gallery: bool,
    sheets: Mapping[str, str] | None = None,
) -> bytes:
    """The whole page; gallery: whether it begins with all pictures, though there be one.

    sheets: the addresses of pictures of all of them together, by what each shows.
    """
    above = [{"label": what, "src": place} for what, place in (sheets or {}).items()]
    facts = {"title": title, "gallery": gallery, "sheets": above, "entries": list(entries)}
    parts = {"DATA": as_data(facts), "SCRIPT": asset("page.js")}
    return assembled(asset("page.html"), parts)


def asset(name: str, room: str = "dipcli.report") -> str:
    """A text that pages are made of."""
    return (files(room) / "assets" / name).read_text("utf-8")


def assembled(template: str, parts: Mapping[str, str]) -> bytes:
    """A page from its template, in which @@NAME@@ stands for a part; some are common to all."""
    common = {
        "GENERATOR": f'{GENERATOR}{dipcli.__version__}">',
        "STYLE": asset("page.css"),
        "COMPARE": asset("compare.js"),
    }
    pieces = template.split("@@")
    named = {**common, **parts}
    pieces[1::2] = [named[name] for name in pieces[1::2]]
    return "".join(pieces).encode()


def as_data(value: object) -> str:
    """JSON that may stand within a script element, whatever its texts hold."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = text.encode("utf-8", "replace").decode()  # names that are no UTF-8
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def is_ours(data: bytes) -> bool:
    """Whether a file is such a page, which the next one may replace."""
    return GENERATOR.encode() in data[:1024]
