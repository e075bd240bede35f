"""What `make compare` finds out, as plain data; and the process that finds it out, without privileges.

    python3 -m grader.comparison job.json FD

writes one event to FD: {"event": "comparison", …} or {"event": "trouble", "reason": …}.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from grader import calibrate, paths
from grader.build import BuildFailed
from grader.claim import Claim, by_runtime, threads, words_of
from grader.job import Job, read_job
from grader.manifest import Lab, load_lab
from grader.mapping import has_mapping, read_mapping
from grader.mishap import without_mishap
from grader.orphan import end_with_parent
from grader.outcome import Inconclusive
from grader.process import NotStarted
from grader.run import Run, best_isolation
from grader.strace.call import Call
from grader.strace.run import StraceUnavailable
from grader.twin import C, GO, Observed, observe, workload

TROUBLES = (BuildFailed, Inconclusive, NotStarted, StraceUnavailable)


@dataclass(frozen=True)
class Side:
    """One column: what a program did."""

    name: str
    units: dict[str, int]
    threads: int
    start: int  # calls before the program's own main
    runtime: dict[str, int]  # call → how often the runtime made it, from main on
    program: dict[str, int]  # call → how often package syscall, or the C program, made it
    words: dict[str, list[str]]  # call → flags and other constants, from main on


@dataclass(frozen=True)
class Shown:
    """A claim, and what the trace says of it."""

    text: str
    found: int
    holds: bool

    @property
    def about_c(self) -> bool:
        """Whether it is about a C program, which may be the student's."""
        return self.text.startswith("c")


@dataclass(frozen=True)
class Explained:
    """A row of the table with its claims."""

    c: str
    go: str
    why: str
    claims: tuple[Shown, ...]


@dataclass(frozen=True)
class Comparison:
    """Both sides, and the rows of the table."""

    work: str
    c: Side
    go: Side
    rows: tuple[Explained, ...] = field(default=())


def compared(run: Run) -> Comparison:
    """Let every side do its work, and look at the traces. Raises what `observe` does."""
    module = workload(run.lab.id)
    if module is None:
        raise Inconclusive(f"lab {run.lab.id} has no twin to compare with")
    mapping = read_mapping(paths.LABS, run.lab.id) if has_mapping(paths.LABS, run.lab.id) else None
    rows = mapping.rows if mapping else ()
    wanted = {claim.selection.side for row in rows for claim in row.claims}
    seen = {side: observe(run, side) for side in sorted({C, GO, *wanted})}
    names = getattr(module, "NAMES", {})
    explained = tuple(
        Explained(row.c, row.go, row.why, tuple(_shown(row.claims, seen))) for row in rows
    )
    work = (module.work.__doc__ or "").strip().partition("\n")[0]
    c, go = (_side(names.get(side, side), seen[side]) for side in (C, GO))
    return Comparison(work, c, go, explained)


def _shown(claims: tuple[Claim, ...], seen: dict[str, Observed]) -> list[Shown]:
    found = []
    for claim in claims:
        if claim.selection.applies:
            observed = seen[claim.selection.side]
            found.append(Shown(claim.text, claim.found(observed), claim.holds(observed)))
    return found


def _side(name: str, seen: Observed) -> Side:
    calls = seen.trace.calls()
    begin = next((number for number, call in enumerate(calls) if _in_main(call)), 0)
    runtime: Counter[str] = Counter()
    program: Counter[str] = Counter()
    words: dict[str, set[str]] = {}
    for call in calls[begin:]:
        own = seen.side == GO and by_runtime(call)
        (runtime if own else program)[call.name] += 1
        words.setdefault(call.name, set()).update(words_of(call))
    return Side(
        name,
        dict(seen.units),
        threads(seen),
        begin,
        dict(runtime),
        dict(program),
        {call: sorted(found) for call, found in words.items()},
    )


def _in_main(call: Call) -> bool:
    """Whether the program's own code is on the stack of a call."""
    return any(
        frame.function == "main" or frame.function.startswith("main.") for frame in call.stack
    )


def from_json(data: dict[str, Any]) -> Comparison:
    """Return the comparison that the event holds."""
    rows = tuple(
        Explained(row["c"], row["go"], row["why"], tuple(Shown(**each) for each in row["claims"]))
        for row in data["rows"]
    )
    return Comparison(data["work"], Side(**data["c"]), Side(**data["go"]), rows)


def context(job: Job, lab: Lab) -> Run:
    """Return a Run that belongs to no check in particular: the project's first stands for it."""
    project = next(part for part in lab.parts if part.kind == "project")
    check = lab.checks_of(project)[0]
    return Run(job, lab, check, best_isolation()[0], calibrate.slowness())


def main(job_file: str, events: str) -> None:
    """Compare as the job says, and tell it."""
    end_with_parent(os.getppid())
    job = read_job(Path(job_file))
    lab = load_lab(paths.ROOT, job.lab)
    with os.fdopen(int(events), "w") as sink:
        try:
            found = without_mishap(lambda: context(job, lab), compared)
            told = {"event": "comparison", **asdict(found)}
        except TROUBLES as error:
            log = f"\n{error.log}" if isinstance(error, BuildFailed) else ""
            told = {"event": "trouble", "reason": f"{error}{log}"}
        json.dump(told, sink)


if __name__ == "__main__":
    main(*sys.argv[1:])
