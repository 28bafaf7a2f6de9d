"""The template's IAM: who may do what, to what, and on which condition."""

from __future__ import annotations

import fnmatch

import pytest

from sshq.domain.policies import INPUT_FOLDERS, PREFIX_HEX_DIGITS
from tests.security.template import (
    Statement,
    listed,
    resources,
    rights_of,
    statements,
    template,
)

FUNCTIONS = sorted(resources("AWS::Serverless::Function"))
ROLE_POWERS = [
    "iam:CreateRole",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:AttachRolePolicy",
    # Taking a denial away gives rights, too.
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
]
HAND_OUT = [
    "iam:CreateUser", "iam:CreateAccessKey", "iam:AttachUserPolicy", "iam:PutUserPolicy",
    "iam:PutGroupPolicy", "iam:DeleteRolePermissionsBoundary", "iam:SetDefaultPolicyVersion",
    "iam:PassRole",
    # IAM can't tie it to a boundary; the policies that people hold are the stack's and an admin's.
    "iam:UpdateAssumeRolePolicy",
    "iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicyVersion", "iam:DeletePolicy",
]  # fmt: skip


def granting(action: str) -> list[Statement]:
    """The statements that allow an action, by name or by pattern."""
    return [
        statement
        for statement in statements()
        if statement.allows and any(fnmatch.fnmatch(action, given) for given in statement.actions)
    ]


def may(function: str, action: str) -> list[Statement]:
    own = rights_of(function)
    return [statement for statement in granting(action) if statement in own]


def test_every_wildcard_resource_has_a_written_reason_and_no_reason_is_left_over() -> None:
    reasons = {
        f"{name}.{sid}"
        for name, resource in template()["Resources"].items()
        for sid, reason in resource.get("Metadata", {}).get("Wildcards", {}).items()
        if reason
    }

    assert {str(found) for found in statements() if "*" in found.resources} == reasons


def test_no_statement_allows_a_whole_service() -> None:
    wide = [str(s) for s in statements() if s.allows for action in s.actions if "*" in action]

    assert wide == []


def test_statements_can_be_told_apart() -> None:
    names = [str(statement) for statement in statements()]

    assert len(names) == len(set(names))


def test_no_arn_names_a_partition_region_or_account_of_its_own() -> None:
    arns = [arn for s in statements() for arn in s.resources if arn.startswith("arn:")]

    assert arns
    assert [arn for arn in arns if not arn.startswith("arn:${AWS::Partition}:")] == []
    assert [arn for arn in arns if any(part.isdigit() for part in arn.split(":"))] == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_has_a_role_of_its_own(function: str) -> None:
    roles = [f["Properties"]["Role"] for f in resources("AWS::Serverless::Function").values()]

    assert roles.count(f"${{{function}Role.Arn}}") == 1


def test_every_service_trust_names_this_account() -> None:
    for name, role in resources("AWS::IAM::Role").items():
        for statement in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
            assert statement["Condition"] == {
                "StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"}
            }, name


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if name != "IamProvisioner"])
def test_only_the_provisioner_touches_iam(function: str) -> None:
    iam = {
        action
        for statement in rights_of(function)
        for action in statement.actions
        if action.startswith("iam:")
    }

    assert iam == ({"iam:PassRole"} if function == "CommandWorker" else set())


def test_the_gateway_can_only_send_and_read_its_secret() -> None:
    actions = {action for s in rights_of("SlackGateway") for action in s.actions}

    assert actions == {
        "sqs:SendMessage",
        "secretsmanager:GetSecretValue",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }


@pytest.mark.parametrize("action", ROLE_POWERS)
def test_a_role_gains_rights_only_under_the_boundary(action: str) -> None:
    found = granting(action)

    assert found
    for statement in found:
        key = ("StringEquals", "iam:PermissionsBoundary")
        assert statement.conditions[key] == "${Boundary}"
        assert all(
            arn.endswith(("${JobRoleName}", "${NodeRoleName}")) for arn in statement.resources
        )


@pytest.mark.parametrize(
    "action", ["iam:AttachRolePolicy", "iam:AttachGroupPolicy", "iam:DetachGroupPolicy"]
)
def test_only_named_policies_are_attached_or_taken_from_people(action: str) -> None:
    found = granting(action)

    assert found
    for statement in found:
        named = listed(statement.conditions["ArnEquals", "iam:PolicyARN"])
        assert named
        assert not [arn for arn in named if "*" in arn]


def test_a_group_gets_the_client_policy_and_no_other() -> None:
    (statement,) = granting("iam:AttachGroupPolicy")

    assert statement.conditions["ArnEquals", "iam:PolicyARN"] == "${ClientPolicy}"


@pytest.mark.parametrize("action", HAND_OUT)
def test_the_provisioner_has_no_way_round_the_boundary(action: str) -> None:
    assert may("IamProvisioner", action) == []


def test_a_role_is_passed_to_one_service_each() -> None:
    passed = {
        statement.resources[0].rsplit("/", 1)[1]: statement.conditions
        for statement in granting("iam:PassRole")
    }

    assert passed == {
        "${JobRoleName}": {("StringEquals", "iam:PassedToService"): "sagemaker.amazonaws.com"},
        "${NodeRoleName}": {("StringEquals", "iam:PassedToService"): "ssm.amazonaws.com"},
    }


def test_starting_a_session_always_checks_the_document() -> None:
    found = granting("ssm:StartSession")

    assert found
    for statement in found:
        assert statement.conditions["BoolIfExists", "ssm:SessionDocumentAccessCheck"] == "true"


def test_only_the_access_api_and_people_start_sessions() -> None:
    assert {s.holder for s in granting("ssm:StartSession")} == {"AccessApiRole", "ClientPolicy"}
    assert {s.holder for s in granting("ssm:ResumeSession")} == {"AccessApiRole", "ClientPolicy"}


def test_no_session_document_reaches_beyond_the_node() -> None:
    documents = {
        arn.rsplit("/", 1)[1]
        for statement in granting("ssm:StartSession")
        for arn in statement.resources
        if ":document/" in arn
    }

    assert documents == {
        "${SessionDocumentName}",
        "SSM-SessionManagerRunShell",
        "AWS-StartSSHSession",
    }


@pytest.mark.parametrize(
    "action", ["ssm:StartSession", "ssm:SendCommand", "ssm:DeregisterManagedInstance"]
)
def test_a_node_is_touched_only_if_it_bears_the_tag(action: str) -> None:
    on_nodes = [
        statement
        for statement in granting(action)
        if any(":managed-instance/" in arn for arn in statement.resources)
    ]

    assert on_nodes
    for statement in on_nodes:
        tag, owner = (
            ("ssm:resourceTag/SSHOwner", "${aws:userid}")
            if statement.holder == "ClientPolicy"
            else ("ssm:resourceTag/sshq:stack", "${StackTag}")
        )
        assert statement.conditions["StringEquals", tag] == owner


def test_commands_come_from_one_document_of_our_own() -> None:
    documents = {
        arn.rsplit("/", 1)[1]
        for statement in granting("ssm:SendCommand")
        for arn in statement.resources
        if ":document/" in arn
    }

    assert documents == {"${CommandDocumentName}"}


def test_jobs_are_made_and_stopped_under_the_stacks_tag_and_name() -> None:
    wanted = {
        "sagemaker:CreateTrainingJob": "aws:RequestTag/sshq:stack",
        "sagemaker:AddTags": "aws:RequestTag/sshq:stack",
        "sagemaker:StopTrainingJob": "aws:ResourceTag/sshq:stack",
    }

    for action, key in wanted.items():
        found = granting(action)
        assert found
        for statement in found:
            assert statement.conditions["StringEquals", key] == "${StackTag}"
            assert all(arn.endswith(":training-job/sshq-*") for arn in statement.resources)


def test_only_the_access_api_signs_certificates_and_admins_of_the_account_cant() -> None:
    signing = granting("kms:Sign")

    assert {s.holder for s in signing} == {"SshCaKey", "SshCaKeyB"}
    assert all(s.body["Principal"] == {"AWS": "${AccessApiRole.Arn}"} for s in signing)


def test_the_boundary_never_allows_what_would_widen_itself() -> None:
    in_boundary = [s for s in statements() if s.holder == "Boundary"]
    allowed = {action for s in in_boundary if s.allows for action in s.actions}
    denied = {action for s in in_boundary if not s.allows for action in s.actions}

    assert {
        "iam:*", "sts:AssumeRole", "ssm:CreateActivation", "ssm:AddTagsToResource",
        "ssm:StartSession", "ssm:SendCommand", "sagemaker:AddTags",
    } <= denied  # fmt: skip
    assert not {a for a in allowed for d in denied - {"s3:PutObject", "s3:DeleteObject"}
                if fnmatch.fnmatch(a, d)} - {"s3:ListBucket", "s3:ListBucketMultipartUploads"}  # fmt: skip


def test_a_job_cant_list_anothers_input() -> None:
    (denial,) = [s for s in statements() if str(s) == "Boundary.NeverListOthersFiles"]

    assert not denial.allows
    assert "s3:ListBucket" in denial.actions
    # The start-up scripts and the agent are everybody's; a job's own files have a random prefix.
    assert denial.conditions == {
        ("StringNotLike", "s3:prefix"): [
            f"jobs/{'?' * PREFIX_HEX_DIGITS}*", f"checkpoints/{'?' * PREFIX_HEX_DIGITS}*",
            "container/*", "agent/*",
        ]
    }  # fmt: skip


def test_a_job_cant_write_what_other_jobs_run() -> None:
    (denial,) = [s for s in statements() if str(s) == "Boundary.NeverWriteJobFiles"]

    assert not denial.allows
    assert {"s3:PutObject", "s3:DeleteObject"} <= set(denial.actions)
    folders = {arn.rpartition("-${AWS::Region}/")[2] for arn in denial.resources}
    assert folders == {f"{folder}/*" for folder in INPUT_FOLDERS}


def test_nothing_reads_the_whole_table() -> None:
    assert granting("dynamodb:Scan") == []


def test_the_function_that_faces_the_internet_has_no_key_to_slack() -> None:
    assert may("AccessApi", "secretsmanager:GetSecretValue") == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_deletes_or_changes_a_record_of_the_audit(function: str) -> None:
    taking = {"dynamodb:DeleteItem", "dynamodb:UpdateItem"}
    allowed = {a for s in rights_of(function) if s.allows for a in s.actions} & taking
    denied = {
        action
        for statement in rights_of(function)
        if not statement.allows
        and "AUDIT"
        in statement.conditions.get(("ForAnyValue:StringEquals", "dynamodb:LeadingKeys"), [])
        for action in statement.actions
    }

    assert allowed <= denied
