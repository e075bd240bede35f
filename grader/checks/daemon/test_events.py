"""Is every event logged? Of trees that stand still, of what is just being made, after an overflow."""

from __future__ import annotations

import os
import signal
from collections import defaultdict
from pathlib import Path

from grader.checks.daemon.history import History, merged
from grader.checks.daemon.line import Line, lines_of, tail
from grader.checks.daemon.house import TREE, House, house
from grader.checks.daemon.service import note, printable
from grader.outcome import Failed, Inconclusive, check
from grader.run import Run

OPERATIONS = 5000
NESTED = 40  # trees that are made at once
QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")
MORE = 1000  # events than the queue holds
LARGEST = 100_000
OUTSIDE = "/tmp/outside"
SILENCE = 0.2  # seconds without a new line
SLOW = 12.0  # seconds for many events, on a fast machine


@check("events.all")
def test_events(run: Run) -> None:
    """Compare LOG with 5,000 file operations that the seed determines, some on odd names; make folders in new
    folders and files in them at once; move folders within the tree and out of it."""
    with house(run) as home:
        home.begin("-d", TREE)
        history = History(run.random, home.path(TREE), TREE.encode())
        _nested(home, history)
        known = len(home.lines())
        history.operate(OPERATIONS // 2)
        _moved(home, history)
        history.operate(OPERATIONS // 2)
        home.synchronise(seconds=SLOW)
        _compare(lines_of(home.log())[known:], history)
        _moved_out(home, history)


def _nested(home: House, history: History) -> None:
    """Trees that are there before anybody can have watched their folders: what is in them is found."""
    wanted = []
    for number in range(NESTED):
        name = b""
        for depth in range(4):
            name += b"/d%d-%d" % (number, depth)
            history.folder(name)
            path = name + b"/file"
            home.path(TREE + path.decode()).touch()
            wanted += [history.path(name), history.path(path)]
            history.events[history.path(path)] = []
    home.synchronise(seconds=SLOW)
    seen = {line.path for line in home.lines() if line.event in ("CREATE", "FOUND")}
    missing = [path for path in wanted if path not in seen]
    if missing:
        raise Failed(
            f"{len(missing)} of {len(wanted)} entries in new folders have no line: {printable(missing[0])}",
            expected="CREATE or FOUND for what is in a folder that has just appeared",
            evidence=note(
                "inotify watches single folders: what is made in one before it is watched has no event"
            ),
        )
    for path in wanted:  # some of these were seen twice, or only found
        history.events[path] = []


def _moved(home: House, history: History) -> None:
    """Move some of the folders; the service may take its time to follow."""
    for number in range(10):
        target = b"/moved-%d" % number if number % 2 else b"/d20-0/moved-%d" % number
        history.move_folder(b"/d%d-0" % number, target)
    home.synchronise(seconds=SLOW)


def _compare(lines: list[Line], history: History) -> None:
    by_path: dict[bytes, list[str]] = defaultdict(list)
    for line in lines:
        if line.path and line.event != "FOUND" and b"/mark-" not in line.path:
            by_path[line.path].append(line.event)
    never = [path for path in by_path if path not in history.events]
    if never:
        told = f"{by_path[never[0]][0]} {printable(never[0])}"
        raise Failed(f"{len(never)} paths in LOG never were: {told}", expected="paths as they are")
    wrong = [
        (path, merged(events), merged(by_path[path]))
        for path, events in history.events.items()
        if events and merged(events) != merged(by_path[path])
    ]
    if wrong:
        path, expected, got = wrong[0]
        raise Failed(
            f"{len(wrong)} of {len(history.events)} paths have other events than happened: "
            f"{printable(path)} has {' '.join(got) or 'none'}",
            expected=f"{' '.join(expected)} for {printable(path)}",
        )


def _moved_out(home: House, history: History) -> None:
    """What happens in a folder that has left the tree is nobody's business."""
    outside = home.path(OUTSIDE)
    os.rename(home.path(f"{TREE}/d30-0"), outside)
    home.synchronise()
    (outside / "secret").touch()
    home.synchronise()
    told = [line.path for line in home.lines() if line.path.endswith(b"/secret")]
    if told:
        observed = f"a file in {OUTSIDE} is logged as {printable(told[0])}"
        raise Failed(observed, expected="no line: the folder has left the tree")


@check("events.overflow")
def test_overflow(run: Run) -> None:
    """Stop the service, make 1,000 events more than the kernel's queue holds, and let it go on."""
    count = int(QUEUE.read_text("ascii")) + MORE
    if count > LARGEST:
        raise Inconclusive(
            f"the queue of inotify holds {count - MORE} events here, which takes too long"
        )
    with house(run) as home:
        daemon = home.begin("-d", TREE).daemon
        home.synchronise()
        home.path(f"{TREE}/folder").mkdir()
        home.synchronise()
        daemon.signal(signal.SIGSTOP)
        made = home.touch_all(map(str, range(count)), f"{TREE}/folder")
        last = home.path(f"{TREE}/late")
        last.mkdir()
        made.append(home.touch("file", f"{TREE}/late"))
        size = len(home.log())
        daemon.signal(signal.SIGCONT)
        home.until(lambda: len(home.log()) > size)
        _until_silent(home)  # by then the queue has room for the next event
        home.synchronise(seconds=SLOW)
        _until_silent(home)
        _all_told(home, made, home.lines())
        home.synchronise(folder=f"{TREE}/late")


def _until_silent(home: House) -> None:
    """Wait until LOG grows no more: who looks through a tree is not done when the last event is logged."""
    size = -1
    while len(home.log()) != size:
        size = len(home.log())
        home.until(lambda: len(home.log()) != size, SILENCE)


def _all_told(home: House, made: list[bytes], lines: list[Line]) -> None:
    seen = {line.path for line in lines}
    missing = [path for path in made if path not in seen]
    if missing:
        raise Failed(
            f"{len(missing)} of {len(made)} new entries are in no line after an overflow",
            expected="the tree is looked through again: FOUND for what is there",
            evidence=[tail(home.log())],
        )
    if not any("overflow" in line.event.lower() for line in lines):
        raise Failed("no line says that events were lost", expected="a line `overflow`")
