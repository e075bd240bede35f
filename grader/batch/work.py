"""Grade one task on this machine: the function that a thread of ours, or a worker of Dask, calls."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from grader import paths
from grader.batch import container, image
from grader.batch.belief import Fault, believed
from grader.batch.inside import QUIET
from grader.batch.task import Task, tree_digest
from grader.poll import ready_to_read
from grader.report.json_file import SIZE_LIMIT
from grader.result import Grade

SECONDS = 600.0  # for one submission, waiting for a quiet machine included; the worst takes 45
FOLDER = "syslabs-batch-"  # how the names of our folders begin
ENDED = 5.0  # seconds for the process to go after its result has come


class Watch(Protocol):
    """Who may want to end a grading that runs."""

    def began(self, process: subprocess.Popen[bytes]) -> None:
        """Hear of a process."""

    def ended(self, process: subprocess.Popen[bytes]) -> None:
        """Hear that it is gone."""


@dataclass(frozen=True)
class Place:
    """How this machine grades: in containers of an engine, or, without one, in the sandbox only.

    folder: for the filter of system calls, and for the file whose lock makes the machine quiet; batch: a
    word that tells the containers of one batch from others'.
    """

    engine: container.Engine | None
    folder: Path
    batch: str

    @property
    def quiet(self) -> Path:
        """The file that the gradings of this machine lock, see grader/quiet.py."""
        return self.folder / "quiet"


def settle(contained: bool, batch: str) -> Place:
    """Make this machine ready. Raises NoEngine, NotBuilt."""
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{batch}-"))
    folder.chmod(0o755)  # whoever grades opens the file to lock it
    quiet = folder / "quiet"
    quiet.touch()
    quiet.chmod(0o644)
    try:
        if not contained:
            return Place(None, folder, batch)
        engine = container.find()
        image.ensure(engine)
        image.profile(engine, folder)
        return Place(engine, folder, batch)
    except BaseException:
        shutil.rmtree(folder)
        raise


def clear(place: Place) -> None:
    """Remove what `settle` has made, and what still runs."""
    if place.engine:
        place.engine.sweep(place.batch)
    shutil.rmtree(place.folder, ignore_errors=True)


def sweep(place: Place) -> None:
    """Remove what a batch of that name has left when it was killed; no other one must be running."""
    if place.engine:
        place.engine.sweep(place.batch)
    for left in place.folder.parent.glob(f"{FOLDER}{place.batch}-*"):
        if left != place.folder:
            shutil.rmtree(left, ignore_errors=True)


def grader_id(place: Place, lab: str) -> str:
    """Return what tells this grader from others in the keys of results: the tree, and the image."""
    found = place.engine.image_id(container.IMAGE) if place.engine else "no container"
    return f"{tree_digest(lab)} {found}"


def attempt(place: Place, task: Task, watch: Watch | None = None) -> Grade:
    """Grade a task once. Raises Fault."""
    name = f"{container.PREFIX}{place.batch}-{os.urandom(6).hex()}"
    argv = list(container.INSIDE)
    if place.engine:
        argv = place.engine.start(name, place.folder / image.PROFILE_NAME, place.quiet, SECONDS)
    try:
        raw = _answer(argv, place, task, watch)
    finally:
        if place.engine:
            place.engine.end(name)
    return believed(raw, task)


def _answer(argv: list[str], place: Place, task: Task, watch: Watch | None) -> bytes:
    """Run the command with the task on its stdin; return what it prints, once it has ended well."""
    environment = {**os.environ, "PYTHONPATH": str(paths.ROOT), QUIET: str(place.quiet)}
    with tempfile.TemporaryFile() as log:
        try:
            process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment
            )
        except OSError as error:
            raise Fault(f"{argv[0]}: {error.strerror}") from error
        if watch:
            watch.began(process)
        try:
            raw = _talk(process, task)
        finally:
            _finish(process)
            if watch:
                watch.ended(process)
        if process.returncode != 0:
            raise Fault(f"the grading ended with status {process.returncode}: {_last(log)}")
        return raw


def _talk(process: subprocess.Popen[bytes], task: Task) -> bytes:
    """Hand over the task and read the answer; stdin stays open, as its end would end the grading."""
    assert process.stdin and process.stdout
    try:
        process.stdin.write(task.text().encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:
        return b""  # its status says why
    raw, deadline = b"", time.monotonic() + SECONDS
    while len(raw) <= SIZE_LIMIT:
        if not ready_to_read(process.stdout, deadline - time.monotonic()):
            raise Fault(f"no result within {SECONDS:g} seconds")
        chunk = os.read(process.stdout.fileno(), 1 << 16)
        if not chunk:
            return raw
        raw += chunk
    raise Fault(f"a result of more than {SIZE_LIMIT >> 20} MiB")


def _finish(process: subprocess.Popen[bytes]) -> None:
    """Let the process end by itself, if it has answered; then wait no longer."""
    assert process.stdin and process.stdout
    process.stdout.close()
    try:
        process.wait(ENDED if sys.exc_info()[0] is None else 0)
    except subprocess.TimeoutExpired:
        pass
    try:
        process.stdin.close()
        process.wait(ENDED)
    except (subprocess.TimeoutExpired, BrokenPipeError):
        process.kill()
    process.wait()


def _last(log: IO[bytes]) -> str:
    log.seek(0)
    lines = log.read()[-4000:].decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else "it said nothing"
