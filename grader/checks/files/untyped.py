"""A folder as a file system hands it out that does not tell types: every d_type is DT_UNKNOWN.

readdir(3): "not all file systems support it". strace rewrites what getdents64(2) left in memory.
"""

from __future__ import annotations

import ctypes
import os
import struct

from grader.checks.files.compare import Mismatch, difference
from grader.checks.files.shown import exhibit
from grader.checks.files.testimony import READS
from grader.checks.files.walker import Forest, ended, enough
from grader.outcome import Inconclusive
from grader.recording import record
from grader.strace.faults import Fault
from grader.tree import Tree

HEAD = struct.Struct("=QqHB")  # d_ino, d_off, d_reclen, d_type
TYPE = HEAD.size - 1  # where d_type is
ROOM = 4096  # bytes: more than the entries of a small folder take
GETDENTS64 = {"x86_64": 217, "aarch64": 61}


def expect_types_unknown(forest: Forest, tree: Tree) -> None:
    """Walk a small tree beside `tree` whose first folder tells no types. Raises Failed."""
    small = Tree.make(tree.parent / "untyped")
    small.folder(b"inner")
    small.file(b"inner/file", 1)
    small.file(b"file", 2)
    truth = forest.find("untyped")
    run = forest.run
    poke = f"@arg2={untyped(entries(small.path(b''))).hex()}"
    recording = record(run, run.program(), READS, faults=[Fault("getdents64", poke=poke)])
    walk = forest.walk("untyped", wrap=recording.strace.argv(), most=enough(truth))
    ended(walk)
    found = difference(truth.records, walk.records)
    if found:
        failure = Mismatch(walk, found)
        note = "readdir(3) gave DT_UNKNOWN for every entry of this folder"
        shown = exhibit(recording, recording.trace().calls(*READS)[:2], note=note)
        failure.evidence = (*shown, *failure.evidence)
        raise failure


def entries(path: bytes) -> bytes:
    """Return what getdents64(2) leaves in memory for a small folder. Raises Inconclusive."""
    number = GETDENTS64.get(os.uname().machine)
    buffer = ctypes.create_string_buffer(ROOM)
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        syscall = ctypes.CDLL(None, use_errno=True).syscall
        size = syscall(number, folder, buffer, ROOM) if number else -1
    finally:
        os.close(folder)
    if size <= 0:
        raise Inconclusive("the folder's entries cannot be read on this machine")
    return buffer.raw[:size]


def untyped(raw: bytes) -> bytes:
    """Return the same entries with all types DT_UNKNOWN (0)."""
    changed, place = bytearray(raw), 0
    while place < len(raw):
        changed[place + TYPE] = 0
        place += HEAD.unpack_from(raw, place)[2]
    return bytes(changed)
