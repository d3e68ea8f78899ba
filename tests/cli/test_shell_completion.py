"""`dip completion`: one line in a start-up file, and TAB completes."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# What completes "dip denoise --pres" in each shell, once its start-up file was read.
TYPED = {
    "bash": "COMP_WORDS=(dip denoise --pres); COMP_CWORD=2; _dip_completion dip; "
    'printf "%s\\n" "${COMPREPLY[@]}"',
    "zsh": "_main_complete() { :; }; print -l $(_DIP_COMPLETE=zsh_complete "
    'COMP_WORDS="dip denoise --pres" COMP_CWORD=2 dip)',
    "fish": 'complete --do-complete "dip denoise --pres"',
}
SHELLS = tuple(TYPED)


@pytest.fixture
def path_with_dip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program `dip` in the search path, which is this one."""
    program = tmp_path / "bin" / "dip"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nfrom dipcli.cli import main\nmain()\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)


@pytest.mark.parametrize("shell", SHELLS)
def test_one_line_is_printed_for_the_start_up_file(dip: Callable, shell: str) -> None:
    ran = dip("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    assert len(ran.out.splitlines()) == 1
    assert f"_DIP_COMPLETE={shell}_source dip" in ran.out


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.usefixtures("path_with_dip")
def test_a_shell_that_read_the_line_completes_an_option(
    dip: Callable, tmp_path: Path, shell: str
) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    line = dip("completion", shell).out
    startup = "autoload -Uz compinit && compinit -u\n" if shell == "zsh" else ""
    script = tmp_path / "startup"
    script.write_text(f"{startup}{line}{TYPED[shell]}\n")
    ran = subprocess.run([program, str(script)], capture_output=True, text=True, timeout=120)
    assert "--preset" in ran.stdout, ran.stderr


def test_an_unknown_shell_is_told_those_that_are_known(dip: Callable) -> None:
    ran = dip("completion", "tcsh")
    assert ran.code == 2
    assert all(shell in ran.err for shell in SHELLS)
