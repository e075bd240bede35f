"""Submissions that attack the grader, and how each must be judged group by group.

Each C file of a group tells in its head what it tries and what must come of it:

    Outcome: pass            contained: judged as if nothing had been tried (or fail, tampered)
    Says: no result within   a regular expression that the report must match
    Check: echo.basic        the check that it is graded with
    Place: server            behind the model code of echo_server.c, whose main is honest_main there
           net               behind that of net.c, where it replaces set_nonblocking and may call `right`
           whole             in place of echo_server.c
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from grader import paths
from grader.batch.task import Task
from grader.calibrate import SLOWEST
from grader.manifest import load_lab
from grader.result import Grade, Verdict

HERE = Path(__file__).parent
SEED = 7
# seconds: more than any of them may take, where all limits have grown as far as they do
LIMIT = 15.0 * SLOWEST
HONEST = ("echo.basic", "net.nonblocking")
# What the place puts around the text: the model code, with a name of it replaced.
WRAPPED = {
    "server": ("echo_server.c", "main", "honest_main"),
    "net": ("net.c", "set_nonblocking", "right"),
}


@dataclass(frozen=True)
class Case:
    """One hostile submission."""

    group: str
    name: str
    text: str
    outcomes: tuple[Verdict, ...]
    says: str
    check: str
    place: str

    def __str__(self) -> str:
        return f"{self.group}.{self.name}"

    @property
    def files(self) -> dict[str, bytes]:
        """What is handed in: the model code, and the attack in its place."""
        files = reference()
        if self.place == "whole":
            return {**files, "echo_server.c": self.text.encode()}
        name, replaced, right = WRAPPED[self.place]
        head = f"#define {replaced} {right}\n{files[name].decode()}\n#undef {replaced}\n"
        return {**files, name: f'{head}#line 1 "{self.name}.c"\n{self.text}'.encode()}

    def complaints(self, grade: Grade) -> list[str]:
        """Return what is wrong with the grade that the submission got."""
        (result,) = grade.checks
        told = "\n".join([result.reason, result.observed, *(e.text for e in result.evidence)])
        found = []
        if result.verdict not in self.outcomes:
            found.append(f"{result.verdict.value}, not {self.outcomes}: {told[:2000]}")
        if result.points != (result.max_points if result.verdict is Verdict.PASS else 0):
            found.append(f"{result.points} points for {result.verdict.value}")
        if not re.search(self.says, told, re.IGNORECASE):
            found.append(f"nothing says {self.says!r}: {told[:2000]}")
        if grade.duration > LIMIT:
            found.append(f"it took {grade.duration:.1f} s")
        return found


def task(label: str, files: dict[str, bytes], *checks: str) -> Task:
    """Return the task of grading files with some checks."""
    return Task("epoll", label, files, (), checks, SEED, 2)


def reference() -> dict[str, bytes]:
    """Return the model code of lab epoll."""
    lab = load_lab(paths.ROOT, "epoll")
    names = [name for part in lab.parts for name in part.files]
    return {name: (paths.SOLUTIONS / "epoll" / name).read_bytes() for name in names}


def cases() -> list[Case]:
    """Return every hostile submission that is a C file here."""
    return [_case(path) for path in sorted(HERE.glob("*/*.c"))]


def _case(path: Path) -> Case:
    text = path.read_text("utf-8")
    head = dict(re.findall(r"(?m)^ \* (Outcome|Says|Check|Place): *(.*)$", text))
    outcomes = tuple(map(Verdict, head["Outcome"].split()))
    check = head.get("Check", HONEST[0])
    place = head.get("Place", "server")
    return Case(path.parent.name, path.stem, text, outcomes, head.get("Says", ""), check, place)
