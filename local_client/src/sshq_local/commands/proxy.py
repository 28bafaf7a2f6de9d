"""The ProxyCommand: stdin and stdout over an SSM session to one machine of a lease."""

from __future__ import annotations

import contextlib
import json
import os
import sys

from sshq_local.api import AccessApi
from sshq_local.errors import Exit, Refusal
from sshq_local.keys import load_key
from sshq_local.ssm.proxy import run as carry
from sshq_local.ssm.settings import SessionAccess, SessionGone, read_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


def run_words(words: Sequence[str]) -> int:
    """`--data-home DIR LEASE RANK`, as ssh_config writes it.

    Called by ssh for each connection, so imports are few, argparse's included (tests/performance).
    """
    _speak_on_the_terminal()
    _, data_home, lease_id, rank = words
    folder = os.path.join(data_home, "leases", lease_id)  # noqa: PTH118
    try:
        with open(os.path.join(folder, "lease.json"), encoding="utf-8") as file:  # noqa: PTH118, PTH123
            lease = json.load(file)
        key = load_key(os.path.join(folder, "id_ed25519"))  # noqa: PTH118
    except (OSError, ValueError):
        _say(
            "This computer no longer holds this lease. "
            "Ask for a new ticket in Slack: /sshq connect <job>"
        )
        return Exit.SSH_FAILED
    try:
        settings = read_settings(data_home)
    except SessionGone as error:
        _say(str(error))
        return Exit.SSH_FAILED
    api = AccessApi(lease["api"], key=key, key_id=lease["id"], ca_file=lease["ca_file"])
    return carry(
        lambda: _access(folder, lambda: api.open_session(int(rank))),
        lambda session_id: _access(folder, lambda: api.resume_session(session_id), session_id),
        end=lambda session_id: _end(api, session_id),
        ca_file=api.ca_file,
        stdin_fd=0,
        stdout_fd=1,
        settings=settings,
    )


def _access(
    folder: str, ask: Callable[[], dict[str, Any]], session_id: str | None = None
) -> SessionAccess:
    """What the channel wants of the API's answer, and of its refusals.

    A session's first access is asked for once (the API's client has tried again by then); for a
    session that lives, an API that can't be reached now may be reached later.
    """
    try:
        answer = ask()
    except Refusal as refusal:
        if session_id is not None and refusal.exit_code is Exit.UNREACHABLE:
            raise ConnectionError(refusal.what) from refusal
        _record(folder, refusal)
        raise SessionGone(f"{refusal.what} {refusal.next_step}".strip()) from refusal
    try:
        return SessionAccess(
            session_id or str(answer["id"]), str(answer["stream_url"]), str(answer["token"])
        )
    except KeyError as error:
        raise SessionGone(f"The access API's answer lacks {error}.") from error


def _end(api: AccessApi, session_id: str) -> None:
    with contextlib.suppress(Refusal):  # it ends by itself, an hour later
        api.end_session(session_id)


def _record(folder: str, refusal: Refusal) -> None:
    """Keep the refusal for `sshq-local status` and for programs that don't see a terminal."""
    from pathlib import Path  # noqa: PLC0415 - on a failure only

    from sshq_local.lease_store import LeaseStore  # noqa: PLC0415

    path = Path(folder)
    LeaseStore(path.parent.parent).record_failure(path.name, refusal.as_json())


def _speak_on_the_terminal() -> None:
    """Undo what ssh does to a ProxyCommand under ControlPersist: it gives it /dev/null for stderr.

    Without this a refusal would read "Connection closed by UNKNOWN port 65535", and no more.
    """
    try:
        null, stderr = os.stat(os.devnull), os.fstat(2)  # noqa: PTH116
        if (null.st_rdev, null.st_ino) == (stderr.st_rdev, stderr.st_ino):
            terminal = os.open("/dev/tty", os.O_WRONLY | os.O_NOCTTY)
            os.dup2(terminal, 2)
            os.close(terminal)
    except (OSError, AttributeError):  # no terminal, or Windows (which has no ControlPersist)
        return


def _say(text: str) -> None:
    print(f"sshq-local: {text}", file=sys.stderr, flush=True)
