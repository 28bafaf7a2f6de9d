"""Which certificate a host showed that isn't trusted: what a person needs to find the right CA."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

_LONGEST = 200


def shown_by(connection: socket.socket, host: str) -> str:
    """`"CN=…" from "O=…"`: subject and issuer of the certificate that answers; "" if none is to be had.

    Nothing is sent over this connection but the handshake, and it is closed.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with context.wrap_socket(connection, server_hostname=host) as unverified:
            der = unverified.getpeercert(binary_form=True)
    except OSError:
        return ""
    return _names(der) if der else ""


def _names(der: bytes) -> str:
    from cryptography import x509  # noqa: PLC0415 - on this failure only

    try:
        certificate = x509.load_der_x509_certificate(der)
        subject, issuer = certificate.subject, certificate.issuer
        said = f'"{subject.rfc4514_string()}", issued by "{issuer.rfc4514_string()}"'
    except ValueError:
        return ""
    return "".join(c if c.isprintable() else "?" for c in said)[:_LONGEST]
