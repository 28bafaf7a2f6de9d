from __future__ import annotations

import pytest

from sshq_sandbox.slack.people import BOT_USER_ID
from sshq_sandbox.slack.workspace import UnknownNameError, Workspace

ALICE, BOB = "U0ALICE0001", "U0BOB000001"


@pytest.fixture
def workspace() -> Workspace:
    return Workspace(clock=lambda: 1795348800.0)


def test_timestamps_are_unique_and_grow_while_the_clock_stands(workspace: Workspace) -> None:
    stamps = [workspace.new_ts() for _ in range(50)]

    assert stamps == sorted(set(stamps))
    assert stamps[0] == "1795348800.000000"


def test_a_channel_is_seen_by_its_members_and_an_ephemeral_by_one(workspace: Workspace) -> None:
    general = workspace.channel("#general")
    workspace.post(general, user=BOT_USER_ID, text="to all", blocks=[])
    workspace.post(general, user=BOT_USER_ID, text="to alice", blocks=[], only_for=ALICE)
    workspace.post(workspace.direct(BOB), user=BOT_USER_ID, text="to bob", blocks=[])

    assert [m.text for m in workspace.inbox(ALICE)] == ["to all", "to alice"]
    assert [m.text for m in workspace.inbox(BOB)] == ["to all", "to bob"]
    assert [m.text for m in workspace.inbox("U0DAVE00001")] == []


def test_an_update_by_text_keeps_the_blocks(workspace: Workspace) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "old"}}]
    posted = workspace.post(
        workspace.channel("general"), user=BOT_USER_ID, text="old", blocks=blocks
    )

    by_text = workspace.edit(posted, text="new", blocks=None)
    without = workspace.edit(by_text, text=None, blocks=[])

    assert (by_text.text, by_text.rendered, by_text.ts) == ("new", "old", posted.ts)
    assert (without.text, without.rendered) == ("new", "new")
    assert workspace.inbox(ALICE) == [without]


def test_blocks_and_buttons_get_ids_where_they_have_none(workspace: Workspace) -> None:
    element = {"type": "button", "text": {"type": "plain_text", "text": "Go"}}
    posted = workspace.post(
        workspace.channel("general"),
        user=BOT_USER_ID,
        text="",
        blocks=[{"type": "actions", "elements": [element]}, {"type": "divider", "block_id": "own"}],
    )

    assert posted.blocks[0]["block_id"]
    assert posted.blocks[0]["elements"][0]["action_id"]
    assert posted.blocks[1]["block_id"] == "own"
    assert "action_id" not in element


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("add-user @alice", "add-user <@U0ALICE0001|alice>"),
        ("add-user @alice, @bob.", "add-user <@U0ALICE0001|alice>, <@U0BOB000001|bob>."),
        ("add-user @ml-team", "add-user <!subteam^S0MLTEAM001|@ml-team>"),
        ("tell #general", "tell <#C0GENERAL01|general>"),
        ("add-user @alicee", "add-user @alicee"),
        ("mail a@alice", "mail a@alice"),
        ("run 'a < b && c'", "run 'a &lt; b &amp;&amp; c'"),
    ],
)
def test_what_a_command_carries_for_what_was_typed(
    workspace: Workspace, typed: str, sent: str
) -> None:
    assert workspace.escaped(typed) == sent


def test_a_direct_conversation_is_opened_once(workspace: Workspace) -> None:
    assert workspace.direct(ALICE) == workspace.direct(ALICE)
    assert workspace.direct(ALICE).id == "D0ALICE0001"


def test_unknown_names_say_who_there_is(workspace: Workspace) -> None:
    with pytest.raises(UnknownNameError, match=r"'mallory'; there are admin, alice, bob"):
        workspace.person("mallory")
    with pytest.raises(UnknownNameError, match="general, ml-team"):
        workspace.channel("nowhere")
