"""Which SSM agent jobs get: the one that setup saw, checked and copied into the bot's bucket."""

from __future__ import annotations

import hashlib

from sshq.domain.model import Record

# As `uname -m` calls the processor, and as AWS does in its addresses.
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
CA_BUNDLE = "ca.pem"


class AgentPin(Record):
    """The agent's version, the fingerprint of the AWS key that signed it, and each file's SHA-256."""

    version: str
    signed_by: str
    sha256: dict[str, str]

    @property
    def sums(self) -> str:
        """What `sha256sum -c` reads."""
        return "\n".join(f"{digest}  {name}" for name, digest in sorted(self.sha256.items()))

    @property
    def prefix(self) -> str:
        """The bucket's folder: named after what is in it, so nothing in it ever changes."""
        return f"agent/{hashlib.sha256(self.sums.encode()).hexdigest()}"
