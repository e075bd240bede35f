"""Trace a process that runs already, and none of its children: they may have a tracer of their own.

A process has one tracer. A program that traces its children is therefore traced from outside without
-f, which strace's launcher cannot do: what it starts is the launcher (gate), not the program.
"""

from __future__ import annotations

import select
import subprocess
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Iterator

from grader.process import Process
from grader.strace.run import Strace, StraceUnavailable

POLL_SECONDS = 0.002  # how often the trace is looked at


@contextmanager
def attached(strace: Strace, process: Process, limit: float) -> Iterator[None]:
    """Trace `process` alone while the body runs; afterwards the trace is whole.

    The process waits in a call that is traced (for a byte, see stage.c): strace has got hold of it when
    the trace shows that call begin. The body lets it go on, and waits for its end. limit: seconds for
    strace to attach. Raises StraceUnavailable.
    """
    argv = replace(strace, follow=False).argv()[:-1]  # without the last --
    tracer = subprocess.Popen(
        [*argv, "-q", "-p", str(process.pid)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        _await_trace(tracer, strace.out, limit)
        yield
        tracer.wait(limit)
    except subprocess.TimeoutExpired:
        pass  # it is ended here
    finally:
        tracer.kill()
        tracer.communicate()


def _await_trace(tracer: subprocess.Popen, out: Path, limit: float) -> None:
    end = time.monotonic() + limit
    while not (out.exists() and out.stat().st_size):
        if tracer.poll() is not None:
            said = tracer.communicate()[1].decode("utf-8", "replace").strip()
            raise StraceUnavailable(said.partition("\n")[0] or "strace ended at once")
        if time.monotonic() > end:
            raise StraceUnavailable(f"strace did not attach within {limit:.0f} s")
        select.select([], [], [], POLL_SECONDS)
