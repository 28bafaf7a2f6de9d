"""AWS's session-manager-plugin in the place of our own data channel, for those who want it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from sshq_local.errors import Exit, Reason, refusal

if TYPE_CHECKING:
    from sshq_local.ssm.settings import SessionAccess

RESPONSE = "AWS_SSM_START_SESSION_RESPONSE"
"""The variable that AWS's CLI hands StartSession's answer over in; in argv `ps` would show the token."""
_OLDEST = (1, 2, 497, 0)
"""The first plugin that reads that variable; an older one wants the token in its arguments."""


def run_plugin(access: SessionAccess, *, region: str, ca_file: str) -> int:
    """Become the plugin (on Windows: run it). Raises Refusal when there is none that will do."""
    path = _plugin()
    where = region or region_of(access.stream_url)
    if not where:
        raise refusal(Reason.NO_PLUGIN, "attach.no-region", exit_code=Exit.USAGE)
    names = ("SessionId", "StreamUrl", "TokenValue")
    values = (access.id, access.stream_url, access.token)
    environment = os.environ | {RESPONSE: json.dumps(dict(zip(names, values, strict=True)))}
    if ca_file:
        environment["SSL_CERT_FILE"] = ca_file
    # As AWS's CLI calls it: the variable's name, region, operation, profile, parameters, endpoint.
    words = [path, RESPONSE, where, "StartSession", "", '{"Target": ""}', _endpoint(where)]
    if os.name != "nt":
        os.execve(path, words, environment)  # noqa: S606 (signals and pipes are then its own)
    return subprocess.run(words, env=environment, check=False).returncode


def _plugin() -> str:
    path = shutil.which("session-manager-plugin")
    if path is None:
        raise refusal(Reason.NO_PLUGIN, "attach.no-plugin", exit_code=Exit.SSH_MISSING)
    answer = subprocess.run(
        [path, "--version"],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    version = answer.stdout.strip()[:40] or "?"
    if _numbers(version) < _OLDEST:
        wanted = ".".join(map(str, _OLDEST))
        facts = {"version": version, "wanted": wanted}
        raise refusal(Reason.NO_PLUGIN, "attach.old-plugin", exit_code=Exit.SSH_MISSING, **facts)
    return path


def region_of(stream_url: str) -> str:
    """`eu-west-1` of a StreamUrl at AWS's own host, "" of any other."""
    found = re.match(r"wss://ssmmessages(?:-fips)?\.([a-z0-9-]+)\.", stream_url)
    return found[1] if found else ""


def _endpoint(region: str) -> str:
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://ssm.{region}.{suffix}"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:4])
