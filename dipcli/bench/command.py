"""The benchmark's command line."""

import argparse
import shlex
import sys
from pathlib import Path

from dipcli.bench import cell, runner, scaling, table
from dipcli.bench.cases import SUITES, Case, cases
from dipcli.bench.orders import Order, Variant
from dipcli.errors import DipError, UsageError

EPILOG = """\
examples:
  python -m dipcli.bench DATA --suite denoise --sigma 25 50 --preset fast --against preset=auto
  python -m dipcli.bench DATA --suite inpaint --set iters=100 --only house --save
  python -m dipcli.bench DATA --suite scaling --preset fast --against preset=auto
  python -m dipcli.bench DATA --suite denoise --watch --against stop=none
"""


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark; 0 all measured, 1 a cell failed, 2 the request is wrong, 130 stopped."""
    args = _parser().parse_args(argv)
    try:
        variants = _variants(args)
        chosen = _cases(args)
        orders = [
            Order(case, variant, args.watch, _picture(args, case, variant))
            for case in chosen
            for variant in variants  # interleaved: the machine's moods hit all variants alike
        ]
        for order in orders:
            cell.check(order)
        records, failures = runner.run(orders, args.out, _say)
    except DipError as error:
        _say(f"bench: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        _say("bench: stopped; the same command goes on from here")
        return 130
    for suite in dict.fromkeys(record["suite"] for record in records):
        _show(suite, [r for r in records if r["suite"] == suite], args.out)
    return 1 if failures else 0


def _show(suite: str, records: list[runner.Record], out: Path) -> None:
    shown = scaling.markdown if suite == "scaling" else table.markdown
    text = f"{table.caption(records)}\n\n{shown(records)}"
    print(text, flush=True)
    (out / f"{suite}.md").write_text(text)


def _variants(args: argparse.Namespace) -> list[Variant]:
    first = Variant(args.preset, {}, args.device, args.seed).changed(args.set)
    others = [first.changed(shlex.split(text)) for text in args.against]
    variants = list(dict.fromkeys([first.label, *(v.label for v in others)]))
    if len(variants) <= len(others):
        raise UsageError("two variants are the same; --against must change something")
    return [first, *others]


def _cases(args: argparse.Namespace) -> list[Case]:
    if not args.data.is_dir():
        raise UsageError(f"{args.data} is not a folder; give the folder of the standard pictures")
    levels = {"denoise": args.sigma, "superres": args.scale, "poisson": args.peak}
    levels |= {"unclipped": args.sigma}
    levels |= dict.fromkeys(("jpeg", "jpeg-gray"), args.quality)
    levels |= dict.fromkeys(("impulse", "impulse-random"), args.share) | {"camera": args.strength}
    found = [
        case
        for suite in args.suite
        for level in levels.get(suite) or [None]
        for case in cases(args.data, suite, level)
    ]
    if not args.only:
        return found
    chosen = [c for c in found if any(word.lower() in c.picture.lower() for word in args.only)]
    if not chosen:
        names = ", ".join(dict.fromkeys(case.picture for case in found))
        raise UsageError(f"no picture is called {' or '.join(args.only)}; there are {names}")
    return chosen


def _picture(args: argparse.Namespace, case: Case, variant: Variant) -> Path | None:
    if not args.save:
        return None
    folder: Path = args.out / "pictures" / case.title / variant.label.replace("/", "_")
    return folder / f"{case.picture}.png"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dipcli.bench",
        description="Measure presets on the standard pictures: PSNR, SSIM, seconds, memory.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("data", type=Path, metavar="DATA_FOLDER", help="folder with cbm3d9, set5, set11_dip, ...")
    add("--suite", choices=SUITES, nargs="+", required=True, help="what to measure")
    add("--sigma", type=int, nargs="+", help="denoise, unclipped: noise levels of 255 (25)")
    add("--scale", type=int, nargs="+", choices=(2, 3, 4, 8), help="superres: factors (4)")
    add("--peak", type=int, nargs="+", help="poisson: photons at white (30)")
    add("--quality", type=int, nargs="+", help="jpeg: qualities (10 20 40 75)")
    add("--share", type=int, nargs="+", help="impulse: lost pixels in percent (10 30)")
    add("--strength", type=int, nargs="+", help="camera: noise of 255 at middle gray (5 12 25)")
    add("--preset", default="auto", help="the preset to measure (auto)")
    add("--set", nargs="+", default=[], metavar="NAME=VALUE", help="replace fields of the preset")
    add(
        "--against",
        action="append",
        default=[],
        metavar="'NAME=VALUE ...'",
        help="a second variant, side by side: the first with these fields (or preset) changed",
    )
    add("--only", nargs="+", metavar="NAME", help="only pictures whose name holds one of these")
    add("--watch", action="store_true", help="find each run's best step (its time is not counted)")
    add("--device", default="auto", help="auto, cpu, cuda, cuda:N, mps")
    add("--seed", type=int, default=0)
    add("--out", type=Path, default=Path("bench-results"), help="folder for results and tables")
    add("--save", action="store_true", help="keep the restored pictures as PNG under OUT/pictures")
    return parser
