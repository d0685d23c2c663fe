"""The command `gdfast`; each subcommand is a module of this folder.

Exit codes: 0 done, 1 the run failed in a way that the message explains, 2 wrong usage.
"""

from __future__ import annotations

import click

from . import check, demo, figures, info, landscape


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="gdfast", message="%(prog)s %(version)s")
def main() -> None:
    """Gradient descent on linear classifiers at the speed of memory, with its gradients checked."""


main.add_command(check.check)
main.add_command(demo.demo)
main.add_command(figures.figures)
main.add_command(info.info)
main.add_command(landscape.landscape)
