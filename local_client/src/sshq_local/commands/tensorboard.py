"""TensorBoard on a machine, in this computer's browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq_local import services
from sshq_local.language import text

if TYPE_CHECKING:
    import argparse

TENSORBOARD = services.Service(
    name="tensorboard",
    title="TensorBoard",
    port=6006,
    program="tensorboard",
    install="pip install tensorboard",
    answers=services.http_answers("/"),
    page="/",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    services.add_arguments(parser, TENSORBOARD)
    parser.add_argument(
        "--logdir", default=".", metavar="DIR", help=text("help.tensorboard.logdir")
    )


def run(arguments: argparse.Namespace) -> int:
    return services.open_service(TENSORBOARD, arguments, folder=arguments.logdir)
