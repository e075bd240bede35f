"""Faults that strace injects: how to ask for one, where it may strike, and whether it really did.

strace counts calls for each process and thread by itself, from its creation on: the launcher's own
calls and those of the dynamic loader count too. `baseline` measures how many there are before
main; a Fault's `when` counts from main, and `after(baseline)` turns it into strace's numbers. Of
two faults for one call strace obeys only the last, and it injects only into calls that it also
traces (grader.strace.run sees to both). An error that was injected means that the call was not
made at all: on close(2) it leaks.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Callable, Iterable, Mapping

from grader.strace.ask import Trace
from grader.strace.call import Call
from grader.strace.events import Event

MOST = 65535  # strace counts no further
_WHEN = re.compile(r"(?P<first>\d+)(?P<to>\.\.(?P<last>\d*))?(?P<step>\+\d*)?")

Fair = Callable[[Trace, Call], bool]  # whether a call is one that may fail


@dataclass(frozen=True)
class Fault:
    """What happens to a call: it fails with `errno` or pretends `retval`, is late, or signalled.

    when: "3" the third call, "3+" every one from the third on, "3+2" every second one, "3..5" a
    range, as in strace(1); counted from main once `after` was applied, from the process's creation
    before. delay_us, delay_exit_us: microseconds before and after the call; signal: sent at the
    call's entry; poke: what the call leaves in memory, as in poke_exit= of strace(1): "@arg2=00ff".
    """

    call: str
    errno: str = ""
    delay_us: int = 0
    when: str = "1"
    retval: int | None = None
    signal: str = ""
    delay_exit_us: int = 0
    poke: str = ""

    def __post_init__(self) -> None:
        match = _WHEN.fullmatch(self.when)
        if match is None or not 1 <= int(match["first"]) <= MOST:
            raise ValueError(f"when={self.when}: not N, N+, N+STEP, N..M or N..M+STEP")
        if self.errno and self.retval is not None:
            raise ValueError("a call can not both fail and return a value")

    def expression(self) -> str:
        """Return strace's -e expression: inject=?accept4:error=EMFILE:when=3."""
        parts = {
            "error": self.errno,
            "retval": "" if self.retval is None else str(self.retval),
            "signal": self.signal,
            "delay_enter": str(self.delay_us or ""),
            "delay_exit": str(self.delay_exit_us or ""),
            "poke_exit": self.poke,
            "when": self.when,
        }
        options = ":".join(f"{name}={value}" for name, value in parts.items() if value)
        return f"inject=?{self.call}:{options}"

    def after(self, baseline: Mapping[str, int]) -> Fault:
        """Return the fault with `when` moved behind the calls that were made before main."""
        shift = baseline.get(self.call, 0)
        match = _WHEN.fullmatch(self.when)
        assert match is not None
        last = str(int(match["last"]) + shift) if match["last"] else ""
        to = f"..{last}" if match["to"] else ""
        return replace(self, when=f"{int(match['first']) + shift}{to}{match['step'] or ''}")


def baseline(run_empty: Callable[[], Trace]) -> Counter[str]:
    """Return how many of each call a program's first thread makes before main.

    run_empty runs `int main(void) { return 0; }`, built with the same flags, started in the same
    way and with the same calls traced as the program to test, and returns the Trace of that
    program.
    """
    empty = run_empty()
    if empty.start is None:
        raise ValueError("the trace does not show the empty program being executed")
    made = (*empty.launcher, *empty.events)
    first = (e for e in made if isinstance(e, Call) and e.pid == empty.start.pid)
    return Counter(call.name for call in first if call.name != "exit_group")


def ordinals(trace: Trace) -> dict[int, int]:
    """Return, by index, the number that strace gives each call: from 1, per thread and name."""
    counts: Counter[tuple[int, str]] = Counter()
    numbers: dict[int, int] = {}
    events: list[Event] = sorted((*trace.launcher, *trace.events), key=lambda event: event.index)
    for event in events:
        if isinstance(event, Call):
            counts[event.pid, event.name] += 1
            numbers[event.index] = counts[event.pid, event.name]
    return numbers


def floor(trace: Trace, base: Mapping[str, int], name: str) -> int:
    """Return the number up to which a fault would strike the launcher or the loader."""
    launcher: Counter[int] = Counter(
        e.pid for e in trace.launcher if isinstance(e, Call) and e.name == name
    )
    first = trace.start.pid if trace.start else 0
    others = (count for pid, count in launcher.items() if pid != first)
    return max([base.get(name, 0), *others])


def anywhere(trace: Trace, call: Call) -> bool:
    """Fair wherever it strikes."""
    return True


def on_connection(trace: Trace, call: Call) -> bool:
    """Fair on accepted sockets only: the call's first argument is one."""
    descriptor = trace.descriptor(call)
    return descriptor is not None and descriptor.kind == "connection"


def adds_connection(trace: Trace, call: Call) -> bool:
    """Fair where epoll_ctl(2) adds an accepted socket, not the listening one or an eventfd."""
    target = trace.descriptor(call, 2)
    added = "EPOLL_CTL_ADD" in call.arg(1).flags
    return added and target is not None and target.kind == "connection"


def struck(trace: Trace, fair: Fair = anywhere) -> tuple[str, tuple[Call, ...]]:
    """Return what became of the injected faults of a run, and the calls that were struck.

    "hit": the program was struck, only where it is fair; "unfair": the launcher, the loader or a
    call that no program can do without was struck; "unreached": no fault was injected.
    """
    launcher = tuple(e for e in trace.launcher if isinstance(e, Call) and (e.injected or e.delayed))
    calls = tuple(call for call in trace.calls() if call.injected or call.delayed)
    if launcher or not all(fair(trace, call) for call in calls):
        return "unfair", (*launcher, *calls)
    return ("hit" if calls else "unreached"), calls


def expressions(faults: Iterable[Fault]) -> list[str]:
    """Return the -e expressions of several faults. Raises ValueError on two for one call."""
    chosen = list(faults)
    doubled = [name for name, count in Counter(fault.call for fault in chosen).items() if count > 1]
    if doubled:
        raise ValueError(f"strace obeys only one fault for a call: {', '.join(doubled)}")
    return [fault.expression() for fault in chosen]
