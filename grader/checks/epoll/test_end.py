"""How the server ends when it is told to."""

from __future__ import annotations

import signal
from functools import partial

from grader.ending import signal_name
from grader.outcome import TIME_LIMIT, Failed, check
from grader.checks.epoll.late import end_late
from grader.checks.epoll.owing import MOST, make_it_owe
from grader.checks.epoll.server import STEP, Server
from grader.checks.epoll.witness import witnessed
from grader.load import Peer, PeerError, stream
from grader.load.trouble import WRONG
from grader.process import TimeLimit
from grader.run import Run

GRACE = 1.0  # seconds that the contract gives the server to deliver
HEARD = 0.2  # seconds to notice the signal before the client reads; it then stops listening


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
        owed = make_it_owe(server, peer, data)
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
    return server.port in server.box.tcp.listening_ports()


def _undelivered(server: Server, peer: Peer, error: PeerError) -> Failed:
    lost = peer.sent - peer.received
    observed = f"{lost} bytes that it had read before SIGTERM were not delivered: {error}"
    return server.failed(observed, "what was already read is delivered, then end-of-file")
