"""What is set on a TCP socket, and asked of one."""

from __future__ import annotations

import socket
import sys
from fcntl import ioctl
from termios import TIOCOUTQ

IP_BIND_ADDRESS_NO_PORT = 24  # ip(7); not among Python's constants


def prepare(
    sock: socket.socket,
    source: str | None = None,
    rcvbuf: int | None = None,
    sndbuf: int | None = None,
    segment: int | None = None,
) -> None:
    """Set what has to be set before connect(2): no delay of small writes, buffers, own address.

    IP_BIND_ADDRESS_NO_PORT leaves the choice of the port to connect(2), where it is fast.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if rcvbuf is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    if sndbuf is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, sndbuf)
    if segment is not None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
    if source is not None:
        sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((source, 0))


def unacknowledged(sock: socket.socket) -> int:
    """Return how many bytes that were sent the kernel at the other end has not taken yet, see tcp(7)."""
    return int.from_bytes(ioctl(sock, TIOCOUTQ, bytes(4)), sys.byteorder)
