"""Where AWS's console shows things: each partition has a console of its own."""

from __future__ import annotations

import pytest

from sshq.domain.console_links import Console


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "eu-west-1", "https://eu-west-1.console.aws.amazon.com/"),
        ("aws-cn", "cn-north-1", "https://cn-north-1.console.amazonaws.cn/"),
        ("aws-cn", "cn-northwest-1", "https://cn-northwest-1.console.amazonaws.cn/"),
        ("aws-us-gov", "us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com/"),
    ],
)
def test_every_link_leads_to_the_console_of_the_region(
    partition: str, region: str, host: str
) -> None:
    console = Console(region, partition)

    for link in (console.job("sshq-a"), console.log("sshq-a"), console.node("mi-0a")):
        assert link.startswith(host)
        assert f"region={region}" in link


def test_cloudwatch_reads_what_is_quoted_twice() -> None:
    found = Console("cn-north-1", "aws-cn").log("sshq-a")

    assert found.endswith(
        "#logsV2:log-groups/log-group/$252Faws$252Fsagemaker$252FTrainingJobs"
        "$3FlogStreamNameFilter$3Dsshq-a$252F"
    )
