"""The CA rotates with an overlap: KMS signs, and a real sshd says who gets in at each step."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sshq.domain.refusals import Reason, Refusal
from tests.core_aws import CoreAws, core_aws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sshq.ports import CertificateAuthority

pytestmark = pytest.mark.sshd


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CoreAws]:
    with core_aws(tmp_path_factory.mktemp("kms")) as running:
        yield running


@pytest.fixture(scope="module")
def keys(aws: CoreAws) -> tuple[str, str]:
    """The old key and the new one."""
    kms = aws.client("kms")
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    return aws.settings.ssh_ca_key_ids, made


def authority(aws: CoreAws, *keys: str) -> CertificateAuthority:
    """The CA as the stack has it at one step of the rotation; the first key signs."""
    return aws.live(ssh_ca_key_ids=",".join(keys)).ca


def identity(ca: CertificateAuthority, folder: Path, trusted: tuple[str, ...]) -> Path:
    """A key and the certificate that the CA gives it for a job that trusts these keys."""
    folder.mkdir(mode=0o700)
    key = Ed25519PrivateKey.generate()
    line = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    now = datetime.fromtimestamp(int(time.time()), UTC)
    certificate = ca.sign_user(
        line.decode(),
        principal="the-job",
        key_id="T1/U1 the-job lease",
        valid_after=now - timedelta(minutes=2),
        valid_before=now + timedelta(minutes=10),
        trusted=trusted,
    )
    path = folder / "id_ed25519"
    path.touch(mode=0o600)
    private = serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))
    (folder / "id_ed25519-cert.pub").write_text(certificate + "\n", encoding="utf-8")
    return path


def test_jobs_of_before_during_and_after_a_rotation_are_entered_throughout(
    aws: CoreAws,
    keys: tuple[str, str],
    make_container: Callable[..., Any],
    tmp_path: Path,
) -> None:
    old, new = keys
    steady, overlap, done = authority(aws, old), authority(aws, new, old), authority(aws, new)
    jobs = {}
    for name, ca in (("before", steady), ("during", overlap), ("after", done)):
        container = make_container(facts={"CA_KEYS": "\n".join(ca.public_keys())})
        container.start()
        jobs[name] = (container, ca.key_ids)
    for container, _ in jobs.values():
        container.ready()

    assert len(overlap.public_keys()) == 2
    for step, ca, who in (
        ("overlap", overlap, ("before", "during")),
        ("done", done, ("during", "after")),
    ):
        for name in who:
            container, trusted = jobs[name]
            entered = container.ssh(identity(ca, tmp_path / f"{step}-{name}", trusted), "true")
            assert entered.returncode == 0, (step, name, entered.stderr)
    # Had the overlap signed with the new key alone, the older job would have shut everybody out.
    container, _ = jobs["before"]
    refused = container.ssh(identity(overlap, tmp_path / "new-key", (new,)), "true")
    assert "Permission denied (publickey)" in refused.stderr
    container, _ = jobs["after"]
    refused = container.ssh(identity(overlap, tmp_path / "old-key", (old,)), "true")
    assert "Permission denied (publickey)" in refused.stderr


def test_a_rotation_that_was_finished_too_early_is_told(
    aws: CoreAws, keys: tuple[str, str], tmp_path: Path
) -> None:
    old, new = keys

    with pytest.raises(Refusal) as refused:
        identity(authority(aws, new), tmp_path / "late", (old,))

    assert refused.value.reason is Reason.CA_RETIRED


def test_a_changed_host_key_is_refused_by_the_client(
    aws: CoreAws, keys: tuple[str, str], make_container: Callable[..., Any], tmp_path: Path
) -> None:
    """A machine in the middle has the right CA's trust, but not the key that the lease pinned."""
    ca = authority(aws, keys[0])
    real, other = (make_container(facts={"CA_KEYS": ca.public_keys()[0]}) for _ in range(2))
    for container in (real, other):
        container.start()
    for container in (real, other):
        container.ready()
    key = identity(ca, tmp_path / "alice", ca.key_ids)
    assert real.ssh(key, "true").returncode == 0

    real.port, other.port = other.port, real.port
    answer = real.ssh(key, "true")

    assert answer.returncode == 255
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in answer.stderr
