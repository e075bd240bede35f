"""Run one Criterion test of a drill in a sandbox, and believe its report only as far as the trace allows."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader import paths
from grader.outcome import TIME_LIMIT, Failed, Inconclusive, Tampered
from grader.process import TimeLimit
from grader.result import Evidence
from grader.run import Run
from grader.sandbox import Room
from grader.strace.ask import Trace
from grader.strace.call import Call
from grader.strace.run import Strace
from grader.unit import build_unit

WATCHED: tuple[str, ...] = (
    "open",
    "openat",
    "openat2",
    "kill",
    "tkill",
    "tgkill",
    "pidfd_send_signal",
)
WATCHED += ("ptrace", "process_vm_writev", "pidfd_open", "pidfd_getfd", "exit_group")
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=0:exitcode=99:color=never",
    "UBSAN_OPTIONS": "print_stacktrace=1:color=never",
}
TEST = re.compile(r"(?ms)^/\*(?P<comment>(?:(?!\*/).)*)\*/\s*^Test\((?P<suite>\w+), *(?P<name>\w+)")
MACHINE = "machine: "  # how a test says that the machine is at fault, see unit.h


@dataclass(frozen=True)
class Report:
    """What Criterion says of one test."""

    status: str  # PASSED, FAILED, CRASHED, TIMEOUT, SKIPPED
    assertions: int
    messages: tuple[str, ...]


def sentences(unit_file: Path) -> dict[str, str]:
    """Return what each test of a unit_<drill>.c tries, by check id: the comment before it."""
    found = {}
    for match in TEST.finditer(unit_file.read_text("utf-8")):
        words = re.sub(r"(?m)^\s*\*+\s?", " ", match["comment"])
        found[f"{match['suite']}.{match['name']}"] = " ".join(words.split())
    return found


def judge_test(run: Run) -> None:
    """Run the check's test in every variant that the manifest names. Raises Failed and its kin."""
    for variant in run.check.variants:
        _judge(run, variant)


def _judge(run: Run, variant: str) -> None:
    unit = build_unit(run.job, run.part, variant, run.sandbox)
    folder = run.scratch(f"report-{variant}-{run.random.getrandbits(64):x}")
    folder.mkdir()
    report_file = folder / "report.json"
    suite, _, name = run.check.id.partition(".")
    argv = [str(unit), f"--json={report_file}", f"--filter={suite}/{name}", "--jobs=1"]
    traced = variant == "plain"
    strace = Strace(calls=frozenset(WATCHED), out=run.scratch(f"trace-{variant}"), cpu=run.cpu)
    with run.sandbox(Room(readable=(unit.parent,), writable=(folder,))) as box:
        process = box.start(
            [*argv, "--color=never", "--short-filename"],
            limits=run.limits,
            wrap=strace.argv() if traced else (),
            env={**SANITIZERS, "SYSLABS_SEED": str(run.job.seed)},
            sanitized=not traced,
        )
        try:
            ending = str(process.wait(run.limit(run.limits.time)))
        except TimeLimit as limit:
            raise Failed(f"{name}: {limit}", reason=TIME_LIMIT) from limit
        said = process.stderr_text()
    if traced:
        _expect_honest(strace.trace(str(unit)), report_file, unit, run)
    _expect_no_sanitizer(said)
    _conclude(run, _read(report_file, name), ending, said)


# -- what the trace says ---------------------------------------------------------------------------


def _expect_honest(trace: Trace, report: Path, unit: Path, run: Run) -> None:
    """Raise Tampered if a test reached for the runner, its report or another process."""
    runner = trace.start.pid if trace.start else 0
    for call in trace.calls(*WATCHED):
        what = _meddling(call, runner, report, trace)
        if what:
            evidence = [run.exhibit([call], unit)]
            expected = "a drill works on what the test gives it"
            raise Tampered(f"the code under test {what}", expected=expected, evidence=evidence)


def _meddling(call: Call, runner: int, report: Path, trace: Trace) -> str:
    """Return what is dishonest about a call, or nothing."""
    path = " ".join((arg.string or b"").decode("utf-8", "replace") for arg in call.args[:2])
    if call.name.startswith("open"):
        if call.pid != runner and str(report.parent) in path:
            return "opens the report of its own test"
        if re.search(
            r"/proc/(?:\d+|self|thread-self)(?:/task/\d+)?/(?:mem|maps|cmdline|environ)", path
        ):
            return f"opens {path.strip()}: the memory or the arguments of a process"
    elif call.name in ("ptrace", "process_vm_writev", "pidfd_getfd"):
        return f"calls {call.name}: it reaches into a process"
    elif call.name == "pidfd_open" and call.pid != runner:
        return "gets hold of another process (pidfd_open)"
    elif call.name in ("kill", "tkill", "tgkill") and call.pid != runner:
        return _foreign_signal(call, trace)
    return ""


def _foreign_signal(call: Call, trace: Trace) -> str:
    """raise(3) and abort(3) signal the process itself: that is a crash, not a trick."""
    target = re.match(
        r"(?P<inside>-?\d+)(?: /\* (?P<outside>\d+) in strace's PID NS \*/)?", call.body
    )
    if target is None:
        return ""
    member = trace.members.get(call.pid)
    own = {call.pid, member.process} if member else {call.pid}
    if int(target["outside"] or target["inside"]) in own:
        return ""
    return f"sends a signal to another process ({call.name})"


# -- what the report says --------------------------------------------------------------------------


def _read(path: Path, name: str) -> Report | None:
    """Return the report of the one test that was run, or None where it is missing or not whole."""
    try:
        data = json.loads(path.read_bytes()[:1_000_000])
        tests = [test for suite in data["test_suites"] for test in suite["tests"]]
        ran = [test for test in tests if test["status"] != "SKIPPED" or test.get("messages")]
        chosen = [test for test in ran if test["name"] == name]
        if len(chosen) != 1:
            return None
        return _report(chosen[0])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _report(test: dict[str, Any]) -> Report:
    messages = tuple(str(message) for message in test.get("messages") or ())
    return Report(str(test["status"]), int(test.get("assertions", 0)), messages)


def _conclude(run: Run, report: Report | None, ending: str, said: str) -> None:
    """Turn a report into a verdict. Raises Failed, Inconclusive; returns if the test has passed."""
    output = [Evidence("output", said.strip())] if said.strip() else []
    if report is None:
        observed = f"the test gave no report: {ending}"
        raise Failed(observed, expected="the test runs to its end", evidence=output)
    if report.status == "SKIPPED":
        raise Inconclusive(" ".join(report.messages).replace(MACHINE, "the machine: "))
    if report.status == "PASSED" and report.assertions == run.check.assertions:
        return
    if report.status == "PASSED":
        observed = (
            f"the test ended after {report.assertions} of {run.check.assertions} assertions: "
            "does the code under test call exit?"
        )
        raise Failed(observed, expected="the function returns to its caller", evidence=output)
    raise _failed_test(run, report, output)


def _failed_test(run: Run, report: Report, output: list[Evidence]) -> Failed:
    text = "\n".join(report.messages) or said_by_criterion(output)
    reason = TIME_LIMIT if report.status == "TIMEOUT" else "wrong behaviour"
    expected = re.search(r"(?m)^.*?expected: (.+)$", text)
    observed = re.search(r"(?ms)observed: (.+?)(?=^\[|\Z)", text)
    where = re.search(r"(unit_\w+\.c):(\d+)", said_by_criterion(output) + text)
    place = paths.CHECKS.relative_to(paths.ROOT) / run.lab.id
    exhibits = [Evidence("test", text, f"{place}/{where[1]}", int(where[2]))] if where else output
    return Failed(
        observed[1].strip() if observed else text or f"the test {report.status.lower()}",
        expected=expected[1].strip() if expected else "the test passes",
        evidence=exhibits,
        reason=reason,
    )


def said_by_criterion(output: list[Evidence]) -> str:
    """Return what the test program printed."""
    return "\n".join(item.text for item in output)


def _expect_no_sanitizer(said: str) -> None:
    report = re.search(r"(?ms)^(==\d+==ERROR: |[^\n]*runtime error: ).*", said)
    if report:
        headline = re.sub(r"==\d+==ERROR: | on address.*", "", report.group().splitlines()[0])
        evidence = [Evidence("output", "\n".join(report.group().splitlines()[:16]))]
        raise Failed(headline, expected="no report of a sanitizer", evidence=evidence)
