"""Clients that reset their connections, at the worst of moments."""

from __future__ import annotations

from grader.checks.epoll.owing import MOST, make_it_owe
from grader.checks.epoll.server import STEP, Server
from grader.checks.epoll.witness import witnessed
from grader.ledger import count_fds
from grader.load import resets, stream
from grader.outcome import check
from grader.run import Run

RESETS = 60  # clients that reset, one after the other
SOME = 256 << 10  # bytes: more than fits, when nothing is read
QUIET = 0.02  # seconds in which nothing more was taken


@check("peer.reset")
def test_reset(run: Run) -> None:
    """Reset connections with data under way in both directions, also after end-of-file; others must not notice."""
    data = stream(run.job.seed, 0, MOST)

    def body(server: Server) -> None:
        with server.peer() as other:
            server.expect_echo(other, "before any reset")
            descriptors = count_fds(server.process.pid)
            for number, manner in enumerate(MANNERS, 1):
                manner(server, number, data)
                server.expect_alive("after a client reset its connection")
                server.expect_echo(other, "after a client reset its connection")
            limit = run.limit(STEP)
            outcome = resets(server.dialer, server.port, run.job.seed, RESETS, limit=limit)
            server.expect_alive("after clients reset their connections")
            server.expect(outcome, "the clients that stay are answered as ever")
            left = server.settle(descriptors)
            if left > descriptors:
                observed = f"{left - descriptors} connections that were reset are still open"
                raise server.failed(observed, "a connection that was reset is closed")

    witnessed(run, body)
    witnessed(run, body, "-e")


def _owing(server: Server, number: int, data: bytes) -> None:
    """Reset while the server owes bytes, and cannot send them."""
    with server.narrow_peer(number) as peer:
        peer.offer(data[:SOME], QUIET)
        peer.reset()


def _owing_after_eof(server: Server, number: int, data: bytes) -> None:
    """Reset while the server owes bytes, and has got end-of-file: its next write finds the peer gone.

    That write gives EPIPE, and SIGPIPE; without end-of-file before, it would be ECONNRESET.
    """
    with server.narrow_peer(number) as peer:
        make_it_owe(server, peer, data)
        peer.shutdown_write()
        peer.reset()


def _answers_unread(server: Server, number: int, data: bytes) -> None:
    """Reset with bytes under way in both directions."""
    with server.peer(number) as peer:
        peer.offer(data[:SOME], QUIET)
        peer.reset()


def _at_once(server: Server, number: int, _data: bytes) -> None:
    """Reset a connection on which nothing was sent."""
    with server.peer(number) as peer:
        peer.reset()


MANNERS = (_owing, _owing_after_eof, _answers_unread, _at_once, _owing, _answers_unread, _at_once)
