"""Jobs that really run: phases, logs, folders, ends, and that nothing outlives them."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING

from tests.waiting import is_alive, until

if TYPE_CHECKING:
    from tests.sandbox_aws import Account


def test_a_job_goes_through_sagemakers_phases(account: Account) -> None:
    account.run("phases", "exit 0")
    account.events.wait("phases", "Completed")

    seen = [(e["TrainingJobStatus"], e["SecondaryStatus"]) for e in account.events.of("phases")]

    assert seen == [
        ("InProgress", "Starting"),
        ("InProgress", "Downloading"),
        ("InProgress", "Training"),
        ("InProgress", "Uploading"),
        ("Completed", "Completed"),
    ]


def test_a_container_sees_what_sagemaker_gives(account: Account) -> None:
    script = """
    echo "job=$TRAINING_JOB_NAME greeting=$GREETING port=$SANDBOX_PORT_MAP"
    echo "endpoint=$AWS_ENDPOINT_URL region=$AWS_REGION key=$AWS_ACCESS_KEY_ID"
    echo "folder=$(pwd) home=$HOME ca=$SSL_CERT_FILE"
    cat opt/ml/input/config/resourceconfig.json
    echo; echo error-text >&2
    """
    account.run("sees", script, Tags=[])
    account.events.wait("sees", "Completed")

    lines = account.log_lines("sees")

    folder = account.server.jobs_dir / "sees" / "algo-1"
    key_id = next(k for k, name in account.server.callers.items() if name == "job:sees")
    assert lines[0].startswith("job=sees greeting=hello port=2222=")
    assert lines[1] == f"endpoint={account.server.url} region=eu-west-1 key={key_id}"
    assert lines[2].startswith(f"folder={folder} home={folder}/root ca=")
    assert json.loads(lines[3])["hosts"] == ["algo-1"]
    assert lines[4] == "error-text"


def test_the_channel_is_read_as_the_job(account: Account) -> None:
    account.run("reads", "exit 0")
    account.events.wait("reads", "Completed")

    read = account.server.calls.list(caller="job:reads")

    assert [call.operation for call in read] == ["ListObjectsV2", "GetObject"]
    assert read[1].parameters["Key"] == "jobs/reads/start.sh"


def test_a_channel_without_objects_fails_the_job(account: Account) -> None:
    account.client("sagemaker").create_training_job(**account.request("no-input"))

    event = account.events.wait("no-input", "Failed")

    assert "Data download failed: no S3 objects" in event["FailureReason"]


def test_a_missing_entrypoint_fails_the_job(account: Account) -> None:
    request = account.request("no-program")
    del request["InputDataConfig"]
    request["AlgorithmSpecification"]["ContainerEntrypoint"] = ["/opt/ml/none"]
    account.client("sagemaker").create_training_job(**request)

    event = account.events.wait("no-program", "Failed")

    assert event["FailureReason"] == "AlgorithmError: , exit code: 127"


def test_a_failing_container_tells_why(account: Account) -> None:
    account.run("fails", "echo 'no GPU' > opt/ml/output/failure; exit 3")

    event = account.events.wait("fails", "Failed")

    assert event["TrainingJobStatus"] == "Failed"
    assert event["FailureReason"] == "AlgorithmError: no GPU, exit code: 3"


def test_the_model_is_uploaded(account: Account) -> None:
    account.run("models", "echo weights > opt/ml/model/w")
    event = account.events.wait("models", "Completed")

    assert event["ModelArtifacts"]["S3ModelArtifacts"] == (
        "s3://jobs/output/models/output/model.tar.gz"
    )
    archive = account.client("s3").get_object(
        Bucket="jobs", Key="output/models/output/model.tar.gz"
    )
    with tarfile.open(fileobj=io.BytesIO(archive["Body"].read())) as files:
        assert files.getnames() == ["w"]


def test_stop_asks_the_entrypoint_first(account: Account) -> None:
    account.run("asked", "trap 'echo bye; exit 0' TERM; echo up; sleep 600 & wait")
    account.events.wait("asked", "Training")
    until(lambda: "up" in account.log_lines("asked"))

    account.client("sagemaker").stop_training_job(TrainingJobName="asked")

    stopping = account.events.wait("asked", "Stopping")
    assert stopping["TrainingJobStatus"] == "Stopping"
    assert account.events.wait("asked", "Stopped")["TrainingJobStatus"] == "Stopped"
    assert account.log_lines("asked") == ["up", "bye"]


def test_processes_that_leave_the_group_end_with_the_job(account: Account) -> None:
    script = """
    python3 -c '
import os, time
told, tell = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        os.write(tell, b"!")
        time.sleep(600)
    os.read(told, 1)
    os._exit(0)
os.wait()'
    """
    account.run("escapes", script)
    account.events.wait("escapes", "Completed")

    (pid,) = account.log_lines("escapes")

    assert not is_alive(int(pid))


def test_the_longest_runtime_is_kept(account: Account) -> None:
    account.run("slow", "sleep 600", StoppingCondition={"MaxRuntimeInSeconds": 1})

    event = account.events.wait("slow", "MaxRuntimeExceeded")

    assert event["TrainingJobStatus"] == "Stopped"


def test_a_spot_job_waits_and_runs_no_longer_than_it_may(account: Account) -> None:
    """Its time to wait began when it was created, so it is over before its longest runtime."""
    account.run(
        "spot",
        "sleep 600",
        EnableManagedSpotTraining=True,
        StoppingCondition={"MaxRuntimeInSeconds": 1, "MaxWaitTimeInSeconds": 1},
    )

    event = account.events.wait("spot", "MaxWaitTimeExceeded")

    assert event["TrainingJobStatus"] == "Stopped"


def test_each_node_has_a_container(account: Account) -> None:
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 10}
    account.run("wide", "cat opt/ml/input/config/resourceconfig.json", ResourceConfig=resources)
    account.events.wait("wide", "Completed")

    for host in ("algo-1", "algo-2"):
        (line,) = account.log_lines("wide", host)
        assert json.loads(line)["current_host"] == host
        assert json.loads(line)["hosts"] == ["algo-1", "algo-2"]


def test_one_failing_node_ends_the_others(account: Account) -> None:
    script = 'case "$(pwd)" in */algo-2) exit 7;; esac; sleep 600'
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 10}
    account.run("half", script, ResourceConfig=resources)

    event = account.events.wait("half", "Failed")

    assert event["FailureReason"] == "AlgorithmError: , exit code: 7"
