"""Edge-triggered events: what is not drained is never announced again."""

from __future__ import annotations

from grader.checks.epoll.server import Server
from grader.checks.epoll.traced import traced
from grader.load import Peer, PeerError, stream
from grader.load.socket_options import unacknowledged
from grader.outcome import Failed, check
from grader.recording import Recording
from grader.run import Run
from grader.strace.ask import Trace

CALLS = (
    *(
        "socket",
        "listen",
        "accept",
        "accept4",
        "close",
        "epoll_create",
        "epoll_create1",
        "epoll_ctl",
    ),
    *("epoll_wait", "epoll_pwait", "epoll_pwait2"),
)
BURST = 512 << 10  # bytes that arrive before the server looks
BURSTS = 3  # a short write in between would hide what is forgotten: hardly three times
ROOM = 4 << 20  # bytes of buffer, so that a burst arrives whole and no write is short
ARRIVES = 0.5  # seconds until the kernel of the server has all that was sent; it may have no room


@check("edge.drain")
def test_edge(run: Run) -> None:
    """With -e: let a burst arrive, and several connections, before the server looks; nothing follows."""
    with traced(run, CALLS, "-e", room=ROOM) as (server, recording):
        with server.peer(0) as bell:
            server.expect_echo(bell, "a first message")
            with server.wide_peer(1) as peer:
                server.expect_echo(peer, "a first message")
                _expect_edge(recording.trace(), recording)
                for number in range(BURSTS):
                    _burst(server, bell, peer, stream(run.job.seed, number, BURST))
            _several(server, bell)


def _expect_edge(trace: Trace, recording: Recording) -> None:
    """All accepted connections are registered with EPOLLET."""
    for connection in trace.connections():
        for registration in trace.registrations(connection):
            if "EPOLLET" not in registration.events:
                observed = f"connection {connection} is registered without EPOLLET"
                evidence = recording.exhibit([registration.call])
                raise Failed(observed, expected="-e: edge-triggered events", evidence=evidence)


def _burst(server: Server, bell: Peer, peer: Peer, data: bytes) -> None:
    """One edge, much data: what one read leaves behind is announced by nothing.

    First the same amount one after the other, so that the kernel's buffers grow.
    """
    server.expect_echo(peer, "a long message", data)
    with server.held(bell):
        taken = peer.offer(data, quiet=0.05)
        server.process.until(lambda: unacknowledged(peer.sock) == 0, server.run.limit(ARRIVES))
    try:
        peer.expect(data[:taken])
    except PeerError as error:
        observed = f"{taken} bytes came with one event; then nothing more was sent: {error}"
        raise server.failed(observed, "read until EAGAIN: all of them come back") from error


def _several(server: Server, bell: Peer) -> None:
    """One edge of the listener, eight connections."""
    with server.held(bell):
        peers = server.peers(8, first=2)
        for peer in peers:
            peer.send(b"hello")
    for peer in peers:
        try:
            peer.expect(b"hello")
        except PeerError as error:
            observed = f"8 connections came with one event: {error}"
            raise server.failed(observed, "accept until EAGAIN: all are served") from error
