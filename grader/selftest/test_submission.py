"""What is taken from a submission's folder, and what is refused, in one line each."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any, Callable

import pytest

from grader.manifest import Lab, load_lab
from grader.selftest.trees import HELLO, Tree, submission
from grader.submission import FILE_BYTES, FILE_COUNT, Rejected, Submission, collect, display_path

Unprivileged = Callable[[Callable[[], Any]], Any]


@pytest.fixture(name="lab", scope="module")
def _lab(tree: Tree) -> Lab:
    return load_lab(tree.root, "demo")


def refusal(lab: Lab, folder: Path) -> str:
    with pytest.raises(Rejected) as caught:
        collect(lab, folder)
    return str(caught.value)


# -- what is taken -----------------------------------------------------------------------------


def test_only_the_students_files(lab: Lab, tmp_path: Path) -> None:
    submission(tmp_path)
    submission(tmp_path, "int x;\n", "hello_more.c")
    rogue = ("Makefile", "conftest.py", "hello", "hello.h", "pytest.ini", "sitecustomize.py")
    for name in (*rogue, ".gdbinit", "hello.o", "NOTES.md"):
        (tmp_path / name).write_text("x")
    (tmp_path / "build").mkdir()
    found = collect(lab, tmp_path)
    assert found.files == {"hello.c": HELLO.encode(), "hello_more.c": b"int x;\n"}
    assert set(found.ignored) == {*rogue, "build"}


def test_one_part_asks_for_its_files_only(lab: Lab, tmp_path: Path) -> None:
    assert collect(lab, submission(tmp_path), "project").files


ODD = (
    "hello_ä.c",
    "hello_ .c",
    "hello_\n.c",
    "hello_\x1b[2J.c",
    "hello_'\"`$(x).c",
    "hello_\udcff.c",
)


def test_odd_names_are_files_like_others(lab: Lab, tmp_path: Path) -> None:
    submission(tmp_path)
    for name in ODD:
        (tmp_path / name).write_text("")
    assert set(collect(lab, tmp_path).files) == {"hello.c", *ODD}


def test_sources_need_not_be_text(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "hello.c").write_bytes(b"/* \xff\xfe */")
    assert collect(lab, tmp_path).files["hello.c"] == b"/* \xff\xfe */"


def test_an_empty_file_is_a_file(lab: Lab, tmp_path: Path) -> None:
    assert collect(lab, submission(tmp_path, "")).files == {"hello.c": b""}


def test_the_folder_is_named_as_a_student_would(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path)
    assert display_path(tmp_path / "a") == "a" and display_path(Path("a")) == "a"
    assert display_path(Path("/")) == "/"


# -- what is refused ---------------------------------------------------------------------------


def linked(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        folder = os.open(path.parent, os.O_PATH)  # an address has room for 107 bytes only
        server.bind(f"/proc/self/fd/{folder}/{path.name}")
        os.close(folder)


REFUSED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "link": (linked, "a symbolic link, not a file"),
    "dangling link": (lambda path: path.symlink_to("nowhere"), "a symbolic link, not a file"),
    "link to itself": (lambda path: path.symlink_to(path), "a symbolic link, not a file"),
    "folder": (Path.mkdir, "not a regular file"),
    "FIFO": (os.mkfifo, "not a regular file"),
    "socket": (listening, "No such device or address"),
    "too large": (lambda path: path.write_bytes(b"x" * (FILE_BYTES + 1)), "larger than 1 MiB"),
    "program": (lambda path: path.write_bytes(b"\x7fELF\0"), "a compiled program, not source code"),
    "binary": (lambda path: path.write_bytes(b"a\0b"), "binary data, not source code"),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("name", ["hello.c", "hello_more.c"])
def test_what_is_no_source_file(lab: Lab, tmp_path: Path, kind: str, name: str) -> None:
    make, reason = REFUSED[kind]
    submission(tmp_path)
    (tmp_path / name).unlink(missing_ok=True)
    before = len(os.listdir("/proc/self/fd"))
    make(tmp_path / name)
    assert refusal(lab, tmp_path) == f"{tmp_path}/{name}: {reason}"
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_device(lab: Lab, tmp_path: Path) -> None:
    submission(tmp_path)
    try:
        os.mknod(tmp_path / "hello_null.c", 0o20666, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")
    assert "hello_null.c: " in refusal(lab, tmp_path)  # not a regular file, or not to be opened


def test_an_unreadable_file(lab: Lab, unprivileged: Unprivileged, place: Path) -> None:
    def body() -> str:
        submission(place)
        (place / "hello.c").chmod(0)
        return refusal(lab, place)

    assert unprivileged(body) == f"{place}/hello.c: Permission denied"


@pytest.mark.parametrize("mode", [0, 0o600])
def test_a_folder_without_permission(
    lab: Lab, unprivileged: Unprivileged, place: Path, mode: int
) -> None:
    def body() -> str:
        folder = place / "mine"
        folder.mkdir()
        submission(folder).chmod(mode)
        try:
            return refusal(lab, folder)
        finally:
            folder.chmod(0o700)

    assert unprivileged(body).endswith(": Permission denied")


def test_too_many_files(lab: Lab, tmp_path: Path) -> None:
    submission(tmp_path)
    for number in range(FILE_COUNT):
        (tmp_path / f"hello_{number}.c").touch()
    assert refusal(lab, tmp_path) == f"{tmp_path}: 65 source files, more than 64"


def test_what_is_missing(lab: Lab, tmp_path: Path) -> None:
    text = "no hello.c in it; is this the folder of demo?"
    assert refusal(lab, tmp_path) == f"{tmp_path}: {text}"
    (tmp_path / "hello_more.c").touch()
    assert refusal(lab, tmp_path) == f"{tmp_path}: {text}"


def test_where_there_is_no_folder(lab: Lab, tmp_path: Path) -> None:
    assert refusal(lab, tmp_path / "no") == f"{tmp_path}/no: No such file or directory"
    file = tmp_path / "file"
    file.touch()
    assert refusal(lab, file) == f"{file}: not a folder; SRC names the folder with the sources"


def test_messages_stay_on_one_line(lab: Lab, tmp_path: Path) -> None:
    submission(tmp_path)
    (tmp_path / "hello_\n\x1b[2J\udcff.c").symlink_to("/")
    message = refusal(lab, tmp_path)
    assert message.isprintable()
    assert message.endswith(r"hello_\n\x1b[2J\udcff.c: a symbolic link, not a file")
    folder = tmp_path / "a\nb"
    assert refusal(lab, folder) == rf"{tmp_path}/a\nb: No such file or directory"


def test_a_submission_is_plain_data(lab: Lab, tmp_path: Path) -> None:
    found = collect(lab, submission(tmp_path))
    assert found == Submission(tmp_path, display_path(tmp_path), {"hello.c": HELLO.encode()}, ())
