"""Setup on a real API: plan → apply → nothing left to do, whatever was lost on the way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sshq.domain.refusals import Reason, Refusal
from sshq.domain.setup_plan import Action, Leftovers, Memory, Plan, plan, teardown

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
    return plan(live.settings.names, live.account.read())


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
    assert [change.action for change in first.changes[:-1]] == [Action.CREATE] * 6
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
    iam.delete_role_policy(RoleName=names.node_role, PolicyName="sshq-node")
    iam.detach_group_policy(GroupName=names.group, PolicyArn=names.client_policy_arn)
    iam.put_role_policy(
        RoleName=names.job_role, PolicyName=names.job_policy, PolicyDocument=json.dumps(READ_ONLY)
    )
    document = json.loads(ssm.get_document(Name=names.command_document)["Content"])
    document["description"] = "somebody's"
    ssm.update_document(
        Name=names.command_document, Content=json.dumps(document), DocumentVersion="$LATEST"
    )
    ssm.update_document_default_version(Name=names.command_document, DocumentVersion="2")
    aws.client("s3").delete_bucket_lifecycle(Bucket=names.bucket)
    aws.client("s3").delete_public_access_block(Bucket=names.bucket)

    drift = plan_of(setup)
    assert {change.resource.name for change in drift.changes} == {
        names.job_role,
        names.node_role,
        names.group,
        names.command_document,
        names.bucket,
    }
    assert all(change.action is Action.CHANGE for change in drift.changes)

    apply_all(setup)

    assert plan_of(setup).changes == ()
    attached = iam.list_attached_role_policies(RoleName=names.job_role)["AttachedPolicies"]
    assert foreign in {policy["PolicyArn"] for policy in attached}


def test_an_existing_roles_trust_is_never_written(aws: CoreAws, setup: Live) -> None:
    apply_all(setup)
    iam, role = aws.client("iam"), setup.settings.node_role
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(FOREIGN_TRUST))

    found = plan_of(setup)

    assert found.changes == ()
    (item,) = found.by_hand
    assert f"update-assume-role-policy --role-name {role}" in item.command
    assert "ec2.amazonaws.com" in item.command
    assert "SshqNodes" in item.command


def test_policies_that_people_hold_keep_their_versions_even_at_the_limit(
    aws: CoreAws, setup: Live
) -> None:
    """The quick-start's own policy may stand at IAM's limit of five: sshq writes none of them."""
    iam, names = aws.client("iam"), setup.settings.names
    iam.create_policy(PolicyName=names.job_policy, PolicyDocument=json.dumps(READ_ONLY))
    arn = names.policy_arn(names.job_policy)
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(READ_ONLY))
    before = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    quick_start(aws, setup, arn)

    apply_all(setup)

    assert plan_of(setup).changes == ()
    assert iam.list_policy_versions(PolicyArn=arn)["Versions"] == before
    assert iam.list_entities_for_policy(PolicyArn=arn)["PolicyGroups"] == []
    assert iam.list_entities_for_policy(PolicyArn=arn)["PolicyRoles"] == []


def quick_start(aws: CoreAws, setup: Live, *attached: str) -> None:
    """The role and the group as the quick-start script makes them."""
    iam, names = aws.client("iam"), setup.settings.names
    trust = json.dumps(FOREIGN_TRUST).replace("ec2", "sagemaker")
    iam.create_role(RoleName=names.job_role, AssumeRolePolicyDocument=trust)
    iam.create_group(GroupName=names.group)
    for arn in attached:
        iam.attach_role_policy(RoleName=names.job_role, PolicyArn=arn)
        iam.attach_group_policy(GroupName=names.group, PolicyArn=arn)


def test_teardown_leaves_nothing_that_setup_made(aws: CoreAws, setup: Live) -> None:
    iam, ssm = aws.client("iam"), aws.client("ssm")
    ssm.reset_service_setting(SettingId="/ssm/managed-instance/activation-tier")
    before = iam_dump(aws)
    first = plan_of(setup)
    apply_all(setup)
    iam.create_user(UserName="member")
    iam.add_user_to_group(GroupName=setup.settings.group, UserName="member")
    setup.startup_files.put("jobs/x", {"job.json": b"{}"})
    memory = Memory(
        made={c.resource.key: aws.clock.now() for c in first.changes},
        settings_before={"/ssm/managed-instance/activation-tier": "standard"},
    )

    found = teardown(setup.settings.names, setup.account.read(), memory, setup.account.leftovers())
    for change in found.changes:
        setup.account.apply(change)
    iam.delete_user(UserName="member")

    assert len(found.changes) == 7
    assert iam_dump(aws) == before
    assert setup.account.read().specs == {
        "setting:/ssm/managed-instance/activation-tier": {"value": "standard"}
    }


def iam_dump(aws: CoreAws) -> dict[str, Any]:
    found = aws.client("iam").get_account_authorization_details()
    return {name: found[name] for name in ("UserDetailList", "GroupDetailList", "RoleDetailList")}


def test_teardown_sees_what_jobs_put_out_and_whose_nodes_there_are(
    aws: CoreAws, setup: Live
) -> None:
    assert setup.account.leftovers() == Leftovers()
    apply_all(setup)
    setup.startup_files.put("jobs/x", {"job.json": b"{}"})
    assert not setup.account.leftovers().bucket_has_outputs
    setup.startup_files.put("output/x", {"model.tar.gz": b"weights"})

    assert setup.account.leftovers().bucket_has_outputs


def test_a_bucket_of_that_name_that_is_a_strangers_gets_nothing(aws: CoreAws, setup: Live) -> None:
    apply_all(setup)
    stranger = aws.live(**{**dict(setup.settings), "account": "999999999999"})

    with pytest.raises(Refusal, match="bucket-taken"):
        stranger.account.read()


def test_the_bucket_is_private_and_forgets_start_up_files(aws: CoreAws, setup: Live) -> None:
    apply_all(setup)

    s3, bucket = aws.client("s3"), setup.settings.bucket
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    files, kept, _ = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert set(block.values()) == {True}
    assert [(rule["Filter"], rule["Expiration"]) for rule in (files, kept)] == [
        ({"Prefix": "jobs/"}, {"Days": 30}),
        ({"Prefix": "checkpoints/"}, {"Days": 30}),
    ]
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    assert "AES256" in json.dumps(encryption)
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

    with pytest.raises(Refusal, match="made-meanwhile"):
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
    "PutBucketOwnershipControls",
    "PutBucketEncryption",
    "PutBucketLifecycleConfiguration",
    "PutBucketPolicy",
    "CreateRole",
    "PutRolePolicy",
    "CreateGroup",
    "AttachGroupPolicy",
    "CreateDocument",
)


@pytest.mark.parametrize("operation", WRITES)
def test_an_answer_that_is_lost_doesnt_stop_setup(
    aws: CoreAws, setup: Live, operation: str
) -> None:
    aws.fault(operation, "timeout-after")

    apply_all(setup)

    assert plan_of(setup).changes == ()
