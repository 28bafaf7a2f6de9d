from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from sshq_local.api import AccessApi
from sshq_local.errors import Exit, Reason, Refusal
from sshq_local.keys import generate_key, public_key_line
from sshq_sandbox.free_port import free_port
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

TICKET = "7ZK3M9QWERTY0123456789ABCDEFGHJK"


@pytest.fixture
def key() -> Ed25519PrivateKey:
    return generate_key()


def client(
    port: int, key: Ed25519PrivateKey, key_id: str, now: Callable[[], float] = time.time
) -> AccessApi:
    return AccessApi(
        f"http://127.0.0.1:{port}",
        key=key,
        key_id=key_id,
        now=now,
        sleep=lambda _: None,
        timeout=PATIENCE_SECONDS,
    )


def redeem(api: Any, key: Ed25519PrivateKey) -> dict[str, Any]:
    return client(api.port, key, "redeem").redeem(
        TICKET, public_key_line(key), version="0.1.0", system="linux"
    )


def test_every_call_is_signed_as_the_library_wants_it(api: Any, key: Ed25519PrivateKey) -> None:
    assert redeem(api, key)["id"] == "lease1"
    lease = client(api.port, key, "lease1")
    assert lease.lease()["job_state"] == "ready"
    assert lease.open_session(0)["id"] == "s-1"
    assert lease.resume_session("s-1")["token"] == "u"
    lease.end_session("s-1")
    assert lease.certificate()["certificate"].startswith("ssh-ed25519-cert")
    lease.end_lease()
    with pytest.raises(Refusal) as refused:
        lease.stop()
    assert (refused.value.reason, refused.value.exit_code) == ("lease-ended", Exit.REFUSED)
    assert refused.value.next_step == "Ask: /sshq connect"


def test_another_key_is_refused(api: Any, key: Ed25519PrivateKey) -> None:
    redeem(api, key)
    with pytest.raises(Refusal, match="signature"):
        client(api.port, generate_key(), "lease1").lease()


@pytest.mark.parametrize("trouble", ["drop", (503, {}, b""), (429, {}, b"{}")])
def test_a_repeatable_call_is_repeated_with_a_new_nonce(
    api: Any, key: Ed25519PrivateKey, trouble: object
) -> None:
    api.trouble = [lambda _: trouble, lambda _: trouble]
    assert redeem(api, key)["id"] == "lease1"
    assert len(api.requests) == 3


def test_a_lasting_trouble_is_told_after_three_times(api: Any, key: Ed25519PrivateKey) -> None:
    api.trouble = [lambda _: "drop"] * 9
    with pytest.raises(Refusal) as refused:
        redeem(api, key)
    assert (refused.value.reason, refused.value.exit_code) == (Reason.UNREACHABLE, Exit.UNREACHABLE)
    assert len(api.requests) == 3


def test_a_session_is_never_asked_for_twice(api: Any, key: Ed25519PrivateKey) -> None:
    redeem(api, key)
    api.trouble = [lambda _: "drop"]
    with pytest.raises(Refusal):
        client(api.port, key, "lease1").open_session(0)
    assert api.requests.count(("POST", "/v1/leases/lease1/sessions")) == 1


def test_nobody_there_is_unreachable(key: Ed25519PrivateKey) -> None:
    with pytest.raises(Refusal) as refused:
        client(free_port(), key, "lease1").lease()
    assert refused.value.exit_code is Exit.UNREACHABLE
    assert "127.0.0.1" in refused.value.what


@pytest.mark.parametrize("minutes", [-90, 7])
def test_a_wrong_clock_is_named_with_its_direction(
    api: Any, key: Ed25519PrivateKey, minutes: int
) -> None:
    redeem(api, key)
    wrong = client(api.port, key, "lease1", now=lambda: time.time() + minutes * 60)
    with pytest.raises(Refusal) as refused:
        wrong.lease()
    assert refused.value.reason == Reason.CLOCK_SKEW
    where = "ahead" if minutes > 0 else "behind"
    assert f"{abs(minutes)} minutes {where}" in refused.value.what


def test_a_wrong_signature_with_a_right_clock_is_no_matter_of_clocks(
    api: Any, key: Ed25519PrivateKey
) -> None:
    redeem(api, key)
    date = format_datetime(datetime.now(UTC), usegmt=True)
    api.trouble = [lambda _: (401, {"Date": date}, b'{"detail": "No.", "type": "urn:x"}')]
    with pytest.raises(Refusal, match="No"):
        client(api.port, key, "lease1").lease()


@pytest.mark.parametrize(
    "answer",
    [
        (302, {"Location": "http://127.0.0.1:1/"}, b""),
        (200, {}, b"<html>log in</html>"),
        (200, {}, b"[]"),
        (404, {}, b"not found"),
        (200, {}, b'{"a": "' + b"x" * (1 << 20) + b'"}'),
    ],
)
def test_what_is_no_access_api_is_called_so(
    api: Any, key: Ed25519PrivateKey, answer: object
) -> None:
    api.trouble = [lambda _: answer]
    with pytest.raises(Refusal) as refused:
        redeem(api, key)
    assert refused.value.reason == Reason.BAD_ANSWER
    assert len(api.requests) == 1


def test_an_answer_can_not_steer_the_terminal(api: Any, key: Ed25519PrivateKey) -> None:
    detail = b'{"type": "urn:sshq:refusal:x", "detail": "a\\u001b[2Jb\\nc", "next": ""}'
    api.trouble = [lambda _: (400, {}, detail)]
    with pytest.raises(Refusal) as refused:
        redeem(api, key)
    assert refused.value.what == "a [2Jb c"
