"""`soak`: grade right and wrong programs again and again on a busy machine: always the same verdicts."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
from collections import Counter
from contextlib import contextmanager
from typing import Iterator

from grader import paths, proof
from grader.manifest import Lab, ManifestError, load_lab
from grader.result import Grade
from grader.score import FULL, MISSING, NOT_GRADABLE, WRONG_USE
from grader.submission import Rejected
from grader.toolchain import Unready, prepare
from grader.verbs.grade import complain
from grader.verbs.selftest import graded
from grader.worker import WorkerFailed

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
Verdicts = tuple[tuple[str, str, float], ...]


def run(args: argparse.Namespace) -> int:
    """Grade each program `runs` times beside `busy` endless loops; return 0 if verdicts never differ."""
    try:
        lab = load_lab(paths.ROOT, args.lab)
        chosen = _chosen(lab, args.mutants)
        prepare()
        with busy(args.busy):
            unstable = sum(not _steady(lab, subject, args.runs) for subject in chosen)
    except (ManifestError, Rejected, proof.BadSubject) as error:
        return complain(str(error), WRONG_USE)
    except (Unready, WorkerFailed) as error:
        return complain(str(error), NOT_GRADABLE)
    return MISSING if unstable else FULL


def _chosen(lab: Lab, mutants: int) -> list[proof.Subject]:
    """The reference, and mutants spread evenly over their list."""
    every = list(proof.subjects(lab))
    wrong = [subject for subject in every if subject.kind == proof.MUTANT]
    step = max(len(wrong) // mutants, 1) if mutants else len(wrong) + 1
    return [every[0], *wrong[::step][:mutants]]


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep `count` processes computing meanwhile."""
    loops = [multiprocessing.Process(target=_spin, daemon=True) for _ in range(count)]
    asked = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)  # a child is deaf until it is ready
    try:
        for loop in loops:
            loop.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, asked)
    try:
        yield
    finally:
        for loop in loops:
            loop.terminate()
            loop.join()


def _spin() -> None:
    """Compute until terminated; what the command line does about signals is not for us."""
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    parent = os.getppid()
    while os.getppid() == parent:
        sum(range(10_000))


def _steady(lab: Lab, subject: proof.Subject, runs: int) -> bool:
    """Grade one subject `runs` times, print what was seen, and return whether it was always right."""
    seen: Counter[Verdicts] = Counter()
    wrong = 0
    for _ in range(runs):
        grade = graded(lab, subject)
        found = proof.complaints(subject, grade)
        wrong += bool(found)
        seen[_verdicts(grade)] += 1
        for complaint in found:
            print(f"    seed {grade.seed}: {complaint}", flush=True)
    scores = ", ".join(f"{count} × {_score(verdicts):g}" for verdicts, count in seen.items())
    print(f"{subject}: {runs} gradings, {wrong} wrong; points: {scores}", flush=True)
    return not wrong


def _verdicts(grade: Grade) -> Verdicts:
    return tuple((check.id, check.verdict.value, check.points) for check in grade.checks)


def _score(verdicts: Verdicts) -> float:
    return round(sum(points for _, _, points in verdicts), 2)
