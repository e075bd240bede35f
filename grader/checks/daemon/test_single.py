"""One instance for each PID file."""

from __future__ import annotations

import os

from grader.checks.daemon.detachment import PROBES
from grader.checks.daemon.house import PIDFILE, TREE, House, house
from grader.checks.daemon.service import START, Service, note, wait_caller
from grader.escaped import running
from grader.outcome import Failed, check
from grader.run import Run

ROUNDS = 20
STALE = b"99999\nwhat an older program wrote here, and more than a process id\n"
OF_ANOTHER = b"1\n"  # lives, but is no sysdaemon


@check("single")
def test_single(run: Run) -> None:
    """Start a second one beside the first; start two in the same moment, 20 times; start it where a PID file
    lies about, of a dead process and of a living one of another kind."""
    together = run.helper(PROBES / "together.c")
    with house(run) as home:
        _second(home)
        for content in (STALE, OF_ANOTHER):
            home.path(PIDFILE).write_bytes(content)
            _content(home, home.begin("-d", TREE))
            home.end_all()
        for number in range(ROUNDS):
            _race(home, str(together), number)


def _content(home: House, service: Service) -> None:
    if not home.path(PIDFILE).exists():
        raise Failed("there is no PIDFILE while the service runs", expected=PIDFILE)
    text = home.path(PIDFILE).read_text("utf-8", "replace")
    if text.strip() != str(service.daemon.inner_pid) or len(text.splitlines()) != 1:
        raise Failed(
            f"PIDFILE holds {text!r}",
            expected=f"the process id of the service, {service.daemon.inner_pid}, and no more",
        )


def _second(home: House) -> None:
    service = home.begin("-d", TREE)
    _content(home, service)
    before = os.stat(home.path(PIDFILE)).st_ino
    caller = home.start("-d", TREE)
    end, said = wait_caller(home, caller), caller.stderr_text().strip()
    if end.code != 1 or not said:
        raise Failed(
            f"a second one: {end}, message {said!r}; {len(running(home.box.holder))} processes run",
            expected="exit status 1 and a message, since the first one holds the lock on PIDFILE",
        )
    if not home.path(PIDFILE).exists() or os.stat(home.path(PIDFILE)).st_ino != before:
        raise Failed("the second one has removed PIDFILE of the first", expected="it stays")
    _content(home, service)
    home.synchronise()
    home.end_all()


def _race(home: House, together: str, number: int) -> None:
    home.path(PIDFILE).unlink(missing_ok=True)
    process = home.start("-d", TREE, program=[together, home.run.program()])
    won = process.wait(home.run.limit(2 * START)).code
    program = home.run.program()
    home.until(lambda: len(running(home.box.holder, program)) == won, 1.0)
    serving = len(running(home.box.holder, program))
    if won != 1 or serving != 1:
        raise Failed(
            f"two in the same moment, round {number + 1}: {won} say that they serve, {serving} do",
            expected="one serves, the other ends with status 1",
            evidence=note(process.stderr_text()),
        )
    _content(home, Service(home, process))
    home.end_all()
