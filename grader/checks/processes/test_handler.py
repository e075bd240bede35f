"""What the signal handlers of procmon do. Who has none has no care."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from grader import Run, check
from grader.checks.processes.monitor import PROBES, STEP, Monitor, commands, stage
from grader.checks.processes.unsafe import blocking_wait, inside_handler, watched_call
from grader.process import TimeLimit
from grader.recording import Recording, record

TRACED = frozenset(
    """read write writev brk mmap munmap futex exit_group wait4 waitid kill tgkill openat
    clone fork vfork execve pselect6 poll ppoll nanosleep clock_nanosleep""".split()
)
FLAGS = ("-shared", "-fPIC")


@check("handler.safe")
def test_safe(run: Run) -> None:
    """Let children end and signals come; look at the stack of each call, and at what is called in handlers."""
    safe = "handlers call what signal-safety(7) lists, wait for nothing, and return"
    with _traced(run) as (monitor, recording):
        for call in recording.trace().calls():
            name = inside_handler(call) or ("a wait that blocks" if blocking_wait(call) else "")
            if name:
                observed = f"a signal handler runs {name}"
                raise monitor.failed(observed, safe, recording.exhibit([call]))
    with _watched(run) as (monitor, told):
        calls = [words for words in told if words[0] == "call"]
        if calls:
            observed = f"a signal handler calls {', '.join(sorted({c[1] for c in calls}))}"
            shown = [watched_call(run, words) for words in calls[:4]]
            raise monitor.failed(
                observed, safe, [run.exhibit([call], run.program()) for call in shown]
            )


@check("errno.kept")
def test_errno(run: Run) -> None:
    """Look at errno before and after each run of a handler, whatever the calls in it leave behind."""
    with _watched(run) as (monitor, told):
        spoilt = [words for words in told if words[0] == "errno"]
        if spoilt:
            names = ", ".join(sorted({f"SIG{words[1]}" for words in spoilt}))
            call = watched_call(run, spoilt[0])
            raise monitor.failed(
                f"the handler of {names} returns with another errno than it found: "
                "the call that it interrupted may have failed, and its errno is lost",
                "errno is kept at the beginning and put back at the end, or no call changes it",
                [run.exhibit([call], run.program())],
            )


@contextmanager
def _traced(run: Run) -> Iterator[tuple[Monitor, Recording]]:
    """Yield the run under a strace that records stacks."""
    with stage(run) as place:
        recording = record(run, run.program(), TRACED, stacks=True)
        monitor = place.start(
            commands(run, "exit=1", "ignore=2 say pause pause"), wrap=recording.strace.argv()
        )
        _disturb(monitor)
        yield monitor, recording


@contextmanager
def _watched(run: Run) -> Iterator[tuple[Monitor, list[list[str]]]]:
    """Yield the run with handlerwatch preloaded, and the words of each line that it reports."""
    library = run.helper(PROBES / "handlerwatch.c", *FLAGS)
    with stage(run) as place:
        report = place.folder / "report"
        report.unlink(missing_ok=True)
        env = {"LD_PRELOAD": str(library), "HANDLERWATCH": str(report)}
        monitor = place.start(commands(run, "exit=1", "ignore=2 say stop pause pause"), env=env)
        _disturb(monitor)
        yield monitor, _lines(report)


def _disturb(monitor: Monitor) -> None:
    """A child ends or stops; then come SIGINT and SIGTERM. How it ends is judged elsewhere."""
    run = monitor.stage.run
    monitor.process.until(lambda: len(monitor.log().events) >= 1, run.limit(STEP))
    monitor.process.until(lambda: len(monitor.said()) >= 1, run.limit(STEP))
    monitor.process.signal(signal.SIGINT)
    monitor.process.signal(signal.SIGTERM)
    try:
        monitor.process.wait(run.limit(STEP))
    except TimeLimit:
        monitor.process.kill()


def _lines(report: Path) -> list[list[str]]:
    """The report is the program's to write to: what is not of its form is passed over."""
    text = report.read_text("utf-8", "replace") if report.exists() else ""
    words = [line.split() for line in text.splitlines()[:1000]]
    return [w for w in words if len(w) == 3 and w[2].startswith("0x")]
