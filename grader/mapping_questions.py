"""The mapping drill: what the student answers is compared with a trace of this machine, never with a key."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Callable, Collection

from grader.mapping import ANSWERS, CALL, Question
from grader.outcome import Failed, Inconclusive
from grader.prediction import Predictions
from grader.result import Evidence
from grader.run import Run
from grader.twin import Observed, observe

TRIES = 3  # traces, until one has the same number of calls for each unit


def asking(question: Question) -> Callable[[Run], None]:
    """Return the function that checks the answer to a question."""
    function = partial(ask, question=question)
    function.__doc__ = f"Compare `{question.id}` with a trace of this machine."
    return function


def ask(run: Run, question: Question) -> None:
    """Raise Failed unless the answer is what the trace shows."""
    predictions = Predictions(run, ANSWERS)
    answer = predictions.answer(question.id, str if question.answer == CALL else int)
    if answer in ("", -1):
        raise _wrong(run, question, "no answer yet")
    if answer not in right_answers(run, question):
        raise _wrong(run, question, f"{answer!r} is not what the trace shows")


def right_answers(run: Run, question: Question) -> Collection[object]:
    """Return the answers that are right, by the first trace that tells.

    A signal, which Go's threads send each other, may cut a call short; another one does the rest of its work.
    """
    for attempt in range(TRIES - 1):
        seen = observe(run, question.measure.side, attempt)
        with suppress(Inconclusive):
            return right(question, seen)
    return right(question, observe(run, question.measure.side, TRIES - 1))


def right(question: Question, seen: Observed) -> Collection[object]:
    """Return the answers that are right."""
    if question.answer == CALL:
        return names(question, seen)
    return numbers(question, seen)


def names(question: Question, seen: Observed) -> frozenset[str]:
    """Return the names of the calls that are meant. Raises Inconclusive where there are none."""
    found = frozenset(call.name for call in question.measure.calls(seen))
    if not found:
        raise Inconclusive("this version of Go does it in another way")
    return found


def numbers(question: Question, seen: Observed) -> frozenset[int]:
    """Return how many there are per unit, as the only right answer. Raises Inconclusive where that is no whole number."""
    count, units = question.measure.count(seen), seen.units.get(question.unit, 1)
    if count % units:
        raise Inconclusive(f"{count} calls for {units} × {question.unit}: not the same for each")
    return frozenset((count // units,))


def _wrong(run: Run, question: Question, what: str) -> Failed:
    observed = f"{run.job.display}/{ANSWERS}: {question.id}: {what}"
    watch = Evidence("note", f"watch it happen: make compare LAB={run.lab.id}")
    expected = "the name of the call" if question.answer == CALL else "the number of calls"
    return Failed(observed, expected=f"{expected}, as traced on this machine", evidence=[watch])
