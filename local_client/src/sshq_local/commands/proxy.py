"""The ProxyCommand: stdin and stdout over an SSM session to one machine of a lease."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
from threading import Thread

from sshq_local.api_address import api_target
from sshq_local.errors import Exit, Reason, Refusal
from sshq_local.first_session import take_first_session
from sshq_local.ssm.ahead import Ahead
from sshq_local.ssm.dial import NotTrusted, parse_stream_url
from sshq_local.ssm.settings import SessionAccess, SessionGone, Settings, read_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from sshq_local.api import AccessApi

_API_SECONDS = 25.0
_STREAM_AUTHORITY = "stream_authority"
"""A lease's file: where its last session's data channel was; the next one's is likely there as well."""


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
        settings = read_settings(data_home)
        ca_file = lease["ca_file"] or None
        to_api = Ahead(api_target(lease["api"]), ca_file=ca_file, timeout=_API_SECONDS)
        to_stream = _ahead_to_stream(folder, settings, ca_file)
        # Both connect while Python imports what signs the request.
        api_class, load_key = load_api()
        key = load_key(os.path.join(folder, "id_ed25519"))  # noqa: PTH118
        pinned = {str(node["id"]) for node in lease["nodes"]}
    except (OSError, ValueError, LookupError, TypeError):
        _say(
            "This computer no longer holds this lease. "
            "Ask for a new ticket in Slack: /sshq connect <job>"
        )
        return Exit.SSH_FAILED
    except SessionGone as error:
        _say(str(error))
        return Exit.SSH_FAILED
    api = api_class(
        lease["api"], key=key, key_id=lease["id"], ca_file=lease["ca_file"], ahead=to_api
    )
    sessions = _Sessions(lambda: _access(folder, lambda: _opened(api, int(rank), folder, pinned)))
    # The first one is asked for while Python imports the data channel.
    carry = load_channel()
    return carry(
        sessions.take,
        lambda session_id: _access(folder, lambda: api.resume_session(session_id), session_id),
        end=lambda session_id: _end(api, session_id),
        ca_file=ca_file,
        stdin_fd=0,
        stdout_fd=1,
        settings=settings,
        ahead=to_stream,
        failed=lambda what: _record(
            folder, Refusal(Reason.CONNECTION_LOST, what, exit_code=Exit.SSH_FAILED)
        ),
    )


class _Sessions:
    """Sessions one after the other, the first of them asked for at once, on a thread."""

    def __init__(self, ask: Callable[[], SessionAccess]) -> None:
        self._ask = ask
        self._first: SessionAccess | Exception | None = None
        self._thread: Thread | None = Thread(target=self._run, daemon=True)
        self._thread.start()

    def take(self) -> SessionAccess:
        """The next session. Raises what `ask` raises."""
        if self._thread is None:
            return self._ask()
        self._thread.join()
        self._thread = None
        if isinstance(self._first, SessionAccess):
            return self._first
        raise self._first or SessionGone("no session came")

    def _run(self) -> None:
        try:
            self._first = self._ask()
        except Exception as error:  # noqa: BLE001 (raised again where it is waited for)
            self._first = error


def load_api() -> tuple[type[AccessApi], Callable[..., Any]]:
    """What signs requests and sends them; cryptography above all takes its time to import."""
    from sshq_local.api import AccessApi  # noqa: PLC0415
    from sshq_local.keys import load_key  # noqa: PLC0415

    return AccessApi, load_key


def load_channel() -> Callable[..., int]:
    """The data channel's shell."""
    from sshq_local.ssm.proxy import run  # noqa: PLC0415

    gc.enable()
    return run


def _ahead_to_stream(folder: str, settings: Settings, ca_file: str | None) -> Ahead | None:
    """A connection to where the last session's data channel was, if there was one."""
    try:
        with open(os.path.join(folder, _STREAM_AUTHORITY), encoding="ascii") as file:  # noqa: PTH118, PTH123
            target = parse_stream_url(f"wss://{file.read()}/", hosts=settings.hosts)
    except (OSError, ValueError, NotTrusted):
        return None
    return Ahead(target, ca_file=ca_file, timeout=settings.connect_timeout)


def _remember_stream(folder: str, stream_url: str) -> None:
    """For `_ahead_to_stream`: the authority alone, since the rest of a StreamUrl is a secret."""
    scheme, _, rest = stream_url.partition("://")
    authority = rest.partition("/")[0]
    path = os.path.join(folder, _STREAM_AUTHORITY)  # noqa: PTH118
    with contextlib.suppress(OSError, ValueError):
        with contextlib.suppress(FileNotFoundError), open(path, encoding="ascii") as file:  # noqa: PTH123
            if file.read() == authority:
                return
        if scheme == "wss":
            with open(path, "w", encoding="ascii") as file:  # noqa: PTH123
                file.write(authority)


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
        stream_url = str(answer["stream_url"])
        access = SessionAccess(session_id or str(answer["id"]), stream_url, str(answer["token"]))
    except KeyError as error:
        raise SessionGone(f"The access API's answer lacks {error}.") from error
    if session_id is None:
        _remember_stream(folder, stream_url)
    return access


def _opened(api: AccessApi, rank: int, folder: str, pinned: set[str]) -> dict[str, Any]:
    """The session that came with the lease, or a new one.

    If it leads to a machine that came in place of another, that one is pinned.

    ssh reads its known_hosts once the machine has said hello, so this is in time.
    """
    answer = take_first_session(folder, rank) or api.open_session(rank)
    node = answer.get("node")
    if isinstance(node, dict) and node.get("id") not in pinned:
        from pathlib import Path  # noqa: PLC0415 - after a restart only

        from sshq_local.lease import node_from_json  # noqa: PLC0415
        from sshq_local.lease_store import LeaseStore  # noqa: PLC0415

        path = Path(folder)
        store = LeaseStore(path.parent.parent)
        if (lease := store.get(path.name)) is not None:
            store.take_node(lease, node_from_json(node))
    return answer


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
