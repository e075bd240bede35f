"""Echo servers in a sandbox, the reference and its peers, and what the same clients cost each of them."""

from __future__ import annotations

import shutil
import time
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Callable, Iterator

from bench.place import Place
from bench.row import Contest, Missing
from grader.limits import Limits
from grader.load import Crowd, rate
from grader.outcome import Inconclusive
from grader.process import Process
from grader.run import Run
from grader.sandbox import Room, Sandbox

HERE = Path(__file__).parent
LIBEVENT = Path("/usr/include/event2/event.h")
START, STEP = 3.0, 10.0  # seconds until a server listens, and for the answers to all clients
WARM, SECONDS = 0.05, 0.4  # of talk that does not count, and that counts
GO_ROOM, GO_LIMIT = 512 << 20, 60.0  # bytes in /tmp, and seconds, for the Go compiler
GO_LIMITS = Limits(memory=64 << 10, processes=1024, file_size=512)
GO_ENV = {"CGO_ENABLED": "0", "GOCACHE": "/tmp/cache", "GO111MODULE": "off"}
Prepare = Callable[[Place], AbstractContextManager[Contest]]


@dataclass(frozen=True)
class Arena:
    """A sandbox in which servers take turns, each start on a port of its own."""

    run: Run
    box: Sandbox
    ports: Iterator[int] = field(default_factory=partial(count, 20_000))

    @contextmanager
    def served(self, program: Path) -> Iterator[tuple[Process, Crowd]]:
        """Start a server; yield it and a crowd of clients that has nobody in it yet."""
        port = next(self.ports)
        limits = replace(self.run.limits, memory=64 << 10, processes=1024)
        server = self.box.start([program, str(port)], limits=limits)
        try:
            if not server.ready(port, self.run.limit(START)):
                raise Inconclusive(f"{program.name} did not start: {server.stderr_text().strip()}")
            with Crowd(self.box.dialer, port) as crowd:
                yield server, crowd
                server.kill()  # before the crowd leaves: whoever closes first waits (TIME_WAIT)
        finally:
            server.kill()

    def fill(self, crowd: Crowd, clients: int) -> float:
        """Connect the clients and prove each by a message; return the seconds that it took."""
        started = time.monotonic()
        outcome = crowd.grow(clients, self.run.limit(STEP))
        if not outcome.good:
            raise Inconclusive(str(outcome))
        return time.monotonic() - started


# -- what is measured --------------------------------------------------------------------------


def talking(peer: str, clients: int, active: int) -> Prepare:
    """Compare the CPU time that a message costs when `active` of the clients talk all the time."""

    def cost(arena: Arena, program: Path) -> float:
        with arena.served(program) as (server, crowd):
            arena.fill(crowd, clients)
            talkers = list(crowd.socks.values())[:: clients // active]
            rate(talkers, WARM)
            before = server.cpu_seconds()
            messages = rate(talkers, SECONDS).messages + active
            return 1e6 * (server.cpu_seconds() - before) / messages

    return partial(_contest, peer, cost)


def memory(peer: str, clients: int) -> Prepare:
    """Compare how much bigger the server is for each client that is connected and idle."""

    def cost(arena: Arena, program: Path) -> float:
        with arena.served(program) as (server, crowd):
            arena.fill(crowd, 100)  # its buffers are there
            before = server.ledger().rss_bytes
            arena.fill(crowd, clients - 100)
            return (server.ledger().rss_bytes - before) / (clients - 100)

    return partial(_contest, peer, cost)


def connecting(peer: str, clients: int) -> Prepare:
    """Compare how long it takes until so many clients are connected and have got a message back."""

    def cost(arena: Arena, program: Path) -> float:
        with arena.served(program) as (_, crowd):
            return arena.fill(crowd, clients)

    return partial(_contest, peer, cost)


@contextmanager
def _contest(peer: str, cost: Callable[[Arena, Path], float], place: Place) -> Iterator[Contest]:
    run = place.run("epoll", "speed")
    ours, theirs = run.program(), _built(run, peer)
    with run.sandbox() as box:
        arena = Arena(run, box)
        yield Contest(partial(cost, arena, ours), partial(cost, arena, theirs))


# -- peers -------------------------------------------------------------------------------------


def _built(run: Run, peer: str) -> Path:
    """Return a peer's program. Raises Missing."""
    if peer == "go":
        return _built_go(run)
    if peer == "floor":
        return run.helper(HERE / "floor.c")
    if not LIBEVENT.exists():
        raise Missing("no libevent here (libevent-dev)")
    return run.helper(HERE / f"{peer}.c", "-levent_core" if peer == "libevent" else "-levent")


def _built_go(run: Run) -> Path:
    compiler = shutil.which("go")
    if compiler is None:
        raise Missing("no Go here (golang)")
    folder = Path(run.job.scratch) / "helpers" / "go"
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "echo"
    argv = [compiler, "build", "-o", str(program), str(HERE / "echo.go")]
    room = Room(readable=(HERE,), writable=(folder,), tmpfs_bytes=GO_ROOM)
    with run.sandbox(room) as box:
        done = box.start(argv, limits=GO_LIMITS, env=GO_ENV)
        if done.wait(run.limit(GO_LIMIT)).code != 0:
            raise Missing(f"Go does not build here: {done.stderr_text().strip()}")
    return program
