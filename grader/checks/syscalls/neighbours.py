"""The processes that are in a sandbox, as /proc shows them."""

from __future__ import annotations

from pathlib import Path


def state(pid: int) -> str:
    """Return the state of a process (proc(5)), X once it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return "X"


def described(pid: int) -> str:
    """Return a process in one line: its state and its command line."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        words = []
    return f"state {state(pid)}  {' '.join(words)[:80]}"
