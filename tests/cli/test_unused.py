"""What a preset's method does not use changes nothing, is told, and is no other setting."""

import pytest
from drawing import draw, draw_mask, opened

FAST = ("--preset", "fast", "--sigma", "20", "--device", "cpu")
NETWORK = ("--iters", "3", "--lr", "0.5", "--net", "skip", "--seed", "7")


def test_fast_says_what_it_does_not_use_and_gives_the_same_bytes(tmp_path, process, dip):
    draw(tmp_path / "a.png", size=(40, 32))
    plain = process("denoise", "a.png", "-o", "x.png", *FAST)
    assert (plain.code, plain.err.count("\n")) == (0, 1)
    ran = dip("denoise", "a.png", "-o", "y.png", *FAST, *NETWORK)
    assert ran.code == 0, ran.err
    told = "--net, --lr, --iters and --seed change nothing with preset fast: no network is fitted"
    assert ran.err.splitlines()[0] == f"dip: {told}"
    assert (tmp_path / "x.png").read_bytes() == (tmp_path / "y.png").read_bytes()
    for words in (NETWORK, NETWORK[:2], ()):
        again = dip("denoise", "a.png", "-o", "y.png", *FAST, *words)
        assert (again.code, "y.png is up to date" in again.err) == (0, True), again.err
        assert again.err.count("change") == bool(words)
    assert dip("denoise", "a.png", "-o", "y.png", *FAST, *NETWORK, "-q").err == ""


def test_where_a_network_is_fitted_they_count(tmp_path, dip):
    draw(tmp_path / "a.png", size=(40, 32))
    words = ("denoise", "a.png", "-o", "x.png", *FAST)
    assert dip(*words).code == 0
    for more in (["--sigma", 21], ["--preset", "auto", "--iters", 2]):
        ran = dip(*words, *more)
        assert ran.code == 2
        assert "x.png exists and was made with " in ran.err
        assert f"{more[0]} " in ran.err
        assert "nothing" not in ran.err


def test_the_seed_still_names_the_result(tmp_path, dip):
    draw(tmp_path / "a.png")
    ran = dip("denoise", "a.png", "--name", "{stem}_{seed}{suffix}", *FAST, "--seed", 7)
    assert ran.code == 0, ran.err
    assert opened(tmp_path / "a_7.png").size == (20, 16)


def test_where_the_picture_decides_each_one_tells(tmp_path, dip):
    """Single lost pixels are filled by the filter alone; letters by a network first."""
    draw(tmp_path / "a.png", size=(40, 32))
    draw_mask(tmp_path / "hole.png", size=(40, 32))
    dots = draw_mask(tmp_path / "dots.png", size=(40, 32))
    picture = opened(dots)
    picture.paste(0, (0, 0, 40, 32))
    for at in range(3, 30, 3):
        picture.putpixel((at, at), 255)
    picture.save(dots)
    words = ("inpaint", "a.png", "--preset", "fast", "--device", "cpu")
    ran = dip(*words, "--mask", "dots.png", "-o", "x.png", "--iters", 2)
    assert ran.code == 0, ran.err
    told = "dip: a.png: --iters changes nothing with preset fast: no network is fitted"
    assert told in ran.err.splitlines()
    assert "up to date" in dip(*words, "--mask", "dots.png", "-o", "x.png", "--seed", 3).err
    ran = dip(*words, "--mask", "hole.png", "-o", "y.png", "--iters", 2)
    assert (ran.code, "nothing" in ran.err) == (0, False)


@pytest.mark.parametrize("option", [("--jitter", "0.5"), ("--input", "noise"), ("--ema", "0.5")])
def test_plain_layers_have_nothing_of_an_hourglass(option, tmp_path, dip):
    draw(tmp_path / "a.png")
    words = ("superres", "a.png", "--scale", 2, "--iters", 2, "--device", "cpu")
    assert dip(*words, "-o", "x.png").code == 0
    ran = dip(*words, "-o", "x.png", *option)
    assert (ran.code, "x.png is up to date" in ran.err) == (0, True), ran.err
    told = f"{option[0]} changes nothing with preset auto: plain layers have none of it"
    assert told in ran.err
    ran = dip(*words, "-o", "y.png", *option)
    assert (tmp_path / "x.png").read_bytes() == (tmp_path / "y.png").read_bytes()
