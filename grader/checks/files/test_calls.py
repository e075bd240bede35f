"""What a walk asks of the kernel."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import Callable

from grader.checks.files.shown import exhibit
from grader.checks.files.testimony import CALLS, NAME, OPENS, STATS, target
from grader.checks.files.walker import ended, forest
from grader.outcome import Failed, check
from grader.recording import Recording, record
from grader.run import Run
from grader.strace.ask import Trace
from grader.strace.call import Call
from grader.tree import FOLDER, Tree, random_tree

SIZE = 200  # entries
WRITES = ("write", "writev", "pwrite64", "pwritev")
FEWEST = 5  # lines that make a walk
LINES_PER_WRITE = 8  # at the least, on average


@dataclass(frozen=True)
class Waste:
    """One way in which a program asks for more than it must, and calls that show it."""

    text: str
    calls: list[Call]


@check("calls.economy")
def test_economy(run: Run) -> None:
    """Trace a walk: one stat for each entry, by name and relative to its folder; only folders are opened, and
    closed again; many lines go into one write. Each of the five counts."""
    folder = run.scratch("trees")
    folder.mkdir()
    tree = random_tree(folder / "tree", run.random, SIZE)
    with forest(run, folder) as woods:

        def wastes(stacks: bool) -> tuple[list[Waste], Recording]:
            recording = record(run, run.program(), (*CALLS, *WRITES), stacks, strings=NAME)
            walk = woods.walk("tree", wrap=recording.strace.argv())
            ended(walk)
            if len(walk.records) < FEWEST:
                observed = f"{len(walk.records)} lines for {tree.entries} entries"
                raise Failed(observed, expected="a walk: only then its calls count")
            return [found for rule in RULES if (found := rule(recording.trace(), tree))], recording

        found, _ = wastes(False)
        if found:
            found, recording = wastes(True)
            raise _failure(found, recording)


def _failure(found: list[Waste], recording: Recording) -> Failed:
    observed = "\n".join(waste.text for waste in found)
    evidence = [item for waste in found for item in exhibit(recording, waste.calls[:3])]
    expected = (
        "one stat-like call by name for each entry, relative to the descriptor of its folder; "
        "folders opened and closed, nothing else opened; output in few writes"
    )
    share = 1 - len(found) / len(RULES)
    return Failed(observed, expected=expected, evidence=evidence, share=share)


def by_name(call: Call) -> bool:
    """Whether a stat asks for a name, not for what a descriptor refers to (AT_EMPTY_PATH)."""
    place = 0 if call.name in ("stat", "lstat", "access") else 1
    return bool(call.arg(place).string)


def _inside(call: Call, tree: Tree) -> bytes | None:
    """The name of the tree's entry that a call means, or None: the loader's calls, for instance."""
    path, root = target(call), tree.path(b"")
    if path == root:
        return b""
    return path[len(root) + 1 :] if path.startswith(root + b"/") else None


def _stats(trace: Trace, tree: Tree) -> list[Call]:
    calls = (call for call in trace.calls(*STATS) if by_name(call))
    return [call for call in calls if _inside(call, tree) is not None]


def _twice(trace: Trace, tree: Tree) -> Waste | None:
    """More than one stat-like call for an entry; one more for DIR is free."""
    calls = _stats(trace, tree)
    counts = Counter(_inside(call, tree) for call in calls)
    often = [name for name, count in counts.items() if count > 1 and name]
    if not often:
        return None
    shown = [call for call in calls if _inside(call, tree) == often[0]]
    text = f"{len(calls)} stat-like calls for {tree.entries} entries: {len(often)} of them are asked for again"
    return Waste(text, shown)


def _opened(trace: Trace, tree: Tree) -> Waste | None:
    """An open of what is no folder: of a FIFO it would wait for a writer, for ever."""
    calls = [call for call in trace.calls(*OPENS) if _inside(call, tree) is not None]
    wrong = [call for call in calls if tree.kinds.get(_inside(call, tree) or b"", FOLDER) != FOLDER]
    if not wrong:
        return None
    kind = tree.kinds[_inside(wrong[0], tree) or b""]
    return Waste(f"{len(wrong)} opens of what is no folder; the first is of a {kind}", wrong)


def _absolute(trace: Trace, tree: Tree) -> Waste | None:
    """A stat whose name has folders in it: the kernel goes through all of them again."""
    calls = _stats(trace, tree)
    long = [call for call in calls if _inside(call, tree) and _slashes(call)]
    if not long:
        return None
    return Waste(f"{len(long)} of {len(calls)} stat-like calls name a whole path", long)


def _slashes(call: Call) -> bool:
    place = 0 if call.name in ("stat", "lstat", "access") else 1
    return b"/" in (call.arg(place).string or b"")


def _left_open(trace: Trace, tree: Tree) -> Waste | None:
    """Folders that are never closed."""
    root = os.fsdecode(tree.path(b""))
    opened = (d for d in trace.descriptors("file") if d.file.path.startswith(root))
    left = [each.opened for each in opened if each.closed is None and each.opened]
    if not left:
        return None
    return Waste(f"{len(left)} folders were opened and never closed", left)


def _unbuffered(trace: Trace, tree: Tree) -> Waste | None:
    """A write for each line, or nearly."""
    writes = [call for call in trace.calls(*WRITES) if call.fd == 1]
    if len(writes) <= 2 + tree.entries // LINES_PER_WRITE:
        return None
    return Waste(f"{len(writes)} writes for {tree.entries} lines", writes)


RULES: tuple[Callable[[Trace, Tree], Waste | None], ...] = (
    *(_twice, _opened, _absolute, _left_open, _unbuffered),
)
