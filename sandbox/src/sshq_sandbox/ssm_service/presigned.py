"""The check of a presigned StreamUrl (SigV4 in the query), as far as one can without the secret."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEEDED = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
)
_SIGNED_HEADERS = (
    r"AWS4-HMAC-SHA256 Credential=[^/, ]+/\d{8}/[a-z0-9-]+/ssmmessages/aws4_request, ?"
    r"SignedHeaders=[^, ]+, ?Signature=[0-9a-f]{64}$"
)


def is_signed_by_headers(authorization: str) -> bool:
    """Whether the Authorization header has the shape of SigV4, as AWS's newer plugins send it."""
    return re.match(_SIGNED_HEADERS, authorization) is not None


def fault_in(query: Mapping[str, str], now: datetime) -> str:
    """What is wrong with the signature's parameters; "" if nothing is.

    Checked: all are there, the credential's scope is `ssmmessages`, the date isn't over. The
    signature
    itself isn't: the sandbox's message service doesn't know its callers' secrets.
    """
    if missing := [name for name in _NEEDED if not query.get(name)]:
        return f"missing {', '.join(missing)}"
    if query["X-Amz-Algorithm"] != "AWS4-HMAC-SHA256":
        return "unknown algorithm"
    scope = query["X-Amz-Credential"].split("/")
    if len(scope) != 5 or scope[3:] != ["ssmmessages", "aws4_request"]:
        return "the credential is not scoped to ssmmessages"
    try:
        signed = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        lifetime = timedelta(seconds=int(query["X-Amz-Expires"]))
    except ValueError:
        return "unreadable date"
    if scope[1] != query["X-Amz-Date"][:8]:
        return "the credential's date is not the signature's"
    return "expired" if now > signed + lifetime else ""
