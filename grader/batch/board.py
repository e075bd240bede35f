"""The folder of results: every file in it is written whole or not at all, so that a batch can be killed.

    OUT/<submission>/result.json   what is handed on (schema 1)
    OUT/grades.csv                 a line a submission
    OUT/.batch/                    results by key, the seed, and what a batch that runs needs to go on
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.report import json_file
from grader.result import Grade
from grader.session import new_seed

STATE = ".batch"


class Busy(RuntimeError):
    """Another batch works on the same folder."""


class Board:
    """Results under one folder."""

    def __init__(self, out: Path):
        self.out = out
        self._state = out / STATE
        (self._state / "cache").mkdir(parents=True, exist_ok=True)

    @contextmanager
    def mine(self) -> Iterator[None]:
        """Keep other batches away. Raises Busy."""
        with (self._state / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy(f"another batch works on {self.out}") from None
            self._sweep()
            yield

    def _sweep(self) -> None:
        """Remove the files that were being written when a batch was killed, see json_file.write_text."""
        for place in (self.out, self._state, self._state / "cache", self._state / "keys"):
            for left in place.glob(".*.????????"):
                left.unlink()
        for left in self.out.glob("*/.result.json.*"):
            left.unlink()

    # -- what a batch remembers ------------------------------------------------------------------

    def seed(self, wanted: int | None) -> int:
        """Return the seed of all gradings: the wanted one, else that of the last batch here, else a new one."""
        path = self._state / "seed"
        if wanted is None and path.exists():
            return int(path.read_text("ascii"))
        seed = new_seed() if wanted is None else wanted
        json_file.write_text(f"{seed}\n", path)
        return seed

    def name(self) -> str:
        """Return a word that tells this folder's batches from those of others."""
        path = self._state / "name"
        if not path.exists():
            json_file.write_text(f"{os.urandom(4).hex()}\n", path)
        return path.read_text("ascii").strip()

    def begin(self, what: str) -> float:
        """Return when the batch began; one that was killed before its end goes on. what: its settings."""
        path = self._state / "running.json"
        try:
            found = json.loads(path.read_text("utf-8"))
            if found["what"] == what:
                return float(found["began"])
        except (OSError, ValueError, KeyError):
            pass
        began = time.time()
        json_file.write_text(json.dumps({"what": what, "began": began}) + "\n", path)
        return began

    def end(self) -> None:
        """Say that the batch is through."""
        (self._state / "running.json").unlink(missing_ok=True)

    # -- results by key --------------------------------------------------------------------------

    def kept(self, key: str, since: float = 0.0) -> Grade | None:
        """Return the result that is kept under a key, if it is not older than `since`."""
        path = self._state / "cache" / f"{key}.json"
        try:
            if path.stat().st_mtime < since:
                return None
            return json_file.read(path)
        except (OSError, json_file.ResultError):
            return None

    def keep(self, key: str, grade: Grade) -> None:
        """Keep a result under its key."""
        json_file.write(grade, self._state / "cache" / f"{key}.json")

    # -- results by submission -------------------------------------------------------------------

    def result(self, label: str) -> Grade | None:
        """Return the result that was handed on for a submission, if any."""
        try:
            return json_file.read(self.out / label / "result.json")
        except json_file.ResultError:
            return None

    def key(self, label: str) -> str:
        """Return the key under which that result is kept, "" if there is none."""
        try:
            return (self._state / "keys" / label).read_text("ascii").strip()
        except OSError:
            return ""

    def apply(self, label: str, key: str, grade: Grade) -> None:
        """Hand on a result."""
        (self.out / label).mkdir(exist_ok=True)
        (self._state / "keys").mkdir(exist_ok=True)
        json_file.write(grade, self.out / label / "result.json")
        json_file.write_text(f"{key}\n", self._state / "keys" / label)
