"""Peers that read slowly, or not at all."""

from __future__ import annotations

from typing import Any

from grader.load.crowd import Crowd
from grader.load.data import stream
from grader.load.dialer import Dialer
from grader.load.drive import Outcome
from grader.load.peer import LIMIT, Peer

OFFER = 64 << 20  # bytes that the slow reader would like to send
BUFFER = 64 << 10  # bytes of the slow reader's own socket buffers, kept small
QUIET = 0.1  # seconds after which a server that takes nothing counts as having stopped
SEGMENT = 1448  # bytes of its TCP segments, as on a wire: what the kernel holds stays small too
TINY = 4096  # bytes of SO_RCVBUF at a peer with a tiny window
PART = 1 << 18  # bytes that it reads between two times of sending
FIRST = 1 << 20  # bytes of the stream that are made at first


class SlowReader:
    """One peer that sends and sends and never reads, while others want to be served.

    A context manager, so that the server can be looked at while all this goes on:

        with SlowReader(dialer, port, seed) as slow:
            taken = slow.press()              # bytes; the server should have stopped taking more
            answered = slow.ask_others()      # an Outcome
            memory = process.ledger().rss_bytes
            slow.drain()                      # at last it reads: every byte taken comes back

    others: how many more connections, each proved alive at the start (`opened`, an Outcome); rcvbuf: bytes
    of the slow reader's receive buffer. Raises PeerError when the slow connection itself goes wrong.
    """

    def __init__(
        self,
        dialer: Dialer,
        port: int,
        seed: int = 0,
        others: int = 100,
        rcvbuf: int = BUFFER,
        limit: float = LIMIT,
    ):
        self._seed = seed
        self._limit = limit
        self._data = b""
        self._others = Crowd(dialer, port, seed)
        self.opened = self._others.grow(others, limit)
        self.peer = Peer.open(
            dialer, port, others, limit, rcvbuf=rcvbuf, sndbuf=BUFFER, segment=SEGMENT
        )

    def __enter__(self) -> SlowReader:
        return self

    def __exit__(self, *_: Any) -> None:
        self.peer.close()
        self._others.close()

    def press(self, most: int = OFFER, quiet: float = QUIET) -> int:
        """Send, up to `most` bytes in all, until nothing is taken for `quiet` seconds; return bytes so far."""
        while self.peer.sent < most:
            if self.peer.sent == len(self._data):
                self._prolong(most)
            piece = self._data[self.peer.sent : most]
            if self.peer.offer(piece, quiet, self._limit) < len(piece):
                break
        return self.peer.sent

    def _prolong(self, most: int) -> None:
        """Double the stream: a longer one begins with the shorter."""
        length = min(max(2 * len(self._data), FIRST), most)
        self._data = stream(self._seed, self.peer.number, length)

    def ask_others(self) -> Outcome:
        """Send a message on each of the other connections; all must come back within the limit."""
        return self._others.echo(self._limit)

    def drain(self, most: int = OFFER) -> None:
        """Read, and compare, what was sent so far, at most `most` bytes."""
        begin = self.peer.received
        self.peer.expect(self._data[begin : min(self.peer.sent, begin + most)], self._limit)


def tiny_window(
    dialer: Dialer, port: int, seed: int = 0, rounds: int = 3, limit: float = LIMIT
) -> int:
    """Echo to a peer with a tiny receive buffer; return how many bytes came back right.

    It sends until nothing more is taken, reads a part and sends again: each of these `rounds` makes at least
    one write of the server come out short. limit: seconds for each step. Raises PeerError.
    """
    with SlowReader(dialer, port, seed, others=0, rcvbuf=TINY, limit=limit) as slow:
        for _ in range(rounds):
            slow.press(quiet=QUIET / 2)
            slow.drain(PART)
        slow.drain()
        return slow.peer.received
