"""How AWS words a refusal in each of its protocols."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from sshq_sandbox.aws.faults import FaultKind

if TYPE_CHECKING:
    from sshq_sandbox.aws.api_call import ApiCall

_REQUEST_ID = "00000000-0000-4000-8000-000000000000"
_ABOVE_THE_QUOTA = (
    "The account-level service limit for training job usage is 1 Instances, with current "
    "utilization of 1 Instances and a request delta of 1 Instances. Please use AWS Service Quotas "
    "to request an increase for this quota."
)
_THROTTLING_CODES = {"s3": "SlowDown", "iam": "Throttling", "sts": "Throttling"}


@dataclass(frozen=True)
class FaultAnswer:
    status: int
    code: str
    headers: list[tuple[str, str]]
    body: bytes


def answer_for(kind: FaultKind, call: ApiCall, message: str = "") -> FaultAnswer:
    """The refusal (throttle, 5xx, denial or quota) in the shape of the call's own service.

    `message` stands in for AWS's own sentence.
    """
    status, code, sentence = _error(kind, call)
    message = message or sentence
    render = {"query": _query, "rest-xml": _rest_xml, "rest-json": _rest_json}.get(
        call.protocol, _cbor if call.protocol == "smithy-rpc-v2-cbor" else _json
    )
    content_type, body = render(code, message, status)
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
        ("x-amzn-RequestId", _REQUEST_ID),
    ]
    if call.protocol in {"json", "rest-json"}:
        headers.append(("x-amzn-ErrorType", code))
    if call.protocol == "smithy-rpc-v2-cbor":
        headers.append(("smithy-protocol", "rpc-v2-cbor"))
    return FaultAnswer(status, code, headers, body)


def _error(kind: FaultKind, call: ApiCall) -> tuple[int, str, str]:
    json_like = call.protocol in {"json", "smithy-rpc-v2-cbor"}
    if kind is FaultKind.THROTTLE:
        code = _THROTTLING_CODES.get(call.service, "ThrottlingException")
        status = 503 if call.service == "s3" else 429 if call.protocol == "rest-json" else 400
        return status, code, "Rate exceeded"
    if kind is FaultKind.DENIAL:
        code = "AccessDenied" if call.protocol in {"query", "rest-xml"} else "AccessDeniedException"
        what = f"{call.service}:{call.operation}"
        return 400 if json_like else 403, code, f"User is not authorized to perform: {what}"
    if kind is FaultKind.QUOTA:
        return 400, "ResourceLimitExceeded", _ABOVE_THE_QUOTA
    if kind is FaultKind.SERVER_ERROR:
        code = "InternalError" if call.service == "s3" else "InternalFailure"
        return 500, code, "An internal error occurred. Try again."
    raise ValueError(f"{kind} has no answer")


def _json(code: str, message: str, _status: int) -> tuple[str, bytes]:
    body = json.dumps({"__type": code, "message": message}).encode()
    return "application/x-amz-json-1.1", body


def _rest_json(code: str, message: str, _status: int) -> tuple[str, bytes]:
    return "application/json", json.dumps({"code": code, "message": message}).encode()


def _query(code: str, message: str, status: int) -> tuple[str, bytes]:
    fault = "Receiver" if status >= 500 else "Sender"
    body = (
        f"<ErrorResponse><Error><Type>{fault}</Type><Code>{code}</Code>"
        f"<Message>{escape(message)}</Message></Error>"
        f"<RequestId>{_REQUEST_ID}</RequestId></ErrorResponse>"
    )
    return "text/xml", body.encode()


def _rest_xml(code: str, message: str, _status: int) -> tuple[str, bytes]:
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code>'
        f"<Message>{escape(message)}</Message><RequestId>{_REQUEST_ID}</RequestId></Error>"
    )
    return "application/xml", body.encode()


def _cbor(code: str, message: str, _status: int) -> tuple[str, bytes]:
    """RFC 8949: a map of two text strings."""
    texts = ["__type", code, "message", message]
    return "application/cbor", b"\xa2" + b"".join(_cbor_text(text) for text in texts)


def _cbor_text(text: str) -> bytes:
    payload = text.encode()
    head = bytes([0x60 + len(payload)]) if len(payload) < 24 else bytes([0x78, len(payload)])
    return head + payload
