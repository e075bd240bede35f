"""Turn what a check did or raised into its result."""

from __future__ import annotations

import tempfile
import time
import traceback
from dataclasses import replace
from shutil import disk_usage
from typing import Any, Callable

from grader.build import BuildFailed
from grader.outcome import (
    OUTPUT_LIMIT,
    TIME_LIMIT,
    Failed,
    Inconclusive,
    Tampered,
    tried,
)
from grader.manifest import Check
from grader.process import NotStarted, TimeLimit
from grader.result import CheckResult, Evidence, Verdict
from grader.strace.run import StraceUnavailable, TraceForged, TraceTooLong

Body = Callable[[], Any]
LITTLE = 1 << 20  # bytes of free space with which a failure proves nothing
_CANNOT = {
    StraceUnavailable: "the program cannot be traced here",
    NotStarted: "the machine could not start the program",
}
LACKING = (
    "a right that the manifest names is missing: "  # begins the reason of what is held for that
)
UNEARNED = (Verdict.SKIPPED, Verdict.TAMPERED)


class Judge:
    """Makes the results of one grading; `replay` tells the command that repeats a check.

    folder: that of this grading, which means nothing to a student: results tell what is below it without it.
    """

    def __init__(
        self, replay: Callable[[str], str], functions: dict[str, Callable[..., Any]], folder: str
    ):
        self._replay = replay
        self._functions = functions
        self._folder = f"{folder}/"

    def judged(self, check: Check, body: Body) -> CheckResult:
        """Run a check and return its result, whatever happens."""
        started = time.monotonic()
        verdict, details = _outcome(body)
        if verdict is Verdict.FAIL and (trouble := _no_room()):
            verdict, details = Verdict.INCONCLUSIVE, {"reason": trouble}
        seconds = time.monotonic() - started
        return self.result(check, verdict, seconds=seconds, **details)

    def result(
        self, check: Check, verdict: Verdict, share: float = 0.0, hint: str = "", **details: Any
    ) -> CheckResult:
        """Return a result with what the manifest says of the check filled in."""
        earned = check.points * (1.0 if verdict is Verdict.PASS else min(max(share, 0.0), 1.0))
        function = self._functions.get(check.id)
        return CheckResult(
            id=check.id,
            part=check.part,
            title=check.title,
            verdict=verdict,
            points=0.0 if verdict in UNEARNED else round(earned, 2),
            max_points=check.points,
            tried=tried(function) if function else check.title,
            why="" if verdict is Verdict.PASS else check.why,
            hint="" if verdict is Verdict.PASS else hint or check.hints[0],
            replay=self._replay(check.id),
            **{name: self._without_folder(value) for name, value in details.items()},
        )

    def _without_folder(self, value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(self._folder, "")
        if isinstance(value, (tuple, list)):
            return tuple(replace(each, text=self._without_folder(each.text)) for each in value)
        return value


def _no_room() -> str:
    """Say that the disk is full, if it is: then what a program printed, or its trace, is not whole."""
    folder = tempfile.gettempdir()
    return f"no space left on the disk, in {folder}" if disk_usage(folder).free < LITTLE else ""


def _outcome(body: Body) -> tuple[Verdict, dict[str, Any]]:
    """Run a check's body and return its verdict and the details of a result."""
    try:
        body()
    except Failed as failure:
        verdict = Verdict.TAMPERED if isinstance(failure, Tampered) else Verdict.FAIL
        return verdict, _failure(failure)
    except (TimeLimit, TraceTooLong) as limit:
        reason = TIME_LIMIT if isinstance(limit, TimeLimit) else OUTPUT_LIMIT
        return Verdict.FAIL, {"reason": reason, "observed": str(limit)}
    except BuildFailed as failure:
        return Verdict.FAIL, compile_failure(failure)
    except Inconclusive as doubt:
        return Verdict.INCONCLUSIVE, {"reason": str(doubt), "share": doubt.share}
    except TraceForged as forgery:
        return Verdict.TAMPERED, {"reason": "forged trace", "observed": str(forgery)}
    except (StraceUnavailable, NotStarted) as lack:
        return Verdict.INCONCLUSIVE, {"reason": f"{_CANNOT[type(lack)]}: {lack}"}
    except BaseException as bug:  # a grader fault never costs points
        return Verdict.INCONCLUSIVE, _grader_fault(bug)
    return Verdict.PASS, {}


def _failure(failure: Failed) -> dict[str, Any]:
    return {
        "reason": failure.reason,
        "expected": failure.expected,
        "observed": failure.observed,
        "evidence": failure.evidence,
        "share": failure.share,
        "hint": failure.hint,
    }


def compile_failure(failure: BuildFailed) -> dict[str, Any]:
    """Return the details of a result for a submission that the compiler refuses."""
    return {
        "reason": failure.reason,
        "expected": f"sources that {failure.compiler} compiles",
        "observed": str(failure),
        "evidence": (Evidence("compiler", failure.log),),
    }


def _grader_fault(bug: BaseException) -> dict[str, Any]:
    text = "".join(traceback.format_exception(bug))
    what = f"a fault of the grader, not of the program: {type(bug).__name__}: {bug}"
    return {"reason": what, "evidence": (Evidence("note", text),)}
