"""Refusals as problem documents (RFC 9457): the same words as in Slack, without its markup."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from sshq.chat.catalogue import texts
from sshq.domain.refusals import Reason

if TYPE_CHECKING:
    from sshq.domain.refusals import Refusal

_STATUS: dict[Reason, HTTPStatus] = {
    Reason.TICKET_UNUSABLE: HTTPStatus.NOT_FOUND,
    Reason.UNKNOWN_NODE: HTTPStatus.NOT_FOUND,
    Reason.NOT_YOUR_JOB: HTTPStatus.FORBIDDEN,
    Reason.NOT_LATER: HTTPStatus.CONFLICT,
    Reason.BEYOND_THE_CAP: HTTPStatus.CONFLICT,
    Reason.LEASE_ENDED: HTTPStatus.GONE,
    Reason.BAD_SIGNATURE: HTTPStatus.UNAUTHORIZED,
    Reason.CLOCK_SKEW: HTTPStatus.UNAUTHORIZED,
    Reason.CA_RETIRED: HTTPStatus.CONFLICT,
    Reason.NODE_NOT_CONNECTED: HTTPStatus.CONFLICT,
    Reason.TOO_MANY_ATTEMPTS: HTTPStatus.TOO_MANY_REQUESTS,
    Reason.TOO_MANY_SESSIONS: HTTPStatus.TOO_MANY_REQUESTS,
    Reason.TOO_MANY_REQUESTS: HTTPStatus.TOO_MANY_REQUESTS,
    Reason.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}


def problem(
    error: Refusal, language: str, *, upgrade: str, status: HTTPStatus | None = None
) -> tuple[int, str]:
    """(status, JSON body). `detail` is what happened and why, `next` what to do now.

    `upgrade` is the command that installs the client which fits. The status follows from the reason
    unless it is given.
    """
    here = texts(language)
    status = status or _STATUS.get(error.reason, HTTPStatus.BAD_REQUEST)
    key = f"refusal.{error.reason.value}"
    document = {
        "type": f"urn:sshq:refusal:{error.reason.value}",
        "title": status.phrase,
        "status": status.value,
        "detail": here.plain(key, **error.facts).replace("`", ""),
        "next": here.plain(f"{key}.next", upgrade=upgrade, **error.facts).replace("`", ""),
    }
    return status.value, json.dumps(document, ensure_ascii=False)
