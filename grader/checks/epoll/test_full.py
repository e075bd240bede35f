"""A server that is out of descriptors."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Callable

from grader.checks.epoll.server import STEP, Server, serving
from grader.load import HOST, Peer, PeerError
from grader.outcome import check
from grader.recording import Recording, record
from grader.run import Run
from grader.strace.ask import ACCEPTS
from grader.strace.run import WAITS, TraceTooLong

FEW = 64  # descriptors
CLIENTS = 100
SERVED = FEW - 16  # clients that so many descriptors must be enough for
FULL_CPU = 0.2  # seconds of CPU time in one second out of descriptors
FULL_CALLS = 300  # waits and accepts in that second: a retry every 10 ms is still fair


@check("fd.exhaustion")
def test_exhaustion(run: Run) -> None:
    """Give the server 64 descriptors and 100 clients; it serves some, waits, and goes on afterwards."""
    few = replace(run.limits, nofile=FEW, soft_nofile=FEW)
    recording = record(run, run.program(), (*WAITS, *ACCEPTS), stacks=False)
    argv = recording.strace.argv()
    with serving(run, limits=few, wrap=argv) as server, Queue(server) as queue:
        queue.expect_answers(SERVED)
        _expect_calm(server, recording)
        server.expect_echo(queue.served[0], "out of descriptors")
        queue.thin_out()
        queue.expect_rest()
        for number in range(CLIENTS, CLIENTS + 5):
            with server.peer(number) as late:
                server.expect_echo(late, "after other clients have left")


def _expect_calm(server: Server, recording: Recording) -> None:
    """Out of descriptors for one second: it lives and does not spin."""
    before, begin = server.process.cpu_seconds(), time.time()
    server.process.ended(1.0)
    server.expect_alive(f"with {FEW} descriptors and {CLIENTS} clients")
    spent, end = server.process.cpu_seconds() - before, time.time()
    try:
        calls = recording.trace().between(begin, end).calls(*WAITS, *ACCEPTS)
        count = f"{len(calls)} calls"
    except TraceTooLong:
        calls, count = (), "more calls than are read"
    flood = count.startswith("more") or len(calls) > FULL_CALLS * (end - begin)
    if spent > FULL_CPU or flood:
        observed = (
            f"{count} and {spent:.2f} s of CPU time in {end - begin:.1f} s "
            "in which nothing could be accepted"
        )
        evidence = recording.exhibit(calls[:4])
        raise server.failed(observed, "it waits until a descriptor is free", evidence)


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
            sock.connect_ex((HOST, self._server.port))
            clients.append(Peer(sock, number, limit))
        return clients

    def expect_answers(self, least: int) -> None:
        """Raise Failed unless at least so many clients are answered."""
        self._ask_until(lambda: len(self.served) >= least)
        if len(self.served) < least:
            observed = f"{len(self.served)} of {CLIENTS} clients were answered"
            raise self._server.failed(observed, f"at least {least} of them with {FEW} descriptors")

    def thin_out(self) -> None:
        """Let all but a few clients leave; of those that wait, none has been accepted yet."""
        self._ask_all()
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
            self._ask_all()
            return done()

        self._server.process.until(asked, self._server.run.limit(2 * STEP))

    def _ask_all(self) -> None:
        for client in list(self._waiting):
            self._ask(client)

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
