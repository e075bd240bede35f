"""What the screen shows while a class is graded: a bar, when it will be done, and who is graded now."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from grader.batch.flow import ATTEMPTS, Listener, Outcome
from grader.report.look import Look, number
from grader.result import Grade, Verdict

if TYPE_CHECKING:
    from rich.progress import Progress

REFRESH = 4  # a second
LABEL = 28  # columns


class ClassProgress(Listener):
    """A bar and a line per grading on a terminal; in a pipe, a line for each submission that is done."""

    def __init__(self, look: Look, total: int):
        self._look, self._total, self._done = look, total, 0
        self._running: dict[str, float] = {}
        self._bar: Progress | None = None
        self._lines: dict[str, Any] = {}
        self._overall: Any = None

    def __enter__(self) -> ClassProgress:
        if self._look.lively and self._total:
            self._bar = _bar(self._look)
            self._overall = self._bar.add_task("all", total=self._total, what=f"0/{self._total}")
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def started(self, label: str) -> None:
        """Show who is graded now."""
        self._running[label] = time.monotonic()
        if self._bar:
            name = self._look.one_line(label, LABEL)
            self._lines[label] = self._bar.add_task(name, total=None, what="")

    def ended(self, outcome: Outcome) -> None:
        """Show what came of a submission."""
        label = outcome.entry.handed.label
        seconds = time.monotonic() - self._running.pop(label, time.monotonic())
        self._done += 1
        self._forget(label)
        if self._bar:
            self._bar.update(self._overall, advance=1, what=f"{self._done}/{self._total}")
        if not outcome.kept:
            self._look.line(*_line(self._look, outcome.grade, label, seconds))
            self._look.console.file.flush()

    def fault(self, label: str, reason: str, attempt: int) -> None:
        """Say that a grading has failed through no fault of the submission."""
        self._forget(label)
        self._running.pop(label, None)
        said = f"{label}: attempt {attempt} of {ATTEMPTS}: {reason}"
        self._look.line(("  ! ", "yellow"), (self._look.one_line(said, self._look.width - 4), ""))
        self._look.console.file.flush()

    def _forget(self, label: str) -> None:
        if self._bar and label in self._lines:
            self._bar.remove_task(self._lines.pop(label))


def _line(look: Look, grade: Grade, label: str, seconds: float) -> list[tuple[str, str]]:
    name = f"{look.one_line(label, LABEL):<{LABEL}}"
    if grade.status != "graded":
        sign, style = look.glyph(
            Verdict.INCONCLUSIVE if grade.status == "ungraded" else Verdict.FAIL
        )
        return [
            (f"  {sign} ", style),
            (f"{name} {grade.status}: ", ""),
            (" ".join(grade.notes), ""),
        ]
    tampered = any(check.verdict is Verdict.TAMPERED for check in grade.checks)
    full = grade.score >= grade.max_score - 1e-6
    verdict = Verdict.TAMPERED if tampered else Verdict.PASS if full else Verdict.FAIL
    if grade.held and not tampered:
        verdict = Verdict.INCONCLUSIVE
    sign, style = look.glyph(verdict)
    mark = f"{number(grade.score)}/{number(grade.max_score)}"
    held = f"  {number(grade.held)} held" if grade.held else ""
    return [(f"  {sign} ", style), (f"{name} {mark:>9}  {seconds:5.1f} s{held}", "")]


def _bar(look: Look) -> Progress:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.progress import TimeRemainingColumn

    return Progress(
        TextColumn("  {task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[what]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=look.console,
        refresh_per_second=REFRESH,
        speed_estimate_period=120,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
