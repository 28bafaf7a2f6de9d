"""Lambda's Runtime API in Python alone, for machines on which awslambdaric has no wheel (macOS).

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import http.client
import importlib
import json
import sys
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_VERSION = "/2018-06-01/runtime"


def run(handler: str, address: str) -> None:
    """Serve invocations from `address` (host:port) with `module.function`, without end."""
    connection = http.client.HTTPConnection(address)
    try:
        module, _, name = handler.rpartition(".")
        function: Callable[[Any, Context], Any] = getattr(
            importlib.import_module(module.replace("/", ".")), name
        )
    except Exception as error:  # noqa: BLE001 - whatever the function's own code raises at import
        _post(connection, "/init/error", _describe(error))
        sys.exit(1)
    while True:
        _serve_one(connection, function)


@dataclass(frozen=True)
class Context:
    """The part of Lambda's context object that handlers of this project's kind read."""

    aws_request_id: str
    invoked_function_arn: str
    function_name: str
    function_version: str
    memory_limit_in_mb: str
    deadline_ms: int

    def get_remaining_time_in_millis(self) -> int:
        return max(0, self.deadline_ms - int(time.time() * 1000))


def _serve_one(
    connection: http.client.HTTPConnection, function: Callable[[Any, Context], Any]
) -> None:
    connection.request("GET", f"{_VERSION}/invocation/next")
    response = connection.getresponse()
    event = json.loads(response.read())
    arn = response.headers["Lambda-Runtime-Invoked-Function-Arn"]
    context = Context(
        aws_request_id=response.headers["Lambda-Runtime-Aws-Request-Id"],
        invoked_function_arn=arn,
        function_name=arn.rpartition(":")[2],
        function_version="$LATEST",
        memory_limit_in_mb="128",
        deadline_ms=int(response.headers["Lambda-Runtime-Deadline-Ms"]),
    )
    path = f"/invocation/{context.aws_request_id}"
    try:
        answer = json.dumps(function(event, context)).encode()
    except Exception as error:  # noqa: BLE001 - a handler's error is its answer
        traceback.print_exc()
        _post(connection, f"{path}/error", _describe(error))
    else:
        _post(connection, f"{path}/response", answer)


def _describe(error: Exception) -> bytes:
    return json.dumps(
        {
            "errorMessage": str(error),
            "errorType": type(error).__name__,
            "stackTrace": traceback.format_exception(error),
        }
    ).encode()


def _post(connection: http.client.HTTPConnection, path: str, body: bytes) -> None:
    connection.request("POST", _VERSION + path, body, {"Content-Type": "application/json"})
    connection.getresponse().read()
