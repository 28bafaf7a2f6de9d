"""The way to the access API: web proxy, DNS, certificates, and whether both clocks agree."""

from __future__ import annotations

import os
import re
import socket
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from sshq_local.doctor.findings import failed, ok, skipped, warned
from sshq_local.http_exchange import BadAnswerError, exchange
from sshq_local.ssm.dial import LOOPBACK, NotTrusted, dial, proxy_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sshq_local.doctor.findings import Finding
    from sshq_local.ssm.dial import Target

_TIMEOUT = 10.0
_ALLOWED_SKEW = 300
_LARGEST_ANSWER = 1 << 20
# What API Gateway says in China for an account without an ICP recordal; the access API never does.
_FORBIDDEN = 403


def check_network(
    target: Target, ca_file: Path | str | None, environ: Mapping[str, str] = os.environ
) -> Iterator[Finding]:
    """Findings until one fails; what comes after it in the list isn't looked at."""
    proxy = proxy_for(target, environ)
    # Without the password that may stand before the @.
    shown = proxy.rpartition("@")[2].removeprefix("http://").rstrip("/")
    if proxy:
        yield skipped("dns", "dns-by-proxy", proxy=shown)
    else:
        found = _dns(target)
        yield found
        if found.next:
            return
    try:
        connection = dial(target, ca_file=ca_file, environ=environ, timeout=_TIMEOUT)
    except NotTrusted as error:
        if proxy and "HTTPS_PROXY" in str(error):
            yield failed("proxy", "proxy-unreadable", why=error)
        else:
            yield _proxy_works(proxy, shown)
            yield failed("ca", "ca-untrusted", why=error)
        return
    except OSError as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        if proxy and re.search(r" 407\b", str(error)):
            yield failed("proxy", "proxy-wants-password", proxy=shown)
        elif proxy:
            yield failed("proxy", "proxy-fails", proxy=shown, why=why)
        else:
            yield failed("api", "api-unreachable", host=target.authority, why=why)
        return
    yield _proxy_works(proxy, shown)
    yield ok("ca", "ca-trusted" if target.secure else "ca-loopback", host=target.host)
    with connection:
        yield from _clock(connection, target)


def _dns(target: Target) -> Finding:
    if target.host in LOOPBACK:
        return ok("dns", "dns-loopback")
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError as error:
        return failed("dns", "dns-unknown", host=target.host, why=error.strerror or error)
    return ok("dns", "dns-known", host=target.host, address=found[0][4][0])


def _proxy_works(proxy: str, shown: str) -> Finding:
    return ok("proxy", "proxy-works", proxy=shown) if proxy else ok("proxy", "proxy-none")


def _clock(connection: socket.socket, target: Target) -> Iterator[Finding]:
    """Any answer has a date; this one needs no signature, whose time might be what is wrong."""
    headers = {"Host": target.authority}
    try:
        answer = exchange(
            connection,
            "GET",
            "/v1/openapi.json",
            headers=headers,
            body=b"",
            largest=_LARGEST_ANSWER,
        )
        if answer.status == _FORBIDDEN:
            yield failed("api", "api-forbidden", host=target.authority)
            return
        theirs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (BadAnswerError, OSError) as error:
        yield failed("api", "api-strange", host=target.authority, why=error)
        return
    except ValueError:
        yield skipped("clock", "clock-untold")
        return
    yield ok("api", "api-answers", host=target.authority)
    skew = time.time() - theirs
    facts = {"seconds": f"{abs(skew):.0f}"}
    if abs(skew) < _ALLOWED_SKEW / 5:
        yield ok("clock", "clock-right", **facts)
    elif abs(skew) < _ALLOWED_SKEW:
        yield warned("clock", "clock-drifts", **facts)
    else:
        yield failed("clock", "clock-ahead" if skew > 0 else "clock-behind", **facts)
