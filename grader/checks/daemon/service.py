"""sysdaemon as a process: found by its PID namespace, since it has left its parent."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from grader.ending import Exit
from grader.escaped import Escaped, running
from grader.outcome import TIME_LIMIT, Failed
from grader.process import Process, TimeLimit
from grader.result import Evidence

if TYPE_CHECKING:
    from grader.checks.daemon.house import House

START = 3.0  # seconds until the caller returns, on a fast machine
END = 3.0


@dataclass
class Service:
    """A service that has been started, and the process that started it."""

    house: House
    caller: Process

    def settled(self) -> Service:
        """Wait until the caller returns with status 0. Raises Failed."""
        end = wait_caller(self.house, self.caller)
        if end.code != 0:
            raise Failed(
                f"the caller ends with {end}: {self.caller.stderr_text().strip()!r}",
                expected="the service starts, and its caller ends with status 0",
            )
        return self

    @cached_property
    def daemon(self) -> Escaped:
        """The process that serves. Raises Failed if there is none."""
        program = self.house.program
        found: list[int] = []

        def alone() -> bool:
            found[:] = running(self.house.box.holder, program)
            return len(found) == 1

        self.house.until(alone, 1.0)  # the first child may be about to end
        if not found:
            raise Failed("the caller has returned, and no service runs", expected="a service")
        if len(found) > 1:
            raise Failed(f"{len(found)} processes of the service run", expected="one")
        return Escaped(found[0])

    def terminate(self, number: int = signal.SIGTERM) -> None:
        """Send the signal and wait for the end. Raises Failed."""
        self.daemon.signal(number)
        if not self.daemon.ended(self.house.run.limit(END)):
            name = signal.Signals(number).name
            raise Failed(
                f"{name} was sent, and the service still runs",
                expected=f"{name} ends it",
                reason=TIME_LIMIT,
            )


def wait_caller(house: House, caller: Process) -> Exit:
    """Return how the caller ended. Raises Failed when it does not."""
    try:
        return caller.wait(house.run.limit(START))
    except TimeLimit:
        raise Failed(
            f"the command has not returned after {house.run.limit(START):.1f} s",
            expected="the caller returns as soon as the service is ready",
            reason=TIME_LIMIT,
        ) from None


def note(text: str) -> list[Evidence]:
    """Return a remark as evidence."""
    return [Evidence("note", text)]


def printable(raw: bytes) -> str:
    """Return a path for people."""
    return re.sub(r"^b", "", repr(os.fsencode(raw)))
