"""What the stack promises to Slack, SageMaker and whoever operates it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sshq.adapters.new_roles import PATIENCE_SECONDS, PAUSE_SECONDS
from sshq.domain.money import Currency
from sshq.settings import settings_from
from sshq.use_cases.follow import STOPPED_BY_THEN
from sshq_sandbox.lambda_host.template import Place, Template
from tests.security.template import ROOT, resources, template

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FUNCTIONS = resources("AWS::Serverless::Function")
QUEUES = resources("AWS::SQS::Queue")
TRIGGERS = {
    "SlackGateway": [("HttpApi", "POST /slack/events")],
    "CommandWorker": [("SQS", "CommandsQueue")],
    "IamProvisioner": [("SQS", "ProvisioningQueue"), ("ScheduleV2", "rate(1 day)")],
    "JobEvents": [("EventBridgeRule", "SageMaker Training Job State Change")],
    "Caretaker": [
        ("ScheduleV2", "rate(1 minute)"),
        ("ScheduleV2", "cron(5 0 * * ? *)"),
    ],
    "AccessApi": [
        ("HttpApi", "POST /v1/redeem"),
        ("HttpApi", "ANY /v1/{proxy+}"),
        ("HttpApi", "GET /client/{file}"),
    ],
    "DeadLetters": [("SQS", "CommandsDeadLetterQueue"), ("SQS", "ProvisioningDeadLetterQueue")],
}


def trigger(event: dict[str, Any]) -> tuple[str, str]:
    properties = event["Properties"]
    match event["Type"]:
        case "HttpApi":
            what = f"{properties['Method']} {properties['Path']}"
        case "SQS":
            what = properties["Queue"].removeprefix("${").removesuffix(".Arn}")
        case "EventBridgeRule":
            (what,) = properties["Pattern"]["detail-type"]
        case _:
            what = properties["ScheduleExpression"]
    return event["Type"], what


def test_the_functions_and_what_sets_them_off() -> None:
    found = {
        name: [trigger(event) for event in function["Properties"]["Events"].values()]
        for name, function in FUNCTIONS.items()
    }

    assert found == TRIGGERS


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_functions_code_is_where_its_name_says(name: str) -> None:
    folder = "".join(f"_{c.lower()}" if c.isupper() else c for c in name).strip("_")

    assert FUNCTIONS[name]["Properties"]["CodeUri"] == f"functions/{folder}"
    assert (ROOT / "functions" / folder / "app.py").is_file()


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_logs_are_kept_for_a_time_that_was_chosen(name: str) -> None:
    properties = FUNCTIONS[name]["Properties"]
    group = resources("AWS::Logs::LogGroup")[f"{name}Logs"]["Properties"]

    assert properties["LoggingConfig"] == {"LogGroup": f"${{{name}Logs}}"}
    assert group["LogGroupName"] == f"/aws/lambda/{properties['FunctionName']}"
    assert group["RetentionInDays"] == "${LogRetentionDays}"


def test_all_functions_run_alike() -> None:
    shared = template()["Globals"]["Function"]

    assert shared["Runtime"] == "python3.13"
    assert shared["Architectures"] == ["arm64"]
    assert shared["Handler"] == "app.lambda_handler"


def test_a_deployment_changes_what_is_called() -> None:
    """SAM moves an alias only when a function's own code, memory or written environment changes.

    A new layer or a parameter's new value isn't seen, not even with AutoPublishAliasAllProperties:
    https://github.com/aws/serverless-application-model/issues/3820
    """
    for function in (
        template()["Globals"]["Function"],
        *(f["Properties"] for f in FUNCTIONS.values()),
    ):
        assert not [name for name in function if name.startswith("AutoPublish")]
    for role in resources("AWS::IAM::Role").values():
        for policy in role["Properties"]["Policies"]:
            assert ":live" not in str(policy)


def test_each_queue_has_a_dead_letter_queue_of_its_kind() -> None:
    dead = {name for name in QUEUES if "DeadLetter" in name}

    assert dead == {"CommandsDeadLetterQueue", "ProvisioningDeadLetterQueue"}
    for name, queue in QUEUES.items():
        properties = queue["Properties"]
        assert properties["FifoQueue"] is True
        assert properties["QueueName"].endswith(".fifo")
        assert properties["SqsManagedSseEnabled"] is True
        if name not in dead:
            target = name.replace("Queue", "DeadLetterQueue")
            assert properties["RedrivePolicy"] == {
                "deadLetterTargetArn": f"${{{target}.Arn}}",
                "maxReceiveCount": 3,
            }


def test_a_message_stays_hidden_six_times_as_long_as_its_consumer_may_take() -> None:
    checked = set()
    for function in FUNCTIONS.values():
        for event in function["Properties"]["Events"].values():
            if event["Type"] == "SQS":
                _, queue = trigger(event)
                visibility = QUEUES[queue]["Properties"]["VisibilityTimeout"]
                assert visibility >= 6 * function["Properties"]["Timeout"]
                assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
                checked.add(queue)

    assert checked == set(QUEUES)


@pytest.mark.parametrize("function", ["CommandWorker", "IamProvisioner"])
def test_a_command_has_its_functions_time_and_its_tries_to_itself(function: str) -> None:
    """SQS counts a message as received with its whole batch, whether or not its turn came."""
    events = FUNCTIONS[function]["Properties"]["Events"].values()

    assert [e["Properties"]["BatchSize"] for e in events if e["Type"] == "SQS"] == [1]


def test_a_worker_outlives_the_wait_for_two_new_roles() -> None:
    """An activation passes one on, its job the other; a worker that dies is tried again in minutes."""
    waits = 2 * (PATIENCE_SECONDS + PAUSE_SECONDS)

    assert FUNCTIONS["CommandWorker"]["Properties"]["Timeout"] >= waits + 10


def test_a_stop_waits_longer_for_a_submission_than_its_worker_lives() -> None:
    timeout = FUNCTIONS["CommandWorker"]["Properties"]["Timeout"]

    assert STOPPED_BY_THEN.total_seconds() >= 2 * timeout


def test_the_rounds_of_the_caretaker_dont_overlap() -> None:
    assert FUNCTIONS["Caretaker"]["Properties"]["Timeout"] <= 60


def test_the_table_forgets_by_its_own_attribute_and_can_be_restored() -> None:
    (table,) = resources("AWS::DynamoDB::Table").values()
    properties = table["Properties"]

    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert table["DeletionPolicy"] == "RetainExceptOnCreate"


def test_the_ca_keys_are_alike_and_can_sign_ssh_certificates() -> None:
    first, second = (key["Properties"] for key in resources("AWS::KMS::Key").values())

    assert first == second
    assert (first["KeySpec"], first["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")


@pytest.mark.parametrize(
    ("setting", "keys"),
    [
        ("a", ["SshCaKey"]),
        ("b+a", ["SshCaKeyB", "SshCaKey"]),
        ("b", ["SshCaKeyB"]),
        ("a+b", ["SshCaKey", "SshCaKeyB"]),
    ],
)
def test_the_ca_rotates_by_one_parameter(setting: str, keys: list[str]) -> None:
    """Deployed as the sandbox deploys: which keys exist, and in which order functions know them."""
    place = Place(stack="sshq", region="eu-west-1", account="123456789012")
    given = {"SshCa": setting, "Admins": "T0001/U0001"}
    stack = Template.load(ROOT / "template.yaml", place=place, overrides=given)

    made = {name for name, each in stack.resources.items() if each["Type"] == "AWS::KMS::Key"}
    told = stack.function("AccessApi", _Named()).environment["SSHQ_SSH_CA_KEY_IDS"]
    assert made == set(keys)
    assert told == ",".join(f"{key}.Arn" for key in keys)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_half_of_a_functions_environment_is_left_for_the_parameters(name: str) -> None:
    """Lambda measures all variables as JSON and takes 4096 bytes: docs/deploy.md says what fits."""
    place = Place(stack="sshq-production", region="ap-southeast-2", account="123456789012")
    stack = Template.load(ROOT / "template.yaml", place=place, overrides={"Admins": "T0001/U0001"})

    environment = stack.function(name, _Named("x" * 80)).environment

    assert len(json.dumps(environment)) < 2400


class _Named:
    """Resources by what they are called."""

    def __init__(self, before: str = "") -> None:
        self._before = before

    def ref(self, logical_id: str) -> str:
        return self._before + logical_id

    def attribute(self, logical_id: str, name: str) -> str:
        return f"{self._before}{logical_id}.{name}"


def test_the_slack_secret_has_no_value_in_the_stack() -> None:
    (secret,) = resources("AWS::SecretsManager::Secret").values()

    assert not {"SecretString", "GenerateSecretString"} & set(secret["Properties"])


def test_the_front_door_is_throttled_and_its_log_shows_no_ticket() -> None:
    (api,) = resources("AWS::Serverless::HttpApi").values()
    properties = api["Properties"]

    assert properties["DefaultRouteSettings"]["ThrottlingRateLimit"] <= 50
    assert properties["RouteSettings"]["POST /v1/redeem"]["ThrottlingRateLimit"] <= 5
    log_format = properties["AccessLogSettings"]["Format"]
    assert "$context.routeKey" in log_format
    assert not [
        word for word in ("path", "authorizer", "query") if f"$context.{word}" in log_format
    ]


def test_the_names_that_the_old_helpers_users_look_for() -> None:
    defaults = {
        name: parameter.get("Default") for name, parameter in template()["Parameters"].items()
    }

    assert defaults["JobRoleName"] == "sshhelper-for-sagemaker-role"
    assert defaults["JobPolicyName"] == "sshhelper-for-sagemaker-policy"
    assert defaults["GroupName"] == "SSHHelperUserGroup"
    assert defaults["ClientPolicyName"] == "SSHSageMakerClientPolicy"


def test_layers_carry_the_versions_that_the_tests_run_with() -> None:
    def pins(path: Path) -> set[str]:
        lines = path.read_text(encoding="utf-8").splitlines()
        return {line.split(" ")[0] for line in lines if "==" in line}

    layer = pins(ROOT / "layers/runtime/requirements.txt")
    runtime = pins(ROOT / "requirements/runtime.txt")
    dev = pins(ROOT / "requirements/dev.txt")

    assert layer
    assert layer <= dev
    assert runtime <= dev


@pytest.mark.parametrize(
    "path",
    [*ROOT.glob("requirements/*.txt"), ROOT / "layers/runtime/requirements.txt"],
    ids=lambda path: path.name,
)
def test_requirements_have_hashes_and_name_no_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert text.count("==") <= text.count("--hash=sha256:")
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


def test_no_partition_is_fixed() -> None:
    """China's ARNs, hosts and consoles are others. Only services' names are the same everywhere, but for
    a few that the stack doesn't use.
    """
    other_in_china = {"codedeploy", "ec2", "elasticmapreduce", "logs", "s3"}
    found = list(_texts(template()))

    assert [text for text in found if "arn:aws:" in text] == []
    principals = {text for text in found if ".amazonaws.com" in text}
    assert {text.partition(".")[2] for text in principals} == {"amazonaws.com"}
    assert not {text.partition(".")[0] for text in principals} & other_in_china


@pytest.mark.parametrize("region", ["cn-north-1", "cn-northwest-1"])
def test_in_china_the_functions_are_told_chinas_partition_and_hosts(region: str) -> None:
    place = Place(stack="sshq", region=region, account="123456789012")
    stack = Template.load(ROOT / "template.yaml", place=place, overrides={"Admins": "T0001/U0001"})
    told = stack.function("IamProvisioner", _Named()).environment

    assert (told["SSHQ_PARTITION"], told["SSHQ_REGION"]) == ("aws-cn", region)
    assert told["SSHQ_AGENT_SOURCE"] == f"https://amazon-ssm-{region}.s3.{region}.amazonaws.com.cn"
    api = stack.function("CommandWorker", _Named()).environment["SSHQ_API_HOST"]
    assert api == f"HttpApi.execute-api.{region}.amazonaws.com.cn"
    assert settings_from(told).currency is Currency.CNY


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield value
