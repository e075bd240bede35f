"""Start the process that runs the checks, unprivileged, and listen to its events."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Iterator

from grader import paths, privilege
from grader.ending import signal_name
from grader.id_range import id_range
from grader.job import Job, write_job
from grader.manifest import Lab
from grader.orphan import end_all_of
from grader.submission import Submission

NEEDED = ("grader", "labs", "build/tools", "build/tests")  # what a worker reads of this tree
ROOM = 64 << 20  # bytes on the disk for sources, programs, traces and what programs print
USAGE_ERROR = 4  # an exit status of pytest
Event = dict[str, Any]


class WorkerFailed(RuntimeError):
    """The worker ended before all checks were judged; `output` is all that it printed."""

    def __init__(self, why: str, output: str = ""):
        super().__init__(why)
        self.output = output


@dataclass(frozen=True)
class Bench:
    """A scratch folder for one grading, owned by the user that the worker becomes."""

    folder: Path
    root: Path  # the tree that the worker runs from
    user: int | None  # None: the worker stays who we are


@contextmanager
def bench() -> Iterator[Bench]:
    """Give a scratch folder that is gone afterwards. Raises OSError when there is no room for it."""
    folder = Path(tempfile.mkdtemp(prefix="syslabs-"))
    try:
        free = shutil.disk_usage(folder).free
        if free < ROOM:
            raise OSError(
                f"No space left on device: {free >> 20} MiB are free in {folder.parent}, "
                f"{ROOM >> 20} MiB are needed (TMPDIR names another folder)"
            )
        yield _settle(folder)
    finally:
        end_all_of(folder)
        remove_tree(folder)


def _settle(folder: Path) -> Bench:
    (folder / "scratch").mkdir()
    if not privilege.is_root():
        return Bench(folder, paths.ROOT, None)
    folder.chmod(0o755)
    user = privilege.unused_user()
    if privilege.readable_by_all(paths.ROOT):
        return Bench(folder, paths.ROOT, user)
    return Bench(folder, privilege.copy_for(user, paths.ROOT, folder / "tree", NEEDED), user)


def remove_tree(folder: Path) -> None:
    """Remove a folder and all in it, however deep, whatever its modes."""
    subprocess.run(
        ["/bin/chmod", "-R", "u+rwX", str(folder)], stderr=subprocess.DEVNULL, check=False
    )
    subprocess.run(["/bin/rm", "-rf", "--", str(folder)], check=False)


def lay_out(place: Bench, lab: Lab, submission: Submission) -> Path:
    """Lay the student's files over a pristine copy of the lab's given files; return the folder."""
    source = place.folder / "scratch" / "source"
    source.mkdir()
    students = {name for part in lab.parts for name in part.files}
    for path in sorted(lab.folder.iterdir()):
        if path.is_file() and path.name not in students and path.suffix in (".h", ".c"):
            shutil.copyfile(path, source / path.name)
    for name, content in submission.files.items():
        (source / name).write_bytes(content)
    return source


def run_worker(place: Bench, job: Job, module: str = "", with_ids: bool = False) -> Iterator[Event]:
    """Yield the worker's events as they come. Raises WorkerFailed.

    module: what is run in place of the checks, `python3 -m MODULE JOB EVENTS`; with_ids: try to give the
    worker a range of user IDs.
    """
    job_file = place.folder / "scratch" / "job.json"
    with id_range(place.user) if with_ids else nullcontext(-1) as ids:
        yield from _run(place, replace(job, id_range=ids), job_file, module)


def _run(place: Bench, job: Job, job_file: Path, module: str) -> Iterator[Event]:
    write_job(job, job_file)
    if place.user is not None:
        privilege.give(place.folder / "scratch", place.user)
    read_end, write_end = os.pipe()
    argv = [sys.executable, "-sP", "-m", module, str(job_file), str(write_end)]
    argv = argv if module else _checks(place, job, job_file, write_end)
    process = _start(place, job, argv, write_end)
    os.close(write_end)
    try:
        with os.fdopen(read_end) as events:
            for line in events:
                yield json.loads(line)
        output = process.communicate()[0]
    finally:
        process.kill()
        process.wait()
    if process.returncode != 0:
        raise WorkerFailed(_last_words(output or "", process.returncode), output or "")


def _last_words(output: str, status: int) -> str:
    """Return in one line why a worker has ended; a wrong use of pytest may take several."""
    if status < 0:
        return f"the checks were killed by {signal_name(-status)}"
    if status == USAGE_ERROR:
        return output.strip().removeprefix("ERROR: ")
    lines = [line.removeprefix("INTERNALERROR>").strip() for line in output.splitlines()]
    said = [line for line in lines if line]
    return said[-1] if said else f"the checks ended with status {status}"


def _checks(place: Bench, job: Job, job_file: Path, events_fd: int) -> list[str]:
    """Return the command that runs the checks."""
    checks = place.root / "grader" / "checks" / job.lab
    argv = [sys.executable, "-sP", "-m", "pytest", "-p", "grader.plugin", "--noconftest"]
    argv += ["-p", "no:cacheprovider", "-p", "no:terminal", "--assert=plain"]
    argv += ["-c", str(place.root / "grader" / "worker.ini"), "--rootdir", str(checks)]
    argv += ["--syslabs-job", str(job_file), "--syslabs-events", str(events_fd), str(checks)]
    attached = job.under != ""
    return argv + (["--capture=no"] if attached else [])  # else stdin is /dev/null, and gdb ends


def _start(place: Bench, job: Job, argv: list[str], events_fd: int) -> subprocess.Popen[str]:
    attached = job.under != ""
    return subprocess.Popen(
        argv,
        cwd=place.folder / "scratch",
        env=_environment(place),
        stdin=None if attached else subprocess.DEVNULL,
        stdout=None if attached else subprocess.PIPE,
        stderr=None if attached else subprocess.STDOUT,
        pass_fds=[events_fd, *([job.id_range] if job.id_range >= 0 else [])],
        text=True,
        errors="replace",
        **_identity(place),
    )


def _environment(place: Bench) -> dict[str, str]:
    """Nothing of the caller's environment reaches the worker but what a terminal needs."""
    kept = {name: os.environ[name] for name in ("TERM",) if name in os.environ}
    if sys.dont_write_bytecode:
        kept["PYTHONDONTWRITEBYTECODE"] = "1"
    return {
        **kept,
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "PYTHONPATH": str(place.root),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "LANG": "C.UTF-8",
        "HOME": str(place.folder / "scratch"),
        "TMPDIR": str(place.folder / "scratch"),
    }


def _identity(place: Bench) -> dict[str, Any]:
    if place.user is None:
        return {}
    return {"user": place.user, "group": place.user, "extra_groups": []}
