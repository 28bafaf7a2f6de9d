from __future__ import annotations

from typing import Any

import pytest

from sshq_sandbox.slack.form_state import FormError, empty_required, state_values


def field(action_id: str, kind: str, **more: object) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": f"block-{action_id}",
        "label": {"type": "plain_text", "text": action_id.title()},
        "element": {"type": kind, "action_id": action_id, **more},
    }


OPTIONS = [
    {"text": {"type": "plain_text", "text": "Small"}, "value": "ml.m5.large"},
    {"text": {"type": "plain_text", "text": "Big"}, "value": "ml.p5.48xlarge"},
]


def test_what_was_filled_in_and_what_was_there() -> None:
    blocks = [
        field("name", "plain_text_input"),
        field("hours", "number_input", initial_value="8"),
        field("instance", "static_select", options=OPTIONS),
        field("people", "multi_users_select"),
        field("who", "users_select", initial_user="U1"),
        {"type": "divider", "block_id": "line"},
    ]

    values = state_values(blocks, {"name": "dev", "instance": "Big", "people": ["U1", "U2"]})

    assert values == {
        "block-name": {"name": {"type": "plain_text_input", "value": "dev"}},
        "block-hours": {"hours": {"type": "number_input", "value": "8"}},
        "block-instance": {
            "instance": {"type": "static_select", "selected_option": OPTIONS[1]},
        },
        "block-people": {
            "people": {"type": "multi_users_select", "selected_users": ["U1", "U2"]},
        },
        "block-who": {"who": {"type": "users_select", "selected_user": "U1"}},
    }


def test_a_field_or_a_choice_that_is_not_there() -> None:
    blocks = [field("instance", "static_select", options=OPTIONS)]

    with pytest.raises(FormError, match="no field colour; there are: instance"):
        state_values(blocks, {"colour": "red"})
    with pytest.raises(FormError, match=r"offers no 'ml.x', only ml\.m5\.large, ml\.p5\.48xlarge"):
        state_values(blocks, {"instance": "ml.x"})
    with pytest.raises(FormError, match="takes one value"):
        state_values(blocks, {"instance": ["ml.m5.large", "ml.p5.48xlarge"]})


def test_inputs_that_must_not_stay_empty() -> None:
    blocks = [
        field("name", "plain_text_input"),
        {**field("note", "plain_text_input"), "optional": True},
    ]

    assert empty_required(blocks, state_values(blocks, {})) == ["Name"]
    assert empty_required(blocks, state_values(blocks, {"name": "dev"})) == []
