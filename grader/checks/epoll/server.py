"""The student's echo server in a sandbox, and clients that reach it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Iterator, Sequence

from grader.checks.epoll.listening import expect_listening
from grader.outcome import MEMORY_LIMIT, Failed
from grader.ledger import count_fds
from grader.limits import Limits
from grader.load import HOST, Dialer, Outcome, Peer, PeerError
from grader.process import Process, TimeLimit
from grader.result import Evidence
from grader.run import Run
from grader.sandbox import Sandbox

STEP = 3.0  # seconds for one answer
DYING = 0.5  # seconds between the end of a program's connections and its own
# bytes: little of what is under way fits into the buffers of the kernel
ROOM = 4 << 20
NARROW = {"rcvbuf": 4096, "sndbuf": 65536, "segment": 1448}


@dataclass(frozen=True)
class Server:
    """A server that listens on `port` of its sandbox."""

    run: Run
    box: Sandbox
    process: Process
    port: int

    @property
    def dialer(self) -> Dialer:
        """Makes sockets that reach the server."""
        return self.box.dialer

    def peer(self, number: int = 0) -> Peer:
        """Return a client that is connected. Raises PeerError."""
        return Peer.open(self.dialer, self.port, number, self.run.limit(STEP))

    def peers(self, count: int, first: int = 0) -> list[Peer]:
        """Return `count` clients."""
        return [self.peer(number) for number in range(first, first + count)]

    def wide_peer(self, number: int = 0) -> Peer:
        """Return a client with much room for answers: the server's writes are hardly ever short."""
        limit = self.run.limit(STEP)
        return Peer.open(self.dialer, self.port, number, limit, rcvbuf=ROOM, sndbuf=ROOM)

    def narrow_peer(self, number: int = 0) -> Peer:
        """Return a client through whose connection little fits: the server's writes soon become short."""
        return Peer.open(self.dialer, self.port, number, self.run.limit(STEP), **NARROW)

    @contextmanager
    def held(self, bell: Peer) -> Iterator[None]:
        """Hold the server, which must be traced, while things happen that it sees together afterwards.

        bell: a client whose byte wakes it up, so that it stops at the end of its wait with nothing else
        to see. No signal is involved: its calls are not interrupted.
        """
        self.process.freeze_tracer()
        try:
            bell.send(b"!")
            self.process.until(lambda: self.process.ledger().state == "t", self.run.limit(STEP))
            yield
        finally:
            self.process.thaw_tracer()
        bell.expect(b"!")

    def queues(self, peer: Peer) -> tuple[int, int]:
        """Return (unacknowledged, unread) bytes of the server's end of a connection."""
        return self.box.tcp.queues((HOST, self.port), peer.sock.getsockname())

    # -- what must hold ------------------------------------------------------------------------

    def expect(self, outcome: Outcome, expected: str) -> None:
        """Raise Failed unless every connection of the outcome went well."""
        if not outcome.good:
            raise self.failed(str(outcome), expected)

    def expect_alive(self, when: str) -> None:
        """Raise Failed if the server has ended."""
        if self.process.ended():
            raise self.failed(f"the server ended {when}: {self.ending()}", "a server that goes on")

    def expect_echo(self, peer: Peer, when: str, data: bytes = b"still there?\n") -> None:
        """Raise Failed unless the client gets `data` back."""
        try:
            peer.expect_echo(data)
        except PeerError as error:
            raise self.failed(f"{when}: {error}", f"{when}: every byte comes back") from error

    def settle(self, descriptors: int, limit: float = STEP) -> int:
        """Wait until the server has at most so many descriptors open; return how many it has."""
        pid = self.process.pid
        self.process.until(lambda: count_fds(pid) <= descriptors, self.run.limit(limit))
        return count_fds(pid)

    # -- what goes into a failure --------------------------------------------------------------

    def failed(self, observed: str, expected: str, evidence: Sequence[Evidence] = ()) -> Failed:
        """Return the failure of a check, with what the server holds and has written as evidence."""
        if self.process.ended(self.run.limit(DYING)) and "ended" not in observed:
            observed = f"{observed}\nthe server has ended: {self.ending()}"
        reason = MEMORY_LIMIT if "ENOMEM" in observed else "wrong behaviour"
        exhibits = [*evidence, *self.exhibits()]
        return Failed(observed, expected=expected, evidence=exhibits, reason=reason)

    def ending(self) -> str:
        """Return how the server ended: `killed by SIGPIPE`."""
        try:
            return str(self.process.wait(self.run.limit(1.0)))
        except TimeLimit:
            return "it still runs"

    def exhibits(self) -> list[Evidence]:
        """Return the server's ledger and what it has written."""
        if self.process.ended():
            ledger = f"the server has ended: {self.ending()}"
        else:
            ledger = str(self.process.ledger())
        said = without_repeats(self.process.stderr_text().strip())
        return [Evidence("ledger", ledger), *([Evidence("output", said)] if said else [])]


def without_repeats(text: str) -> str:
    """Return text in which lines that repeat the one before are counted instead."""
    lines: list[str] = []
    for line, group in groupby(text.splitlines()):
        count = len(list(group))
        lines += [line, f"(and {count - 1} times more)"] if count > 1 else [line]
    return "\n".join(lines)


def pick_port(run: Run) -> int:
    """Return a port for one server; the sandbox has all ports to itself."""
    return run.random.randrange(20_000, 30_000)


@contextmanager
def serving(
    run: Run,
    *flags: str,
    variant: str = "plain",
    limits: Limits | None = None,
    wrap: Sequence[str] = (),
    env: dict[str, str] | None = None,
    room: int = 0,
) -> Iterator[Server]:
    """Start the student's server in a sandbox of its own and yield it once it listens.

    flags: before the port, such as "-e"; wrap: a tracer's command; room: bytes of buffer
    that the kernel gives each of its sockets, each way, where this machine lets us choose. Raises Failed if it does not listen; a
    PeerError that nobody handles becomes a Failed.
    """
    run.program(variant)  # what is built before a sandbox opens can be seen in it
    with run.sandbox() as box:
        if room:
            box.dialer.widen(room)
        server = launch(run, box, *flags, variant=variant, limits=limits, wrap=wrap, env=env)
        try:
            yield server
        except PeerError as error:
            raise server.failed(str(error), "the server serves each of its clients") from error


def launch(
    run: Run,
    box: Sandbox,
    *flags: str,
    variant: str = "plain",
    limits: Limits | None = None,
    wrap: Sequence[str] = (),
    env: dict[str, str] | None = None,
) -> Server:
    """Start the student's server in `box`, see `serving`; it lives until the sandbox closes or it is killed.

    Raises NotListening.
    """
    port = pick_port(run)
    process = box.start(
        [run.program(variant), *flags, str(port)],
        limits=limits or run.limits,
        wrap=wrap,
        env=env,
        sanitized=variant != "plain",
    )
    server = Server(run, box, process, port)
    expect_listening(server)
    return server
