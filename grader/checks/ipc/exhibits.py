"""What a member holds, where it sleeps, and what it has said: evidence for a failure."""

from __future__ import annotations

from pathlib import Path

from grader.checks.ipc.member import Member
from grader.process import POLL_SECONDS, TimeLimit
from grader.result import Evidence


def exhibits(member: Member) -> list[Evidence]:
    """Return how a member is, what it printed last, and what it said on stderr."""
    found = []
    if member.process is not None:
        ended = member.process.ended(POLL_SECONDS)
        state = _ending(member) if ended else str(member.process.ledger())
        state += "" if ended else _waits(member.process.pid)
        found.append(Evidence("ledger", f"{member}: {state}"))
        said = member.process.stderr_text().strip()
        if said:
            found.append(Evidence("output", f"{member}, stderr: {said[:400]}"))
    if member.lines:
        tail = b"\n".join(line[:80] for line in member.lines[-3:]).decode("utf-8", "replace")
        found.append(Evidence("output", f"{member}, the last lines: {tail}"))
    return found


def _waits(pid: int) -> str:
    """Where in the kernel its threads sleep, as proc(5) says in wchan."""
    found = []
    for path in sorted(Path(f"/proc/{pid}/task").glob("*/wchan")):
        try:
            found.append(path.read_text().strip())
        except OSError:
            continue
    places = ", ".join(place for place in found if place not in ("", "0"))
    return f"; its threads sleep in {places}" if places else ""


def _ending(member: Member) -> str:
    assert member.process is not None
    try:
        return str(member.process.wait(1.0))
    except TimeLimit:
        return "it has ended"
