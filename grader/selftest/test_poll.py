"""Waiting for one descriptor."""

from __future__ import annotations

import fcntl
import os
import resource
from collections.abc import Iterator

import pytest

from grader.pidfd import Pidfd
from grader.poll import ready_to_read

SELECTS = 1024  # FD_SETSIZE


@pytest.fixture
def high() -> Iterator[tuple[int, int]]:
    """The read end of a pipe, with a number that select(2) does not know, and the write end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2 * SELECTS)), hard))
    low, write_end = os.pipe()
    read_end = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, SELECTS)
    yield read_end, write_end
    for each in (low, read_end, write_end):
        os.close(each)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_numbers_do_not_matter(high: tuple[int, int]) -> None:
    read_end, write_end = high
    assert not ready_to_read(read_end, 0.01)
    os.write(write_end, b"!")
    assert ready_to_read(read_end, 0)


def test_a_process_is_seen_to_end(high: tuple[int, int]) -> None:
    child = os.fork()
    if child == 0:
        os.read(high[0], 1)
        os._exit(0)
    process = Pidfd(child)
    assert not process.ended() and not process.ended(-1.0)
    os.write(high[1], b"!")
    assert process.ended(10.0)
    process.close()
    os.waitpid(child, 0)
