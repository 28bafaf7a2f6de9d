"""The stack's alarms: each watches a metric that there is, of a resource that there is, and is explained."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from typing import Any

import pytest

from sshq.use_cases.sweep import LOOKS_SECONDS
from tests.security.template import ROOT, resources, template

ALARMS = resources("AWS::CloudWatch::Alarm")
FUNCTIONS = resources("AWS::Serverless::Function")
QUEUES = resources("AWS::SQS::Queue")
# Namespace → the dimension that we name, the type of resource whose name it takes, and the metrics that AWS
# publishes under that dimension alone.
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
PUBLISHED = {
    "AWS/Lambda": (
        "FunctionName",
        "AWS::Serverless::Function",
        {"Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions"},
    ),
    "AWS/SQS": (
        "QueueName",
        "AWS::SQS::Queue",
        {
            "ApproximateAgeOfOldestMessage",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesVisible",
            "NumberOfMessagesDeleted",
            "NumberOfMessagesReceived",
            "NumberOfMessagesSent",
        },
    ),
    "AWS/Scheduler": (
        "ScheduleGroup",
        "AWS::Scheduler::ScheduleGroup",
        {"InvocationAttemptCount", "InvocationDroppedCount", "TargetErrorCount"},
    ),
    "AWS/ApiGateway": ("ApiId", "AWS::Serverless::HttpApi", {"4xx", "5xx", "Count", "Latency"}),
}


def watched(alarm: dict[str, Any]) -> tuple[str, str]:
    """The metric and the logical id of what it is measured on."""
    (dimension,) = alarm["Properties"]["Dimensions"]
    return alarm["Properties"]["MetricName"], re.split(r"[{.}]", dimension["Value"])[1]


WATCHED = {watched(alarm) for alarm in ALARMS.values()}


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_an_alarm_watches_a_metric_that_aws_publishes(name: str) -> None:
    properties = ALARMS[name]["Properties"]
    dimension_name, of_type, metrics = PUBLISHED[properties["Namespace"]]
    metric, of_what = watched(ALARMS[name])

    assert metric in metrics
    assert properties["Dimensions"][0]["Name"] == dimension_name
    assert template()["Resources"][of_what]["Type"] == of_type


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_each_functions_failures_are_told(name: str) -> None:
    assert {("Errors", name), ("Throttles", name)} <= WATCHED


@pytest.mark.parametrize("name", sorted(QUEUES))
def test_no_message_lies_about_untold(name: str) -> None:
    dead = "DeadLetter" in name
    metric = "ApproximateNumberOfMessagesVisible" if dead else "ApproximateAgeOfOldestMessage"

    assert (metric, name) in WATCHED


def test_a_wait_is_told_before_its_message_is_dropped_and_not_for_one_redelivery() -> None:
    for alarm in ALARMS.values():
        metric, queue = watched(alarm)
        if metric == "ApproximateAgeOfOldestMessage":
            properties = QUEUES[queue]["Properties"]
            threshold = alarm["Properties"]["Threshold"]
            assert properties["VisibilityTimeout"] < threshold
            assert threshold + 600 < properties["MessageRetentionPeriod"]


def test_each_schedule_is_in_the_group_that_is_watched() -> None:
    groups = [
        event["Properties"]["GroupName"]
        for function in FUNCTIONS.values()
        for event in function["Properties"]["Events"].values()
        if event["Type"] == "ScheduleV2"
    ]

    assert groups == ["${Schedules}"] * 3
    assert ("InvocationDroppedCount", "Schedules") in WATCHED


def test_silence_is_an_alarm_only_from_what_should_never_be_silent() -> None:
    breaching = {
        name
        for name, alarm in ALARMS.items()
        if alarm["Properties"]["TreatMissingData"] == "breaching"
    }

    assert breaching == {"CaretakerAway"}
    away = ALARMS["CaretakerAway"]["Properties"]
    assert (away["MetricName"], away["ComparisonOperator"]) == ("Invocations", "LessThanThreshold")


def test_a_round_that_leaves_jobs_to_the_next_is_told() -> None:
    slow = ALARMS["CaretakerSlow"]["Properties"]

    assert slow["Threshold"] == LOOKS_SECONDS * 1000
    assert FUNCTIONS["Caretaker"]["Properties"]["Timeout"] > LOOKS_SECONDS + 20


def test_every_alarm_goes_to_the_topic_and_by_mail_only_if_there_is_an_address() -> None:
    assert all(alarm["Properties"]["AlarmActions"] == ["${Alarms}"] for alarm in ALARMS.values())
    (mail,) = resources("AWS::SNS::Subscription").values()
    assert mail["Condition"] == "HasAlarmEmail"
    assert template()["Parameters"]["AlarmEmail"]["Default"] == ""


def test_the_operators_page_tells_of_each_alarm_and_of_no_other() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = page.partition("\n## Alarms\n")[2].partition("\n## ")[0]
    told = re.findall(r"^\| `([a-z*-]+)` \|", section, re.MULTILINE)
    names = {
        alarm["Properties"]["AlarmName"].removeprefix("${AWS::StackName}-")
        for alarm in ALARMS.values()
    }

    for name in names:
        assert len([row for row in told if fnmatch(name, row)]) == 1, name
    for row in told:
        assert any(fnmatch(name, row) for name in names), row
