"""A log that cannot be written to: the disk is full, the file is as large as it may be."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

from grader.checks.daemon.line import lines_of, tail
from grader.checks.daemon.house import LOG, ROOM, TREE, House, house
from grader.checks.daemon.service import note
from grader.checks.daemon.syslog import Syslog
from grader.escaped import Escaped
from grader.ledger import cpu_seconds
from grader.outcome import Failed, check
from grader.run import Run

SIZE, ROOM_LEFT = 1 << 20, 64 << 10  # bytes of /var/log
LARGEST = 1 << 20  # bytes of a file, see RLIMIT_FSIZE
EVENTS = 2500
MOST_MESSAGES = 2  # that it fails; and perhaps that it works again
QUIET = 0.2  # seconds of which a service that spins would use all
SPINNING = 0.15  # of a processor, also where there is little of it to have
LINE = b"2026-01-01T00:00:00.000Z 1 CREATE /tmp/watched/from-an-earlier-run\n"


@check("log.full")
def test_full(run: Run) -> None:
    """Let LOG run into a full disk, then make room; let it run into the largest size of a file, then rotate."""
    with house(run, replace(ROOM, sizes=(("/var/log", SIZE),))) as home:
        _disk_full(home)
    with house(run) as home:
        _largest_file(run, home)


def _disk_full(home: House) -> None:
    with Syslog(home) as syslog:
        daemon = home.begin("-d", TREE).daemon
        home.synchronise()
        ballast = home.path("/var/log/ballast")
        ballast.write_bytes(bytes(SIZE - ROOM_LEFT))
        home.touch_all(f"full-{number}" for number in range(EVENTS))
        home.until(lambda: _full(home) and bool(syslog.messages()), 1.0)
        _told_once(syslog)
        _quiet(daemon)
        _alive(home, daemon, "the disk is full")
        ballast.unlink()
        _goes_on(home, daemon)


def _full(home: House) -> bool:
    return os.statvfs(home.path("/var/log")).f_bavail == 0


def _alive(home: House, daemon: Escaped, when: str) -> None:
    if daemon.ended():
        raise Failed(f"{when}, and the service ends", expected="it goes on and waits for room")


def _told_once(syslog: Syslog) -> None:
    count = len(syslog.messages())
    if not 1 <= count <= MOST_MESSAGES:
        raise Failed(
            f"{count} messages in syslog about a LOG that is full",
            expected="one: an administrator must know, and the system's log must not fill up too",
            evidence=note("\n".join(message.text for message in syslog.messages()[:4])),
        )


def _quiet(daemon: Escaped) -> None:
    before = cpu_seconds(daemon.pid)
    daemon.ended(QUIET)
    used = cpu_seconds(daemon.pid) - before
    if used > SPINNING * QUIET:
        raise Failed(f"it spins: {used:.2f} s of CPU in {QUIET} s", expected="it waits for events")


def _goes_on(home: House, daemon: Escaped) -> None:
    """There is room again: new events have their lines, and all lines are whole."""
    home.synchronise()
    _alive(home, daemon, "there is room again")
    lines_of(home.log())


def _largest_file(run: Run, home: House) -> None:
    """LOG is almost as large as RLIMIT_FSIZE allows: SIGXFSZ comes with the write, see setrlimit(2)."""
    count = (LARGEST - 4096) // len(LINE)
    home.path(LOG).write_bytes(LINE * count)
    limits = replace(run.limits, file_size=LARGEST >> 20)
    daemon = home.begin("-d", TREE, limits=limits).daemon
    home.touch_all(f"large-{number}" for number in range(EVENTS // 10))
    home.until(lambda: daemon.ended() or len(home.log()) == LARGEST, 1.0)
    daemon.ended(QUIET)
    _alive(home, daemon, "LOG is as large as a file may be (SIGXFSZ)")
    os.rename(home.path(LOG), home.path(f"{LOG}.0"))
    daemon.signal(signal.SIGHUP)
    if not home.until(lambda: home.path(LOG).exists() or daemon.ended()):
        raise Failed("SIGHUP, and no new LOG", expected="a new file", evidence=[tail(home.log())])
    home.synchronise()
