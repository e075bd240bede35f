"""The TCP sockets of a network namespace, from /proc/PID/net (proc(5)), read no further than needed.

The kernel tells of listening sockets first. For the others it walks a hash table, that of the whole machine:
milliseconds, whatever this namespace has in it.
"""

from __future__ import annotations

import array
import fcntl
import re
import socket
import termios
from collections.abc import Iterator

LISTEN = "0A"  # TCP_LISTEN of include/net/tcp_states.h
AT_ONCE = 128  # bytes: the kernel goes no further than what is read
FAMILIES = (("tcp", "sockstat", "TCP"), ("tcp6", "sockstat6", "TCP6"))


def listening_ports(pid: int) -> set[int]:
    """Return the TCP ports that are listened on in the network namespace of `pid`."""
    return set(_listeners(pid))


def listens(pid: int, port: int) -> bool:
    """Return whether somebody listens on this TCP port in the network namespace of `pid`."""
    return port in _listeners(pid)


def queues(pid: int, local: int, remote: int) -> tuple[int, int]:
    """Return (unacknowledged, unread) bytes of the TCP socket with these ports, (0, 0) without one."""
    for table in _tables(pid):
        for fields in table:
            if (_port(fields[1]), _port(fields[2])) == (local, remote):
                unacknowledged, _, unread = fields[4].partition(":")
                return int(unacknowledged, 16), int(unread, 16)
    return 0, 0


def own_queues(sock: socket.socket) -> tuple[int, int]:
    """Return (unacknowledged, unread) bytes of a socket of ours, see tcp(7): SIOCOUTQ, SIOCINQ."""
    unacknowledged, unread = array.array("i", [0]), array.array("i", [0])
    fcntl.ioctl(sock, termios.TIOCOUTQ, unacknowledged)
    fcntl.ioctl(sock, termios.FIONREAD, unread)
    return unacknowledged[0], unread[0]


def _listeners(pid: int) -> Iterator[int]:
    for table in _tables(pid):
        for fields in table:
            if fields[3] != LISTEN:
                break
            yield _port(fields[1])


def _tables(pid: int) -> Iterator[Iterator[list[str]]]:
    """The tables of the families that have any socket."""
    for table, statistics, name in FAMILIES:
        if _any(f"/proc/{pid}/net/{statistics}", name):
            yield _rows(f"/proc/{pid}/net/{table}")


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
