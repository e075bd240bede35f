"""Whether a server comes to listen, and what is said of one that does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.ledger import processes_in
from grader.outcome import OUTPUT_LIMIT, PROCESS_LIMIT, TIME_LIMIT, WRONG, Failed
from grader.run import Run
from grader.sandbox import Sandbox

if TYPE_CHECKING:
    from grader.checks.epoll.server import Server

START = 3.0  # seconds that a server may take until it listens, on a fast machine
LOOKS = 10  # times in which it is looked whether it only multiplies
HINT = (
    "Which of socket(2), bind(2) and listen(2) has been called by then, and what did each return?"
)
FULL = 0.9  # of the processes that a sandbox may hold: more than any server starts


class NotListening(Failed):
    """It does not listen: nothing else needs to be tried with it."""


def expect_listening(server: Server) -> None:
    """Wait until the server listens. Raises NotListening."""
    limit = server.run.limit(START)
    for _ in range(LOOKS):
        if server.process.ready(server.port, limit / LOOKS):
            return
        if server.process.ended() or full(server.box, server.run):
            break
    raise _not_listening(server, limit)


def full(box: Sandbox, run: Run) -> bool:
    """Return whether a sandbox has hardly room for any more processes: nobody should wait for such a program."""
    return box.holder != 0 and len(processes_in(box.holder)) >= FULL * run.limits.processes


def multiplies(run: Run) -> str:
    """Return what is said of a program that has filled its sandbox."""
    return f"it starts processes, up to the limit of {run.limits.processes}"


def _not_listening(server: Server, limit: float) -> NotListening:
    expected, reason = f"it listens on 127.0.0.1:{server.port}", TIME_LIMIT
    if server.process.ended():
        observed = f"the server ended before it listened: {server.ending()}"
        reason = OUTPUT_LIMIT if "SIGXFSZ" in observed else WRONG
    elif full(server.box, server.run):
        observed = f"{multiplies(server.run)}, and listens on no port"
        reason = PROCESS_LIMIT
    else:
        observed = f"port {server.port} was not listened on after {limit:.0f} s"
    return NotListening(
        observed, expected=expected, evidence=server.exhibits(), reason=reason, hint=HINT
    )
