"""Member A never reaches B's node or session, and jobs and nodes never gain a power. Threats 5, 6, 7.

StartSession is judged as AWS does: for the node, and for the document that was named or is the
default; the second only if a statement's `ssm:SessionDocumentAccessCheck` asks for it.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sshq.domain import policies
from sshq.domain.tags import job_tags
from tests.core_services import START
from tests.security.iam.counting import COUNTS
from tests.security.iam.evaluator import Request, is_allowed
from tests.security.iam.rendered import ACCOUNT, REGION, names, policies_of, policy
from tests.security.iam.world import ALL

NAMES = names()
CLIENT = policy("ClientPolicy")
BOUNDARY = policy("Boundary")
PREFIX = f"arn:aws:ssm:{REGION}:{ACCOUNT}"
DOCUMENTS = (
    f"{PREFIX}:document/{NAMES.session_document}",
    f"{PREFIX}:document/{NAMES.command_document}",
    f"{PREFIX}:document/SSM-SessionManagerRunShell",
    f"arn:aws:ssm:{REGION}::document/AWS-StartSSHSession",
    f"arn:aws:ssm:{REGION}::document/AWS-StartPortForwardingSessionToRemoteHost",
    f"arn:aws:ssm:{REGION}::document/AWS-StartInteractiveCommand",
    f"arn:aws:ssm:{REGION}::document/AWS-RunShellScript",
)
DEFAULT_DOCUMENT = DOCUMENTS[2]
ON_NODES = (
    "ssm:StartSession",
    "ssm:SendCommand",
    "ssm:DeregisterManagedInstance",
    "ssm:AddTagsToResource",
    "ssm:RemoveTagsFromResource",
    "ssm:UpdateManagedInstanceRole",
)
ON_SESSIONS = ("ssm:ResumeSession", "ssm:TerminateSession")
USER_IDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=17, max_size=17).map("AIDA".__add__)
SLACK_IDS = st.from_regex(r"T[A-Z0-9]{3,9}/U[A-Z0-9]{3,9}", fullmatch=True)


def tags_of(owner_id: str) -> dict[str, str]:
    """The context of a call on a node with the tags that sshq gives it."""
    tags = job_tags(
        stack=NAMES.stack,
        job="sshq-x",
        job_arn="arn",
        owner="T1/U1",
        owner_id=owner_id,
        request="r",
        now=START,
    )
    return {f"ssm:resourceTag/{name}": value for name, value in tags.items()}


def may_call(
    identity: tuple[Any, ...], action: str, resource: str, context: dict[str, str]
) -> bool:
    """One call on a node, with the document that StartSession and SendCommand need besides."""
    COUNTS["calls between members that were judged"] += 1
    if action not in {"ssm:StartSession", "ssm:SendCommand"}:
        return is_allowed(Request(action, resource, context), identity)
    unchecked = context | {"ssm:SessionDocumentAccessCheck": "false"}
    if action == "ssm:StartSession" and is_allowed(Request(action, resource, unchecked), identity):
        return True
    checked = context | {"ssm:SessionDocumentAccessCheck": "true"}
    return is_allowed(Request(action, resource, checked), identity) and any(
        is_allowed(Request(action, document, checked), identity) for document in DOCUMENTS
    )


@settings(max_examples=300, deadline=None)
@given(
    a=USER_IDS,
    owner=st.one_of(USER_IDS, SLACK_IDS),
    node=st.integers(0, 16**17 - 1),
    data=st.data(),
)
def test_a_member_with_keys_reaches_nobody_elses_node(
    a: str, owner: str, node: int, data: st.DataObject
) -> None:
    assume(a != owner)
    action = data.draw(st.sampled_from(ON_NODES))
    context = tags_of(owner) | {"aws:userid": a, "aws:username": "a"}

    assert not may_call((CLIENT,), action, f"{PREFIX}:managed-instance/mi-{node:017x}", context)


@settings(max_examples=200, deadline=None)
@given(a=USER_IDS, b=USER_IDS, data=st.data())
def test_a_member_with_keys_takes_nobody_elses_session(a: str, b: str, data: st.DataObject) -> None:
    """Without Resume there is no token, and without a token no data channel opens."""
    assume(a != b)
    action = data.draw(st.sampled_from(ON_SESSIONS))
    context = {"ssm:resourceTag/aws:ssmmessages:session-id": b, "aws:userid": a}

    assert not may_call((CLIENT,), action, f"{PREFIX}:session/b-0123456789abcdef0", context)


@settings(max_examples=100, deadline=None)
@given(a=USER_IDS)
def test_a_member_with_keys_reaches_their_own(a: str) -> None:
    context = tags_of(a) | {"aws:userid": a}
    node = f"{PREFIX}:managed-instance/mi-0123456789abcdef0"

    assert may_call((CLIENT,), "ssm:StartSession", node, context)
    own = {"ssm:resourceTag/aws:ssmmessages:session-id": a, "aws:userid": a}
    assert may_call((CLIENT,), "ssm:ResumeSession", f"{PREFIX}:session/a-1", own)


@pytest.mark.parametrize("tags", [{}, {"ssm:resourceTag/SSHOwner": ""}, {"ssm:resourceTag/x": "y"}])
@pytest.mark.parametrize("action", ON_NODES)
def test_a_node_without_an_owner_is_nobodys(action: str, tags: dict[str, str]) -> None:
    node = f"{PREFIX}:managed-instance/mi-0123456789abcdef0"

    assert not may_call((CLIENT,), action, node, tags | {"aws:userid": "AIDAX"})


@pytest.mark.parametrize("identity", [(CLIENT,), policies_of("AccessApi")], ids=["people", "api"])
def test_no_session_starts_with_a_document_that_wasnt_granted(identity: tuple[Any, ...]) -> None:
    context = tags_of("AIDAX") | {"aws:userid": "AIDAX"}
    node = f"{PREFIX}:managed-instance/mi-0123456789abcdef0"
    unchecked = context | {"ssm:SessionDocumentAccessCheck": "false"}

    assert not is_allowed(Request("ssm:StartSession", node, unchecked), identity)
    granted = {
        document.rsplit("/", 1)[1]
        for document in DOCUMENTS
        if is_allowed(Request("ssm:StartSession", document, context), identity)
    }
    assert NAMES.session_document in granted
    assert not {name for name in granted if "RemoteHost" in name or "Command" in name}


def test_the_access_api_opens_no_default_shell_and_no_strangers_node() -> None:
    api = policies_of("AccessApi")
    theirs = tags_of("AIDAX") | {"ssm:resourceTag/sshq:stack": "another", "aws:userid": "AROA:x"}
    node = f"{PREFIX}:managed-instance/mi-0123456789abcdef0"

    assert not is_allowed(Request("ssm:StartSession", DEFAULT_DOCUMENT, {}), api)
    assert not may_call(api, "ssm:StartSession", node, theirs)


@cache
def known_actions(service: str) -> dict[str, str]:
    """Each action of a service that AWS documents, with its access level (parliament's data)."""
    found = find_spec("parliament")
    assert found is not None
    assert found.origin is not None
    text = Path(found.origin).with_name("iam_definition.json").read_text(encoding="utf-8")
    return {
        f"{service}:{privilege['privilege']}": privilege["access_level"]
        for known in json.loads(text)
        if known["prefix"] == service
        for privilege in known["privileges"]
    }


POWERS = [
    *known_actions("iam"),
    *known_actions("organizations"),
    *known_actions("sts"),
    *(a for a, level in known_actions("sagemaker").items() if level not in {"Read", "List"}),
    *(a for a, level in known_actions("ssm").items() if level not in {"Read", "List"}),
]
# The agent reports itself; parliament calls that a write.
REPORTS = {"ssm:UpdateInstanceInformation", "ssm:UpdateInstanceAssociationStatus"}
RESOURCES = (
    "*",
    f"{PREFIX}:managed-instance/mi-0123456789abcdef0",
    f"arn:aws:iam::{ACCOUNT}:role/{NAMES.node_role}",
    f"arn:aws:iam::{ACCOUNT}:role/{NAMES.job_role}",
    f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/sshq-x",
)


@pytest.mark.parametrize("resource", RESOURCES)
def test_no_policy_whatever_lets_a_job_or_a_node_register_retag_or_pass(resource: str) -> None:
    """Even with AdministratorAccess attached by somebody, the boundary holds."""
    assert {"ssm:CreateActivation", "ssm:AddTagsToResource", "iam:PassRole"} <= set(POWERS)
    COUNTS["powers refused to jobs and nodes"] += len(POWERS)
    context = tags_of("AIDAX") | {"iam:PassedToService": "ssm.amazonaws.com"}

    opened = {a for a in POWERS if is_allowed(Request(a, resource, context), [ALL], BOUNDARY)}
    assert opened <= REPORTS


VERBS = ("Get", "Put", "Delete")


def test_what_setup_gives_jobs_and_nodes_works_inside_the_boundary() -> None:
    job = policies.job_policy(partition="aws", region=REGION, account=ACCOUNT, bucket=NAMES.bucket)
    node = policies.node_policy(partition="aws", region=REGION, account=ACCOUNT)
    own = "jobs/" + "a" * policies.PREFIX_HEX_DIGITS
    kept = policies.checkpoints_of(own)
    bucket = f"arn:aws:s3:::{NAMES.bucket}"
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker/TrainingJobs:x"
    metrics = {"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"}
    wanted = [
        (job, Request("s3:GetObject", f"{bucket}/{own}/job.json")),
        (job, Request("s3:ListBucket", bucket, {"s3:prefix": f"{own}/"})),
        (job, Request("s3:PutObject", f"{bucket}/output/sshq-x/model.tar.gz")),
        (job, Request("s3:ListBucket", bucket, {"s3:prefix": kept})),
        *((job, Request(f"s3:{verb}Object", f"{bucket}/{kept}/1.pt")) for verb in VERBS),
        (job, Request("logs:PutLogEvents", group)),
        (job, Request("cloudwatch:PutMetricData", "*", metrics)),
        (job, Request("ecr:GetAuthorizationToken", "*")),
        (node, Request("ssm:UpdateInstanceInformation", f"{PREFIX}:managed-instance/mi-1")),
        (node, Request("ssmmessages:OpenControlChannel", "*")),
        (node, Request("ec2messages:GetMessages", "*")),
    ]
    assert [r for document, r in wanted if not is_allowed(r, [document], BOUNDARY)] == []


@given(prefix=st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_a_job_lists_no_folder_whose_random_name_it_doesnt_know(prefix: str) -> None:
    """Whatever is attached: a prefix of jobs/ shorter than the whole random name is refused."""
    assume(len(prefix) < policies.PREFIX_HEX_DIGITS)
    bucket = f"arn:aws:s3:::{NAMES.bucket}"
    for asked in (prefix, f"jobs/{prefix}", f"checkpoints/{prefix}"):
        if not asked.startswith(("container/", "agent/")):
            request = Request("s3:ListBucket", bucket, {"s3:prefix": asked})
            assert not is_allowed(request, [ALL], BOUNDARY)
    assert not is_allowed(Request("s3:ListBucket", bucket), [ALL], BOUNDARY)
    write = Request("s3:PutObject", f"{bucket}/jobs/{prefix}")
    assert not is_allowed(write, [ALL], BOUNDARY)
