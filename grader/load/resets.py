"""Peers that reset their connection at the worst moments, while others go on."""

from __future__ import annotations

from typing import Callable

from grader.load.crowd import Crowd
from grader.load.data import stream
from grader.load.dialer import Dialer
from grader.load.drive import Outcome
from grader.load.peer import LIMIT, Peer
from grader.load.slow import BUFFER, SEGMENT, TINY
from grader.load.trouble import SILENT, PeerError

MESSAGE = 4096  # bytes
MOST = 4 << 20  # bytes: more than a server takes from a peer that does not read
SMALL = {"rcvbuf": TINY, "sndbuf": BUFFER, "segment": SEGMENT}  # see Dialer.connect
STOPPED = 0.02  # seconds in which nothing was taken


def at_once(peer: Peer) -> None:
    """Reset before the server can know that there was a connection."""
    peer.reset()


def unread(peer: Peer) -> None:
    """Reset with bytes on their way to the server."""
    peer.send(stream(0, peer.number, MESSAGE))
    peer.reset()


def half_closed(peer: Peer) -> None:
    """Send, shut down, reset: the server's next write finds the peer gone (EPIPE, and SIGPIPE)."""
    peer.send(stream(0, peer.number, MESSAGE))
    peer.shutdown_write()
    peer.reset()


def answered(peer: Peer) -> None:
    """Reset when all is quiet."""
    peer.expect_echo(stream(0, peer.number, MESSAGE))
    peer.reset()


def unwanted(peer: Peer) -> None:
    """Close with the answer unread, which the kernel turns into a reset, see tcp(7)."""
    peer.send(stream(0, peer.number, MESSAGE))
    peer.receive(1)
    peer.close()


def both_ways(peer: Peer) -> None:
    """Reset with bytes on their way in both directions, more than any buffer holds."""
    peer.offer(stream(0, peer.number, MOST), STOPPED)
    peer.reset()


MANNERS: tuple[Callable[[Peer], None], ...] = (at_once, unread, half_closed, answered, unwanted)


def resets(
    dialer: Dialer,
    port: int,
    seed: int = 0,
    count: int = 100,
    witnesses: int = 5,
    limit: float = LIMIT,
) -> Outcome:
    """Reset `count` connections in turn in each of MANNERS, and two `both_ways`; return what became of others.

    witnesses: connections that echo a message after every ten resets; one of them does after each, so that
    the next client finds a server that has seen the last. limit: seconds for each step of theirs. Raises
    PeerError when the server takes no new connection any more, or does not answer one.
    """
    plan = [*(MANNERS[number % len(MANNERS)] for number in range(count)), both_ways, both_ways]
    with Crowd(dialer, port, seed) as crowd:
        outcome = Outcome(0, 0, (), 0.0)
        for _ in range(witnesses):
            outcome += crowd.grow(1, limit)
        for number, manner in enumerate(plan, witnesses):
            with Peer.open(dialer, port, number, limit, **SMALL) as peer:
                _behave(manner, peer)
            if outcome.good:
                outcome += crowd.echo(limit, None if number % 10 == 0 else [0])
        return outcome + crowd.echo(limit)


def _behave(manner: Callable[[Peer], None], peer: Peer) -> None:
    """A rude peer may be cut off; but a server that is silent to it has been brought to a halt."""
    try:
        manner(peer)
    except PeerError as error:
        peer.reset()
        if error.trouble.kind == SILENT:
            raise
