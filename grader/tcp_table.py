"""What the kernel tells of the TCP sockets of a network namespace.

sock_diag.py asks it by name. Where there is no such service, ProcTable reads /proc/PID/net (proc(5)), no
further than needed: the kernel tells of listening sockets first; for the others it walks a hash table,
that of the whole machine: milliseconds, whatever this namespace has in it.
"""

from __future__ import annotations

import array
import fcntl
import re
import socket
import termios
from abc import ABC, abstractmethod
from collections.abc import Iterator

LISTEN = 10  # TCP_LISTEN of include/net/tcp_states.h
AT_ONCE = 128  # bytes: the kernel goes no further than what is read
FAMILIES = (("tcp", "sockstat", "TCP"), ("tcp6", "sockstat6", "TCP6"))
Address = tuple[str, int]  # host and port


class TcpTable(ABC):
    """The TCP sockets of one network namespace."""

    @abstractmethod
    def listening_ports(self) -> set[int]:
        """Return the ports that are listened on, whatever the address."""

    @abstractmethod
    def queues(self, local: Address, remote: Address) -> tuple[int, int]:
        """Return (unacknowledged, unread) bytes of the socket with these ends, (0, 0) without one."""

    def close(self) -> None:
        """Free what it holds."""


class ProcTable(TcpTable):
    """What /proc says of the namespace of process `pid`: nothing, once that is gone."""

    def __init__(self, pid: int):
        self._pid = pid

    def listening_ports(self) -> set[int]:
        ports = set()
        for table in self._tables():
            for fields in table:
                if int(fields[3], 16) != LISTEN:
                    break
                ports.add(_port(fields[1]))
        return ports

    def queues(self, local: Address, remote: Address) -> tuple[int, int]:
        for table in self._tables():
            for fields in table:
                if (_port(fields[1]), _port(fields[2])) == (local[1], remote[1]):
                    unacknowledged, _, unread = fields[4].partition(":")
                    return int(unacknowledged, 16), int(unread, 16)
        return 0, 0

    def _tables(self) -> Iterator[Iterator[list[str]]]:
        """The tables of the families that have any socket."""
        for table, statistics, name in FAMILIES:
            if _any(f"/proc/{self._pid}/net/{statistics}", name):
                yield _rows(f"/proc/{self._pid}/net/{table}")


def own_queues(sock: socket.socket) -> tuple[int, int]:
    """Return (unacknowledged, unread) bytes of a socket of ours, see tcp(7): SIOCOUTQ, SIOCINQ."""
    unacknowledged, unread = array.array("i", [0]), array.array("i", [0])
    fcntl.ioctl(sock, termios.TIOCOUTQ, unacknowledged)
    fcntl.ioctl(sock, termios.FIONREAD, unread)
    return unacknowledged[0], unread[0]


def _any(path: str, name: str) -> bool:
    """Whether the namespace has a socket of that family; a kernel that does not tell may have some."""
    try:
        with open(path, encoding="ascii") as file:
            return not re.search(rf"(?m)^{name}: inuse 0\b", file.read())
    except OSError:
        return True


def _rows(path: str) -> Iterator[list[str]]:
    """The lines of a table behind the first: number, local, remote, state, queues …"""
    rest, head = b"", True
    try:
        with open(path, "rb", buffering=0) as file:
            while chunk := file.read(AT_ONCE):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines[head:]:
                    yield line.decode("ascii").split()
                head = head and not lines
    except OSError:
        return


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)
