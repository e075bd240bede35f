"""The holder of a sandbox: the first process of namespaces that bubblewrap makes, see bwrap(1)."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from grader import paths
from grader.pidfd import Pidfd
from grader.poll import ready_to_read
from grader.process import NotStarted

START_LIMIT = 40.0  # seconds for bwrap or gate to get going, even on a machine that is very busy
FULL, PARTIAL, NONE = "full", "partial", "none"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/tmp"}
FRESH = ("/tmp", "/run", "/var/log", "/dev/shm")  # each a tmpfs of its own
SYSTEM_FOLDERS = ("/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin")


@dataclass(frozen=True)
class Room:
    """What can be seen inside: read-only and writable folders, each at the same path as outside."""

    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    user: int | None = None  # user id inside; None keeps the one outside
    tmpfs_bytes: int = 64 << 20
    sizes: tuple[tuple[str, int], ...] = ()  # bytes of single ones of the folders in FRESH
    links: tuple[tuple[str, str], ...] = ()  # symbolic links: where from, where to
    id_range: int = -1  # descriptor of a user namespace with more users, see grader/id_range.py


class Holder:
    """Holds the namespaces of one sandbox from `open` to `close`; `pid` is its process, 0 before."""

    def __init__(self, room: Room, isolation: str):
        self._room = room
        self._isolation = isolation
        self._bwrap: subprocess.Popen[bytes] | None = None
        self.pid = 0

    def open(self) -> None:
        """Make the namespaces. Raises NotStarted with the reason, in bwrap's words."""
        info_read, info_write = os.pipe()
        argv = self._bwrap_argv(info_write)
        try:
            self._bwrap = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[info_write, *([self._room.id_range] if self._room.id_range >= 0 else [])],
                env=ENVIRONMENT,
            )
        except OSError as error:
            raise NotStarted(f"{argv[0]}: {error.strerror}") from error
        finally:
            os.close(info_write)
        self.pid = self._holder_pid(info_read)

    def _holder_pid(self, info_fd: int) -> int:
        """Read bwrap's {"child-pid": N} and wait until the holder runs."""
        text, end = b"", time.monotonic() + START_LIMIT
        while b"}" not in text and ready_to_read(info_fd, end - time.monotonic()):
            chunk = os.read(info_fd, 4096)
            if not chunk:
                break
            text += chunk
        os.close(info_fd)
        if b"}" not in text:
            raise NotStarted(self._bwrap_error())
        holder = int(json.loads(text)["child-pid"])
        self._await_holder(holder, end)
        return holder

    def _await_holder(self, holder: int, end: float) -> None:
        """bwrap tells the pid before it has set up the mounts: they are ready at its execve."""
        assert self._bwrap is not None
        gate = str(paths.tool("gate"))
        while _command_of(holder) != [gate, "-H"]:
            if self._bwrap.poll() is not None or time.monotonic() > end:
                raise NotStarted(self._bwrap_error())
            select.select([], [], [], 0.0005)

    def _bwrap_error(self) -> str:
        assert self._bwrap is not None
        self._bwrap.kill()
        _, errors = self._bwrap.communicate()
        return errors.decode("utf-8", "replace").strip() or "bwrap did not start in time"

    def _bwrap_argv(self, info_fd: int) -> list[str]:
        gate = str(paths.tool("gate"))
        argv = ["bwrap", *self._users(), "--unshare-ipc", "--unshare-pid", "--unshare-uts"]
        argv += ["--unshare-cgroup-try", "--unshare-net", "--as-pid-1", "--die-with-parent"]
        argv += ["--new-session", "--info-fd", str(info_fd), "--ro-bind", "/usr", "/usr"]
        argv += _system_files()
        argv += ["--proc", "/proc"] if self._isolation == FULL else ["--ro-bind", "/proc", "/proc"]
        argv += ["--dev", "/dev"]
        sizes = dict(self._room.sizes)
        for folder in FRESH:
            size = sizes.get(folder, self._room.tmpfs_bytes)
            argv += ["--size", str(size), "--tmpfs", folder]
        for link, target in self._room.links:
            argv += ["--symlink", target, link]
        for readable in (*self._room.readable, Path(gate)):
            argv += ["--ro-bind", str(readable), str(readable)]
        for writable in self._room.writable:
            argv += ["--bind", str(writable), str(writable)]
        argv += ["--remount-ro", "/dev", "--remount-ro", "/"]  # else a tmpfs without bounds
        return [*argv, "--chdir", "/tmp", "--", gate, "-H"]

    def _users(self) -> list[str]:
        """bwrap options for the user namespace, which may be there already."""
        if self._room.id_range >= 0:
            return ["--userns", str(self._room.id_range)]
        user = [] if self._room.user is None else [str(self._room.user)]
        return ["--unshare-user", *(word for id in user for word in ("--uid", id, "--gid", id))]

    def close(self) -> None:
        """Kill the first process; with it the kernel kills every other one of the namespace."""
        if self._bwrap is None:
            return
        if self.pid:
            _kill(self.pid)
        else:
            self._bwrap.kill()
        self._bwrap.communicate()
        self._bwrap, self.pid = None, 0


def _kill(pid: int) -> None:
    """Kill a process and wait until it is gone."""
    process = Pidfd(pid)
    process.signal(signal.SIGKILL)
    process.ended(START_LIMIT)
    process.close()


def _system_files() -> list[str]:
    """bwrap options for /lib, /bin … as they are outside, and for an /etc of our own."""
    options: list[str] = []
    for folder in SYSTEM_FOLDERS:
        if os.path.islink(folder):
            options += ["--symlink", os.readlink(folder), folder]
        elif os.path.isdir(folder):
            options += ["--ro-bind", folder, folder]
    for file in ("/etc/ld.so.cache", "/etc/alternatives"):
        options += ["--ro-bind-try", file, file]
    for ours in sorted(paths.ETC.iterdir()):
        options += ["--ro-bind", str(ours), f"/etc/{ours.name}"]
    return options


def _command_of(pid: int) -> list[str]:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return raw.decode("utf-8", "replace").split("\0")[:-1]
