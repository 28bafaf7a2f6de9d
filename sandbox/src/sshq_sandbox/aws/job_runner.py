"""Running a training job's containers on this machine, through SageMaker's phases."""

from __future__ import annotations

import json
import queue
import shutil
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sshq_sandbox.aws.container import Container
from sshq_sandbox.aws.job_data import (
    DataError,
    download_channels,
    download_checkpoints,
    upload_checkpoints,
    upload_model,
)
from sshq_sandbox.free_port import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sshq_sandbox.aws.job_logs import JobLogs
    from sshq_sandbox.aws.training_job import TrainingJob

SSH_PORT = 2222
"""The port of the job's SSH server, which each container's own free port stands for."""

_NO_CAPACITY = (
    "CapacityError: Unable to provision requested ML compute capacity. "
    "Please retry using a different ML instance type."
)
_LOOK_AT_CLOCK_SECONDS = 1.0
_SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"


class JobProgress(Protocol):
    """Told how a job goes on; thread-safe."""

    def entered(self, job: TrainingJob, secondary_status: str) -> None: ...

    def stopping(self, job: TrainingJob) -> None: ...

    def completed(self, job: TrainingJob) -> None: ...

    def failed(self, job: TrainingJob, reason: str) -> None: ...

    def stopped(self, job: TrainingJob, secondary_status: str) -> None: ...


@dataclass(frozen=True)
class Platform:
    """What the sandbox gives to every job.

    `credentials(job)` are AWS_… variables of the job's role; `s3(credentials, region)` makes
    a boto3 client. `stop_grace_seconds` lie between SIGTERM and SIGKILL, as SageMaker's 120 do.
    """

    jobs_dir: Path
    image_bin: Path
    environment: Mapping[str, str]
    credentials: Callable[[TrainingJob], Mapping[str, str]]
    s3: Callable[[Mapping[str, str], str], Any]
    logs: JobLogs
    clock: Callable[[], datetime]
    stop_grace_seconds: float = 120.0


class JobRunner:
    """One thread per job that waits, and one per container that reads its output."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._runs: dict[str, _Run] = {}
        self._lock = threading.Lock()

    def start(self, job: TrainingJob, progress: JobProgress) -> None:
        run = _Run(job, progress, self._platform)
        with self._lock:
            self._runs[job.arn] = run
        run.thread.start()

    def stop(self, job: TrainingJob) -> None:
        """Ask the job's containers to end; after the grace they are made to. Returns at once."""
        with self._lock:
            run = self._runs.get(job.arn)
        if run is not None:
            run.messages.put(_Stop())

    def interrupt(self, job: TrainingJob) -> bool:
        """Take the job's instances back, as happens to spot ones; False if it has none."""
        with self._lock:
            run = self._runs.get(job.arn)
        if run is None or not run.has_containers:
            return False
        run.messages.put(_Interrupt())
        return True

    def close(self, timeout: float = 30.0) -> None:
        """End all jobs at once, and wait until their processes are gone."""
        with self._lock:
            runs = list(self._runs.values())
        for run in runs:
            run.messages.put(_Abort())
        for run in runs:
            run.thread.join(timeout)


@dataclass(frozen=True)
class _Exit:
    rank: int
    code: int


class _Stop:
    """StopTrainingJob was called."""


class _Interrupt:
    """AWS wants the instances back."""


class _Abort:
    """The sandbox ends."""


_Message = _Exit | _Stop | _Interrupt | _Abort


class _Run:
    def __init__(self, job: TrainingJob, progress: JobProgress, platform: Platform) -> None:
        self._job = job
        self._progress = progress
        self._platform = platform
        self.messages: queue.Queue[_Message] = queue.Queue()
        self.thread = threading.Thread(target=self._run, name=f"job {job.name}", daemon=True)
        hosts = [f"algo-{rank + 1}" for rank in range(job.instance_count)]
        self._folders = {host: platform.jobs_dir / job.name / host for host in hosts}
        self.has_containers = False

    def _run(self) -> None:
        job, progress = self._job, self._progress
        if job.lacks_capacity:
            progress.failed(job, _NO_CAPACITY)
            return
        try:
            while (ending := self._run_once()) is _INTERRUPTED:
                progress.entered(job, "Interrupted")
                for folder in self._folders.values():
                    shutil.rmtree(folder)  # other machines come
                progress.entered(job, "Starting")
            if ending.stopped_as:
                progress.stopped(job, ending.stopped_as)
            elif ending.failure:
                progress.failed(job, self._failure_reason(ending.failure))
            else:
                progress.completed(job)
        except (DataError, OSError) as error:
            progress.failed(job, str(error))

    def _run_once(self) -> _Ending:
        """On one set of instances, until its containers have ended and their data is in S3."""
        job, progress = self._job, self._progress
        progress.entered(job, "Downloading")
        credentials = self._platform.credentials(job)
        s3 = self._platform.s3(credentials, job.region)
        inputs = [_make_folder(folder, job, host) for host, folder in self._folders.items()]
        kept = [folder / "opt/ml/checkpoints" for folder in self._folders.values()]
        download_channels(s3, job, inputs)
        download_checkpoints(s3, job, kept)
        if not self.messages.empty():  # stopped while it downloaded
            return _Ending(stopped_as="Stopped")
        progress.entered(job, "Training")
        containers = [
            self._launch(rank, host, credentials) for rank, host in enumerate(self._folders)
        ]
        self.has_containers = True
        ending = self._wait(containers)
        self.has_containers = False
        upload_checkpoints(s3, job, kept)
        if not ending.stopped_as and not ending.failure and ending is not _INTERRUPTED:
            progress.entered(job, "Uploading")
            upload_model(s3, job, self._folders["algo-1"] / "opt/ml/model")
        return ending

    def _wait(self, containers: list[Container]) -> _Ending:
        """Until every container has ended; the first that fails ends the others."""
        exceeded, deadline = self._limit()
        running = len(containers)
        stopped_as, failure, interrupted = "", None, False
        while running:
            message = self._next_message(None if stopped_as or interrupted else deadline)
            if isinstance(message, _Exit):
                running -= 1
                if message.code and not failure and not stopped_as and not interrupted:
                    failure = message
                    _kill(containers)
            elif isinstance(message, _Abort):
                stopped_as = stopped_as or "Stopped"
                _kill(containers)
            elif isinstance(message, _Interrupt):
                if not stopped_as and not interrupted:
                    interrupted = True
                    self._terminate(containers)
            elif not stopped_as:
                stopped_as = "Stopped" if isinstance(message, _Stop) else exceeded
                self._progress.stopping(self._job)
                self._terminate(containers)
        return _INTERRUPTED if interrupted and not stopped_as else _Ending(stopped_as, failure)

    def _limit(self) -> tuple[str, float]:
        """What ends the job if nothing else does, and when (epoch seconds)."""
        job = self._job
        started = job.training_started or self._platform.clock()
        limits = [("MaxRuntimeExceeded", started.timestamp() + job.max_runtime_seconds)]
        if job.max_wait_seconds is not None:
            limits.append(("MaxWaitTimeExceeded", job.created.timestamp() + job.max_wait_seconds))
        return min(limits, key=lambda limit: limit[1])

    def _next_message(self, deadline: float | None) -> _Message | None:
        """None once the deadline (epoch seconds) is over."""
        while True:
            # The sandbox's clock may be moved: look at it again and again.
            left = None if deadline is None else deadline - self._platform.clock().timestamp()
            if left is not None and left <= 0:
                return None
            try:
                return self.messages.get(timeout=left and min(left, _LOOK_AT_CLOCK_SECONDS))
            except queue.Empty:
                continue

    def _terminate(self, containers: list[Container]) -> None:
        for container in containers:
            container.terminate()
        timer = threading.Timer(self._platform.stop_grace_seconds, _kill, [containers])
        timer.daemon = True
        timer.start()

    def _launch(self, rank: int, host: str, credentials: Mapping[str, str]) -> Container:
        job, folder = self._job, self._folders[host]
        algorithm = job.request["AlgorithmSpecification"]
        words = [
            *(algorithm.get("ContainerEntrypoint") or ["train"]),
            *(algorithm.get("ContainerArguments") or []),
        ]
        return Container(
            [_mapped(word, folder) for word in words],
            folder=folder,
            environment=self._environment(folder, credentials),
            on_line=self._platform.logs.open(job.account_id, job.region, job.name, host),
            on_exit=lambda code: self.messages.put(_Exit(rank, code)),
        )

    def _environment(self, folder: Path, credentials: Mapping[str, str]) -> dict[str, str]:
        job, platform = self._job, self._platform
        python_bin = Path(sys.executable).parent
        return {
            **(job.request.get("Environment") or {}),
            "PATH": f"{platform.image_bin}:{python_bin}:{_SYSTEM_PATH}",
            "HOME": str(folder / "root"),
            "TMPDIR": str(folder / "tmp"),
            "TRAINING_JOB_NAME": job.name,
            "TRAINING_JOB_ARN": job.arn,
            "AWS_REGION": job.region,
            "AWS_DEFAULT_REGION": job.region,
            **credentials,
            "SANDBOX_PORT_MAP": f"{SSH_PORT}={free_port()}",
            **platform.environment,
        }

    def _failure_reason(self, failure: _Exit) -> str:
        host = f"algo-{failure.rank + 1}"
        try:
            text = (self._folders[host] / "opt/ml/output/failure").read_text(errors="replace")
        except OSError:
            text = ""
        return f"AlgorithmError: {text.strip()[:900]}, exit code: {failure.code}"


@dataclass(frozen=True)
class _Ending:
    stopped_as: str = ""
    failure: _Exit | None = None


_INTERRUPTED = _Ending()


def _kill(containers: list[Container]) -> None:
    for container in containers:
        container.kill()


def _make_folder(folder: Path, job: TrainingJob, host: str) -> Path:
    """The tree that SageMaker lays out under /opt/ml; returns the folder of the input channels."""
    ml = folder / "opt/ml"
    for part in ("input/data", "input/config", "model", "output/data", "checkpoints"):
        (ml / part).mkdir(parents=True, exist_ok=True)
    (folder / "root").mkdir(mode=0o700, exist_ok=True)
    (folder / "tmp").mkdir(exist_ok=True)
    resource = {
        "current_host": host,
        "current_instance_type": job.request["ResourceConfig"].get("InstanceType"),
        "hosts": [f"algo-{rank + 1}" for rank in range(job.instance_count)],
        "network_interface_name": "lo",
    }
    channels = {c["ChannelName"]: c for c in job.request.get("InputDataConfig") or []}
    for name, content in (
        ("resourceconfig.json", resource),
        ("inputdataconfig.json", channels),
        ("hyperparameters.json", job.request.get("HyperParameters") or {}),
    ):
        (ml / "input/config" / name).write_text(json.dumps(content))
    return ml / "input/data"


def _mapped(word: str, folder: Path) -> str:
    return f"{folder}{word}" if word == "/opt/ml" or word.startswith("/opt/ml/") else word
