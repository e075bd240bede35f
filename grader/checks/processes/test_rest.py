"""What procmon costs while nothing happens, and what it leaves to its children and behind itself."""

from __future__ import annotations

import os
import re
import signal
import time

from grader import Failed, Run, check
from grader.checks.processes.inmates import children, inner, state, status_field
from grader.checks.processes.monitor import Monitor, Stage, actor, commands, stage
from grader.ledger import count_fds
from grader.result import Evidence

QUIET = 0.6  # seconds in which nothing happens
CPU_SHARE = 0.1
WAKES = 4  # times that it may wake up meanwhile
SOON = 1.0  # seconds after which a zombie is one too many
MANY = 40
SPARE = 12  # descriptors that procmon may hold for itself
BLOCKED = signal.SIGUSR1
STATE = re.compile(r"fds=(\S*) SigBlk=\s*(\w+) SigIgn=\s*(\w+)")


@check("idle")
def test_idle(run: Run) -> None:
    """While two children sleep, count how often procmon wakes up, and its CPU time."""
    with stage(run) as place:
        monitor = place.start(commands(run, "say pause", "say pause"))
        monitor.until(lambda: len(monitor.said()) == 2, "two children run")
        pid = monitor.process.pid
        monitor.until(lambda: state(pid) == "S", "procmon sleeps while its children do")
        woken, spent, begin = _wakes(pid), monitor.process.cpu_seconds(), time.monotonic()
        monitor.process.ended(QUIET)
        seconds = time.monotonic() - begin
        woken, spent = _wakes(pid) - woken, monitor.process.cpu_seconds() - spent
        if woken > WAKES * max(seconds / QUIET, 1) or spent > CPU_SHARE * seconds:
            observed = (
                f"in {seconds:.1f} s in which nothing happened it woke up {woken} times, "
                f"and used {spent * 1000:.0f} ms of CPU time"
            )
            raise monitor.failed(observed, "it sleeps until a signal or an event comes")


def _wakes(pid: int) -> int:
    """How often a process gave up the processor of its own accord, all threads together."""
    tasks = os.listdir(f"/proc/{pid}/task") if state(pid) != "X" else []
    counts = (status_field(int(task), "voluntary_ctxt_switches") for task in tasks)
    return sum(int(count or 0) for count in counts)


@check("no.leaks")
def test_leaks(run: Run) -> None:
    """Compare what children find with what procmon found; count zombies and procmon's descriptors."""
    with stage(run) as place:
        _inheritance(place)
        _left_behind(place)


def _inheritance(place: Stage) -> None:
    """Start procmon with SIGUSR1 blocked and SIGUSR2 ignored, as nohup and its kind would."""
    run = place.run
    before = [str(actor(run)), f"mask={int(BLOCKED)}", f"ignore={int(signal.SIGUSR2)}"]
    log = place.folder / "log"
    plain = place.box.start([*before, "state"])
    plain.wait(run.limit(3.0))
    wanted = STATE.search(plain.stderr_text())
    words = ["-o", log, *commands(run, "state", "state")]
    monitor = place.start(words, before=[*before, "exec"])
    monitor.ended()
    if wanted is None:
        raise RuntimeError("the command does not tell what it was started with")
    found = [match for match in map(STATE.search, monitor.said()) if match]
    for match in found:
        _compare(monitor, wanted, match)
    if len(found) != 2:
        raise monitor.failed("its two children could not tell their state")


def _compare(monitor: Monitor, wanted: re.Match[str], found: re.Match[str]) -> None:
    what = ("has the descriptors open", "blocks the signals", "ignores the signals")
    for name, before, now in zip(what, wanted.groups(), found.groups()):
        first, second = _listed(before), _listed(now)
        if first != second:
            observed = f"a child {name} {second}; procmon was started with {first}"
            raise monitor.failed(observed, "a child finds what procmon found")


def _listed(text: str) -> str:
    """Descriptors as they are, a set of signals by names."""
    if "," in text:
        return " ".join(sorted(text.strip(",").split(","), key=int))
    bits = int(text, 16)
    names = [signal.Signals(n).name for n in signal.Signals if bits >> (n - 1) & 1]
    return " ".join(names) or "(none)"


def _left_behind(place: Stage) -> None:
    """Forty children end while one goes on."""
    plans = [*("exit=0" for _ in range(MANY)), "say pause"]
    monitor = place.start(commands(place.run, *plans))
    monitor.until(lambda: len(monitor.said()) == 1, "the last child runs")
    monitor.process.until(lambda: _zombies(monitor) == [], place.run.limit(SOON))
    zombies = _zombies(monitor)
    if zombies:
        shown = [Evidence("ledger", f"zombies: {zombies}")]
        observed = f"{len(zombies)} of {MANY} children that ended are still zombies"
        raise monitor.failed(observed, "each child is waited for within a second", shown)
    open_now = count_fds(monitor.process.pid)
    if open_now > SPARE:
        observed = f"after {MANY} children have ended procmon holds {open_now} descriptors"
        ledger = Evidence("ledger", str(monitor.process.ledger()))
        raise monitor.failed(observed, "what belongs to a child is closed with it", [ledger])
    monitor.process.signal(signal.SIGTERM)
    try:
        monitor.ended()
    except Failed:
        return  # what it does about signals is judged elsewhere


def _zombies(monitor: Monitor) -> list[int]:
    return [inner(pid) for pid in children(monitor.process.pid).values() if state(pid) == "Z"]
