"""What the grader is told of TCP sockets by the kernel."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from grader.tcp_table import listening_ports, listens, own_queues, queues

OURS = os.getpid()


@contextmanager
def connection(host: str) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Yield both ends of a connection over an address of this machine, ours first."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        with socket.create_connection(server.getsockname()[:2]) as client:
            ours, _ = server.accept()
            with ours:
                yield ours, client


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_queues_tell_what_was_not_read(host: str) -> None:
    with connection(host) as (ours, client):
        client.sendall(b"seven b")
        assert queues(OURS, ours.getsockname()[1], client.getsockname()[1]) == (0, 7)
        assert own_queues(ours) == (0, 7)
        assert own_queues(client) == (0, 0)
    assert queues(OURS, 1, 1) == (0, 0)


def test_queues_tell_what_did_not_fit() -> None:
    with connection("127.0.0.1") as (ours, client):
        ours.setblocking(False)
        sent = 0
        with pytest.raises(BlockingIOError):
            while True:
                sent += ours.send(bytes(1 << 16))
        ports = ours.getsockname()[1], client.getsockname()[1]
        there, left = own_queues(client)[1], own_queues(ours)[0]
        assert there + left >= sent
        assert queues(OURS, *ports)[0] == own_queues(ours)[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_listeners_are_found_among_connections(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with connection("127.0.0.1"), connection("::1"):
        with socket.create_server((host, 0), family=family) as server:
            port = server.getsockname()[1]
            assert listens(OURS, port)
            assert port in listening_ports(OURS)
        assert not listens(OURS, port)


def test_a_connection_is_no_listener() -> None:
    with connection("127.0.0.1") as (_, client):
        assert not listens(OURS, client.getsockname()[1])


def test_a_process_that_is_gone_has_no_sockets() -> None:
    assert not listening_ports(1 << 30)
    assert queues(1 << 30, 1, 1) == (0, 0)
