"""`dip learn`, made from what learning declares."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from dipcli.cli.commands import RestoringCommand, option_of
from dipcli.cli.options import FILE, NAME, NETWORK, WATCHING, HeadedOption, trailing_options
from dipcli.learning.settings import LearnOptions, LearnSettings
from dipcli.settings import FIRST, in_order, spec_of

HELP = """Learn to denoise from pairs, from clean pictures, or from noisy ones.

A and B are folders (or files) of noisy pictures of the same scenes, paired by name:
Noise2Noise. With --sigma or --noise, A is clean and gets its noise here. A alone is
noisy: its neighbouring pixels are the pairs (Neighbor2Neighbor).

\b
dip learn first/ second/ -o model.safetensors
dip learn clean/ --sigma 25 -o model.safetensors --time 1h
dip denoise photos/ --model model.safetensors -o out/
"""
SHARED = (
    *("device", "overwrite", "recursive", "max_pixels", "checkpoint", "seed"),
    *("dry_run", "curve", "as_json", "quiet", "verbose", "debug"),
)
OPTIONS = [one.name for one in fields(LearnOptions)]
SETTINGS = [one.name for one in fields(LearnSettings) if spec_of(one).flag]


def _params() -> list[click.Parameter]:
    """The two places, what learning declares, and what every command has of this."""
    shared = {one.name: one for one in trailing_options()}
    declared = [one for one in in_order(LearnSettings) if spec_of(one).flag]
    first = [one for one in declared if spec_of(one).heading == FIRST]
    rest = [one for one in declared if spec_of(one).heading != FIRST]
    output = HeadedOption(
        ["-o", "--output"],
        heading=FIRST,
        type=FILE,
        required=True,
        metavar="OUT",
        help="The model, a .safetensors file.",
    )
    validation = HeadedOption(
        ["--validation"],
        heading=WATCHING,
        type=NAME,
        metavar="FOLDER",
        help="To measure by: more clean pictures, or the truth of some of A.",
    )
    return [
        click.Argument(["noisy"], type=NAME, metavar="A"),
        click.Argument(["target"], type=NAME, metavar="[B]", required=False),
        output,
        *(option_of(one, FIRST) for one in in_order(LearnOptions)),
        *(option_of(one, FIRST) for one in first),
        *(shared[name] for name in SHARED),
        validation,
        *(option_of(one, NETWORK) for one in rest),
    ]


def _start(values: dict[str, Any]) -> int:
    from dipcli.batch.learning import Lesson
    from dipcli.batch.lesson_run import Watching, learn
    from dipcli.cli.render import Console
    from dipcli.cli.reporters import choose_reporter
    from dipcli.observers import Interrupt
    from dipcli.system import waiting

    waiting.asleep()
    asked = Lesson(
        noisy=Path(values["noisy"]),
        target=_path(values["target"]),
        output=values["output"],
        options=LearnOptions().override(**{name: values[name] for name in OPTIONS}),
        settings=LearnSettings().override(**{name: values[name] for name in SETTINGS}),
        validation=_path(values["validation"]),
        curve=_path(values["curve"]),
        **{name: values[name] for name in SHARED[:5]},
        seed=values["seed"],
    )
    console = Console(quiet=values["quiet"], as_json=values["as_json"])
    if values["dry_run"]:
        from dipcli.batch.lesson_plan import dry_run
        from dipcli.cli.planned import show_outcomes

        return show_outcomes([dry_run(asked)], console)
    stops = "finishing this step, then writing the model as it is; once more quits at once"
    interrupt = Interrupt(lambda: console.say(stops))
    reporter = choose_reporter(console, several=False, verbose=values["verbose"])
    with interrupt, reporter:
        reporter.begin(1)
        reporter.start(str(asked.noisy))
        outcome = learn(asked, Watching(interrupt, reporter.step, reporter.note))
        reporter.finish(outcome)
    return interrupt.exit_code or outcome.exit_code


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


learn = RestoringCommand(
    "learn",
    params=_params(),
    callback=lambda **values: _start(values),
    help=HELP,
    short_help=HELP.splitlines()[0],
    context_settings={"help_option_names": ["-h", "--help"]},
)
