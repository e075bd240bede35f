"""The model of descriptor tables: plays calls, records what becomes of each descriptor."""

from __future__ import annotations

from typing import Iterable, Iterator

from grader.strace.call import Call
from grader.strace.descriptors import KINDS, Descriptor, File, Mode
from grader.strace.descriptors import numbers_used, wanted_cloexec, wanted_nonblocking
from grader.strace.family import SPAWNING, Member

Table = dict[int, Descriptor]
PAIRS = {"pipe": 0, "pipe2": 0, "socketpair": 3}  # the argument that gets two descriptors


class Tables:
    """Plays calls in order; afterwards `descriptors` and `at` hold the answers.

    A call takes its descriptors when it begins and has its effect when it ends, except close(2),
    which gives the number free as soon as it begins. Results that strace injected have no effect.
    """

    def __init__(self, calls: Iterable[Call], members: dict[int, Member]):
        self.members = members
        self.descriptors: list[Descriptor] = []
        self.at: dict[tuple[int, int], Descriptor] = {}  # (index of call, number) → descriptor
        self._tables: dict[int, Table] = {}
        self._spawned = {m.spawn.index: pid for pid, m in members.items() if m.spawn}
        for call, ending in _steps(calls):
            step = self._end if ending else self._begin
            step(call)

    def used(self, call: Call, place: int = 0) -> Descriptor | None:
        """Return the descriptor that argument number `place` of a call means, or None."""
        number = call.arg(place).fd
        return None if number is None else self.at.get((call.index, number))

    # -- tables ------------------------------------------------------------------------------------

    def _table(self, pid: int, index: int) -> Table:
        if pid not in self._tables:
            member = self.members[pid]
            if member.parent is None:
                self._tables[pid] = {}
            else:
                parent = self._table(member.parent, index)
                shared = member.shares_files or member.thread
                self._tables[pid] = parent if shared else self._copy(parent, member, index)
        return self._tables[pid]

    def _copy(self, table: Table, member: Member, index: int) -> Table:
        return {
            number: self._add(old.file, number, member.process, member.spawn, index, old.cloexec)
            for number, old in table.items()
        }

    def _add(
        self, file: File, number: int, process: int, call: Call | None, index: int, cloexec: bool
    ) -> Descriptor:
        new = Descriptor(number, process, file, call, index, cloexec)
        file.descriptors.append(new)
        self.descriptors.append(new)
        return new

    def _close(self, table: Table, number: int, call: Call | None, index: int) -> None:
        old = table.pop(number, None)
        if old is not None:
            old.closed, old.end = call, index

    # -- steps -------------------------------------------------------------------------------------

    def _begin(self, call: Call) -> None:
        table = self._table(call.pid, call.index)
        for number in numbers_used(call):
            if call.errno == "EBADF" and number not in table:
                continue
            found = self._known(table, number, call)
            found.uses.append(call)
            self.at[call.index, number] = found
        closes = call.name == "close" and call.errno != "EBADF" and not call.injected
        if closes and call.fd is not None:
            self._close(table, call.fd, call, call.index)

    def _known(self, table: Table, number: int, call: Call) -> Descriptor:
        """The open descriptor `number`; one whose opening was not traced is made up now."""
        path = _path_of(call, number)
        known = table.get(number)
        if known is not None and _other(known.file.path, path):
            self._close(table, number, None, call.index)
            known = None
        if known is None:
            process = self.members[call.pid].process
            file = File("inherited", path, None)
            known = table[number] = self._add(file, number, process, None, call.index, False)
        return known

    def _end(self, call: Call) -> None:
        if call.unfinished or call.injected or (call.failed and call.name not in SPAWNING):
            return
        table = self._table(call.pid, call.index)
        if call.name in SPAWNING:
            self._spawn(call)
        elif call.name in PAIRS:
            for item in call.arg(PAIRS[call.name]).items:
                self._open(table, call, item.fd, item.path)
        elif call.name in ("execve", "execveat"):
            self._close_on_exec(table, call)
        elif call.name == "close_range":
            self._close_range(table, call)
        elif call.name in ("dup", "dup2", "dup3") or _duplicates(call):
            self._duplicate(table, call)
        elif call.name in KINDS or "<" in call.tail:
            self._open(table, call, call.result, call.result_path)
        elif call.name in ("fcntl", "ioctl", "listen"):
            self._set(table, call)

    def _spawn(self, call: Call) -> None:
        child = self._spawned.get(call.index)
        if child is not None:
            self._table(child, call.end_index)

    def _close_on_exec(self, table: Table, call: Call) -> None:
        for number in [number for number, held in table.items() if held.cloexec]:
            self._close(table, number, call, call.end_index)

    def _open(self, table: Table, call: Call, number: int | None, path: str) -> None:
        if number is None or number < 0:
            return
        kind = KINDS.get(call.name, "file")
        if kind == "signalfd" and number in table and table[number].kind == kind:
            return  # signalfd(2) of an existing one changes its mask
        file = File(kind, path, call)
        if kind == "connection":
            file.listener = self.used(call)
        file.modes.append(Mode(call.end_index, wanted_nonblocking(call), call))
        self._replace(table, call, number, file, wanted_cloexec(call))

    def _replace(self, table: Table, call: Call, number: int, file: File, cloexec: bool) -> None:
        self._close(table, number, call, call.end_index)
        process = self.members[call.pid].process
        table[number] = self._add(file, number, process, call, call.end_index, cloexec)

    def _duplicate(self, table: Table, call: Call) -> None:
        old = self.used(call)
        if old is not None and call.result is not None and call.result != old.number:
            self._replace(table, call, call.result, old.file, wanted_cloexec(call))

    def _close_range(self, table: Table, call: Call) -> None:
        first, last = call.arg(0).value or 0, call.arg(1).value
        for number in [n for n in table if n >= first and (last is None or n <= last)]:
            if "CLOSE_RANGE_CLOEXEC" in call.arg(2).flags:
                table[number].cloexec = True
            else:
                self._close(table, number, call, call.end_index)

    def _set(self, table: Table, call: Call) -> None:
        held = self.used(call)
        if held is None:
            return
        command = call.arg(1).flags
        if "F_SETFL" in command:
            held.file.modes.append(Mode(call.end_index, "O_NONBLOCK" in call.arg(2).flags, call))
        elif "F_GETFL" in command and not held.file.modes:
            held.file.modes.append(Mode(call.end_index, "O_NONBLOCK" in call.result_text, call))
        elif "FIONBIO" in command:
            held.file.modes.append(Mode(call.end_index, bool(call.arg(2).value), call))
        elif "F_SETFD" in command:
            held.cloexec = "FD_CLOEXEC" in call.arg(2).flags
        elif command & {"FIOCLEX", "FIONCLEX"}:
            held.cloexec = "FIOCLEX" in command
        elif call.name == "listen":
            held.file.listen = call


def _duplicates(call: Call) -> bool:
    return call.name == "fcntl" and bool(call.arg(1).flags & {"F_DUPFD", "F_DUPFD_CLOEXEC"})


def _steps(calls: Iterable[Call]) -> Iterator[tuple[Call, bool]]:
    """Yield (call, is it the end?) in the order of the trace's lines."""
    steps = [(line, ending, call) for call in calls for line, ending in _lines(call)]
    for _, ending, call in sorted(steps, key=lambda step: step[:2]):
        yield call, ending


def _lines(call: Call) -> tuple[tuple[int, bool], tuple[int, bool]]:
    return (call.index, False), (call.end_index, True)


def _path_of(call: Call, number: int) -> str:
    return next((arg.path for arg in call.args if arg.path and arg.fd == number), "")


def _other(known: str, seen: str) -> bool:
    """Whether two paths of -y surely mean different files: inode numbers do not lie."""
    numbered = known.startswith(("socket:[", "pipe:["))
    return numbered and seen.startswith(("socket:[", "pipe:[")) and known != seen
