"""What results are called: inside the output folder, by plain fields, and told apart."""

import subprocess

import pytest
from drawing import QUICK, draw, opened

BOTH = "in/a.jpg and in/a.png would both become out/a.png"


@pytest.mark.parametrize("field", ["{stem:>9999999999}", "{stem!r}", "{stem:.3}", "{stem:{seed}}"])
@pytest.mark.parametrize("option", ["--name", "--curve", "--gif", "--uncertainty"])
def test_a_field_is_a_name_and_nothing_else(field, option, tmp_path, dip):
    draw(tmp_path / "a.png")
    name = f"{field}.gif" if option == "--gif" else f"{field}.png"
    ran = dip("denoise", "a.png", option, name, *QUICK)
    assert ran.code == 2
    told = f"{option}: '{name}' has more in {{stem}} than its name; write {{stem}}"
    assert ran.err == f"dip: {told}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_the_executable_refuses_a_name_of_gigabytes(tmp_path, start):
    draw(tmp_path / "a.png")
    running = start("denoise", "a.png", "--name", "{stem:>9999999999}.png", *QUICK)
    assert "more in {stem} than its name" in running.communicate(timeout=120)[1].decode()
    assert running.returncode == 2


@pytest.mark.parametrize("name", ["../{stem}.png", "deep/../../x.png", "/tmp/{stem}.png"])
def test_a_name_stays_in_the_output_folder(name, tmp_path, dip):
    draw(tmp_path / "in/a.png")
    for place in (["-o", "out"], []):
        ran = dip("denoise", "in", *place, "--name", name, *QUICK)
        assert ran.code == 2
        assert ran.err == f"dip: --name {name} leads out of the output folder; -o names a folder\n"
    draw(tmp_path / "in/x.png").rename(tmp_path / "in" / "...png")
    ran = dip("denoise", "in/...png", "-o", "out/", "--name", "{stem}/x.png", *QUICK)
    assert ran.code == 2
    assert "leads out of the output folder" in ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["{stem}", "{stem}.txt", "{stem}.jpg", "{stem}{suffix}.bak"])
def test_a_name_keeps_the_suffix_of_the_format(name, tmp_path, dip):
    draw(tmp_path / "a.png")
    ran = dip("denoise", "a.png", "-o", "out/", "--name", name, *QUICK)
    assert ran.code == 2
    assert "of a PNG; end it with {suffix}, or give --format, too" in ran.err
    assert ran.err.count("\n") == 1


def test_a_name_with_its_format(tmp_path, dip):
    draw(tmp_path / "a.png")
    words = ["--name", "deep/{stem}_{ext}.jpeg", "--format", "jpg"]
    assert dip("denoise", "a.png", "-o", "out/", *words, *QUICK).code == 0
    assert opened(tmp_path / "out/deep/a_png.jpeg").format == "JPEG"


def test_a_collision_concerns_those_that_collide(tmp_path, dip):
    for name in ("a.jpg", "a.png", "b.png", "deep/a.png"):
        draw(tmp_path / "in" / name)
    words = ["denoise", "in", "-o", "out", "-r", "--format", "png", *QUICK]
    ran = dip(*words, "--json")
    assert ran.code == 1  # as for any picture that failed: the others are done
    assert (tmp_path / "out/b.png").is_file()
    assert (tmp_path / "out/deep/a.png").is_file()
    assert not (tmp_path / "out/a.png").exists()
    assert [line for line in ran.err.splitlines() if BOTH in line] == [ran.err.splitlines()[-1]]
    *lines, summary = ran.json
    assert {line["input"] for line in lines if "error" in line} == {"in/a.jpg", "in/a.png"}
    assert (summary["done"], summary["failed"]) == (2, 2)

    advice = ran.err.split("; ")[-1].split(" tells")[0]
    assert advice == "--name '{stem}_{ext}{suffix}'"
    ran = dip(*words, "--name", "{stem}_{ext}{suffix}")
    assert ran.code == 0, ran.err
    assert {"a_jpg.png", "a_png.png"} <= {path.name for path in (tmp_path / "out").iterdir()}


def test_many_to_one_name_are_told_in_one_line(tmp_path, dip):
    for name in "abcd":
        draw(tmp_path / "in" / f"{name}.png")
    ran = dip("denoise", "in", "-o", "out", "--name", "x{suffix}", "-n", *QUICK)
    assert ran.code == 2
    told = "in/a.png, in/b.png and 2 more would all become out/x.png; put {stem} into the name"
    assert ran.err.count("would all become") == 1
    assert told in ran.err


def test_what_lies_beside_a_result_may_collide_too(tmp_path, dip):
    draw(tmp_path / "in/a.png")
    draw(tmp_path / "in/b.png")
    ran = dip("denoise", "in", "-o", "out", "--uncertainty", "in/{stem}.png", "--runs", 2)
    assert ran.code == 2
    assert "in/a.png is itself an input (in/a.png); use another -o" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_shell_script_sees_the_code(tmp_path, start):
    """Of a folder with collisions, after all others are done."""
    draw(tmp_path / "x/a.png")
    draw(tmp_path / "y/a.png")
    running = start("denoise", "x/a.png", "y/a.png", "-o", "out", *QUICK, stdout=subprocess.DEVNULL)
    _, err = running.communicate(timeout=120)
    assert running.returncode == 2
    assert b"would both become out/a.png; use another folder for each" in err
