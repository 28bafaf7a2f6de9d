"""The lease's Ed25519 key: made once, kept in OpenSSH's own format, so that ssh reads it too."""

from __future__ import annotations

import base64
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os

_MAGIC = b"openssh-key-v1\0"
_BEGIN = "-----BEGIN OPENSSH PRIVATE KEY-----"
_END = "-----END OPENSSH PRIVATE KEY-----"
_NAME = b"ssh-ed25519"


def generate_key() -> Ed25519PrivateKey:
    """A fresh key for one lease."""
    return Ed25519PrivateKey.generate()


def private_key_file(key: Ed25519PrivateKey) -> bytes:
    """The key as OpenSSH keeps it on disk, without a passphrase: it lives as long as its lease."""
    # Slow to import (about 40 ms), and wanted only when a lease is made, never by the ProxyCommand.
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


def public_key_line(key: Ed25519PrivateKey) -> str:
    """`ssh-ed25519 AAAA…`, without a comment."""
    blob = _string(_NAME) + _string(key.public_key().public_bytes_raw())
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


def load_key(path: str | os.PathLike[str]) -> Ed25519PrivateKey:
    """Read a file that `private_key_file` made (OpenSSH's PROTOCOL.key, cipher "none").

    cryptography's own reader does the same and costs each ssh about 40 ms more of imports.
    Raises OSError, or ValueError when the file is anything else.
    """
    with open(path, encoding="ascii") as file:  # noqa: PTH123 - pathlib is 3 ms of each ssh
        text = file.read().strip()
    if not (text.startswith(_BEGIN) and text.endswith(_END)):
        raise ValueError(f"{path} is not an OpenSSH private key")
    blob = base64.b64decode("".join(text[len(_BEGIN) : -len(_END)].split()), validate=True)
    if not blob.startswith(_MAGIC):
        raise ValueError(f"{path} is not an OpenSSH private key")
    fields = _Fields(blob[len(_MAGIC) :])
    cipher, _kdf, _kdf_options = fields.string(), fields.string(), fields.string()
    count, _public = fields.uint32(), fields.string()
    secret = _Fields(fields.string())
    checks_agree = secret.uint32() == secret.uint32()
    if cipher != b"none" or count != 1 or not checks_agree or secret.string() != _NAME:
        raise ValueError(f"{path} is not an Ed25519 key without a passphrase")
    public, seed_and_public = secret.string(), secret.string()
    key = Ed25519PrivateKey.from_private_bytes(seed_and_public[:32])
    if key.public_key().public_bytes_raw() != public:
        raise ValueError(f"{path} is damaged")
    return key


def certificate_valid_before(certificate: str) -> int:
    """When a `ssh-ed25519-cert-v01@openssh.com AAAA…` line ends, in epoch seconds.

    The fields stand in OpenSSH's PROTOCOL.certkeys. Raises ValueError.
    """
    kind, _, rest = certificate.partition(" ")
    fields = _Fields(base64.b64decode(rest.partition(" ")[0], validate=True))
    if fields.string().decode("ascii", "replace") != kind or kind != _CERTIFICATE:
        raise ValueError("this is not an Ed25519 certificate")
    fields.string()  # nonce
    fields.string()  # public key
    fields.uint64()  # serial
    fields.uint32()  # type
    fields.string()  # key id
    fields.string()  # principals
    fields.uint64()  # valid after
    return fields.uint64()


_CERTIFICATE = "ssh-ed25519-cert-v01@openssh.com"


class _Fields:
    """SSH's wire format (RFC 4251, section 5), read from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def string(self) -> bytes:
        return self._take(self.uint32())

    def uint32(self) -> int:
        return int.from_bytes(self._take(4), "big")

    def uint64(self) -> int:
        return int.from_bytes(self._take(8), "big")

    def _take(self, length: int) -> bytes:
        if length > len(self._data):
            raise ValueError("the key's data ends too early")
        taken, self._data = self._data[:length], self._data[length:]
        return taken


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value
