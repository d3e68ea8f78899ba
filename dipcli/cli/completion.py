"""`dip completion`."""

import click

# The program itself answers what may follow, so that what it answers is never out of date.
_LINES = {
    "bash": 'eval "$(_DIP_COMPLETE=bash_source dip)"',
    "zsh": 'eval "$(_DIP_COMPLETE=zsh_source dip)"',
    "fish": "_DIP_COMPLETE=fish_source dip | source",
}


@click.command()
@click.argument("shell", type=click.Choice(tuple(_LINES)))
def completion(shell: str) -> int:
    """Print a line for the shell's start-up file: TAB completes commands and options.

    \b
    dip completion bash >> ~/.bashrc
    dip completion zsh >> ~/.zshrc
    dip completion fish >> ~/.config/fish/config.fish
    """
    click.echo(_LINES[shell])
    return 0
