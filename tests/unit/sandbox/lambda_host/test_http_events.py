from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq_sandbox.lambda_host.http_events import (
    BadAnswerError,
    HttpAnswer,
    HttpRequest,
    match_route,
    to_answer,
    to_event,
)
from sshq_sandbox.lambda_host.template import HttpRoute

ROUTES = (
    HttpRoute("ANY", "/v1/{proxy+}"),
    HttpRoute("POST", "/v1/redeem"),
    HttpRoute("GET", "/v1/{thing}"),
    HttpRoute("ANY", "/v1/redeem"),
)


@pytest.mark.parametrize(
    ("method", "path", "route", "parameters"),
    [
        ("POST", "/v1/redeem", ROUTES[1], {}),
        ("GET", "/v1/redeem", ROUTES[3], {}),
        ("GET", "/v1/other", ROUTES[2], {"thing": "other"}),
        ("GET", "/v1/a/b%20c", ROUTES[0], {"proxy": "a/b c"}),
        ("DELETE", "/v1/other", ROUTES[0], {"proxy": "other"}),
    ],
)
def test_the_most_specific_route_wins(
    method: str, path: str, route: HttpRoute, parameters: dict[str, str]
) -> None:
    assert match_route(ROUTES, method, path) == (route, parameters)


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v2/x"])
def test_no_route_fits(path: str) -> None:
    assert match_route(ROUTES, "POST", path) is None


def event(body: bytes = b"", *headers: tuple[str, str], query: str = "") -> dict[str, Any]:
    return to_event(
        HttpRequest("POST", "/slack/a%20b", query, headers, body, "127.0.0.1"),
        HttpRoute("POST", "/slack/{x}"),
        {"x": "a b"},
        account="123456789012",
        domain="127.0.0.1:8700",
        request_id="r-1",
        now=datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
    )


def test_the_event_has_the_shape_of_payload_format_2() -> None:
    found = event(
        b'{"a": 1}',
        ("Content-Type", "application/json"),
        ("X-Many", "1"),
        ("x-many", "2"),
        ("Cookie", "a=1; b=2"),
        query="q=1&q=2&empty=",
    )

    assert found["version"] == "2.0"
    assert found["routeKey"] == "POST /slack/{x}"
    assert found["rawPath"] == "/slack/a b"
    assert found["rawQueryString"] == "q=1&q=2&empty="
    assert found["queryStringParameters"] == {"q": "1,2", "empty": ""}
    assert found["headers"] == {"content-type": "application/json", "x-many": "1,2"}
    assert found["cookies"] == ["a=1", "b=2"]
    assert found["pathParameters"] == {"x": "a b"}
    assert found["body"] == '{"a": 1}'
    assert found["isBase64Encoded"] is False
    assert found["requestContext"]["http"]["sourceIp"] == "127.0.0.1"
    assert found["requestContext"]["time"] == "22/Nov/2026:12:00:00 +0000"


def test_no_body_is_no_key() -> None:
    assert "body" not in event()


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "image/png", None])
def test_a_form_and_all_that_is_not_text_arrives_as_base64(kind: str | None) -> None:
    headers = [("content-type", kind)] if kind else []

    found = event(b"text=hi", *headers)

    assert found["isBase64Encoded"] is True
    assert base64.b64decode(found["body"]) == b"text=hi"


@given(st.binary(min_size=1), st.sampled_from(["text/plain; charset=utf-8", "image/png"]))
def test_a_body_always_comes_back_whole(body: bytes, kind: str) -> None:
    found = event(body, ("content-type", kind))

    text = found["body"]
    assert (base64.b64decode(text) if found["isBase64Encoded"] else text.encode()) == body


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        (
            {"statusCode": 201, "headers": {"X-A": True}, "body": "hé"},
            HttpAnswer(
                201, {"x-a": "true", "content-type": "text/plain; charset=utf-8"}, "hé".encode()
            ),
        ),
        (
            {"statusCode": 204, "body": None},
            HttpAnswer(204, {"content-type": "text/plain; charset=utf-8"}, b""),
        ),
        (
            {"statusCode": "200", "isBase64Encoded": True, "body": "AAE=", "cookies": ["a=1"]},
            HttpAnswer(200, {"content-type": "text/plain; charset=utf-8"}, b"\0\1", ("a=1",)),
        ),
        ({"ok": 1}, HttpAnswer(200, {"content-type": "application/json"}, b'{"ok": 1}')),
    ],
)
def test_a_result_becomes_a_response(result: Any, answer: HttpAnswer) -> None:
    assert to_answer(json.dumps(result).encode()) == answer


@pytest.mark.parametrize(
    "payload",
    [
        b"not json",
        b'{"statusCode": "x"}',
        b'{"statusCode": 200, "body": {"a": 1}}',
        b'{"statusCode": 200, "isBase64Encoded": true, "body": "%%"}',
    ],
)
def test_a_malformed_result_is_refused(payload: bytes) -> None:
    with pytest.raises(BadAnswerError):
        to_answer(payload)
