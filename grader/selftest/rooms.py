"""Sandboxes for tests, as strict as this machine allows: in some containers that is not the whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from grader.ending import Exit
from grader.process import Process
from grader.sandbox import FULL, NONE, PARTIAL, Room, Sandbox
from grader.selftest.trees import PYTHON

Unprivileged = Callable[[Callable[[], Any]], Any]
LIMIT = 20.0  # seconds; only what hangs needs them

# Leaves a process that ignores what usually ends one, and ends when that is ready.
DAEMON = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open("/tmp/ready", "w").close()
        signal.pause()
    os._exit(0)
os.wait()
while not os.path.exists("/tmp/ready"):
    pass
"""


_BEST: list[str] = []  # what conftest.py has found out as the unprivileged user


def learn(level: str) -> None:
    """Remember the best isolation that this machine allows the user."""
    _BEST[:] = [level]


def level() -> str:
    """Return the best isolation."""
    return _BEST[0]


def opened(room: Room = Room(), isolation: str | None = None) -> Sandbox:
    """A sandbox, to be used in a `with` statement."""
    return Sandbox(room, isolation or level())


def need(wanted: str) -> None:
    """Skip a test that needs more isolation than this machine allows."""
    order = (NONE, PARTIAL, FULL)
    if order.index(level()) < order.index(wanted):
        pytest.skip(f"needs isolation {wanted}; this machine allows {level()}")


def python(box: Sandbox, code: str, **options: Any) -> Process:
    """Start Python code inside."""
    return box.start([PYTHON, "-ISc", code], **options)


def told(box: Sandbox, code: str, **options: Any) -> Any:
    """Run Python code inside, with `tell(value)` and a few modules at hand; return what it tells."""
    head = "import errno, json, os, signal, socket, sys\ntell = lambda x: print(json.dumps(x))\n"
    process = python(box, head + code, **options)
    end = process.wait(LIMIT)
    text = process.stderr_text()
    assert end == Exit(0, None, end.cpu_seconds, end.maxrss_bytes), f"{end}: {text}"
    return json.loads(text)


def inside(
    unprivileged: Unprivileged, code: str, isolation: str | None = None, **options: Any
) -> Any:
    """The same, in a sandbox of its own."""

    def body() -> Any:
        with opened(Room(), isolation) as box:
            return told(box, code, **options)

    return unprivileged(body)
