"""Make a class of submissions to try a batch with: right, wrong, odd and hostile ones, mixed.

    python3 -m grader.selftest.hostile.class_of FOLDER [COUNT]

Repeats itself once everything has had its turn. The name of a submission tells what it is.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from pathlib import Path

from grader import paths, proof
from grader.manifest import Lab, load_lab
from grader.selftest.hostile import SEED, cases
from grader.selftest.hostile.archives import ARCHIVES

SHARES = {"hostile": 3, "archive": 1, "proof": 6}  # of ten


def make(folder: Path, count: int) -> None:
    """Make `count` submissions of lab epoll in a folder."""
    lab, chosen = load_lab(paths.ROOT, "epoll"), random.Random(SEED)
    subjects = [each for each in proof.subjects(lab) if each.kind != proof.SKELETON]
    decks = {"hostile": cases(), "archive": list(ARCHIVES), "proof": subjects}
    folder.mkdir(parents=True)
    for number in range(count):
        kind = chosen.choices(list(SHARES), list(SHARES.values()))[0]
        subject = chosen.choice(decks[kind])
        if kind == "archive":
            (folder / f"{number:03}-{subject.name}").write_bytes(subject.make())
        else:
            name = str(subject).replace(" ", "-").replace("/", "-")
            _folder(lab, subject, folder / f"{number:03}-{name}")


def _folder(lab: Lab, subject: object, target: Path) -> None:
    if not isinstance(subject, proof.Subject):
        target.mkdir()
        for name, text in subject.files.items():  # type: ignore[attr-defined]
            (target / name).write_bytes(text)
        return
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copytree(proof.lay_out(lab, subject, Path(scratch)), target)


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200)
