"""What containers printed, read from CloudWatch Logs: the last lines, what came since, the records."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sshq.domain.console_links import LOG_GROUP
from sshq.domain.refusals import Reason, Refusal
from tests.core_aws import NOW
from tests.job_lives import record

if TYPE_CHECKING:
    from sshq.composition import Live
    from tests.core_aws import CoreAws

JOB = "sshq-alice-logs"


class Containers:
    """What `algo-1` and `algo-2` of a job print, a second after each other."""

    def __init__(self, aws: CoreAws, job: str) -> None:
        self.logs = aws.client("logs")
        self.job = job
        self.seconds = 0

    def print(self, node: str, *lines: str) -> None:
        stream = f"{self.job}/{node}-1763812800"
        if not self.logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=stream)[
            "logStreams"
        ]:
            self.logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=stream)
        events = []
        for line in lines:
            self.seconds += 1
            at = NOW + timedelta(seconds=self.seconds)
            events.append({"timestamp": int(at.timestamp() * 1000), "message": line})
        self.logs.put_log_events(logGroupName=LOG_GROUP, logStreamName=stream, logEvents=events)


@pytest.fixture(scope="module", autouse=True)
def _group(aws: CoreAws) -> None:
    live = aws.live()
    # Before anything in the account has printed a line.
    assert live.job_logs.tail(JOB, 10).lines == ()
    assert live.job_logs.records(JOB, NOW) == []
    aws.client("logs").create_log_group(logGroupName=LOG_GROUP)


@pytest.fixture
def containers(aws: CoreAws, request: pytest.FixtureRequest) -> Containers:
    return Containers(aws, f"{JOB}-{request.node.name.replace('_', '-')}")


def texts(live: Live, containers: Containers, most: int) -> list[str]:
    return [line.text for line in live.job_logs.tail(containers.job, most).lines]


def test_the_last_lines_of_all_nodes_are_in_the_order_of_time(
    live: Live, containers: Containers
) -> None:
    containers.print("algo-1", "one")
    containers.print("algo-2", "two")
    containers.print("algo-1", "three")

    lines = live.job_logs.tail(containers.job, 2).lines
    assert [(line.node, line.text) for line in lines] == [("algo-2", "two"), ("algo-1", "three")]


def test_sshq_s_own_records_are_no_lines_however_many_follow(
    live: Live, containers: Containers
) -> None:
    containers.print("algo-1", "hello", *[record("activity") for _ in range(150)])

    assert texts(live, containers, 10) == ["hello"]


def test_what_came_since_is_told_once(live: Live, containers: Containers) -> None:
    containers.print("algo-1", "one", "two")
    page = live.job_logs.tail(containers.job, 1)
    assert [line.text for line in page.lines] == ["two"]

    containers.print("algo-1", "three")
    containers.print("algo-2", "four", record("probe"))
    page = live.job_logs.after(containers.job, page.next, 100)
    assert [line.text for line in page.lines] == ["three", "four"]
    assert live.job_logs.after(containers.job, page.next, 100).lines == ()


@pytest.mark.parametrize("position", ["nonsense", "algo-1=f/x", "algo-1=b/1", "../etc=f/1"])
def test_a_position_that_is_none_is_refused(
    live: Live, containers: Containers, position: str
) -> None:
    with pytest.raises(Refusal) as refused:
        live.job_logs.after(containers.job, position, 10)
    assert refused.value.reason is Reason.BAD_REQUEST


def test_secrets_stay_in_the_log(live: Live, containers: Containers) -> None:
    containers.print("algo-1", "AWS_SECRET_ACCESS_KEY=canary123 next", "https://me:canary@host/x")

    assert "canary" not in str(texts(live, containers, 10))
    assert texts(live, containers, 10)[0].endswith(" next")


def test_records_are_found_among_whatever_else_is_printed(
    live: Live, containers: Containers
) -> None:
    containers.print("algo-1", "noise", record("probe"), '{"sshq": 1, "but": "not one of ours"}')
    containers.print("algo-2", record("sshd", rank=1))

    found = live.job_logs.records(containers.job, NOW)
    assert [(entry.rank, entry.stage.value) for entry in found] == [(0, "probe"), (1, "sshd")]
    assert live.job_logs.records(containers.job, NOW + timedelta(minutes=1)) == []


def test_another_job_whose_name_begins_alike_is_left_out(
    aws: CoreAws, live: Live, containers: Containers
) -> None:
    containers.print("algo-1", "mine")
    Containers(aws, f"{containers.job}-2").print("algo-1", "not mine", record("probe"))

    assert texts(live, containers, 10) == ["mine"]
    assert live.job_logs.records(containers.job, NOW) == []
