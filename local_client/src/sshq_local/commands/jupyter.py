"""Jupyter on a machine, in this computer's browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq_local import services
from sshq_local.language import text

if TYPE_CHECKING:
    import argparse

JUPYTER = services.Service(
    name="jupyter",
    title="Jupyter",
    port=8889,
    program="jupyter",
    install="pip install jupyterlab",
    answers=services.http_answers("/api/status"),
    page="/",
    token_in_page=True,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    services.add_arguments(parser, JUPYTER)
    parser.add_argument("--folder", default=".", metavar="DIR", help=text("help.jupyter.folder"))


def run(arguments: argparse.Namespace) -> int:
    return services.open_service(JUPYTER, arguments, folder=arguments.folder)
