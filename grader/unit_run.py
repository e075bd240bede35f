"""One run of one Criterion test of a drill: in a sandbox, traced from outside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Collection

from grader import drill_questions, paths
from grader.criterion_report import Report, read
from grader.marks import MARK, Witness
from grader.meddling import WATCHED, Watch
from grader.object_file import addresses
from grader.process import TimeLimit
from grader.run import Run
from grader.sandbox import Room
from grader.strace.call import Call
from grader.strace.events import Signal
from grader.strace.run import Strace
from grader.under import GDB

SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=0:exitcode=99:color=never",
    "UBSAN_OPTIONS": "print_stacktrace=1:color=never",
}
TEST_SECONDS = 6.0  # after which a test hangs, on a machine that is not slow; most take 0.1
# It is read before the program is.
_GDB = """\
set breakpoint pending on
break {function}
"""
STRINGS = 16  # bytes of a string in the trace


@dataclass(frozen=True)
class UnitTest:
    """A test of a program that build_unit made; questions: what its trace is asked, by name."""

    run: Run
    program: Path
    variant: str
    name: str
    questions: tuple[str, ...] = ()

    @property
    def suite(self) -> str:
        """The tests of a drill are one suite, of its name."""
        return self.run.part.id


@dataclass(frozen=True, eq=False)
class Performance:
    """What was seen of one run."""

    test: UnitTest
    report: Report | None  # as the runner wrote it; None if there is none, or not a whole one
    witness: Witness
    watch: Watch
    ending: str  # of the runner
    time_limit: TimeLimit | None
    said: str  # on stdout and stderr

    def calls(self, *names: str) -> list[Call]:
        """Return the calls of these names that the code under test made."""
        return [call for call in self.witness.trace.calls(*names) if self.witness.own(call)]

    def signals(self, *names: str) -> list[Signal]:
        """Return the signals of these names that the code under test got."""
        return [signal for signal in self.witness.trace.signals(*names) if self.witness.own(signal)]

    def with_stack(self, call: Call) -> Call:
        """Return the same call with the stack that led to it, from another run; as it is if not found."""
        if self.time_limit is not None or not self.witness.own(call):
            return call
        before = self.calls(call.name)
        after = perform(self.test, stacks={call.name}).calls(call.name)
        return after[before.index(call)] if len(before) == len(after) else call

    def signal_with_stack(self, signal: Signal) -> Signal:
        """Return the same signal with the stack of what it interrupted, from another run."""
        return next(iter(perform(self.test, stacks=()).signals(signal.name)), signal)


def perform(test: UnitTest, stacks: Collection[str] | None = None) -> Performance:
    """Run the test once; with `stacks`, only these calls and the marks are traced, with their stacks.

    Raises NotStarted, StraceUnavailable, TraceTooLong.
    """
    run = test.run
    tag = f"{test.variant}-{run.random.getrandbits(64):x}"
    folder = run.scratch(f"report-{tag}")
    folder.mkdir()
    report = folder / "report.json"
    watched = WATCHED | drill_questions.calls(test.questions)
    calls = watched if stacks is None else {MARK, *stacks}
    strace = Strace(
        calls=calls,
        out=run.scratch(f"trace-{tag}"),
        cpu=run.cpu,
        strings=STRINGS,
        stacks=stacks is not None,
    )
    with run.sandbox(Room(readable=(test.program.parent,), writable=(folder,))) as box:
        process = box.start(
            _command(test, report),
            limits=run.limits,
            wrap=_closely(strace.argv()),
            env={**SANITIZERS, "SYSLABS_SEED": str(run.job.seed)},
            sanitized=test.variant != "plain",
        )
        ending, time_limit = "", None
        try:
            ending = str(process.wait(run.limit(min(TEST_SECONDS, run.limits.time))))
        except TimeLimit as limit:
            time_limit = limit
        said = process.stderr_text().strip()
    witness = Witness(strace.trace(test.program), addresses(test.program, ".text"))
    read_report = read(report, test.suite, test.name, said)
    return Performance(test, read_report, witness, Watch(witness, report), ending, time_limit, said)


def show(test: UnitTest) -> None:
    """Run the test as a replay asks for it: in gdb, or under a strace that writes for the student."""
    run = test.run
    home = test.program.parent  # where gdb looks for .gdbinit
    (home / ".gdbinit").write_text(_GDB.format(function=f"{test.suite}_{test.name}_impl"), "utf-8")
    argv = [str(test.program), test.name]
    if run.job.under != GDB:
        argv = _command(test, Path("/tmp/report.json"))
    with run.sandbox(Room(readable=(home, run.source, paths.CHECKS))) as box:
        process = box.start(
            argv,
            limits=run.limits,
            env={**SANITIZERS, "SYSLABS_SEED": str(run.job.seed), "HOME": str(home)},
            sanitized=test.variant != "plain",
        )
        try:
            process.wait(run.limit(TEST_SECONDS))
        except TimeLimit:
            process.kill()


def _command(test: UnitTest, report: Path) -> list[str]:
    options = [f"--json={report}", f"--filter={test.suite}/{test.name}", "--jobs=1"]
    return [str(test.program), *options, "--color=never", "--short-filename"]


def _closely(argv: list[str]) -> list[str]:
    """Let strace show where each call is made (-i, see marks.py), and calls that the sandbox refuses too.

    With --seccomp-bpf the filter of the sandbox, which refuses ptrace(2) and its kin, would come first.
    """
    at = argv.index("strace") + 1
    return [*argv[:at], "-i", *(word for word in argv[at:] if word != "--seccomp-bpf")]
