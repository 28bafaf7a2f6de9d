"""Who this node is: its id, region and key, kept on disk as AWS's agent keeps them."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


class Identity:
    """`modulus` and `exponent`: the private RSA key's n and d. `message_service`:
    https://host:port."""

    def __init__(
        self, node_id: str, region: str, modulus: int, exponent: int, message_service: str
    ) -> None:
        self.node_id = node_id
        self.region = region
        self.modulus = modulus
        self.exponent = exponent
        self.message_service = message_service


def has_identity(folder: Path) -> bool:
    return (folder / "identity.json").exists()


def save_identity(folder: Path, identity: Identity) -> None:
    """Writes identity.json (0600) and, for scripts, `registration` as AWS's agent writes it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    private = folder / "identity.json"
    private.touch(mode=0o600)
    private.write_text(
        json.dumps(
            {
                "node_id": identity.node_id,
                "region": identity.region,
                "modulus": hex(identity.modulus),
                "exponent": hex(identity.exponent),
                "message_service": identity.message_service,
            }
        ),
        encoding="utf-8",
    )
    told = {"ManagedInstanceID": identity.node_id, "Region": identity.region}
    (folder / "registration").write_text(json.dumps(told), encoding="utf-8")


def load_identity(folder: Path) -> Identity:
    """Raises FileNotFoundError when this machine isn't registered."""
    kept = json.loads((folder / "identity.json").read_text(encoding="utf-8"))
    return Identity(
        node_id=kept["node_id"],
        region=kept["region"],
        modulus=int(kept["modulus"], 16),
        exponent=int(kept["exponent"], 16),
        message_service=kept["message_service"],
    )
