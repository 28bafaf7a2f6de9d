"""What jobs ask of SageMaker beyond one machine: spot, several nodes, warm pools, networks, data in S3.

Through the sandbox, as people do it: Slack's commands, real containers, real ssh.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.conftest import LOCAL, PARAMETERS, SANDBOX, Sandbox, run_job, running_sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

NODE = re.compile(r"mi-[0-9a-f]{17}")


def show() -> bool:
    """Print the evidence; whether all of it held."""
    parts: tuple[Callable[[Sandbox], bool], ...] = (_spot, _nodes, _warm_pool, _network, _data)
    with (
        tempfile.TemporaryDirectory(prefix="show-jobs-") as scratch,
        running_sandbox(Path(scratch)) as sandbox,
    ):
        outcomes = [part(sandbox) for part in parts]
    return all(outcomes)


def _spot(sandbox: Sandbox) -> bool:
    _heading("spot: AWS takes the instance back under an open shell")
    job = run_job(sandbox, options="--spot --name spot")
    (first,) = sandbox.nodes(job.name)
    sandbox.connect(job.ticket, "--no-shell")
    kept = sandbox.folder / "state" / "jobs" / job.name / "algo-1/opt/ml/checkpoints/step"
    sandbox.ssh(job.name, f"echo 41 > '{kept}'")
    with sandbox.shell(job.name) as shell:
        sandbox.run(*SANDBOX, "interrupt", job.name)
        shell.wait(timeout=60)
    sandbox.eventually(lambda: sandbox.nodes(job.name) - {first} != set(), "another node")
    sandbox.eventually(lambda: sandbox.ssh(job.name, "true").code == 0, "ssh to it")
    (second,) = sandbox.nodes(job.name) - {first}
    answer = sandbox.ssh(job.name, f"cat '{kept}'")
    described = sandbox.aws("sagemaker").describe_training_job(TrainingJobName=job.name)
    way = " → ".join(step["Status"] for step in described["SecondaryStatusTransitions"])
    print(f"SageMaker: {way}\nnode {first}, then {second}; the shell ended with {shell.returncode}")
    print(f"ssh {job.name} (no new ticket) reads the checkpoint: {answer.out.strip()!r}")
    print(_line(sandbox, "started the job anew"))
    sandbox.slash("alice", f"stop {job.name}")
    sandbox.eventually(lambda: not sandbox.nodes(job.name), "the end of both nodes")
    print("after stop: no node is registered")
    return first != second and answer.out == "41\n"


def _nodes(sandbox: Sandbox) -> bool:
    _heading("two nodes: each has its alias and its rank")
    job = run_job(sandbox, options="--count 2 --name pair")
    sandbox.connect(job.ticket, "--no-shell")
    with sandbox.shell(job.name), sandbox.shell(f"{job.name}-1"):
        listed = json.loads(sandbox.run(*LOCAL, "sessions", job.name, "--json").out)
    reached = {each["rank"]: each["node"] for each in listed["sessions"]}
    for rank, node in sorted(reached.items()):
        print(f"ssh {job.name}{f'-{rank}' if rank else ''}: rank {rank}, node {node}")
    registered = sandbox.nodes(job.name)
    sandbox.slash("alice", f"stop {job.name}")
    return set(reached) == {0, 1} and set(reached.values()) == registered


def _warm_pool(sandbox: Sandbox) -> bool:
    _heading("a warm pool: told, taken by the next job, given back by stop")

    def pool(job: str) -> dict[str, Any]:
        described = sandbox.aws("sagemaker").describe_training_job(TrainingJobName=job)
        found: dict[str, Any] = described["WarmPoolStatus"]
        return found

    first = _completed(sandbox, "run --name warm-a --warm-pool 30m --command true")
    print(_line(sandbox, "Its instances are kept"))
    second = _completed(sandbox, "run --name warm-b --warm-pool 30m --command true")
    print(f"{first}: {pool(first)['Status']} by {pool(first).get('ReusedByJob')}")
    most = _cost(sandbox, second)
    sandbox.slash("alice", f"stop {second}")
    print(f"{second}, after /sshq stop: {pool(second)['Status']}")
    sandbox.run(*SANDBOX, "clock", "+61s")
    sandbox.eventually(lambda: _cost(sandbox, second) < most, "the caretaker's round")
    print(f"{second}: ${most:.2f} as long as the pool was kept, ${_cost(sandbox, second):.2f} now")
    return pool(first).get("ReusedByJob") == second and pool(second)["Status"] == "Terminated"


def _cost(sandbox: Sandbox, job: str) -> float:
    """In dollars, as `/sshq cost` lists it."""
    listed = next(line for line in sandbox.slash("alice", "cost").splitlines() if job in line)
    return float(re.findall(r"\$([0-9.]+)", listed)[0])


def _network(sandbox: Sandbox) -> bool:
    _heading(f"a network ({PARAMETERS['Vpcs']})")
    sandbox.slash("alice", "run --name lab --vpc lab --command true")
    config = sandbox.calls("CreateTrainingJob")[-1]["parameters"]["VpcConfig"]
    print(f"--vpc lab: {config}")
    refused = sandbox.slash("alice", "run --vpc attic")
    print(refused.strip().splitlines()[-2:])
    return config["Subnets"] == ["subnet-1a", "subnet-2b"] and "Vpcs" in refused


def _data(sandbox: Sandbox) -> bool:
    _heading(f"data (read {PARAMETERS['InputLocations']}, write {PARAMETERS['OutputLocations']})")
    s3 = sandbox.aws("s3")
    for bucket in ("team-data", "team-results"):
        place = {"LocationConstraint": "eu-west-1"}
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    s3.put_object(Bucket="team-data", Key="sets/cats/1.csv", Body=b"felis,9\n")
    ml = '"${SSHQ_HOME%/sshq}"'
    job = _completed(
        sandbox,
        "run --name data --input cats=s3://team-data/sets/cats --output s3://team-results/runs "
        f"--command 'cp {ml}/input/data/cats/1.csv {ml}/model/'",
    )
    found = s3.list_objects_v2(Bucket="team-results").get("Contents", [])
    print(f"{job} left: {[item['Key'] for item in found]}")
    refused = sandbox.slash("alice", "run --input x=s3://team-data/other")
    print(refused.strip().splitlines()[-2:])
    return len(found) == 1 and "InputLocations" in refused


def _completed(sandbox: Sandbox, command: str) -> str:
    sandbox.slash("alice", command)
    name: str = sandbox.calls("CreateTrainingJob")[-1]["parameters"]["TrainingJobName"]
    sandbox.eventually(lambda: f"`{name}`: completed" in sandbox.inbox("alice"), "its end")
    return name


def _line(sandbox: Sandbox, part: str) -> str:
    return next((line for line in sandbox.inbox("alice").splitlines() if part in line), "")


def _heading(text: str) -> None:
    print(f"\n== {text}", flush=True)
