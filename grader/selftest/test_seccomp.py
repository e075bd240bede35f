"""The filter of system calls: what would escape the trace or the sandbox is refused, all else works."""

from __future__ import annotations

import platform
import signal
from pathlib import Path
from typing import Callable

import pytest

from grader.sandbox import Room
from grader.selftest.rooms import Unprivileged, opened

Probe = Callable[[str], Path]

REFUSED = {
    **dict.fromkeys(("io_uring", "clone3"), "ENOSYS"),
    **dict.fromkeys(("clone_untraced", "clone_newuser", "clone_newpid"), "EPERM"),
    **dict.fromkeys(("unshare", "setns", "mount", "ptrace", "vm_writev"), "EPERM"),
    "listener": "EPERM",
    **dict.fromkeys(("keyctl", "bpf", "perf", "userfaultfd", "raw"), "EPERM"),
    **dict.fromkeys(("vsock", "vsock_high", "packet", "alg"), "EAFNOSUPPORT"),
    **dict.fromkeys(("undumpable", "undumpable_high"), "EPERM"),
}
ALLOWED = ("clone", "thread", "tcp", "tcp6", "unix")
FOREIGN = ("x32", "i386")  # calls of other ABIs of the same processor


def tried(program: Path, names: tuple[str, ...], **options: bool) -> tuple[dict[str, str], int]:
    """Run probe seccomp in a sandbox; return its answers and the signal that ended it, or 0."""
    with opened(Room(readable=(program.parent,))) as box:
        process = box.start([program, *names], **options)
        end = process.wait(20)
        answers = dict(line.split(" ") for line in process.stderr_text().splitlines())
        return answers, end.signal or 0


def test_what_is_refused(unprivileged: Unprivileged, probe: Probe) -> None:
    program = probe("seccomp")
    assert unprivileged(lambda: tried(program, tuple(REFUSED))) == (REFUSED, 0)


def test_what_is_allowed(unprivileged: Unprivileged, probe: Probe) -> None:
    program = probe("seccomp")
    expected = dict.fromkeys(ALLOWED, "done")
    assert unprivileged(lambda: tried(program, ALLOWED)) == (expected, 0)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="other processors have one ABI")
@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_abis_kill(name: str, unprivileged: Unprivileged, probe: Probe) -> None:
    program = probe("seccomp")
    assert unprivileged(lambda: tried(program, (name,))) == ({}, signal.SIGSYS)


@pytest.mark.parametrize("profile", ["sanitized", "ptrace"])
def test_the_second_profile_lets_trace_and_nothing_else(
    profile: str, unprivileged: Unprivileged, probe: Probe
) -> None:
    program = probe("seccomp")
    lent = dict.fromkeys(("clone_untraced", "ptrace"), "done")
    answers, _ = unprivileged(lambda: tried(program, tuple(REFUSED), **{profile: True}))
    assert answers == {**REFUSED, **lent}


@pytest.mark.parametrize("name", ["ptrace", "vm_writev", "clone_untraced"])
def test_who_reaches_for_a_process_is_ended_where_a_trace_must_show_it(
    name: str, unprivileged: Unprivileged, probe: Probe
) -> None:
    program = probe("seccomp")
    answers, ended = unprivileged(lambda: tried(program, ("mount", name), trap=True))
    assert (answers, ended) == ({"mount": "EPERM"}, signal.SIGSYS)
