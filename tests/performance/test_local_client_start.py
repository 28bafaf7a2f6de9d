"""Every ssh waits for the ProxyCommand's start: what it may import, by name rather than by time."""

from __future__ import annotations

import subprocess
import sys

import pytest

DEAR = {
    "argparse",
    "asyncio",
    "boto3",
    "dataclasses",
    "email",
    "http.client",
    "http_message_signatures",
    "inspect",
    "logging",
    "random",
    "secrets",
    "urllib.request",
}


def imported(code: str) -> set[str]:
    """What `code` adds to a bare Python's modules (an environment's site hooks don't count)."""
    report = (
        "import sys; before = set(sys.modules)\n" + code + "\nprint(*set(sys.modules) - before)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", report], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["proxy", "renew"])
def test_what_ssh_runs_imports_nothing_dear(module: str) -> None:
    later = "; command.load_api(); command.load_channel()" if module == "proxy" else ""
    modules = imported(f"import sshq_local.cli, sshq_local.commands.{module} as command{later}")
    assert f"sshq_local.commands.{module}" in modules
    assert modules & DEAR == set()


def test_an_unchanged_certificate_costs_no_cryptography() -> None:
    assert not {"cryptography", "ssl"} & imported("import sshq_local.commands.renew")


def test_the_overview_loads_no_command() -> None:
    modules = imported("import sshq_local.cli")
    assert not [name for name in modules if name.startswith("sshq_local.commands.")]


def test_the_overview_needs_no_parser_and_one_page_of_the_catalogue() -> None:
    modules = imported("from sshq_local.cli import main\nmain(['--help'])")
    assert modules & DEAR == set()
    catalogue = {name for name in modules if name.startswith("sshq_local.catalogue.en.")}
    assert catalogue == {"sshq_local.catalogue.en.overview"}


@pytest.mark.parametrize("command", ["connect", "exec", "ls"])
def test_a_command_loads_no_other_command_and_no_doctor(command: str) -> None:
    modules = imported(f"from sshq_local.parser import parser_for\nparser_for({command!r})")
    commands = {name for name in modules if name.startswith("sshq_local.commands.")}
    assert commands == {f"sshq_local.commands.{command}"}
    ours = ("sshq_local.doctor", "sshq_local.completion", "sshq_local.services", "http.client")
    assert not {name for name in modules if name.startswith(ours)}
