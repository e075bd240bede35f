"""Take in an archive in a process of its own: whatever it does to its reader, the batch goes on.

    python3 -m grader.batch.unpack LAB SUFFIX < archive > intake.json

It has no rights, little memory and little time, writes no file, and says what it found as JSON.
"""

from __future__ import annotations

import base64
import codecs
import json
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

from grader import paths, privilege
from grader.batch.haul import TOTAL_BYTES
from grader.batch.intake import ARCHIVE_BYTES, Intake, from_archive, from_folder, given, suffix_of
from grader.manifest import Lab, load_lab

SECONDS = 60.0  # of waiting, on a machine that is busy; of computing it gets half
MEMORY = 768 << 20


def receive(lab: Lab, path: Path) -> Intake:
    """Return what was handed in at `path`, a folder or an archive; never raises for what is in it."""
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISDIR(mode):
            return from_folder(lab, path)
        if not stat.S_ISREG(mode):
            return Intake(refused="neither a folder nor a regular file")
        if not suffix_of(path.name):
            return Intake(refused="neither a folder nor an archive (.zip, .tar.gz, .bundle …)")
        if path.stat().st_size > ARCHIVE_BYTES:
            return Intake(refused=f"larger than {ARCHIVE_BYTES >> 20} MiB")
        return _unpacked(lab, path)
    except OSError as error:
        return Intake(refused=f"cannot be read: {error.strerror}")


def _unpacked(lab: Lab, path: Path) -> Intake:
    argv = [sys.executable, "-sP", "-m", "grader.batch.unpack", lab.id, suffix_of(path.name)]
    environment = {"PYTHONPATH": str(paths.ROOT), "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    with path.open("rb") as archive:
        try:
            done = subprocess.run(
                argv,
                stdin=archive,
                capture_output=True,
                env=environment,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Intake(refused=f"not unpacked within {SECONDS:g} seconds")
    try:
        return _read(done.stdout)
    except ValueError:
        return Intake(refused=f"its reader ended with status {done.returncode}")


def _read(answer: bytes) -> Intake:
    if len(answer) > 2 * TOTAL_BYTES:
        raise ValueError("too much")
    data = json.loads(answer)
    files = {name: base64.b64decode(text) for name, text in data["files"].items()}
    return Intake(files, tuple(data["ignored"]), data["refused"])


def plain(intake: Intake) -> dict[str, Any]:
    """Return an intake as a JSON-ready object."""
    files = {name: base64.b64encode(text).decode() for name, text in intake.files.items()}
    return {"files": files, "ignored": list(intake.ignored), "refused": intake.refused}


def _confine() -> None:
    """Give up what a reader of archives does not need, see setrlimit(2)."""
    if privilege.is_root():
        user = privilege.unused_user()
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    for kind, limit in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, int(SECONDS / 2)),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (limit, limit))


def main(argv: list[str]) -> int:
    """Read the archive on stdin and print what is in it."""
    lab, suffix = load_lab(paths.ROOT, argv[1]), argv[2]
    given(lab.folder)  # read, as is the codec of zip archives, while we have the rights to
    codecs.lookup("cp437")
    _confine()
    try:
        intake = from_archive(lab, sys.stdin.buffer, suffix)
    except MemoryError:
        intake = Intake(refused=f"needs more than {MEMORY >> 20} MiB of memory")
    print(json.dumps(plain(intake)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
