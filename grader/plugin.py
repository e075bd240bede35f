"""The only module that knows pytest: it lets pytest find the checks, and runs them for the worker.

    pytest -p grader.plugin --syslabs-job job.json --syslabs-events FD grader/checks/<slug>

Events go to FD as JSON lines: {"event": "phase" | "started" | "result" | "note" | "isolation", …}.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import time
from pathlib import Path
from typing import Any, Callable

import pytest

from grader import calibrate, manifest, paths
from grader.build import BuildFailed
from grader.collect import Unmarked, functions_of
from grader.job import Job, read_job
from grader.id_range import LACK as NO_RANGE
from grader.judge import LACKING, Judge, compile_failure
from grader.manifest import Check, Lab
from grader.manifest_rules import IDS
from grader.orphan import end_with_parent
from grader.mishap import without_mishap
from grader.outcome import Inconclusive
from grader.process import NotStarted
from grader.quiet import Quiet
from grader.result import Verdict, check_to_json
from grader.run import FOREVER, Run, best_isolation
from grader.schedule import Outcome, Scheduler
from grader.track import functions, on_track

HARD_LIMIT = 6.0  # times the limit that the manifest gives a check: then the grader itself hangs


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the two options with which the worker is started."""
    group = parser.getgroup("syslabs")
    group.addoption("--syslabs-job", type=Path)
    group.addoption("--syslabs-events", type=int)


def pytest_configure(config: pytest.Config) -> None:
    """pytest asks for `verbose` when an import fails; the terminal plugin, which has it, is off."""
    config.option.verbose = getattr(config.option, "verbose", 0)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Say in one line why a file of checks cannot be imported."""
    if report.failed:
        print(f"{report.nodeid}: {report.longreprtext.strip().splitlines()[-1].lstrip('E ')}")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Compare the checks that were found with those of the manifest."""
    if session.config.getoption("--syslabs-job") and not session.testsfailed:
        session.config.stash[GRADING] = Grading(session)


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run the grading in place of pytest's own loop."""
    if session.testsfailed or not session.config.getoption("--syslabs-job"):
        return None
    session.config.stash[GRADING].run()
    return True


class Grading:
    """One grading: collected functions, manifest and job brought together."""

    def __init__(self, session: pytest.Session):
        self._events = os.fdopen(session.config.getoption("--syslabs-events"), "w")
        self.job: Job = read_job(session.config.getoption("--syslabs-job"))
        self.lab: Lab = manifest.load_lab(paths.ROOT, self.job.lab)
        found = _functions(session, self.lab)
        self._functions = functions(self.lab, self.job.track, found)
        self.lab = on_track(self.lab, self.job.track)
        self._judge = Judge(self._replay, self._functions, self.job.scratch)
        self._isolation, self._slowness = "", 1.0

    def run(self) -> None:
        """Judge every check that the job asks for, and say so event by event."""
        end_with_parent(os.getppid())
        quiet = Quiet(self.job.quiet)
        wanted = set(self.job.checks) or {check.id for check in self.lab.checks}
        self._prepare()
        checks = self._built([check for check in self.lab.checks if check.id in wanted])
        jobs = self.job.jobs or 2 * (os.cpu_count() or 1)
        work, lost, skip = self._work, self._lost, self._skip
        scheduler = Scheduler(work, lost, skip, jobs, self._hard_limit, quiet.alone)
        for outcome in scheduler.run(checks, self._started):
            self._emit("result", check=outcome)

    def _hard_limit(self) -> float:
        return FOREVER if self.job.under else HARD_LIMIT * calibrate.patience(self._slowness)

    def _prepare(self) -> None:
        started = time.monotonic()
        self._isolation, trouble = best_isolation()
        self._slowness = calibrate.slowness()
        self._emit("isolation", level=self._isolation, trouble=trouble, slowness=self._slowness)
        self._emit("phase", name="prepare", seconds=time.monotonic() - started)

    def _built(self, checks: list[Check]) -> list[Check]:
        """Compile the project, which many checks need; where that fails, its checks fail alike.

        Returns the checks that can run.
        """
        started = time.monotonic()
        for part in self.lab.parts:
            ours = [check for check in checks if check.part == part.id]
            if part.kind == "project" and ours:
                try:
                    self._context(ours[0], 0).program()
                except BuildFailed as failure:
                    self._refuse(ours, failure)
                    checks = [check for check in checks if check.part != part.id]
                except (NotStarted, Inconclusive, OSError):
                    continue  # the machine's fault: each check will find it, and say so
        self._emit("phase", name="build", seconds=time.monotonic() - started)
        return checks

    def _refuse(self, checks: list[Check], failure: BuildFailed) -> None:
        details = compile_failure(failure)
        for check in checks:
            result = self._judge.result(check, Verdict.FAIL, **details)
            self._emit("result", check=check_to_json(result))
            details["evidence"] = ()  # once is enough

    def _context(self, check: Check, slot: int) -> Run:
        return Run(self.job, self.lab, check, self._isolation, self._slowness, slot)

    def _work(self, check: Check, slot: int) -> Outcome:
        if check.right == IDS and self.job.id_range < 0:
            lack = f"{LACKING}a range of user IDs; {NO_RANGE}"
            return check_to_json(self._judge.result(check, Verdict.INCONCLUSIVE, reason=lack))
        return check_to_json(self._judge.judged(check, lambda: self._play(check, slot)))

    def _play(self, check: Check, slot: int) -> None:
        def context() -> Run:
            shutil.rmtree(Path(self.job.scratch) / "checks" / check.id, ignore_errors=True)
            return self._context(check, slot)

        without_mishap(context, self._functions[check.id])

    def _lost(self, check: Check, trouble: str, seconds: float) -> Outcome:
        reason = f"a fault of the grader, not of the program: {trouble}"
        result = self._judge.result(check, Verdict.INCONCLUSIVE, seconds=seconds, reason=reason)
        return check_to_json(result)

    def _skip(self, check: Check, done: dict[str, Outcome]) -> Outcome | None:
        """A check is skipped when one that it needs has earned nothing."""
        for need in check.needs:
            outcome = done.get(need)
            if outcome and outcome["verdict"] != Verdict.PASS.value and outcome["points"] == 0:
                inconclusive = outcome["verdict"] == Verdict.INCONCLUSIVE.value
                verdict = Verdict.INCONCLUSIVE if inconclusive else Verdict.SKIPPED
                result = self._judge.result(check, verdict, reason=f"it needs {need}")
                return check_to_json(result)
        return None

    def _started(self, check: Check) -> None:
        self._emit("started", id=check.id)

    def _replay(self, check_id: str) -> str:
        default = f"labs/{self.lab.id}" + ("/go" if self.job.track else "")
        source = "" if self.job.display == default else f" SRC={shlex.quote(self.job.display)}"
        track = f" TRACK={self.job.track}" if self.job.track else ""
        return f"make replay LAB={self.lab.id} CHECK={check_id} SEED={self.job.seed}{track}{source}"

    def _emit(self, event: str, **data: Any) -> None:
        self._events.write(json.dumps({"event": event, **data}) + "\n")
        self._events.flush()


GRADING = pytest.StashKey[Grading]()


def _functions(session: pytest.Session, lab: Lab) -> dict[str, Callable[..., Any]]:
    """Return the check functions by id. Raises UsageError when they and lab.toml disagree."""
    found = [
        (item.function, f"{item.location[0]}:{(item.location[1] or 0) + 1}")
        for item in session.items
        if isinstance(item, pytest.Function)
    ]
    try:
        return functions_of(lab, found)
    except (Unmarked, manifest.ManifestError) as error:
        raise pytest.UsageError(str(error)) from None
