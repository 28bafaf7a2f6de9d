"""A lease: what redeeming a ticket gave. Checked strictly, since it is written into SSH's files."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sshq_local.errors import Reason, Refusal, refusal

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_JOB = re.compile(r"sshq-[A-Za-z0-9](?:[A-Za-z0-9-]{0,70}[A-Za-z0-9])?")
_NODE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9:_.-]{0,127}")
_LOGIN_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_HOST_KEY = re.compile(
    r"(?:ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)|ssh-rsa) [A-Za-z0-9+/]+={0,2}"
)
_CERTIFICATE = re.compile(r"ssh-ed25519-cert-v01@openssh\.com [A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True)
class Node:
    """One container of the job. host_keys: the lines to pin, without host and comment."""

    rank: int
    alias: str
    id: str
    host_keys: tuple[str, ...]


@dataclass(frozen=True)
class Lease:
    """api: the access API's base URL. Times are epoch seconds. ca_file: absolute, or empty.

    taken_at: when this computer redeemed it; of two for one machine, the newer one counts.
    """

    id: str
    api: str
    job: str
    owner: str
    expires_at: int
    nodes: tuple[Node, ...]
    login_user: str
    certificate_expires_at: int
    ticket_sha256: str
    ca_file: str
    taken_at: int = 0

    def node(self, rank: int) -> Node | None:
        return next((node for node in self.nodes if node.rank == rank), None)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def lease_from_answer(
    answer: dict[str, Any],
    *,
    api: str,
    ticket_sha256: str,
    ca_file: str,
    certificate_expires_at: int,
    taken_at: int = 0,
) -> Lease:
    """Read the access API's answer to redeem. Raises Refusal on anything that isn't as agreed."""
    return _checked(
        answer,
        api=api,
        expires_at=_epoch(answer.get("expires_at")),
        ticket_sha256=ticket_sha256,
        ca_file=ca_file,
        certificate_expires_at=certificate_expires_at,
        taken_at=taken_at,
    )


def lease_from_json(stored: dict[str, Any]) -> Lease:
    """Read what `Lease.as_json` gave. Raises Refusal when the file is damaged."""
    certificate_expires_at = stored.get("certificate_expires_at")
    expires_at = stored.get("expires_at")
    taken_at = stored.get("taken_at")
    if not isinstance(certificate_expires_at, int) or not isinstance(expires_at, int):
        raise _damaged("expires_at")
    return _checked(
        stored,
        api=str(stored.get("api", "")),
        expires_at=expires_at,
        ticket_sha256=str(stored.get("ticket_sha256", "")),
        ca_file=str(stored.get("ca_file", "")),
        certificate_expires_at=certificate_expires_at,
        taken_at=taken_at if isinstance(taken_at, int) else 0,
    )


def certificate_from_answer(answer: dict[str, Any]) -> str:
    """The certificate's line. Raises Refusal."""
    return _text(answer, "certificate", _CERTIFICATE)


def node_from_json(fields: object) -> Node:
    """A node as the API or a lease's file tells it. Raises Refusal on anything that isn't as agreed."""
    if not isinstance(fields, dict):
        raise _damaged("nodes")
    rank, host_keys = fields.get("rank"), fields.get("host_keys")
    if not isinstance(rank, int) or isinstance(rank, bool) or not 0 <= rank < 10_000:
        raise _damaged("rank")
    if not isinstance(host_keys, list | tuple) or not host_keys:
        raise _damaged("host_keys")
    for host_key in host_keys:
        if not isinstance(host_key, str) or _HOST_KEY.fullmatch(host_key) is None:
            raise _damaged("host_keys")
    return Node(
        rank=rank,
        alias=_text(fields, "alias", _JOB),
        id=_text(fields, "id", _NODE_ID),
        host_keys=tuple(host_keys),
    )


def _checked(
    fields: dict[str, Any],
    *,
    api: str,
    expires_at: int,
    ticket_sha256: str,
    ca_file: str,
    certificate_expires_at: int,
    taken_at: int,
) -> Lease:
    nodes = fields.get("nodes")
    if not isinstance(nodes, list | tuple) or not nodes:
        raise _damaged("nodes")
    return Lease(
        id=_text(fields, "id", _ID),
        api=api,
        job=_text(fields, "job", _JOB),
        owner=str(fields.get("owner", "")),
        expires_at=expires_at,
        nodes=tuple(map(node_from_json, nodes)),
        login_user=_text(fields, "login_user", _LOGIN_USER),
        certificate_expires_at=certificate_expires_at,
        ticket_sha256=ticket_sha256,
        ca_file=ca_file,
        taken_at=taken_at,
    )


def _text(fields: dict[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise _damaged(name)
    return value


def _epoch(value: object) -> int:
    try:
        return int(datetime.fromisoformat(str(value)).timestamp())
    except ValueError:
        raise _damaged("expires_at") from None


def _damaged(what: str) -> Refusal:
    return refusal(Reason.BAD_ANSWER, "lease.not-as-agreed", what=what)
