"""From a StreamUrl to a connected socket: the hosts we trust, TLS, and a company's HTTP proxy."""

from __future__ import annotations

import os
import re
import socket
import ssl
from binascii import b2a_base64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""The sandbox: the only hosts that may be spoken to without TLS."""

# Texts, not compiled: each is needed by some connections only, and compiling takes its time.
_SERVICE_HOST = (
    r"ssmmessages(-fips)?\.[a-z0-9-]+\."
    r"(amazonaws\.com(\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn"
    r"|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov|amazonaws\.eu)"
)
_URL = r"(wss?)://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?(/[!-~]*)?"
_PROXY = r"http://(?:([^@/]*)@)?(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?/?"
_LARGEST_PROXY_ANSWER = 16 * 1024


class NotTrusted(Exception):  # noqa: N818 (a verdict)
    """We won't speak to this address or this certificate; the text says why and what to do."""


class Target:
    """A StreamUrl taken apart. `host` is bare (no brackets), `authority` goes into headers."""

    __slots__ = ("authority", "host", "path", "port", "secure")

    def __init__(self, *, secure: bool, host: str, port: int, authority: str, path: str) -> None:
        self.secure = secure
        self.host = host
        self.port = port
        self.authority = authority
        self.path = path


def dial(
    target: Target, *, ca_file: Path | str | None, environ: Mapping[str, str], timeout: float
) -> socket.socket:
    """A connected socket, TLS done. Raises OSError (try again) or NotTrusted."""
    connection = _plain(target, environ, timeout)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not target.secure:
            return connection
        context = _context(ca_file, environ)
        return context.wrap_socket(connection, server_hostname=target.host.encode("ascii"))
    except ssl.SSLCertVerificationError as error:
        connection.close()
        raise NotTrusted(
            f"The certificate of {target.host} is not trusted: {error.verify_message}. "
            f"{_who_answered(target, environ, timeout)}If a company's proxy inspects TLS, name "
            "its CA's file in AWS_CA_BUNDLE or SSL_CERT_FILE."
        ) from error
    except BaseException:
        connection.close()
        raise


def parse_stream_url(url: str, *, hosts: tuple[str, ...] = ()) -> Target:
    """Take a StreamUrl apart, or raise NotTrusted.

    Only over TLS, to AWS's own ssmmessages hosts, to `hosts` (VPC endpoints), or to this computer.
    """
    match = re.fullmatch(_URL, url)
    port = int(match[3] or (443 if match[1] == "wss" else 80)) if match else 0
    if match is None or not 0 < port < 65536:
        raise NotTrusted("The session's StreamUrl is not a WebSocket's address.")
    host = match[2].strip("[]").lower()
    if host not in LOOPBACK:
        if match[1] != "wss":
            raise NotTrusted(f"The session's StreamUrl names {host} without TLS.")
        if not re.fullmatch(_SERVICE_HOST, host) and host not in hosts:
            raise NotTrusted(
                f"The session's StreamUrl names {host}, which is not one of AWS's. If it is your "
                "VPC endpoint, add it to the settings."
            )
    authority = match[2] if match[3] is None else f"{match[2]}:{match[3]}"
    return Target(
        secure=match[1] == "wss", host=host, port=port, authority=authority, path=match[4] or "/"
    )


def proxy_for(target: Target, environ: Mapping[str, str]) -> str:
    """The proxy that HTTPS_PROXY and NO_PROXY name for this target, "" for none."""
    if target.host in LOOPBACK or not target.secure:
        return ""
    for exception in _either(environ, "no_proxy").split(","):
        suffix = exception.strip().lower().lstrip(".")
        if suffix == "*" or (suffix and f".{target.host}".endswith(f".{suffix}")):
            return ""
    return _either(environ, "https_proxy")


def _plain(target: Target, environ: Mapping[str, str], timeout: float) -> socket.socket:
    proxy = proxy_for(target, environ)
    if proxy:
        return _through_proxy(target, proxy, timeout)
    return _connect(target.host, target.port, timeout)


def _who_answered(target: Target, environ: Mapping[str, str], timeout: float) -> str:
    from sshq_local.ssm.certificate import shown_by  # noqa: PLC0415 - on this failure only

    try:
        shown = shown_by(_plain(target, environ, timeout), target.host)
    except OSError:
        shown = ""
    return f"It was {shown}. " if shown else ""


def _either(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.upper()) or ""


def _through_proxy(target: Target, proxy: str, timeout: float) -> socket.socket:
    match = re.fullmatch(_PROXY, proxy if "://" in proxy else f"http://{proxy}")
    if match is None:
        raise NotTrusted("HTTPS_PROXY is not of the form http://[user:password@]host[:port].")
    request = (
        f"CONNECT {target.host}:{target.port} HTTP/1.1\r\nHost: {target.host}:{target.port}\r\n"
    )
    if match[1]:
        # Only here: importing it costs milliseconds that those without a proxy needn't pay.
        from urllib.parse import unquote  # noqa: PLC0415

        credentials = b2a_base64(unquote(match[1]).encode(), newline=False).decode()
        request += f"Proxy-Authorization: Basic {credentials}\r\n"
    host, port = match[2].strip("[]"), int(match[3] or 8080)
    connection = _connect(host, port, timeout)
    try:
        _ask(connection, f"{request}\r\n".encode("ascii"), f"{host}:{port}")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(host: str, port: int, timeout: float) -> socket.socket:
    """Names go in as bytes, here and for TLS: text would import Python's IDNA tables, for ASCII."""
    address: Any = (host.encode("ascii"), port)  # typeshed knows only of text
    return socket.create_connection(address, timeout)


def _ask(connection: socket.socket, request: bytes, proxy: str) -> None:
    connection.sendall(request)
    answer = b""
    # One byte at a time: what follows the empty line is already TLS.
    while not answer.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte or len(answer) > _LARGEST_PROXY_ANSWER:
            raise ConnectionError(f"the proxy {proxy} gave no answer")
        answer += byte
    status = answer.split(b"\r\n", 1)[0].decode("ascii", "replace")
    if not re.match(r"HTTP/1\.[01] 2[0-9][0-9]", status):
        shown = "".join(c for c in status[:80] if c.isprintable())
        raise ConnectionError(f"the proxy {proxy} refused: {shown}")


def _context(ca_file: Path | str | None, environ: Mapping[str, str]) -> ssl.SSLContext:
    """Certificates and host names are checked: PROTOCOL_TLS_CLIENT's default, never turned off.

    Kept: reading the system's hundred and more certificates takes ten milliseconds each time.
    """
    bundle = str(ca_file or environ.get("AWS_CA_BUNDLE") or "")
    # A connection lives for hours: a company's file, or the one that SSL_CERT_FILE names, may be
    # replaced meanwhile.
    file = bundle or ssl.get_default_verify_paths().cafile or ""
    try:
        key = (bundle, file, os.stat(file).st_mtime_ns if file else 0)  # noqa: PTH116
        if key not in _contexts:
            _contexts[key] = _fresh_context(bundle)
    except OSError as error:  # ssl's own for what is no PEM file is one, too
        raise NotTrusted(
            f"The CA file {file} can't be read: {error.strerror or error}. Name another one: "
            "sshq-local connect JOB --ca-file FILE, AWS_CA_BUNDLE or SSL_CERT_FILE."
        ) from error
    return _contexts[key]


_contexts: dict[tuple[str, str, int], ssl.SSLContext] = {}


def _fresh_context(bundle: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if bundle:
        context.load_verify_locations(cafile=bundle)
    else:
        # OpenSSL reads SSL_CERT_FILE and SSL_CERT_DIR here by itself.
        context.load_default_certs()
    return context
