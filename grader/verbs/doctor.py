"""`doctor`: what this machine lacks, what that makes ungradable, and how to mend it."""

from __future__ import annotations

import argparse
import json
import os
import sys

from grader import privilege, toolchain
from grader.machine import Fact, as_dict, facts
from grader.score import FULL, NOT_GRADABLE
from grader.verbs.grade import complain


def run(_: argparse.Namespace) -> int:
    """Print one line a fact; return 0 when everything can be graded, 3 when not."""
    try:
        toolchain.prepare()
        found = _looked_at()
    except (toolchain.Unready, OSError) as error:
        return complain(str(error), NOT_GRADABLE)
    for fact in found:
        _show(fact)
    lacking = [fact for fact in found if not fact.ok and fact.name != "go"]
    verdict = "Some things cannot be graded here." if lacking else "Everything can be graded here."
    print(f"\n{verdict}")
    return NOT_GRADABLE if lacking else FULL


def _looked_at() -> list[Fact]:
    """The facts as they are for the user who grades: root first becomes somebody else."""
    if not privilege.is_root():
        return list(facts())
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        _report_as(privilege.unused_user(), write_end)
    os.close(write_end)
    with os.fdopen(read_end) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    if not text:
        raise OSError("the unprivileged look at this machine gave no answer")
    return [Fact(**fields) for fields in json.loads(text)]


def _report_as(user: int, write_end: int) -> None:
    """In a child: become `user`, look, tell, and leave."""
    try:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        with os.fdopen(write_end, "w") as answer:
            json.dump([as_dict(fact) for fact in facts()], answer)
    except BaseException as error:  # the parent sees that nothing came
        print(error, file=sys.stderr)
    finally:
        os._exit(0)


def _show(fact: Fact) -> None:
    print(f"{'ok     ' if fact.ok else 'MISSING'}  {fact.name:12} {fact.detail}")
    if not fact.ok:
        print(f"{'':9}{'':12} without it: {fact.ungradable}")
        print(f"{'':9}{'':12} mend: {fact.mend}")
