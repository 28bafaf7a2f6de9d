from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    SSHCertificateBuilder,
    SSHCertificateType,
    load_ssh_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from sshq_local.keys import (
    certificate_valid_before,
    generate_key,
    load_key,
    private_key_file,
    public_key_line,
)

if TYPE_CHECKING:
    from pathlib import Path


@given(st.binary(min_size=32, max_size=32))
def test_a_key_file_is_read_as_cryptography_reads_it(
    tmp_path_factory: pytest.TempPathFactory, seed: bytes
) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    path = tmp_path_factory.mktemp("key") / "id"
    path.write_bytes(private_key_file(key))
    theirs = load_ssh_private_key(path.read_bytes(), None)
    assert isinstance(theirs, Ed25519PrivateKey)
    assert load_key(path).private_bytes_raw() == theirs.private_bytes_raw() == seed


def test_a_public_key_is_written_as_cryptography_writes_it() -> None:
    key = generate_key()
    theirs = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    assert public_key_line(key) == theirs.decode()


def test_other_files_are_no_keys(tmp_path: Path) -> None:
    whole = private_key_file(generate_key())
    damaged = {
        "empty": b"",
        "text": b"hello",
        "short": whole[:200] + b"\n-----END OPENSSH PRIVATE KEY-----\n",
        "other kind": ec.generate_private_key(ec.SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()
        ),
    }
    for name, content in damaged.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r".+"):
            load_key(path)


@given(st.integers(min_value=1, max_value=2**64 - 1))
def test_a_certificate_says_when_it_ends(valid_before: int) -> None:
    assert certificate_valid_before(certificate(valid_before)) == valid_before


@pytest.mark.parametrize("line", ["", "ssh-ed25519 AAAA", "ssh-ed25519-cert-v01@openssh.com AAAA"])
def test_what_is_no_certificate_is_a_value_error(line: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        certificate_valid_before(line)


def certificate(valid_before: int) -> str:
    return (
        SSHCertificateBuilder()
        .public_key(generate_key().public_key())
        .serial(7)
        .type(SSHCertificateType.USER)
        .key_id(b"T1/U1 sshq-job")
        .valid_principals([b"sshq-job", b"another"])
        .valid_after(0)
        .valid_before(valid_before)
        .sign(generate_key())
        .public_bytes()
        .decode()
    )
