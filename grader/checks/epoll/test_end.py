"""How the server ends when it is told to."""

from __future__ import annotations

import signal
from functools import partial

from grader.ending import signal_name
from grader.outcome import TIME_LIMIT, Failed, check
from grader.checks.epoll.late import end_late
from grader.checks.epoll.server import STEP, Server
from grader.checks.epoll.witness import witnessed
from grader.load import Peer, PeerError, stream
from grader.load.trouble import WRONG
from grader.process import TimeLimit
from grader.run import Run
from grader.tcp_table import listens, own_queues, queues

GRACE = 1.0  # seconds that the contract gives the server to deliver
HEARD = 0.2  # seconds to notice the signal before the client reads; it then stops listening
CHUNK = 8192  # bytes, sent one by one until the server owes some
MOST = 4 << 20  # bytes: a server that has taken so much buffers without bound


@check("signal.term")
def test_term(run: Run) -> None:
    """Send SIGTERM and SIGINT to an idle server, to one that still owes bytes to a slow client, and to
    one that is about to sleep.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        witnessed(run, partial(_end_idle, number=number))
    witnessed(run, _end_owing)
    witnessed(run, _end_owing, "-e")
    end_late(run, GRACE + STEP)


def _end_idle(server: Server, number: int) -> None:
    with server.peer() as peer:
        server.expect_echo(peer, "before the signal")
        server.process.signal(number)
        _expect_exit(server, number, "with one idle client")


def _expect_exit(server: Server, number: int, when: str) -> None:
    expected = f"{signal_name(number)} ends it with exit status 0, within {GRACE:.0f} s"
    try:
        ending = server.process.wait(server.run.limit(GRACE + STEP))
    except TimeLimit:
        observed = f"{signal_name(number)} {when}: it still runs after the time of grace"
        failure = server.failed(observed, expected)
        failure.reason = TIME_LIMIT
        raise failure from None
    if ending.code != 0:
        raise server.failed(f"{signal_name(number)} {when}: {ending}", expected)


def _end_owing(server: Server) -> None:
    """What the server had read when the signal came must reach a client that reads now."""
    data = stream(server.run.job.seed, 0, MOST)
    with server.narrow_peer() as peer:
        owed = _make_it_owe(server, peer, data)
        server.process.signal(signal.SIGTERM)
        server.process.until(lambda: not _listens(server), HEARD)
        try:
            peer.expect(data[: peer.sent])
            peer.expect_eof()
        except PeerError as error:
            if owed or error.trouble.kind == WRONG:
                raise _undelivered(server, peer, error) from None
    _expect_exit(server, signal.SIGTERM, "with bytes to deliver")


def _listens(server: Server) -> bool:
    return listens(server.process.pid, server.port)


def _undelivered(server: Server, peer: Peer, error: PeerError) -> Failed:
    lost = peer.sent - peer.received
    observed = f"{lost} bytes that it had read before SIGTERM were not delivered: {error}"
    return server.failed(observed, "what was already read is delivered, then end-of-file")


def _make_it_owe(server: Server, peer: Peer, data: bytes) -> bool:
    """Send piece by piece, each read by the server, until not all fits into the kernel's buffers.

    Returns False if the server stops reading before that: then nothing is known to be owed, and what it
    leaves unread may even reset the connection when it closes.
    """
    limit = server.run.limit(0.1)
    while peer.sent < MOST:
        peer.send(data[peer.sent : peer.sent + CHUNK])
        if not server.process.until(lambda: _unread(server, peer) == 0, limit):
            return False
        if not server.process.until(lambda: _owed(server, peer) <= 0, limit):
            return True
    return True


def _unread(server: Server, peer: Peer) -> int:
    """Bytes on the way to the server, or in its receive buffer."""
    return own_queues(peer.sock)[0] or _server_queues(server, peer)[1]


def _owed(server: Server, peer: Peer) -> int:
    """Bytes that the server has read and that are in no buffer of the kernel: it holds them itself."""
    return peer.sent - peer.received - _server_queues(server, peer)[0] - own_queues(peer.sock)[1]


def _server_queues(server: Server, peer: Peer) -> tuple[int, int]:
    pid = server.box.holder or server.process.pid
    return queues(pid, server.port, peer.sock.getsockname()[1])
