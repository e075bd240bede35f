"""Bring a server to the point where it owes a client bytes that it cannot send."""

from __future__ import annotations

from grader.checks.epoll.server import Server
from grader.load import Peer
from grader.tcp_table import own_queues

MOST = 4 << 20  # bytes: a server that has taken so much buffers without bound
CHUNK = 8192  # bytes, sent one by one until the server owes some
PROMPT = 0.1  # seconds for a chunk to be read, and sent back


def make_it_owe(server: Server, peer: Peer, data: bytes) -> bool:
    """Send `data` piece by piece, each read by the server, until not all fits into the kernel's buffers.

    Returns False if the server stops reading before that: then nothing is known to be owed, and what it
    leaves unread may even reset the connection when it closes. All that was sent has reached its machine.
    """
    limit = server.run.limit(PROMPT)
    while peer.sent < len(data):
        peer.send(data[peer.sent : peer.sent + CHUNK])
        if not server.process.until(lambda: _unread(server, peer) == 0, limit):
            return False
        if not server.process.until(lambda: _owed(server, peer) <= 0, limit):
            return True
    return True


def _unread(server: Server, peer: Peer) -> int:
    """Bytes on the way to the server, or in its receive buffer."""
    return own_queues(peer.sock)[0] or server.queues(peer)[1]


def _owed(server: Server, peer: Peer) -> int:
    """Bytes that the server has read and that are in no buffer of the kernel: it holds them itself."""
    return peer.sent - peer.received - server.queues(peer)[0] - own_queues(peer.sock)[1]
