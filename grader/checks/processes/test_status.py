"""How children end, stop and go on, as the log tells it; programs that cannot be executed."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Iterator, Sequence

from grader import Run, check
from grader.checks.processes.inmates import children
from grader.checks.processes.log import Event
from grader.checks.processes.monitor import BETWEEN, Monitor, Stage, commands, stage
from grader.recording import record
from grader.strace.events import Exit

HARMLESS = {signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH}
STOPPING = {signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
DEADLY = sorted(
    number
    for number in signal.Signals
    if number < 32 and number not in HARMLESS and number not in STOPPING
)
CORES = 8  # MiB of a core file
MANY = 600  # processes in the sandbox
STATUSES = 256
ALIASES = {"SIGPOLL": "SIGIO", "SIGIOT": "SIGABRT", "SIGCLD": "SIGCHLD"}


@check("status.decoded")
def test_status(run: Run) -> None:
    """Let children exit with 0 to 255, die by each standard signal, dump core, stop and go on."""
    with stage(run) as place:
        _exits(place)
        _killed(place, DEADLY, cores=0)
        _killed(place, [signal.SIGTERM, signal.SIGSEGV], cores=CORES)
        _stopped(place)
        for plan, code in (("exit=7", 7), ("kill=15", 143), ("kill=6", 134)):
            place.start(commands(run, "exit=9", plan)).finished(code)


def _exits(place: Stage) -> None:
    """All exit statuses at once; procmon's own is that of the last COMMAND on the line."""
    statuses = list(range(STATUSES))
    place.run.random.shuffle(statuses)
    limits = replace(place.run.limits, processes=MANY)
    monitor = place.start(commands(place.run, *(f"exit={s}" for s in statuses)), limits=limits)
    log = monitor.finished(statuses[-1], 6.0)
    expected = sorted(f"exited status={status}" for status in statuses)
    if log.ends != expected:
        strange = sorted(set(log.ends) - set(expected))[:3] or ["some statuses twice"]
        raise monitor.failed(f"among the ends: {', '.join(strange)}", "status=0 to status=255")


def _killed(place: Stage, deadly: Sequence[int], cores: int) -> None:
    """One death by each signal. Whether there is a core depends on the machine; the trace knows."""
    plans = [f"kill={int(number)}" for number in deadly]
    recording = record(place.run, place.run.program(), {"kill"})
    limits = replace(place.run.limits, core=cores)
    monitor = place.start(commands(place.run, *plans), limits=limits, wrap=recording.strace.argv())
    log = monitor.finished(128 + deadly[-1], 5.0)
    deaths = [e for e in recording.trace().exits() if e.signal]
    expected = sorted(_told(death) for death in deaths)
    found = sorted(
        f"{e.number} {ALIASES.get(e.name, e.name)} core={int(e.core)}" for e in log.events
    )
    for wanted, got in zip(expected, found):
        if wanted != got:
            observed = f"the log has signal={got}; the trace has {wanted}"
            raise monitor.failed(observed, "signal=NUMBER name=SIGNAME core=0 or 1")
    if len(found) != len(deadly):
        raise monitor.failed(f"{len(found)} of {len(deadly)} deaths are told")


def _told(death: Exit) -> str:
    return f"{int(signal.Signals[death.signal])} {death.signal} core={int(death.core)}"


def _stopped(place: Stage) -> None:
    """A child stops, goes on, is stopped, goes on and ends."""
    reader, writer = os.pipe()
    try:
        monitor = place.start(commands(place.run, "stop hang exit=5"), stdin=reader)
        _step(monitor, "stopped", signal.SIGSTOP, None)
        _step(monitor, "continued", 0, signal.SIGCONT)
        monitor.until(lambda: "." in monitor.said(), "the child goes on")
        _step(monitor, "stopped", signal.SIGSTOP, signal.SIGSTOP)
        _step(monitor, "continued", 0, signal.SIGCONT)
        os.close(writer)
        writer = -1
        log = monitor.finished(5)
    finally:
        os.close(reader)
        if writer != -1:
            os.close(writer)
    told = [str(event) for event in log.events]
    wanted = ["stopped signal=19", "continued", "stopped signal=19", "continued"]
    if told != [*wanted, "exited status=5"]:
        raise monitor.failed("it told: " + "; ".join(told), "; ".join([*wanted, "exited status=5"]))


def _step(monitor: Monitor, kind: str, number: int, sent: int | None) -> None:
    """Send a signal to the child, and wait until the log tells what it did to it."""
    before = len(monitor.log().events) if sent is not None else 0
    if sent is not None:
        for outer in children(monitor.process.pid).values():
            os.kill(outer, sent)

    def told() -> bool:
        return any(_fits(event, kind, number) for event in monitor.log().events[before:])

    what = f"a child was {kind}" + (f" by {signal.Signals(number).name}" if number else "")
    monitor.until(told, f"{what}, and a line `SIGCHLD …` says so")


def _fits(event: Event, kind: str, number: int) -> bool:
    name = signal.Signals(number).name if number else ""
    return (event.kind, event.number, event.name) == (kind, number, name)


@check("exec.failure")
def test_exec_failure(run: Run) -> None:
    """Name programs that cannot be executed: missing, not executable, a folder, a bad interpreter."""
    with stage(run) as place:
        for path, codes, errors in _broken(place.folder):
            _fails(place, path, codes, errors)


def _broken(folder: Path) -> Iterator[tuple[str, tuple[int, ...], tuple[str, ...]]]:
    """Yield a command, the statuses that fit, and the errors that the message may name."""
    missing, plain, script = folder / "missing", folder / "plain", folder / "script"
    plain.write_text("no program\n")
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    none, denied = ("No such file or directory", "ENOENT"), ("Permission denied", "EACCES")
    yield str(missing), (127,), none
    yield "there-is-no-such-command", (127,), none
    yield str(plain), (126,), denied
    yield str(folder), (126,), (*denied, "Is a directory")
    yield str(script), (126, 127), none


def _fails(place: Stage, path: str, codes: tuple[int, ...], errors: tuple[str, ...]) -> None:
    """Beside a command that works; stdout is a file, where stdio would keep what is not written yet."""
    recording = record(place.run, place.run.program(), {"write", "writev"}, strings=4096)
    words = [*commands(place.run, "say exit=0"), BETWEEN, path, "argument"]
    monitor = place.start(words, wrap=recording.strace.argv(), stdin=subprocess.DEVNULL)
    log = monitor.finished(None)
    name = path.rpartition("/")[2]
    told = [line for line in log.others if name in line]
    if not any(error in line for line in told for error in errors):
        observed = f"no message says why {name} cannot be executed"
        raise monitor.failed(observed, f"a line with its name and: {errors[0]}")
    trace = recording.trace()
    own = trace.by_all_threads("write", "writev")
    writes = trace.calls("write", "writev")
    by_others = [w for w in writes if w not in own and name in w.body and w.fd in (1, 2)]
    if by_others:
        shown = recording.exhibit(by_others)
        raise monitor.failed("the child reports it", "the parent reports it", shown)
    if len(set(log.lines)) < len(log.lines):
        raise monitor.failed("lines are there twice", "the child leaves by _exit")
    ending = monitor.ended()
    ends = [event.number for event in log.events if event.number]
    if ending.code not in codes or ends not in ([], [ending.code]):
        observed = f"it ended with {ending}, and tells of a child with status {ends}"
        wanted = " or ".join(map(str, codes))
        raise monitor.failed(observed, f"exit status {wanted} of both")
