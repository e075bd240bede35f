"""How a program ended."""

from __future__ import annotations

import signal
from dataclasses import dataclass


@dataclass(frozen=True)
class Exit:
    """How a program ended: an exit code, or the signal that killed it."""

    code: int | None
    signal: int | None
    cpu_seconds: float = 0.0
    maxrss_bytes: int = 0

    def __str__(self) -> str:
        if self.signal is not None:
            return f"killed by {signal_name(self.signal)}"
        return f"exit status {self.code}"


def signal_name(number: int) -> str:
    """Return SIGTERM for 15 and so on."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
