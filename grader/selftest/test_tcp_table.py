"""What the grader is told of TCP sockets by the kernel, by netlink and by /proc."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from grader.load import Dialer
from grader.sock_diag import SockDiag, tcp_table
from grader.tcp_table import ProcTable, TcpTable, own_queues


def netlink() -> socket.socket:
    return Dialer().sockets(1, socket.AF_NETLINK)[0]


@pytest.fixture(params=["netlink", "proc"])
def table(request: pytest.FixtureRequest) -> Iterator[TcpTable]:
    """Both tables must tell the same."""
    made = SockDiag(netlink()) if request.param == "netlink" else ProcTable(os.getpid())
    yield made
    made.close()


@contextmanager
def connection(host: str, listen: str = "") -> Iterator[tuple[socket.socket, socket.socket]]:
    """Yield both ends of a connection over an address of this machine, ours first; listen: on what address."""
    dual = listen == "::"
    family = socket.AF_INET6 if ":" in (listen or host) else socket.AF_INET
    with socket.create_server((listen or host, 0), family=family, dualstack_ipv6=dual) as server:
        with socket.create_connection((host, server.getsockname()[1])) as client:
            ours, _ = server.accept()
            with ours:
                yield ours, client


def ends(client: socket.socket) -> tuple[tuple[str, int], tuple[str, int]]:
    """The other end's address and the client's."""
    return client.getpeername()[:2], client.getsockname()[:2]


@pytest.mark.parametrize("host, listen", [("127.0.0.1", ""), ("::1", ""), ("127.0.0.1", "::")])
def test_queues_tell_what_was_not_read(table: TcpTable, host: str, listen: str) -> None:
    with connection(host, listen) as (ours, client):
        client.sendall(b"seven b")
        assert table.queues(*ends(client)) == (0, 7)
        assert own_queues(ours) == (0, 7)
        assert own_queues(client) == (0, 0)
    assert table.queues(("127.0.0.1", 1), ("127.0.0.1", 1)) == (0, 0)


def test_queues_tell_what_did_not_fit(table: TcpTable) -> None:
    with connection("127.0.0.1") as (ours, client):
        ours.setblocking(False)
        sent = 0
        with pytest.raises(BlockingIOError):
            while True:
                sent += ours.send(bytes(1 << 16))
        there, left = own_queues(client)[1], own_queues(ours)[0]
        assert there + left >= sent
        assert table.queues(*ends(client))[0] == own_queues(ours)[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.7", "::1", "::"])
def test_listeners_are_found_among_connections(table: TcpTable, host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with connection("127.0.0.1"), connection("::1"):
        with socket.create_server((host, 0), family=family) as server:
            port = server.getsockname()[1]
            assert port in table.listening_ports()
        assert port not in table.listening_ports()


def test_a_connection_is_no_listener(table: TcpTable) -> None:
    with connection("127.0.0.1") as (_, client):
        assert client.getsockname()[1] not in table.listening_ports()


def test_more_listeners_than_one_message_tells(table: TcpTable) -> None:
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(500)]
    try:
        assert {each.getsockname()[1] for each in servers} <= table.listening_ports()
    finally:
        for each in servers:
            each.close()


def test_a_process_that_is_gone_has_no_sockets() -> None:
    gone = ProcTable(1 << 30)
    assert not gone.listening_ports()
    assert gone.queues(("127.0.0.1", 1), ("127.0.0.1", 1)) == (0, 0)


def test_the_kernel_is_asked_by_netlink() -> None:
    table = tcp_table(netlink, os.getpid())
    assert isinstance(table, SockDiag)
    table.close()


def test_a_kernel_without_the_service_has_proc() -> None:
    """A socket of another netlink protocol refuses the question, as a kernel without inet_diag does."""

    def other() -> socket.socket:
        return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)

    def none() -> socket.socket:
        raise OSError(errno.EPROTONOSUPPORT, "no netlink")

    for make_socket in (other, none):
        table = tcp_table(make_socket, os.getpid())
        assert isinstance(table, ProcTable)
        with connection("127.0.0.1") as (_, client):
            assert client.getpeername()[1] in table.listening_ports()
