"""What a message costs the server, against a thread per connection on the same machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from grader.checks.epoll.listening import START
from grader.checks.epoll.server import STEP, Server, serving
from grader.load import Crowd, rate
from grader.outcome import Inconclusive, check
from grader.process import Process
from grader.run import Run

YARDSTICK = Path(__file__).with_name("yardstick.c")
IDLE, ACTIVE = 1_000, 100  # connections, and how many of them talk
ROUNDS, SECONDS = 2, 0.12  # alternating rounds, and how long each of them lasts
BANDS = ((0.8, 1.0), (0.6, 0.7), (0.4, 0.4), (0.2, 0.2))  # least ratio, share of the points


@check("speed")
def test_speed(run: Run) -> None:
    """Talk on 100 of 1,000 connections, in turn to this server and to one with a thread for each; compare
    what CPU time a message costs them."""
    yardstick = run.helper(YARDSTICK)
    with serving(run) as server, Crowd(server.dialer, server.port) as crowd:
        server.expect(crowd.grow(IDLE, run.limit(STEP)), f"{IDLE:,} connections are served")
        peer, port = _start_yardstick(server, yardstick)
        with Crowd(server.dialer, port) as others:
            if not others.grow(IDLE, run.limit(STEP)).good:
                raise Inconclusive("the yardstick did not serve its connections")
            ours, theirs = _compare(server.process, crowd, peer, others)
            _judge(server, ours, theirs)


def _start_yardstick(server: Server, yardstick: Path) -> tuple[Process, int]:
    """Start the thread-per-connection server beside the student's; return it and its port."""
    run, port = server.run, server.port + 1
    limits = replace(run.limits, processes=4 * IDLE, memory=64 << 10)
    process = server.box.start([yardstick, str(port)], limits=limits)
    if not process.ready(port, run.limit(START)):
        raise Inconclusive(f"the yardstick did not start: {process.stderr_text().strip()}")
    return process, port


def _compare(process: Process, crowd: Crowd, peer: Process, others: Crowd) -> tuple[float, float]:
    """Return microseconds of CPU time a message, of the server and of the yardstick."""
    spent = [0.0, 0.0]
    messages = [0, 0]
    for number in range(ROUNDS):
        for index, (who, members) in enumerate(((process, crowd), (peer, others))):
            active = [members.socks[each] for each in range(number, IDLE, IDLE // ACTIVE)]
            before = who.cpu_seconds()
            messages[index] += rate(active, SECONDS).messages + ACTIVE
            spent[index] += who.cpu_seconds() - before
    return tuple(1e6 * cpu / count for cpu, count in zip(spent, messages))  # type: ignore


def _judge(server: Server, ours: float, theirs: float) -> None:
    ratio = theirs / max(ours, 1e-9)
    share = next((share for least, share in BANDS if ratio >= least), 0.0)
    if share < 1.0:
        observed = (
            f"a message costs {ours:.1f} microseconds of CPU time, {theirs:.1f} with a thread "
            f"per connection: a ratio of {ratio:.2f}"
        )
        failure = server.failed(observed, f"a ratio of at least {BANDS[0][0]:g}")
        failure.share = share
        raise failure
