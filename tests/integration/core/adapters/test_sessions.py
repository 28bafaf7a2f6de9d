"""SSM sessions: started with one document, signed or not, ended side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from sshq.domain.leases import MOST_SESSIONS
from sshq.domain.refusals import Reason, Refusal
from tests.sandbox_ssm import SSH_DOCUMENT

if TYPE_CHECKING:
    from tests.core_aws import CoreAws


@pytest.fixture(scope="module")
def document(aws: CoreAws) -> str:
    return aws.ssm.document(SSH_DOCUMENT, "Session")


@pytest.fixture(scope="module")
def node(aws: CoreAws) -> str:
    return aws.ssm.connected_node()


def test_the_url_carries_its_signature_by_default(aws: CoreAws, document: str, node: str) -> None:
    access = aws.live(session_document=document).sessions.start(node, reason="a test")

    query = parse_qs(urlsplit(access.stream_url).query)
    assert access.stream_url.startswith("wss://")
    assert query["X-Amz-Credential"][0].endswith("/eu-west-1/ssmmessages/aws4_request")
    assert query["X-Amz-Expires"] == ["60"]
    (call,) = [c for c in aws.calls() if c.operation == "StartSession"]
    assert call.parameters["DocumentName"] == document


def test_a_setting_leaves_the_url_as_aws_gave_it(aws: CoreAws, document: str, node: str) -> None:
    live = aws.live(session_document=document, stream_urls="plain")
    first = live.sessions.start(node, reason="a test")
    resumed = live.sessions.resume(first.id)

    for url in (first.stream_url, resumed.stream_url):
        assert "X-Amz-" not in url
    assert resumed.token != first.token


def test_ten_sessions_and_more_are_open_on_one_node(aws: CoreAws, document: str, node: str) -> None:
    sessions = aws.live(session_document=document).sessions
    before = sessions.active(node)
    made = {sessions.start(node, reason="a test").id for _ in range(12)}

    assert sessions.active(node) - before == made
    assert len(made) <= MOST_SESSIONS


@pytest.mark.parametrize("kind", ["throttle", "5xx"])
def test_a_throttled_end_is_tried_again_and_what_is_left_is_told(
    aws: CoreAws, document: str, node: str, kind: str
) -> None:
    sessions = aws.live(session_document=document).sessions
    made = [sessions.start(node, reason="a test").id for _ in range(3)]
    aws.fault("TerminateSession", kind, times=2)

    assert sessions.terminate_all(made) == []
    assert not set(made) & sessions.active(node)
    assert sessions.terminate_all([*made, "sshq-never-was"]) == []
    assert sessions.terminate_all([]) == []


def test_a_denied_end_is_left_and_the_others_are_not(
    aws: CoreAws, document: str, node: str
) -> None:
    sessions = aws.live(session_document=document).sessions
    made = [sessions.start(node, reason="a test").id for _ in range(3)]
    aws.fault("TerminateSession", "denial")

    (left,) = sessions.terminate_all(made)

    assert sessions.active(node) & set(made) == {left}
    assert sessions.terminate_all([left]) == []


def test_a_node_that_is_away_is_a_refusal(aws: CoreAws, document: str) -> None:
    away = aws.ssm.register(aws.ssm.activate())

    with pytest.raises(Refusal) as refused:
        aws.live(session_document=document).sessions.start(away, reason="a test")

    assert refused.value.reason is Reason.NODE_NOT_CONNECTED
