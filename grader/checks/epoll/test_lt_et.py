"""Drill `lt_et`: the student predicts how often epoll_wait reports an event; this machine measures it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from grader.outcome import Failed, check
from grader.process import TimeLimit
from grader.recording import record
from grader.result import Evidence
from grader.run import Run

PROGRAM = Path(__file__).parent / "lt_et" / "lt_et.c"
ANSWERS = "lt_et.toml"
MODES = ("lt", "et")
WAITS = ("epoll_wait", "epoll_pwait")
UNANSWERED = -1


@check("lt_et.reading")
def test_reading(run: Run) -> None:
    """Compare predictions with this machine: data that is not read, or not all of it."""
    _compare(run, "unread", "partial")


@check("lt_et.arriving")
def test_arriving(run: Run) -> None:
    """Compare predictions with this machine: more data arrives, and everything is read."""
    _compare(run, "again", "drained")


@check("lt_et.peers")
def test_peers(run: Run) -> None:
    """Compare predictions with this machine: clients that wait to be accepted, and one that hangs up."""
    _compare(run, "listener", "hangup")


@check("lt_et.changing")
def test_changing(run: Run) -> None:
    """Compare predictions with this machine: a full socket buffer, and EPOLL_CTL_MOD."""
    _compare(run, "full", "rearm")


def _compare(run: Run, *sequences: str) -> None:
    """Raise Failed unless every prediction of these sequences is what is measured."""
    answers = _answers(run)
    wrong = []
    for sequence in sequences:
        for mode in MODES:
            predicted = _prediction(run, answers, sequence, mode)
            if predicted == UNANSWERED:
                wrong.append(f"[{sequence}] {mode}: no answer yet")
            elif predicted != _measured(run, sequence, mode):
                wrong.append(f"[{sequence}] {mode} = {predicted} is not what was measured")
    if wrong:
        observed = f"{run.job.display}/{ANSWERS}: " + "\n".join(wrong)
        share = 1 - len(wrong) / (len(MODES) * len(sequences))
        expected = "the number of waits that report an event, as measured on this machine"
        raise Failed(observed, expected=expected, evidence=[_watch(sequences[0])], share=share)


def _watch(sequence: str) -> Evidence:
    place = PROGRAM.relative_to(PROGRAM.parents[4])
    command = f"strace -e trace=epoll_ctl,epoll_wait ./lt_et {sequence} et"
    return Evidence("note", f"watch it happen: gcc -o lt_et {place} && {command}")


def _answers(run: Run) -> dict[str, Any]:
    try:
        return tomllib.loads((run.source / ANSWERS).read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise _malformed(run, f"not UTF-8 (byte {error.start})") from error
    except tomllib.TOMLDecodeError as error:
        raise _malformed(run, f"not TOML: {error}") from error


def _malformed(run: Run, what: str) -> Failed:
    path = f"{run.job.display}/{ANSWERS}"
    return Failed(f"{path}: {what}", expected="[sequence], then lt = NUMBER and et = NUMBER")


def _prediction(run: Run, answers: dict[str, Any], sequence: str, mode: str) -> int:
    table = answers.get(sequence)
    if not isinstance(table, dict) or mode not in table:
        raise _malformed(run, f"no `{mode} = NUMBER` under [{sequence}]")
    value = table[mode]
    if not isinstance(value, int) or isinstance(value, bool):
        raise _malformed(run, f"[{sequence}] {mode} = {value!r} is not a whole number")
    return value


def _measured(run: Run, sequence: str, mode: str) -> int:
    """Do the sequence under strace; return how many waits reported an event."""
    program = run.helper(PROGRAM)
    recording = record(run, program, WAITS)
    with run.sandbox() as box:
        argv = recording.strace.argv()
        process = box.start([program, sequence, mode], limits=run.limits, wrap=argv)
        try:
            process.wait(run.limit(run.limits.time))
        except TimeLimit as limit:
            raise RuntimeError(f"lt_et {sequence} {mode}: {limit}") from limit
        process.kill()
    return sum((call.result or 0) > 0 for call in recording.trace().calls(*WAITS))
