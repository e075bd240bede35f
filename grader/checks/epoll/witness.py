"""Run a scenario; where it fails, run it again under strace and let the trace tell why."""

from __future__ import annotations

from typing import Callable

from grader.checks.epoll.server import Server, serving
from grader.run import Run

Body = Callable[[Server], None]


def witnessed(run: Run, body: Body, *flags: str) -> None:
    """Run body(server) on a fresh server. Raises Failed, with trace lines where they could be had."""
    with serving(run, *flags) as server:
        body(server)
