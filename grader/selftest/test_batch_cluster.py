"""A batch on a Dask cluster: a scheduler and workers on this machine, one of which is killed meanwhile."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from grader.selftest.test_batch import HELLO, SLOW, WRONG, handed_in, marks
from grader.selftest.test_batch import _own as own  # noqa: F401  pylint: disable=unused-import
from grader.selftest.trees import PYTHON, Tree, environment

pytest.importorskip("distributed")
READY = 60  # seconds for a scheduler or a worker to start, on a machine that is busy


@contextmanager
def started(tree: Tree, module: str, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A scheduler or worker, and the line in which it says where it listens."""
    process = subprocess.Popen(
        [PYTHON, "-m", f"distributed.cli.{module}", *options],
        cwd=tree.root,
        env={**environment(), "PYTHONPATH": str(tree.root), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process, _said(process, r"tcp://[\d.]+:\d+(?=\s)")
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)  # a nanny and its worker
        except ProcessLookupError:
            pass
        process.communicate()


def _said(process: subprocess.Popen[str], pattern: str) -> str:
    assert process.stderr is not None
    seen, pipe = "", process.stderr.fileno()
    while select.select([pipe], [], [], READY)[0]:
        chunk = os.read(pipe, 4096).decode()
        seen += chunk
        if found := re.search(pattern, seen):
            return found[0]
        if not chunk:
            break
    raise AssertionError(f"it did not start: {seen}")


@contextmanager
def cluster(tree: Tree) -> Iterator[tuple[str, list[subprocess.Popen[str]]]]:
    local = ("--host=127.0.0.1", "--no-dashboard")
    worker = (*local, "--no-nanny", "--nthreads=1")
    with started(tree, "dask_scheduler", *local, "--port=0") as (_, address):
        with started(tree, "dask_worker", address, *worker) as (one, _):
            with started(tree, "dask_worker", address, *worker) as (two, _):
                yield address, [one, two]


def command(tree: Tree, address: str) -> list[str]:
    options = ("--lab=demo", "--in=in", "--out=out", "--no-container", "--seed=7")
    return tree.command("batch", *options, f"--engine={address}")


@pytest.mark.alone
def test_a_worker_is_killed_in_the_middle(own: Tree) -> None:  # noqa: F811
    programs = {f"s{each}": (HELLO, WRONG, SLOW)[each % 3] for each in range(9)}
    handed_in(own, **programs)
    with cluster(own) as (address, workers):
        process = subprocess.Popen(
            command(own, address),
            cwd=own.root,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        lines = []
        while line := process.stdout.readline():
            lines.append(line)
            if re.search(r"\d+/100 ", line) and len(workers) == 2:
                workers.pop().kill()
        assert process.wait(READY) == 0, "".join(lines)
        assert len(workers) == 1 and "the cluster at tcp://" in "".join(lines)
    assert marks(own) == {name: "10" if text == WRONG else "100" for name, text in programs.items()}


def test_no_scheduler_no_workers(own: Tree) -> None:  # noqa: F811
    handed_in(own, ann=HELLO)
    with started(own, "dask_scheduler", "--host=127.0.0.1", "--no-dashboard", "--port=0") as (
        _,
        at,
    ):
        done = subprocess.run(
            command(own, at),
            cwd=own.root,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 3 and "has no workers" in done.stderr, done
    assert "Traceback" not in done.stderr
