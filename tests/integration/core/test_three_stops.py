"""Three stops, each with the other two disabled; and nothing is left behind by any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sshq.domain.jobs import EndReason, Phase
from tests.core_aws import core_aws
from tests.three_stops import Account

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with core_aws(tmp_path_factory.mktemp("stops")) as aws:
        yield Account(aws)


def test_sagemaker_s_cap_ends_a_job_that_nobody_else_ends(account: Account) -> None:
    ended = account.by_cap_alone()

    assert ended.sagemaker == "Stopped/MaxRuntimeExceeded"
    assert (ended.job.phase, ended.job.end_reason) == (Phase.STOPPED, EndReason.HARD_CAP)
    assert ended.left == []


def test_the_container_ends_itself_though_bot_and_cap_do_not(account: Account) -> None:
    ended = account.by_watchdog_alone()

    assert ended.sagemaker == "Completed/Completed"
    assert (ended.job.phase, ended.job.end_reason) == (Phase.COMPLETED, EndReason.DEADLINE)
    assert ended.left == []


def test_the_caretaker_ends_what_neither_container_nor_cap_do(account: Account) -> None:
    ended = account.by_caretaker_alone()

    assert ended.sagemaker == "Stopped/Stopped"
    assert (ended.job.phase, ended.job.end_reason) == (Phase.STOPPED, EndReason.DEADLINE)
    assert ended.left == []
