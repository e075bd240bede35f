"""What the grader's own tests share: `--lab`, a temporary folder that must end empty, a user without
rights, a C compiler, a copy of the tree with a small lab in it."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from grader import paths, privilege, toolchain
from grader.run import best_isolation
from grader.selftest import rooms
from grader.selftest.others import User, run_as
from grader.selftest.trees import Tree, plant
from grader.worker import remove_tree

PROGRAMS = Path(__file__).parent / "programs"
PREFIX = "syslabs-selftest-"


# -- options -----------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lab", default="", help="only the tests that prove this lab")
    parser.addoption("--whole", action="store_true", help="mutants: all checks, not a sample")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`--lab ID` keeps the tests that are marked lab("ID")."""
    wanted = config.getoption("--lab")
    if not wanted:
        return
    dropped = [item for item in items if wanted not in _labs(item)]
    items[:] = [item for item in items if wanted in _labs(item)]
    config.hook.pytest_deselected(items=dropped)


def _labs(item: pytest.Item) -> set[str]:
    return {str(name) for mark in item.iter_markers("lab") for name in mark.args}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Tests that are marked `alone`, and checks that measure, have the machine for themselves.

    Other tests hold a share of it; one that is marked `grades` leaves that to its grading.
    """
    descriptor = os.open(quiet_file(), os.O_RDONLY | os.O_CREAT, 0o644)
    if item.get_closest_marker("grades") is None:
        alone = item.get_closest_marker("alone") is not None
        fcntl.flock(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
    yield
    os.close(descriptor)


def quiet_file() -> Path:
    """The lock that all tests of this run share, see grader/quiet.py."""
    return Path(os.environ["TMPDIR"]) / "quiet"


# -- nothing is left behind --------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """All temporary files of a run are made in one folder, which is gone when the run ends.

    An xdist worker inherits the folder, unless pytest was called without a path and found us late, and
    how we handle signals: a script that starts us in the background (`make test &`) has us ignore two.
    """
    if not hasattr(config, "workerinput"):
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    if not Path(os.environ.get("TMPDIR", "")).name.startswith(PREFIX):
        folder = tempfile.mkdtemp(prefix=PREFIX)
        os.environ["TMPDIR"] = folder
        os.chmod(folder, 0o1777)
        toolchain.compile_ahead()
        atexit.register(remove_tree, Path(folder))  # later than pytest's own, which needs it
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends a run as Ctrl-C does
    tempfile.tempdir = None  # forget the one that was in use


@pytest.fixture(autouse=True, scope="session")
def nothing_stays(user: User) -> Iterator[None]:
    """After the last test, no process of the unprivileged user may be left."""
    yield
    if user.number is not None:
        left = [name for name in os.listdir("/proc") if _lives(name, user.number)]
        assert not left, [Path(f"/proc/{name}/cmdline").read_bytes() for name in left]


def _lives(name: str, owner: int) -> bool:
    """Is /proc/name a process of this owner? What has ended and waits for init counts as gone."""
    try:
        mine = name.isdigit() and os.stat(f"/proc/{name}").st_uid == owner
        return mine and Path(f"/proc/{name}/stat").read_text("utf-8").rpartition(")")[2][1] != "Z"
    except OSError:
        return False


# -- who, where, with what ---------------------------------------------------------------------


@pytest.fixture(scope="session")
def user() -> User:
    """Whom student code runs as in a test: somebody without rights, even if root runs the tests."""
    return User(privilege.unused_user() if privilege.is_root() else None)


@pytest.fixture(autouse=True, scope="session")
def tools(user: User, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Build the grader's C tools; where the tree is private, show the user a copy of them."""
    toolchain.prepare()
    with pytest.MonkeyPatch.context() as patch:
        if user.number is not None and not privilege.readable_by_all(paths.ROOT):
            copy = Path(tempfile.mkdtemp(prefix="tools-"))
            copy.chmod(0o755)
            shutil.copytree(paths.TOOLS, copy, dirs_exist_ok=True)
            patch.setattr(paths, "TOOLS", copy)
            shutil.copytree(paths.ETC, copy / "etc")
            patch.setattr(paths, "ETC", copy / "etc")
        _learn(user)
        yield paths.TOOLS


def _learn(user: User) -> None:
    """Find out, as the user, how strict a sandbox can be on this machine."""
    folder = Path(tempfile.mkdtemp(prefix="place-"))
    user.own(folder)
    rooms.learn(run_as(user, folder, best_isolation)[0])
    remove_tree(folder)


@pytest.fixture
def place(user: User) -> Iterator[Path]:
    """A folder of the user's own."""
    folder = Path(tempfile.mkdtemp(prefix="place-"))
    user.own(folder)
    yield folder
    remove_tree(folder)


@pytest.fixture
def unprivileged(user: User, place: Path) -> Callable[[Callable[[], Any]], Any]:
    """unprivileged(body): what body() returns or raises in a child process that is the user."""
    return lambda body: run_as(user, place, body)


@pytest.fixture(scope="session")
def probe() -> Iterator[Callable[[str], Path]]:
    """probe(name): programs/name.c, compiled."""
    folder = Path(tempfile.mkdtemp(prefix="probes-"))
    folder.chmod(0o755)

    def compiled(name: str) -> Path:
        program = folder / name
        if not program.exists():
            argv = ["gcc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-pthread"]
            subprocess.run([*argv, "-o", program, PROGRAMS / f"{name}.c"], check=True)
        return program

    yield compiled
    remove_tree(folder)


@pytest.fixture(scope="session")
def tree() -> Iterator[Tree]:
    """A copy of this tree, readable by all, with a small lab `demo` in it (see trees.py)."""
    folder = Path(tempfile.mkdtemp(prefix="tree-"))
    yield plant(folder)
    remove_tree(folder)
