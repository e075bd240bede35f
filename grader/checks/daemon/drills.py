"""Drills that are judged as programs: the student's files with a main of ours."""

from __future__ import annotations

from pathlib import Path

from grader import build as building
from grader.checks.daemon.detachment import PROBES
from grader.run import Run


def drill_program(run: Run) -> Path:
    """Return the drill's program, compiled on first use. Raises BuildFailed."""
    main = PROBES / f"{run.part.id}_main.c"
    recipe = building.Recipe(
        source=run.source,
        output=Path(run.job.scratch) / "build",
        program=main.stem,
        files=tuple(name for name in run.part.files if name.endswith(".c")),
        display=run.job.display,
        given=(main,),
    )
    return building.build(recipe, "plain", run.sandbox)
