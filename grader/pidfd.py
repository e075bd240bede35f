"""A process, held so that its number cannot become another's, see pidfd_open(2)."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

from grader.poll import ready_to_read


class Pidfd:
    """Process `pid`; one that is gone already, or not there yet (0), gets no signal and counts as ended."""

    def __init__(self, pid: int = 0):
        self._fd = -1
        if pid:
            with suppress(ProcessLookupError):
                self._fd = os.pidfd_open(pid)

    def signal(self, number: int) -> bool:
        """Send a signal, and tell whether there was somebody to get it: a zombie counts, until it is waited for."""
        if self._fd == -1:
            return False
        try:
            signal.pidfd_send_signal(self._fd, number)
        except ProcessLookupError:
            return False
        return True

    def ended(self, seconds: float = 0.0) -> bool:
        """Return whether it has ended, giving it `seconds` to do so."""
        return self._fd == -1 or ready_to_read(self._fd, seconds)

    def close(self) -> None:
        """Give back the descriptor; the process goes on."""
        if self._fd != -1:
            os.close(self._fd)
        self._fd = -1
