"""TCP sockets of a network namespace, asked for by name over netlink, see sock_diag(7).

struct inet_diag_req_v2 goes out, struct inet_diag_msg comes back (linux/inet_diag.h). The kernel answers
while it is asked, so that nothing here waits.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Callable, Iterator

from grader.tcp_table import LISTEN, Address, ProcTable, TcpTable

SOCK_DIAG_BY_FAMILY = 20  # the type of a request
NLM_F_REQUEST, NLM_F_DUMP = 0x001, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
ROOM = 1 << 16  # bytes: no message is longer

_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_REQUEST = struct.Struct("=4BI")  # family, protocol, extensions, padding, states
_ADDRESSES = struct.Struct("!HH16s16s")  # source port, destination port, source, destination
_ANY_ONE = struct.pack("=3I", 0, 0xFFFFFFFF, 0xFFFFFFFF)  # interface, cookie
_ANSWER = struct.Struct("=4x H 50x I I")  # source port (in network order), unread, unacknowledged
_ERRNO = struct.Struct("=i")


class SockDiag(TcpTable):
    """What the kernel says of the namespace that its socket was made in; sock: of NETLINK_SOCK_DIAG.

    Every method raises OSError where the kernel has no such service (CONFIG_INET_DIAG).
    """

    def __init__(self, sock: socket.socket):
        self._sock = sock

    def listening_ports(self) -> set[int]:
        ports = set()
        for family in (socket.AF_INET, socket.AF_INET6):
            question = _question(family, 1 << LISTEN, ("", 0), ("", 0))
            for answer in self._answers(question, NLM_F_DUMP):
                ports.add(socket.ntohs(_ANSWER.unpack_from(answer)[0]))
        return ports

    def queues(self, local: Address, remote: Address) -> tuple[int, int]:
        family = socket.AF_INET6 if ":" in local[0] else socket.AF_INET
        try:
            (answer,) = self._answers(_question(family, 0, local, remote), 0)
        except FileNotFoundError:
            return 0, 0
        _, unread, unacknowledged = _ANSWER.unpack_from(answer)
        return unacknowledged, unread

    def close(self) -> None:
        self._sock.close()

    def _answers(self, question: bytes, flags: int) -> Iterator[bytes]:
        """Yield the kernel's answers: all of a dump, otherwise the one. Raises OSError in its words."""
        length = _HEADER.size + len(question)
        flags |= NLM_F_REQUEST
        self._sock.send(_HEADER.pack(length, SOCK_DIAG_BY_FAMILY, flags, 0, 0) + question)
        more = True
        while more:
            more = bool(flags & NLM_F_DUMP)
            for kind, body in _messages(self._sock.recv(ROOM)):
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    more = False
                    if code := -_ERRNO.unpack_from(body)[0]:
                        raise OSError(code, f"sock_diag: {os.strerror(code)}")
                else:
                    yield body


def tcp_table(make_socket: Callable[[], socket.socket], pid: int) -> TcpTable:
    """Return the table of a namespace: by netlink, or from /proc where that cannot be had.

    make_socket: makes a socket of NETLINK_SOCK_DIAG in it; pid: a process in it.
    """
    try:
        table = SockDiag(make_socket())
    except OSError:
        return ProcTable(pid)
    try:
        table.listening_ports()
        return table
    except OSError:
        table.close()
        return ProcTable(pid)


def _question(family: int, states: int, local: Address, remote: Address) -> bytes:
    ends = _ADDRESSES.pack(
        local[1], remote[1], _packed(family, local[0]), _packed(family, remote[0])
    )
    return _REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, states) + ends + _ANY_ONE


def _packed(family: int, host: str) -> bytes:
    return socket.inet_pton(family, host) if host else b""


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and body of each netlink message, see netlink(7)."""
    while len(data) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(data)
        if not _HEADER.size <= length <= len(data):
            raise OSError(errno.EBADMSG, "sock_diag: half a message")
        yield kind, data[_HEADER.size : length]
        data = data[(length + 3) & ~3 :]
