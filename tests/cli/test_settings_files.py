"""Flag beats environment beats ./dip.toml beats the user's dip.toml beats the preset."""

from pathlib import Path

import click
import pytest
from drawing import QUICK, draw, opened

from dipcli.batch.uptodate import read_record


@pytest.fixture
def planned(tmp_path, dip):
    """The command that a dry run of `dip denoise` stands for."""
    from dipcli.cli import restoring

    draw(tmp_path / "a.png")
    seen = []
    make_plan = restoring.make_plan

    def watched(places, request):
        seen.append(request)
        return make_plan(places, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(restoring, "make_plan", watched)

        def call(*args):
            ran = dip("denoise", "a.png", "-n", *args)
            assert ran.code == 0, ran.err
            return seen[-1]

        yield call


def test_the_order_of_precedence(planned, monkeypatch):
    user = Path(click.get_app_dir("dip"))
    user.mkdir(parents=True)
    assert planned().overrides == {}
    (user / "dip.toml").write_text('preset = "paper"\niters = 5\n[denoise]\nsigma = 10\n')
    assert planned().overrides == {"iters": 5}
    assert planned().preset == "paper"
    assert planned().options["sigma"] == 10
    Path("dip.toml").write_text("[denoise]\niters = 6\nchannels = [8, 16]\n")
    assert planned().overrides == {"iters": 6, "channels": (8, 16)}
    assert planned().preset == "paper"
    monkeypatch.setenv("DIP_DENOISE_ITERS", "7")
    monkeypatch.setenv("DIP_DENOISE_PRESET", "best")
    assert planned().overrides["iters"] == 7
    assert planned().preset == "best"
    assert planned("--iters", 8, "--preset", "paper").overrides["iters"] == 8
    assert planned("--preset", "paper", "--iters", 8).preset == "paper"


def test_settings_of_other_commands_are_let_be(planned):
    Path("dip.toml").write_text("scale = 2\n[superres]\nscale = 8\n[inpaint]\nmask = 'm.png'\n")
    assert "scale" not in planned().options


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("itres = 5", "unknown setting 'itres'; did you mean 'iters'?"),
        ("[denoise]\nsigmma = 5", "unknown setting [denoise] 'sigmma'; did you mean 'sigma'?"),
        ("[denois]\nsigma = 5", "unknown setting 'denois'; did you mean 'denoise'?"),
        ("iters = ", "dip.toml cannot be read"),
        ("iters = 'many'", "'--iters'"),
    ],
)
def test_a_bad_file_is_told(text, message, tmp_path, dip):
    draw(tmp_path / "a.png")
    Path("dip.toml").write_text(text)
    ran = dip("denoise", "a.png", "-n")
    assert ran.code == 2
    assert message in ran.err
    assert dip("denoise", "--help").code == 0


def test_superres_scale_from_a_file(tmp_path, dip):
    draw(tmp_path / "a.png")
    Path("dip.toml").write_text("[superres]\nscale = 2\n")
    assert dip("superres", "a.png", "-n").code == 0


WRITES = [
    "overwrite = true",
    "name = '../home/letter.png'",
    "curve = '/tmp/x.csv'",
    "gif = 'x.gif'",
    "uncertainty = 'x.png'",
    "checkpoint = 'x.ckpt'",
    "format = 'jpg'",
    "recursive = true",
    "cluster = 'tcp://host:8786'",
    "quiet = true",
    "max-pixels = 5",
    "no_partial = true",
]


def user_file(text):
    """The user's own dip.toml."""
    path = Path(click.get_app_dir("dip")) / "dip.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("text", WRITES)
@pytest.mark.parametrize("section", ["", "[denoise]\n"])
def test_a_folder_does_not_say_where_to_write_or_what_to_replace(text, section, tmp_path, dip):
    draw(tmp_path / "a.png")
    letter = tmp_path / "a_denoise.png"
    letter.write_text("precious")
    Path("dip.toml").write_text(section + text)
    ran = dip("denoise", "a.png", "-q", *QUICK)
    key = text.split(" =")[0]
    assert ran.code == 2
    assert ran.err.startswith(f"dip: dip.toml: '{key}' is not for a folder to set; give --")
    assert str(Path(click.get_app_dir("dip"))) in ran.err
    assert ran.err.count("\n") == 1
    assert letter.read_text() == "precious"
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["a.png", "a_denoise.png", "dip.toml"]


def test_the_executable_refuses_a_foreign_folder(tmp_path, process):
    """The folder that somebody sent: a run in it must not touch what lies beside it."""
    draw(tmp_path / "sent/a.png")
    letter = tmp_path / "letter.png"
    letter.write_text("precious")
    text = "overwrite = true\nformat = 'png'\nname = '../letter.png'\nquiet = true\n"
    (tmp_path / "sent/dip.toml").write_text(text)
    ran = process("denoise", "a.png", *QUICK, cwd=tmp_path / "sent")
    assert ran.code == 2
    assert letter.read_text() == "precious"
    assert "is not for a folder to set" in ran.err


def test_the_own_file_may_say_where_to_write(tmp_path, dip):
    draw(tmp_path / "a.png")
    user_file("overwrite = true\nname = '{stem}_x{suffix}'\ncurve = '{stem}.csv'\n")
    (tmp_path / "a_x.png").write_text("old")
    ran = dip("denoise", "a.png", *QUICK)
    assert ran.code == 0, ran.err
    assert "settings from" not in ran.err
    assert opened(tmp_path / "a_x.png").size == (20, 16)
    assert (tmp_path / "a.csv").is_file()


def test_in_the_place_of_the_own_file_it_stays_the_own(tmp_path, dip, monkeypatch):
    path = user_file("overwrite = true\n")
    monkeypatch.chdir(path.parent)
    draw(path.parent / "a.png")
    assert dip("denoise", "a.png", "-n", *QUICK).code == 0


def test_that_a_folder_decided_is_said_and_recorded(tmp_path, dip):
    draw(tmp_path / "a.png")
    Path("dip.toml").write_text("seed = 3\niters = 1\n[denoise]\nsigma = 20\n")
    ran = dip("denoise", "a.png", "-o", "x.png", "--json", *QUICK)
    assert ran.code == 0
    assert ran.err.splitlines()[0] == "dip: settings from dip.toml: seed, sigma"
    assert ran.json[0]["dip.toml"] == ["seed", "sigma"], "a flag beats iters"
    assert read_record(tmp_path / "x.png")["dip.toml"] == ["seed", "sigma"]

    quiet = dip("denoise", "a.png", "-o", "y.png", "-q", *QUICK)
    assert (quiet.code, quiet.err) == (0, "")
    Path("dip.toml").unlink()
    same = dip("denoise", "a.png", "-o", "x.png", "--seed", 3, "--sigma", 20, *QUICK)
    assert "x.png is up to date" in same.err
    assert "settings from" not in same.err
    ran = dip("denoise", "a.png", "-o", "z.png", "--json", *QUICK)
    assert "dip.toml" not in ran.json[0]


def test_what_a_folder_decided_is_not_said_of_a_result_turned_since(tmp_path, dip):
    draw(tmp_path / "a.png")
    words = ("denoise", "a.png", "-o", "x.png", "--sigma", 20, *QUICK)
    Path("dip.toml").write_text("[denoise]\nsigma = 20\nseed = 0\n")
    assert dip(*words).code == 0
    assert "dip.toml" in read_record(tmp_path / "x.png")
    Path("dip.toml").unlink()
    ran = dip(*words, "--strength", 0.5, "--overwrite", "--json")
    assert "reused" in ran.json[0]
    assert "dip.toml" not in ran.json[0]


BAD = [
    ("iters = 'many'", "dip.toml, iters: Invalid value for '--iters'"),
    ("iters = 5.5", "dip.toml, iters: Invalid value for '--iters'"),
    ("iters = true", "dip.toml, iters: Invalid value for '--iters'"),
    ("sigma = true", "dip.toml, sigma: Invalid value for '--sigma'"),
    ("[denoise]\nsigma = 300", "dip.toml, sigma: Invalid value for '--sigma': 300 is not in"),
    ("preset = 'quick'", "dip.toml, preset: Invalid value for '--preset': 'quick' is not one of"),
    ("lr = 99", "dip.toml, lr: lr is 99; it must be"),
    ("skip-channels = [1, 2, 3]", "dip.toml, skip-channels: skip_channels has 3 values"),
    ("device = 'abacus'", "dip.toml, device: unknown device 'abacus'"),
    ("[denoise]\nprotect = 'm.png'", "dip.toml, protect: m.png does not exist"),
    ("time = 1979-05-27", "dip.toml, time: 1979-05-27 is neither a text nor a number nor a list"),
]


@pytest.mark.parametrize(("text", "message"), BAD, ids=[text for text, _ in BAD])
def test_a_bad_value_names_the_file_and_the_key(text, message, tmp_path, dip):
    draw(tmp_path / "a.png")
    Path("dip.toml").write_text(text)
    ran = dip("denoise", "a.png", "-o", "x.png", "-q")
    assert ran.code == 2
    assert ran.err.startswith(f"dip: {message}"), ran.err
    assert ran.err.count("\n") == 1
    Path("dip.toml").unlink()
    path = user_file(text)
    assert dip("denoise", "a.png", "-o", "x.png", "-q").err.startswith(f"dip: {path}, ")


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("DIP_DENOISE_ITERS", "many", "DIP_DENOISE_ITERS: Invalid value for '--iters'"),
        ("DIP_DENOISE_LR", "99", "DIP_DENOISE_LR: lr is 99; it must be"),
        ("DIP_DENOISE_DEVICE", "abacus", "DIP_DENOISE_DEVICE: unknown device 'abacus'"),
        ("DIP_DENOISE_CURVE", "x.txt", "DIP_DENOISE_CURVE: --curve x.txt"),
        (
            "DIP_DENOISE_SIGM",
            "3",
            "DIP_DENOISE_SIGM: no such setting; did you mean 'DIP_DENOISE_SIGMA'?",
        ),
    ],
)
def test_a_bad_variable_is_named(variable, value, message, tmp_path, dip, monkeypatch):
    draw(tmp_path / "a.png")
    monkeypatch.setenv(variable, value)
    ran = dip("denoise", "a.png", "-o", "x.png")
    assert ran.code == 2
    assert ran.err.startswith(f"dip: {message}"), ran.err
    assert ran.err.count("\n") == 1
    assert dip("denoise", "--help").code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_what_is_typed_is_not_blamed_on_a_file(tmp_path, dip, monkeypatch):
    draw(tmp_path / "a.png")
    Path("dip.toml").write_text("lr = 0.5\n")
    monkeypatch.setenv("DIP_SUPERRES_SIGM", "3")  # of another command
    monkeypatch.setenv("DIP_DENOISE_SIGM", "")  # not set, as a shell sees it
    assert dip("denoise", "a.png", "--lr", 99).err.startswith("dip: lr is 99")
    assert dip("denoise", "a.png", "--iters", "x").err.startswith("dip: Invalid value for '--it")
