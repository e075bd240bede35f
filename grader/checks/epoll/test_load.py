"""Many connections, short ones, broken ones, and more than there are descriptors for."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable

from grader.outcome import Failed, Inconclusive, check
from grader.checks.epoll.server import STEP, Server, serving
from grader.checks.epoll.witness import witnessed
from grader.ledger import count_fds
from grader.load import Peer, PeerError, TooFewDescriptors, churn, ladder, resets, stream
from grader.run import Run

RUNGS = (100, 1_000, 5_000, 10_000)
SHORT = 20_000  # connections of load.churn
WARM_UP = 2_000  # of them, before memory is first measured
LEAK = 1 << 20  # bytes that the rest may add
RESETS = 60  # clients of peer.reset that reset together
FEW = 64  # descriptors of fd.exhaustion
CLIENTS = 100
SERVED = FEW - 16  # connections that so many descriptors must be enough for
FULL_CPU = 0.2  # seconds of CPU time in one second out of descriptors


@check("load.ladder")
def test_ladder(run: Run) -> None:
    """Open 100, 1,000, 5,000 and 10,000 connections at once and exchange a message on every one."""
    with serving(run) as server:
        climbed = 0
        try:
            for outcome in ladder(server.dialer, server.port, RUNGS, run.limit(2 * STEP)):
                if not outcome.good:
                    raise _fell(server, climbed, str(outcome))
                climbed += 1
        except TooFewDescriptors as limit:
            raise Inconclusive(str(limit), share=climbed / len(RUNGS)) from limit


def _fell(server: Server, climbed: int, observed: str) -> Failed:
    rung = f"{RUNGS[climbed]:,} connections at once"
    failure = server.failed(f"{rung}: {observed}", f"{rung}, each with its answer")
    failure.share = climbed / len(RUNGS)
    return failure


@check("load.churn")
def test_churn(run: Run) -> None:
    """Open and end 20,000 short connections; descriptors and memory return to where they were."""
    with serving(run) as server:
        descriptors = count_fds(server.process.pid)
        _churn(server, WARM_UP)
        left = server.settle(descriptors)
        before = server.process.ledger().rss_bytes
        if left <= descriptors:
            _churn(server, SHORT - WARM_UP)
            left = server.settle(descriptors)
        if left > descriptors:
            observed = (
                f"{left} descriptors are open after all clients have gone, {descriptors} before"
            )
            raise server.failed(observed, "every connection's descriptor is closed")
        grown = server.process.ledger().rss_bytes - before
        if grown > LEAK:
            raise _leaky(server, grown)


def _churn(server: Server, total: int) -> None:
    limit, quiet = server.run.limit(8 * STEP), server.run.limit(STEP)
    outcome = churn(server.dialer, server.port, total, limit=limit, quiet=quiet)
    server.expect(outcome, "each short connection is answered and closed")


def _leaky(server: Server, grown: int) -> Failed:
    each = grown / (SHORT - WARM_UP)
    observed = (
        f"{SHORT - WARM_UP:,} connections left {grown >> 10} KiB behind, {each:.0f} bytes each"
    )
    return server.failed(observed, "memory returns to where it was")


@check("peer.reset")
def test_reset(run: Run) -> None:
    """Reset connections with data under way in both directions; the others must not notice."""
    data = stream(run.job.seed, 0, 256 << 10)

    def body(server: Server) -> None:
        with server.peer() as other:
            server.expect_echo(other, "before any reset")
            descriptors = count_fds(server.process.pid)
            for number in range(1, 7):
                _reset_one(server, number, data)
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


def _reset_one(server: Server, number: int, data: bytes) -> None:
    """Reset one connection: while the server owes it bytes, with answers unread, or at once."""
    peer = server.narrow_peer(number) if number % 3 == 1 else server.peer(number)
    if number % 3:
        peer.offer(data, quiet=0.02)
    peer.reset()


@check("fd.exhaustion")
def test_exhaustion(run: Run) -> None:
    """Give the server 64 descriptors and 100 clients; it serves some, waits, and goes on afterwards."""
    few = replace(run.limits, nofile=FEW, soft_nofile=FEW)
    with serving(run, limits=few) as server, Queue(server) as queue:
        queue.expect_answers(SERVED)
        _expect_calm(server)
        server.expect_echo(queue.served[0], "out of descriptors")
        queue.thin_out()
        queue.expect_rest()
        for number in range(CLIENTS, CLIENTS + 5):
            with server.peer(number) as late:
                server.expect_echo(late, "after other clients have left")


def _expect_calm(server: Server) -> None:
    """Out of descriptors for one second: it lives and does not spin."""
    before = server.process.ledger().cpu_seconds
    server.process.ended(1.0)
    server.expect_alive(f"with {FEW} descriptors and {CLIENTS} clients")
    spent = server.process.ledger().cpu_seconds - before
    if spent > FULL_CPU:
        observed = f"{spent:.2f} s of CPU time in one second in which nothing could be accepted"
        raise server.failed(observed, "it waits until a descriptor is free")


class Queue:
    """More clients than the server has descriptors for; each says hello and waits."""

    def __init__(self, server: Server):
        self._server = server
        self.served: list[Peer] = []
        self._waiting = self._connecting()

    def __enter__(self) -> Queue:
        return self

    def __exit__(self, *_: object) -> None:
        for client in (*self.served, *self._waiting):
            client.close()

    def _connecting(self) -> list[Peer]:
        limit = self._server.run.limit(STEP)
        clients = []
        for number, sock in enumerate(self._server.dialer.sockets(CLIENTS)):
            sock.connect_ex(("127.0.0.1", self._server.port))
            clients.append(Peer(sock, number, limit))
        return clients

    def expect_answers(self, least: int) -> None:
        """Raise Failed unless at least so many clients are answered."""
        self._ask_until(lambda: len(self.served) >= least)
        if len(self.served) < least:
            observed = f"{len(self.served)} of {CLIENTS} clients were answered"
            raise self._server.failed(observed, f"at least {least} of them with {FEW} descriptors")

    def thin_out(self) -> None:
        """Let all but a few clients leave."""
        for crowd, kept in ((self.served, 5), (self._waiting, 10)):
            for client in crowd[kept:]:
                client.close()
            del crowd[kept:]

    def expect_rest(self) -> None:
        """Raise Failed unless those that still wait are answered or have been sent away."""
        self._ask_until(lambda: not self._waiting)
        if self._waiting:
            observed = (
                f"{len(self._waiting)} clients still wait after {CLIENTS - 15} others have left"
            )
            raise self._server.failed(observed, "it accepts again once descriptors are free")

    def _ask_until(self, done: Callable[[], bool]) -> None:
        def asked() -> bool:
            for client in list(self._waiting):
                self._ask(client)
            return done()

        self._server.process.until(asked, self._server.run.limit(2 * STEP))

    def _ask(self, client: Peer) -> None:
        """Send hello once connected; take in the answer, or the news that the server hung up."""
        try:
            if not client.sent and not client.offer(b"hello", 0):
                return
            answered = client.sock.recv(16) != b""
        except BlockingIOError:
            return
        except (PeerError, OSError):
            answered = False
        self._waiting.remove(client)
        if answered:
            self.served.append(client)
        else:
            client.close()
