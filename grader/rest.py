"""Whether processes rest. CPU time alone does not tell: where others take the processors, a loop uses little."""

from __future__ import annotations

from typing import Iterable

from grader.ledger import cpu_seconds, thread_states


class Rest:
    """What processes do while somebody looks at them again and again; pids are this side's."""

    def __init__(self, pids: Iterable[int]):
        self._begin = {pid: cpu_seconds(pid) for pid in pids}
        self._looks = self._eager = 0

    def look(self) -> None:
        """Look whether a thread runs or waits for a processor: one that rests sleeps, see proc(5)."""
        self._looks += 1
        self._eager += any("R" in thread_states(pid) for pid in self._begin)

    @property
    def eager(self) -> float:
        """The share of the looks at which a thread was ready to run; of a loop, nearly 1."""
        return self._eager / max(self._looks, 1)

    def spent(self) -> dict[int, float]:
        """Return the CPU seconds that each process has used since the first look."""
        return {pid: cpu_seconds(pid) - begin for pid, begin in self._begin.items()}
