"""Threads and goroutines at the same work: a lock that is fought for, one that is not, taking turns."""

from __future__ import annotations

from pathlib import Path

from grader.outcome import Inconclusive
from grader.pipe import Pipe
from grader.run import Run
from grader.twin import Stage, build_twin

NAMES = {"c": "contention.c", "go": "contention.go"}
JOBS = {  # side → what it does
    **{"c": "mutex", "cquiet": "quiet", "ccond": "cond", "ccrowd": "crowd"},
    **{"go": "mutex", "goquiet": "quiet", "gocond": "cond", "gocrowd": "crowd"},
}
SIDES = tuple(JOBS)
PTHREADS = Path(__file__).parent / "contention.c"
WORKERS, ROUNDS = 4, 100
COUNTS = {"mutex": WORKERS * ROUNDS, "quiet": WORKERS * ROUNDS, "cond": 2 * ROUNDS, "crowd": 1000}
RESULTS = {**{side: COUNTS[job] for side, job in JOBS.items()}, "ccrowd": 100}  # threads are dear


def program(run: Run, side: str) -> Path:
    """Both programs are given: contention.c beside this file, contention.go in the lab."""
    return build_twin(run) if side.startswith("go") else run.helper(PTHREADS)


def work(stage: Stage) -> dict[str, int]:
    """Four workers fight for one lock, a hundred times each."""
    job, result = JOBS[stage.side], RESULTS[stage.side]
    with Pipe() as pipe:
        process = stage.start(job, stdout=pipe.write_end)
        output = pipe.read(stage.run.limit(20.0), 1000)
    ending = stage.end(process)
    if output.data != b"%d\n" % result:
        raise Inconclusive(f"{stage.path.name} {job}: {ending}, printed {output.data!r}")
    return {"round": result, "worker": WORKERS, "program": 1, "turn": 2 * ROUNDS}
