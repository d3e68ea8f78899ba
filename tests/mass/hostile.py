"""What nobody should do while `dip` works, at random moments: nothing that was there is lost.

`python -m tests.mass.hostile --count 50`: every scene fifty times.
"""

import argparse
import io
import json
import os
import random
import signal
import struct
import subprocess
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .running import DIP, QUICK, contents, environment, picture, run, start

ENDLESS = ("--iters", "100000", "--runs", "1", "--stop", "none", "--device", "cpu")
LIMIT = 120.0  # seconds in which a run must have ended, signals and refusals included
MOST_GROWTH = 300  # MB that metadata may cost
PRECIOUS = b"precious"


@dataclass
class Scene:
    """A folder with things in it. seconds: of a short run; peak: its memory in MB."""

    place: Path
    chance: random.Random
    seconds: float
    peak: float
    kept: dict[str, bytes] = field(default_factory=dict)

    def put(self, name: str, data: bytes) -> None:
        """A file that must stay as it is."""
        (self.place / name).write_bytes(data)
        self.kept[name] = data

    def wait(self, most: float = 1.1) -> None:
        """Until a moment within a short run, or `most` times as long."""
        time.sleep(self.chance.uniform(0, most * self.seconds))

    def check(self) -> None:
        """Everything is there as it was, and nothing that `dip` needs only while it runs."""
        found = contents(self.place)
        lost = [name for name, data in self.kept.items() if found.get(name) != data]
        assert not lost, f"changed or gone: {', '.join(lost)}"
        litter = [name for name in found if Path(name).name.startswith(".dip-")]
        assert not litter, f"left behind: {', '.join(litter)}"


def png(seed: int, extra: bytes = b"") -> bytes:
    """A picture, with chunks after its header."""
    buffer = io.BytesIO()
    picture(seed).save(buffer, "PNG")
    return buffer.getvalue()[:33] + extra + buffer.getvalue()[33:]


def ended(process: subprocess.Popen) -> tuple[int, str]:
    """The exit code, and what it said."""
    try:
        _, err = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise AssertionError(f"no end within {LIMIT:.0f} s") from None
    said = err.decode()
    assert "Traceback" not in said, said
    assert "internal error" not in said, said
    return process.returncode, said


def appearing(scene: Scene) -> None:
    """1: a file or a link appears where the result will be."""
    process = start(["denoise", "a.png", "-o", "w.png", *QUICK], scene.place)
    scene.wait()
    try:
        if scene.chance.random() < 0.5:
            with (scene.place / "w.png").open("xb") as file:
                file.write(PRECIOUS)
            scene.kept["w.png"] = PRECIOUS
        else:
            (scene.place / "w.png").symlink_to("letter.txt")
            scene.kept["w.png"] = scene.kept["letter.txt"]
    except FileExistsError:  # it was done
        pass
    ended(process)


def changing(scene: Scene) -> None:
    """2: the input changes, or goes away."""
    args = ["denoise", "a.png", "-o", "w.png", *QUICK]
    process = start(args, scene.place)
    scene.wait()
    del scene.kept["a.png"]
    if scene.chance.random() < 0.5:
        (scene.place / "a.png").unlink()
        code, said = ended(process)
        early = "a.png does not exist" in said or "a.png: cannot be read" in said
        assert code == 0 or early, said
        return
    whole = scene.place / "new.png"
    whole.write_bytes(png(77))
    whole.replace(scene.place / "a.png")
    scene.kept["a.png"] = png(77)
    assert ended(process)[0] == 0
    made = (scene.place / "w.png").read_bytes()
    again = run([*args, "--json"], scene.place, limit=LIMIT)
    if again.records and again.records[0]["status"] == "up to date":
        fresh = run(["denoise", "a.png", "-o", "fresh.png", *QUICK], scene.place, limit=LIMIT)
        assert fresh.code == 0, fresh.err
        assert (scene.place / "fresh.png").read_bytes() == made, "up to date of another picture"


def piping(scene: Scene) -> None:
    """3: a pipe where a file is to be written."""
    suffix, words = scene.chance.choice(
        [
            (".png", ["-o"]),
            (".csv", ["-o", "w.png", "--curve"]),
            (".gif", ["-o", "w.png", "--gif"]),
            (".ckpt", ["-o", "w.png", "--checkpoint"]),
        ]
    )
    pipe = scene.place / f"pipe{suffix}"
    os.mkfifo(pipe)
    handle = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    os.write(handle, PRECIOUS)
    process = start(["denoise", "a.png", *words, pipe.name, *QUICK], scene.place)
    if scene.chance.random() < 0.3:
        scene.wait(0.5)
        process.terminate()
    code, said = ended(process)
    assert code in (2, 143, -signal.SIGTERM), (code, said)
    assert os.read(handle, 100) == PRECIOUS
    os.close(handle)


def aiming(scene: Scene) -> None:
    """4: the output is a file that the request reads."""
    mask = io.BytesIO()
    picture(5).convert("L").point(lambda v: 255 * (v > 150)).save(mask, "PNG")
    scene.put("m.png", mask.getvalue())
    words = scene.chance.choice(
        [
            ["inpaint", "a.png", "--mask", "m.png", "-o", "m.png"],
            ["denoise", "a.png", "--protect", "m.png", "-o", "m.png"],
            ["denoise", "a.png", "--reference", "letter.png", "-o", "letter.png"],
            ["inpaint", "a.png", "--mask", "m.png", "-o", "w.png", "--uncertainty", "m.png"],
        ]
    )
    scene.put("letter.png", png(9))
    code, said = ended(start([*words, "--overwrite", *QUICK], scene.place))
    assert code == 2, (code, said)


def swelling(scene: Scene) -> None:
    """5: a small file with gigabytes of metadata."""
    many = scene.chance.choice((50, 500, 2000))
    name = scene.chance.choice((b"zTXt", b"iTXt"))
    head = b"\0\0" if name == b"zTXt" else b"\0\1\0\0\0"
    text = zlib.compress(b"a" * (1 << 19), 9)
    bodies = (b"k%d" % number + head + text for number in range(many))
    extra = b"".join(
        struct.pack(">I", len(one)) + name + one + struct.pack(">I", zlib.crc32(name + one))
        for one in bodies
    )
    scene.put("a.png", png(0, extra))
    ran = run(["denoise", "a.png", "-o", "w.png", *QUICK], scene.place, limit=LIMIT)
    assert ran.code == 0, ran.err
    assert "metadata" in ran.err
    assert ran.peak < scene.peak + MOST_GROWTH, f"{ran.peak:.0f} MB"
    assert (scene.place / "w.png").stat().st_size < 20e6


def settled(scene: Scene) -> None:
    """6: a folder's settings want files elsewhere."""
    (scene.place / "in").mkdir()
    scene.put("in/a.png", png(3))
    wish = scene.chance.choice(
        ["overwrite = true", 'name = "../letter.txt"', 'curve = "../letter.txt"']
    )
    scene.put("in/dip.toml", f"{wish}\n".encode())
    code, said = ended(start(["denoise", "a.png", *QUICK], scene.place / "in"))
    assert (code, "is not for a folder to set" in said) == (2, True), said
    name = scene.chance.choice(["../letter.txt", "../letter.png", str(scene.place / "a.png")])
    words = ["denoise", "in", "-o", "out", "--name", name, "--overwrite", *QUICK]
    code, said = ended(start(words, scene.place))
    assert (code, "leads out of the output folder" in said) == (2, True), said


def colliding(scene: Scene) -> None:
    """10: two pictures want one name."""
    (scene.place / "in").mkdir()
    for name in ("in/a.png", "in/b.png"):
        scene.put(name, png(3))
    jpeg = io.BytesIO()
    picture(4).save(jpeg, "JPEG")
    scene.put("in/a.jpg", jpeg.getvalue())
    words = ["denoise", "in", "-o", "out", "--format", "png", *QUICK]
    code, said = ended(start(words, scene.place))
    assert (code, "--name '{stem}_{ext}{suffix}' tells them apart" in said) == (1, True), said
    assert sorted(contents(scene.place / "out")) == ["b.png"]


def blocking(scene: Scene) -> None:
    """11: names that grow, and things that bear the name of a claim."""
    wide = scene.chance.choice(["{stem:>9999999999}.png", "{seed:099999999999}.png"])
    words = ["denoise", "a.png", "--name", wide, *QUICK]
    ran = run(words, scene.place, limit=LIMIT)
    assert ran.code == 2, ran.err
    assert ran.peak < scene.peak + MOST_GROWTH, f"{ran.peak:.0f} MB"
    claim = scene.place / ".dip-claim-w.png"
    if scene.chance.random() < 0.5:
        claim.mkdir()
    else:
        claim.write_bytes(b"\xff\xfe no claim")
    code, said = ended(start(["denoise", "a.png", "-o", "w.png", *QUICK], scene.place))
    assert (code, claim.exists()) == (0, True), said
    claim.rmdir() if claim.is_dir() else claim.unlink()


def stopping(scene: Scene) -> None:
    """7: Ctrl-C while a whole result is made anew."""
    first = run(["denoise", "a.png", "-o", "w.png", *QUICK], scene.place, limit=LIMIT)
    assert first.code == 0, first.err
    scene.kept["w.png"] = (scene.place / "w.png").read_bytes()
    process = start(["denoise", "a.png", "-o", "w.png", "--overwrite", *ENDLESS], scene.place)
    scene.wait(4)
    process.send_signal(signal.SIGINT)
    process.wait(LIMIT)  # Python's own first moments may say more
    process.communicate()


def unheard(scene: Scene) -> None:
    """8: standard error is closed or full."""
    where = scene.chance.choice(("2>&-", "2>/dev/full"))
    command = ["sh", "-c", f'exec "$@" {where}', "sh", str(DIP), "denoise", "a.png", "-o", "w.png"]
    ran = subprocess.run([*command, *QUICK], cwd=scene.place, env=environment(), timeout=LIMIT)
    assert ran.returncode == 0
    assert (scene.place / "w.png").is_file()


def lost(scene: Scene) -> None:
    """9: the terminal goes away."""
    words = ["denoise", "a.png", "-o", "w.png", "--checkpoint", "k.ckpt", "--json", *ENDLESS]
    process = start(words, scene.place)
    scene.wait(4)
    process.send_signal(signal.SIGHUP)
    try:
        out, err = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise AssertionError("no end after SIGHUP") from None
    assert process.returncode in (129, -signal.SIGHUP), (process.returncode, err)
    if out and json.loads(out.splitlines()[0])["status"] == "partial":
        assert (scene.place / "k.ckpt").stat().st_size
        assert (scene.place / "w.png").is_file()


SCENES: dict[int, Callable[[Scene], None]] = {
    1: appearing,
    2: changing,
    3: piping,
    4: aiming,
    5: swelling,
    6: settled,
    7: stopping,
    8: unheard,
    9: lost,
    10: colliding,
    11: blocking,
}


def play(number: int, chance: random.Random, seconds: float, peak: float) -> str:
    """One scene in a folder of its own; what was wrong, or ""."""
    with tempfile.TemporaryDirectory() as name:
        scene = Scene(Path(name), chance, seconds, peak)
        scene.put("a.png", png(0))
        scene.put("letter.txt", b"a letter")
        try:
            SCENES[number](scene)
            scene.check()
        except AssertionError as error:
            return str(error) or "not as it must be"
    return ""


def main(count: int, numbers: list[int], seed: int) -> None:
    """Play the scenes in turn, each `count` times; say how each ended."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also under nohup, or behind "&":
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # what is started hears its signals
    chance = random.Random(seed)
    wrong: dict[int, list[str]] = {number: [] for number in numbers}
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "a.png").write_bytes(png(0))
        plain = run(["denoise", "a.png", "-o", "w.png", *QUICK], Path(name), limit=LIMIT)
        assert plain.code == 0, plain.err
    for number in [*numbers] * count:
        said = play(number, chance, plain.seconds, plain.peak)
        if said:
            wrong[number].append(said)
    for number in numbers:
        what = (SCENES[number].__doc__ or "").strip()
        print(f"{what} {count} times, {len(wrong[number])} wrong")
        for said in wrong[number][:1]:
            print(f"    {said.strip()[:300]}")
    assert not any(wrong.values()), "something was lost, or did not end as it must"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50, help="How often each scene.")
    parser.add_argument("--only", help="Their numbers, with commas; by default all in turn.")
    parser.add_argument("--seed", type=int, default=0, help="Of the moments.")
    given = parser.parse_args()
    chosen = [int(one) for one in given.only.split(",")] if given.only else list(SCENES)
    main(given.count, chosen, given.seed)
