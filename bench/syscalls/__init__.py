"""Lab `syscalls`: what a traced call costs, against the bare loop of ptrace and against strace."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Iterator

from bench.place import Place
from bench.row import Contest, Missing, Row
from bench.rounds import at_most
from grader.checks.syscalls.inspector import STEP, Bench, bench
from grader.outcome import Inconclusive

LAB, CALLS = "syscalls", 20_000
BARE, STRACE = Path(__file__).with_name("bare.c"), Path("/usr/bin/strace")
UNIT = "µs CPU/call"


def _cost(place: Bench, *tracer: str | Path) -> float:
    """Return microseconds of CPU time, of tracer and command on one processor, for each call."""
    wrap = ["taskset", "-c", str(place.run.cpu)]
    spent = []
    for calls in (0, CALLS):
        process = place.start([*tracer, place.probe("probe"), f"many={calls}"], wrap=wrap)
        ending = process.wait(place.run.limit(STEP))
        process.kill()
        if ending.code != 0:
            raise Inconclusive(f"{Path(tracer[0]).name}: {ending}")
        spent.append(ending.cpu_seconds)
    return 1e6 * (spent[1] - spent[0]) / CALLS


@contextmanager
def _tracers(peer: str, place: Place) -> Iterator[Contest]:
    run = place.run(LAB, "ptrace.speed")
    ours = [run.program(), "-e", "ptrace", "-o", "/dev/null"]
    theirs: list[str | Path] = [STRACE, "-f", "-o", "/dev/null"]
    if peer == "bare":
        theirs = [run.helper(BARE)]
    elif not STRACE.exists():
        raise Missing("no strace here (strace)")
    with bench(run, "probe") as room:
        yield Contest(partial(_cost, room, *ours), partial(_cost, room, *theirs))


ROWS = (
    Row(
        *(LAB, "syscall_inspect -e ptrace", "bare loop of PTRACE_GET_SYSCALL_INFO", UNIT),
        *(at_most(1.1), partial(_tracers, "bare")),
    ),
    Row(
        *(LAB, "syscall_inspect -e ptrace", "strace -f -o", UNIT),
        *(at_most(0.9), partial(_tracers, "strace")),
    ),
)
