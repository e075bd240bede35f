"""What cannot be read: a message, an exit status, and the walk goes on."""

from __future__ import annotations

import os
from typing import Sequence

from grader.checks.files.compare import Mismatch, compare, difference, expect_status
from grader.checks.files.shown import exhibit
from grader.checks.files.testimony import STATS, target
from grader.checks.files.walker import Forest, Walk, ended, exhibits, forest
from grader.outcome import Failed, Inconclusive, check
from grader.recording import Recording, record
from grader.run import Run
from grader.strace.faults import Fault, ordinals
from grader.strace.ask import Trace
from grader.strace.call import Call
from grader.tree import Tree

FILES = 5  # in each folder
CLOSED = {b"closed": 0o000, b"search only": 0o311, b"names only": 0o444}  # folder → mode


@check("walk.denied")
def test_denied(run: Run) -> None:
    """Walk a tree with folders that may not be read or searched, and let one entry vanish between readdir
    and stat."""
    folder = run.scratch("trees")
    folder.mkdir()
    tree = Tree.make(folder / "tree")
    for name, mode in CLOSED.items():
        tree.folder(name)
        tree.file(os.path.join(name, b"hidden from you"))
        tree.chmod(name, mode)
    for number in range(run.random.randint(8, 16)):
        tree.folder(b"d%d" % number)
        for file in range(FILES):
            tree.file(b"d%d/file%d" % (number, file))
    with forest(run, folder) as woods:
        for options in ((), ("-j", "2")):
            walk = compare(woods, *options)
            _expect_named(walk, list(CLOSED))
        _vanishing(woods)


def _expect_named(walk: Walk, names: Sequence[bytes]) -> None:
    """Each entry that could not be read is named on stderr."""
    silent = [os.fsdecode(name) for name in names if os.fsdecode(name) not in walk.said]
    if silent:
        observed = f"{walk.command}: no message on stderr names {', '.join(silent)}"
        expected = "a message for each entry that cannot be read"
        raise Failed(observed, expected=expected, evidence=exhibits(walk))


# -- an entry that vanishes ------------------------------------------------------------------------


def _vanishing(woods: Forest) -> None:
    """Let the stat of one file fail with ENOENT, as if it had been removed since readdir saw it."""
    run = woods.run
    clean = record(run, run.program(), STATS)
    ended(woods.walk("tree", wrap=clean.strace.argv()))
    trace = clean.trace()
    victim = _victim(run, trace)
    fault = Fault(victim.name, "ENOENT", when=str(ordinals(trace)[victim.index]))
    path = target(victim)
    name = path[path.rindex(b"/tree/") + 1 :]
    truth = [line for line in woods.find("tree").records if not line.endswith(b" " + name)]

    def attempt(stacks: bool) -> None:
        recording = _with_fault(run, fault, stacks)
        walk = woods.walk("tree", wrap=recording.strace.argv())
        _judge_vanished(walk, truth, name, recording)

    try:
        attempt(False)
    except Failed:
        attempt(True)  # again, with the line that made the call


def _with_fault(run: Run, fault: Fault, stacks: bool) -> Recording:
    return record(run, run.program(), (*STATS, "write", "exit_group"), stacks, [fault], strings=300)


def _victim(run: Run, trace: Trace) -> Call:
    """A stat of a file in a folder that can be read, and not the last one in it."""
    calls = [call for call in trace.calls(*STATS) if not call.failed]
    last = {os.path.dirname(target(call)): call for call in calls}
    fitting = [
        call
        for call in calls
        if os.path.basename(target(call)).startswith(b"file") and call not in last.values()
    ]
    if not fitting:
        raise Failed("no file of the tree is asked for its inode", expected="a stat of each entry")
    return run.random.choice(fitting)


def _judge_vanished(walk: Walk, truth: list[bytes], name: bytes, recording: Recording) -> None:
    hit = recording.trace().injected()
    if not hit:
        raise Inconclusive("no fault could be injected")
    what = f"{os.fsdecode(name)} vanished between readdir and stat"
    try:
        ended(walk)
        found = difference(truth, walk.records)
        if found:
            raise Mismatch(walk, found)
        expect_status(walk, 1)
        _expect_named(walk, [os.path.basename(name)])
    except Failed as failure:
        failure.evidence = (*exhibit(recording, hit[:1]), *failure.evidence)
        failure.observed = f"{what}; {failure.observed}"
        raise
