"""Asks a running supervisor. Standard library only: a command must answer at once."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sshq_sandbox.state import StateError, StateFolder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# `clock` waits for the functions that it sets off; the longest of them may take two minutes.
_LONGEST_SECONDS = 180


class RefusedError(Exception):
    """The supervisor refused; the message is its sentence."""


class NotRunningError(Exception):
    """There is no sandbox to ask."""


class ControlClient:
    """One state folder's supervisor. Raises NotRunningError, RefusedError."""

    def __init__(self, state: Path) -> None:
        self._folder = StateFolder(state)

    def get(self, path: str, **query: str) -> dict[str, Any]:
        return self._ask("GET", f"{path}?{urlencode(query)}" if query else path, None)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self._ask("POST", path, body or {})

    def delete(self, path: str) -> dict[str, Any]:
        return self._ask("DELETE", path, None)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        try:
            facts = self._folder.read() if self._folder.is_claimed() else None
        except StateError as error:
            raise NotRunningError(str(error)) from error
        if facts is None:
            raise NotRunningError(
                f"No sandbox is running in {self._folder.path}. Start one: sshq-sandbox up"
            )
        request = urllib.request.Request(  # noqa: S310 - the URL is the supervisor's own
            facts.control_url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {facts.token}", "Content-Type": "application/json"},
        )
        # A proxy of the environment has no business on loopback.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=_LONGEST_SECONDS) as response:
                answer: dict[str, Any] = json.load(response)
                return answer
        except urllib.error.HTTPError as error:
            with error:
                raise RefusedError(_sentence(error)) from error
        except OSError as error:
            raise NotRunningError(
                f"The sandbox in {self._folder.path} (pid {facts.pid}) doesn't answer: {error}. "
                f"End it with `sshq-sandbox down`."
            ) from error


def _sentence(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError):
        return f"The supervisor answered {error.code}; see supervisor.log in the state folder."
