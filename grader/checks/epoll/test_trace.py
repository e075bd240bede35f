"""What the server asks of the kernel: checks that read its system calls."""

from __future__ import annotations

import time
from typing import Iterable

from grader.checks.epoll.server import Server
from grader.checks.epoll.traced import traced
from grader.ledger import processes_in
from grader.load import Peer
from grader.outcome import Failed, check
from grader.recording import Recording
from grader.run import Run
from grader.strace.ask import Trace
from grader.strace.call import Call
from grader.strace.run import TraceTooLong

OPENING = ("socket", "listen", "accept", "accept4", "fcntl", "ioctl", "close", "dup")
WAITING = ("epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select", "pselect6")
EPOLL = ("epoll_create", "epoll_create1", "epoll_ctl")
READING = ("read", "recv", "recvfrom", "recvmsg", "readv")
WRITING = ("write", "send", "sendto", "sendmsg", "writev")
SPAWNING = ("clone", "fork", "vfork")
FEW, MANY = 5, 35  # clients before and after which processes and threads are counted
UNANNOUNCED = 0.2  # share of messages that may be read before epoll has announced them
IDLE = 100  # clients of epoll.idle
IDLE_CPU = 0.1  # seconds of CPU time in one second of idleness
IDLE_WAITS = 120  # returns of epoll_wait in that second: a tick every 10 ms is still fair


@check("nonblock.sockets")
def test_nonblocking(run: Run) -> None:
    """Follow the listening and the accepted sockets: none can block when it is accepted from, read or written."""
    with traced(run, OPENING + EPOLL + READING + WRITING, stacks=True) as (server, recording):
        for number in range(3):
            with server.peer(number) as peer:
                server.expect_echo(peer, "a first message")
    trace = recording.trace()
    _expect_nonblocking(recording, _blocking_accepts(trace), "accept can block the whole server")
    _expect_nonblocking(recording, _blocking_transfers(trace), "it can block the whole server")


def _blocking_accepts(trace: Trace) -> list[Call]:
    """The first accept on each listening socket that is in blocking mode then."""
    for call in trace.calls("accept", "accept4"):
        listener = trace.descriptor(call)
        if listener is not None and not listener.file.nonblocking(call.index):
            return [each for each in (listener.opened, call) if each is not None]
    return []


def _blocking_transfers(trace: Trace) -> list[Call]:
    """The first read or write of an accepted socket that could have blocked, after its accept."""
    for transfer in trace.transfers():
        if transfer.descriptor.kind == "connection" and not transfer.nonblocking:
            opened = transfer.descriptor.file.opened
            return [each for each in (opened, transfer.call) if each is not None]
    return []


def _expect_nonblocking(recording: Recording, calls: list[Call], why: str) -> None:
    if not calls:
        return
    used = calls[-1]
    observed = f"{used.name} is called on descriptor {used.fd}, which is in blocking mode: {why}"
    expected = "every socket is non-blocking (accept4, fcntl, ioctl) or used with MSG_DONTWAIT"
    raise Failed(observed, expected=expected, evidence=recording.exhibit(calls))


@check("epoll.used")
def test_epoll_used(run: Run) -> None:
    """Watch how the server learns that data has come, from whom, and how many threads that takes."""
    calls = OPENING + EPOLL + WAITING + READING + WRITING + SPAWNING
    with traced(run, calls, stacks=True) as (server, recording):
        peers = _met(server, 0, FEW)
        before = len(processes_in(server.box.holder)), server.process.ledger().threads
        peers += _met(server, FEW, MANY)
        after = len(processes_in(server.box.holder)), server.process.ledger().threads
        begin = time.time()
        for _ in range(3):
            for peer in peers[:10]:
                server.expect_echo(peer, "one message at a time")
        end = time.time()
    trace = recording.trace()
    _expect_no_crowd(recording, trace, before, after)
    _expect_no_poll(recording, trace)
    _expect_announced(recording, trace, begin, end)


def _met(server: Server, first: int, end: int) -> list[Peer]:
    """Clients number `first` to `end`, each greeted once."""
    peers = server.peers(end - first, first)
    for peer in peers:
        server.expect_echo(peer, "a first message")
    return peers


def _expect_no_crowd(
    recording: Recording, trace: Trace, before: tuple[int, int], after: tuple[int, int]
) -> None:
    """Processes and threads must not grow with the number of connections."""
    for what, few, many in zip(("processes", "threads"), before, after):
        if many - few >= (MANY - FEW) // 2:
            observed = f"{few} {what} with {FEW} clients, {many} with {MANY}"
            evidence = recording.exhibit(trace.spawns()[-2:])
            expected = f"the number of {what} does not grow with the number of clients"
            raise Failed(observed, expected=expected, evidence=evidence)


def _expect_no_poll(recording: Recording, trace: Trace) -> None:
    for wait in trace.waits("poll", "select"):
        if any(descriptor.kind == "connection" for descriptor in wait.descriptors):
            observed = f"{wait.call.name} waits for connections"
            evidence = recording.exhibit([wait.call])
            raise Failed(observed, expected="epoll waits for them", evidence=evidence)


def _expect_announced(recording: Recording, trace: Trace, begin: float, end: float) -> None:
    """Each read that brings data follows an epoll_wait that named its connection, since the last one."""
    quiet = trace.between(begin, end)
    reads = [read for read in quiet.reads() if read.moved and read.descriptor.kind == "connection"]
    unannounced = []
    for read in reads:
        named = [returned.call.index for returned in trace.epoll_returns(read.descriptor)]
        earlier = [
            each.call.index
            for each in trace.reads(read.descriptor)
            if each.moved and each.call.index < read.call.index
        ]
        if not any(max(earlier, default=0) < index < read.call.index for index in named):
            unannounced.append(read.call)
    if not reads or len(unannounced) > UNANNOUNCED * len(reads):
        observed = (
            f"{len(unannounced)} of {len(reads)} messages were read without epoll_wait naming them"
        )
        if not reads:
            observed = "no read of any message is in the trace of the server and its threads"
        evidence = recording.exhibit(_around(trace, unannounced[:1]))
        expected = "epoll_wait returns and names the connection, then the data is read"
        raise Failed(observed, expected=expected, evidence=evidence)


def _around(trace: Trace, calls: Iterable[Call]) -> list[Call]:
    """Each call with the three of its thread before it."""
    found: list[Call] = []
    for call in calls:
        before = [
            each for each in trace.calls() if each.pid == call.pid and each.index < call.index
        ]
        found += [*before[-3:], call]
    return found


@check("epoll.idle")
def test_idle(run: Run) -> None:
    """Leave 100 connections idle for one second; count CPU time and returns of epoll_wait."""
    with traced(run, WAITING) as (server, recording):
        peers = _met(server, 0, IDLE)
        spent, begin = server.process.cpu_seconds(), time.time()
        server.process.ended(1.0)
        spent, end = server.process.cpu_seconds() - spent, time.time()
        server.expect_alive("with idle connections")
        server.expect_echo(peers[0], "after a second of idleness")
    try:
        returned = recording.trace().between(begin, end).waits()
        count = f"{len(returned)}"
    except TraceTooLong:
        returned, count = (), "more than can be read"
    seconds = max(end - begin, 1.0)
    many = count.startswith("more") or len(returned) > IDLE_WAITS * seconds
    if spent > IDLE_CPU * seconds or many:
        observed = (
            f"{spent:.2f} s of CPU time and {count} returns of a wait "
            f"in {end - begin:.1f} s in which nothing happened"
        )
        evidence = recording.exhibit([wait.call for wait in returned[:3]])
        expected = "an idle server sleeps in epoll_wait"
        raise Failed(observed, expected=expected, evidence=evidence)
