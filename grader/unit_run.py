"""Runs of the Criterion tests of a drill: in a sandbox, traced from outside."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Collection, Iterable, Sequence

from grader import drill_questions
from grader.criterion_report import Report, read
from grader.marks import MARK, Witness
from grader.meddling import WATCHED, Watch
from grader.object_file import addresses
from grader.process import TimeLimit
from grader.run import Run
from grader.sandbox import Room
from grader.strace.ask import Trace
from grader.strace.call import Call
from grader.strace.events import Signal
from grader.strace.run import Strace

SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=0:exitcode=99:color=never",
    "UBSAN_OPTIONS": "print_stacktrace=1:color=never",
}
TEST_SECONDS = 6.0  # after which a test hangs, on a machine that is not slow; most take 0.1
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

    @property
    def with_others(self) -> bool:
        """Whether other tests ran as well."""
        return self.witness.chosen is not None

    def calls(self, *names: str) -> list[Call]:
        """Return the calls of these names that the code under test made."""
        return [call for call in self.witness.trace.calls(*names) if self.witness.own(call)]

    def signals(self, *names: str) -> list[Signal]:
        """Return the signals of these names that the code under test got."""
        return [signal for signal in self.witness.trace.signals(*names) if self.witness.own(signal)]

    def with_stack(self, call: Call) -> Call:
        """Return the same call with the stack that led to it, from another run; as it is if not found.

        A test that ran with others runs again anyway: that run will tell.
        """
        if self.with_others or self.time_limit is not None or not self.witness.own(call):
            return call
        before = self.calls(call.name)
        after = perform(self.test, stacks={call.name}).calls(call.name)
        return after[before.index(call)] if len(before) == len(after) else call

    def signal_with_stack(self, signal: Signal) -> Signal:
        """Return the same signal with the stack of what it interrupted, from another run."""
        if self.with_others:
            return signal
        return next(iter(perform(self.test, stacks=()).signals(signal.name)), signal)


@dataclass(frozen=True, eq=False)
class _Seen:
    """One run of the program, whatever tests it ran."""

    program: Path
    trace: Trace
    report: Path
    ending: str
    time_limit: TimeLimit | None
    said: str

    @cached_property
    def witness(self) -> Witness:
        """The trace with its marks, of all tests."""
        return Witness(self.trace, addresses(self.program, ".text"))

    def of(self, test: UnitTest, process: int | None = None) -> Performance:
        """Return what was seen of one test; process: its own, if others ran as well."""
        witness = self.witness if process is None else self.witness.alone(process)
        report = read(self.report, test.suite, test.name, self.said)
        watch = Watch(witness, self.report)
        return Performance(test, report, witness, watch, self.ending, self.time_limit, self.said)


def perform(test: UnitTest, stacks: Collection[str] | None = None) -> Performance:
    """Run the test once; with `stacks`, only these calls and the marks are traced, with their stacks.

    Raises NotStarted, StraceUnavailable, TraceTooLong.
    """
    calls = _watched([test]) if stacks is None else {MARK, *stacks}
    seconds = min(TEST_SECONDS, test.run.limits.time)
    return _run(test, test.name, calls, seconds, stacks=stacks is not None).of(test)


def perform_all(asking: UnitTest, tests: Sequence[UnitTest], seconds: float) -> list[Performance]:
    """Run several tests of one program, one after the other, for one of them; seconds: on a fast machine.

    The list is empty if not all of them were begun. Raises NotStarted, StraceUnavailable, TraceTooLong.
    """
    in_order = sorted(tests, key=lambda test: test.name)  # as Criterion runs them
    names = "|".join(test.name for test in in_order)
    seen = _run(asking, f"@({names})", _watched(tests), seconds)
    processes = seen.witness.tests
    if len(processes) != len(tests):
        return []
    return [seen.of(test, process) for test, process in zip(in_order, processes)]


def _watched(tests: Iterable[UnitTest]) -> frozenset[str]:
    """The system calls that these tests are asked about."""
    return WATCHED.union(*(drill_questions.calls(test.questions) for test in tests))


def _run(
    test: UnitTest, names: str, calls: Collection[str], seconds: float, *, stacks: bool = False
) -> _Seen:
    """Run the test's program for all tests whose names match."""
    run = test.run
    tag = f"{test.variant}-{run.random.getrandbits(64):x}"
    folder = run.scratch(f"report-{tag}")
    folder.mkdir()
    report = folder / "report.json"
    strace = Strace(
        calls=calls,
        out=run.scratch(f"trace-{tag}"),
        cpu=run.cpu,
        strings=STRINGS,
        stacks=stacks,
    )
    with run.sandbox(Room(readable=(test.program.parent,), writable=(folder,))) as box:
        process = box.start(
            command(test, report, names),
            limits=run.limits,
            wrap=_closely(strace.argv()),
            env={**SANITIZERS, "SYSLABS_SEED": str(run.job.seed)},
            sanitized=test.variant != "plain",
            trap=True,
        )
        ending, time_limit = "", None
        try:
            ending = str(process.wait(run.limit(seconds)))
        except TimeLimit as limit:
            time_limit = limit
        said = process.stderr_text().strip()
    trace = strace.trace(test.program)
    return _Seen(test.program, trace, report, ending, time_limit, said)


def command(test: UnitTest, report: Path, names: str) -> list[str]:
    """Return the command that runs the tests of these names, a pattern of Criterion (one, or `@(one|another)`)."""
    options = [f"--json={report}", f"--filter={test.suite}/{names}", "--jobs=1"]
    return [str(test.program), *options, "--color=never", "--short-filename"]


def _closely(argv: list[str]) -> list[str]:
    """Let strace show where each call is made (-i, see marks.py)."""
    at = argv.index("strace") + 1
    return [*argv[:at], "-i", *argv[at:]]
