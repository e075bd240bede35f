"""Hostile archives and folders are refused, one by one, with a reason; nothing is written anywhere."""

from __future__ import annotations

import io
import lzma
import os
import re
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from grader import paths
from grader.batch.intake import Intake, from_archive, suffix_of
from grader.batch.roster import Handed, Settings, roster
from grader.manifest import load_lab
from grader.selftest.hostile import reference
from grader.selftest.hostile.archives import (
    ARCHIVES,
    SOURCE,
    Archive,
    bundle,
    object_id,
    tar,
    zipped,
)

LAB = load_lab(paths.ROOT, "epoll")
SETTINGS = Settings(LAB, ("echo.basic",), 7, 2)
PEAK = 400 << 10  # KiB of memory that the largest bomb may make us use


def handed(folder: Path) -> Handed:
    (one,) = roster(folder, SETTINGS, 1)
    return one


@pytest.mark.parametrize("archive", ARCHIVES, ids=str)
def test_refused(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / archive.name).write_bytes(archive.make())
    one = handed(tmp_path / "in")
    assert one.task is None and re.search(archive.says, one.refused), one.refused
    assert one.refused.isprintable() and "Traceback" not in one.refused
    assert os.listdir(tmp_path) == ["in"] and len(os.listdir(tmp_path / "in")) == 1
    assert not Path("/tmp/pwned").exists()


# -- folders -----------------------------------------------------------------------------------


def folder(tmp_path: Path) -> Path:
    target = tmp_path / "in" / "ann"
    target.mkdir(parents=True)
    for name, text in reference().items():
        (target / name).write_bytes(text)
    return target


def link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def hard_link(path: Path) -> None:
    os.link(path, path.parent.parent.parent / "other")


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def device(path: Path) -> None:
    path.unlink()
    try:
        os.mknod(path, 0o020600, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes devices")


def large(path: Path) -> None:
    path.write_bytes(b"/" * (2 << 20))


def program(path: Path) -> None:
    path.write_bytes(Path("/bin/true").read_bytes())


def nothing(path: Path) -> None:
    path.write_bytes(b"a\0b")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (link, "net.c' is a symbolic link"),
        (hard_link, "net.c' is a hard link"),
        (fifo, "net.c' is a FIFO"),
        (device, "net.c' is a device"),
        (large, "net.c: larger than 1 MiB"),
        (program, "net.c: a compiled program"),
        (nothing, "net.c: binary data"),
    ],
)
def test_refused_in_a_folder(tmp_path: Path, spoil: object, says: str) -> None:
    spoil(folder(tmp_path) / "net.c")  # type: ignore[operator]
    one = handed(tmp_path / "in")
    assert one.task is None and says in one.refused, one.refused


def test_a_link_in_place_of_a_folder(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "in/bob").symlink_to(tmp_path / "in/ann")
    refused = {each.label: each.refused for each in roster(tmp_path / "in", SETTINGS, 1)}
    assert refused == {"ann": "", "bob": "neither a folder nor a regular file"}


# -- what honest people hand in ------------------------------------------------------------------


def packed(kind: str, tmp_path: Path) -> None:
    """Pack the folder as people do, with what their tools leave in it."""
    source = folder(tmp_path)
    (source / "notes.txt").write_text("mine")
    (source / ".DS_Store").write_bytes(b"\0\1")
    commands = {
        "zip": "python3 -m zipfile -c ann.zip ann",
        "tar.gz": "tar czf ann.tar.gz ann",
        "tar.xz": "tar cJf ann.tar.xz -C ann .",
        "tar.zst": "tar c ann | zstd -q > ann.tar.zst",
        "bundle": "cd ann && git init -q && git add . && git commit -qm 1 && echo '/* */' >> net.c"
        " && git commit -qam 2 && git repack -adq && git bundle create -q ../ann.bundle HEAD --all",
    }
    who = {
        f"GIT_{role}_{what}": "x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    subprocess.run(
        commands[kind], shell=True, check=True, cwd=tmp_path / "in", env=os.environ | who
    )
    subprocess.run(["rm", "-r", source], check=True)


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.xz", "tar.zst", "bundle"])
def test_honest_archives_are_taken(kind: str, tmp_path: Path) -> None:
    packed(kind, tmp_path)
    one = handed(tmp_path / "in")
    assert one.task is not None and one.label == "ann", one.refused
    files = {**reference()}
    if kind == "bundle":
        files["net.c"] += b"/* */\n"
    assert one.task.files == files
    assert [name.rpartition("/")[2] for name in one.task.ignored] == ["notes.txt"]


def test_what_shadows_the_grader_is_not_used(tmp_path: Path) -> None:
    names = ("conftest.py", "pytest.ini", "sitecustomize.py", "Makefile", ".gdbinit", "net.o")
    names += ("echo_server", "stdio.h", "unistd.h", "unit.h", "criterion.h", "net.h", "lab.toml")
    for name in names:
        (folder_at := tmp_path / "in/ann").mkdir(parents=True, exist_ok=True)
        (folder_at / name).write_bytes(b"\x7fELF\0")
    for name, text in reference().items():
        (folder_at / name).write_bytes(text)
    one = handed(tmp_path / "in")
    assert one.task is not None and one.task.files == reference()
    assert {"conftest.py", "stdio.h", "echo_server"} <= set(one.task.ignored)


def test_a_missing_part_costs_its_own_points_only(tmp_path: Path) -> None:
    (folder(tmp_path) / "net.c").unlink()
    one = handed(tmp_path / "in")
    assert one.task is not None
    assert one.task.files["net.c"] == (LAB.folder / "net.c").read_bytes()
    assert one.task.ignored == ("net.c (missing: the skeleton stands in)",)


def test_two_folders_that_could_be_meant(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/ann.tar").write_bytes(tar("one/net.c", "two/net.c"))
    assert handed(tmp_path / "in").refused == "which of one and two is to be graded?"


def test_labels_are_safe_and_unique(tmp_path: Path) -> None:
    names = (
        "=cmd|' -C calc'!A1",
        "@SUM(1)",
        "a\nb",
        "ann",
        "ann.zip",
        "ANN.tar",
        "<b>",
        "-rf",
    )
    for name in names:
        (tmp_path / name).mkdir()
    labels = [each.label for each in roster(tmp_path, SETTINGS, 2)]
    assert len({label.casefold() for label in labels}) == len(names)
    assert all(re.fullmatch(r"[\w~(][\w~., ()+=@-]*", label) for label in labels), labels


READS = """
import resource, sys
from pathlib import Path
from grader import paths
from grader.batch.unpack import receive
from grader.manifest import load_lab
files = receive(load_lab(paths.ROOT, "epoll"), Path(sys.argv[1])).files
print(len(files), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def test_the_reader_survives_a_bomb_in_little_memory(tmp_path: Path) -> None:
    """In a fresh interpreter: the peak of a child counts what its parent had in memory."""
    (tmp_path / "b.tar.xz").write_bytes(lzma.compress(bytes(500 << 20), preset=0))
    argv = [sys.executable, "-c", READS, str(tmp_path / "b.tar.xz")]
    done = subprocess.run(argv, cwd=paths.ROOT, capture_output=True, text=True, check=True)
    files, peak = map(int, done.stdout.split())
    assert files == 0 and peak < PEAK


HONEST = {
    ".zip": zipped("net.c", "io.c"),
    ".tar": tar("epoll/net.c", "epoll/io.c"),
    ".tar.gz": tar("net.c", mode="w:gz"),
    ".tar.xz": tar("net.c", mode="w:xz"),
    ".bundle": bundle([(b"100644", b"net.c", object_id(3, SOURCE))], (3, SOURCE)),
}


@pytest.mark.parametrize("suffix", HONEST)
def test_damaged_archives_break_no_reader(suffix: str) -> None:
    """Bytes are changed, lost and doubled at random: a reader returns, and never writes."""
    whole, chance = HONEST[suffix], Random(7)
    assert from_archive(LAB, io.BytesIO(whole), suffix).files
    for _ in range(300):
        raw = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(raw))
            raw[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
        assert isinstance(from_archive(LAB, io.BytesIO(bytes(raw)), suffix), Intake)


def test_every_suffix_is_known() -> None:
    for name in ("a.zip", "A.ZIP", "a.tar.gz", "a.tgz", "a.tar", "a.tar.zst", "a.bundle"):
        assert suffix_of(name)
    assert suffix_of("a.rar") == suffix_of("zip") == ""
