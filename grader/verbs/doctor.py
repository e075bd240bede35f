"""`doctor`: what this machine lacks, what that makes ungradable, and how to mend it."""

from __future__ import annotations

import argparse
import json
import os
import sys
import textwrap
from dataclasses import asdict
from pathlib import Path

from grader import privilege, toolchain
from grader.machine import Fact, abilities, packages, range_of_ids
from grader.score import FULL, NOT_GRADABLE

WIDTH = 80
MARGIN = 22  # columns before the text of a fact


def run(_: argparse.Namespace) -> int:
    """Print a fact a line; return 0 when everything can be graded here, 3 when not."""
    print(_system())
    lacking = [fact for fact in _shown(list(packages())) if not (fact.ok or fact.optional)]
    try:
        toolchain.prepare()
        lacking += [fact for fact in _shown(_tried()) if not fact.ok]
        _shown([range_of_ids(privilege.unused_user() if privilege.is_root() else None)])
    except (toolchain.Unready, OSError) as error:
        lost, mend = toolchain.EVERYTHING, "install what is missing, and ask again"
        lacking += _shown([Fact("tools", False, str(error), lost, mend)])
    verdict = "Not everything can be graded here." if lacking else "Everything can be graded here."
    print(f"\n{verdict}")
    return NOT_GRADABLE if lacking else FULL


def _system() -> str:
    """Return a line about the distribution, the kernel and the processors."""
    names = {}
    for line in Path("/etc/os-release").read_text("utf-8", "replace").splitlines():
        key, _, value = line.partition("=")
        names[key] = value.strip('"')
    system, cores = os.uname(), len(os.sched_getaffinity(0))
    name = names.get("PRETTY_NAME", system.sysname)
    return f"{name}, Linux {system.release}, {system.machine}, {cores} processors\n"


def _shown(facts: list[Fact]) -> list[Fact]:
    for fact in facts:
        sign = "ok" if fact.ok else "not here" if fact.optional else "MISSING"
        _show(f"{sign:<9} {fact.name:<12}", fact.detail)
        if not fact.ok:
            _show("", f"without it: {fact.lost}")
            _show("", f"mend: {fact.mend}")
    return facts


def _show(head: str, text: str) -> None:
    """Print a text with a hanging indent; words are not broken, so that a mend can be copied."""
    margin = " " * MARGIN
    wrapped = textwrap.wrap(
        text,
        WIDTH - MARGIN,
        break_long_words=False,
        break_on_hyphens=False,
    )
    print(f"{head:<{MARGIN}}" + f"\n{margin}".join(wrapped))


def _tried() -> list[Fact]:
    """The facts as they are for the user who grades: root first becomes somebody else."""
    if not privilege.is_root():
        return list(abilities())
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        _report_as(privilege.unused_user(), write_end)
    os.close(write_end)
    with os.fdopen(read_end) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    if not text:
        raise OSError("an unprivileged user could not look at this machine")
    return [Fact(**fields) for fields in json.loads(text)]


def _report_as(user: int, write_end: int) -> None:
    """In a child: become `user`, look, tell, and leave."""
    try:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        text = json.dumps([asdict(fact) for fact in abilities()])
        with os.fdopen(write_end, "w") as answer:
            answer.write(text)
    except BaseException as error:  # the parent sees that nothing came
        print(f"syslabs: {error}", file=sys.stderr)
    finally:
        os._exit(0)
