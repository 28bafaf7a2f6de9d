"""Somebody who has a job's activation code registers a node of their own: real containers and agents.

The job is a spot one: its activation takes more nodes than it has, since it may be restarted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sshq.domain.jobs import Job, Phase
from sshq.domain.registrations import Why
from sshq.use_cases.follow import follow
from sshq.use_cases.sweep import sweep
from tests.core_aws import core_aws
from tests.core_services import MemoryChat
from tests.three_stops import FAR, Account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sshq.ports import RegisteredNode


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with core_aws(tmp_path_factory.mktemp("too-many")) as aws:
        yield Account(aws)


@pytest.fixture
def chat(account: Account) -> MemoryChat:
    """There is no Slack in this account."""
    chat = MemoryChat()
    account.live.chat = chat
    return chat


def test_one_that_comes_after_ready_is_ended_and_the_container_s_own_stays(
    account: Account, chat: MemoryChat
) -> None:
    job = account.submit("sshq-alice-late", cap=FAR, deadline=FAR, watchdog=True, spot=True)
    account.until(lambda: _phase(account, job) is Phase.READY, "it becomes ready")
    (own,) = _stored(account, job).nodes
    thief = account.thief_registers(job)
    for _ in range(2):
        sweep(account.live)

    assert [node.id for node in _registered(account, job)] == [own.id]
    assert account.live.nodes.is_connected(own.id)
    assert _strangers(account, job) == {thief: Why.LATE}
    assert _told(chat) == ["D-U0ADMIN", "D-U0ALICE"]
    account.live.training_jobs.stop(job.name)


def test_while_two_are_in_for_one_place_nobody_is_let_in(
    account: Account, chat: MemoryChat
) -> None:
    job = account.submit("sshq-alice-doubt", cap=FAR, deadline=FAR, watchdog=True, spot=True)
    thief = account.thief_registers(job)
    account.until(lambda: len(_registered(account, job)) == 2, "both are online")
    for _ in range(2):
        follow(account.live, job.name)

    stored = _stored(account, job)
    assert stored.phase is not Phase.READY
    assert stored.nodes == ()
    assert len(_registered(account, job)) == 2
    assert _strangers(account, job)[thief] is Why.IN_DOUBT
    assert _told(chat) == ["D-U0ADMIN", "D-U0ALICE"]
    account.live.training_jobs.stop(job.name)


def _registered(account: Account, job: Job) -> list[RegisteredNode]:
    activation = _stored(account, job).activation
    assert activation
    return [node for node in account.live.nodes.registered(activation) if node.online]


def _phase(account: Account, job: Job) -> Phase:
    follow(account.live, job.name)
    return _stored(account, job).phase


def _strangers(account: Account, job: Job) -> dict[str, Why]:
    return {each.id: each.why for each in _stored(account, job).strangers}


def _stored(account: Account, job: Job) -> Job:
    found = account.live.jobs.get(job.name)
    assert found
    return found


def _told(chat: MemoryChat) -> list[str]:
    return sorted(where for where, view in chat.said if "shouldn't be there" in str(view.blocks))
