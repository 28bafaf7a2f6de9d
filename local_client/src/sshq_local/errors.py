"""The one family of errors that a person can act on: what happened, and what to do next."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Exit(IntEnum):
    """Exit codes of sshq-local. ssh's own failures are passed on as 255."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3
    SSH_MISSING = 4
    INTERNAL = 70
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    SSH_FAILED = 255


LEASE_ENDED = "lease-ended"
"""The access API's reason for a lease that is over: its job has ended, or somebody took it back."""


class Reason(StrEnum):
    """Why this computer refused. The access API's reasons come as its problem documents name them."""

    BAD_COUNT = "bad-count"
    BAD_TICKET = "bad-ticket"
    BAD_ANSWER = "bad-answer"
    BAD_CA_FILE = "bad-ca-file"
    BAD_DATA_FOLDER = "bad-data-folder"
    BAD_SETTINGS = "bad-settings"
    BAD_FORWARD = "bad-forward"
    BAD_PATH = "bad-path"
    BAD_PLACES = "bad-places"
    BAD_TIME = "bad-time"
    BAD_USAGE = "bad-usage"
    CLOCK_SKEW = "clock-skew"
    CONNECTION_LOST = "connection-lost"
    COPY_REFUSED = "copy-refused"
    FORWARD_FAILED = "forward-failed"
    HASH_DIFFERS = "hash-differs"
    NOT_SENT = "not-sent"
    NO_COMMAND = "no-command"
    NO_PLUGIN = "no-session-manager-plugin"
    NO_SUCH_FILE = "no-such-file"
    NO_SUCH_LEASE = "no-such-lease"
    NO_SUCH_SESSION = "no-such-session"
    PORT_TAKEN = "port-taken"
    SOURCE_CHANGED = "source-changed"
    SSH_CONFIG_LOCKED = "ssh-config-cannot-be-changed"
    SSH_MISSING = "ssh-missing"
    SSH_TOO_OLD = "ssh-too-old"
    TOOL_FAILED = "tool-failed"
    TOOL_MISSING = "tool-missing"
    UNKNOWN_API = "unknown-api"
    UNREACHABLE = "unreachable"
    UNTRUSTED = "untrusted"


class Refusal(Exception):  # noqa: N818 - the product's word: what is refused isn't a crash
    """Something that the person at the keyboard can act on.

    what: what happened and why, as sentences. next_step: what to do now, may be empty.
    reason: stable, for programs that read `--json`.
    """

    def __init__(
        self, reason: str, what: str, next_step: str = "", *, exit_code: Exit = Exit.REFUSED
    ) -> None:
        super().__init__(what)
        self.reason = str(reason)
        self.what = what
        self.next_step = next_step
        self.exit_code = exit_code

    def as_json(self) -> dict[str, object]:
        """The shape under "error" in every command's `--json`."""
        return {
            "reason": self.reason,
            "what": self.what,
            "next": self.next_step,
            "exit_code": int(self.exit_code),
        }


def refusal(
    reason: Reason, key: str, *, exit_code: Exit = Exit.REFUSED, **facts: object
) -> Refusal:
    """The refusal that the catalogue has under `key` (what happened) and `key`.next (what to do)."""
    from sshq_local.language import text  # noqa: PLC0415 - on a failure only

    return Refusal(reason, text(key, **facts), text(f"{key}.next", **facts), exit_code=exit_code)
