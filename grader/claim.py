"""Claims about the traces of a C program and its Go twin, as the mapping tables make them.

    go: epoll_ctl EPOLL_CTL_ADD EPOLLET on connection = 1 per client
    c: threads = 1
    go<1.23: wait4 after waitid >= 1 per child

A claim counts the calls of a side that pass every filter, and compares the number:

    SIDE            c, go, or another side of the workload; go<1.23 and go>=1.21 hold for those versions only
    CALL|CALL       names of system calls; `any` for all of them, `signal` for signals, `threads` for how
                    many threads there were at the most
    FLAG  !FLAG     a word in capitals that the call shows, or does not: a flag, an error, a constant
    "text"          what the line of the trace holds
    on KIND         the descriptor: connection, listener, socket, epoll, pipe, file …
    by runtime      the runtime's own instruction made it, `by program`: package syscall, for the program
    in FUNCTION     that function is on its stack
    after CALL      the same process made such a call before
    OP N [per UNIT] =, >= or <=, and whether the number grows with the work
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable, Iterable

from grader.golang import version
from grader.strace.call import Call
from grader.strace.events import Signal
from grader.twin import GO, Observed

THREADS, SIGNAL, ANY = "threads", "signal", "any"
_TOKEN = re.compile(r'"[^"]*"|\S+')
_SIDE = re.compile(r"(?P<side>[a-z]+)(?:(?P<op><|>=)(?P<major>\d+)\.(?P<minor>\d+))?:")
_FLAG = re.compile(r"!?[A-Z][A-Z0-9_]+")
_WORD = re.compile(r"\b[A-Z][A-Z0-9_]+\b")
_NAMES = re.compile(r'"(?:[^"\\]|\\.)*"|<[^<>]*>')  # strings, and what -y says of descriptors
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "=": lambda found, number: found == number,
    ">=": lambda found, number: found >= number,
    "<=": lambda found, number: found <= number,
}
_KEYS = ("on", "by", "in", "after")


class BadClaim(ValueError):
    """A text that is no claim."""


@dataclass(frozen=True)
class Selection:
    """Which calls of a side are meant."""

    side: str
    names: tuple[str, ...]
    words: tuple[str, ...]  # flags, and "!" + flags
    texts: tuple[str, ...]
    keys: tuple[tuple[str, str], ...]  # on, by, in, after
    since: tuple[int, int] = (0, 0)
    before: tuple[int, int] = (99, 0)

    @property
    def applies(self) -> bool:
        """Whether it is about the Go of this machine."""
        return not self.side.startswith(GO) or self.since <= version() < self.before

    def calls(self, seen: Observed) -> list[Call]:
        """Return the calls that are meant."""
        names = () if self.names == (ANY,) else self.names
        return [call for call in seen.trace.calls(*names) if self._passes(call, seen)]

    def count(self, seen: Observed) -> int:
        """Return how many calls, signals or threads there were."""
        if self.names == (THREADS,):
            return threads(seen)
        if self.names == (SIGNAL,):
            signals: Iterable[Signal] = seen.trace.signals()
            return sum(all(word == signal.name for word in self.words) for signal in signals)
        return len(self.calls(seen))

    def _passes(self, call: Call, seen: Observed) -> bool:
        if call.errno.startswith("ERESTART"):
            return False  # a signal came: the call is made again, and counted then
        shown = words_of(call)
        if any((word.lstrip("!") in shown) == word.startswith("!") for word in self.words):
            return False
        line = f"{call.body}) = {call.tail}"
        if any(text not in line for text in self.texts):
            return False
        return all(_TESTS[key](call, value, seen) for key, value in self.keys)


@dataclass(frozen=True)
class Claim:
    """A selection, and how many it must be."""

    text: str
    selection: Selection
    op: str
    number: int
    unit: str = ""

    def found(self, seen: Observed) -> int:
        """Return how many there were."""
        return self.selection.count(seen)

    def holds(self, seen: Observed) -> bool:
        """Return whether a trace confirms the claim."""
        times = seen.units[self.unit] if self.unit else 1
        return _COMPARE[self.op](self.found(seen), self.number * times)


def parse_claim(text: str) -> Claim:
    """Read a claim. Raises BadClaim."""
    match = re.fullmatch(r"(.*\S)\s+(=|>=|<=)\s+(\d+)(?:\s+per\s+([a-z]+))?", text)
    if match is None:
        raise BadClaim(
            f"{text!r} does not end in `= N`, `>= N` or `<= N`, with `per UNIT` or without"
        )
    return Claim(text, parse_selection(match[1]), match[2], int(match[3]), match[4] or "")


def parse_selection(text: str) -> Selection:
    """Read what stands before the number of a claim. Raises BadClaim."""
    tokens = _TOKEN.findall(text)
    side = _SIDE.fullmatch(tokens[0]) if tokens else None
    if side is None or len(tokens) < 2:
        raise BadClaim(f"{text!r} does not begin with `SIDE: CALL`")
    words, texts, keys, rest = [], [], [], iter(tokens[2:])
    for token in rest:
        if _FLAG.fullmatch(token):
            words.append(token)
        elif token.startswith('"'):
            texts.append(token[1:-1])
        elif token in _KEYS:
            keys.append((token, next(rest, "")))
        else:
            raise BadClaim(
                f"{text!r}: {token!r} is no flag, no \"text\", and none of {', '.join(_KEYS)}"
            )
    bound = (int(side["major"] or 0), int(side["minor"] or 0))
    limits = {"since" if side["op"] == ">=" else "before": bound} if side["op"] else {}
    names = tuple(tokens[1].split("|"))
    return Selection(side["side"], names, tuple(words), tuple(texts), tuple(keys), **limits)


def words_of(call: Call) -> frozenset[str]:
    """Return the words in capitals of a call: flags, constants, the error; no names."""
    return frozenset(_WORD.findall(_NAMES.sub("", f"{call.body} {call.tail}")))


def by_runtime(call: Call) -> bool:
    """Return whether Go's runtime made a call by itself: package syscall is not on its stack."""
    return not any(
        frame.function.startswith(("syscall.", "internal/syscall/")) for frame in call.stack
    )


def threads(seen: Observed) -> int:
    """Return how many threads the program's first process had in all."""
    start = seen.trace.start
    first = start.pid if start else None
    return sum(member.process == first for member in seen.trace.members.values())


def _on(call: Call, kind: str, seen: Observed) -> bool:
    descriptor = seen.trace.descriptor(call, 2 if call.name == "epoll_ctl" else 0)
    if descriptor is None:
        return False
    return descriptor.kind == kind or (kind == "listener" and descriptor.file.listen is not None)


def _by(call: Call, who: str, _: Observed) -> bool:
    return by_runtime(call) == (who == "runtime")


def _in(call: Call, function: str, _: Observed) -> bool:
    return any(frame.function.removesuffix(".abi0") == function for frame in call.stack)


def _after(call: Call, name: str, seen: Observed) -> bool:
    members = seen.trace.members
    process = members[call.pid].process
    earlier = (other for other in seen.trace.calls(name) if other.index < call.index)
    return any(members[other.pid].process == process for other in earlier)


_TESTS: dict[str, Callable[[Call, str, Observed], bool]] = {
    "on": _on,
    "by": _by,
    "in": _in,
    "after": _after,
}
