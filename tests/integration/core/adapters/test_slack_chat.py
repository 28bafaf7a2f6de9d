"""SlackChat with Slack's own client against the stand-in."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sshq.adapters.slack_chat import SlackChat
from sshq.adapters.slack_pace import ShortWaits
from sshq.chat.view import View
from sshq_sandbox.slack.faults import Fault
from sshq_sandbox.slack.people import User
from sshq_sandbox.slack.stand_in import SlackStandIn
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

BOT_TOKEN = "xoxb-sandbox"
ALICE, DAVE, GINA, BOT = "U0ALICE0001", "U0DAVE00001", "U0GINA00001", "U0SSHQBOT01"
TEXT = View(text="plain words")
BLOCKS = View(
    text="for notifications",
    blocks=({"type": "section", "text": {"type": "mrkdwn", "text": "for the eyes"}},),
)


@pytest.fixture(autouse=True, scope="module")
def aws() -> None:
    """No AWS is needed here."""


@pytest.fixture(autouse=True)
def _no_faults_left(slack: Running) -> Iterator[None]:
    yield
    slack.stand_in.faults.clear()


class Running:
    """The stand-in on a loop of its own; the adapter's client blocks."""

    def __init__(self) -> None:
        self.time = 1795348800.0
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.stand_in = SlackStandIn(
            signing_secret="s",
            bot_token=BOT_TOKEN,
            request_url="http://127.0.0.1:9/nobody-listens",
            record=lambda _call: None,
            clock=lambda: self.time,
        )
        self.run(self.stand_in.start())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_SECONDS)

    def chat(self, token: str = BOT_TOKEN, *, at_slacks_pace: bool = False) -> SlackChat:
        client = WebClient(token=token, base_url=self.stand_in.url, timeout=int(PATIENCE_SECONDS))
        if at_slacks_pace:
            client.retry_handlers.append(ShortWaits())
        return SlackChat(client)

    def response_url(self) -> str:
        """A door to alice, as a command of hers would open it."""
        user = self.stand_in.workspace.person("alice")
        where = self.stand_in.workspace.direct(user.id)
        _, url = self.stand_in._lend_response_url("commands", where, user, None)
        return url

    def last(self) -> Any:
        return self.stand_in.inbox("alice")[-1]

    def end(self) -> None:
        self.run(self.stand_in.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@pytest.fixture(scope="module")
def slack() -> Iterator[Running]:
    running = Running()
    yield running
    running.end()


def test_a_message_is_posted_into_the_dm_and_brought_up_to_date(slack: Running) -> None:
    chat = slack.chat()
    channel = chat.direct_message(ALICE)

    posted = chat.post(channel, BLOCKS)
    assert (posted.channel, posted.ts) == (channel, slack.last().ts)
    assert "for the eyes" in slack.last().rendered

    chat.update(posted, TEXT)
    assert "plain words" in slack.last().rendered
    assert "for the eyes" not in slack.last().rendered
    assert slack.last().ts == posted.ts


def test_a_message_that_is_gone_is_let_be_and_any_other_error_is_none_of_that(
    slack: Running,
) -> None:
    chat = slack.chat()
    posted = chat.post(chat.direct_message(ALICE), BLOCKS)
    chat.update(posted.model_copy(update={"ts": "1.000"}), TEXT)
    for gone in ("message_not_found", "edit_window_closed"):
        slack.stand_in.faults.add("chat.update", Fault(gone))
        chat.update(posted, TEXT)

    slack.stand_in.faults.add("chat.update", Fault("internal_error"))
    with pytest.raises(SlackApiError):
        chat.update(posted, TEXT)


def test_a_dm_is_one_however_often_it_is_opened(slack: Running) -> None:
    assert slack.chat().direct_message(ALICE) == slack.chat().direct_message(ALICE)


@pytest.mark.parametrize(
    ("user", "flag"), [(ALICE, None), (DAVE, "deleted"), (GINA, "restricted"), (BOT, "bot")]
)
def test_a_profile_says_who_is_no_person_of_the_team(
    slack: Running, user: str, flag: str | None
) -> None:
    profile = slack.chat().profile(user)

    assert profile is not None
    assert profile.user == user
    assert profile.team == "T0SANDBOX1"
    raised = {
        name for name in ("deleted", "bot", "restricted", "stranger") if getattr(profile, name)
    }
    assert raised == ({flag} if flag else set())
    assert (profile.objection is None) is (flag is None)


@pytest.mark.parametrize(
    ("flags", "raised"),
    [({"is_ultra_restricted": True}, "restricted"), ({"is_stranger": True}, "stranger")],
)
def test_single_channel_guests_and_strangers_are_known(
    slack: Running, flags: dict[str, bool], raised: str
) -> None:
    user = User("U0HENRY0001", "henry", "Henry").changed(updated=0, **flags)
    slack.stand_in.workspace.users[user.id] = user

    profile = slack.chat().profile(user.id)

    assert profile is not None
    assert getattr(profile, raised)
    assert profile.objection is not None


def test_whom_slack_doesnt_know_has_no_profile(slack: Running) -> None:
    assert slack.chat().profile("U0NOBODY001") is None


def test_another_error_of_slacks_isnt_taken_for_an_unknown_user(slack: Running) -> None:
    """Else a broken Slack would look like somebody who left."""
    with pytest.raises(SlackApiError, match="invalid_auth"):
        slack.chat(token="xoxb-wrong").profile(ALICE)
    slack.stand_in.faults.add("users.info", Fault.ratelimited())
    with pytest.raises(SlackApiError):
        slack.chat().profile(ALICE)


def test_slacks_pace_is_kept_where_it_is_a_matter_of_seconds(slack: Running) -> None:
    """A burst of messages in a channel meets 429, Retry-After: 1. It must not cost a redelivery."""
    slack.stand_in.faults.add("chat.postMessage", Fault.ratelimited(0))
    slack.stand_in.faults.add("users.info", Fault.ratelimited(30))
    chat = slack.chat(at_slacks_pace=True)

    posted = chat.post(chat.direct_message(ALICE), TEXT)

    assert posted.ts
    with pytest.raises(SlackApiError, match="ratelimited"):
        chat.profile(ALICE)


def test_an_answer_through_a_response_url_is_for_that_person_alone(slack: Running) -> None:
    assert slack.chat().respond(slack.response_url(), BLOCKS) is True

    assert slack.last().is_ephemeral
    assert "for the eyes" in slack.last().rendered


def test_a_response_url_serves_five_times(slack: Running) -> None:
    url, chat = slack.response_url(), slack.chat()

    assert [chat.respond(url, TEXT) for _ in range(6)] == [True] * 5 + [False]


def test_a_response_url_dies_after_half_an_hour(slack: Running) -> None:
    url = slack.response_url()
    slack.time += 30 * 60 + 1

    assert slack.chat().respond(url, TEXT) is False


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/commands/nobody-listens",
        "not a url",
        "ftp://127.0.0.1/x",
        "http://[broken",
    ],
)
def test_a_response_url_that_leads_nowhere_is_false(slack: Running, url: str) -> None:
    """Then the answer goes into the DM; it must not end the request."""
    assert slack.chat().respond(url, TEXT) is False


def test_a_broken_slack_is_false_too(slack: Running) -> None:
    url = slack.response_url()
    slack.stand_in.faults.add("response_url", Fault.broken())

    assert slack.chat().respond(url, TEXT) is False


def test_a_post_that_slack_refuses_is_an_error(slack: Running) -> None:
    with pytest.raises(SlackApiError, match="not_in_channel"):
        slack.chat().post("C0MLTEAM001", TEXT)
