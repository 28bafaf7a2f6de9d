"""Loading moto's services before they are asked for: three seconds that a first caller would wait."""

from __future__ import annotations

import threading
from typing import Any

# In the order in which sshq's path needs them.
_SERVICES = (
    "sqs",
    "dynamodb",
    "kms",
    "secretsmanager",
    "iam",
    "sts",
    "ssm",
    "s3",
    "sagemaker",
    "logs",
)


class WarmUp:
    """A thread that lets the dispatcher (moto's DomainDispatcherApplication) load each service."""

    def __init__(self, dispatcher: Any) -> None:  # noqa: ANN401
        self._dispatcher = dispatcher
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._load, name="aws warm-up", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when the service that is being loaded is there."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _load(self) -> None:
        for service in _SERVICES:
            if self._stopped.is_set():
                return
            scope = f"AKIA/20200101/us-east-1/{service}/aws4_request"
            self._dispatcher.get_application(
                {
                    "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=",
                    "HTTP_X_AMZ_TARGET": "DynamoDB_20120810.ListTables",
                    "HTTP_HOST": "",
                    "PATH_INFO": "/",
                }
            )
