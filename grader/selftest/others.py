"""Run a function as somebody without rights, as the grader does when root has started it."""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import pytest

PR_SET_DUMPABLE = 4
LIMIT = 60  # seconds; a child that hangs is killed then


@dataclass(frozen=True)
class User:
    """number: the id to take on; None if the tests run without rights anyway."""

    number: int | None

    def own(self, folder: Path) -> None:
        """Give a folder to the user, open to be looked into."""
        folder.chmod(0o755)
        if self.number is not None:
            os.chown(folder, self.number, self.number)

    def become(self) -> None:
        """Become the user, for ever; /proc/self stays readable (prctl(2), PR_SET_DUMPABLE)."""
        if self.number is not None:
            os.setgroups([])
            os.setresgid(self.number, self.number, self.number)
            os.setresuid(self.number, self.number, self.number)
            ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)

    @property
    def options(self) -> dict[str, Any]:
        """Options of subprocess.Popen that start a program as the user."""
        if self.number is None:
            return {}
        return {"user": self.number, "group": self.number, "extra_groups": []}


def run_as(user: User, folder: Path, body: Callable[[], Any]) -> Any:
    """Return what body() returns in a forked child that is `user` and has `folder` for temporary files.

    An exception comes back as an AssertionError with its traceback, pytest.skip as itself.
    """
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        _child(user, folder, body, write_end)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        answer = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if not answer:
        raise AssertionError(f"the child gave no answer (status {status})")
    kind, value = pickle.loads(answer)
    if kind == "skipped":
        pytest.skip(value)
    assert kind == "returned", value
    return value


def _child(user: User, folder: Path, body: Callable[[], Any], write_end: int) -> None:
    """Never returns."""
    try:
        signal.alarm(LIMIT)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        user.become()
        tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
        answer = _answer(body)
        with os.fdopen(write_end, "wb") as pipe:
            pipe.write(pickle.dumps(answer))
    finally:
        os._exit(0)


def _answer(body: Callable[[], Any]) -> tuple[str, Any]:
    try:
        return "returned", body()
    except pytest.skip.Exception as skipped:
        return "skipped", str(skipped)
    except BaseException:  # pylint: disable=broad-except
        return "raised", traceback.format_exc()
