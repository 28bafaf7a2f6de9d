"""Activations, nodes and sessions against an SSM that has real agents."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from sshq.adapters.clock import SystemClock
from sshq.adapters.new_roles import PATIENCE_SECONDS, PAUSE_SECONDS
from sshq.composition import Live
from sshq.domain import policies, tags
from sshq.domain.refusals import Reason, Refusal
from tests.core_aws import KEY_ID, NOW, RoleComesLate
from tests.sandbox_ssm import TRUSTS_SSM, DataChannelClient
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sshq.domain.job_file import Activation
    from tests.core_aws import CoreAws

OWN = {tags.STACK: "sshq", tags.JOB: "sshq-alice-x"}
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHostKey"
FACTS = {"rank": 3, "login_user": "root", "host_keys": [HOST_KEY], "port": 2222}


@pytest.fixture(scope="module", autouse=True)
def _set_up(aws: CoreAws) -> None:
    """What `/sshq setup` makes of SSM; the probe answers with FACTS."""
    aws.ssm.clock.ahead = NOW - aws.ssm.clock()
    aws.client("iam").create_role(
        RoleName=aws.settings.node_role, AssumeRolePolicyDocument=json.dumps(TRUSTS_SSM)
    )
    ssm = aws.client("ssm")
    ssm.update_service_setting(
        SettingId="/ssm/managed-instance/activation-tier", SettingValue="advanced"
    )
    ssm.create_document(
        Name=aws.settings.session_document,
        Content=json.dumps(policies.session_document()),
        DocumentType="Session",
    )
    command = policies.command_document()
    answer = f"test {{{{ verb }}}} = probe && printf %s '{json.dumps(FACTS)}'"
    command["mainSteps"][0]["inputs"]["runCommand"] = [answer]
    ssm.create_document(
        Name=aws.settings.command_document, Content=json.dumps(command), DocumentType="Command"
    )


def activate(
    live: Live, job: str = "sshq-alice-x", limit: int = 1, stack: str = "sshq"
) -> Activation:
    return live.nodes.create_activation(
        job=job, limit=limit, expires=NOW + timedelta(hours=24), tags=OWN | {tags.STACK: stack}
    )


def register(aws: CoreAws, activation: Activation) -> str:
    return aws.ssm.register({"ActivationCode": activation.code, "ActivationId": activation.id})


@pytest.fixture(scope="module")
def node(aws: CoreAws) -> Iterator[str]:
    """A node with an agent that serves it; in place of sshd, what is sent comes back."""
    server = aws.ssm.run(asyncio.start_server(_echo, "127.0.0.1", 0))
    node = register(aws, activate(aws.live()))
    aws.ssm.start_agent(node, ports={2222: server.sockets[0].getsockname()[1]})
    yield node
    aws.ssm.loop.call_soon_threadsafe(server.close)


def test_an_activation_lets_as_many_nodes_register_as_the_job_has(aws: CoreAws, live: Live) -> None:
    activation = activate(live, limit=2)
    nodes = {register(aws, activation), register(aws, activation)}

    with pytest.raises(Exception, match=r"(?i)activation|limit"):
        register(aws, activation)

    assert {node.id for node in live.nodes.registered(activation.id)} == nodes
    assert not any(node.online for node in live.nodes.registered(activation.id))
    assert activation.region == aws.settings.region


def test_nodes_inherit_the_tags_and_the_name(aws: CoreAws, live: Live) -> None:
    node = register(aws, activate(live))

    ssm = aws.client("ssm")
    found = ssm.list_tags_for_resource(ResourceType="ManagedInstance", ResourceId=node)["TagList"]
    assert {tag["Key"]: tag["Value"] for tag in found} == OWN


def test_an_activation_that_a_crash_orphaned_is_found_by_its_job(live: Live) -> None:
    made = [activate(live, job="sshq-orphan").id for _ in range(2)]
    activate(live, job="sshq-orphan-2")

    assert sorted(live.nodes.activations_of("sshq-orphan")) == sorted(made)

    for activation in made:
        live.nodes.delete_activation(activation)
        live.nodes.delete_activation(activation)
    assert live.nodes.activations_of("sshq-orphan") == []


@pytest.mark.parametrize("kind", ["throttle", "5xx", "timeout-before", "timeout-after"])
def test_an_activation_whose_answer_is_lost_is_made_again(
    aws: CoreAws, live: Live, kind: str
) -> None:
    job = f"sshq-lost-{kind}"
    aws.fault("CreateActivation", kind)

    activation = activate(live, job=job)

    # The lost one's code is known to nobody; it is found by the job all the same.
    assert activation.id in live.nodes.activations_of(job)
    assert len(live.nodes.activations_of(job)) == (2 if kind == "timeout-after" else 1)


def test_an_activation_that_aws_denies_is_a_refusal(aws: CoreAws, live: Live) -> None:
    aws.fault("CreateActivation", "denial")

    with pytest.raises(Refusal, match="ssm:CreateActivation"):
        activate(live)


def test_a_node_role_that_is_seconds_old_is_waited_for(aws: CoreAws) -> None:
    clock = RoleComesLate(aws, "late-node-role", TRUSTS_SSM)
    live = Live(aws.settings.model_copy(update={"node_role": "late-node-role"}), clock)

    made = activate(live, job="sshq-late")

    assert live.nodes.activations_of("sshq-late") == [made.id]
    assert clock.slept == [PAUSE_SECONDS] * 2


def test_a_node_role_that_is_not_there_is_named(aws: CoreAws) -> None:
    with pytest.raises(Refusal) as refused:
        activate(aws.live(node_role="no-role"))

    assert refused.value.reason is Reason.NOT_SET_UP
    assert refused.value.facts["missing"] == "no-role"
    assert sum(aws.clock.slept) >= PATIENCE_SECONDS
    aws.clock.slept.clear()


@pytest.fixture
def waiting(aws: CoreAws) -> Live:
    """Services whose sleep is one: an agent's answer takes real time, and each question costs it some."""
    return Live(aws.settings, SystemClock())


def test_a_node_is_connected_and_answers_the_probe(waiting: Live, node: str) -> None:
    assert waiting.nodes.is_connected(node)
    probed = until(lambda: waiting.nodes.probe(node))
    assert probed is not None
    assert (probed.rank, probed.login_user, probed.host_keys) == (3, "root", (HOST_KEY,))
    assert probed.id == node


def test_a_node_is_told_a_verb_and_says_whether_it_obeyed(waiting: Live, node: str) -> None:
    """The document of this test knows the probe alone: it stands for one that does as it is told."""
    assert until(lambda: waiting.nodes.tell(node, "probe"))
    assert not waiting.nodes.tell(node, "keep", "600")
    assert not waiting.nodes.tell("mi-00000000000000000", "start")


def test_a_node_that_is_not_there_is_not_connected_and_answers_nothing(live: Live) -> None:
    assert not live.nodes.is_connected("mi-00000000000000000")
    assert live.nodes.probe("mi-00000000000000000") is None


def test_only_what_bears_the_stacks_tag_is_deregistered(aws: CoreAws, live: Live) -> None:
    own = register(aws, activate(live))
    foreign = register(aws, activate(live, stack="another"))

    for node in (own, foreign, "mi-00000000000000000"):
        live.nodes.deregister(node)

    left = aws.client("ssm").describe_instance_information()["InstanceInformationList"]
    ids = {found["InstanceId"] for found in left}
    assert own not in ids
    assert foreign in ids
    live.nodes.deregister(own)


@pytest.mark.parametrize("kind", ["throttle", "timeout-before", "timeout-after"])
def test_a_deregistration_whose_answer_is_lost_has_happened(
    aws: CoreAws, live: Live, kind: str
) -> None:
    node = register(aws, activate(live))
    aws.fault("DeregisterManagedInstance", kind)

    live.nodes.deregister(node)

    found = aws.client("ssm").describe_instance_information()["InstanceInformationList"]
    assert node not in {entry["InstanceId"] for entry in found}


def test_a_stream_url_carries_its_own_signature(aws: CoreAws, live: Live, node: str) -> None:
    access = live.sessions.start(node, reason="sshq T/U lease")

    url = urlsplit(access.stream_url)
    query = parse_qs(url.query)
    plain = {"role", "cell-number"}
    assert url.scheme == "wss"
    assert access.id in url.path
    assert set(query) - plain == {
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-Security-Token",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
    }
    assert query["X-Amz-SignedHeaders"] == ["host"]
    assert int(query["X-Amz-Expires"][0]) <= 60
    key_id, _date, region, service, end = query["X-Amz-Credential"][0].split("/")
    assert (key_id, region, service, end) == (KEY_ID, "eu-west-1", "ssmmessages", "aws4_request")
    assert "the-secret-key" not in access.stream_url


def test_the_url_and_the_token_open_a_channel_and_a_new_pair_resumes_it(
    aws: CoreAws, live: Live, node: str
) -> None:
    """The laptop's state machine, without AWS credentials: nothing that was sent is lost."""
    run = aws.ssm.run
    client = run(_client(aws))
    first = live.sessions.start(node, reason="sshq")
    run(client.connect(first.stream_url, first.token))
    run(client.until_open())
    run(client.send(b"one "))
    run(client.until(lambda: client.received == b"one "))
    run(client.disconnect())

    second = live.sessions.resume(first.id)

    assert second.id == first.id
    assert second.token != first.token
    run(client.connect(second.stream_url, second.token))
    run(client.send(b"two"))
    run(client.until(lambda: client.received == b"one two"))
    run(client.disconnect())


def test_a_session_that_has_ended_is_not_resumed(live: Live, node: str) -> None:
    session = live.sessions.start(node, reason="sshq").id

    live.sessions.terminate(session)
    live.sessions.terminate(session)
    live.sessions.terminate("bot-00000000000000000")

    for gone in (session, "bot-00000000000000000"):
        with pytest.raises(Refusal) as refused:
            live.sessions.resume(gone)
        assert refused.value.reason is Reason.LEASE_ENDED


def test_a_nodes_active_sessions_are_its_own_that_have_not_ended(live: Live, node: str) -> None:
    before = live.sessions.active(node)
    ended, going = (live.sessions.start(node, reason="sshq").id for _ in range(2))
    live.sessions.terminate(ended)

    assert live.sessions.active(node) - before == {going}
    assert {ended, going} & live.sessions.ended(node, since=NOW - timedelta(minutes=1)) == {ended}
    assert live.sessions.ended(node, since=NOW + timedelta(days=1)) == set()
    assert live.sessions.active("mi-00000000000000000") == set()
    live.sessions.terminate(going)


def test_a_node_without_an_agent_is_told(aws: CoreAws, live: Live) -> None:
    silent = register(aws, activate(live))

    with pytest.raises(Refusal) as refused:
        live.sessions.start(silent, reason="sshq")

    assert refused.value.reason is Reason.NODE_NOT_CONNECTED


@pytest.mark.parametrize("kind", ["throttle", "5xx", "timeout-before", "timeout-after"])
def test_a_session_is_ended_though_the_answer_is_lost(
    aws: CoreAws, live: Live, node: str, kind: str
) -> None:
    session = live.sessions.start(node, reason="sshq").id
    aws.fault("TerminateSession", kind)

    live.sessions.terminate(session)

    active = aws.client("ssm").describe_sessions(State="Active")["Sessions"]
    assert session not in {entry["SessionId"] for entry in active}


async def _client(aws: CoreAws) -> DataChannelClient:
    return DataChannelClient(str(aws.ssm.folder / "tls" / "ca.pem"))


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(4096):
        writer.write(data)
    writer.close()
