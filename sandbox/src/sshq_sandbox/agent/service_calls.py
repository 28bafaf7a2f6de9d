"""The agent's HTTP calls to SSM: unsigned, signed with the node's key, or with its role's
credentials."""

from __future__ import annotations

import http.client
import json
import time
from urllib.parse import urlsplit

from sshq_sandbox.agent.signatures import Credentials, rsa_signature, sigv4_headers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from sshq_sandbox.agent.identity import Identity

_TIMEOUT_SECONDS = 10.0


class ServiceError(Exception):
    """AWS refused: `code` is AWS's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def call_ssm(
    endpoint: str,
    operation: str,
    body: Mapping[str, Any],
    signing: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """POST one operation; `signing` are the headers that sign it. Raises ServiceError or
    OSError."""
    url = urlsplit(endpoint)
    if not url.hostname:
        raise ServiceError("EndpointMissing", "AWS_ENDPOINT_URL names no host.")
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname, url.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request(
            "POST",
            "/",
            json.dumps(body),
            {
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": f"AmazonSSM.{operation}",
                **(signing or {}),
            },
        )
        response = connection.getresponse()
        answer = json.loads(response.read() or b"{}")
    except ValueError as error:
        raise ServiceError("UnreadableAnswer", operation) from error
    except http.client.HTTPException as error:
        raise ConnectionError(f"{operation}: {error!r}") from error
    finally:
        connection.close()
    if response.status >= 400:
        message = answer.get("message") or answer.get("Message") or ""
        raise ServiceError(str(answer.get("__type", response.status)).split("#")[-1], message)
    return dict(answer)


def request_role_credentials(endpoint: str, identity: Identity) -> Credentials:
    """Credentials of the node's role, for about an hour. Raises ServiceError or OSError."""
    body = {"Fingerprint": identity.node_id}
    headers = sigv4_headers(
        endpoint=endpoint,
        region=identity.region,
        target="AmazonSSM.RequestManagedInstanceRoleToken",
        payload=json.dumps(body).encode(),
        credentials=Credentials(identity.node_id, "", "", 0.0),
        now=time.time(),
    )
    signature = rsa_signature(identity.modulus, identity.exponent, headers["Authorization"])
    headers["SSM-AsymmetricKeyAuthorization"] = f"Signature={signature}"
    answer = call_ssm(endpoint, "RequestManagedInstanceRoleToken", body, headers)
    return Credentials(
        answer["AccessKeyId"],
        answer["SecretAccessKey"],
        answer["SessionToken"],
        float(answer["TokenExpirationDate"]),
    )


def update_instance_information(
    endpoint: str, identity: Identity, credentials: Credentials, facts: Mapping[str, str]
) -> None:
    """The ping that makes the node Online. Raises ServiceError or OSError."""
    body = {"InstanceId": identity.node_id, "AgentStatus": "Active", **facts}
    headers = sigv4_headers(
        endpoint=endpoint,
        region=identity.region,
        target="AmazonSSM.UpdateInstanceInformation",
        payload=json.dumps(body).encode(),
        credentials=credentials,
        now=time.time(),
    )
    call_ssm(endpoint, "UpdateInstanceInformation", body, headers)
