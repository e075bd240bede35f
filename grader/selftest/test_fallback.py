"""Where the machine forbids namespaces: step by step less isolation, and always said so."""

from __future__ import annotations

import os
import select
from pathlib import Path
from typing import Any

import pytest

from grader import holder
from grader.ledger import processes_in
from grader.process import NotStarted
from grader.run import best_isolation
from grader.sandbox import FULL, NONE, PARTIAL, Room, Sandbox
from grader.selftest.denied import deny
from grader.selftest.rooms import DAEMON, LIMIT, Unprivileged, inside, need, python


@pytest.mark.parametrize("isolation", [PARTIAL, NONE])
def test_fallbacks_still_take_privileges(unprivileged: Unprivileged, isolation: str) -> None:
    need(isolation)
    code = """
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
tell([status[name].strip() for name in ("CapPrm", "NoNewPrivs", "Seccomp")])
"""
    assert inside(unprivileged, code, isolation) == ["0" * 16, "1", "2"]


def test_partial_isolation_still_has_a_pid_namespace(unprivileged: Unprivileged) -> None:
    need(PARTIAL)

    def body() -> Any:
        with Sandbox(Room(), PARTIAL) as box:
            assert python(box, DAEMON).wait(LIMIT).code == 0
            watched = [os.pidfd_open(pid) for pid in processes_in(box.holder)]
        return len(watched), len(select.select(watched, [], [], 0)[0])

    assert unprivileged(body) == (2, 2)


def test_the_best_isolation_is_found(unprivileged: Unprivileged) -> None:
    level, trouble = unprivileged(best_isolation)
    if level != FULL:
        pytest.skip(f"this machine: {trouble}")
    assert trouble == ""


def test_without_bwrap(unprivileged: Unprivileged, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(holder.ENVIRONMENT, "PATH", "/nonexistent")
    level, trouble = unprivileged(best_isolation)
    assert level == NONE and trouble == "bwrap: No such file or directory"


def test_without_user_namespaces(unprivileged: Unprivileged) -> None:
    def body() -> Any:
        deny("user namespaces")
        return best_isolation()

    level, trouble = unprivileged(body)
    assert level == NONE and "\n" not in trouble and "namespace" in trouble


def test_a_sandbox_that_cannot_open_leaves_nothing(unprivileged: Unprivileged, place: Path) -> None:
    def body() -> None:
        with pytest.raises(NotStarted):
            with Sandbox(Room(readable=(place / "absent",))):
                pass

    unprivileged(body)
    assert list(place.iterdir()) == []
