"""SIGTERM at the worst moment: after the server has tested its flag, before it sleeps in epoll_wait.

The tool latesignal lets the signal come there, every time: a right server can be interrupted anywhere.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from grader import paths
from grader.checks.epoll.server import STEP, Server, serving
from grader.checks.epoll.traced import traced
from grader.load import Peer, PeerError
from grader.outcome import Failed
from grader.process import TimeLimit
from grader.recording import NOT_TRACED
from grader.result import Evidence
from grader.run import Run
from grader.tcp_table import own_queues
from grader.under import GDB

SHARE = 0.75  # of the points, for a server that ends well at any other moment
SOON = 1.0  # seconds until a server that has answered waits again


def end_late(run: Run, patience: float) -> None:
    """Let SIGTERM come right before the server sleeps again; not judged if it makes no such wait.

    patience: seconds in which it must end. Raises Failed.
    """
    if run.job.under == GDB:
        return  # a program has one tracer
    program, report = run.program(), run.scratch("late")
    tool = [str(paths.tool("latesignal")), "-s", "TERM", "-p", str(program), "-o", str(report)]
    try:
        with serving(run, wrap=[*tool, "--"]) as server, server.peer() as peer:
            server.expect_echo(peer, "before the signal")
            _talk_and_arm(server, peer)
            if server.process.until(lambda: _struck(report) != "", run.limit(SOON)):
                _expect_end(server, report, run.limit(patience))
    except Failed as failure:
        failure.share = SHARE
        failure.evidence = (*_place(run, _struck(report)), *failure.evidence)
        raise


def _talk_and_arm(server: Server, peer: Peer) -> None:
    """The server gets one more message, and sees it before the signal.

    While the tool stands still, the server stops where it waits next; going on arms the tool, which
    strikes before the first wait that would sleep: all that was there has been dealt with.
    """
    server.process.freeze_tracer()
    try:
        peer.send(b"and then SIGTERM\n")
        server.process.until(lambda: _arrived(server, peer), server.run.limit(STEP))
    finally:
        server.process.thaw_tracer()


def _arrived(server: Server, peer: Peer) -> bool:
    """Whether the message is in the server's receive buffer, or was read from it already."""
    return server.queues(peer)[1] > 0 or peer.readable(0) or own_queues(peer.sock)[0] == 0


def _struck(report: Path) -> str:
    """What latesignal tells of the call that it struck; "" if it struck none."""
    first, _, story = report.read_text("utf-8").partition("\n") if report.exists() else ("", "", "")
    return story.strip() if first.startswith("struck=1") else ""


def _call(story: str) -> str:
    """The name of the call that was struck."""
    return "".join(re.findall(r"right before (\w+)", story))


def _expect_end(server: Server, report: Path, limit: float) -> None:
    """Raise Failed unless the server ends with status 0 within `limit` seconds."""
    moment = f"SIGTERM arrived right before {_call(_struck(report))} slept"
    try:
        ending = server.process.wait(limit)
        observed = "" if ending.code == 0 else f"{moment}: {ending}"
    except TimeLimit:
        asleep = server.process.ledger().state == "S"
        where = f"sleeps in {_call(_struck(report))}" if asleep else "runs"
        observed = f"{moment}, and was never acted upon: it still {where}"
    if observed:
        expected = "SIGTERM ends it with exit status 0, whenever it comes"
        raise server.failed(observed, expected, [Evidence("trace", _struck(report))])


def _place(run: Run, story: str) -> list[Evidence]:
    """The call in the student's file, from another run; nothing if it cannot be traced."""
    if not story:
        return []
    with suppress(*NOT_TRACED, Failed, PeerError):
        with traced(run, (_call(story),), stacks=True) as (server, recording):
            with server.peer() as peer:
                server.expect_echo(peer, "before the signal")
        waits = [call for call in recording.trace().calls() if call.stack]
        return recording.exhibit(waits[-1:], note="what sets a flag right before it is not seen")
    return []
