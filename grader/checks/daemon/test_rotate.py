"""Rotation of LOG, as logrotate(8) does it: rename, SIGHUP."""

from __future__ import annotations

import os
import signal

from grader.checks.daemon.line import Line, lines_of, tail
from grader.checks.daemon.house import LOG, TREE, House, house
from grader.escaped import Escaped
from grader.outcome import TIME_LIMIT, Failed, check
from grader.run import Run

ROUNDS = 3
BATCH = 400


class Stream:
    """Events one after the other, and no end."""

    def __init__(self, home: House):
        self._home = home
        self.made: list[bytes] = []

    def go_on(self, count: int) -> None:
        """Make `count` more."""
        for _ in range(count):
            self.made.append(self._home.touch(f"event-{len(self.made):06d}"))


@check("rotate")
def test_rotate(run: Run) -> None:
    """Rename LOG and send SIGHUP while events go on, three times: none may be lost, or be in the wrong file."""
    with house(run) as home:
        daemon = home.begin("-d", TREE).daemon
        stream = Stream(home)
        home.synchronise()
        for number in range(ROUNDS):
            _rotate(home, daemon, stream, f"{LOG}.{number}")
        home.synchronise()
        files = [lines_of(home.log(f"{LOG}.{n}")) for n in range(ROUNDS)] + [lines_of(home.log())]
        seen = {line.path for lines in files for line in lines}
        lost = [path for path in stream.made if path not in seen]
        if lost:
            raise Failed(
                f"{len(lost)} of {len(stream.made)} events are in no file",
                expected="each event is in the old file or in the new one",
                evidence=[tail(home.log())],
            )


def _rotate(home: House, daemon: Escaped, stream: Stream, old: str) -> None:
    stream.go_on(BATCH)
    os.rename(home.path(LOG), home.path(old))
    stream.go_on(BATCH)
    daemon.signal(signal.SIGHUP)

    def reopened() -> bool:
        stream.go_on(20)
        return daemon.ended() or home.path(LOG).exists()

    if not home.until(reopened):
        raise Failed(
            f"SIGHUP was sent, and there is no new {LOG}",
            expected="SIGHUP reopens LOG",
            reason=TIME_LIMIT,
        )
    if daemon.ended():
        raise Failed("SIGHUP ends the service", expected="SIGHUP reopens LOG")
    first_new = len(stream.made)
    home.synchronise()  # its line is in the new file
    stream.go_on(BATCH)
    home.synchronise()
    _nothing_late(lines_of(home.log(old)), set(stream.made[first_new:]), old)


def _nothing_late(lines: list[Line], new: set[bytes], old: str) -> None:
    late = [line for line in lines if line.path in new]
    if late:
        raise Failed(
            f"{len(late)} events from after the reopening are in {old}",
            expected="after SIGHUP nothing is written to the old file",
        )
