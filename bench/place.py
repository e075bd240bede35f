"""Where the measured programs live: a copy of the tree, an unprivileged user, the grader's sandbox."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader import calibrate, paths, privilege, worker
from grader.job import Job
from grader.manifest import load_lab
from grader.run import Run, best_isolation
from grader.sandbox import NONE
from grader.submission import collect

TREES = ("grader", "labs", "solutions", "bench", "build/tools")
SEED = 2026
INSIDE = "SYSLABS_BENCH"  # in the environment of the process that measures: its folder


class NoSandbox(RuntimeError):
    """This machine has no sandbox, and nothing is run outside of one."""


@dataclass(frozen=True)
class Place:
    """What a row is given: the reference programs in a sandbox, and a folder for everything else."""

    folder: Path
    isolation: str

    def run(self, lab_id: str, check_id: str) -> Run:
        """Return a grader's view of the reference programs, with the limits of one of the lab's checks."""
        lab = load_lab(paths.ROOT, lab_id)
        bench = worker.Bench(self.folder / lab_id, paths.ROOT, None)
        scratch = bench.folder / "scratch"
        if not scratch.exists():
            scratch.mkdir(parents=True)
            worker.lay_out(bench, lab, collect(lab, paths.SOLUTIONS / lab_id))
        source, display = str(scratch / "source"), f"solutions/{lab_id}"
        job = Job(lab_id, source, str(scratch), display, SEED, ())
        return Run(job, lab, lab.check(check_id), self.isolation, calibrate.slowness())


def here() -> Place | None:
    """Return the place in which this process measures; None if it has none yet. Raises NoSandbox."""
    folder = os.environ.get(INSIDE)
    if folder is None:
        return None
    isolation, trouble = best_isolation()
    if isolation == NONE:
        raise NoSandbox(trouble)
    return Place(Path(folder), isolation)


def measure_elsewhere(argv: list[str]) -> int:
    """Run `python3 -m bench` once more: from a copy of the tree, whose marks nobody misses, and never as root.

    Returns its exit status.
    """
    with worker.bench() as bench:
        tree, scratch = _copy(bench.folder / "tree"), bench.folder / "scratch"
        who: dict[str, Any] = {}
        if bench.user is not None:
            privilege.give(bench.folder, bench.user)
            who = {"user": bench.user, "group": bench.user, "extra_groups": []}
        command = [sys.executable, "-sP", "-m", "bench", *argv]
        environment = _environment(tree, scratch)
        return subprocess.run(command, cwd=tree, env=environment, check=False, **who).returncode


def _copy(tree: Path) -> Path:
    for name in TREES:
        shutil.copytree(paths.ROOT / name, tree / name)
    shutil.copy(paths.ROOT / "Makefile", tree)
    return tree


def _environment(tree: Path, scratch: Path) -> dict[str, str]:
    wanted = ("TERM", "COLUMNS", "NO_COLOR")
    return {
        **{name: os.environ[name] for name in wanted if name in os.environ},
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "PYTHONPATH": str(tree),
        "LANG": "C.UTF-8",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        INSIDE: str(scratch),
    }
