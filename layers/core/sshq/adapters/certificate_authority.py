"""The SSH CA: OpenSSH certificates signed by a key that never leaves KMS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    SSHCertificateBuilder,
    SSHCertificateType,
    load_der_public_key,
    load_ssh_public_key,
)

from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

# What a shell, an editor's server and forwards need. The agent is forwarded only to whom asks for it
# (ssh -A); X11 stays out.
EXTENSIONS = (b"permit-agent-forwarding", b"permit-port-forwarding", b"permit-pty")


class KmsCertificateAuthority:
    """ports.CertificateAuthority. `client` is a boto3 KMS client; the first of `key_ids` signs."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401  boto3 has no types
        *,
        key_ids: tuple[str, ...],
        serial: Callable[[], int],
    ) -> None:
        self._keys = {key_id: KmsKey(client, key_id) for key_id in key_ids}
        self._serial = serial

    @property
    def key_ids(self) -> tuple[str, ...]:
        return tuple(self._keys)

    def public_keys(self) -> tuple[str, ...]:
        return tuple(_line(key) for key in self._keys.values())

    def sign_user(
        self,
        public_key: str,
        *,
        principal: str,
        key_id: str,
        valid_after: datetime,
        valid_before: datetime,
        trusted: tuple[str, ...],
    ) -> str:
        builder = (
            SSHCertificateBuilder()
            .public_key(load_ssh_public_key(public_key.encode()))  # type: ignore[arg-type]
            .serial(self._serial())
            .type(SSHCertificateType.USER)
            .key_id(key_id.encode())
            .valid_principals([principal.encode()])
            .valid_after(valid_after.timestamp())
            .valid_before(valid_before.timestamp())
        )
        for extension in EXTENSIONS:
            builder = builder.add_extension(extension, b"")
        return builder.sign(self._signer(trusted)).public_bytes().decode()

    def _signer(self, trusted: tuple[str, ...]) -> KmsKey:
        for key_id, key in self._keys.items():
            if not trusted or key_id in trusted:
                return key
        raise Refusal(Reason.CA_RETIRED)


def _line(key: KmsKey) -> str:
    line = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return f"{line.decode()} sshq-ca"


class KmsKey(ec.EllipticCurvePrivateKey):
    """A private key that can only sign, and does so in KMS. ECDSA P-256 with SHA-256."""

    def __init__(self, client: Any, key_id: str) -> None:  # noqa: ANN401  boto3 has no types
        self._client = client
        self._key_id = key_id
        self._public: ec.EllipticCurvePublicKey | None = None

    def public_key(self) -> ec.EllipticCurvePublicKey:
        if self._public is None:
            found = self._client.get_public_key(KeyId=self._key_id)
            key = load_der_public_key(found["PublicKey"])
            if not isinstance(key, ec.EllipticCurvePublicKey):
                raise TypeError("the SSH CA's key isn't an elliptic curve key")
            self._public = key
        return self._public

    @property
    def curve(self) -> ec.EllipticCurve:
        return ec.SECP256R1()

    @property
    def key_size(self) -> int:
        return 256

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:  # noqa: ANN401
        if not isinstance(signature_algorithm, ec.ECDSA) or not isinstance(
            signature_algorithm.algorithm, hashes.SHA256
        ):
            raise TypeError("KMS signs for this CA with ECDSA and SHA-256 only")
        # RAW: KMS hashes what it is given. A certificate is far below its limit of 4096 bytes.
        signed = self._client.sign(
            KeyId=self._key_id,
            Message=bytes(data),
            MessageType="RAW",
            SigningAlgorithm="ECDSA_SHA_256",
        )
        return bytes(signed["Signature"])

    def exchange(self, *_: Any, **__: Any) -> NoReturn:  # noqa: ANN401
        raise TypeError("the key lies in KMS and only signs")

    def private_numbers(self) -> NoReturn:
        raise TypeError("the key lies in KMS and only signs")

    def private_bytes(self, *_: Any, **__: Any) -> NoReturn:  # noqa: ANN401
        raise TypeError("the key lies in KMS and only signs")

    def __copy__(self) -> KmsKey:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> KmsKey:
        return self
