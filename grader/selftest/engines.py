"""A container engine for tests: the one that runs here, or a Docker daemon of our own if we are root."""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from grader.batch import container, image
from grader.batch.container import Engine, NoEngine

START = 60.0  # seconds for a daemon to answer
DAEMON = ("dockerd", "--bridge=none", "--iptables=false")


@contextmanager
def engine() -> Iterator[Engine]:
    """Give an engine with a current image; skip, with the reason, where none can be had.

    Tests run side by side in several processes: the first starts the daemon and builds the image, the
    last one ends the daemon.
    """
    folder = Path(tempfile.gettempdir())
    with (folder / "engine.users").open("w") as users, (folder / "engine.lock").open("w") as lock:
        fcntl.flock(users, fcntl.LOCK_SH)
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            found = _ready(folder)
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
        yield found
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # others still need it
        _end(folder / "engine.pid")


def _ready(folder: Path) -> Engine:
    try:
        found = _found(folder)
        image.ensure(found)
        return found
    except (NoEngine, image.NotBuilt) as error:
        pytest.skip(f"no containers here: {error}")


def _found(folder: Path) -> Engine:
    """Return the engine that answers, after starting one if we may. Raises NoEngine."""
    try:
        return container.find()
    except NoEngine:
        if os.geteuid() != 0 or shutil.which("dockerd") is None:
            raise
    with (folder / "engine.log").open("w") as log:
        daemon = subprocess.Popen(DAEMON, stdout=log, stderr=log, start_new_session=True)
    (folder / "engine.pid").write_text(str(daemon.pid))
    try:
        return _answering(daemon)
    except NoEngine:
        said = (folder / "engine.log").read_text("utf-8", "replace").strip().splitlines()
        _end(folder / "engine.pid")
        raise NoEngine(f"dockerd: {said[-1] if said else 'no word'}") from None


def _answering(daemon: subprocess.Popen[bytes]) -> Engine:
    """Wait until the daemon answers, or has ended. Raises NoEngine."""
    pidfd = os.pidfd_open(daemon.pid)
    try:
        for _ in range(int(START * 4)):
            try:
                return container.find(("docker",))
            except NoEngine:
                if select.select([pidfd], [], [], 0.25)[0]:
                    break
    finally:
        os.close(pidfd)
    raise NoEngine("no answer")


def _end(pid_file: Path) -> None:
    """End the daemon that we have started, if we have."""
    if not pid_file.exists():
        return
    try:
        pidfd = os.pidfd_open(int(pid_file.read_text()))
        signal.pidfd_send_signal(pidfd, signal.SIGTERM)
        select.select([pidfd], [], [], START)
        os.close(pidfd)
    except ProcessLookupError:
        pass
    pid_file.unlink()
