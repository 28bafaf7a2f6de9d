"""The access API's OpenAPI document: what the code says of its routes, and what holds for them all."""

from __future__ import annotations

from typing import Any

from sshq.domain.access import Problem

_PROBLEM = "Problem"
_NEVER_SENT = "422"
_EMPTY = "204"
_SIGNATURE = {
    "type": "apiKey",
    "in": "header",
    "name": "Signature",
    "description": "HTTP Message Signatures (RFC 9421), with the headers Signature-Input and"
    " Content-Digest: ed25519 over @method, @path, content-digest,"
    " @query if there is one, and prefer if it is to count, with"
    " created (within 300 s), a nonce of 8 to 64 characters that is new, and"
    " keyid: the lease's id, or `redeem` with the key that the body names.",
}


def described(document: dict[str, Any]) -> dict[str, Any]:
    """The document of the routes, with the problem documents that any of them may answer, and the
    signature that each request needs. Powertools' own 422 is taken out: here that is a 400.
    """
    problem = {
        "description": "Refused: what happened, why, and what to do now",
        "content": {
            "application/problem+json": {"schema": {"$ref": f"#/components/schemas/{_PROBLEM}"}}
        },
    }
    paths = {
        path: {method: _operation(each, problem) for method, each in methods.items()}
        for path, methods in document["paths"].items()
    }
    components = document.get("components", {})
    schemas = {
        name: schema
        for name, schema in components.get("schemas", {}).items()
        if "ValidationError" not in name
    }
    schemas[_PROBLEM] = Problem.model_json_schema()
    return document | {
        "paths": paths,
        "components": components
        | {"schemas": schemas, "securitySchemes": {"signature": _SIGNATURE}},
        "security": [{"signature": []}],
    }


def _operation(operation: dict[str, Any], problem: dict[str, Any]) -> dict[str, Any]:
    answers = {
        status: {"description": "Done"} if status == _EMPTY else answer
        for status, answer in operation["responses"].items()
        if status != _NEVER_SENT
    }
    return operation | {"responses": answers | {"default": problem}}
