from __future__ import annotations

from typing import Any

import pytest

from sshq_sandbox.slack.buttons import AmbiguousButtonError, NoSuchButtonError, find_button
from sshq_sandbox.slack.workspace import Message


def buttons(*labels: str, prefix: str = "do") -> list[dict[str, Any]]:
    elements = [
        {
            "type": "button",
            "action_id": f"{prefix}_{index}",
            "text": {"type": "plain_text", "text": label},
            "value": f"value of {label}",
        }
        for index, label in enumerate(labels)
    ]
    return [{"type": "actions", "block_id": "b1", "elements": elements}]


def message(ts: str, *labels: str) -> Message:
    return Message("C1", ts, "U1", "", blocks=tuple(buttons(*labels)))


def test_the_newest_message_with_the_button_is_meant() -> None:
    messages = [message("1.0", "Confirm"), message("2.0", "Confirm"), message("3.0", "Stop")]

    found = find_button("confirm", modals=[], messages=messages, home=None)

    assert found.message is messages[1]
    assert found.action("9.0") == {
        "action_id": "do_0",
        "block_id": "b1",
        "text": {"type": "plain_text", "text": "Confirm"},
        "value": "value of Confirm",
        "type": "button",
        "action_ts": "9.0",
    }


def test_an_open_modal_lies_above_the_messages_and_these_above_home() -> None:
    messages = [message("1.0", "Go")]
    modal, home = {"blocks": buttons("Go")}, {"blocks": buttons("Go", "Home only")}

    assert find_button("Go", modals=[modal], messages=messages, home=home).view is modal
    assert find_button("Go", modals=[], messages=messages, home=home).message is messages[0]
    assert find_button("home only", modals=[], messages=messages, home=home).view is home


def test_two_of_a_kind_are_told_apart_by_action_id() -> None:
    messages = [message("1.0", "Stop", "Stop")]

    with pytest.raises(AmbiguousButtonError, match="name one of do_0, do_1"):
        find_button("Stop", modals=[], messages=messages, home=None)
    assert (
        find_button("do_1", modals=[], messages=messages, home=None).element["action_id"] == "do_1"
    )


def test_no_such_button_says_what_there_is() -> None:
    with pytest.raises(NoSuchButtonError, match=r"no button 'Fly' to be seen; there is \[Stop\]"):
        find_button("Fly", modals=[], messages=[message("1.0", "Stop")], home=None)
    with pytest.raises(NoSuchButtonError, match="there is no button at all"):
        find_button("Fly", modals=[], messages=[], home=None)
