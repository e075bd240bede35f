"""Sockets that reach into a sandbox: made in its network namespace by the helper tools/sockets.c."""

from __future__ import annotations

import errno
import os
import resource
import select
import socket
import struct
import subprocess
from array import array
from typing import Any

from grader import paths
from grader.load.socket_options import prepare
from grader.outcome import Inconclusive
from grader.poll import ready

HOST = "127.0.0.1"
BUNCH = 250  # sockets in one message at most, as in sockets.c
BATCH = 2000  # sockets in one request: bounds what is in flight, which the kernel limits
REQUEST = struct.Struct("II")  # struct request: count, family; or bytes, AF_UNSPEC
REPLY = struct.Struct("iI24s")  # struct reply: errno, sockets that come with it, what failed
KIND = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
NETLINK_SOCK_DIAG = 4  # see sock_diag(7)
SPACE = socket.CMSG_LEN(BUNCH * array("i").itemsize)  # bytes of control data of a message
HELPER_LIMIT = 10.0  # seconds for an answer of the helper, even on a very busy machine


class TooFewDescriptors(Inconclusive):
    """This machine does not allow that many sockets: nobody has failed."""

    def __init__(self, needed: int, have: int):
        super().__init__(f"{needed} more descriptors are needed, this machine allows {have} in all")
        self.needed = needed
        self.have = have


def raise_descriptor_limit() -> int:
    """Raise the soft limit of descriptors to the hard one and return it, see getrlimit(2)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Dialer:
    """Makes TCP sockets in the network namespace of a sandbox; a context manager.

    holder_pid: the sandbox's first process; None makes plain sockets, for machines without namespaces.
    Raises OSError when the namespaces cannot be entered.
    """

    def __init__(self, holder_pid: int | None = None):
        self._limit = raise_descriptor_limit()
        self._control: socket.socket | None = None
        if holder_pid is not None:
            self._start(holder_pid)

    def __enter__(self) -> Dialer:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """End the helper. Sockets that it made live on."""
        if self._control is not None:
            self._control.close()
            self._control = None
            self._helper.wait(HELPER_LIMIT)

    def _start(self, holder_pid: int) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(HELPER_LIMIT)
        with theirs:
            self._helper = subprocess.Popen(
                [paths.tool("sockets"), str(holder_pid)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        try:
            _receive(self._control)  # it is inside, or says why not
        except OSError:
            self.close()
            raise

    def sockets(self, count: int, family: int = socket.AF_INET) -> list[socket.socket]:
        """Return `count` fresh non-blocking sockets, or none: raises TooFewDescriptors, OSError.

        family: of TCP; or AF_NETLINK, for one that tells of TCP sockets, see sock_diag.py.
        """
        made: list[socket.socket] = []
        try:
            while len(made) < count:
                self._add(made, min(BATCH, count - len(made)), family)
            return made
        except OSError as error:
            for sock in made:
                sock.close()
            if error.errno not in (errno.EMFILE, errno.ETOOMANYREFS):  # the latter: see unix(7)
                raise
            raise TooFewDescriptors(count, self._limit) from error

    def widen(self, size: int) -> bool:
        """Give every TCP socket that is made from now on `size` bytes of buffer each way, see tcp(7).

        False if this machine does not allow it; without a sandbox, nothing is changed.
        """
        if self._control is None:
            return False
        self._control.send(REQUEST.pack(size, socket.AF_UNSPEC))
        try:
            _receive(self._control)
        except OSError:
            return False
        return True

    def _add(self, made: list[socket.socket], count: int, family: int) -> None:
        """Append `count` sockets. What the helper sent is taken in to the end, even if some got lost."""
        if self._control is None:
            for _ in range(count):
                made.append(_socket(family))
            return
        target = len(made) + count
        self._control.send(REQUEST.pack(count, family))
        while count > 0:
            announced, fds = _receive(self._control)
            made += [_socket(family, fd) for fd in fds]
            count -= announced
        if len(made) < target:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    def connect(
        self,
        port: int,
        host: str = HOST,
        source: str | None = None,
        rcvbuf: int | None = None,
        sndbuf: int | None = None,
        segment: int | None = None,
        limit: float = 5.0,
    ) -> socket.socket:
        """Return one non-blocking socket, connected to host:port from address `source`.

        rcvbuf, sndbuf: bytes for SO_RCVBUF and SO_SNDBUF (the kernel doubles them); segment: bytes for
        TCP_MAXSEG, a small one keeps the buffers of both ends small; limit: seconds to wait for
        the connection. Raises OSError: ECONNREFUSED, ETIMEDOUT …, see connect(2).
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = self.sockets(1, family)[0]
        try:
            prepare(sock, source, rcvbuf, sndbuf, segment)
            _establish(sock, (host, port), limit)
        except OSError:
            sock.close()
            raise
        return sock


def _socket(family: int, fd: int | None = None) -> socket.socket:
    """Return a socket: that of descriptor fd, or a new one."""
    if family == socket.AF_NETLINK:
        return socket.socket(family, socket.SOCK_RAW | KIND, NETLINK_SOCK_DIAG, fd)
    return socket.socket(family, socket.SOCK_STREAM | KIND, 0, fd)


def _receive(control: socket.socket) -> tuple[int, list[int]]:
    """Return how many descriptors a reply of the helper brings, and those that found room here.

    Not by socket.recv_fds: Python 3.11's ignores its flags, and the descriptors would be inherited.
    """
    try:
        data, rights, _, _ = control.recvmsg(REPLY.size, SPACE, socket.MSG_CMSG_CLOEXEC)
    except TimeoutError as error:
        raise OSError(errno.ETIMEDOUT, "sockets: the helper does not answer") from error
    if len(data) != REPLY.size:
        raise OSError(errno.EPIPE, "sockets: the helper has ended")
    code, count, call = REPLY.unpack(data)
    if code:
        raise OSError(code, f"sockets: {call.rstrip(bytes(1)).decode()}: {os.strerror(code)}")
    fds = array("i")
    for _, _, raw in rights:
        fds.frombytes(raw[: len(raw) // fds.itemsize * fds.itemsize])
    return count, list(fds)


def _establish(sock: socket.socket, address: tuple[str, int], limit: float) -> None:
    code = sock.connect_ex(address)
    if code == errno.EINPROGRESS:
        if ready(sock, select.POLLOUT, limit):
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        else:
            code = errno.ETIMEDOUT
    if code:
        raise OSError(code, f"connect to port {address[1]}: {os.strerror(code)}")
