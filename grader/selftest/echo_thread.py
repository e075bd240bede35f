"""An echo server in a thread, for tests of the load generator: honest, or wrong in one way."""

from __future__ import annotations

import select
import socket
import struct
import threading
from typing import Any, Callable

CLOSE, RESET = object(), object()  # what a manner may answer instead of bytes


class Connection:
    """What the server knows of one connection; `seen` bytes came before the present ones."""

    def __init__(self, sock: socket.socket, number: int):
        self.sock = sock
        self.number = number
        self.seen = 0
        self.owed = b""
        self.ended = False


Manner = Callable[[Connection, bytes], Any]


def honest(_: Connection, data: bytes) -> bytes:
    """Every byte comes back."""
    return data


class EchoThread(threading.Thread):
    """Serves 127.0.0.1:`port`, and stops reading from a peer to which it owes much; a context manager."""

    def __init__(
        self,
        manner: Manner = honest,
        ends: bool = True,
        loses_tail: bool = False,
        most: int = 1 << 30,
    ):
        super().__init__(daemon=True)
        self._manner = manner
        self._ends = ends  # closes after end-of-file
        self._loses_tail = (
            loses_tail  # closes at end-of-file, whatever is owed; drops what does not fit
        )
        self._most = most  # connections
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._leave, self._left = socket.socketpair()
        self._peers: dict[int, Connection] = {}
        self._accepted = 0

    def __enter__(self) -> EchoThread:
        self.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._leave.close()
        self.join(5)

    def run(self) -> None:
        with select.epoll() as self._epoll:
            self._epoll.register(self._listener, select.EPOLLIN)
            self._epoll.register(self._left, select.EPOLLIN)
            while True:
                for fd, _ in self._epoll.poll():
                    if fd == self._left.fileno():
                        return self._close()
                    if fd == self._listener.fileno():
                        self._accept()
                    else:
                        self._serve(self._peers[fd])

    def _close(self) -> None:
        for peer in self._peers.values():
            peer.sock.close()
        self._listener.close()
        self._left.close()

    def _accept(self) -> None:
        sock, _ = self._listener.accept()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._peers[sock.fileno()] = Connection(sock, self._accepted)
        self._accepted += 1
        if self._accepted <= self._most:
            self._epoll.register(sock, select.EPOLLIN)

    def _serve(self, peer: Connection) -> None:
        try:
            if not peer.owed and not peer.ended:
                self._read(peer)
            self._flush(peer)
        except BlockingIOError:
            pass
        except OSError:
            self._drop(peer)
            return
        if peer.ended and not peer.owed and self._ends:
            self._drop(peer)
        else:
            idle = 0 if peer.ended else select.EPOLLIN
            self._epoll.modify(peer.sock, select.EPOLLOUT if peer.owed else idle)

    def _read(self, peer: Connection) -> None:
        data = peer.sock.recv(16384)
        peer.ended = not data
        answer = self._manner(peer, data) if data else b""
        peer.seen += len(data)
        if answer is RESET:
            peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if answer in (CLOSE, RESET):
            raise ConnectionError
        peer.owed = answer

    def _flush(self, peer: Connection) -> None:
        if peer.owed:
            sent = peer.sock.send(peer.owed)
            peer.owed = b"" if self._loses_tail else peer.owed[sent:]

    def _drop(self, peer: Connection) -> None:
        del self._peers[peer.sock.fileno()]
        peer.sock.close()
