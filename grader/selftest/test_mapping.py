"""The mapping tables: every row is confirmed by a trace of this machine; claims are read as they say."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader import golang, mapping_questions, paths, toolchain
from grader.claim import BadClaim, parse_claim, parse_selection
from grader.manifest import all_labs, load_lab
from grader.mapping import has_mapping, read_mapping
from grader.outcome import Inconclusive
from grader.selftest.trees import environment
from grader.submission import collect
from grader.twin import Observed, sides, workload
from grader.strace.ask import Trace
from grader.verbs.compare import compare, project

LABS = [lab.id for lab in all_labs(paths.ROOT) if has_mapping(paths.LABS, lab.id)]
TABLES = sorted(path.parent.parent.name for path in paths.LABS.glob("*/go/mapping.toml"))
needs_go = pytest.mark.skipif(not toolchain.has("go"), reason="golang-go is not installed")


@needs_go
@pytest.mark.parametrize("id", [pytest.param(id, marks=pytest.mark.lab(id)) for id in LABS])
def test_every_row_is_confirmed_by_a_trace(id: str) -> None:
    lab = load_lab(paths.ROOT, id)
    found = compare(lab, collect(lab, paths.SOLUTIONS / id, project(lab)))
    wrong = [claim for row in found.rows for claim in row.claims if not claim.holds]
    assert found.rows and wrong == []


@pytest.mark.parametrize("id", TABLES)
def test_a_table_is_about_sides_and_questions_that_exist(id: str) -> None:
    mapping, module = read_mapping(paths.LABS, id), workload(id)
    assert module is not None and {"c", "go"} <= set(sides(module))
    asked = {claim.selection.side for row in mapping.rows for claim in row.claims}
    asked |= {question.measure.side for question in mapping.questions}
    assert asked <= set(sides(module))
    assert sum(question.points for question in mapping.questions) == 5
    assert 4 <= len(mapping.questions) <= 6


@needs_go
@pytest.mark.parametrize("id", TABLES)
def test_twins_are_formatted_and_vetted(id: str, tmp_path: Path) -> None:
    folder = paths.LABS / id / "go"
    unformatted = subprocess.run(
        ["gofmt", "-l", "."], cwd=folder, capture_output=True, text=True, check=True
    )
    assert unformatted.stdout == ""
    golang.stock(tmp_path, "syscalls")
    env = {**environment(), **golang.SETTINGS, "GOCACHE": str(tmp_path / golang.cache_name())}
    env |= {"HOME": str(tmp_path), "CGO_ENABLED": "1", "PATH": os.defpath}
    done = subprocess.run(
        ["go", "vet", "./..."], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    shutil.rmtree(tmp_path / golang.cache_name())


# -- questions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("spoilt", [0, 2, 3])
def test_a_trace_that_a_signal_has_spoilt_is_made_anew(
    spoilt: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def observe(_: object, side: str, attempt: int) -> Observed:
        trace = Trace.of(TEXT, "/x")
        return Observed(side, Path("/x"), trace, {"file": 3 if attempt < spoilt else 2})

    monkeypatch.setattr(mapping_questions, "observe", observe)
    question = replace(read_mapping(paths.LABS, "files").questions[0], answer="number", unit="file")
    question = replace(question, measure=parse_selection("c: read"))
    run: Any = None
    if spoilt < mapping_questions.TRIES:
        assert mapping_questions.right_answers(run, question) == {1}
    else:
        with pytest.raises(Inconclusive, match="2 calls for 3 × file"):
            mapping_questions.right_answers(run, question)


# -- claims ------------------------------------------------------------------------------------

TEXT = """\
7 1.0 execve("/x", ["/x"], 0x1 /* 0 vars */) = 0
7 1.1 openat(AT_FDCWD, "/etc/EPOLLIN", O_RDONLY|O_CLOEXEC) = 3</etc/EPOLLIN>
 > /x(runtime.openat+0x1) [0x1]
7 1.2 read(3</etc/EPOLLIN>, "", 10) = -1 EAGAIN (Resource temporarily unavailable)
 > /x(syscall.read+0x1) [0x1]
 > /x(main.main+0x1) [0x1]
7 1.3 clone(child_stack=NULL, flags=CLONE_VM|CLONE_THREAD) = 8
8 1.4 read(3</etc/EPOLLIN>, "ab", 10) = 2
7 1.5 --- SIGURG {si_signo=SIGURG} ---
7 1.6 exit_group(0) = ?
"""


@pytest.mark.parametrize(
    "claim, holds",
    [
        ("c: read = 2", True),
        ("c: read = 1", False),
        ("c: read >= 1 per file", False),
        ("c: read <= 1 per file", True),
        ("c: read EAGAIN = 1", True),
        ("c: read !EAGAIN = 1", True),
        ("c: openat EPOLLIN = 0", True),
        ('c: openat "EPOLLIN" O_CLOEXEC = 1', True),
        ("c: read on file = 2", True),
        ("c: read on socket = 0", True),
        ("c: read by program = 1", True),
        ("c: openat by runtime = 1", True),
        ("c: read in main.main = 1", True),
        ("c: read after clone = 1", True),
        ("c: read|openat = 3", True),
        ("c: threads = 2", True),
        ("c: signal SIGURG = 1", True),
        ("c: any CLONE_THREAD = 1", True),
    ],
)
def test_a_claim(claim: str, holds: bool) -> None:
    seen = Observed("c", Path("/x"), Trace.of(TEXT, "/x"), {"file": 3})
    assert parse_claim(claim).holds(seen) is holds


@pytest.mark.parametrize(
    "text", ["read = 1", "c: read", "c: read = x", "c: read with FLAG = 1", "c:  = 1"]
)
def test_what_is_no_claim(text: str) -> None:
    with pytest.raises(BadClaim):
        parse_claim(text)


def test_a_claim_is_for_versions_of_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.claim.version", lambda: (1, 21))
    assert not parse_claim("go<1.21: read = 1").selection.applies
    assert parse_claim("go>=1.21: read = 1").selection.applies
    assert parse_claim("go: read = 1").selection.applies
