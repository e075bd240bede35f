"""The course of a batch: what is graded, what is known already, what is tried again, what is handed on."""

from __future__ import annotations

import concurrent.futures
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from grader.batch.board import Board
from grader.batch.crew import Crew, NoCrew
from grader.batch.roster import Handed, Settings
from grader.batch.task import Task, key
from grader.result import Grade

ATTEMPTS = 3  # after so many infrastructure faults a submission is listed as ungraded
LOOK = 20.0  # seconds between two looks whether there are workers
ABSENT = 3  # so many looks without any: a nanny needs some time
FAILED, UNGRADED, CHANGED = ONLY = ("failed", "ungraded", "changed")


@dataclass(frozen=True)
class Entry:
    """One submission on its way: the key of its result, and whether a result that is kept will do."""

    handed: Handed
    key: str
    before: Grade | None
    anew: bool = False


@dataclass
class Outcome:
    """What came of a submission."""

    entry: Entry
    grade: Grade
    faults: list[str] = field(default_factory=list)
    kept: bool = False  # known from before


class Listener:
    """Who wants to know how it goes on; each method may be overridden."""

    def started(self, label: str) -> None:
        """A submission is being graded."""

    def ended(self, outcome: Outcome) -> None:
        """A submission has its result."""

    def fault(self, label: str, reason: str, attempt: int) -> None:
        """Grading it has failed, which is not its fault; it is tried again."""


def chosen(
    everyone: list[Handed], settings: Settings, board: Board, only: str, grader: str
) -> list[Entry]:
    """Return those that are to be graded; only: "", FAILED, UNGRADED or CHANGED."""
    entries = []
    for handed in everyone:
        name = key(handed.task, settings.lab, grader) if handed.task else "refused"
        before = board.result(handed.label)
        if _wanted(only, before, board.key(handed.label) != name):
            anew = only == FAILED and handed.task is not None
            entries.append(Entry(handed, name, before, anew))
    return entries


def _wanted(only: str, before: Grade | None, changed: bool) -> bool:
    if only == FAILED:
        return bool(before and before.status == "graded" and before.score < before.max_score)
    if only == UNGRADED:
        return before is None or before.status == "ungraded"
    return not only or changed


class Flow:
    """Runs the entries through a crew; `began` is when the batch did, if it was interrupted before."""

    def __init__(self, settings: Settings, board: Board, began: float, listener: Listener):
        self._settings, self._board, self._began = settings, board, began
        self._listener = listener

    def run(self, entries: list[Entry], crew: Crew) -> Iterator[Outcome]:
        """Yield an outcome for each entry as soon as there is one."""
        waiting: deque[tuple[Entry, list[str]]] = deque()
        for entry in entries:
            known = self._known(entry)
            if known is None:
                waiting.append((entry, []))
            else:
                self._listener.ended(known)
                yield known
        yield from self._graded(waiting, crew)

    def _known(self, entry: Entry) -> Outcome | None:
        if entry.handed.task is None:
            return Outcome(entry, self._blank(entry, "rejected", entry.handed.refused))
        grade = self._board.kept(entry.key, self._began if entry.anew else 0.0)
        return Outcome(entry, grade, kept=True) if grade else None

    def _graded(self, waiting: deque[tuple[Entry, list[str]]], crew: Crew) -> Iterator[Outcome]:
        """No more are handed out than can be graded at once: who is lost loses little."""
        running: dict[Future[Grade], tuple[Entry, list[str]]] = {}
        best: dict[str, Grade] = {}  # by label: of those with points that are held
        try:
            while waiting or running:
                while waiting and len(running) < crew.size:
                    entry, faults = waiting.popleft()
                    self._listener.started(entry.handed.label)
                    running[crew.submit(_task(entry))] = entry, faults
                for future in _first(running, crew):
                    entry, faults = running.pop(future)
                    outcome = self._judged(entry, faults, future, best)
                    if outcome is None:
                        waiting.append((entry, faults))
                    else:
                        self._listener.ended(outcome)
                        yield outcome
        finally:
            for future in running:
                future.cancel()

    def _judged(
        self, entry: Entry, faults: list[str], future: Future[Grade], best: dict[str, Grade]
    ) -> Outcome | None:
        """Return what came of an entry, or None if it is to be tried again."""
        label = entry.handed.label
        try:
            grade = future.result()
        except (Exception, CancelledError) as error:  # whatever a worker has died of
            faults.append(_told(error))
            self._listener.fault(label, faults[-1], len(faults))
            if len(faults) < ATTEMPTS:
                return None
            return Outcome(entry, self._blank(entry, "ungraded", faults[-1]), faults)
        if grade.held and label not in best:  # a check could not be judged: once more
            best[label] = grade
            return None
        grade = min(grade, best.pop(label, grade), key=lambda each: each.held)
        self._board.keep(entry.key, grade)
        return Outcome(entry, grade, faults)

    def _blank(self, entry: Entry, status: str, reason: str) -> Grade:
        """A result without checks: of what was refused, or could not be graded."""
        lab = self._settings.lab
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        blank = Grade(lab.id, lab.version, entry.handed.label, status, 0, "none", "", now, 0.0)
        return replace(blank, seed=self._settings.seed, notes=(reason[:1000],))


def _first(running: Collection[Future[Grade]], crew: Crew) -> Iterable[Future[Grade]]:
    """Wait until at least one is done. Raises NoCrew when there is nobody left who could do it."""
    absent = 0
    while True:
        done = concurrent.futures.wait(running, LOOK, return_when=FIRST_COMPLETED)[0]
        if done:
            return done
        absent = 0 if crew.manned() else absent + 1
        if absent >= ABSENT:
            raise NoCrew("all workers have gone; the same command goes on when there are some")


def _task(entry: Entry) -> Task:
    assert entry.handed.task is not None
    return entry.handed.task


def _told(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
