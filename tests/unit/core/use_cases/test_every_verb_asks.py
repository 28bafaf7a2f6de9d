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
# What a button carries, for verbs that nobody types.
PRESSED: dict[str, dict[str, Any]] = {
    "remove-user-apply": {"user": ALICE.user},
    "remove-user-cancel": {"user": ALICE.user},
    "approve": {"id": HEX},
    "decline": {"id": HEX},
    "setup-apply": {"digest": HEX},
    "setup-cancel": {"digest": HEX},
    "setup-details": {"digest": HEX, "change": 0},
    "end-session": {"lease": "a-lease", "session": "s-1"},
    "end-lease": {"lease": "a-lease"},
}
ASKS = [c for c in COMMANDS if c.queue is not Queue.NONE and c.who is not Who.ANYONE]
INPUTS = [(c.verb, example) for c in ASKS for example in c.examples] + [
    (c.verb, "") for c in ASKS if c.verb in PRESSED
]


def arguments_of(verb: str, example: str) -> dict[str, Any]:
    if not example:
        return PRESSED[verb]
    typed = example.removeprefix("/sshq ").replace("@ml-team", "<!subteam^S123|@ml-team>")
    text = re.sub(r"(?<=\s)@(\w+)", r"<@U0ALICE|\1>", typed)
    return parse_text(text).arguments.model_dump(mode="json")


def effects(services: MemoryServices) -> str:
    """Everything that a verb could change, but for the books about who asked."""
    books = {"audit", "chat", "requests", "clock", "randomness", "settings", "rates"}
    ports = {name: vars(port) for name, port in vars(services).items() if name not in books}
    return repr(ports)


def test_no_button_is_left_out() -> None:
    buttons = {c.verb for c in ASKS if not c.typed and not c.quiet}
    # `keep` looks up its job first.
    assert buttons - PRESSED.keys() <= {"keep"}


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
