"""The SSM agent's way from AWS's address into the stack's bucket, with a loopback server for AWS's."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sshq.adapters.agent_mirror import S3AgentMirror
from sshq.domain.openpgp import PublicKey
from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.core_aws import CoreAws

VERSION = "3.3.1.0"
BUCKET = "agents"
PACKAGES = {"amd64": b"for x86_64", "arm64": b"for aarch64"}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
TRUSTED = [PublicKey("A" * 40, KEY.public_key().public_numbers())]


def signature(content: bytes) -> bytes:
    """As GnuPG makes it: version 4, of a file, RSA, SHA-256, no subpackets."""
    head = bytes([4, 0, 1, 8, 0, 0])
    signed = content + head + b"\x04\xff" + len(head).to_bytes(4, "big")
    value = KEY.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    number = int.from_bytes(value, "big")
    body = head + b"\0\0" + b"\0\0" + number.bit_length().to_bytes(2, "big")
    body += number.to_bytes((number.bit_length() + 7) // 8, "big")
    return b"\x89" + len(body).to_bytes(2, "big") + body


@pytest.fixture
def published() -> dict[str, bytes]:
    """What lies at AWS's address."""
    files: dict[str, bytes] = {}
    for architecture, package in PACKAGES.items():
        path = f"/{VERSION}/linux_{architecture}/amazon-ssm-agent-binaries.tar.gz"
        files |= {path: package, f"{path}.sig": signature(package)}
    return files


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """What the deployment brings along."""
    (tmp_path / "asyncssh-2.24.1-py3-none-any.whl").write_bytes(b"a wheel")
    return tmp_path


@pytest.fixture
def mirror(aws: CoreAws, published: dict[str, bytes], wheels: Path) -> Iterator[S3AgentMirror]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = published.get(self.path)
            self.send_response(200 if found is not None else 404)
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, *_: object) -> None: ...

    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    source = f"http://127.0.0.1:{server.server_port}/"
    yield S3AgentMirror(
        s3, bucket=BUCKET, account="123456789012", source=source, ssh_server=wheels, trusted=TRUSTED
    )
    server.shutdown()
    server.server_close()
    for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=entry["Key"])
    s3.delete_bucket(Bucket=BUCKET)


def test_what_aws_signed_is_kept_under_its_digest_and_pinned(
    aws: CoreAws, mirror: S3AgentMirror
) -> None:
    assert mirror.pinned() is None

    pin = mirror.mirror(VERSION)

    assert mirror.pinned() == pin
    assert (pin.version, pin.signed_by) == (VERSION, "A" * 40)
    assert pin.sha256["x86_64.tar.gz"] == hashlib.sha256(PACKAGES["amd64"]).hexdigest()
    assert pin.sha256["aarch64.tar.gz"] == hashlib.sha256(PACKAGES["arm64"]).hexdigest()
    s3 = aws.client("s3")
    for name, digest in pin.sha256.items():
        body = s3.get_object(Bucket=BUCKET, Key=f"{pin.prefix}/{name}")["Body"].read()
        assert hashlib.sha256(body).hexdigest() == digest
    bundle = s3.get_object(Bucket=BUCKET, Key=f"{pin.prefix}/ca.pem")["Body"].read()
    assert b"BEGIN CERTIFICATE" in bundle


@pytest.mark.parametrize("suffix", ["", ".sig"])
def test_a_package_that_was_touched_is_neither_kept_nor_pinned(
    aws: CoreAws, mirror: S3AgentMirror, published: dict[str, bytes], suffix: str
) -> None:
    path = f"/{VERSION}/linux_arm64/amazon-ssm-agent-binaries.tar.gz{suffix}"
    published[path] = published[path][:-1] + b"?"

    with pytest.raises(Refusal) as refused:
        mirror.mirror(VERSION)

    assert refused.value.reason is Reason.AGENT_NOT_VERIFIED
    assert "linux_arm64" in refused.value.facts["package"]
    assert aws.client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def test_a_version_that_is_not_there_is_told(mirror: S3AgentMirror) -> None:
    with pytest.raises(Refusal) as refused:
        mirror.mirror("9.9.9.9")

    assert refused.value.reason is Reason.AGENT_NOT_FOUND
    assert "404" in refused.value.facts["detail"]


def test_a_deployment_with_other_packages_has_to_set_up_again(
    mirror: S3AgentMirror, wheels: Path
) -> None:
    pin = mirror.mirror(VERSION)
    assert mirror.is_current(pin)

    (wheels / "asyncssh-2.24.1-py3-none-any.whl").write_bytes(b"another")

    assert not mirror.is_current(pin)
    assert mirror.is_current(mirror.mirror(VERSION))


def test_only_https_or_loopback_is_a_source(aws: CoreAws, tmp_path: Path) -> None:
    mirror = S3AgentMirror(
        aws.client("s3"),
        bucket=BUCKET,
        account="123456789012",
        ssh_server=tmp_path,
        source="http://example.com",
        trusted=[],
    )

    with pytest.raises(ValueError, match="https"):
        mirror.mirror(VERSION)


def test_a_pin_that_was_there_before_stays_until_a_new_one_is_whole(
    mirror: S3AgentMirror, published: dict[str, bytes]
) -> None:
    before = mirror.mirror(VERSION)
    newer = {path.replace(VERSION, "3.3.2.0"): content for path, content in published.items()}
    published |= {path: content for path, content in newer.items() if "arm64" not in path}

    with pytest.raises(Refusal):
        mirror.mirror("3.3.2.0")

    assert mirror.pinned() == before
