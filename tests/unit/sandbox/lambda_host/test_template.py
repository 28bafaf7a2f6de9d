from __future__ import annotations

from pathlib import Path

import pytest

from sshq_sandbox.lambda_host.intrinsics import TemplateError, parse_yaml
from sshq_sandbox.lambda_host.template import (
    EventRule,
    HttpRoute,
    Place,
    QueueSource,
    Schedule,
    Template,
    find_template,
)

PLACE = Place(region="eu-west-1", account="123456789012", stack="test")
TEXT = """
Parameters:
  Level: {Type: String, Default: INFO}
  Names: {Type: CommaDelimitedList, Default: "a, b"}
Conditions:
  Quiet: !Equals [!Ref Level, ERROR]
Globals:
  Function:
    Timeout: 10
    Handler: app.handler
    Layers: [!Ref Core, "arn:aws:lambda:eu-west-1:1:layer:foreign:1"]
    Environment:
      Variables: {LEVEL: !Ref Level, BOTH: global}
Resources:
  Core:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: layers/core}
  OnlyQuiet:
    Type: AWS::SQS::Queue
    Condition: Quiet
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/worker
      Timeout: 60
      Role: !GetAtt WorkerRole.Arn
      Environment:
        Variables: {BOTH: own, FLAG: true, FIRST: !Select [0, !Ref Names]}
      Events:
        Orders:
          Type: SQS
          Properties:
            Queue: !GetAtt Orders.Arn
            BatchSize: 5
            FunctionResponseTypes: [ReportBatchItemFailures]
        Jobs:
          Type: EventBridgeRule
          Properties: {Pattern: {source: [aws.sagemaker]}}
        Tick:
          Type: ScheduleV2
          Properties: {ScheduleExpression: rate(1 minute)}
        Off:
          Type: ScheduleV2
          Properties: {ScheduleExpression: rate(1 minute), State: DISABLED}
        Any:
          Type: HttpApi
          Properties: {Method: any, Path: "/v1/{proxy+}"}
  Orders: {Type: AWS::SQS::Queue}
  WorkerRole: {Type: AWS::IAM::Role}
"""


class Named:
    def ref(self, logical_id: str) -> str:
        return logical_id.lower()

    def attribute(self, logical_id: str, name: str) -> str:
        return f"{logical_id.lower()}/{name}"


def load(text: str = TEXT, **overrides: str) -> Template:
    return Template(parse_yaml(text), folder=Path("/stack"), place=PLACE, overrides=overrides)


def test_a_function_has_globals_merged_in_and_its_events_typed() -> None:
    worker = load().function("Worker", Named())

    assert worker.name == "test-Worker"
    assert worker.handler == "app.handler"
    assert worker.timeout_seconds == 60
    assert worker.code == Path("/stack/functions/worker")
    assert worker.layers == (Path("/stack/layers/core"),)
    assert worker.role_arn == "workerrole/Arn"
    assert worker.environment == {"LEVEL": "INFO", "BOTH": "own", "FLAG": "true", "FIRST": "a"}
    assert worker.queues == (
        QueueSource(queue_arn="orders/Arn", batch_size=5, reports_item_failures=True),
    )
    assert worker.rules == (EventRule("WorkerJobs", {"source": ["aws.sagemaker"]}),)
    assert worker.schedules == (Schedule("WorkerTick", "rate(1 minute)", None),)
    assert worker.routes == (HttpRoute("ANY", "/v1/{proxy+}"),)


def test_a_resource_whose_condition_does_not_hold_is_not_there() -> None:
    assert load().of_type("AWS::SQS::Queue") == ["Orders"]
    assert load(Level="ERROR").of_type("AWS::SQS::Queue") == ["OnlyQuiet", "Orders"]


def test_an_override_must_be_a_parameter() -> None:
    with pytest.raises(TemplateError, match="Nonsense"):
        load(Nonsense="x")


def test_a_parameter_without_a_default_needs_a_value() -> None:
    text = TEXT.replace(", Default: INFO", "")

    with pytest.raises(TemplateError, match="Level"):
        load(text)
    assert load(text, Level="DEBUG").function("Worker", Named()).environment["LEVEL"] == "DEBUG"


def test_an_unknown_event_type_is_refused() -> None:
    with pytest.raises(TemplateError, match="Kinesis"):
        load(TEXT.replace("Type: SQS\n", "Type: Kinesis\n")).function("Worker", Named())


def test_the_template_is_found_from_below(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "template.yaml").write_text("Resources: {}", encoding="utf-8")

    assert find_template(below) == tmp_path / "template.yaml"


def test_no_template_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="--template"):
        find_template(tmp_path)


def test_the_repositorys_template_says_what_runs() -> None:
    file = find_template(Path(__file__).parent)
    template = Template.load(file, place=PLACE, overrides={"Admins": "T0001/U0001"})

    functions = {
        name: template.function(name, Named())
        for name in template.of_type("AWS::Serverless::Function")
    }

    assert all(each.code.joinpath("app.py").is_file() for each in functions.values())
    assert functions["SlackGateway"].routes == (HttpRoute("POST", "/slack/events"),)
    assert functions["CommandWorker"].queues[0].reports_item_failures
    assert functions["Caretaker"].schedules[0].expression == "rate(1 minute)"
    assert functions["JobEvents"].rules
    assert functions["AccessApi"].routes
    assert len(functions["DeadLetters"].queues) == 2
