"""What the server says to those who use it wrongly."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass

from grader.checks.epoll.listening import full
from grader.checks.epoll.server import pick_port
from grader.outcome import PROCESS_LIMIT, Failed, check
from grader.process import Process
from grader.result import Evidence
from grader.run import Run
from grader.sandbox import Sandbox
from grader.tcp_table import listening_ports

PATIENCE = 2.0  # seconds in which wrong uses are refused, all of them
LOOK = 0.1  # seconds between two looks at how many processes there are


@dataclass(frozen=True)
class Misuse:
    """One wrong command line, and the exit statuses that are right for it."""

    words: tuple[str, ...]
    codes: tuple[int, ...]
    what: str = ""

    def __str__(self) -> str:
        return " ".join(["echo_server", *self.words]) + self.what


@check("args.errors")
def test_args(run: Run) -> None:
    """Start it without a port, with ports that are none, and with one that is in use."""
    program = str(run.program())
    with run.sandbox() as box:
        taken = pick_port(run)
        blocker = box.dialer.sockets(1)[0]
        blocker.bind(("127.0.0.1", taken))
        blocker.listen()
        misuses = _misuses(taken)
        started: list[tuple[Misuse, Process]] = []
        for misuse in misuses:
            _expect_room(run, box)
            argv = [program, *misuse.words]
            process = box.start(argv, limits=run.limits, stdout=subprocess.DEVNULL)
            started.append((misuse, process))
        _wait(run, box, [process for _, process in started])
        wrong = [_complaint(run, misuse, process) for misuse, process in started]
        listening = sorted(listening_ports(box.holder or started[0][1].pid) - {taken})
        blocker.close()
    found = [text for text in wrong if text]
    if found:
        expected = "a message on stderr; exit status 2 without a port, 1 for a port that is wrong or in use"
        share = 1 - len(found) / len(wrong)
        ledger = (
            f"ports that it listens on all the same: {', '.join(map(str, listening)) or 'none'}"
        )
        evidence = [Evidence("ledger", ledger)]
        raise Failed("\n".join(found), expected=expected, evidence=evidence, share=share)


def _misuses(taken: int) -> list[Misuse]:
    return [
        Misuse((), (2,)),
        Misuse(("http",), (1,)),
        Misuse(("70000",), (1,)),
        Misuse((f"{taken + 1}x",), (1,)),
        Misuse(("-5",), (1, 2)),
        Misuse((str(taken),), (1,), " (a port in use)"),
    ]


def _wait(run: Run, box: Sandbox, processes: list[Process]) -> None:
    """Give all of them the same time to end. Raises Failed if they only start others."""
    end = time.monotonic() + run.limit(PATIENCE)
    for process in processes:
        while not process.ended(LOOK) and time.monotonic() < end:
            _expect_room(run, box)


def _expect_room(run: Run, box: Sandbox) -> None:
    if full(box, run):
        observed = f"it starts processes, up to the limit of {run.limits.processes}"
        raise Failed(observed, expected="a message and the end", reason=PROCESS_LIMIT)


def _complaint(run: Run, misuse: Misuse, process: Process) -> str:
    """Return what is wrong with the reaction, or nothing."""
    if not process.ended():
        return f"{misuse}: it runs on"
    ending = process.wait(run.limit(PATIENCE))
    if ending.code not in misuse.codes:
        return f"{misuse}: {ending}, not {' or '.join(map(str, misuse.codes))}"
    if not process.stderr_text().strip():
        return f"{misuse}: {ending} without a message on stderr"
    return ""
