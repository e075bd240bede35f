"""The echo itself: every byte, to the right client, in order, to the end."""

from __future__ import annotations

from itertools import cycle, repeat
from typing import Iterable

from grader.outcome import Failed, check
from grader.checks.epoll.listening import NotListening
from grader.checks.epoll.server import STEP, Server, serving
from grader.checks.epoll.witness import witnessed
from grader.load import PeerError, SlowReader, echo_streams, stream
from grader.load.drive import drive
from grader.load.flow import Flow
from grader.run import Run

MIB = 1 << 20
GULP = 2048  # bytes that a slow client reads at a time
GROWTH = 16 * MIB  # of the server, while one client does not read


@check("echo.basic")
def test_basic(run: Run) -> None:
    """Send one byte, 64 KiB of random data, every byte value, runs of NULs and many small writes."""
    payloads = {
        "one byte": (b"\n", cycle([1])),
        "64 KiB": (stream(run.job.seed, 1, 65536), cycle([65536])),
        "every byte value": (bytes(range(256)), cycle([256])),
        "1,000 NULs": (bytes(1000), cycle([1000])),
        "500 small writes": (stream(run.job.seed, 2, 5000), cycle([1, 19])),
    }

    failures: list[Failed] = []
    for what, (data, pieces) in payloads.items():
        try:
            _basic(run, what, data, pieces, told=bool(failures))
        except NotListening:
            raise
        except Failed as failure:
            failures.append(failure)
    if failures:
        observed = "\n".join(failure.observed for failure in failures)
        expected, share = "exactly the bytes that were sent", 1 - len(failures) / len(payloads)
        raise Failed(observed, expected=expected, evidence=failures[0].evidence, share=share)


def _basic(run: Run, what: str, data: bytes, pieces: Iterable[int], *, told: bool) -> None:
    """Send one payload to a server of its own; told: a trace has shown already what such a server does.

    Raises Failed.
    """

    def body(server: Server) -> None:
        with server.peer() as peer:
            try:
                peer.expect_echo(data, pieces=pieces)
            except PeerError as error:
                raise server.failed(
                    f"{what}: {error}", "exactly the bytes that were sent"
                ) from error

    if told:
        with serving(run) as server:
            body(server)
    else:
        witnessed(run, body)


@check("echo.order")
def test_order(run: Run) -> None:
    """Let 50 clients send random chunks at the same time and compare what each of them gets back."""
    streams = [stream(run.job.seed, number, 30_000) for number in range(50)]

    def body(server: Server) -> None:
        limit, quiet = run.limit(2 * STEP), run.limit(STEP)
        outcome = echo_streams(
            server.dialer, server.port, streams, limit, run.job.seed, quiet=quiet
        )
        server.expect(outcome, "each client gets its own bytes back, all of them, in order")

    witnessed(run, body)


@check("echo.half_close")
def test_half_close(run: Run) -> None:
    """Send 1 MiB, shut down the sending side while it is under way, and read everything to its end."""
    data = stream(run.job.seed, 0, MIB)
    expected = "all bytes that were sent, then end-of-file"

    def body(server: Server) -> None:
        for connect in (server.peer, server.narrow_peer):
            with connect() as peer:
                taken = peer.offer(data, quiet=0.05)
                peer.shutdown_write()
                try:
                    peer.expect(data[:taken])
                    peer.expect_eof()
                except PeerError as error:
                    raise server.failed(str(error), expected) from error

    witnessed(run, body)
    witnessed(run, body, "-e")


@check("partial.write")
def test_partial_write(run: Run) -> None:
    """Read slowly through a tiny window, so that the server's writes come back short, and compare."""
    data = stream(run.job.seed, 0, MIB // 2)

    def body(server: Server) -> None:
        with server.narrow_peer() as peer:
            taken = peer.offer(data, quiet=0.05)
            flow = Flow(peer.sock, 0, {0: data}, repeat(len(data)), gulp=GULP, sent=taken)
            outcome = drive([flow], run.limit(2 * STEP), quiet=run.limit(STEP))
        server.expect(outcome, "what a short write left over follows, once, in order")

    witnessed(run, body)
    witnessed(run, body, "-e")


@check("slow.reader")
def test_slow_reader(run: Run) -> None:
    """Offer 64 MiB from one client that never reads; 100 others must be answered meanwhile."""

    def body(server: Server) -> None:
        with SlowReader(server.dialer, server.port, run.job.seed, limit=run.limit(STEP)) as slow:
            server.expect(slow.opened, "100 clients are served")
            before = server.process.ledger().rss_bytes
            taken = slow.press(64 * MIB)
            answered = slow.ask_others()
            grown = server.process.ledger().rss_bytes - before
            server.expect(answered, "100 other clients are answered while one does not read")
            if grown > GROWTH:
                raise _hoarder(server, taken, grown)

    witnessed(run, body)


def _hoarder(server: Server, taken: int, grown: int) -> Failed:
    observed = (
        f"the server took {taken / MIB:.1f} MiB from a client that reads nothing, "
        f"and grew by {grown / MIB:.1f} MiB"
    )
    expected = f"it stops reading from that client and grows by {GROWTH // MIB} MiB at most"
    return server.failed(observed, expected)
