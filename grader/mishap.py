"""What strace does to a program that it must only watch, and what is done about it: the check is made again.

`strace -k` walks the stack of a thread at the end of each call. If another thread calls exit_group(2) in that
moment, or a SIGKILL arrives, the thread is gone, and strace ends with "cannot initialize libunwind" and
takes every program that it traces along. No program is to blame for that.
"""

from __future__ import annotations

from typing import Callable, TypeVar

from grader.run import Run

TRIES = 3  # a program that prints strace's words gains nothing: its last try counts

T = TypeVar("T")


def without_mishap(context: Callable[[], Run], body: Callable[[Run], T]) -> T:
    """Return what body(run) does; while it raises after a tracer has died, do it again with a new run."""
    for _ in range(TRIES - 1):
        run = context()
        try:
            return body(run)
        except Exception:  # what a check says when its program is suddenly gone
            if not run.mishaps:
                raise
    return body(context())
