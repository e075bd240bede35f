"""Clients that reset their connections, at the worst of moments."""

from __future__ import annotations

from grader.checks.epoll.server import STEP, Server
from grader.checks.epoll.witness import witnessed
from grader.ledger import count_fds
from grader.load import resets, stream
from grader.outcome import check
from grader.run import Run

RESETS = 60  # clients that reset together


@check("peer.reset")
def test_reset(run: Run) -> None:
    """Reset connections with data under way in both directions; the others must not notice.

    Each client comes after the ones before were accepted: whether bursts are is a question of edge.drain.
    """
    data = stream(run.job.seed, 0, 256 << 10)

    def body(server: Server) -> None:
        with server.peer() as other:
            server.expect_echo(other, "before any reset")
            descriptors = count_fds(server.process.pid)
            for number in range(1, 7):
                _reset_one(server, number, data)
                server.expect_alive("after a client reset its connection")
                server.expect_echo(other, "after a client reset its connection")
            limit, between = run.limit(STEP), server.accepted
            outcome = resets(
                server.dialer, server.port, run.job.seed, RESETS, limit=limit, between=between
            )
            server.expect_alive("after clients reset their connections")
            server.expect(outcome, "the clients that stay are answered as ever")
            left = server.settle(descriptors)
            if left > descriptors:
                observed = f"{left - descriptors} connections that were reset are still open"
                raise server.failed(observed, "a connection that was reset is closed")

    witnessed(run, body)
    witnessed(run, body, "-e")


def _reset_one(server: Server, number: int, data: bytes) -> None:
    """Reset one connection: while the server owes it bytes, with answers unread, or at once.

    Returns when the server has accepted it.
    """
    peer = server.narrow_peer(number) if number % 3 == 1 else server.peer(number)
    if number % 3:
        peer.offer(data, quiet=0.02)
    peer.reset()
    server.accepted()
