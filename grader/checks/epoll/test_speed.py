"""How fast the server is, against a thread per connection on the same machine in the same second."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import median

from grader.checks.epoll.server import START, STEP, Server, serving
from grader.load import Crowd, rate
from grader.outcome import Inconclusive, check
from grader.run import Run

YARDSTICK = Path(__file__).with_name("yardstick.c")
IDLE, ACTIVE = 1_000, 100  # connections, and how many of them talk
ROUNDS, SECONDS = 5, 0.2  # alternating rounds, and how long each of them lasts
SPREAD = 3.0  # fastest to slowest round of the yardstick: beyond that nothing can be measured
BANDS = ((1.0, 1.0), (0.7, 0.7), (0.4, 0.4), (0.2, 0.2))  # least ratio, share of the points


@check("speed")
def test_speed(run: Run) -> None:
    """Talk on 100 of 1,000 connections, in turn to this server and to one with a thread for each."""
    yardstick = run.helper(YARDSTICK)
    with serving(run) as server, Crowd(server.dialer, server.port) as crowd:
        server.expect(crowd.grow(IDLE, run.limit(STEP)), f"{IDLE:,} connections are served")
        yardstick_port = _start_yardstick(server, yardstick)
        with Crowd(server.dialer, yardstick_port) as others:
            if not others.grow(IDLE, run.limit(STEP)).good:
                raise Inconclusive("the yardstick did not serve its connections")
            ratio, rates = _compare(crowd, others)
    share = next((share for least, share in BANDS if ratio >= least), 0.0)
    if share < 1.0:
        observed = f"{ratio:.2f} times the rate of a thread per connection: {rates}"
        failure = server.failed(observed, f"at least {BANDS[0][0]:g} times that rate")
        failure.share = share
        raise failure


def _start_yardstick(server: Server, yardstick: Path) -> int:
    """Start the thread-per-connection server beside the student's; return its port."""
    run, port = server.run, server.port + 1
    limits = replace(run.limits, processes=4 * IDLE, memory=64 << 10)
    process = server.box.start([yardstick, str(port)], limits=limits)
    if not process.ready(port, run.limit(START)):
        raise Inconclusive(f"the yardstick did not start: {process.stderr_text().strip()}")
    return port


def _compare(crowd: Crowd, others: Crowd) -> tuple[float, str]:
    """Return the median of the ratios, round by round, and the rates in words."""
    ours, theirs = [], []
    for number in range(ROUNDS):
        for members, found in ((crowd, ours), (others, theirs)):
            active = [members.socks[index] for index in range(number, IDLE, IDLE // ACTIVE)]
            found.append(rate(active, SECONDS).per_second)
    if max(theirs) > SPREAD * min(theirs):
        raise Inconclusive(f"the machine is too busy: the yardstick made {_words(theirs)}")
    ratio = median(mine / other for mine, other in zip(ours, theirs))
    return ratio, f"{_words(ours)} messages/s against {_words(theirs)}"


def _words(rates: list[float]) -> str:
    return ", ".join(f"{each:,.0f}" for each in rates)
