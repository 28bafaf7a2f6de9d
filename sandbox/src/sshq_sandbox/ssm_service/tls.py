"""The sandbox's own certificate authority, made anew at each start."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def server_context(folder: Path) -> ssl.SSLContext:
    """A TLS server for 127.0.0.1 and localhost; `folder`/ca.pem is what its clients trust.

    The CA's key is never written. `folder` is made if missing (0700).
    """
    import trustme  # noqa: PLC0415  (pulls cryptography: 0.1 s)

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = trustme.CA(organization_name="sshq sandbox")
    leaf = authority.issue_cert("127.0.0.1", "localhost", "::1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    leaf.configure_cert(context)
    # Whole or not at all: a child may be reading it.
    fresh = folder / "ca.pem.new"
    authority.cert_pem.write_to_path(str(fresh))
    fresh.replace(folder / "ca.pem")
    return context
