"""Who rests and who does not, also where others take the processors."""

from __future__ import annotations

import subprocess
import time
from typing import Iterator

import pytest

from grader.rest import Rest

LOOKS = 50


@pytest.fixture(params=["exec sleep 1000", "while :; do :; done"], ids=["rests", "spins"])
def program(request: pytest.FixtureRequest) -> Iterator[tuple[bool, int]]:
    with subprocess.Popen(["/bin/sh", "-c", f"echo; {request.param}"], stdout=-1) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        yield request.param.startswith("while"), process.pid
        process.kill()


def test_a_loop_is_told_from_a_program_that_rests(program: tuple[bool, int]) -> None:
    spins, pid = program
    rest = Rest([pid])
    for _ in range(LOOKS):
        rest.look()
        until = time.monotonic() + 0.002
        while time.monotonic() < until:
            pass  # not this process alone is busy
    assert (rest.eager > 0.5) is spins
    assert rest.spent()[pid] >= 0.0 if spins else rest.spent()[pid] < 0.02


def test_who_has_ended_rests() -> None:
    rest = Rest([2**22 + 1])
    rest.look()
    assert rest.eager == 0.0 and rest.spent() == {2**22 + 1: 0.0}
