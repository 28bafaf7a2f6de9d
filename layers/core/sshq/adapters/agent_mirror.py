"""The SSM agent: from AWS's own bucket, checked against AWS's signing keys, into the stack's bucket.

With it go what a bare image may lack: the authorities' certificates, and the packages of the SSH
server in Python, which the deployment brought along.

AWS publishes no checksums of the agent's packages, but signs each with OpenPGP. What was signed is
pinned by its SHA-256 here, and jobs run nothing else.
"""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore
from botocore.exceptions import ClientError

from sshq.adapters.aws_errors import code
from sshq.domain.agent_pin import ARCHITECTURES, CA_BUNDLE, AgentPin
from sshq.domain.openpgp import PublicKey, UntrustedError, public_keys, signer_of
from sshq.domain.refusals import Reason, Refusal

PIN_KEY = "agent/pin.json"
_PACKAGE = "amazon-ssm-agent-binaries.tar.gz"
_LARGEST = 200 * 1024 * 1024
_SECONDS = 30


def aws_keys() -> list[PublicKey]:
    """The keys that AWS signs the agent with."""
    return public_keys(files("sshq.adapters").joinpath("aws_agent_keys.asc").read_text())


class S3AgentMirror:
    """ports.AgentMirror. `client` is a boto3 S3 client, `source` the address of AWS's packages.

    `ssh_server` is a folder with the packages of the SSH server in Python; it need not be there.
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401  boto3 has no types
        *,
        bucket: str,
        account: str,
        source: str,
        ssh_server: Path,
        trusted: list[PublicKey] | None = None,
    ) -> None:
        self._client = client
        # The bucket's name can be guessed: nothing is taken from a stranger's.
        self._where = {"Bucket": bucket, "ExpectedBucketOwner": account}
        self._source = source.rstrip("/")
        self._ssh_server = ssh_server
        self._trusted = trusted

    def pinned(self) -> AgentPin | None:
        try:
            found = self._client.get_object(**self._where, Key=PIN_KEY)
        except ClientError as error:
            # Without the right to list, S3 says "forbidden" of what isn't there.
            if code(error) in {"NoSuchKey", "NoSuchBucket", "AccessDenied"}:
                return None
            raise
        return AgentPin.model_validate_json(found["Body"].read())

    def mirror(self, version: str) -> AgentPin:
        """The pin comes last: where it is, the files are."""
        bundle = Path(botocore.__file__).parent / "cacert.pem"
        content = {CA_BUNDLE: bundle.read_bytes(), **self._ssh_server_packages()}
        signers = set()
        for machine, architecture in ARCHITECTURES.items():
            address = f"{self._source}/{version}/linux_{architecture}/{_PACKAGE}"
            package = _download(address)
            try:
                signers.add(signer_of(package, _download(f"{address}.sig"), self._keys))
            except UntrustedError as error:
                raise Refusal(
                    Reason.AGENT_NOT_VERIFIED, package=address, detail=str(error)
                ) from error
            content[f"{machine}.tar.gz"] = package
        sha256 = {name: hashlib.sha256(body).hexdigest() for name, body in content.items()}
        pin = AgentPin(version=version, signed_by=", ".join(sorted(signers)), sha256=sha256)
        for name, body in content.items():
            self._client.put_object(**self._where, Key=f"{pin.prefix}/{name}", Body=body)
        self._client.put_object(
            **self._where, Key=PIN_KEY, Body=pin.model_dump_json(indent=1).encode()
        )
        return pin

    def is_current(self, pin: AgentPin) -> bool:
        found = self._ssh_server_packages()
        pinned = {name for name in pin.sha256 if name.endswith(".whl")}
        return found.keys() == pinned and all(
            hashlib.sha256(body).hexdigest() == pin.sha256[name] for name, body in found.items()
        )

    def _ssh_server_packages(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self._ssh_server.glob("*.whl"))}

    @property
    def _keys(self) -> list[PublicKey]:
        return aws_keys() if self._trusted is None else self._trusted


def _download(address: str) -> bytes:
    """An https address, or one on loopback (urllib checks certificates). Refusal: it can't be had."""
    url = urlsplit(address)
    if url.scheme != "https" and url.hostname != "127.0.0.1":
        raise ValueError(f"{address} isn't https")
    try:
        with urllib.request.urlopen(address, timeout=_SECONDS) as answer:  # noqa: S310  see above
            content: bytes = answer.read(_LARGEST + 1)
    except OSError as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        raise Refusal(Reason.AGENT_NOT_FOUND, package=address, detail=str(error)) from error
    if len(content) > _LARGEST:
        raise Refusal(Reason.AGENT_NOT_FOUND, package=address, detail=f"over {_LARGEST} bytes")
    return content
