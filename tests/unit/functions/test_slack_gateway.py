"""SlackGateway: what Slack signed goes into the right queue once; anything else goes nowhere."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier

from sshq.domain.queue_message import QueueMessage
from sshq.domain.request_id import request_id
from tests.lambda_functions import SIGNING_SECRET, Context, GatewayServices, load, payload

if TYPE_CHECKING:
    from collections.abc import Mapping

SLASH = payload("slack/slash_command.json")
FORM = "application/x-www-form-urlencoded"


class Gateway:
    """The function, and what it queued."""

    def __init__(self) -> None:
        self.services = GatewayServices()
        self.app = load("slack_gateway")
        self.app.live = lambda: self.services  # type: ignore[attr-defined]

    def __call__(
        self,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        encoded: bool = False,
    ) -> dict[str, Any]:
        event = {
            "version": "2.0",
            "rawPath": "/slack/events",
            "headers": {"content-type": FORM, **(signed(body) if headers is None else headers)},
            "requestContext": {"http": {"method": "POST", "path": "/slack/events"}},
            "body": base64.b64encode(body).decode() if encoded else body.decode(),
            "isBase64Encoded": encoded,
        }
        answer: dict[str, Any] = self.app.lambda_handler(event, Context())
        return answer

    @property
    def queued(self) -> list[QueueMessage]:
        sent = self.services.commands_queue.sent + self.services.provisioning_queue.sent
        return [QueueMessage.model_validate_json(body) for body, _, _ in sent]


def signed(body: bytes, *, secret: str = SIGNING_SECRET, ago: float = 0) -> dict[str, str]:
    """Slack's two headers, by Slack's own library."""
    timestamp = str(int(time.time() - ago))
    signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body)
    assert signature is not None
    return {"x-slack-request-timestamp": timestamp, "x-slack-signature": signature}


def slash(text: str, **changes: str) -> bytes:
    return urlencode({**SLASH, "text": text, **changes}).encode()


def click(action_id: str, value: object, **changes: Any) -> bytes:
    action = {"type": "button", "action_id": action_id, "block_id": "b", "value": value}
    body = payload("slack/block_actions.json") | {"actions": [action]} | changes
    return urlencode({"payload": json.dumps(body)}).encode()


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


def test_a_command_is_queued_for_its_worker_and_acknowledged(gateway: Gateway) -> None:
    answer = gateway(slash("run --instance ml.m5.large"))

    ((body, group, deduplication),) = gateway.services.commands_queue.sent
    message = QueueMessage.model_validate_json(body)
    assert answer["statusCode"] == 200
    assert "run" in answer["body"]
    assert message.request == request_id(SLASH["team_id"], SLASH["trigger_id"])
    assert deduplication == message.request
    assert group == f"{SLASH['team_id']}-{SLASH['user_id']}"
    assert message.verb == "run"
    assert message.arguments["instance"] == "ml.m5.large"
    assert message.actor.tag == f"{SLASH['team_id']}/{SLASH['user_id']}"
    assert message.answer.channel == SLASH["channel_id"]
    assert message.answer.response_url is not None
    assert message.answer.response_url.url == SLASH["response_url"]
    assert gateway.services.provisioning_queue.sent == []


def test_what_touches_iam_goes_into_the_other_queue_as_one_group(gateway: Gateway) -> None:
    assert gateway(slash("setup"))["statusCode"] == 200

    ((_, group, _),) = gateway.services.provisioning_queue.sent
    assert group == "account"
    assert gateway.services.commands_queue.sent == []


def test_a_button_is_queued_with_the_message_that_it_stands_on(gateway: Gateway) -> None:
    job = "sshq-alice-dev-abcdefgh"
    answer = gateway(click("sshq:connect", json.dumps({"job": job})))

    (message,) = gateway.queued
    clicked = payload("slack/block_actions.json")
    assert (answer["statusCode"], answer["body"]) == (200, "")
    assert (message.verb, message.arguments) == ("connect", {"job": job})
    assert message.actor.user == clicked["user"]["id"]
    assert message.request == request_id(clicked["team"]["id"], clicked["trigger_id"])
    assert message.answer.message is not None
    assert message.answer.message.channel == clicked["container"]["channel_id"]
    assert message.answer.message.ts == clicked["container"]["message_ts"]
    assert message.answer.response_url is not None
    assert message.answer.response_url.url == clicked["response_url"]


def test_a_button_of_setup_goes_into_the_other_queue(gateway: Gateway) -> None:
    gateway(click("sshq:setup-apply", json.dumps({"digest": "0" * 64})))

    assert [m.verb for m in gateway.queued] == ["setup-apply"]
    assert len(gateway.services.provisioning_queue.sent) == 1


def test_an_ephemeral_message_can_not_be_brought_up_to_date(gateway: Gateway) -> None:
    container = payload("slack/block_actions.json")["container"] | {"is_ephemeral": True}
    gateway(click("sshq:connect", "{}", container=container))

    assert gateway.queued[0].answer.message is None


@pytest.mark.parametrize("action_id", ["sshq:fly", "sshq:connect"])
def test_a_button_that_nobody_knows_any_more_is_acknowledged_only(
    gateway: Gateway, action_id: str
) -> None:
    assert gateway(click(action_id, "this is not json"))["statusCode"] == 200
    assert gateway.queued == []


def test_the_same_click_signed_anew_has_the_same_identity(gateway: Gateway) -> None:
    body = slash("run")
    gateway(body, headers=signed(body))
    gateway(body, headers=signed(body, ago=2))

    first, second = gateway.services.commands_queue.sent
    assert first[2] == second[2]


def test_two_commands_of_one_text_are_two(gateway: Gateway) -> None:
    gateway(slash("run", trigger_id="1.1.a"))
    gateway(slash("run", trigger_id="2.2.b"))

    first, second = gateway.services.commands_queue.sent
    assert first[2] != second[2]


@pytest.mark.parametrize("text", ["help", "", "help run"])
def test_help_is_answered_at_once_and_queues_nothing(gateway: Gateway, text: str) -> None:
    answer = gateway(slash(text))

    shown = json.loads(answer["body"])
    assert answer["statusCode"] == 200
    assert shown["response_type"] == "ephemeral"
    assert "/sshq run" in json.dumps(shown)
    assert gateway.queued == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fly", "fly"),
        ("rnu", "/sshq run"),
        ("run --instance banana", "banana"),
        ("run --hours", "--hours"),
        ('run --command "python', "quotation mark"),
        ("setup-apply", "setup-apply"),
        ("add-user @alice", "@alice"),
    ],
)
def test_what_is_not_understood_is_told_at_once_and_queues_nothing(
    gateway: Gateway, text: str, said: str
) -> None:
    answer = gateway(slash(text))

    shown = json.loads(answer["body"])
    assert answer["statusCode"] == 200
    assert shown["response_type"] == "ephemeral"
    assert said in json.dumps(shown, ensure_ascii=False)
    assert gateway.queued == []


def test_typed_text_cant_become_slack_markup(gateway: Gateway) -> None:
    answer = gateway(slash("fly<!channel>"))

    assert "<!channel>" not in answer["body"]


def test_a_base64_body_is_the_same_body(gateway: Gateway) -> None:
    assert gateway(slash("run --name ä"), encoded=True)["statusCode"] == 200
    assert gateway(slash("jobs"), encoded=True)["statusCode"] == 200
    assert [m.verb for m in gateway.queued] == ["list"]


REFUSED: dict[str, Any] = {
    "another secret": lambda body: signed(body, secret="another"),
    "too old": lambda body: signed(body, ago=301),
    # Some seconds more than the five minutes: they pass until it is looked at.
    "from the future": lambda body: signed(body, ago=-360),
    "no signature": lambda _body: {},
    "no timestamp": lambda body: {"x-slack-signature": signed(body)["x-slack-signature"]},
    "a timestamp that is no number": lambda body: (
        signed(body) | {"x-slack-request-timestamp": "soon"}
    ),
    "another time than was signed": lambda body: (
        signed(body) | {"x-slack-request-timestamp": str(int(time.time()) - 60)}
    ),
    "an empty signature": lambda body: signed(body) | {"x-slack-signature": ""},
    "a signature in other letters": lambda body: signed(body) | {"x-slack-signature": "v0=ä"},
}


@pytest.mark.parametrize("why", REFUSED)
def test_all_that_isnt_slacks_gets_one_and_the_same_answer(gateway: Gateway, why: str) -> None:
    body = slash("run")
    reference = gateway(body, headers=signed(body, secret="another"))

    answer = gateway(body, headers=REFUSED[why](body))

    assert answer == reference
    assert answer["statusCode"] == 401
    assert gateway.queued == []


@pytest.mark.parametrize(
    "added",
    [
        {"x-slack-bolt-lazy-only": "1", "x-slack-bolt-lazy-function-name": "on_command"},
        {"X-Slack-Bolt-Lazy-Only": "1", "X-Slack-Bolt-Lazy-Function-Name": "on_action"},
    ],
)
def test_bolts_own_headers_from_outside_change_nothing(
    gateway: Gateway, added: dict[str, str]
) -> None:
    body = slash("run")
    plain = gateway(body)
    with_them = gateway(body, headers=signed(body) | added)

    assert with_them == plain
    assert len(gateway.queued) == 2


@pytest.mark.parametrize("extra", ["&ssl_check=1", "&ssl_check=1&token=x"])
def test_slacks_certificate_check_opens_no_door(gateway: Gateway, extra: str) -> None:
    gateway(slash("run") + extra.encode(), headers={})

    assert gateway.queued == []


def test_a_url_verification_is_answered_only_if_signed(gateway: Gateway) -> None:
    body = json.dumps(payload("slack/url_verification.json")).encode()
    json_type = {"content-type": "application/json"}

    answer = gateway(body, headers=signed(body) | json_type)
    assert answer["statusCode"] == 200
    assert payload("slack/url_verification.json")["challenge"] in answer["body"]

    assert gateway(body, headers=json_type)["statusCode"] == 401


def test_a_queue_that_wont_take_it_is_no_success(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_named: object) -> None:
        raise ConnectionError("no queue")

    monkeypatch.setattr(gateway.services.commands_queue, "send", broken)

    answer = gateway(slash("run"))

    assert answer["statusCode"] == 500
    assert "no queue" not in answer["body"]


_property = Gateway()
_body = slash("run --command 'python –ö \N{REPLACEMENT CHARACTER}'")
_raw_body = _body + b"&raw=" + "\N{REPLACEMENT CHARACTER}ö".encode()


@settings(max_examples=150, deadline=None)
@given(bit=st.integers(0, len(_raw_body) * 8 - 1))
def test_any_changed_bit_of_the_body_is_refused(bit: int) -> None:
    headers = signed(_raw_body)
    changed = bytearray(_raw_body)
    changed[bit // 8] ^= 1 << bit % 8

    answer = _property(bytes(changed), headers=headers, encoded=True)

    assert answer["statusCode"] == 401
    assert _property.queued == []


@settings(max_examples=60, deadline=None)
@given(bit=st.integers(0, 64 * 4 - 1))
def test_any_changed_digit_of_the_signature_is_refused(bit: int) -> None:
    headers = signed(_body)
    digest = int(headers["x-slack-signature"][3:], 16) ^ (1 << bit)

    answer = _property(_body, headers=headers | {"x-slack-signature": f"v0={digest:064x}"})

    assert answer["statusCode"] == 401
    assert _property.queued == []


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=3))
def test_bytes_that_are_no_text_are_never_taken_for_the_signed_ones(other: bytes) -> None:
    """A lenient reading would turn both bodies into the same text."""
    changed = _raw_body.replace("\N{REPLACEMENT CHARACTER}".encode(), other)

    assume(changed != _raw_body)
    answer = _property(changed, headers=signed(_raw_body), encoded=True)

    assert answer["statusCode"] == 401


def test_an_unreadable_byte_isnt_the_replacement_character(gateway: Gateway) -> None:
    changed = _raw_body.replace("\N{REPLACEMENT CHARACTER}".encode(), b"\xff")

    assert gateway(changed, headers=signed(_raw_body), encoded=True)["statusCode"] == 401
    assert gateway.queued == []


@pytest.mark.parametrize("name", ["app_home_opened", "team_join"])
def test_an_event_that_nothing_acts_on_is_still_answered(gateway: Gateway, name: str) -> None:
    body = json.dumps(payload(f"slack/{name}.json")).encode()
    answer = gateway(body, headers=signed(body) | {"content-type": "application/json"})
    assert answer["statusCode"] == 200
    assert gateway.queued == []


@pytest.mark.parametrize("name", ["team_join", "user_change"])
@pytest.mark.parametrize(
    "flag", ["deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger"]
)
def test_a_person_who_is_none_of_the_team_any_more_is_looked_at(
    gateway: Gateway, name: str, flag: str
) -> None:
    told = payload(f"slack/{name}.json")
    told["event"]["user"] |= {"deleted": False, flag: True}
    body = json.dumps(told).encode()
    for _ in range(2):
        gateway(body, headers=signed(body) | {"content-type": "application/json"})

    assert {queued.verb for queued in gateway.queued} == {"check-member"}
    assert {queued.actor.user for queued in gateway.queued} == {told["event"]["user"]["id"]}
    # Slack's retry is the same request.
    assert len({queued.request for queued in gateway.queued}) == 1
