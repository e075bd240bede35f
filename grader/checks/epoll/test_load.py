"""Many connections at once, and many one after the other."""

from __future__ import annotations

from typing import NoReturn

from grader.outcome import Failed, Inconclusive, check
from grader.checks.epoll.server import STEP, Server, serving
from grader.ledger import count_fds
from grader.load import Crowd, Outcome, TooFewDescriptors, churn
from grader.run import Run

RUNGS = (100, 1_000, 5_000, 10_000)
CLIMB = 15.0  # seconds for one rung
TALKERS, MESSAGES = 4, 6  # how many talk, and how much in a round, while the others are idle
COST_ROUNDS = 8
GROWTH = 12.0  # times the CPU time of a message that all those idle connections may cost
SPINNING = 0.004  # seconds of CPU time in a tenth of a second without any message
SHORT = 20_000  # connections of load.churn
WARM_UP = 2_000  # of them, before memory is first measured
LEAK = 1 << 20  # bytes that the rest may add


@check("load.ladder")
def test_ladder(run: Run) -> None:
    """Open 100, 1,000, 5,000 and 10,000 connections at once and exchange a message on every one; then see
    whether a message costs more CPU time the more connections there are."""
    with serving(run) as server, Crowd(server.dialer, server.port, run.job.seed) as crowd:
        costs: list[float] = []
        for climbed, rung in enumerate(RUNGS):
            share = climbed / len(RUNGS)
            try:
                outcome = _climb(server, crowd, rung)
            except TooFewDescriptors as limit:
                raise Inconclusive(str(limit), share=share) from limit
            if not outcome.good:
                _fell(server, f"{rung:,} connections at once", share, str(outcome))
            costs.append(_cost(server, crowd))
        growth = costs[-1] / max(costs[0], 1e-9)
        if growth > GROWTH and not _spins(server):
            observed = (
                f"a message costs {costs[0]:.1f} microseconds of CPU time with {RUNGS[0]:,} connections, "
                f"{costs[-1]:.1f} with {RUNGS[-1]:,}: every event looks at all of them"
            )
            _fell(server, "a cost that does not grow with idle connections", 0.5, observed)


def _climb(server: Server, crowd: Crowd, rung: int) -> Outcome:
    """Fill the crowd up to `rung` connections and exchange a message on every one."""
    limit, quiet = server.run.limit(CLIMB), server.run.limit(STEP)
    old = crowd.echo(limit, quiet=quiet)
    return old + crowd.grow(rung - len(crowd.socks), limit, quiet=quiet)


def _cost(server: Server, crowd: Crowd) -> float:
    """Return microseconds of the server's CPU time for one message, while all other connections are idle.

    It is the cheapest of several rounds: a busy machine makes the others dear, with cold caches.
    """
    members = list(crowd.socks)[:TALKERS]
    spent = []
    for _ in range(COST_ROUNDS):
        before = server.process.cpu_seconds()
        for _ in range(MESSAGES):
            crowd.echo(server.run.limit(STEP), members)
        spent.append(server.process.cpu_seconds() - before)
    return 1e6 * min(spent) / (MESSAGES * TALKERS)


def _spins(server: Server) -> bool:
    """Whether it computes while nothing happens, which epoll.idle judges: then a cost per message means nothing."""
    before = server.process.cpu_seconds()
    server.process.ended(0.1)
    return server.process.cpu_seconds() - before > SPINNING


def _fell(server: Server, expected: str, share: float, observed: str) -> NoReturn:
    failure = server.failed(f"{expected}: {observed}", f"{expected}")
    failure.share = share
    raise failure


@check("load.churn")
def test_churn(run: Run) -> None:
    """Open and end 20,000 short connections; descriptors and memory return to where they were."""
    with serving(run) as server:
        descriptors = count_fds(server.process.pid)
        _churn(server, WARM_UP)
        left = server.settle(descriptors)
        before = server.process.ledger().rss_bytes
        if left <= descriptors:
            _churn(server, SHORT - WARM_UP)
            left = server.settle(descriptors)
        if left > descriptors:
            observed = (
                f"{left} descriptors are open after all clients have gone, {descriptors} before"
            )
            raise server.failed(observed, "every connection's descriptor is closed")
        grown = server.process.ledger().rss_bytes - before
        if grown > LEAK:
            raise _leaky(server, grown)


def _churn(server: Server, total: int) -> None:
    limit, quiet = server.run.limit(8 * STEP), server.run.limit(STEP)
    outcome = churn(server.dialer, server.port, total, limit=limit, quiet=quiet)
    server.expect(outcome, "each short connection is answered and closed")


def _leaky(server: Server, grown: int) -> Failed:
    each = grown / (SHORT - WARM_UP)
    observed = (
        f"{SHORT - WARM_UP:,} connections left {grown >> 10} KiB behind, {each:.0f} bytes each"
    )
    return server.failed(observed, "memory returns to where it was")
