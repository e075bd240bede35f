"""strace itself: its command line, programs, machines that forbid it, the sandbox."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Any, Callable

import pytest


from grader.sandbox import Room, Sandbox
from grader.selftest.denied import deny
from grader.strace.faults import Fault, baseline, floor, struck
from grader.strace.run import ALL, SERVER, Strace, StraceUnavailable, TraceTooLong, require_strace

Unprivileged = Callable[[Callable[[], Any]], Any]
LIMIT = 20.0  # seconds
EMPTY = "int main(void) { return 0; }\n"
WRITER = """\
#include <unistd.h>
int main(void)
{
    char byte;
    int ends[2], failed = 0;
    if (pipe(ends) == -1)
        return 99;
    for (int turn = 0; turn < 5; turn++)
        if (write(ends[1], "x", 1) == -1 || read(ends[0], &byte, 1) == -1)
            failed += 1 << turn;
    return failed;
}
"""


def build(folder: Path, name: str, source: str) -> Path:
    (folder / f"{name}.c").write_text(source)
    program = folder / name
    subprocess.run(["gcc", "-g", "-O1", "-w", "-o", program, folder / f"{name}.c"], check=True)
    return program


# -- the command line ------------------------------------------------------------------------------


def test_the_words_in_front() -> None:
    argv = Strace(Path("/t"), {"read"}, strings=99, cpu=1, faults=(Fault("write", "EINTR"),)).argv()
    assert argv[:5] == ["taskset", "-c", "1", "strace", "-f"]
    assert argv[-3:] == ["-o", "/t", "--"]
    (names,) = [word for word in argv if word.startswith("trace=")]
    assert {"?read", "?write", "?execve", "?clone3"} < set(names.removeprefix("trace=").split(","))
    assert "--seccomp-bpf" in argv and "inject=?write:error=EINTR:when=1" in argv
    assert "-k" not in argv and "-k" in Strace(Path("/t"), stacks=True).argv()
    everything = Strace(Path("/t"), ALL, signals=False).argv()
    assert "--seccomp-bpf" not in everything and "signal=none" in everything


@pytest.mark.parametrize("calls", [SERVER, ALL], ids=["some", "all"])
def test_strace_itself_says_nothing(tmp_path: Path, calls: frozenset[str]) -> None:
    run = subprocess.run(
        [*Strace(tmp_path / "trace", calls).argv(), "true"], capture_output=True, check=False
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")


# -- programs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("cpu", [None, min(os.sched_getaffinity(0))])
def test_a_program_and_its_moments(tmp_path: Path, cpu: int | None) -> None:
    program = build(tmp_path, "writer", WRITER)
    traced = Strace(tmp_path / "trace", cpu=cpu)
    before = time.time()
    assert subprocess.run([*traced.argv(), program], check=False).returncode == 0
    trace = traced.trace(program)
    assert len(trace.calls("write")) == 5 and not trace.garbage() and not trace.injected()
    assert trace.start is not None and before <= trace.start.time <= time.time()
    assert trace.since(before).calls() == trace.calls()
    assert [t.moved for t in trace.writes()] == [1] * 5


def test_a_fault_strikes_where_it_was_aimed(tmp_path: Path) -> None:
    empty, writer = build(tmp_path, "empty", EMPTY), build(tmp_path, "writer", WRITER)

    def run(program: Path, *faults: Fault) -> tuple[Any, int]:
        traced = Strace(tmp_path / "trace", faults=faults)
        status = subprocess.run([*traced.argv(), program], check=False).returncode
        return traced.trace(program), status

    base = baseline(lambda: run(empty)[0])
    assert base["read"] >= 1  # the loader reads the C library
    for turn in range(5):
        trace, status = run(writer, Fault("read", "EIO", when=str(turn + 1)).after(base))
        what, calls = struck(trace)
        assert (what, len(calls), status) == ("hit", 1, 1 << turn)
    trace, status = run(writer, Fault("read", "EIO", when="6").after(base))
    assert (struck(trace)[0], status) == ("unreached", 0)


def test_a_trace_may_be_read_while_it_grows(tmp_path: Path) -> None:
    traced = Strace(tmp_path / "trace", calls={"read"})
    process = subprocess.Popen(
        [*traced.argv(), "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(b"hello")
    process.stdin.flush()
    assert process.stdout.read(5) == b"hello"
    trace = traced.trace()
    assert trace.calls("read")[-1].arg(1).string == b"hello" or trace.calls("read")[-1].unfinished
    process.stdin.close()
    assert process.wait(LIMIT) == 0
    process.stdout.close()


# -- where it can not be ---------------------------------------------------------------------------


def test_it_works_here() -> None:
    require_strace()


def test_no_strace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StraceUnavailable, match="not installed"):
        require_strace()


def test_no_ptrace(unprivileged: Unprivileged) -> None:
    def body() -> str:
        deny("ptrace")
        try:
            require_strace()
        except StraceUnavailable as error:
            return str(error)
        return ""

    reason = unprivileged(body)
    assert "PTRACE_TRACEME" in reason and "not permitted" in reason


def test_no_trace(tmp_path: Path) -> None:
    traced = Strace(tmp_path / "trace")
    with pytest.raises(StraceUnavailable, match="No such file"):
        traced.trace("/p")
    traced.out.write_text("")
    with pytest.raises(StraceUnavailable, match="no trace"):
        traced.trace("/p")
    traced.out.write_text('7 1.0 execve("/q", ["q"], 0x1) = 0\n')
    with pytest.raises(StraceUnavailable, match="does not show /p"):
        traced.trace("/p")
    traced.out.write_text("7 1.0 getpid() = 7\n" * 1000)
    with pytest.raises(TraceTooLong):
        traced.trace("/p", most=1000)


# -- in the sandbox --------------------------------------------------------------------------------


def test_through_the_launcher(unprivileged: Unprivileged, place: Path) -> None:
    """The launcher's calls are left out, and faults that would strike it are known beforehand."""
    empty, writer = build(place, "empty", EMPTY), build(place, "writer", WRITER)

    def run(program: Path, *faults: Fault) -> tuple[Any, str]:
        traced = Strace(place / "trace", faults=faults)
        with Sandbox(Room(readable=(place,))) as box:
            ended = box.start([program], wrap=traced.argv()).wait(LIMIT)
        return traced.trace(program), str(ended)

    def body() -> None:
        base = baseline(lambda: run(empty)[0])
        clean, ended = run(writer)
        assert ended == "exit status 0" and len(clean.calls("write")) == 5
        assert {call.pid for call in clean.calls()} == set(clean.members)
        assert clean.launcher and clean.start is not None
        last = floor(clean, base, "read")
        nth = last - base["read"] + 1
        trace, ended = run(writer, Fault("read", "EIO", when=str(nth)).after(base))
        assert struck(trace)[0] == "hit" and ended == f"exit status {1 << (nth - 1)}"

    unprivileged(body)
