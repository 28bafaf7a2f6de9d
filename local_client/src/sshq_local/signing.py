"""HTTP Message Signatures (RFC 9421) as the access API asks for them: ed25519, label `sshq`.

Our own, since every ssh waits for it: the general library costs about 90 ms more of imports.
tests/integration/local_client has that library check what this module signs.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_LABEL = "sshq"


def signature_headers(
    key: Ed25519PrivateKey,
    *,
    key_id: str,
    method: str,
    path: str,
    body: bytes,
    created: int,
    nonce: str,
    query: str = "",
    prefer: str = "",
) -> dict[str, str]:
    """The three headers that sign one request; an empty body is digested too.

    path, query: as they go over the wire, percent-encoded, without the "?" between them.
    prefer: a `Prefer` header that is signed as well, and given with the others.
    created: epoch seconds.
    key_id and nonce: printable ASCII without quotes and backslashes.
    """
    digest = f"sha-256=:{b64encode(sha256(body).digest()).decode()}:"
    components = {"@method": method, "@path": path, "content-digest": digest}
    if query:
        components["@query"] = f"?{query}"
    if prefer:
        components["prefer"] = prefer
    covered = " ".join(f'"{name}"' for name in components)
    parameters = f'({covered});created={created};nonce="{nonce}";keyid="{key_id}";alg="ed25519"'
    lines = [f'"{name}": {value}' for name, value in components.items()]
    base = "\n".join((*lines, f'"@signature-params": {parameters}'))
    signature = b64encode(key.sign(base.encode("ascii"))).decode()
    return ({"Prefer": prefer} if prefer else {}) | {
        "Content-Digest": digest,
        "Signature-Input": f"{_LABEL}={parameters}",
        "Signature": f"{_LABEL}=:{signature}:",
    }
