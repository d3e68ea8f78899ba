"""Records as a Markdown table: a row for each picture, columns for each variant, a mean row."""

from collections.abc import Iterable, Sequence
from statistics import fmean
from string import ascii_uppercase
from typing import Any

Record = dict[str, Any]

# heading, field of the record, digits
COLUMNS = (("PSNR", "psnr", 2), ("SSIM", "ssim", 4), ("s", "seconds", 1), ("peak MB", "peak_mb", 0))
WATCHED = (
    ("stopped", "stopped_at", 0),
    ("best step", "best_step", 0),
    ("best PSNR", "best_psnr", 2),
    ("gap", "gap", 2),
)


def markdown(records: Sequence[Record]) -> str:
    """The table of one suite.

    Several variants are called A, B, ...; with two of them a last column gives the second's
    PSNR minus the first's. `gap` is the PSNR lost against the best step of the same run. Means
    are over the pictures of a column.
    """
    variants = list(dict.fromkeys(record["variant"] for record in records))
    pictures = list(dict.fromkeys(record["picture"] for record in records))
    cells = {(r["picture"], r["variant"]): {**r, "gap": _gap(r)} for r in records}
    columns = [(v, *c) for v in variants for c in COLUMNS + _extra(records, v)]

    head = ["picture", f"{records[0]['yardstick']} PSNR"]
    mark = {v: f"{letter}: " for v, letter in _letters(variants).items()}
    head += [mark.get(v, "") + name for v, name, _, _ in columns]
    rows: list[list[float | None]] = []
    for picture in pictures:
        row = [_yardstick(records, picture)]
        row += [cells.get((picture, v), {}).get(key) for v, _, key, _ in columns]
        rows.append(row)
    digits = [2, *(n for *_, n in columns)]
    if len(variants) == 2:
        head.append("difference")
        digits.append(2)
        for picture, row in zip(pictures, rows, strict=True):
            row.append(_difference(cells.get((picture, v)) for v in variants))
    mean = [_mean(column) for column in zip(*rows, strict=True)]
    body = [[p, *_texts(row, digits)] for p, row in zip(pictures, rows, strict=True)]
    body.append(["**mean**", *(f"**{t}**" if t else "" for t in _texts(mean, digits))])
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def caption(records: Sequence[Record]) -> str:
    """What the table's figures and letters stand for, in one line."""
    variants = list(dict.fromkeys(record["variant"] for record in records))
    letters = _letters(variants)
    names = [f"{letters[v]} = `{v}`" if v in letters else f"`{v}`" for v in variants]
    parts = [f"`{records[0]['suite']}`", *names]
    facts = dict.fromkeys(
        f"{r['device']}, {r['threads']} threads, torch {r['torch']}, code {r['code']}"
        for r in records
    )
    return f"{' · '.join(parts)} ({'; '.join(facts)})"


def _letters(variants: Sequence[str]) -> dict[str, str]:
    """A, B, ... for several variants; none for one."""
    return dict(zip(variants, ascii_uppercase, strict=False)) if len(variants) > 1 else {}


def _extra(records: Sequence[Record], variant: str) -> tuple[tuple[str, str, int], ...]:
    mine = [record for record in records if record["variant"] == variant]
    gpu = (("GPU MB", "gpu_mb", 0),) if any(r["gpu_mb"] is not None for r in mine) else ()
    return gpu + (WATCHED if any("best_psnr" in r for r in mine) else ())


def _gap(record: Record) -> float | None:
    return float(record["best_psnr"] - record["psnr"]) if "best_psnr" in record else None


def _yardstick(records: Sequence[Record], picture: str) -> float | None:
    return next(float(r["yardstick_psnr"]) for r in records if r["picture"] == picture)


def _difference(pair: Iterable[Record | None]) -> float | None:
    first, second = (record["psnr"] if record else None for record in pair)
    return None if first is None or second is None else float(second - first)


def _mean(column: Sequence[float | None]) -> float | None:
    known = [value for value in column if value is not None]
    return fmean(known) if known else None


def _texts(row: Sequence[float | None], digits: Sequence[int]) -> list[str]:
    return ["" if value is None else f"{value:.{n}f}" for value, n in zip(row, digits, strict=True)]
