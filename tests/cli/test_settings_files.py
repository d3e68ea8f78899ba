"""Flag beats environment beats ./dip.toml beats the user's dip.toml beats the preset."""

from pathlib import Path

import click
import pytest
from drawing import draw


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
    (user / "dip.toml").write_text('preset = "fast"\niters = 5\n[denoise]\nsigma = 10\n')
    assert planned().overrides == {"iters": 5}
    assert planned().preset == "fast"
    assert planned().options["sigma"] == 10
    Path("dip.toml").write_text("[denoise]\niters = 6\nchannels = [8, 16]\n")
    assert planned().overrides == {"iters": 6, "channels": (8, 16)}
    assert planned().preset == "fast"
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
