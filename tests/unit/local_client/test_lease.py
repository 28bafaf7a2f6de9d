from __future__ import annotations

import json
from typing import Any

import pytest

from sshq_local.errors import Reason, Refusal
from sshq_local.lease import (
    Lease,
    certificate_from_answer,
    lease_from_answer,
    lease_from_json,
)

ANSWER: dict[str, Any] = {
    "id": "abcdefgh234567abcdef",
    "job": "sshq-alice-gpu-abcdefgh",
    "owner": "T1/U1",
    "expires_at": "2026-11-22T20:00:00Z",
    "nodes": [
        {
            "rank": 0,
            "alias": "sshq-alice-gpu-abcdefgh",
            "id": "mi-0a",
            "host_keys": ["ssh-ed25519 AAAA"],
        },
        {
            "rank": 1,
            "alias": "sshq-alice-gpu-abcdefgh-1",
            "id": "mi-0b",
            "host_keys": ["ssh-ed25519 AAAB"],
        },
    ],
    "login_user": "root",
    "ports": {"ssh": 2222},
    "certificate": "ssh-ed25519-cert-v01@openssh.com AAAA",
}


def read(answer: dict[str, Any]) -> Lease:
    return lease_from_answer(
        answer,
        api="https://a.example",
        ticket_sha256="0" * 64,
        ca_file="",
        certificate_expires_at=1,
    )


def test_an_answer_becomes_a_lease_that_survives_its_file() -> None:
    lease = read(ANSWER)
    assert lease.expires_at == 1_795_377_600
    assert [node.alias for node in lease.nodes] == [node["alias"] for node in ANSWER["nodes"]]
    assert lease_from_json(json.loads(json.dumps(lease.as_json()))) == lease


HOSTILE = [
    "",
    "x\nProxyCommand evil",
    "sshq-a b",
    "sshq-*",
    'sshq-"',
    "../../x",
    "-oProxyCommand=x",
    None,
    7,
]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("field", ["id", "job", "login_user", "expires_at", "nodes"])
def test_nothing_gets_into_ssh_s_files_by_a_lease(field: str, value: object) -> None:
    with pytest.raises(Refusal) as refused:
        read({**ANSWER, field: value})
    assert refused.value.reason == Reason.BAD_ANSWER


@pytest.mark.parametrize("value", [*HOSTILE, "github.com"])
def test_an_alias_can_only_be_one_of_ours(value: object) -> None:
    with pytest.raises(Refusal):
        read({**ANSWER, "nodes": [{**ANSWER["nodes"][0], "alias": value}]})


@pytest.mark.parametrize(
    "value",
    [
        [],
        None,
        "ssh-ed25519 AAAA",
        [""],
        ["ssh-ed25519 AAAA\n* ssh-ed25519 AAAB"],
        ["@cert-authority * x"],
    ],
)
def test_host_keys_are_keys_and_there_is_one(value: object) -> None:
    with pytest.raises(Refusal):
        read({**ANSWER, "nodes": [{**ANSWER["nodes"][0], "host_keys": value}]})


@pytest.mark.parametrize("rank", [-1, True, "0", None, 10_000])
def test_a_rank_is_a_small_number(rank: object) -> None:
    with pytest.raises(Refusal):
        read({**ANSWER, "nodes": [{**ANSWER["nodes"][0], "rank": rank}]})


def test_a_certificate_is_one_line() -> None:
    assert certificate_from_answer(ANSWER) == ANSWER["certificate"]
    with pytest.raises(Refusal):
        certificate_from_answer({"certificate": ANSWER["certificate"] + "\nssh-rsa AAAA"})


@pytest.mark.parametrize("damage", [{}, {"expires_at": "soon"}, {"certificate_expires_at": None}])
def test_a_damaged_file_is_a_refusal(damage: dict[str, Any]) -> None:
    stored = {**read(ANSWER).as_json(), **damage} if damage else {}
    with pytest.raises(Refusal):
        lease_from_json(stored)
