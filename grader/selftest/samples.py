"""Samples for tests: a small lab.toml, a usual grade, and one whose every text is hostile."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

from grader.result import CheckResult, Evidence, Grade, Verdict
from grader.score import total

SMALL = '''\
id = "demo"
title = "A demo"
order = 1
version = "1"
tlpi = ["4"]

[[concept]]
name = "open and read"
section = "Opening"
checks = ["a.one", "io.read"]

[[part]]
id = "project"
title = "The project"
kind = "project"
points = 60
files = ["main.c"]
extra = ["main_*.c"]
program = "demo"

[part.limits]
time = 2.5
nofile = 64

[[part]]
id = "io"
title = "A drill"
kind = "drill"
points = 40
files = ["io.c"]

[[check]]
id = "a.one"
part = "project"
title = "One"
points = 59.5
why = """
[[check]] inside a text is no header
points = 3
"""
hints = ["q", "m", "s"]

[[check]]
id = "b"
part = "project"
title = "Two"
points = 0.5
needs = ["a.one"]
alone = true
variants = ["asan"]
why = "w"
hints = ["q", "m", "s"]

[check.limits]
memory = 9

[[check]]
id = "io.read"
part = "io"
title = "Three"
points = 40
needs = ["b"]
why = "w"
hints = ["q", "m", "s"]
'''

TRACE = Evidence(
    "trace", 'read(17, "ab"..., 4096) = 4096\nwrite(16, "ab", 2) = 2', "demo/main.c", 88
)
HOSTILE = (
    "\x1b[2J\x1b[31mred\x1b]0;title\x07 [red]markup[/red] [bold]x :smile: {0} %s\r\n"
    "\u202eright-to-left\u2066 \u200bzero \ud800 \x00 \x9b31m </failure> ]]> &amp; <script> 漢字 é\t|"
)
FLOOD = "x" * 200_000 + "\n" + "line of output\n" * 5_000


def result(id: str = "demo.one", verdict: Verdict = Verdict.PASS, **fields: Any) -> CheckResult:
    """A result worth 5 points; those of a PASS are earned."""
    points = 5.0 if verdict is Verdict.PASS else 0.0
    made = CheckResult(id, "project", f"Title of {id}", verdict, "", points, 5.0, seconds=0.25)
    return replace(made, **fields)


def failure(id: str = "demo.fails", **fields: Any) -> CheckResult:
    """A failure with all that it can tell."""
    told: dict[str, Any] = {
        "verdict": Verdict.FAIL,
        "reason": "wrong behaviour",
        "tried": "Two clients send at once.",
        "expected": "each reads its own bytes",
        "observed": "client 1 read the bytes of client 2",
        "why": "A connection is a stream of its own. epoll_ctl(2), TLPI 63.4.2.",
        "hint": "Which variables outlive one pass of the loop?",
        "evidence": (TRACE,),
        "replay": f"make replay LAB=demo CHECK={id} SEED=7",
    }
    return result(id, **{**told, **fields})


def grade(*checks: CheckResult, **fields: Any) -> Grade:
    """A grade of some checks; of one with each verdict if there are none."""
    every = (
        result(),
        failure(),
        result("demo.skipped", Verdict.SKIPPED, seconds=0.0, reason="it needs demo.fails"),
        result("demo.held", Verdict.INCONCLUSIVE, reason="the machine is too busy"),
        result("io.forged", Verdict.TAMPERED, part="io", reason="wrote to the report"),
    )
    made = Grade(
        lab="demo",
        lab_version="1",
        submission="labs/demo",
        status="graded",
        seed=7,
        isolation="full",
        machine="Linux",
        started="2026-01-02T03:04:05+00:00",
        duration=4.0,
        timings={"build": 1.0, "checks": 3.0},
        notes=("not used: Makefile",),
        checks=checks or every,
    )
    return total(replace(made, **fields))


def hostile() -> Grade:
    """A grade in which every text that a program can touch is an attack on the screen."""
    texts = {
        "tried": HOSTILE,
        "expected": HOSTILE,
        "observed": FLOOD,
        "why": HOSTILE,
        "hint": HOSTILE,
    }
    evidence = (Evidence(HOSTILE, FLOOD, HOSTILE, 1), Evidence("output", HOSTILE))
    checks = [failure(HOSTILE * 3, title=HOSTILE, reason=HOSTILE, evidence=evidence, **texts)]
    checks += [result(f"{HOSTILE}{v.value}", v, reason=HOSTILE, title=FLOOD) for v in Verdict]
    return grade(
        *(replace(check, replay=HOSTILE, part=HOSTILE) for check in checks),
        lab=HOSTILE,
        submission=HOSTILE,
        isolation="none",
        notes=(HOSTILE, FLOOD),
        timings={HOSTILE: 1.0},
    )


def write(root: Path, text: str, slug: str = "demo") -> Path:
    """Write text as the manifest of a lab below root; return root."""
    folder = root / "labs" / slug
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lab.toml").write_text(text, encoding="utf-8")
    return root


class Screen(io.StringIO):
    """A stream that may be a terminal."""

    def __init__(self, is_terminal: bool = False):
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal
