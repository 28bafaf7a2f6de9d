"""A machine's desktop over VNC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq_local import services

if TYPE_CHECKING:
    import argparse

VNC = services.Service(
    name="vnc",
    title="VNC",
    port=5901,
    program="Xvnc",
    install="sh -c 'apt-get update && apt-get install -y tigervnc-standalone-server xterm'",
    answers=services.vnc_answers,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    services.add_arguments(parser, VNC)


def run(arguments: argparse.Namespace) -> int:
    return services.open_service(VNC, arguments, folder=".")
