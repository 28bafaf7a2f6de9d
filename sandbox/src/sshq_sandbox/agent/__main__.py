"""The command line of amazon-ssm-agent, as far as start-up scripts use it.

    amazon-ssm-agent -register [-y] -code C -id I -region R    register under an activation, once
    amazon-ssm-agent -version
    amazon-ssm-agent                                           serve, in the foreground

Exit codes: 0 done (or ended by SIGTERM), 1 failed, 2 wrong use.
"""

from __future__ import annotations

import os
import sys

from sshq_sandbox.agent import AGENT_VERSION
from sshq_sandbox.agent.settings import AgentSettings

_SWITCHES = ("register", "y", "version")
_VALUES = ("code", "id", "region")


def main(arguments: list[str]) -> int:
    options = _parse(arguments)
    if options is None:
        _say("usage: amazon-ssm-agent [-version | -register [-y] -code C -id I -region R]")
        return 2
    if "version" in options:
        sys.stdout.write(f"SSM Agent version: {AGENT_VERSION}\n")
        return 0
    settings = AgentSettings.from_environment(os.environ)
    if "register" in options:
        return _register(settings, options)
    return _serve(settings)


def _register(settings: AgentSettings, options: dict[str, str]) -> int:
    from sshq_sandbox.agent.identity import has_identity  # noqa: PLC0415  (slow; only for this)
    from sshq_sandbox.agent.registration import register  # noqa: PLC0415
    from sshq_sandbox.agent.service_calls import ServiceError  # noqa: PLC0415

    if any(name not in options for name in _VALUES):
        _say("-register needs -code, -id and -region")
        return 2
    if has_identity(settings.state_dir) and "y" not in options:
        _say("This machine is registered already; -y registers it anew.")
        return 1
    try:
        node_id = register(
            settings, code=options["code"], activation_id=options["id"], region=options["region"]
        )
    except (ServiceError, OSError) as error:
        _say(f"Registration failed due to error registering the instance with AWS SSM. {error}")
        return 1
    sys.stdout.write(
        f"Successfully registered the instance with AWS SSM using Managed instance-id: {node_id}\n"
    )
    return 0


def _serve(settings: AgentSettings) -> int:
    from sshq_sandbox.agent.identity import load_identity  # noqa: PLC0415
    from sshq_sandbox.agent.service import serve  # noqa: PLC0415

    try:
        identity = load_identity(settings.state_dir)
    except FileNotFoundError:
        _say("This machine isn't registered: run amazon-ssm-agent -register first.")
        return 1
    serve(settings, identity)
    return 0


def _parse(arguments: list[str]) -> dict[str, str] | None:
    """Go's flags: -name, -name value or -name=value, with one dash or two. None if wrong."""
    options: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        name, equals, value = rest.pop(0).lstrip("-").partition("=")
        if name in _SWITCHES and not equals:
            options[name] = "true"
        elif name in _VALUES and (equals or rest):
            options[name] = value if equals else rest.pop(0)
        else:
            return None
    return options


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
