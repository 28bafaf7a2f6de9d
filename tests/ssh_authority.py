"""An SSH CA for tests: signs what the stack's KMS key signs in real life."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    SSHCertificateBuilder,
    SSHCertificateType,
)

if TYPE_CHECKING:
    from pathlib import Path


class Authority:
    """P-256, as the key in KMS."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> str:
        return (
            self._key.public_key()
            .public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
            .decode()
        )

    def identity(self, folder: Path, principal: str, valid: tuple[int, int] = (-60, 600)) -> Path:
        """A fresh key and a certificate for it, as a client keeps them. `valid` is from now, in s."""
        folder.mkdir(mode=0o700)
        key = ed25519.Ed25519PrivateKey.generate()
        now = int(time.time())
        certificate = (
            SSHCertificateBuilder()
            .public_key(key.public_key())
            .serial(1)
            .type(SSHCertificateType.USER)
            .key_id(b"test")
            .valid_principals([principal.encode()])
            .valid_after(now + valid[0])
            .valid_before(now + valid[1])
            .add_extension(b"permit-pty", b"")
            .add_extension(b"permit-port-forwarding", b"")
            .sign(self._key)
        )
        path = folder / "id_ed25519"
        path.touch(mode=0o600)
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.OpenSSH,
                serialization.NoEncryption(),
            )
        )
        (folder / "id_ed25519-cert.pub").write_bytes(certificate.public_bytes() + b"\n")
        return path
