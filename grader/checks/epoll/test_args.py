"""What the server says to those who use it wrongly."""

from __future__ import annotations

import subprocess
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Sequence

from grader.checks.epoll.listening import full, multiplies
from grader.checks.epoll.server import pick_port
from grader.load import HOST
from grader.outcome import PROCESS_LIMIT, Failed, check
from grader.process import Process
from grader.recording import NOT_TRACED, record
from grader.result import Evidence
from grader.run import Run
from grader.sandbox import Sandbox
from grader.strace.ask import ACCEPTS
from grader.strace.run import WAITS

PATIENCE = 2.0  # seconds in which wrong uses are refused, all of them
AGAIN = 1.0  # seconds for one of them under strace
CALLS = ("socket", "bind", "listen", "write", "writev", "exit_group", *ACCEPTS, *WAITS)
LAST = 4  # calls that are shown
LOOK = 0.1  # seconds between two looks at how many processes there are


@dataclass(frozen=True)
class Misuse:
    """One wrong command line, and the exit statuses that are right for it; in_use: a port that is taken."""

    words: tuple[str, ...]
    codes: tuple[int, ...]
    in_use: int = 0

    def __str__(self) -> str:
        return " ".join(["echo_server", *self.words]) + (" (a port in use)" if self.in_use else "")


@dataclass(frozen=True)
class Attempt:
    """A server that was started so, in a sandbox of its own: what one does is not another one's mistake."""

    misuse: Misuse
    box: Sandbox
    process: Process

    @property
    def ports(self) -> set[int]:
        """Where it listens all the same."""
        return self.box.tcp.listening_ports() - {self.misuse.in_use}


@check("args.errors")
def test_args(run: Run) -> None:
    """Start it without a port, with ports that are none, and with one that is in use."""
    attempts: list[Attempt] = []
    with ExitStack() as stack:
        for misuse in _misuses(pick_port(run)):
            attempts.append(_start(run, stack, misuse))
            _expect_room(run, attempts)
        _wait(run, attempts)
        found = {a.misuse: text for a in attempts if (text := _complaint(run, a))}
        listening = sorted(set().union(*(attempt.ports for attempt in attempts)))
    if found:
        expected = "a message on stderr; exit status 2 without a port, 1 for a port that is wrong or in use"
        ports = ", ".join(map(str, listening)) or "none"
        ledger = Evidence("ledger", f"ports that it listens on all the same: {ports}")
        evidence = [*_testimony(run, next(iter(found))), ledger]
        share = 1 - len(found) / len(attempts)
        raise Failed("\n".join(found.values()), expected=expected, evidence=evidence, share=share)


def _misuses(port: int) -> list[Misuse]:
    return [
        Misuse((), (2,)),
        Misuse(("http",), (1,)),
        Misuse(("70000",), (1,)),
        Misuse((f"{port + 1}x",), (1,)),
        Misuse(("-5",), (1, 2)),
        Misuse((str(port),), (1,), in_use=port),
    ]


def _start(run: Run, stack: ExitStack, misuse: Misuse, wrap: Sequence[str] = ()) -> Attempt:
    box = stack.enter_context(run.sandbox())
    if misuse.in_use:
        blocker = stack.enter_context(box.dialer.sockets(1)[0])
        blocker.bind((HOST, misuse.in_use))
        blocker.listen()
    argv = [str(run.program()), *misuse.words]
    process = box.start(argv, limits=run.limits, wrap=wrap, stdout=subprocess.DEVNULL)
    return Attempt(misuse, box, process)


def _testimony(run: Run, misuse: Misuse) -> list[Evidence]:
    """The last calls of a second run, under strace; nothing where it cannot be traced."""
    with suppress(*NOT_TRACED):
        recording = record(run, run.program(), CALLS, stacks=True)
        with ExitStack() as stack:
            attempt = _start(run, stack, misuse, recording.strace.argv())
            attempt.process.ended(run.limit(AGAIN))
            calls = recording.trace().calls()
        return recording.exhibit(calls[-LAST:], note=f"({misuse}, run a second time, under strace)")
    return []


def _wait(run: Run, attempts: list[Attempt]) -> None:
    """Give all of them the same time to end. Raises Failed if they only start others."""
    end = time.monotonic() + run.limit(PATIENCE)
    for attempt in attempts:
        while not attempt.process.ended(LOOK) and time.monotonic() < end:
            _expect_room(run, attempts)


def _expect_room(run: Run, attempts: list[Attempt]) -> None:
    if any(full(attempt.box, run) for attempt in attempts):
        expected = "a message and the end"
        raise Failed(multiplies(run), expected=expected, reason=PROCESS_LIMIT)


def _complaint(run: Run, attempt: Attempt) -> str:
    """Return what is wrong with the reaction, or nothing."""
    misuse, process = attempt.misuse, attempt.process
    if not process.ended():
        return f"{misuse}: it runs on"
    ending = process.wait(run.limit(PATIENCE))
    if ending.code not in misuse.codes:
        return f"{misuse}: {ending}, not {' or '.join(map(str, misuse.codes))}"
    if not process.stderr_text().strip():
        return f"{misuse}: {ending} without a message on stderr"
    return ""
