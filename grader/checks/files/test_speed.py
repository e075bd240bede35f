"""How fast it is, against find(1) on the same tree, in the same seconds."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from grader.checks.files.plant import planted
from grader.checks.files.walker import FIND, FORMAT, Forest
from grader.limits import Limits
from grader.outcome import Failed, Inconclusive, check
from grader.pipe import Pipe
from grader.run import Run

GROUPS, FOLDERS, FILES = 10, 100, 100  # 100,000 files
ROUNDS = 3
ONE = ((0.7, 0.5), (0.55, 0.3), (0.4, 0.1))  # -j 1: find's CPU time in ours, share of the points
TWO = ((0.6, 0.25), (0.4, 0.15))  # -j 2: the same; threads that wait for each other cost time
FASTER = ((0.8, 0.25), (0.6, 0.15))  # -j 2: find's wall time in ours, where the machine is idle
IDLE = 0.8  # of the other processors, while find runs


@dataclass(frozen=True)
class Cost:
    """Seconds of one walk; `idle` is how many processors had nothing to do meanwhile."""

    wall: float
    cpu: float
    idle: float
    lines: int


@check("speed")
def test_speed(run: Run) -> None:
    """Walk 100,000 files in turn with find, -j 1 and -j 2, and compare what time that takes."""
    program = str(run.program())
    commands = {
        "find": [FIND, "tree", "-printf", FORMAT + "\\n"],
        "-j 1": [program, "-j", "1", "tree"],
        "-j 2": [program, "-j", "2", "tree"],
    }
    with planted(run) as woods:
        woods.plant("tree", GROUPS, FOLDERS, FILES)
        rounds = [
            {name: _cost(woods.forest, argv) for name, argv in commands.items()}
            for _ in range(ROUNDS)
        ]
    _judge(rounds)


def _cost(forest: Forest, argv: list[str]) -> Cost:
    """Run a command to its end and take the time. Raises Failed."""
    run = forest.run
    idle, started = _idle(), time.monotonic()
    with Pipe(1 << 20) as pipe:
        limits = run.limits if argv[0] != FIND else Limits()
        process = forest.box.start(argv, limits=limits, stdout=pipe.write_end, cwd=forest.folder)
        output = pipe.read(run.limit(run.limits.time), 1 << 26, at_once=1 << 20)
        wall = time.monotonic() - started
        if not output.whole:
            raise Failed(f"{' '.join(argv[1:])}: it did not end", expected="the end of the walk")
        ending = process.wait(run.limit(1.0))
    idle = (_idle() - idle) / max(wall, 1e-3)
    return Cost(wall, ending.cpu_seconds, idle, output.data.count(b"\n"))


def _idle() -> float:
    """Seconds that all processors together had nothing to do, since the start (proc(5))."""
    with open("/proc/stat", encoding="ascii") as file:
        fields = file.readline().split()
    return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")


def _judge(rounds: list[dict[str, Cost]]) -> None:
    best = {name: min((r[name] for r in rounds), key=lambda c: c.cpu) for name in rounds[0]}
    fastest = {name: min(r[name].wall for r in rounds) for name in rounds[0]}
    find = best["find"]
    short = [name for name, cost in best.items() if cost.lines != find.lines]
    if short:
        observed = f"{short[0]}: {best[short[0]].lines} lines, find has {find.lines}"
        raise Failed(observed, expected="all entries, before they are fast")
    if find.cpu <= 0:
        raise Inconclusive("the machine does not tell how much CPU time a program took")
    ratios = {
        "-j 1: CPU time": (find.cpu / max(best["-j 1"].cpu, 1e-3), ONE),
        "-j 2: CPU time": (find.cpu / max(best["-j 2"].cpu, 1e-3), TWO),
    }
    spare = min(r["find"].idle for r in rounds)
    if spare >= IDLE * ((os.cpu_count() or 1) - 1) > 0:
        ratios["-j 2: time"] = (fastest["find"] / fastest["-j 2"], FASTER)
    lost = sum(bands[0][1] - _earned(ratio, bands) for ratio, bands in ratios.values())
    if lost > 0:
        told = ", ".join(f"{name} {ratio:.2f}" for name, (ratio, _) in ratios.items())
        wanted = ", ".join(f"{name} {bands[0][0]:g}" for name, (_, bands) in ratios.items())
        observed = f"find's time as a multiple of ours: {told}"
        raise Failed(observed, expected=f"at least: {wanted}", share=1 - lost)


def _earned(ratio: float, bands: tuple[tuple[float, float], ...]) -> float:
    return next((share for least, share in bands if ratio >= least), 0.0)
