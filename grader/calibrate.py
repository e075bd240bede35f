"""How slow this machine is at the moment, so that limits of waiting can be fair."""

from __future__ import annotations

import os
import time

ROUNDS = 300
NOMINAL = 0.006  # seconds that ROUNDS take on an idle machine of the kind in shared/speed.md
SLOWEST = 8.0  # beyond that, waiting longer helps nobody
OWN = 4  # processes that run or want to because of the grading itself


def patience(measured: float) -> float:
    """Return by what limits of waiting are multiplied at this moment; measured: slowness() of the beginning."""
    return max(measured, crowding())


def crowding() -> float:
    """Return how many times longer than alone a process waits for its turn at this moment (1 to SLOWEST).

    That is one number for the whole machine, see proc(5), loadavg: who wants to run now, or did in the last
    minute, divided by the processors. Two processes that pass a byte to and fro do not feel it: who sleeps
    much gets its turn at once.
    """
    with open("/proc/loadavg", encoding="ascii") as file:
        return crowd(file.read(), os.cpu_count() or 1)


def crowd(loadavg: str, processors: int) -> float:
    """Return what `crowding` tells of the text of /proc/loadavg."""
    fields = loadavg.split()
    wanting = max(float(fields[0]), float(fields[3].partition("/")[0]))
    return min(max((wanting - OWN) / processors, 1.0), SLOWEST)


def slowness() -> float:
    """Return how many times slower than nominal two processes pass a byte to and fro (1 to 8)."""
    ours, theirs = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            for _ in range(ROUNDS):
                os.write(theirs[1], os.read(ours[0], 1))
        finally:
            os._exit(0)
    started = time.perf_counter()
    for _ in range(ROUNDS):
        os.write(ours[1], b"x")
        os.read(theirs[0], 1)
    seconds = time.perf_counter() - started
    os.waitpid(child, 0)
    for descriptor in (*ours, *theirs):
        os.close(descriptor)
    return min(max(seconds / NOMINAL, 1.0), SLOWEST)
