"""AccessApi: only the holder of the key gets an answer; everybody else learns nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate

from sshq.domain import tickets
from sshq.domain.client_package import FILE
from sshq.domain.job_progress import TrainingStatus
from sshq.domain.leases import LeaseEnd
from sshq.domain.queue_message import QueueMessage
from sshq.use_cases import lease_requests
from sshq.use_cases.dispatch import commands
from sshq.use_cases.follow import follow
from tests.core_broker import a_ticket
from tests.core_services import ALICE, START, MemoryServices
from tests.lambda_functions import Context, load, payload

if TYPE_CHECKING:
    from sshq.domain.jobs import Job

CODE = tickets.ticket_code(b"\x07" * 20)
SIGNED = ("@method", "@path", "content-digest")
QUERY = ("@query",)


class _OneKey(HTTPSignatureKeyResolver):
    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
        return self._key


@dataclass
class Message:
    """A request as the signing library wants it."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Answer:
    status: int
    headers: dict[str, Any]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Client:
    """A laptop with one key. Every request has a nonce of its own, unless told otherwise."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.key = Ed25519PrivateKey.generate()
        self._nonces = 0

    @property
    def public_key(self) -> str:
        line = self.key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        return line.decode()

    def headers(
        self, method: str, path: str, body: bytes, *, key_id: str, **changes: Any
    ) -> dict[str, str]:
        self._nonces += 1
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        message = Message(
            method,
            f"https://api.test{path}",
            changes.get("more", {})
            | {"Content-Digest": f"sha-256=:{digest}:", "Content-Type": "application/json"},
        )
        HTTPMessageSigner(
            signature_algorithm=algorithms.ED25519, key_resolver=_OneKey(self.key)
        ).sign(
            message,
            key_id=key_id,
            created=changes.get("created", START),
            nonce=changes.get("nonce", f"nonce-{self._nonces:04}"),
            label="sshq",
            covered_component_ids=changes.get(
                "covered", (*SIGNED, *QUERY) if "?" in path else SIGNED
            ),
            use_existing_digest=True,
        )
        return message.headers

    def call(
        self, method: str, path: str, document: Any = None, *, key_id: str, **changes: Any
    ) -> Answer:
        body = b"" if document is None else json.dumps(document).encode()
        return self.api.call(
            method, path, body, self.headers(method, path, body, key_id=key_id, **changes)
        )

    def redeem(self, ticket: str = CODE, **changes: Any) -> Answer:
        document = {
            "ticket": ticket,
            "public_key": self.public_key,
            "client": {"version": "0.1.0", "os": "linux"},
        }
        return self.call("POST", "/v1/redeem", document, key_id="redeem", **changes)


class Api:
    """The function on services in memory, with a ready job of alice's and a ticket for it."""

    def __init__(self) -> None:
        self.services = MemoryServices()
        self.services.enrol(ALICE, "alice")
        self.app = load("access_api")
        self.app.live = lambda: self.services  # type: ignore[attr-defined]
        commands(self.services, self.services.message(ALICE, "run"))
        (job,) = self.services.jobs.all.values()
        self.services.training_jobs.status[job.name] = TrainingStatus("InProgress", "Training")
        assert job.activation
        self.services.nodes.come_up(job.activation, "mi-1")
        follow(self.services, job.name)
        self.issue(CODE)

    @property
    def job(self) -> Job:
        (job,) = self.services.jobs.all.values()
        return job

    def issue(self, code: str) -> None:
        self.services.tickets.add(
            tickets.issue(code=code, job=self.job.name, owner=ALICE, now=self.services.clock.now())
        )

    def call(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        event = payload("http_api/redeem.json")
        event |= {
            "rawPath": path.partition("?")[0],
            "rawQueryString": path.partition("?")[2],
            "queryStringParameters": dict(parse_qsl(path.partition("?")[2])),
            "headers": {name.lower(): value for name, value in (headers or {}).items()},
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }
        event["requestContext"]["http"] |= {"method": method, "path": path.partition("?")[0]}
        answer = self.app.lambda_handler(event, Context())
        return Answer(answer["statusCode"], answer.get("headers") or {}, answer.get("body") or "")


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def client(api: Api) -> Client:
    return Client(api)


def reason(answer: Answer) -> str:
    """The reason of a problem document, whose form is checked by the way."""
    kind = answer.headers["Content-Type"]
    assert (kind[0] if isinstance(kind, list) else kind) == "application/problem+json"
    document = answer.json
    assert set(document) == {"type", "title", "status", "detail", "next"}
    assert document["status"] == answer.status
    assert "Traceback" not in answer.text
    return str(document["type"]).removeprefix("urn:sshq:refusal:")


def test_a_signed_redemption_gives_the_lease(api: Api, client: Client) -> None:
    answer = client.redeem()

    assert answer.status == 200
    assert answer.json["job"] == api.job.name
    assert answer.json["owner"] == ALICE.tag
    assert answer.json["nodes"] == [
        {
            "rank": 0,
            "alias": api.job.name,
            "id": "mi-1",
            "host_keys": list(api.job.nodes[0].host_keys),
        }
    ]
    assert answer.json["login_user"] == "root"
    assert answer.json["ports"] == {"ssh": 2222}
    assert api.job.name in answer.json["certificate"]
    assert datetime.fromisoformat(answer.json["expires_at"]) == api.job.deadline
    (lease,) = api.services.leases.all.values()
    assert (lease.source, lease.client) == ("198.51.100.7", "0.1.0 linux")


def test_the_payload_that_all_parts_share_is_understood(api: Api) -> None:
    """A real client's request: signature, digest and all; its ticket is unknown here."""
    event = payload("http_api/redeem.json")
    created = event["requestContext"]["timeEpoch"] / 1000
    api.services.clock.time = datetime.fromtimestamp(created, UTC)

    answer = api.app.lambda_handler(event, Context())

    assert answer["statusCode"] == 404
    assert "This ticket can't be used" in answer["body"]


def test_the_same_key_gets_the_same_lease_again(client: Client) -> None:
    first, second = client.redeem(), client.redeem()

    assert (first.status, second.status) == (200, 200)
    assert first.json["id"] == second.json["id"]


def test_another_key_on_a_spent_ticket_ends_the_lease(api: Api, client: Client) -> None:
    lease = client.redeem().json["id"]

    assert reason(Client(api).redeem()) == "ticket-unusable"
    assert reason(client.call("GET", f"/v1/leases/{lease}", key_id=lease)) == "lease-ended"
    assert api.services.leases.all[lease].ended is LeaseEnd.TICKET_REUSED


def test_wrong_used_expired_and_unknown_tickets_look_alike(api: Api, client: Client) -> None:
    api.issue("B" * 32)
    expired = tickets.issue(
        code="C" * 32, job=api.job.name, owner=ALICE, now=START - timedelta(hours=1)
    )
    api.services.tickets.add(expired)
    assert Client(api).redeem("B" * 32).status == 200

    answers = [client.redeem(code) for code in ("no ticket", "B" * 32, "C" * 32, "D" * 32)]

    assert len({(answer.status, answer.text) for answer in answers}) == 1
    assert reason(answers[0]) == "ticket-unusable"
    assert answers[0].status == 404


def test_a_request_that_another_key_signed_is_refused(api: Api, client: Client) -> None:
    document = {"ticket": CODE, "public_key": Client(api).public_key}

    answer = client.call("POST", "/v1/redeem", document, key_id="redeem")

    assert (answer.status, reason(answer)) == (401, "bad-signature")
    assert api.services.leases.all == {}


def test_an_unknown_lease_and_a_wrong_key_look_alike(api: Api, client: Client) -> None:
    lease = client.redeem().json["id"]
    thief = Client(api)

    wrong_key = thief.call("GET", f"/v1/leases/{lease}", key_id=lease)
    unknown = thief.call("GET", "/v1/leases/abcdefghij2345672345", key_id="abcdefghij2345672345")

    assert (wrong_key.status, wrong_key.text) == (unknown.status, unknown.text)
    assert (wrong_key.status, reason(wrong_key)) == (401, "bad-signature")


def test_a_key_id_of_another_lease_is_refused(api: Api, client: Client) -> None:
    lease = client.redeem().json["id"]

    assert reason(client.call("GET", f"/v1/leases/{lease}", key_id="redeem")) == "bad-signature"


def test_a_nonce_serves_once(client: Client) -> None:
    assert client.redeem(nonce="the-same-nonce").status == 200
    assert reason(client.redeem(nonce="the-same-nonce")) == "bad-signature"


def test_a_replayed_request_is_refused(api: Api, client: Client) -> None:
    lease = client.redeem().json["id"]
    path = f"/v1/leases/{lease}"
    headers = client.headers("GET", path, b"", key_id=lease)

    assert api.call("GET", path, b"", headers).status == 200
    assert reason(api.call("GET", path, b"", headers)) == "bad-signature"


@pytest.mark.parametrize("nonce", ["short", "x" * 65])
def test_a_nonce_has_bounds(client: Client, nonce: str) -> None:
    assert reason(client.redeem(nonce=nonce)) == "bad-signature"


@pytest.mark.parametrize(("seconds", "direction"), [(301, "ahead of"), (-301, "behind")])
def test_a_wrong_clock_is_told_by_how_much(client: Client, seconds: int, direction: str) -> None:
    answer = client.redeem(created=START + timedelta(seconds=seconds))

    assert (answer.status, reason(answer)) == (401, "clock-skew")
    assert "301" in answer.json["detail"]
    assert direction in answer.json["detail"]


@pytest.mark.parametrize("seconds", [300, -300])
def test_a_clock_may_be_off_by_five_minutes(client: Client, seconds: int) -> None:
    assert client.redeem(created=START + timedelta(seconds=seconds)).status == 200


@pytest.mark.parametrize(
    "change",
    [
        lambda h: {**h, "Content-Digest": ""},
        lambda h: {k: v for k, v in h.items() if k != "Content-Digest"},
        lambda h: {k: v for k, v in h.items() if k != "Signature"},
        lambda h: {k: v for k, v in h.items() if k != "Signature-Input"},
        lambda h: {**h, "Signature": "sshq=:AAAA:"},
        lambda h: {**h, "Signature-Input": h["Signature-Input"].replace("created=", "made=")},
        lambda h: {**h, "Signature-Input": "sshq=()"},
        lambda h: {**h, "Signature-Input": "\xff"},
        lambda h: {**h, "Signature-Input": h["Signature-Input"].replace("ed25519", "hmac-sha256")},
        lambda h: {
            **h,
            "Signature": h["Signature"] + ", " + h["Signature"].replace("sshq", "two"),
            "Signature-Input": h["Signature-Input"]
            + ", "
            + h["Signature-Input"].replace("sshq", "two"),
        },
    ],
)
def test_a_broken_signature_is_one_refusal(api: Api, client: Client, change: Any) -> None:
    lease = client.redeem().json["id"]
    path = f"/v1/leases/{lease}/certificate"
    headers = client.headers("POST", path, b"", key_id=lease)

    answer = api.call("POST", path, b"", change(headers))

    assert (answer.status, reason(answer)) == (401, "bad-signature")


@pytest.mark.parametrize("covered", [SIGNED[:1], SIGNED[:2], SIGNED[1:]])
def test_a_signature_must_cover_all_three(client: Client, covered: tuple[str, ...]) -> None:
    assert reason(client.redeem(covered=covered)) == "bad-signature"


@pytest.mark.parametrize("created", [10**15 - 1, 10**12, 0])
def test_a_time_that_is_none_is_a_refusal(api: Api, client: Client, created: int) -> None:
    class Odd(datetime):
        def timestamp(self) -> float:
            return created

    answer = client.redeem(created=Odd(2026, 1, 1, tzinfo=UTC))

    assert answer.status == 401


def test_a_changed_body_a_changed_path_and_a_changed_method_are_refused(
    api: Api, client: Client
) -> None:
    lease = client.redeem().json["id"]
    path = f"/v1/leases/{lease}/sessions"
    body = b'{"rank": 0}'
    headers = client.headers("POST", path, body, key_id=lease)

    assert reason(api.call("POST", path, b'{"rank": 1}', headers)) == "bad-signature"
    stop = f"/v1/leases/{lease}/stop"
    assert reason(api.call("POST", stop, body, headers)) == "bad-signature"
    assert api.services.commands_queue.sent == []
    path = f"/v1/leases/{lease}"
    headers = client.headers("GET", path, b"", key_id=lease)
    assert reason(api.call("DELETE", path, b"", headers)) == "bad-signature"
    assert api.services.leases.all[lease].ended is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"not json",
        b'{"ticket": 1, "public_key": "x"}',
        b'{"ticket": "x", "public_key": "ssh-rsa AAAA"}',
        b"\xff\xfe",
        b'{"ticket": "' + b"x" * 1000 + b'", "public_key": "x"}',
        b"[" * 20_000,
    ],
)
def test_a_body_that_isnt_what_the_document_says_is_told(
    api: Api, client: Client, body: bytes
) -> None:
    headers = client.headers("POST", "/v1/redeem", body, key_id="redeem")

    answer = api.call("POST", "/v1/redeem", body, headers)

    assert (answer.status, reason(answer)) == (400, "bad-request")
    assert len(answer.text) < 1000


@pytest.mark.parametrize(
    "key",
    ["ssh-ed25519 " + "A" * 68, "ssh-ed25519 " + "=" * 68, "ssh-ed25519 AAAAC3" + "+" * 62],
)
def test_a_key_that_is_none_is_a_refusal(client: Client, key: str) -> None:
    document = {"ticket": CODE, "public_key": key}

    answer = client.call("POST", "/v1/redeem", document, key_id="redeem")

    assert (answer.status, reason(answer)) == (401, "bad-signature")


def test_a_keys_comment_cant_fill_the_table(api: Api, client: Client) -> None:
    document = {"ticket": CODE, "public_key": f"{client.public_key} {'x' * 100_000}"}

    assert client.call("POST", "/v1/redeem", document, key_id="redeem").status == 400
    assert api.services.leases.all == {}


def test_the_stack_hands_out_the_client_that_fits_it(api: Api) -> None:
    answer = api.call("GET", f"/client/{FILE}")

    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/octet-stream")
    assert base64.b64decode(answer.text) == b"PK\x03\x04\xff"


@pytest.mark.parametrize("file", ["sshq_local-0.0.9-py3-none-any.whl", "..%2f..%2fetc%2fpasswd"])
def test_it_hands_out_no_other_file(api: Api, file: str) -> None:
    assert api.call("GET", f"/client/{file}").status == 404


def test_a_stack_that_was_built_without_a_client_says_so(api: Api) -> None:
    api.services.client_package.content = None

    assert api.call("GET", f"/client/{FILE}").status == 404


def test_whoever_is_misunderstood_is_told_where_the_fitting_client_is(api: Api) -> None:
    told = api.call("GET", "/v1/nothing").json["next"]

    host = payload("http_api/redeem.json")["requestContext"]["domainName"]
    assert f"pipx install --force https://{host}/client/{FILE}" in told


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/nothing"), ("GET", "/")],
)
def test_there_is_nothing_at_other_paths(api: Api, method: str, path: str) -> None:
    answer = api.call(method, path)

    assert (answer.status, reason(answer)) == (404, "bad-request")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/redeem", "POST"),
        ("POST", "/v1/leases/l", "DELETE, GET"),
        ("PATCH", "/v1/leases/l/sessions", "GET, POST"),
    ],
)
def test_a_path_says_which_methods_it_takes(api: Api, method: str, path: str, allowed: str) -> None:
    answer = api.call(method, path)

    assert (answer.status, reason(answer)) == (405, "bad-request")
    assert answer.headers["Allow"] == allowed


def test_a_preferred_session_comes_only_if_the_preference_is_signed(api: Api) -> None:
    body = {"ticket": CODE, "public_key": ""}
    for signed in (False, True):
        client = Client(api)
        document = body | {
            "ticket": a_ticket(api.services, api.job),
            "public_key": client.public_key,
        }
        content = json.dumps(document).encode()
        prefer = {"Prefer": "respond-async, sshq-session=0"}
        covered = (*SIGNED, "prefer") if signed else SIGNED
        headers = client.headers(
            "POST", "/v1/redeem", content, key_id="redeem", covered=covered, more=prefer
        )
        answer = api.call("POST", "/v1/redeem", content, prefer | headers).json
        assert (answer["session"] is not None) is signed


def test_a_query_is_signed_and_is_as_it_was_signed(api: Api, client: Client) -> None:
    lease = client.redeem().json["id"]
    path = f"/v1/leases/{lease}/logs"

    def status(asked: str, covered: tuple[str, ...]) -> int:
        headers = client.headers("GET", f"{path}?tail=5", b"", key_id=lease, covered=covered)
        return api.call("GET", f"{path}{asked}", b"", headers).status

    assert status("?tail=5", (*SIGNED, *QUERY)) == 200
    for other in ("?tail=6", "?tail=5&after=x", ""):
        assert status(other, (*SIGNED, *QUERY)) == 401
    assert status("?tail=5", SIGNED) == 401


def test_an_id_that_cant_be_one_is_a_bad_request(api: Api) -> None:
    assert reason(api.call("GET", "/v1/leases/a%20b")) == "bad-request"


def test_the_life_of_a_lease(api: Api, client: Client) -> None:
    lease = client.redeem().json["id"]
    base = f"/v1/leases/{lease}"

    state = client.call("GET", base, key_id=lease)
    assert (state.status, state.json["job_state"]) == (200, "ready")

    session = client.call("POST", f"{base}/sessions", {"rank": 0}, key_id=lease)
    assert session.status == 201
    assert set(session.json) == {"id", "stream_url", "token", "region", "expires_at", "node"}
    assert session.json["node"] == state.json["nodes"][0]
    sid = session.json["id"]

    resumed = client.call("POST", f"{base}/sessions/{sid}/resume", key_id=lease)
    assert (resumed.status, resumed.json) == (200, {"stream_url": "wss://y", "token": "t2"})
    foreign = client.call("POST", f"{base}/sessions/s-9/resume", key_id=lease)
    assert reason(foreign) == "lease-ended"

    certificate = client.call("POST", f"{base}/certificate", key_id=lease)
    assert certificate.status == 200
    assert "cert " in certificate.json["certificate"]

    closed = client.call("DELETE", f"{base}/sessions/{sid}", key_id=lease)
    assert (closed.status, closed.text) == (204, "")
    assert api.services.sessions.terminated == [sid]

    ended = client.call("DELETE", base, key_id=lease)
    assert (ended.status, ended.text) == (204, "")
    assert reason(client.call("GET", base, key_id=lease)) == "lease-ended"


def test_a_lease_tells_what_its_job_has_cost_so_far(api: Api, client: Client) -> None:
    """Two cents a second: the price that the job was submitted at, whatever is asked for since."""
    lease = client.redeem().json["id"]

    def told(after: timedelta) -> Any:
        api.services.clock.time = now = START + after
        return client.call("GET", f"/v1/leases/{lease}", key_id=lease, created=now).json[
            "cost_so_far"
        ]

    assert client.call("GET", f"/v1/leases/{lease}", key_id=lease).json["currency"] == "USD"
    assert told(timedelta(minutes=5)) == 0, "SageMaker doesn't bill yet"
    billed_from = START + timedelta(minutes=5)
    training = TrainingStatus("InProgress", "Training", started_at=billed_from)
    api.services.training_jobs.status[api.job.name] = training
    follow(api.services, api.job.name)
    api.services.prices.known[api.job.shape.instance] = None

    assert told(timedelta(minutes=5)) == 0
    assert told(timedelta(minutes=30, seconds=1)) == 30.02
    assert told(timedelta(hours=1, minutes=35)) == 108

    api.services.jobs.change(
        api.job.name, lambda stored: stored.model_copy(update={"price_micros": 0})
    )
    assert told(timedelta(hours=1, minutes=36)) is None


def test_a_lease_stops_its_job(api: Api, client: Client) -> None:
    lease = client.redeem().json["id"]

    answer = client.call("POST", f"/v1/leases/{lease}/stop", key_id=lease)

    deadline = f"{api.job.deadline:%Y-%m-%dT%H:%M:%SZ}"
    stopping = {"job": api.job.name, "state": "stopping", "deadline": deadline}
    assert (answer.status, answer.json) == (200, stopping)
    ((body, group, deduplication),) = api.services.commands_queue.sent
    message = QueueMessage.model_validate_json(body)
    assert (message.verb, message.arguments) == ("stop", {"job": api.job.name})
    assert (message.actor, message.request) == (ALICE, deduplication)
    assert group == message.group


def test_a_lease_extends_its_job_up_to_the_cap_and_no_further(api: Api, client: Client) -> None:
    lease = client.redeem().json["id"]
    path, before = f"/v1/leases/{lease}/extend", api.job.deadline

    until = before + timedelta(hours=1)
    answer = client.call("POST", path, {"until": until.isoformat()}, key_id=lease)
    assert answer.status == 200
    assert answer.json["deadline"] == f"{until:%Y-%m-%dT%H:%M:%SZ}"
    ((body, _, _),) = api.services.commands_queue.sent
    commands(api.services, QueueMessage.model_validate_json(body))
    assert api.job.deadline == until
    assert api.services.leases.all[lease].expires_at == until

    for moment, why in ((before, "not-later"), (before + timedelta(days=30), "beyond-the-cap")):
        refused = client.call("POST", path, {"until": moment.isoformat()}, key_id=lease)
        assert (refused.status, reason(refused)) == (409, why)
    for nonsense in ("tomorrow", "2026-11-22T12:00:00"):
        refused = client.call("POST", path, {"until": nonsense}, key_id=lease)
        assert reason(refused) == "bad-request"
    assert len(api.services.commands_queue.sent) == 1


def test_a_lease_reads_its_job_s_log_and_then_what_came_since(api: Api, client: Client) -> None:
    lease = client.redeem().json["id"]
    path = f"/v1/leases/{lease}/logs"
    print_line = partial(api.services.job_logs.print, api.job.name, START)
    print_line("one", "PASSWORD=canary", "three")

    first = client.call("GET", f"{path}?tail=2", key_id=lease).json
    assert [line["text"] for line in first["lines"]] == ["PASSWORD=[hidden]", "three"]
    assert first["lines"][0] == {
        "at": "2026-11-22T12:00:00Z", "node": "algo-1", "text": "PASSWORD=[hidden]",
    }  # fmt: skip
    print_line("four")
    since = client.call("GET", f"{path}?after={first['next']}", key_id=lease).json
    assert [line["text"] for line in since["lines"]] == ["four"]

    for query in ("tail=0", "tail=1001", "tail=x", "after=nonsense", "after=" + "x" * 7000):
        assert reason(client.call("GET", f"{path}?{query}", key_id=lease)) == "bad-request"


def test_a_node_that_isnt_there_and_a_rank_that_is_none(client: Client) -> None:
    lease = client.redeem().json["id"]
    path = f"/v1/leases/{lease}/sessions"

    missing = client.call("POST", path, {"rank": 7}, key_id=lease)
    assert (missing.status, reason(missing)) == (404, "unknown-node")
    assert reason(client.call("POST", path, {"rank": -1}, key_id=lease)) == "bad-request"


def test_a_bug_is_told_by_number_and_logged_with_it(
    api: Api,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(*_args: object) -> None:
        raise ZeroDivisionError("the inside of it")

    lease = client.redeem().json["id"]
    monkeypatch.setattr(lease_requests, "new_certificate", broken)
    stream = _Lines()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(api.app.logger.registered_formatter)
    api.app.logger.addHandler(handler)

    answer = client.call("POST", f"/v1/leases/{lease}/certificate", key_id=lease)

    number = payload("http_api/redeem.json")["requestContext"]["requestId"]
    assert (answer.status, reason(answer)) == (500, "internal")
    assert number in answer.text
    assert "the inside of it" not in answer.text
    (line,) = [json.loads(text) for text in stream.lines if "unexpected" in text]
    assert line["correlation"] == number
    assert "the inside of it" in line["exception"]


class _Lines:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, text: str) -> None:
        self.lines.append(text)

    def flush(self) -> None:
        """Nothing is kept back."""


def test_the_openapi_document_is_valid_and_names_each_route(api: Api) -> None:
    answer = api.call("GET", "/v1/openapi.json")

    assert answer.status == 200
    validate(answer.json)
    routes = {
        (method.upper(), path)
        for path, methods in answer.json["paths"].items()
        for method in methods
    }
    assert routes == {
        ("POST", "/v1/redeem"),
        ("GET", "/v1/leases/{lease}"),
        ("DELETE", "/v1/leases/{lease}"),
        ("POST", "/v1/leases/{lease}/sessions"),
        ("GET", "/v1/leases/{lease}/sessions"),
        ("POST", "/v1/leases/{lease}/sessions/{session}/resume"),
        ("DELETE", "/v1/leases/{lease}/sessions/{session}"),
        ("POST", "/v1/leases/{lease}/certificate"),
        ("GET", "/v1/leases/{lease}/health"),
        ("POST", "/v1/leases/{lease}/stop"),
        ("POST", "/v1/leases/{lease}/extend"),
        ("GET", "/v1/leases/{lease}/logs"),
    }
    success = {
        (method.upper(), path): min(operation["responses"])
        for path, methods in answer.json["paths"].items()
        for method, operation in methods.items()
    }
    assert success["POST", "/v1/leases/{lease}/sessions"] == "201"
    assert success["DELETE", "/v1/leases/{lease}"] == "204"
    assert success["DELETE", "/v1/leases/{lease}/sessions/{session}"] == "204"


_property = Api()
_holder = Client(_property)
_lease = _holder.redeem().json["id"]
_path = f"/v1/leases/{_lease}/sessions"
_request = b'{"rank": 0}'


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.sampled_from(["Signature", "Signature-Input", "Content-Digest"]),
    text=st.text(st.characters(max_codepoint=255), max_size=40),
    cut=st.integers(4, 200),
)
def test_whatever_stands_in_the_headers_there_is_no_session(name: str, text: str, cut: int) -> None:
    headers = _holder.headers("POST", _path, _request, key_id=_lease)
    headers[name] = headers[name][:-cut] + text

    answer = _property.call("POST", _path, _request, headers)

    assert answer.status == 401
    assert _property.services.sessions.started == []


@settings(max_examples=100, deadline=None)
@given(bit=st.integers(0, len(_request) * 8 - 1))
def test_any_changed_bit_of_a_body_is_refused(bit: int) -> None:
    headers = _holder.headers("POST", _path, _request, key_id=_lease)
    changed = bytearray(_request)
    changed[bit // 8] ^= 1 << bit % 8

    answer = _property.call("POST", _path, bytes(changed), headers)

    assert answer.status in {400, 401}
    assert _property.services.sessions.started == []
