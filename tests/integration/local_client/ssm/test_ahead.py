"""Connections that are made before they are needed, and what becomes of those that were in vain."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from sshq_local.ssm.ahead import Ahead
from sshq_local.ssm.connection import connect
from sshq_local.ssm.dial import Target, parse_stream_url
from sshq_sandbox.free_port import free_port
from tests.integration.local_client.ssm.loopback_service import LoopbackService
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LoopbackService]:
    with LoopbackService(tmp_path) as running:
        yield running


def test_a_connection_that_is_there_is_used(service: LoopbackService) -> None:
    access = service.open_session()
    target = parse_stream_url(access.stream_url)
    ahead = Ahead(target, ca_file=service.ca_file, timeout=PATIENCE_SECONDS)
    connection, _ = connect(
        access.stream_url,
        hosts=(),
        ca_file="/dev/null",  # a second dial could not succeed
        environ=os.environ,
        timeout=PATIENCE_SECONDS,
        ahead=ahead,
    )
    connection.close()
    assert ahead.take(target) is None, "it is given once"


def test_one_that_the_service_closed_meanwhile_is_replaced(service: LoopbackService) -> None:
    access = service.open_session()
    target = parse_stream_url(access.stream_url)
    ahead = Ahead(target, ca_file=service.ca_file, timeout=PATIENCE_SECONDS)
    taken = ahead.take(target)
    assert taken is not None
    taken.shutdown(socket.SHUT_RDWR)
    ahead._socket = taken
    connection, _ = connect(
        access.stream_url,
        hosts=(),
        ca_file=service.ca_file,
        environ=os.environ,
        timeout=PATIENCE_SECONDS,
        ahead=ahead,
    )
    connection.close()


def test_one_that_leads_elsewhere_or_nowhere_is_none() -> None:
    port = free_port()
    target = Target(secure=False, host="127.0.0.1", port=port, authority="x", path="/")
    elsewhere = Target(secure=False, host="127.0.0.1", port=port + 1, authority="x", path="/")
    ahead = Ahead(target, ca_file=None, timeout=PATIENCE_SECONDS)
    assert ahead.take(elsewhere) is None
    assert ahead.take(target) is None
    ahead.close()
