"""Setup on a real API: plan → apply → nothing left to do, whatever was lost on the way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from sshq.domain.refusals import Reason, Refusal
from sshq.domain.setup_plan import Action, Names, Plan, desired, plan

if TYPE_CHECKING:
    from sshq.composition import Live
    from tests.core_aws import CoreAws

FOREIGN_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
READ_ONLY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}],
}
READING = ("Get", "List", "Head", "Describe")


@pytest.fixture
def setup(aws: CoreAws, request: pytest.FixtureRequest) -> Live:
    """Services with names of this test's own, in an account that has the stack's policies."""
    number = abs(hash(request.node.name)) % 10**8
    iam = aws.client("iam")
    arns = [
        iam.create_policy(PolicyName=f"{name}-{number}", PolicyDocument=json.dumps(READ_ONLY))
        for name in ("boundary", "client")
    ]
    return aws.live(
        boundary_arn=arns[0]["Policy"]["Arn"],
        client_policy_arn=arns[1]["Policy"]["Arn"],
        bucket=f"sshq-{number}",
        job_role=f"job-role-{number}",
        job_policy=f"job-policy-{number}",
        node_role=f"node-role-{number}",
        group=f"group-{number}",
        session_document=f"session-{number}",
        command_document=f"command-{number}",
    )


def plan_of(live: Live) -> Plan:
    names = Names(**{name: getattr(live.settings, name) for name in Names.model_fields})
    return plan(desired(names), live.account.read())


def apply_all(live: Live) -> None:
    for change in plan_of(live).changes:
        live.account.apply(change)


def writes(aws: CoreAws) -> list[str]:
    return [call.operation for call in aws.calls() if not call.operation.startswith(READING)]


def test_from_nothing_to_an_empty_plan_and_a_second_run_writes_nothing(
    aws: CoreAws, setup: Live
) -> None:
    aws.client("ssm").reset_service_setting(SettingId="/ssm/managed-instance/activation-tier")
    first = plan_of(setup)
    assert [change.action for change in first.changes[:-1]] == [Action.CREATE] * 7
    assert first.changes[-1].resource.name == "/ssm/managed-instance/activation-tier"

    apply_all(setup)

    assert plan_of(setup).changes == ()
    before = writes(aws)
    apply_all(aws.live(**dict(setup.settings)))
    assert writes(aws) == before


def test_every_role_gets_the_boundary_and_only_what_is_planned(aws: CoreAws, setup: Live) -> None:
    apply_all(setup)

    iam = aws.client("iam")
    for name in (setup.settings.job_role, setup.settings.node_role):
        role = iam.get_role(RoleName=name)["Role"]
        boundary = role["PermissionsBoundary"]["PermissionsBoundaryArn"]
        assert boundary == setup.settings.boundary_arn
        assert {"Key": "sshq:stack", "Value": "sshq"} in role["Tags"]
        assert role["Path"] == "/"


def test_what_was_changed_by_hand_is_drift_and_is_mended(aws: CoreAws, setup: Live) -> None:
    apply_all(setup)
    iam, ssm, names = aws.client("iam"), aws.client("ssm"), setup.settings
    foreign = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.attach_role_policy(RoleName=names.job_role, PolicyArn=foreign)
    iam.delete_role_permissions_boundary(RoleName=names.job_role)
    iam.update_assume_role_policy(
        RoleName=names.node_role, PolicyDocument=json.dumps(FOREIGN_TRUST)
    )
    iam.delete_role_policy(RoleName=names.node_role, PolicyName="sshq-node")
    iam.detach_group_policy(GroupName=names.group, PolicyArn=names.client_policy_arn)
    iam.create_policy_version(
        PolicyArn=f"arn:aws:iam::{names.account}:policy/{names.job_policy}",
        PolicyDocument=json.dumps(READ_ONLY),
        SetAsDefault=True,
    )
    document = json.loads(ssm.get_document(Name=names.command_document)["Content"])
    document["description"] = "somebody's"
    ssm.update_document(
        Name=names.command_document, Content=json.dumps(document), DocumentVersion="$LATEST"
    )
    ssm.update_document_default_version(Name=names.command_document, DocumentVersion="2")
    aws.client("s3").delete_bucket_policy(Bucket=names.bucket)

    drift = plan_of(setup)
    assert {change.resource.name for change in drift.changes} == {
        names.job_role,
        names.node_role,
        names.group,
        names.job_policy,
        names.command_document,
        names.bucket,
    }
    assert all(change.action is Action.CHANGE for change in drift.changes)

    apply_all(setup)

    assert plan_of(setup).changes == ()
    attached = iam.list_attached_role_policies(RoleName=names.job_role)["AttachedPolicies"]
    assert foreign in {policy["PolicyArn"] for policy in attached}


def test_a_policy_may_be_mended_more_often_than_iam_keeps_versions(
    aws: CoreAws, setup: Live
) -> None:
    apply_all(setup)
    arn = f"arn:aws:iam::{setup.settings.account}:policy/{setup.settings.job_policy}"
    iam = aws.client("iam")
    for _ in range(4):
        iam.create_policy_version(
            PolicyArn=arn, PolicyDocument=json.dumps(READ_ONLY), SetAsDefault=True
        )
    assert len(iam.list_policy_versions(PolicyArn=arn)["Versions"]) == 5

    apply_all(setup)

    assert plan_of(setup).changes == ()
    assert len(iam.list_policy_versions(PolicyArn=arn)["Versions"]) == 5


def test_the_bucket_is_private_and_forgets_start_up_files(aws: CoreAws, setup: Live) -> None:
    apply_all(setup)

    s3, bucket = aws.client("s3"), setup.settings.bucket
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert set(block.values()) == {True}
    assert (rule["Filter"], rule["Expiration"]) == ({"Prefix": "jobs/"}, {"Days": 30})
    where = s3.get_bucket_location(Bucket=bucket)["LocationConstraint"]
    assert where == setup.settings.region


def test_a_refusal_by_aws_is_told_with_its_words(aws: CoreAws, setup: Live) -> None:
    aws.fault("CreateRole", "denial")
    change = next(c for c in plan_of(setup).changes if c.resource.name == setup.settings.job_role)

    with pytest.raises(Refusal) as refused:
        setup.account.apply(change)

    assert refused.value.reason is Reason.REFUSED_BY_AWS
    assert "AccessDenied" in refused.value.facts["detail"]
    assert "iam:CreateRole" in refused.value.facts["detail"]


def test_what_somebody_else_made_meanwhile_is_refused_and_left_alone(
    aws: CoreAws, setup: Live
) -> None:
    changes = plan_of(setup).changes
    change = next(c for c in changes if c.resource.name == setup.settings.job_role)
    iam = aws.client("iam")
    iam.create_role(
        RoleName=setup.settings.job_role, AssumeRolePolicyDocument=json.dumps(FOREIGN_TRUST)
    )

    with pytest.raises(Refusal, match="EntityAlreadyExists"):
        setup.account.apply(change)

    role = iam.get_role(RoleName=setup.settings.job_role)["Role"]
    assert role["AssumeRolePolicyDocument"] == FOREIGN_TRUST
    assert "PermissionsBoundary" not in role


def test_an_account_that_may_not_be_read_is_a_refusal(aws: CoreAws, setup: Live) -> None:
    aws.fault("GetRole", "denial")

    with pytest.raises(Refusal, match="AccessDenied"):
        setup.account.read()


WRITES = (
    "CreateBucket",
    "PutPublicAccessBlock",
    "PutBucketLifecycleConfiguration",
    "PutBucketPolicy",
    "CreatePolicy",
    "CreateRole",
    "AttachRolePolicy",
    "PutRolePolicy",
    "CreateGroup",
    "AttachGroupPolicy",
    "CreateDocument",
)


@pytest.mark.parametrize("kind", ["timeout-after", "throttle"])
@pytest.mark.parametrize("operation", WRITES)
def test_an_answer_that_is_lost_doesnt_stop_setup(
    aws: CoreAws, setup: Live, operation: str, kind: str
) -> None:
    aws.fault(operation, kind)

    apply_all(setup)

    assert plan_of(setup).changes == ()


@pytest.mark.parametrize("operation", WRITES)
def test_setup_that_was_cut_short_is_completed_by_the_next(
    aws: CoreAws, setup: Live, operation: str
) -> None:
    """Denied there, say; whatever was made until then, the next plan has all that is missing."""
    aws.fault(operation, "denial")
    with pytest.raises((Refusal, ClientError, BotoCoreError)):
        apply_all(setup)

    apply_all(setup)

    assert plan_of(setup).changes == ()
    s3, bucket = aws.client("s3"), setup.settings.bucket
    assert s3.get_public_access_block(Bucket=bucket)
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    _role_is_whole(aws, setup)


def _role_is_whole(aws: CoreAws, setup: Live) -> None:
    iam: Any = aws.client("iam")
    assert iam.list_attached_role_policies(RoleName=setup.settings.job_role)["AttachedPolicies"]
    assert iam.list_role_policies(RoleName=setup.settings.node_role)["PolicyNames"]
