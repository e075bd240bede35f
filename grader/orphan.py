"""Processes that do not outlive the one that has started them, even if that is killed."""

from __future__ import annotations

import ctypes
import os
import signal
from pathlib import Path

PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """Let the kernel kill this process when `parent`, which has started it, ends (prctl(2)).

    To be called after any change of user, which makes the kernel forget it.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)  # it has ended before we asked


def end_all_of(folder: Path) -> None:
    """Kill every process whose command line names `folder`, a scratch folder of ours that is random.

    bwrap leaves one that waits for ever where it is killed in the middle of its own start.
    """
    mark = os.fsencode(folder)
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            if mark in Path(f"/proc/{name}/cmdline").read_bytes():
                os.kill(int(name), signal.SIGKILL)
        except OSError:
            continue  # it has ended, or is not ours
