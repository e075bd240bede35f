"""What a program may do in its sandbox beyond what every program may: capabilities, groups, more users."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader import privilege
from grader.id_range import MANY, NOBODY, id_range
from grader.judge import LACKING
from grader.proof import MUTANT, Subject, complaints
from grader.result import Grade, Verdict
from grader.rights import Rights, names_of
from grader.sandbox import FULL, Room, Sandbox
from grader.selftest.conftest import User
from grader.selftest.rooms import Unprivileged, need
from grader.selftest.samples import grade, result

STATUS = ["/usr/bin/grep", "-E", "^(Cap|Groups|Uid)", "/proc/self/status"]


def status(unprivileged: Unprivileged, room: Room, rights: Rights) -> dict[str, list[str]]:
    """Lines of /proc/self/status of a program in a sandbox."""

    def run() -> str:
        with Sandbox(room, FULL) as box:
            process = box.start(STATUS, rights=rights)
            process.wait(10.0)
            return process.stderr_text()

    lines = unprivileged(run).splitlines()
    return {name: value.split() for name, _, value in (line.partition(":") for line in lines)}


def test_a_program_has_no_capability_by_default(unprivileged: Unprivileged) -> None:
    need(FULL)
    seen = status(unprivileged, Room(user=0), Rights())
    assert {name: int(seen[name][0], 16) for name in seen if name.startswith("Cap")} == {
        "CapInh": 0,
        "CapPrm": 0,
        "CapEff": 0,
        "CapBnd": 0,
        "CapAmb": 0,
    }


def test_a_program_has_the_capabilities_that_it_is_given(unprivileged: Unprivileged) -> None:
    need(FULL)
    wanted = ("CAP_SETUID", "CAP_NET_BIND_SERVICE")
    seen = status(unprivileged, Room(user=0), Rights(wanted))
    for name in ("CapPrm", "CapEff", "CapBnd"):
        assert set(names_of(int(seen[name][0], 16))) == set(wanted)


def test_a_range_gives_more_users(user: User, unprivileged: Unprivileged) -> None:
    need(FULL)
    with id_range(user.number) as descriptor:
        if descriptor < 0:
            pytest.skip("neither root nor newuidmap")
        os.set_inheritable(descriptor, True)
        room = Room(id_range=descriptor)
        seen = status(unprivileged, room, Rights(("CAP_SETGID",), groups=(4, 5)))
        assert set(seen["Uid"]) == {"0"}
        assert seen["Groups"] == ["4", "5"]


def test_a_range_ends_with_its_descriptor(user: User) -> None:
    before = set(os.listdir("/proc/self/fd"))
    with id_range(user.number):
        pass
    assert set(os.listdir("/proc/self/fd")) == before


def test_ids_of_a_range_are_nobodys() -> None:
    first = privilege.unused_users(MANY)
    assert privilege.FIRST <= first <= privilege.LAST - MANY + 1
    assert NOBODY not in range(first, first + MANY)


def lacking(reason: str) -> tuple[Subject, Grade]:
    """A mutant that must fail one check, which is held for that reason."""
    held = result("demo.one", Verdict.INCONCLUSIVE, points=0.0, reason=reason)
    subject = Subject(MUTANT, "01-x", Path("x.patch"), fails=("demo.one",))
    return subject, grade(held, result("demo.two"))


def test_what_is_held_for_lack_of_a_right_is_no_complaint() -> None:
    assert complaints(*lacking(f"{LACKING}no range")) == []


def test_what_is_held_for_another_reason_is_one() -> None:
    found = complaints(*lacking("the machine is busy"))
    assert "demo.one: the machine is busy" in found
