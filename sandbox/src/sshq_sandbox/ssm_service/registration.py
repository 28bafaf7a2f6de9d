"""What an agent calls: RegisterManagedInstance, RequestManagedInstanceRoleToken,
UpdateInstanceInformation, ListInstanceAssociations.

None of them is in botocore's model; the shapes are those of amazon-ssm-agent's own SDK.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from typing import TYPE_CHECKING, Any

from sshq_sandbox.aws.partitions import partition_of
from sshq_sandbox.ssm_service.errors import SsmError
from sshq_sandbox.ssm_service.state import Node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sshq_sandbox.ssm_service.state import Call, SsmState

_TOLD = ("AgentVersion", "PlatformType", "PlatformName", "PlatformVersion", "IPAddress")


def register_managed_instance(state: SsmState, body: Mapping[str, Any]) -> dict[str, Any]:
    """Unsigned: {"ActivationId", "ActivationCode", "PublicKey", "PublicKeyType", "Fingerprint"} →
    {"InstanceId"}. Raises SsmError InvalidActivation. The node inherits the activation's tags.
    """
    activation = state.activations.get(str(body.get("ActivationId", "")))
    code = str(body.get("ActivationCode", ""))
    if activation is None or not hmac.compare_digest(code.encode(), activation.code.encode()):
        raise SsmError("InvalidActivation", "Activation ID or code is invalid.")
    now = state.now()
    if activation.expires <= now:
        raise SsmError("InvalidActivation", "Activation expired.")
    if activation.registrations >= activation.limit:
        raise SsmError("InvalidActivation", "Registration limit exceeded.")
    public_key = str(body.get("PublicKey", ""))
    if not public_key:
        raise SsmError("ValidationException", "PublicKey is required.")
    activation.registrations += 1
    partition = partition_of(activation.region)
    node = Node(
        id=f"mi-{state.new_id(17)}",
        account=activation.account,
        region=activation.region,
        activation_id=activation.id,
        iam_role=activation.iam_role,
        role_arn=state.neighbours.role_arn_trusting_ssm(
            activation.account, partition, activation.iam_role
        )
        or "",
        public_key=public_key,
        registered=now,
        name=activation.default_instance_name,
        tags=dict(activation.tags),
    )
    state.nodes[node.id] = node
    return {"InstanceId": node.id}


def request_managed_instance_role_token(state: SsmState, call: Call) -> dict[str, Any]:
    """Signed with the node's RSA key: {"Fingerprint"} → credentials of the node's role, one
    hour."""
    node = _signer(state, call)
    if not node.role_arn:
        raise SsmError("AccessDeniedException", "The node's role doesn't exist.")
    credentials = state.neighbours.assume_role(node, node.role_arn)
    return {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "TokenExpirationDate": credentials.expires.timestamp(),
        "UpdateKeyPair": False,
    }


def update_instance_information(state: SsmState, call: Call) -> dict[str, Any]:
    """The agent's ping, signed with the role's credentials: it makes the node Online."""
    node_id = call.params.get("InstanceId", "")
    node = state.nodes.get(node_id)
    if node is None:
        raise SsmError("InvalidInstanceId", f"The instance {node_id} isn't registered.")
    if not call.caller_arn.endswith(f"/{node.id}"):
        raise SsmError("AccessDeniedException", "A node may only report on itself.")
    node.information = {key: str(call.params[key]) for key in _TOLD if call.params.get(key)}
    if computer := call.params.get("ComputerName"):
        node.information["ComputerName"] = str(computer)
    node.last_ping = state.now()
    node.lost = False
    return {}


def list_instance_associations(_state: SsmState, _call: Call) -> dict[str, Any]:
    """The agent asks at its start; the sandbox associates nothing with a node."""
    return {"Associations": []}


def _signer(state: SsmState, call: Call) -> Node:
    """The node whose key signed the Authorization header (SSM-AsymmetricKeyAuthorization)."""
    authorization = call.headers.get("authorization", "")
    found = re.search(r"Credential=(mi-[0-9a-f]{17})/\d{8}/[^/]+/ssm/aws4_request", authorization)
    node = state.nodes.get(found[1]) if found else None
    signature = call.headers.get("ssm-asymmetrickeyauthorization", "").removeprefix("Signature=")
    if node is None or not _verified(node.public_key, signature, authorization):
        raise SsmError(
            "AccessDeniedException", "The request isn't signed by a registered node's key."
        )
    return node


def _verified(public_key: str, signature: str, text: str) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415  (slow to import)
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415

    try:
        key = serialization.load_der_public_key(base64.b64decode(public_key))
        raw = base64.b64decode(signature)
    except (ValueError, binascii.Error):
        return False
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        key.verify(raw, text.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True
