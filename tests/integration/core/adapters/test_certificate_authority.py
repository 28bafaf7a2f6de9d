"""The SSH CA whose key lies in KMS: OpenSSH itself and cryptography read what it signs."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificate,
    SSHCertificateType,
    load_ssh_public_identity,
    load_ssh_public_key,
)

from tests.core_aws import NOW

if TYPE_CHECKING:
    from pathlib import Path

    from sshq.composition import Live
    from tests.core_aws import CoreAws


def a_public_key() -> str:
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def signed(live: Live, key: str) -> str:
    return live.ca.sign_user(
        key,
        principal="sshq-alice-x",
        key_id="T1/U1 sshq-alice-x lease",
        valid_after=NOW - timedelta(minutes=2),
        valid_before=NOW + timedelta(hours=1),
        trusted=(),
    )


def test_a_certificate_says_what_it_is_for_and_no_more(live: Live) -> None:
    key = a_public_key()
    certificate = load_ssh_public_identity(signed(live, key).encode())

    assert isinstance(certificate, SSHCertificate)
    certificate.verify_cert_signature()
    (ca,) = live.ca.public_keys()
    assert certificate.signature_key() == load_ssh_public_key(ca.encode())
    assert certificate.public_key() == load_ssh_public_key(key.encode())
    assert certificate.type is SSHCertificateType.USER
    assert certificate.valid_principals == [b"sshq-alice-x"]
    assert certificate.key_id == b"T1/U1 sshq-alice-x lease"
    assert datetime.fromtimestamp(certificate.valid_after, UTC) == NOW - timedelta(minutes=2)
    assert datetime.fromtimestamp(certificate.valid_before, UTC) == NOW + timedelta(hours=1)
    assert set(certificate.extensions) == {
        b"permit-agent-forwarding",
        b"permit-port-forwarding",
        b"permit-pty",
    }
    assert certificate.critical_options == {}


def test_two_certificates_have_two_serials(live: Live) -> None:
    key = a_public_key()
    serials = set()
    for _ in range(2):
        certificate = load_ssh_public_identity(signed(live, key).encode())
        assert isinstance(certificate, SSHCertificate)
        serials.add(certificate.serial)

    assert len(serials) == 2


@pytest.mark.sshd
def test_openssh_reads_it(live: Live, tmp_path: Path) -> None:
    file = tmp_path / "id-cert.pub"
    file.write_text(signed(live, a_public_key()) + "\n", encoding="utf-8")
    ca = tmp_path / "ca.pub"
    ca.write_text(live.ca.public_keys()[0] + "\n", encoding="utf-8")

    def keygen(*words: str) -> str:
        return subprocess.run(
            ["ssh-keygen", *words], check=True, capture_output=True, text=True
        ).stdout

    listed = keygen("-L", "-f", str(file))
    fingerprint = keygen("-l", "-f", str(ca)).split()[1]
    assert "user certificate" in listed
    assert "sshq-alice-x" in listed
    assert fingerprint in listed
    assert "ecdsa-sha2-nistp256" in listed


def test_the_key_is_asked_for_once_and_the_log_has_no_private_part(
    aws: CoreAws, live: Live
) -> None:
    before = len(aws.server.calls.list(operation="GetPublicKey"))
    for _ in range(3):
        signed(live, a_public_key())

    assert len(aws.server.calls.list(operation="GetPublicKey")) - before == 1


@pytest.mark.parametrize("kind", ["throttle", "5xx", "timeout-after"])
def test_a_signature_whose_answer_is_lost_is_made_again(
    aws: CoreAws, live: Live, kind: str
) -> None:
    aws.fault("Sign", kind)

    certificate = load_ssh_public_identity(signed(live, a_public_key()).encode())

    assert isinstance(certificate, SSHCertificate)
    certificate.verify_cert_signature()


def test_who_may_not_sign_gets_no_certificate(aws: CoreAws, live: Live) -> None:
    aws.fault("Sign", "denial")

    with pytest.raises(ClientError, match="kms:Sign"):
        signed(live, a_public_key())


def test_the_key_only_signs(live: Live) -> None:
    from sshq.adapters.certificate_authority import KmsKey

    key = KmsKey(None, "key")
    for use in (key.private_numbers, key.private_bytes, key.exchange):
        with pytest.raises(TypeError, match="only signs"):
            use()
