"""A talk: one sandbox, a room in it, and its members, each with its own pipes or terminal."""

from __future__ import annotations

import select
import signal
import time
from itertools import combinations
from random import Random
from typing import Any, Callable, Iterable, Sequence

from grader.checks.ipc.exhibits import exhibits
from grader.checks.ipc.member import Ends, Member
from grader.ending import Exit as Ending
from grader.outcome import TIME_LIMIT, WRONG, Failed
from grader.process import TimeLimit
from grader.result import Evidence
from grader.run import Run
from grader.sandbox import Room

START = 3.0  # seconds for members to find each other, on a fast machine
STEP = 3.0  # seconds for what was said to arrive
NOTICE = 2.0  # seconds in which a death is noticed
UMASK = ("/bin/sh", "-c", 'umask "$0"; exec "$@"')
NAMES = "ann bob cem dan eve fay gil hal ida joe kim leo mia ned oda pam".split()
Condition = Callable[[], bool]


class Talk:
    """A context manager. Members start by `start` and `gather`; `until` moves all bytes meanwhile."""

    def __init__(
        self, run: Run, backend: str = "posix", label: str = "", tmpfs_bytes: int = 64 << 20
    ):
        self.run, self.backend = run, backend
        self.random = Random(f"{run.job.seed}:{run.check.id}:{label}:{backend}")
        self.room = f"room{self.random.randrange(10**6)}"
        self.members: list[Member] = []
        self._paused: set[str] = set()
        self._program = run.program()
        self.box = run.sandbox(Room(readable=run.room().readable, tmpfs_bytes=tmpfs_bytes))

    def __enter__(self) -> Talk:
        self.box.__enter__()
        return self

    def __exit__(self, *_: Any) -> None:
        self.box.__exit__()
        for member in self.members:
            member.close()

    # -- members -------------------------------------------------------------------------------

    def start(
        self, name: str, wrap: Sequence[str] = (), terminal: bool = False, umask: str = ""
    ) -> Member:
        """Start one more chat in the room; it need not have joined yet."""
        ends = Ends(terminal)
        command = [*((*UMASK, umask) if umask else ()), str(self._program), *self.arguments(name)]
        stdin, stdout = ends.theirs
        limits = self.run.limits
        try:
            process = self.box.start(command, limits=limits, wrap=wrap, stdin=stdin, stdout=stdout)
        finally:
            ends.close_theirs()
        return self.adopt(Member(name, ends, process))

    def arguments(self, name: str) -> list[str]:
        """Return what stands behind the program on the command line of a member."""
        return ["-b", self.backend, self.room, name]

    def adopt(self, member: Member) -> Member:
        """Take care of a member that was started in another way."""
        self.members.append(member)
        return member

    def gather(self, count: int, terminals: int = 0) -> list[Member]:
        """Start so many members, the first of them on terminals, and wait until all have joined."""
        names = self.random.sample(NAMES, count)
        members = [self.start(name, terminal=i < terminals) for i, name in enumerate(names)]
        self.expect_linked(members)
        return members

    def join(self, name: str, others: Sequence[Member], **options: Any) -> Member:
        """Start a member and wait until it and all the others know of each other."""
        member = self.start(name, **options)
        self.expect_linked([*others, member])
        return member

    def expect_linked(self, members: Sequence[Member], limit: float = START) -> None:
        """Raise Failed unless of each two members one was told that the other joined."""
        # whoever has ended meets nobody any more
        self.until(lambda: not _strangers(members) or any(m.ended for m in members), limit)
        if strangers := _strangers(members):
            one, other = strangers[0]
            observed = f"neither was {one} told that {other} joined, nor {other} that {one} did"
            raise self.failed(observed, "`* NAME joined` for all who are there", (one, other))

    # -- events --------------------------------------------------------------------------------

    def until(self, condition: Condition, limit: float = STEP) -> bool:
        """Move bytes until condition() holds; False after `limit` seconds (of a fast machine)."""
        end = time.monotonic() + self.run.limit(limit)
        while not condition():
            if time.monotonic() > end:
                return False
            self._move(0.005)
        return True

    def watch(self, seconds: float, look: Callable[[], None] = lambda: None) -> None:
        """Move bytes for so long, and look(): where what must not happen is waited for."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            look()
            self._move(0.005)

    def _move(self, seconds: float) -> None:
        poll = select.poll()
        sources: dict[int, Member] = {}
        for member in self.members:
            member.write()
            if not member.ended and member.name not in self._paused and member.source != -1:
                poll.register(member.source, select.POLLIN)
                sources[member.source] = member
            if member.unread:
                poll.register(member.sink, select.POLLOUT)
        for descriptor, _ in poll.poll(1000 * seconds):
            if descriptor in sources:
                sources[descriptor].read()

    def pause(self, member: Member) -> None:
        """Read no more of what a member prints."""
        self._paused.add(member.name)

    def resume(self, member: Member) -> None:
        """Read again."""
        self._paused.discard(member.name)

    # -- ends ----------------------------------------------------------------------------------

    def leave(self, *members: Member) -> None:
        """End their input, and wait until they have ended with status 0."""
        for member in members:
            member.hang_up()
        for member in members:
            ending = self.ending(member)
            if ending.code != 0:
                observed = f"{member} ended with {ending} after the end of its input"
                raise self.failed(observed, "it leaves, exit status 0", (member,))

    def ending(self, member: Member, limit: float = STEP) -> Ending:
        """Return how a member ended. Raises Failed if it does not within `limit` seconds."""
        assert member.process is not None
        self.until(lambda: member.ended, limit)
        try:
            return member.process.wait(self.run.limit(0.5))
        except TimeLimit:
            observed = f"{member} does not end"
            raise self.failed(observed, "it leaves and ends", (member,)) from None

    def kill(self, *members: Member) -> None:
        """Kill members with SIGKILL, and wait until no kill(2) finds them any more."""
        for member in members:
            member.signal(signal.SIGKILL)
        self.until(lambda: all(member.process.reaped() for member in members if member.process))

    def dismiss(self) -> None:
        """End everybody, and forget them; the sandbox stays."""
        self.box.end_programs()
        self.forget()

    def forget(self) -> None:
        """Take care of nobody any more."""
        for member in self.members:
            member.close()
        self.members.clear()
        self._paused.clear()

    # -- failures ------------------------------------------------------------------------------

    def failed(
        self,
        observed: str,
        expected: str,
        members: Iterable[Member] = (),
        evidence: Iterable[Evidence] = (),
    ) -> Failed:
        """Return a failure, with what these members hold and said on stderr as evidence."""
        shown = [*evidence, *(exhibit for member in members for exhibit in exhibits(member))]
        late = any(sign in observed for sign in ("does not", "not told", "neither"))
        text, reason = f"-b {self.backend}: {observed}", TIME_LIMIT if late else WRONG
        return Failed(text, expected=expected, evidence=shown, reason=reason)


def _strangers(members: Sequence[Member]) -> list[tuple[Member, Member]]:
    pairs = combinations(members, 2)
    return [(one, other) for one, other in pairs if not (one.knows(other) or other.knows(one))]
