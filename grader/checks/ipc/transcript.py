"""What a member has printed, held against what the others have said."""

from __future__ import annotations

import math
from typing import Sequence

from grader.checks.ipc.member import Member
from grader.checks.ipc.talk import STEP, Talk

Said = dict[str, list[bytes]]  # by whom, in order


def expect_all(talk: Talk, said: Said, limit: float = STEP) -> None:
    """Wait until everybody has got what the others have said since all were there, for `limit` seconds at most,
    and no longer than STEP since the last line came: those who hang are not waited for.

    Raises Failed: lost, doubled, torn, out of order.
    """
    hearers = [member for member in talk.members if not member.ended]
    due = {m.name: sum(len(lines) for who, lines in said.items() if who != m.name) for m in hearers}

    def heard(member: Member) -> bool:
        return member.heard >= due[member.name]

    def done() -> bool:
        return all(heard(member) or member.ended for member in hearers)

    for _ in range(math.ceil(limit / STEP)):
        before = _lines_of(hearers)
        if talk.until(done) or _lines_of(hearers) == before:
            break
    for member in hearers:
        expect_said(talk, member, said)


def _lines_of(members: Sequence[Member]) -> int:
    """Return how many lines all of them have printed."""
    return sum(len(member.lines) for member in members)


def expect_end(talk: Talk, said: Said) -> None:
    """Let everybody leave; nothing came twice, and nothing after its time."""
    members = list(talk.members)
    talk.leave(*members)
    for member in members:
        expect_said(talk, member, said)


def expect_said(talk: Talk, member: Member, said: Said) -> None:
    """Raise Failed unless a member has printed exactly what the others said, each one's lines in order."""
    got, strange = sorted_out(member, said)
    if strange:
        observed = f"{member} printed a line that nobody said: {_text(strange[0])}"
        raise talk.failed(observed, "each line whole, as `NAME: line`", (member,))
    for name, lines in said.items():
        if name == member.name:
            continue
        if trouble := difference(got[name], lines):
            observed = f"what {name} said, at {member}: {trouble}"
            raise talk.failed(observed, "every line once, in the order of its sender", (member,))


def sorted_out(member: Member, said: Said) -> tuple[Said, list[bytes]]:
    """Return what a member has printed, by sender, and the lines that are nobody's."""
    got: Said = {name: [] for name in said}
    by_name = {name.encode(): lines for name, lines in got.items() if name != member.name}
    strange = []
    for line in [*member.lines, *([member.rest] if member.rest else [])]:
        name, colon, text = line.partition(b": ")
        if colon and name in by_name:
            by_name[name].append(text)
        elif not _is_notice(line):
            strange.append(line)
    return got, strange


def _is_notice(line: bytes) -> bool:
    return line.startswith(b"* ") and line.endswith((b" joined", b" left"))


def difference(got: Sequence[bytes], said: Sequence[bytes]) -> str:
    """Return what is wrong with lines that were to be those that were said; "" if nothing is."""
    if list(got) == list(said):
        return ""
    at = next((i for i, (a, b) in enumerate(zip(got, said)) if a != b), min(len(got), len(said)))
    counts = f"{len(got):,} of {len(said):,} lines came"
    if at == len(got):
        return f"{counts}; line {at + 1:,} is missing: {_text(said[at])}"
    if got[at] not in said:
        return f"line {at + 1:,} is torn: {_text(got[at])}"
    if at < len(said) and said[at] in got[at:]:
        return f"line {at + 1:,} is out of order: {_text(got[at])} before {_text(said[at])}"
    if got[at] in said[:at]:
        return f"line {said.index(got[at]) + 1:,} came twice: {_text(got[at])}"
    return f"{counts}; line {at + 1:,} is missing: {_text(said[at])}"


def _text(line: bytes) -> str:
    shown = line if len(line) <= 60 else line[:40] + "…".encode() + line[-16:]
    return repr(shown.decode("utf-8", "backslashreplace"))
