"""The command `gdfast`; each subcommand is a module of this folder.

Exit codes: 0 done, 1 the run failed in a way that the message explains, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import click

from . import check, completion, demo, evaluate, figures, info, landscape, play, predict, train
from .failures import Commands


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="gdfast", message="%(prog)s %(version)s")
def main() -> None:
    """Gradient descent on linear classifiers at the speed of memory, with its gradients checked."""


main.add_command(check.check)
main.add_command(completion.completion)
main.add_command(demo.demo)
main.add_command(evaluate.evaluate)
main.add_command(figures.figures)
main.add_command(info.info)
main.add_command(landscape.landscape)
main.add_command(play.play)
main.add_command(predict.predict)
main.add_command(train.train)
