"""Paging with an opaque token, as SSM's Describe and List operations do it."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, TypeVar

from sshq_sandbox.ssm_service.errors import SsmError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")


def page(
    items: Sequence[T], params: Mapping[str, Any], key: Callable[[T], str], default: int = 50
) -> tuple[list[T], dict[str, str]]:
    """(this page's items, {"NextToken": …} or nothing). Raises SsmError InvalidNextToken.

    The token names the first item of the next page: one that has gone since makes it invalid.
    """
    start = 0
    if token := params.get("NextToken"):
        wanted = _decode(str(token))
        found = [index for index, item in enumerate(items) if key(item) == wanted]
        if not found:
            raise SsmError("InvalidNextToken", "The specified token is not valid.")
        start = found[0]
    end = start + int(params.get("MaxResults") or default)
    following = {} if end >= len(items) else {"NextToken": _encode(key(items[end]))}
    return list(items[start:end]), following


def _encode(value: str) -> str:
    return base64.urlsafe_b64encode(value.encode()).decode()


def _decode(token: str) -> str:
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
