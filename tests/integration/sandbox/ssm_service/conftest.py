from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.sandbox_ssm import RunningSsm, running_ssm

if TYPE_CHECKING:
    from collections.abc import Iterator


class Echo:
    """A TCP server on the service's loop that returns what it gets. `connections`: how many came."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.ended = 0

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while data := await reader.read(1 << 16):
                if data == b"bye\n":
                    break
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            self.ended += 1
            writer.close()


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSsm]:
    with running_ssm(tmp_path_factory.mktemp("ssm")) as running:
        yield running


@pytest.fixture(scope="module")
def echo(aws: RunningSsm) -> Iterator[Echo]:
    echo = Echo()
    server = aws.run(echo.start())
    yield echo
    aws.loop.call_soon_threadsafe(server.close)


@pytest.fixture(scope="module")
def node_id(aws: RunningSsm, echo: Echo) -> str:
    """A node whose port 2222 is the echo server."""
    return aws.connected_node(ports={2222: echo.port})


@pytest.fixture(scope="module")
def document(aws: RunningSsm) -> str:
    from tests.sandbox_ssm import SSH_DOCUMENT

    return aws.document(SSH_DOCUMENT, "Session")


@pytest.fixture(autouse=True)
def _no_faults(aws: RunningSsm) -> Iterator[None]:
    yield
    aws.service.faults.clear()
    aws.service.settings.hold_frames = True
    aws.service.settings.require_presigned = False
    aws.service.settings.seconds_per_minute = 60.0
