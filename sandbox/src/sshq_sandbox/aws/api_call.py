"""Which AWS operation an HTTP request calls, who calls it, and with what."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

UNKNOWN = "unknown"

_SCOPE = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/,\s]+)/([^/,\s]+)/aws4_request")
_RPC_PATH = re.compile(r"^/service/([^/]+)/operation/([^/]+)$")
_SECRET = re.compile(
    r"secret(?!id|arn)|password|token|credential|activationcode|plaintext|privatekey|signature|^body$",
    re.IGNORECASE,
)
_LONGEST_TEXT = 4096
_SERVICE_OF_SIGNING_NAME = {"monitoring": "cloudwatch", "servicequotas": "service-quotas"}
_SERVICE_OF_TARGET = {"AmazonSSM": "ssm", "SageMaker": "sagemaker", "AmazonSQS": "sqs"}


@dataclass(frozen=True)
class ApiCall:
    """`protocol` is botocore's word: json, query, rest-xml, rest-json or smithy-rpc-v2-cbor.

    `key_id` is the caller's access key id, empty for an unsigned request.
    """

    service: str
    operation: str
    protocol: str
    key_id: str
    region: str
    parameters: Mapping[str, Any] = field(repr=False)


def identify(
    *, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
) -> ApiCall:
    """Read an AWS request. `path` is still percent-encoded; header names are in lower case.

    Never raises: what can't be told is "unknown".
    """
    key_id, region, service = _credential(headers, query)
    target = headers.get("x-amz-target", "")
    if target:
        prefix, _, operation = target.rpartition(".")
        service = service or _SERVICE_OF_TARGET.get(prefix, prefix)
        return ApiCall(service, operation, "json", key_id, region, _json(body))
    if rpc := _RPC_PATH.match(path):
        protocol = "smithy-rpc-v2-cbor"
        return ApiCall(service or UNKNOWN, rpc[2], protocol, key_id, region, {})
    form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    values = _first_values(body.decode("utf-8", "replace") if form else query)
    if "Action" in values:
        parameters = {k: v for k, v in values.items() if k not in {"Action", "Version"}}
        operation = values["Action"]
        return ApiCall(service or UNKNOWN, operation, "query", key_id, region, parameters)
    # moto, too, takes an unsigned request that names nothing for one to S3.
    service = service or "s3"
    protocol, routes = _routes(service)
    operation, labels = _match(routes, method, path, values, headers)
    parameters = labels | {k: v for k, v in values.items() if not k.lower().startswith("x-amz-")}
    if protocol == "rest-json":
        parameters |= _json(body)
    return ApiCall(service, operation, protocol, key_id, region, parameters)


def without_secrets(value: Any, name: str = "") -> Any:  # noqa: ANN401  (JSON)
    """The value with secrets hidden (told by their member's name) and long texts cut."""
    if isinstance(value, dict):
        return {key: without_secrets(member, str(key)) for key, member in value.items()}
    if isinstance(value, list):
        return [without_secrets(member, name) for member in value]
    if _SECRET.search(name) and value not in (None, ""):
        return "(hidden)"
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return value[:_LONGEST_TEXT] + "…"
    return value


def _credential(headers: Mapping[str, str], query: str) -> tuple[str, str, str]:
    text = headers.get("authorization", "")
    if not text and "X-Amz-Credential=" in query:
        text = "Credential=" + _first_values(query)["X-Amz-Credential"]
    scope = _SCOPE.search(text)
    if not scope:
        return "", "", ""
    key_id, region, name = scope.groups()
    return key_id, region, _SERVICE_OF_SIGNING_NAME.get(name, name)


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _first_values(query: str) -> dict[str, str]:
    return {k: v[0] for k, v in parse_qs(query, keep_blank_values=True).items()}


def _match(
    routes: list[_Route],
    method: str,
    path: str,
    values: Mapping[str, str],
    headers: Mapping[str, str],
) -> tuple[str, dict[str, Any]]:
    """The operation's name, and what its path's labels stand for."""
    for route in routes:
        found = route.path.match(path) if route.method == method else None
        if (
            found
            and all(_has(values, name, text) for name, text in route.query.items())
            and route.headers <= headers.keys()
        ):
            return route.operation, {k: unquote(v) for k, v in found.groupdict().items()}
    return UNKNOWN, {}


def _has(values: Mapping[str, str], name: str, text: str | None) -> bool:
    return name in values and text in (None, values[name])


@dataclass(frozen=True)
class _Route:
    operation: str
    method: str
    path: re.Pattern[str]
    query: Mapping[str, str | None]  # None: any value
    headers: frozenset[str]


@cache
def _routes(service: str) -> tuple[str, list[_Route]]:
    """The service's protocol and its REST routes, the most particular first."""
    import botocore.exceptions  # noqa: PLC0415  (slow: not at import)
    import botocore.session  # noqa: PLC0415

    try:
        model = botocore.session.get_session().get_service_model(service)
    except botocore.exceptions.UnknownServiceError:
        return "rest-json", []
    if not model.resolved_protocol.startswith("rest"):
        return model.resolved_protocol, []
    routes = sorted(_model_routes(model), key=_particularity, reverse=True)
    return model.resolved_protocol, routes


def _model_routes(model: Any) -> Iterator[_Route]:  # noqa: ANN401  (botocore's ServiceModel)
    operations = [model.operation_model(name) for name in model.operation_names]
    # A deprecated operation and its successor look alike on the wire: the call is the successor's.
    for operation in sorted(operations, key=lambda each: bool(each.deprecated)):
        path, _, query = operation.http["requestUri"].partition("?")
        fixed = _first_values(query)
        shape = operation.input_shape
        required = (
            [shape.members[name].serialization for name in shape.required_members] if shape else []
        )
        query_names = [wire["name"] for wire in required if wire.get("location") == "querystring"]
        headers = {wire["name"].lower() for wire in required if wire.get("location") == "header"}
        yield _Route(
            operation=operation.name,
            method=operation.http["method"],
            path=_path_pattern(path),
            query={**dict.fromkeys(query_names), **fixed},
            headers=frozenset(headers),
        )


def _particularity(route: _Route) -> tuple[int, int]:
    return len(route.query) + len(route.headers), -route.path.groups


def _path_pattern(template: str) -> re.Pattern[str]:
    pattern = ""
    for part in re.split(r"(\{[^}]+\})", template.rstrip("/") or "/"):
        if part.startswith("{"):
            name = part.strip("{}+").replace("-", "_")
            pattern += f"(?P<{name}>{'.+' if part.endswith('+}') else '[^/]+'})"
        else:
            pattern += re.escape(part)
    return re.compile(f"^{pattern}/?$")
