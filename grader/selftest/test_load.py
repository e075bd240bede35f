"""The load generator: it accepts an honest server, and names what a wrong one does."""

from __future__ import annotations

import os
import socket
from itertools import repeat
from typing import Any, Iterator

import pytest

from grader.outcome import Failed, Inconclusive
from grader.load import (
    Crowd,
    Dialer,
    Peer,
    PeerError,
    SlowReader,
    TooFewDescriptors,
    Trouble,
    chunk_sizes,
    churn,
    echo_streams,
    ladder,
    rate,
    resets,
    shown,
    stream,
    tiny_window,
)
from grader.load.diagnose import diagnose, first_difference
from grader.selftest.echo_thread import CLOSE, RESET, Connection, EchoThread

LIMIT = 5.0  # seconds: nothing that goes well takes nearly as long
SOON = 0.2  # seconds, where the end of the limit is what is tested


@pytest.fixture(name="dialer", scope="module")
def _dialer() -> Iterator[Dialer]:
    with Dialer() as dialer:
        yield dialer


def streams(count: int, length: int) -> list[bytes]:
    return [stream(1, number, length) for number in range(count)]


def at(offset: int, change: Any) -> Any:
    """A manner: `change` is applied once, to the bytes of connection 1 from `offset` of its stream on."""

    def manner(peer: Connection, data: bytes) -> Any:
        here = offset - peer.seen
        if peer.number != 1 or not 0 <= here < len(data):
            return data
        answer = change(data[here:])
        return data[:here] + answer if isinstance(answer, bytes) else answer

    return manner


def trouble_of(dialer: Dialer, manner: Any, **options: Any) -> Trouble:
    """Echo three streams through a server with this manner; return the one trouble that there is."""
    with EchoThread(manner, **options) as server:
        outcome = echo_streams(dialer, server.port, streams(3, 40_000), LIMIT, quiet=SOON)
    assert outcome.ok == 2 and len(outcome.troubles) == 1
    return outcome.troubles[0]


# -- data --------------------------------------------------------------------------------------


def test_streams_are_seeded_distinct_and_of_all_byte_values() -> None:
    data = stream(1, 2, 65536)
    assert data == stream(1, 2, 65536) and data.startswith(stream(1, 2, 100))
    assert set(data) == set(range(256))
    assert len({stream(seed, n, 16) for seed in range(9) for n in range(9)}) == 81


def test_chunks_are_seeded_and_of_every_magnitude() -> None:
    sizes = [size for size, _ in zip(chunk_sizes(1, 2), range(500))]
    assert sizes[:9] == [size for size, _ in zip(chunk_sizes(1, 2), range(9))]
    assert min(sizes) == 1 and 8192 < max(sizes) <= 16384


# -- what a difference looks like ---------------------------------------------------------------


@pytest.mark.parametrize("right", [0, 1, 7, 8, 9, 99])
def test_first_difference(right: int) -> None:
    data = stream(1, 1, 100)
    assert first_difference(data, data[:right]) == right
    assert (
        first_difference(data, data[:right] + bytes([data[right] ^ 1]) + data[right + 1 :]) == right
    )
    assert first_difference(data, data + b"more") == 100


@pytest.mark.parametrize(
    ("got", "text"),
    [
        (lambda own, other: own[300:], "bytes 200…299 are missing (100 bytes)"),
        (
            lambda own, other: own[150:250],
            "bytes 150…213 or more came a second time, at offset 200",
        ),
        (lambda own, other: own[150:190] + own[200:], "bytes 150…189 came a second time"),
        (
            lambda own, other: other[64:],
            "bytes of connection 2 (from its offset 64) came on connection 1",
        ),
        (lambda own, other: bytes(20), "20 bytes or more are NUL"),
        (lambda own, other: bytes([own[200] ^ 1]) + own[201:], "1 byte changed, those after it"),
        (lambda own, other: b"\r\n" + own[200:], "2 bytes too many, that were not sent"),
        (lambda own, other: b"abc", ""),
        (lambda own, other: b"something else altogether", ""),
    ],
)
def test_diagnose(got: Any, text: str) -> None:
    own, other = stream(1, 1, 1000), stream(1, 2, 1000)
    said = diagnose({1: own, 2: other}, 1, 200, got(own, other)[:64])
    assert said.startswith(text) and bool(said) == bool(text)


def test_diagnose_tells_when_the_lost_bytes_begin_with_nul() -> None:
    own = stream(1, 1, 1000)
    nul = own.index(0)
    assert diagnose({1: own}, 1, nul, own[nul + 50 :]).endswith("the first of them is a NUL byte")


def test_bytes_are_shown_as_hex_and_text() -> None:
    assert shown(b"hi\0") == "68 69 00  |hi.|"
    assert shown(bytes(99)) == "00 " * 11 + "00 …  |............|"


# -- streams -----------------------------------------------------------------------------------


@pytest.mark.parametrize("half_close", [False, True])
def test_an_honest_server_gets_every_stream_right(dialer: Dialer, half_close: bool) -> None:
    data = [*streams(20, 30_000), b"", b"x"] if half_close else streams(20, 30_000)
    with EchoThread() as server:
        outcome = echo_streams(dialer, server.port, data, LIMIT, half_close=half_close)
    assert outcome.good and outcome.ok == len(data)
    outcome.demand()


def test_lost_bytes_are_named(dialer: Dialer) -> None:
    trouble = trouble_of(dialer, at(5000, lambda data: data[10:]))
    assert (trouble.kind, trouble.connection, trouble.offset) == ("wrong", 1, 5000)
    assert trouble.detail.startswith("bytes 5000…50") and "are missing" in trouble.detail
    assert trouble.expected[:9] == stream(1, 1, 40_000)[5000:5009]
    assert "connection 1: byte 5000 is wrong\n  expected  " in str(trouble)


def test_repeated_bytes_are_named(dialer: Dialer) -> None:
    trouble = trouble_of(dialer, at(5000, lambda data: stream(1, 1, 5000)[4000:] + data))
    assert trouble.detail == "bytes 4000…4063 or more came a second time, at offset 5000"


def test_swapped_connections_are_named(dialer: Dialer) -> None:
    trouble = trouble_of(dialer, at(5000, lambda data: stream(1, 2, 9000)[100:200] + data))
    assert trouble.detail == "bytes of connection 2 (from its offset 100) came on connection 1"


def test_a_server_that_stops_at_nul_is_caught(dialer: Dialer) -> None:
    with EchoThread(lambda peer, data: data.split(b"\0")[0]) as server:
        outcome = echo_streams(dialer, server.port, streams(3, 40_000), LIMIT, quiet=SOON)
    assert "the first of them is a NUL byte" in str(outcome)


def test_more_than_was_sent(dialer: Dialer) -> None:
    trouble = trouble_of(dialer, at(39_999, lambda data: data + b"!"))
    assert (trouble.kind, trouble.offset, trouble.got) == ("extra", 40_000, b"!")


def test_early_close_and_reset(dialer: Dialer) -> None:
    closed = trouble_of(dialer, at(5000, lambda data: CLOSE))
    assert closed.kind in ("closed", "reset") and closed.offset <= 5000
    reset = trouble_of(dialer, at(5000, lambda data: RESET))
    assert reset.kind == "reset" and "ECONNRESET" in str(reset) or "EPIPE" in str(reset)


def test_silence(dialer: Dialer) -> None:
    trouble = trouble_of(dialer, at(39_999, lambda data: b""))
    assert (trouble.kind, trouble.offset, trouble.sent) == ("silent", 39_999, 40_000)
    assert trouble.waited >= SOON * 0.9 and "nothing came back for" in str(trouble)


def test_the_tail_lost_at_half_close(dialer: Dialer) -> None:
    with EchoThread(loses_tail=True) as server, Peer.open(dialer, server.port, rcvbuf=4096) as peer:
        with pytest.raises(PeerError):
            data = stream(1, 0, 16 << 20)
            peer.expect_echo(data[: peer.offer(data, SOON)], LIMIT, half_close=True)


def test_no_end_of_file(dialer: Dialer) -> None:
    with EchoThread(ends=False) as server:
        outcome = echo_streams(
            dialer, server.port, streams(1, 99), LIMIT, half_close=True, quiet=SOON
        )
    assert outcome.troubles[0].kind == "open" and "no end-of-file" in str(outcome)


def test_the_first_trouble_shortens_the_wait(dialer: Dialer) -> None:
    """One stream is wrong at once, another would be silent until the limit."""

    def manner(peer: Connection, data: bytes) -> bytes:
        return bytes(len(data)) if peer.number == 1 else b"" if peer.number == 2 else data

    with EchoThread(manner) as server:
        outcome = echo_streams(dialer, server.port, streams(3, 4000), 60)
    assert outcome.seconds < 5 and len(outcome.troubles) == 1 and outcome.asked == 3


def test_nobody_listens(dialer: Dialer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(PeerError, match="no connection .ECONNREFUSED"):
        echo_streams(dialer, port, [b"x"], LIMIT)
    with Crowd(dialer, port) as crowd:
        outcome = crowd.grow(3, LIMIT)
    assert outcome.ok == 0 and outcome.troubles[0].kind == "refused"
    with pytest.raises(Failed, match="0 of 3"):
        outcome.demand()


# -- one peer ----------------------------------------------------------------------------------


def test_a_peer_by_hand(dialer: Dialer) -> None:
    with EchoThread() as server, Peer.open(dialer, server.port, limit=LIMIT) as peer:
        peer.send(b"hello\0world\n")
        assert peer.receive_exactly(5) == b"hello"
        peer.expect(b"\0world\n")
        peer.expect_echo(bytes(range(256)), pieces=repeat(1))
        assert peer.waiting() == b"" and peer.sent == peer.received == 268
        peer.shutdown_write()
        peer.expect_eof()


def test_a_peer_reports_what_it_got_instead(dialer: Dialer) -> None:
    with EchoThread(lambda peer, data: data.upper()) as server:
        with Peer.open(dialer, server.port, 7, limit=SOON) as peer:
            peer.send(b"Hello")
            with pytest.raises(PeerError, match="connection 7: byte 1 is wrong"):
                peer.expect(b"Hello")
            peer.send(b"HI")
            peer.expect(b"HI")
            with pytest.raises(PeerError, match="nothing came back for [12]..? ms"):
                peer.receive()
            with pytest.raises(PeerError, match="no end-of-file"):
                peer.expect_eof()
            peer.send(b"x")
            with pytest.raises(PeerError, match="more than was sent"):
                peer.expect_eof()


def test_a_peer_is_closed_upon(dialer: Dialer) -> None:
    with EchoThread(lambda peer, data: CLOSE) as server:
        with Peer.open(dialer, server.port, limit=LIMIT) as peer:
            peer.send(b"Hello")
            with pytest.raises(PeerError, match="closed by the server at offset 0"):
                peer.receive_exactly(5)


def test_a_peer_error_is_a_verdict_with_evidence(dialer: Dialer) -> None:
    with EchoThread(lambda peer, data: b"?" + data) as server:
        with Peer.open(dialer, server.port, limit=LIMIT) as peer:
            with pytest.raises(Failed) as caught:
                peer.expect_echo(stream(1, 1, 100))
    assert caught.value.observed == "connection 0: byte 0 is wrong"
    assert "1 byte too many" in caught.value.evidence[0].text


# -- crowds ------------------------------------------------------------------------------------


def test_the_ladder(dialer: Dialer) -> None:
    with EchoThread() as server:
        outcomes = list(ladder(dialer, server.port, [10, 100, 300], LIMIT))
    assert [outcome.asked for outcome in outcomes] == [10, 100, 300]
    assert all(outcome.good for outcome in outcomes)


def test_the_ladder_stops_where_the_server_does(dialer: Dialer) -> None:
    with EchoThread(most=50) as server:
        outcomes = list(ladder(dialer, server.port, [10, 100, 300], SOON))
    assert [outcome.ok for outcome in outcomes] == [10, 50]
    assert outcomes[1].troubles[0].kind == "silent"


def test_a_crowd_loses_members_that_fail_and_names_the_mix_up(dialer: Dialer) -> None:
    last = b""

    def manner(peer: Connection, data: bytes) -> bytes:
        nonlocal last
        last, before = data, last
        return before if peer.number == 4 else data

    with EchoThread(manner) as server, Crowd(dialer, server.port) as crowd:
        outcome = crowd.grow(9, LIMIT)
        assert outcome.troubles[0].detail.startswith("bytes of connection ")
        assert sorted(crowd.socks) == [0, 1, 2, 3, 5, 6, 7, 8]
        assert crowd.echo(LIMIT).ok == 8 and crowd.echo(LIMIT, members=[1, 2]).ok == 2


def test_churn(dialer: Dialer) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with EchoThread() as server:
        assert churn(dialer, server.port, 1500, limit=LIMIT).ok == 1500
    assert len(os.listdir("/proc/self/fd")) == before


def test_churn_stops_at_the_first_trouble(dialer: Dialer) -> None:
    with EchoThread(ends=False) as server:
        outcome = churn(dialer, server.port, 5000, limit=LIMIT, quiet=SOON)
    assert outcome.troubles[0].kind == "open" and outcome.asked == 1000


def test_rate(dialer: Dialer) -> None:
    with EchoThread() as server, Crowd(dialer, server.port) as crowd:
        crowd.grow(20, LIMIT)
        result = rate([crowd.socks[number] for number in range(5)], 0.05)
        assert result.messages > 50 and 0 < result.p50_us <= result.p99_us
        assert rate(crowd.socks.values(), 0.02, size=16384).messages > 0
        assert crowd.echo(LIMIT).good


@pytest.mark.parametrize(
    ("change", "kind"),
    [(bytes.swapcase, "wrong"), (lambda _: b"", "silent"), (lambda _: CLOSE, "closed")],
)
def test_rate_verifies(dialer: Dialer, change: Any, kind: str) -> None:
    messages = 0

    def manner(_: Connection, data: bytes) -> Any:
        nonlocal messages
        messages += 1
        return data if messages < 20 else change(data)

    with EchoThread(manner) as server, Peer.open(dialer, server.port) as peer:
        with pytest.raises(PeerError) as caught:
            rate([peer.sock], 1.0, limit=SOON)
    assert caught.value.trouble.kind == kind


# -- rude and slow peers -----------------------------------------------------------------------


def test_resets(dialer: Dialer) -> None:
    with EchoThread() as server:
        outcome = resets(dialer, server.port, count=20, limit=LIMIT)
    assert outcome.good and outcome.asked >= 15


def test_a_slow_reader_is_not_served_for_ever(dialer: Dialer) -> None:
    with EchoThread() as server, SlowReader(dialer, server.port, 1, others=5, limit=LIMIT) as slow:
        assert slow.opened.good
        taken = slow.press()
        assert taken < 32 << 20 and slow.ask_others().good
        slow.drain()
        assert slow.peer.received == taken


def test_a_tiny_window(dialer: Dialer) -> None:
    with EchoThread() as server:
        assert tiny_window(dialer, server.port, 1, rounds=2, limit=LIMIT) > 1 << 18


def test_a_tiny_window_finds_the_lost_tail(dialer: Dialer) -> None:
    with EchoThread(loses_tail=True) as server:
        with pytest.raises(PeerError) as caught:
            tiny_window(dialer, server.port, 1, rounds=2, limit=LIMIT)
    assert caught.value.trouble.kind in ("wrong", "silent")


# -- descriptors -------------------------------------------------------------------------------


def test_too_few_descriptors_is_inconclusive_and_leaks_none(dialer: Dialer) -> None:
    before = len(os.listdir("/proc/self/fd"))
    limit = os.sysconf("SC_OPEN_MAX")
    if limit > 50_000:
        pytest.skip("this machine allows too many descriptors to run out of them quickly")
    with pytest.raises(TooFewDescriptors) as caught:
        dialer.sockets(limit)
    assert isinstance(caught.value, Inconclusive) and caught.value.have == limit
    assert len(os.listdir("/proc/self/fd")) == before
