"""`gdfast completion`: the script that completes commands and options in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, /, shell: str) -> None:
    """Print the script for a shell's completion.

    \b
    bash: gdfast completion bash > ~/.gdfast-complete.bash
          echo '. ~/.gdfast-complete.bash' >> ~/.bashrc
    zsh:  gdfast completion zsh > ~/.gdfast-complete.zsh
          echo '. ~/.gdfast-complete.zsh' >> ~/.zshrc
    fish: gdfast completion fish > ~/.config/fish/completions/gdfast.fish

    Example: eval "$(gdfast completion bash)"
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"this version of click completes nothing in {shell}")
    writer = kind(context.find_root().command, {}, "gdfast", "_GDFAST_COMPLETE")
    click.echo(writer.source_template % writer.source_vars())
