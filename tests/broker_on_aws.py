"""The access API on the sandbox's AWS, warm: a ready job whose node is connected, and its tickets."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sshq.domain import tickets
from sshq.domain.jobs import Job, JobShape, Node, Phase
from sshq.domain.members import Member
from tests.core_api import Laptop
from tests.core_aws import put_job
from tests.core_services import ADMIN, ALICE
from tests.sandbox_ssm import SSH_DOCUMENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.core_aws import CoreAws

JOB = "sshq-alice-workbench-abcdefgh"


class Broker:
    """`live` is one warm function's services."""

    def __init__(self, aws: CoreAws, before_send: Callable[..., None] | None = None) -> None:
        """`before_send`: botocore's hook of that name, for all of the function's calls."""
        self.aws = aws
        self.node = aws.ssm.connected_node()
        self.live = aws.live(session_document=aws.ssm.document(SSH_DOCUMENT, "Session"))
        if before_send is not None:
            self.live._session.events.register("before-send", before_send)
        now = self.live.clock.now()
        self.live.members.add(Member(actor=ALICE, slug="alice", added_by=ADMIN, added_at=now))
        put_job(
            self.live,
            Job(
                name=JOB,
                owner=ALICE,
                request="r" * 64,
                shape=JobShape(instance="ml.m5.large", image="img:1", hours=1),
                prefix="jobs/" + "0" * 40,
                phase=Phase.READY,
                created_at=now,
                phase_since=now,
                cap_seconds=3600,
                deadline=now + timedelta(hours=1),
                nodes=(Node(rank=0, id=self.node, host_keys=("ssh-ed25519 AAAA",)),),
            ),
        )
        self.connect_and_open()  # the first time makes the clients and asks for the CA's public key

    def ticket(self) -> str:
        """The code of a new ticket."""
        code = tickets.ticket_code(self.live.randomness.token(tickets.ENTROPY_BYTES))
        now = self.live.clock.now()
        self.live.tickets.add(tickets.issue(code=code, job=JOB, owner=ALICE, now=now))
        return code

    def connect(self, laptop: Laptop, code: str) -> dict[str, Any]:
        """A lease with its first session, as `sshq-local connect` asks for it."""
        body = {"ticket": code, "public_key": laptop.public_key}
        return self._ask(laptop, "/v1/redeem", body, "redeem", prefer="sshq-session=0")

    def open(self, laptop: Laptop, lease: str) -> dict[str, Any]:
        """A session on the node."""
        return self._ask(laptop, f"/v1/leases/{lease}/sessions", {"rank": 0}, lease)

    def connect_and_open(self) -> None:
        """A new laptop, its first session and another one."""
        laptop = Laptop(self.live)
        self.open(laptop, self.connect(laptop, self.ticket())["id"])

    def calls_since(self, before: int) -> list[str]:
        """The bot's AWS calls after its first `before` ones; those that write the audit say so."""
        return [
            f"{call.operation} (audit)" if "AUDIT" in str(call.parameters) else call.operation
            for call in self.aws.calls()[before:]
        ]

    @staticmethod
    def _ask(
        laptop: Laptop, path: str, body: dict[str, Any], key_id: str, *, prefer: str = ""
    ) -> dict[str, Any]:
        content = json.dumps(body).encode()
        status, _, answer = laptop.signed("POST", path, content, key_id, prefer=prefer)
        if status >= 300:
            raise RuntimeError(f"{path}: {status} {answer.decode()}")
        found: dict[str, Any] = json.loads(answer)
        return found
