"""Registering: a new RSA key, and the unsigned call that spends one of the activation's
registrations."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING

from sshq_sandbox.agent.identity import Identity, save_identity
from sshq_sandbox.agent.service_calls import call_ssm

if TYPE_CHECKING:
    from sshq_sandbox.agent.settings import AgentSettings


def register(settings: AgentSettings, *, code: str, activation_id: str, region: str) -> str:
    """The node's id; the identity is saved. Raises ServiceError (InvalidActivation …) or
    OSError."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415  (slow to import)
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    answer = call_ssm(
        settings.endpoint,
        "RegisterManagedInstance",
        {
            "ActivationId": activation_id,
            "ActivationCode": code,
            "PublicKey": base64.b64encode(public).decode(),
            "PublicKeyType": "Rsa",
            "Fingerprint": secrets.token_hex(16),
        },
    )
    numbers = key.private_numbers()
    identity = Identity(
        node_id=answer["InstanceId"],
        region=region,
        modulus=numbers.public_numbers.n,
        exponent=numbers.d,
        message_service=answer["SandboxMessageService"],
    )
    save_identity(settings.state_dir, identity)
    return identity.node_id
