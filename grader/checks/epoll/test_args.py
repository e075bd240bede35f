"""What the server says to those who use it wrongly."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass

from grader.checks.epoll.server import pick_port
from grader.outcome import Failed, check
from grader.process import Process, TimeLimit
from grader.result import Evidence
from grader.run import Run
from grader.tcp_table import listening_ports

PATIENCE = 2.0  # seconds in which wrong uses are refused, all of them


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
        started = [
            (
                misuse,
                box.start([program, *misuse.words], limits=run.limits, stdout=subprocess.DEVNULL),
            )
            for misuse in misuses
        ]
        end = time.monotonic() + run.limit(PATIENCE)
        wrong = [_complaint(misuse, process, end) for misuse, process in started]
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


def _complaint(misuse: Misuse, process: Process, end: float) -> str:
    """Return what is wrong with the reaction, or nothing; end: when there should be one (time.monotonic)."""
    try:
        ending = process.wait(end - time.monotonic())
    except TimeLimit:
        return f"{misuse}: it runs on"
    if ending.code not in misuse.codes:
        return f"{misuse}: {ending}, not {' or '.join(map(str, misuse.codes))}"
    if not process.stderr_text().strip():
        return f"{misuse}: {ending} without a message on stderr"
    return ""
