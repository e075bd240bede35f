"""Run a scenario; where it fails, run it again under strace and let the trace tell why."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Callable

from grader.checks.epoll.listening import NotListening
from grader.checks.epoll.server import Server, serving
from grader.checks.epoll.traced import traced
from grader.outcome import Failed
from grader.result import Evidence
from grader.recording import NOT_TRACED, Recording
from grader.run import Run
from grader.strace.ask import ACCEPTS, Trace
from grader.strace.call import Call
from grader.strace.descriptors import Descriptor

Body = Callable[[Server], None]

CALLS = (
    *("socket", "listen", "accept", "accept4", "fcntl", "ioctl", "close", "shutdown", "dup"),
    *("read", "recv", "recvfrom", "recvmsg", "readv", "epoll_ctl", "epoll_create1", "epoll_create"),
    *("write", "send", "sendto", "sendmsg", "writev", "epoll_wait", "epoll_pwait", "epoll_pwait2"),
)
SECOND = "(the last calls before the failure, when it was run a second time, under strace)"
LAST = 4  # calls that are shown where nothing better is known


def witnessed(run: Run, body: Body, *flags: str) -> None:
    """Run body(server) on a fresh server. Raises Failed, with trace lines where they could be had."""
    try:
        with serving(run, *flags) as server:
            body(server)
    except NotListening:
        raise
    except Failed as failure:
        failure.evidence = (*_testimony(run, body, flags), *failure.evidence)
        raise


def _testimony(run: Run, body: Body, flags: tuple[str, ...]) -> list[Evidence]:
    """What the trace of a second run shows; nothing if it does not fail again, or cannot be traced."""
    recordings: list[Recording] = []
    with suppress(*NOT_TRACED):
        try:
            with traced(run, CALLS, *flags, stacks=True) as (server, recording):
                recordings.append(recording)
                body(server)
            return []
        except Failed:
            moment = time.time()
        if recordings:
            return _telling(recordings[0], recordings[0].trace().between(0.0, moment))
    return []


def _telling(recording: Recording, trace: Trace) -> list[Evidence]:
    """The calls that tell most: a death, a call that blocks, bytes that were lost, or the last ones."""
    deaths = [exit for exit in trace.exits() if exit.signal and exit.signal != "SIGKILL"]
    if deaths:
        before = [call for call in trace.calls() if call.index < deaths[0].index]
        return recording.exhibit(before[-2:], note=f"then: killed by {deaths[0].signal}")
    blocked = _blocked(trace)
    if blocked:
        return recording.exhibit(
            blocked[:1], note="it never returned: it blocks, and with it all others"
        )
    losing = [connection for connection in trace.connections() if _owed(trace, connection) > 0]
    if losing:
        return _loss(recording, trace, losing[0])
    return recording.exhibit(trace.calls()[-LAST:], note=SECOND)


def _blocked(trace: Trace) -> list[Call]:
    """Calls on sockets that had not returned when the server was ended."""
    transfers = (transfer.call for transfer in trace.transfers())
    return [call for call in (*transfers, *trace.calls(*ACCEPTS)) if call.unfinished]


def _owed(trace: Trace, connection: Descriptor) -> int:
    """Bytes that were read from a connection and never written back to it."""
    read = sum(transfer.moved for transfer in trace.reads(connection))
    return read - sum(transfer.moved for transfer in trace.writes(connection))


def _loss(recording: Recording, trace: Trace, connection: Descriptor) -> list[Evidence]:
    """What happened on a connection that did not get all of its bytes back."""
    transfers = trace.transfers(connection)
    calls = [transfer.call for transfer in transfers]
    refused = [each.call for each in transfers if each.out and (each.short or each.call.failed)]
    closed = [
        call
        for call in trace.calls("close", "shutdown")
        if (found := trace.descriptor(call)) is not None and found.file is connection.file
    ]
    read = sum(transfer.moved for transfer in trace.reads(connection))
    note = f"on {connection}: {read} bytes read, {read - _owed(trace, connection)} written"
    chosen = [*refused[:2], *calls[-2:], *closed[:1]]
    return recording.exhibit(sorted(chosen, key=lambda call: call.index), note=note)
