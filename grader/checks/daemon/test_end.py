"""The end, and the beginning after it."""

from __future__ import annotations

import signal

from grader.checks.daemon.line import lines_of, tail
from grader.checks.daemon.house import LOG, PIDFILE, TREE, House, house
from grader.checks.daemon.service import END, Service
from grader.outcome import TIME_LIMIT, Failed, check
from grader.process import TimeLimit
from grader.run import Run

BURST = 3000
AFTER = 200
RESTARTS = 10


@check("term")
def test_term(run: Run) -> None:
    """Send SIGTERM while thousands of events wait for it and others go on; then SIGINT to one in the foreground."""
    with house(run) as home:
        service = home.begin("-d", TREE)
        daemon = service.daemon
        daemon.signal(signal.SIGSTOP)  # so that all of them are in its queue
        made = home.touch_all(f"burst-{number}" for number in range(BURST))
        daemon.signal(signal.SIGTERM)
        daemon.signal(signal.SIGCONT)
        _go_on(home, service)
        _ended_well(home, made)
        _interrupted(home)


def _go_on(home: House, service: Service) -> None:
    """Make more events until it is gone."""
    number = 0

    def gone() -> bool:
        nonlocal number
        for _ in range(10):
            home.touch(f"after-{number % AFTER}")
            home.path(f"{TREE}/after-{number % AFTER}").unlink()
            number += 1
        return service.daemon.ended()

    if not home.until(gone, END):
        raise Failed(
            "SIGTERM was sent, and the service still runs",
            expected="SIGTERM ends it, whatever goes on",
            evidence=[tail(home.log())],
            reason=TIME_LIMIT,
        )


def _ended_well(home: House, made: list[bytes]) -> None:
    lines = lines_of(home.log())
    seen = {line.path for line in lines}
    lost = [path for path in made if path not in seen]
    if lost:
        raise Failed(
            f"{len(lost)} of {len(made)} events from before SIGTERM are not in LOG",
            expected="what happened before the signal is logged",
            evidence=[tail(home.log())],
        )
    if lines[-1].event != "stopped":
        observed = f"the last line of LOG is {lines[-1].event!r}"
        raise Failed(observed, expected="stopped", evidence=[tail(home.log())])
    if home.path(PIDFILE).exists():
        raise Failed("PIDFILE is still there", expected="it is removed at the end")


def _interrupted(home: House) -> None:
    home.path(LOG).unlink()
    process = home.start("-n", "-d", TREE)
    home.awake(process)
    process.signal(signal.SIGINT)
    try:
        end = process.wait(home.run.limit(END))
    except TimeLimit:
        raise Failed(
            "SIGINT does not end it", expected="exit status 0", reason=TIME_LIMIT
        ) from None
    if end.code != 0:
        raise Failed(f"after SIGINT: {end}", expected="exit status 0")
    _ended_well(home, [])


@check("restart")
def test_restart(run: Run) -> None:
    """Start and stop it 10 times, then kill it and start it once more; LOG grows, PIDFILE comes and goes."""
    with house(run) as home:
        pids = []
        for number in range(RESTARTS):
            if home.path(PIDFILE).exists():
                raise Failed("PIDFILE of the last one is still there", expected="it is removed")
            service = home.begin("-d", TREE)
            pids.append(service.daemon.inner_pid)
            home.synchronise()
            if number < RESTARTS - 1:
                service.terminate()
            else:
                home.end_all(tidy=False)  # by SIGKILL: nobody tidies up
        service = home.begin("-d", TREE)
        home.synchronise()
        service.terminate()
        _all_in(home, pids)


def _all_in(home: House, pids: list[int]) -> None:
    lines = lines_of(home.log())
    missing = [pid for pid in pids if pid not in {line.pid for line in lines}]
    if missing:
        raise Failed(
            f"{len(missing)} of {len(pids)} runs have no line with their process id in LOG",
            expected="every run adds its lines to those that are there",
            evidence=[tail(home.log())],
        )
    stops = sum(line.event == "stopped" for line in lines)
    if stops != RESTARTS:
        raise Failed(f"{stops} lines say `stopped`", expected=f"{RESTARTS}: one was killed")
