"""What procmon and its Go twin both do: start three commands, wait for them, tell how they ended."""

from __future__ import annotations

from pathlib import Path

from grader.outcome import Inconclusive
from grader.run import Run
from grader.twin import C, Stage, build_twin

NAMES = {"c": "procmon.c", "go": "procmon.go"}
SIDES = ("c", "go", "gosched")
CHILDREN = 3


def program(run: Run, side: str) -> Path:
    """`gosched` is schedule.go, a crowd of goroutines that compute."""
    if side == "gosched":
        return build_twin(run, "./schedule", "schedule")
    return run.program() if side == C else build_twin(run)


def work(stage: Stage) -> dict[str, int]:
    """Run true, then false, then true; the last one's status is the program's own."""
    words = () if stage.side == "gosched" else ("true", "---", "false", "---", "true")
    monitor = stage.start(*words)
    ending = stage.end(monitor)
    said = monitor.stderr_text().strip()
    if ending.code != 0 or (words and f"done children={CHILDREN}" not in said):
        raise Inconclusive(f"{stage.path.name}: {ending}. {said}")
    return {"child": CHILDREN, "program": 1}
