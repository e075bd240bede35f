"""Let a check that measures have the machine for itself, though several gradings run on it.

All gradings hold a shared lock on one file, flock(2); who wants to measure takes it alone.
"""

from __future__ import annotations

import fcntl
import os


class Quiet:
    """A grading's share in the machine; without a path there are no others to mind."""

    def __init__(self, path: str):
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC) if path else -1
        self._alone = False
        if path:
            fcntl.flock(self._file, fcntl.LOCK_SH)

    def alone(self) -> None:
        """Wait until no other grading runs; those that come wait for the end of this one."""
        if self._file >= 0 and not self._alone:
            fcntl.flock(self._file, fcntl.LOCK_UN)  # two that keep their share wait for ever
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self._alone = True
