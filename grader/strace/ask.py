"""Questions about a trace, as checks ask them. Every answer is made of calls: the evidence.

    trace = Trace.of(text, program="/tmp/build/echo_server")
    trace.calls("accept4", "accept")            every accept of the program, in order
    trace.between(t0, t1).epoll_returns()       how often it woke up between two moments
    trace.blocking_sockets()                    the sockets on which it made calls that could block
    trace.level_triggered()                     the connections registered without EPOLLET
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from grader.strace.announce import EpollReturn
from grader.strace.call import Call
from grader.strace.descriptors import Descriptor
from grader.strace.epoll import Registration
from grader.strace.flow import Flows
from grader.strace.trace import grouped
from grader.strace.transfer import Transfer
from grader.strace.waits import Wait

ACCEPTS = ("accept", "accept4")


@dataclass(frozen=True)
class Blocking:
    """A socket that can block, and the calls that show it: its opening, what could block."""

    descriptor: Descriptor
    calls: tuple[Call, ...]


@dataclass(frozen=True, eq=False)
class Trace(Flows):
    """A trace with the questions that checks of network programs ask."""

    # -- how sockets block -------------------------------------------------------------------------

    def opened_nonblocking(self, descriptor: Descriptor) -> bool:
        """Return whether the call that opened it asked for non-blocking mode already."""
        opened = descriptor.file.opened
        return opened is not None and bool(descriptor.file.nonblocking(opened.end_index))

    def blocking_calls(self, descriptor: Descriptor) -> tuple[Call, ...]:
        """Return the reads, writes and accepts on it that could block (no MSG_DONTWAIT)."""
        accepts = (
            call
            for call in self._accepts_by_file.get(id(descriptor.file), ())
            if descriptor.file.nonblocking(call.index) is False
        )
        moved = (t.call for t in self.transfers(descriptor) if t.nonblocking is False)
        return tuple(sorted((*accepts, *moved), key=lambda call: call.index))

    @cached_property
    def _accepts_by_file(self) -> dict[int, list[Call]]:
        used = ((self.descriptor(call), call) for call in self.calls(*ACCEPTS))
        return grouped((id(d.file), call) for d, call in used if d is not None)

    def waited_on_before_nonblocking(self, descriptor: Descriptor) -> Call | None:
        """Return the first wait for it (of any kind) that began or ended while it could block."""
        file = descriptor.file
        began = (
            w.call for w in self.waits_for(descriptor) if file.nonblocking(w.call.index) is False
        )
        ended = (
            r.call
            for r in self.epoll_returns(descriptor)
            if file in r.files() and file.nonblocking(r.call.end_index) is False
        )
        found = sorted((*began, *ended), key=lambda call: call.index)
        return found[0] if found else None

    def waits_for(self, descriptor: Descriptor) -> tuple[Wait, ...]:
        """Return the waits (epoll, poll, select) that began with its file among theirs."""
        file = descriptor.file
        polled = [
            w for w in self.waits("poll", "select") if any(d.file is file for d in w.descriptors)
        ]
        by_epoll = {
            wait.call.index: wait
            for r in self._all.registrations(descriptor)
            for wait in self._waits_by_set.get(id(r.epoll.file), ())
            if r.active_at(wait.call.index)
        }
        return tuple(sorted((*polled, *by_epoll.values()), key=lambda wait: wait.call.index))

    @cached_property
    def _waits_by_set(self) -> dict[int, list[Wait]]:
        used = ((self.descriptor(wait.call), wait) for wait in self.waits("epoll"))
        return grouped((id(d.file), wait) for d, wait in used if d is not None)

    def blocking_sockets(self) -> tuple[Blocking, ...]:
        """Return the listening and accepted sockets on which calls were made that could block.

        Fair to every style: non-blocking by accept4, fcntl or ioctl, at any time before the first
        read or write; MSG_DONTWAIT on every call; a thread that only accepts may block in accept,
        unless the listening socket is also waited for.
        """
        found = []
        for descriptor in (*self.listeners(), *self._all.connections()):
            calls = self.blocking_calls(descriptor)
            if calls and descriptor.file.listen is not None:
                waited = self.waits_for(descriptor)[:1]
                calls = (waited[0].call, *calls) if waited else ()
            if calls:
                opened = () if descriptor.opened is None else (descriptor.opened,)
                found.append(Blocking(descriptor, (*opened, *calls)))
        return tuple(found)

    # -- what epoll is used for --------------------------------------------------------------------

    def level_triggered(self) -> tuple[Registration, ...]:
        """Return the registrations of accepted sockets for data (EPOLLIN) without EPOLLET."""
        return tuple(
            r
            for r in self.registrations()
            if r.target.kind == "connection" and "EPOLLIN" in r.events and "EPOLLET" not in r.events
        )

    def unannounced_reads(self) -> tuple[Transfer, ...]:
        """Return the reads that got data from a connection without epoll having announced any.

        An announcement holds until a read finds nothing more (EAGAIN). Before the first write or
        EAGAIN a connection may be read without one (right after accept). A correct program may
        still have a few of these, where data arrived at that very moment: judge their share.
        """
        return tuple(read for c in self._all.connections() for read in self._unannounced(c))

    def _unannounced(self, connection: Descriptor) -> list[Transfer]:
        announced = [(r.call.end_index, r) for r in self._all.epoll_returns(connection)]
        moved = [(t.call.index, t) for t in self._all.transfers(connection)]
        events: list[tuple[int, EpollReturn | Transfer]] = [*announced, *moved]
        found, expected, fresh = [], True, True
        for _, event in sorted(events, key=lambda pair: pair[0]):
            if isinstance(event, EpollReturn):
                expected, fresh = True, False
            elif event.out:
                expected, fresh = expected and not fresh, False
            elif event.again:
                expected = False
            elif event.moved and not expected and event.call in self:
                found.append(event)
        return found

    def undrained_reads(self) -> tuple[Transfer, ...]:
        """Return the reads that filled their buffer and were the last before the next wait.

        When edge-triggered, what they left unread may never be announced.
        """
        waiting = self._all.waits()
        return tuple(
            read
            for connection in self._all.connections()
            for read, after in self._pairs(connection)
            if read.moved
            and read.moved == read.asked
            and read.call in self
            and any(
                wait.call.pid == read.call.pid
                and read.call.index < wait.call.index
                and (after is None or wait.call.index < after.call.index)
                for wait in waiting
            )
        )

    def _pairs(self, connection: Descriptor) -> list[tuple[Transfer, Transfer | None]]:
        reads = [t for t in self._all.transfers(connection) if not t.out]
        return list(zip(reads, [*reads[1:], None]))
