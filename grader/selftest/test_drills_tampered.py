"""Drills that try to be judged by anything but their work, and odd ones that do nothing of the kind.

Each drills/*.c is put behind the reference, one function of which it replaces (and may call as `right`).
Its head says how it must be judged, and a word of what is said about it. Another test of the drill is asked
for as well: so both run together first, and what does not pass there alone (grader/unit_together.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader import paths
from grader.calibrate import SLOWEST
from grader.manifest import load_lab
from grader.result import CheckResult, Verdict
from grader.session import Options, grade
from grader.submission import collect

DRILLS = Path(__file__).parent / "drills"
CHECK, REPLACES = "net.nonblocking", "set_nonblocking"
# seconds: more than any of them may take, where limits have grown as far as they do
LIMIT = 12.0 * SLOWEST

# Functions that Criterion, or what it stands on, calls: a drill that brings its own would be called instead.
INTERPOSED = {
    "write": "long write(int fd, const void *buf, unsigned long n)",
    "exit": "void exit(int status)",
    "_exit": "void _exit(int status)",
    "abort": "void abort(void)",
    "waitpid": "int waitpid(int pid, int *status, int options)",
    "waitid": "int waitid(int type, int id, void *info, int options)",
    "malloc": "void *malloc(unsigned long n)",
    "free": "void free(void *p)",
    "kill": "int kill(int pid, int sig)",
    "raise": "int raise(int sig)",
    "sigaction": "int sigaction(int sig, const void *new, void *old)",
    "strcmp": "int strcmp(const char *a, const char *b)",
    "criterion_send_assert": "void criterion_send_assert(void *stats)",
    "criterion_continue_test": "void criterion_continue_test(void)",
    "cri_asserts_passed_incr": "void cri_asserts_passed_incr(void)",
    "cr_log": "void cr_log(const char *format)",
    "__asan_init": "void __asan_init(void)",
    "__asan_report_store1": "void __asan_report_store1(unsigned long address)",
    "__ubsan_default_options": "const char *__ubsan_default_options(void)",
    "__lsan_default_options": "const char *__lsan_default_options(void)",
    "__sanitizer_report_error_summary": "void __sanitizer_report_error_summary(const char *text)",
}


@dataclass(frozen=True)
class Drill:
    """One program, and how it must be judged."""

    name: str
    text: str
    outcome: str
    says: str = ""
    check: str = CHECK
    replaces: str = REPLACES

    def __str__(self) -> str:
        return self.name


def _drill(path: Path) -> Drill:
    text = path.read_text("utf-8")
    head = dict(re.findall(r"(?m)^[/ ]\* ?(Outcome|Says|Check|Replaces): *(.*)$", text))
    check, replaces = head.get("Check", CHECK), head.get("Replaces", REPLACES)
    return Drill(path.stem, text, head["Outcome"], head["Says"], check, replaces)


def _interposed(name: str, declaration: str) -> Drill:
    body = "\n{\n    for (;;)\n        ;\n}\n\nint set_nonblocking(int fd)\n{\n    return right(fd);\n}\n"
    warning = '#pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch"\n'
    text = f"{warning}{declaration};\n{declaration}{body}"
    return Drill(f"interposes_{name}", text, "tampered", f"{name}\\b")


EVERY = [
    *map(_drill, sorted(DRILLS.glob("*.c"))),
    *(_interposed(name, declaration) for name, declaration in INTERPOSED.items()),
]


def judged(drill: Drill, folder: Path) -> CheckResult:
    """Grade the drill as a student's submission is graded."""
    lab = load_lab(paths.ROOT, "epoll")
    part = lab.part(lab.check(drill.check).part)
    companion = next(c.id for c in lab.checks if c.part == part.id and c.id != drill.check)
    file = part.files[0]
    reference = (paths.SOLUTIONS / lab.id / file).read_text("utf-8")
    name = drill.replaces
    text = f'#define {name} right\n{reference}\n#undef {name}\n#line 1 "{drill.name}"\n{drill.text}'
    if drill.name.startswith("interposes"):  # declares what the headers declare in another way
        text = f"{text.partition('#undef')[2].partition(chr(10))[2]}"
    (folder / file).write_text(text, "utf-8")
    submission = collect(lab, folder, part.id)
    options = Options((drill.check, companion), seed=7)
    result = grade(lab, submission, options, lambda event: None)
    return next(check for check in result.checks if check.id == drill.check)


@pytest.mark.lab("epoll")
@pytest.mark.parametrize("drill", EVERY, ids=str)
def test_drill_is_judged_by_its_work(drill: Drill, tmp_path: Path) -> None:
    result = judged(drill, tmp_path)
    told = "\n".join([result.reason, result.observed, *(each.text for each in result.evidence)])
    assert result.verdict is Verdict(drill.outcome), told
    assert re.search(drill.says, told, re.IGNORECASE), told
    assert "Traceback" not in told and "fault of the grader" not in told
    assert result.points == (result.max_points if drill.outcome == "pass" else 0)
    assert result.seconds < LIMIT
