"""No verb, typed or pressed, has an effect for somebody who may not: each asks the one decision."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sshq.chat.command import Queue
from sshq.chat.parsing import parse_text
from sshq.chat.registry import COMMANDS
from sshq.domain.authorisation import Who
from sshq.use_cases.dispatch import commands, provisioning
from tests.core_services import ALICE, BOB, MemoryServices

HEX = "0" * 64
# What a button carries, by the names of its verb's arguments.
CARRIED: dict[str, Any] = {
    "user": ALICE.user,
    "id": HEX,
    "digest": HEX,
    "change": 0,
    "lease": "a-lease",
    "session": "s-1",
    "request": HEX,
    "instance": "ml.m5.large",
}
ASKS = [
    c for c in COMMANDS if c.queue is not Queue.NONE and c.who is not Who.ANYONE and not c.quiet
]
INPUTS = [(c.verb, example) for c in ASKS for example in c.examples] + [
    (c.verb, "")
    for c in ASKS
    if not c.typed
    and CARRIED.keys() >= {name for name, f in c.arguments.model_fields.items() if f.is_required()}
]


def arguments_of(verb: str, example: str) -> dict[str, Any]:
    if not example:
        (command,) = [c for c in COMMANDS if c.verb == verb]
        return {n: CARRIED[n] for n in command.arguments.model_fields if n in CARRIED}
    typed = example.removeprefix("/sshq ").replace("@ml-team", "<!subteam^S123|@ml-team>")
    text = re.sub(r"(?<=\s)@(\w+)", r"<@U0ALICE|\1>", typed)
    return parse_text(text).arguments.model_dump(mode="json")


def effects(services: MemoryServices) -> str:
    """Everything that a verb could change, but for the books about who asked."""
    books = {"audit", "chat", "requests", "clock", "randomness", "settings", "rates"}
    ports = {name: vars(port) for name, port in vars(services).items() if name not in books}
    return repr(ports)


def test_most_buttons_are_among_them() -> None:
    assert {verb for verb, example in INPUTS if not example} >= {"approve", "remove-user-apply"}


@pytest.mark.parametrize(("verb", "example"), INPUTS)
def test_a_stranger_gets_a_refusal_and_nothing_else(verb: str, example: str) -> None:
    services = MemoryServices()
    services.enrol(ALICE, "alice")
    before = effects(services)
    message = services.message(BOB, verb, **arguments_of(verb, example))
    (command,) = [c for c in COMMANDS if c.verb == verb]
    work = commands if command.queue is Queue.COMMANDS else provisioning
    work(services, message)

    assert effects(services) == before
    assert len(services.chat.said) == 1
    assert ":no_entry:" in str(services.chat.said[0][1].blocks)
