"""AWS's API on loopback: moto's own server, in threads of this process."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from sshq_sandbox.aws.patches import Patches
from sshq_sandbox.aws.targets import TargetHandler, Targets

if TYPE_CHECKING:
    from pathlib import Path
    from wsgiref.types import WSGIApplication

    from sshq_sandbox.ports import EventSink


class AwsServer:
    """moto behind a real socket. One per process: moto's state is global to it.

    `port` 0 asks for any free one; `url` tells it after `start()`. Starting forgets the state that
    an earlier server left in this process.
    """

    def __init__(self, *, state_dir: Path, events: EventSink, port: int = 0) -> None:
        self._state_dir = state_dir
        self._events = events
        self._port = port
        self._targets: dict[str, TargetHandler] = {}
        self._patches = Patches()
        self._server: Any = None
        self._thread: threading.Thread | None = None

    def add_target(self, target: str, handler: TargetHandler) -> None:
        """Answer an operation that moto can't route, e.g. "AmazonSSM.RegisterManagedInstance"."""
        self._targets[target] = handler

    def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        # moto reads these when a backend is first made.
        os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
        from moto.core.base_backend import BackendDict  # noqa: PLC0415  (1 s: not at import)
        from moto.core.model_instances import reset_model_data  # noqa: PLC0415
        from werkzeug.serving import make_server  # noqa: PLC0415

        BackendDict.reset()
        reset_model_data()
        self._server = make_server(
            "127.0.0.1",
            self._port,
            self._application(),
            threaded=True,
            request_handler=_request_handler(),
        )
        os.environ["MOTO_PORT"] = str(self._server.server_port)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="aws",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._patches.undo()

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError("the AWS server isn't running")
        return f"http://127.0.0.1:{self._server.server_port}"

    def _application(self) -> WSGIApplication:
        from moto.moto_server.werkzeug_app import (  # noqa: PLC0415
            DomainDispatcherApplication,
            create_backend_app,
        )

        return Targets(DomainDispatcherApplication(create_backend_app), self._targets)


def _request_handler() -> type:
    from moto.moto_server.werkzeug_app import MotoRequestHandler  # noqa: PLC0415

    class QuietRequestHandler(MotoRequestHandler):  # type: ignore[misc, unused-ignore]
        disable_nagle_algorithm = True

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Calls are recorded by the call log, not printed."""

    return QuietRequestHandler
