"""Drill `detach`: become_daemon, from a terminal, with open files; and what the caller is told."""

from __future__ import annotations

import os
from dataclasses import replace

from grader import paths
from grader.checks.daemon.detachment import (
    PROBES,
    STEPS,
    UMASK,
    Wrong,
    descriptors,
    folder_of,
    wrongs,
)
from grader.checks.daemon.drills import drill_program
from grader.checks.daemon.starved import FEW, FORKS, before_main
from grader.checks.daemon.house import House, house
from grader.checks.daemon.service import Service, note, wait_caller
from grader.ending import Exit
from grader.ledger import read_ledger
from grader.limits import Limits
from grader.outcome import Failed, check
from grader.recording import Recording, record
from grader.run import Run
from grader.strace.faults import Fault

KEEP_DIR, KEEP_UMASK, KEEP_FDS = 1, 2, 4
GRACE = 0.05  # seconds in which a caller that does not wait has ended
HELD = {5, 17, 200}  # descriptors of probes/caller.c
FIRST = (
    ("pipe2", "EMFILE"),
    ("pipe", "EMFILE"),
    ("clone", "EAGAIN"),
)  # in the process that calls it


@check("detach.steps")
def test_steps(run: Run) -> None:
    """Call become_daemon(0) in a process with a terminal, open files and an odd umask; look at the daemon."""
    program, caller = drill_program(run), run.helper(PROBES / "caller.c")
    with house(run, program=program) as home:
        recording = record(run, program, STEPS, stacks=True)
        words = [caller, program]
        started = home.start("serve", "0", wrap=recording.strace.argv(), program=words)
        found = wrongs(home, Service(home, started).settled().daemon, started.pid)
        home.end_all()
        started.kill()
        if found:
            raise _failure(found, recording)


def _failure(found: list[Wrong], recording: Recording) -> Failed:
    calls = recording.trace().calls(*found[0].calls)
    return Failed(
        "; ".join(wrong.observed for wrong in found),
        expected=found[0].expected,
        evidence=recording.exhibit(calls[:8], "" if calls else found[0].missing),
    )


@check("detach.flags")
def test_flags(run: Run) -> None:
    """Ask for each of the three exceptions; all else happens nevertheless."""
    program, caller = drill_program(run), run.helper(PROBES / "caller.c")
    for flag, kept in ((KEEP_DIR, _keeps_dir), (KEEP_UMASK, _keeps_umask), (KEEP_FDS, _keeps_fds)):
        with house(run, program=program) as home:
            started = home.start("serve", str(flag), program=[caller, program])
            kept(Service(home, started).settled(), flag)


def _expect(condition: bool, observed: str, expected: str) -> None:
    if not condition:
        raise Failed(observed, expected=expected)


def _keeps_dir(service: Service, flag: int) -> None:
    folder = folder_of(service.daemon)
    _expect(folder == "/tmp", f"DETACH_KEEP_DIR: it is in {folder}", "the folder of the caller")
    _others(service, umask=False)


def _keeps_umask(service: Service, flag: int) -> None:
    umask = service.daemon.status("Umask")
    _expect(umask == UMASK, f"DETACH_KEEP_UMASK: umask {umask}", f"{UMASK}, as the caller has it")
    _others(service, umask=True)


def _keeps_fds(service: Service, flag: int) -> None:
    fds = read_ledger(service.daemon.pid).fds
    _expect(
        HELD <= set(fds), f"DETACH_KEEP_FDS: {sorted(fds)} are open", f"{sorted(HELD)} stay open"
    )
    nulls = [fds.get(number) for number in range(3)]
    _expect(nulls == ["/dev/null"] * 3, f"0, 1, 2 are {nulls}", "/dev/null, whatever the flags")


def _others(service: Service, umask: bool) -> None:
    found = descriptors(service.daemon)
    if found:
        raise Failed(found[0].observed, expected=found[0].expected)
    if not umask:
        _expect(service.daemon.status("Umask") == "0027", "the umask is not 027", "umask 027")


@check("detach.ready")
def test_ready(run: Run) -> None:
    """Let the daemon take its time, tell a status of its own, and end before it was ready."""
    program = drill_program(run)
    with house(run, program=program) as home:
        _late(home)
        status = run.random.randrange(2, 250)
        _status(home, ("status", str(status)), status)
        _status(home, ("dies",), 1)


def _late(home: House) -> None:
    fifo = home.path("/tmp/go")
    os.mkfifo(fifo, 0o666)
    process = home.start("late")
    home.until(lambda: process.ended() or home.path("/tmp/waiting").exists(), 1.0)
    if process.ended(GRACE):
        raise Failed(
            f"the caller ends with {process.wait(1.0)} before detach_ready was called",
            expected="it waits until the daemon is ready",
        )
    writer = os.open(fifo, os.O_RDWR)  # which never waits
    _expect_end(wait_caller(home, process), "late", 0)
    os.close(writer)
    home.end_all()


def _status(home: House, words: tuple[str, ...], status: int) -> None:
    _expect_end(wait_caller(home, home.start(*words)), " ".join(words), status)
    home.end_all()


def _expect_end(end: Exit, what: str, status: int) -> None:
    if end.code != status:
        raise Failed(f"{what}: the caller ends with {end}", expected=f"exit status {status}")


@check("detach.errors")
def test_errors(run: Run) -> None:
    """Fail pipe, the first fork, setsid and the second fork: become_daemon returns -1, and nothing is left."""
    program, empty = drill_program(run), run.helper(paths.CHECKS / "empty.c")
    with house(run, program=program) as home:
        base = before_main(home, empty, [call for call, _ in FIRST])
        for call, errno in FIRST:
            fault = Fault(call, errno).after(base)
            _fails(home, record(run, program, {call}, stacks=True, faults=[fault]), errno)
        fault = Fault("setsid", "EPERM", when="1+")
        _fails(home, record(run, program, {"setsid"}, stacks=True, faults=[fault]), "EPERM")
        for processes in FEW:
            limits = replace(run.limits, processes=processes)
            _fails(home, record(run, program, FORKS, stacks=True), "EAGAIN", limits)


def _fails(home: House, recording: Recording, errno: str, limits: Limits | None = None) -> None:
    """Raise Failed unless a call that fails in this run is told, if one does."""
    process = home.start("serve", "0", wrap=recording.strace.argv(), limits=limits)
    end, said = wait_caller(home, process), process.stderr_text()
    gone = end.code == 0 or home.empty()
    home.end_all()
    process.kill()
    hit = [call for call in recording.trace().calls() if call.errno == errno]
    if hit and (end.code in (0, None) or not gone or errno not in said):
        raise Failed(
            f"{hit[0].name} fails: the caller ends with {end}"
            + ("" if gone else ", a process stays"),
            expected=f"become_daemon returns -1 with {errno}, and the caller ends with another status than 0",
            evidence=[*recording.exhibit(hit), *note(said.strip())],
        )
