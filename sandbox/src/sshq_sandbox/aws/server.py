"""AWS's API on loopback: moto's own server, in threads of this process."""

from __future__ import annotations

import os
import socket
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sshq_sandbox.aws import moto_corrections, price_list, sagemaker_jobs
from sshq_sandbox.aws.calls import CallLog
from sshq_sandbox.aws.faults import FaultPlan
from sshq_sandbox.aws.front import Front
from sshq_sandbox.aws.job_credentials import JobCredentials
from sshq_sandbox.aws.job_data import S3Clients
from sshq_sandbox.aws.job_logs import JobLogs
from sshq_sandbox.aws.job_runner import JobRunner, Platform
from sshq_sandbox.aws.patches import Patches
from sshq_sandbox.aws.sagemaker_jobs import TrainingJobs
from sshq_sandbox.aws.targets import TargetHandler, Targets
from sshq_sandbox.aws.warm_up import WarmUp

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication

    from sshq_sandbox.ports import EventSink

_PROCESS = threading.Lock()
"""Held by the server that runs: moto's state and the parts replaced in it belong to the process."""

_PASSED_ON = ("SANDBOX_SSHD",)
_IMAGE_BIN = Path(__file__).parents[1] / "image" / "bin"


def _now() -> datetime:
    return datetime.now(UTC)


def _nobody_to_crash(caller: str) -> None:
    """The default where no process stands behind a caller: the connection just drops."""


class AwsServer:
    """moto behind a real socket. One per process: moto's state is global to it.

    `port` 0 asks for any free one; `url` tells it after `start()`. Starting forgets the state that
    an earlier server left in this process.
    """

    def __init__(
        self,
        *,
        state_dir: Path,
        events: EventSink,
        port: int = 0,
        crash: Callable[[str], None] = _nobody_to_crash,
        clock: Callable[[], datetime] = _now,
        stop_grace_seconds: float = 120.0,
        keeps_quotas: bool = False,
    ) -> None:
        self._state_dir = state_dir
        self._stop_grace_seconds = stop_grace_seconds
        self._keeps_quotas = keeps_quotas
        self._events = events
        self._port = port
        self._crash = crash
        self._clock = clock
        self.callers: dict[str, str] = {}
        """Access key id → the name under which its calls are recorded."""
        self.faults = FaultPlan()
        self.calls = CallLog(state_dir / "calls.jsonl", self.callers)
        self._targets: dict[str, TargetHandler] = dict(price_list.targets())
        self._patches = Patches()
        self._runner: JobRunner | None = None
        self.training_jobs: TrainingJobs | None = None
        self._warm_up: WarmUp | None = None
        self._server: Any = None
        self._thread: threading.Thread | None = None

    def add_target(self, target: str, handler: TargetHandler) -> None:
        """Answer an operation that moto can't route, e.g. "AmazonSSM.RegisterManagedInstance"."""
        self._targets[target] = handler

    def start(self) -> None:
        """Listen. Raises OSError when the port is taken, RuntimeError if this process has one."""
        if not _PROCESS.acquire(blocking=False):
            raise RuntimeError("another AwsServer runs in this process")
        try:
            self._listen()
        except BaseException:
            _PROCESS.release()
            raise

    def _listen(self) -> None:
        # moto reads these when a backend is first made.
        os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
        os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # SSM reads EC2's: half a second
        from moto.core.base_backend import BackendDict  # noqa: PLC0415  (1 s: not at import)
        from moto.core.model_instances import reset_model_data  # noqa: PLC0415
        from werkzeug.serving import make_server  # noqa: PLC0415

        BackendDict.reset()
        reset_model_data()
        # Bound here: at a taken port werkzeug prints, and ends the process.
        with socket.create_server(("127.0.0.1", self._port)) as listener:
            self._server = make_server(
                "127.0.0.1",
                listener.getsockname()[1],
                self._application(),
                threaded=True,
                request_handler=_request_handler(),
                fd=listener.fileno(),
            )
        os.environ["MOTO_PORT"] = str(self._server.server_address[1])
        self._extend_moto()
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="aws",
            daemon=True,
        )
        self._thread.start()
        if self._warm_up is not None:
            self._warm_up.start()

    def stop(self) -> None:
        """End all jobs, close the socket, and give moto its own parts back."""
        if self._warm_up is not None:
            self._warm_up.stop()
            self._warm_up = None
        if self._runner is not None:
            self._runner.close()
            self._runner = None
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            self._patches.undo()
            _PROCESS.release()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    @property
    def jobs_dir(self) -> Path:
        """Where each job has a folder of its name, and in it one per host (algo-1, …)."""
        return self._state_dir / "jobs"

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError("the AWS server isn't running")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def _extend_moto(self) -> None:
        self._runner = JobRunner(
            Platform(
                jobs_dir=self.jobs_dir,
                image_bin=_IMAGE_BIN,
                environment={
                    "AWS_ENDPOINT_URL": self.url,
                    "SSL_CERT_FILE": str(self._state_dir / "tls" / "ca.pem"),
                    "SANDBOX_PYTHON": sys.executable,
                    **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
                },
                credentials=JobCredentials(self.callers),
                s3=S3Clients(self.url),
                logs=JobLogs(self._clock),
                clock=self._clock,
                stop_grace_seconds=self._stop_grace_seconds,
            )
        )
        self.training_jobs = jobs = TrainingJobs(
            events=self._events,
            clock=self._clock,
            runner=self._runner,
            quota=int(price_list.USUAL_QUOTA) if self._keeps_quotas else None,
        )
        sagemaker_jobs.install(self._patches, jobs)
        moto_corrections.install(self._patches)

    def _application(self) -> WSGIApplication:
        from moto.moto_server.werkzeug_app import (  # noqa: PLC0415
            DomainDispatcherApplication,
            create_backend_app,
        )

        dispatcher = DomainDispatcherApplication(create_backend_app)
        self._warm_up = WarmUp(dispatcher)
        return Front(
            Targets(dispatcher, self._targets),
            calls=self.calls,
            faults=self.faults,
            crash=self._crash,
            clock=self._clock,
        )


def _request_handler() -> type:
    from moto.moto_server.werkzeug_app import MotoRequestHandler  # noqa: PLC0415

    class QuietRequestHandler(MotoRequestHandler):  # type: ignore[misc, unused-ignore]
        disable_nagle_algorithm = True

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Calls are recorded by the call log, not printed."""

    return QuietRequestHandler
