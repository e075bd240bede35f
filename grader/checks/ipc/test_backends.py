"""The same with System V objects."""

from __future__ import annotations

from functools import partial
from typing import Callable

from grader.checks.ipc.test_crash import member_dies, room_dies
from grader.checks.ipc.test_idle import idle
from grader.checks.ipc.test_mechanism import mechanism
from grader.checks.ipc.test_objects import cleanup, perms
from grader.checks.ipc.test_order import contention, stress
from grader.checks.ipc.test_start import race
from grader.checks.ipc.test_talk import lines_of_all_kinds, talk_of_many, talk_of_two
from grader.checks.ipc.together import failures
from grader.outcome import Failed, check
from grader.run import Run

BACKEND = "sysv"
Scenario = Callable[[Run], None]
SCENARIOS: dict[str, Scenario] = {
    "talk.two": lambda run: talk_of_two(run, BACKEND),
    "talk.many": lambda run: talk_of_many(run, BACKEND, 8),
    "order.stress": lambda run: stress(run, BACKEND, 1_000),
    "mechanism": lambda run: mechanism(run, BACKEND),
    "contention.forced": lambda run: contention(run, BACKEND),
    "idle": lambda run: idle(run, BACKEND),
    "join.race": lambda run: race(run, BACKEND, 10),
    "crash.member": lambda run: member_dies(run, BACKEND),
    "crash.room": lambda run: room_dies(run, BACKEND),
    "cleanup": lambda run: cleanup(run, BACKEND),
    "perms": lambda run: perms(run, BACKEND),
    "input.long": lambda run: lines_of_all_kinds(run, BACKEND),
}
HANGS = 3  # after so many failures the rest is taken for failed, or a bad one would take a minute


@check("both.backends")
def test_backends(run: Run) -> None:
    """Do all of the above with `-b sysv` as well: System V shared memory and semaphores."""
    found = failures({name: partial(each, run) for name, each in SCENARIOS.items()}, HANGS)
    if not found:
        return
    stories = "\n".join(f"{name}: {failure.observed}" for name, failure in found.items())
    first = next(iter(found.values()))
    share = 0.0 if len(found) >= HANGS else 1 - len(found) / len(SCENARIOS)
    raise Failed(stories, expected=first.expected, evidence=first.evidence, share=share)
