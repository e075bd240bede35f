"""What went through a program's descriptors, and what it waited for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from grader.strace.descriptors import Descriptor
from grader.strace.announce import EpollReturn, returns
from grader.strace.epoll import Registration, registrations
from grader.strace.trace import Events, grouped
from grader.strace.transfer import Transfer
from grader.strace.transfer import transfers as all_transfers
from grader.strace.waits import ALL as WAITING
from grader.strace.waits import Wait
from grader.strace.waits import waits as all_waits


@dataclass(frozen=True, eq=False)
class Flows(Events):
    """Events, with what moved through the descriptors and what was waited for."""

    @cached_property
    def _registered(self) -> tuple[Registration, ...]:
        if self.whole is not None:
            return tuple(r for r in self._all._registered if r.call in self)
        return registrations(self.calls(), self.tables)

    @cached_property
    def _returned(self) -> tuple[EpollReturn, ...]:
        if self.whole is not None:
            return tuple(r for r in self._all._returned if r.call in self)
        return returns(self.calls(), self.tables, self._registered)

    @cached_property
    def _transfers(self) -> tuple[Transfer, ...]:
        if self.whole is not None:
            return tuple(t for t in self._all._transfers if t.call in self)
        return all_transfers(self.calls(), self.tables)

    @cached_property
    def _waits(self) -> tuple[Wait, ...]:
        return all_waits(self.calls(*WAITING), self.tables, self._returned)

    # Answers about one descriptor come from these tables: a trace may have thousands of them.

    @cached_property
    def _registered_by_file(self) -> dict[int, list[Registration]]:
        return grouped((id(r.target.file), r) for r in self._registered)

    @cached_property
    def _returned_by_file(self) -> dict[int, list[EpollReturn]]:
        return grouped((id(file), r) for r in self._returned for file in r.files())

    @cached_property
    def _returned_in_part(self) -> list[EpollReturn]:
        return [r for r in self._returned if not r.complete]

    @cached_property
    def _transfers_by_file(self) -> dict[int, list[Transfer]]:
        return grouped((id(t.descriptor.file), t) for t in self._transfers)

    # -- questions ---------------------------------------------------------------------------------

    def registrations(self, descriptor: Descriptor | None = None) -> tuple[Registration, ...]:
        """Return the registrations in epoll sets: all, or those of one descriptor's file."""
        if descriptor is None:
            return self._registered
        return tuple(self._registered_by_file.get(id(descriptor.file), ()))

    def epoll_returns(self, descriptor: Descriptor | None = None) -> tuple[EpollReturn, ...]:
        """Return the ended waits on epoll sets: all, or those that announced a descriptor.

        A wait whose list strace did not print to its end may have announced anything, and counts.
        """
        if descriptor is None:
            return self._returned
        named = self._returned_by_file.get(id(descriptor.file), [])
        both = {r.call.index: r for r in (*self._returned_in_part, *named)}
        return (
            tuple(both[index] for index in sorted(both)) if self._returned_in_part else tuple(named)
        )

    def waits(self, *kinds: str) -> tuple[Wait, ...]:
        """Return the calls that wait: all, or those of the kinds "epoll", "poll", "select"."""
        return tuple(wait for wait in self._waits if not kinds or wait.kind in kinds)

    def transfers(self, descriptor: Descriptor | None = None) -> tuple[Transfer, ...]:
        """Return every attempt to move bytes: all, or those of one descriptor's file."""
        if descriptor is None:
            return self._transfers
        return tuple(self._transfers_by_file.get(id(descriptor.file), ()))

    def reads(self, descriptor: Descriptor | None = None) -> tuple[Transfer, ...]:
        """Return the transfers in."""
        return tuple(t for t in self.transfers(descriptor) if not t.out)

    def writes(self, descriptor: Descriptor | None = None) -> tuple[Transfer, ...]:
        """Return the transfers out."""
        return tuple(t for t in self.transfers(descriptor) if t.out)
