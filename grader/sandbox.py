"""Where untrusted code lives: namespaces held by bubblewrap, entered through gate.

A sandbox is a holder (`gate -H`, the first process of a PID namespace that bwrap made) that programs
enter one by one. When the sandbox closes, the kernel ends everything in it. Where the machine forbids
namespaces the sandbox falls back, and says so in `isolation`.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Sequence

from grader import paths, seccomp_filter
from grader.ledger import OUTPUT
from grader.limits import Limits, rlimits
from grader.process import NotStarted, Process

if TYPE_CHECKING:
    from grader.load.dialer import Dialer

START_LIMIT = 10.0  # seconds for bwrap or gate to get going, even on a machine that is very busy
FULL, PARTIAL, NONE = "full", "partial", "none"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/tmp"}
SYSTEM_FOLDERS = ("/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin")


@dataclass(frozen=True)
class Room:
    """What can be seen inside: read-only and writable folders, each at the same path as outside."""

    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    user: int | None = None  # user id inside; None keeps the one outside
    tmpfs_bytes: int = 64 << 20


class Sandbox:
    """A context manager; `start` runs a program inside, `dialer` makes sockets that reach it."""

    def __init__(self, room: Room, isolation: str = FULL):
        self.room = room
        self.isolation = isolation
        self.holder = 0
        self._bwrap: subprocess.Popen | None = None
        self._processes: list[Process] = []
        self._dialer: Dialer | None = None
        self._outputs = tempfile.TemporaryDirectory(prefix=OUTPUT)

    def __enter__(self) -> Sandbox:
        try:
            if self.isolation != NONE:
                self._open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: Any) -> None:
        if self._dialer is not None:
            self._dialer.close()
        if self.holder:
            self._end_holder()
        for process in self._processes:
            process.close()
        self._outputs.cleanup()

    # -- the holder ----------------------------------------------------------------------------

    def _open(self) -> None:
        info_read, info_write = os.pipe()
        argv = self._bwrap_argv(info_write)
        try:
            self._bwrap = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[info_write],
                env=ENVIRONMENT,
            )
        except OSError as error:
            raise NotStarted(f"{argv[0]}: {error.strerror}") from error
        finally:
            os.close(info_write)
        self.holder = self._holder_pid(info_read)

    def _holder_pid(self, info_fd: int) -> int:
        """Read bwrap's {"child-pid": N} and wait until the holder runs."""
        text, end = b"", time.monotonic() + START_LIMIT
        while b"}" not in text and select.select([info_fd], [], [], end - time.monotonic())[0]:
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
        argv = ["bwrap", "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts"]
        argv += ["--unshare-cgroup-try", "--unshare-net", "--as-pid-1", "--die-with-parent"]
        argv += ["--new-session", "--info-fd", str(info_fd), "--ro-bind", "/usr", "/usr"]
        if self.room.user is not None:
            argv += ["--uid", str(self.room.user), "--gid", str(self.room.user)]
        argv += _system_files()
        argv += ["--proc", "/proc"] if self.isolation == FULL else ["--ro-bind", "/proc", "/proc"]
        argv += ["--dev", "/dev"]
        for folder in ("/tmp", "/run", "/var/log", "/dev/shm"):
            argv += ["--size", str(self.room.tmpfs_bytes), "--tmpfs", folder]
        for readable in (*self.room.readable, Path(gate)):
            argv += ["--ro-bind", str(readable), str(readable)]
        for writable in self.room.writable:
            argv += ["--bind", str(writable), str(writable)]
        argv += ["--remount-ro", "/dev", "--remount-ro", "/"]  # else a tmpfs without bounds
        return [*argv, "--chdir", "/tmp", "--", gate, "-H"]

    def _end_holder(self) -> None:
        """Kill the first process; with it the kernel kills every other one of the namespace."""
        assert self._bwrap is not None
        try:
            pidfd = os.pidfd_open(self.holder)
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            select.select([pidfd], [], [], START_LIMIT)
            os.close(pidfd)
        except ProcessLookupError:
            pass
        self._bwrap.communicate()
        self.holder = 0

    # -- programs ------------------------------------------------------------------------------

    def start(
        self,
        argv: Sequence[str | Path],
        *,
        limits: Limits = Limits(),
        wrap: Sequence[str] = (),
        env: dict[str, str] | None = None,
        sanitized: bool = False,
        ptrace: bool = False,
        stdin: int = subprocess.DEVNULL,
        stdout: int | None = None,
        stderr: int | None = None,
        cwd: str = "/tmp",
        pass_fds: Sequence[int] = (),
    ) -> Process:
        """Start a program inside and return it once it has a process id.

        argv: absolute path and arguments; wrap: a command that stays outside and runs the launcher,
        such as strace; sanitized: the program was built with a sanitizer; stdout and stderr are kept
        in a file (Process.stderr_text) unless descriptors are given. Raises NotStarted.
        """
        report_read, report_write = os.pipe()
        output = Path(self._outputs.name) / f"output-{len(self._processes)}"
        filter_fd = seccomp_filter.compiled(ptrace or sanitized)
        gate = self._gate_argv(report_write, filter_fd, limits, sanitized, cwd)
        try:
            with output.open("wb") as sink:
                launcher = subprocess.Popen(
                    [*wrap, *gate, str(self.holder), *map(str, argv)],
                    stdin=stdin,
                    stdout=sink if stdout is None else stdout,
                    stderr=sink if stderr is None else stderr,
                    env={**ENVIRONMENT, **(env or {})},
                    pass_fds=[report_write, filter_fd, *pass_fds],
                )
        except OSError as error:
            os.close(report_read)
            raise NotStarted(f"{error.filename}: {error.strerror}") from error
        finally:
            os.close(report_write)
        process = Process(launcher, report_read, output)
        self._processes.append(process)
        process.await_start(START_LIMIT)
        return process

    def end_programs(self) -> None:
        """End every program that was started here, its launcher and its tracer; the sandbox stays."""
        for process in self._processes:
            process.kill()

    def _gate_argv(
        self, report_fd: int, filter_fd: int, limits: Limits, sanitized: bool, cwd: str
    ) -> list[str]:
        argv = [str(paths.tool("gate")), "-r", str(report_fd), "-f", str(filter_fd), "-d", cwd]
        for resource, soft, hard in rlimits(limits, sanitized, self.holder != 0):
            argv += ["-l", f"{resource}:{soft}:{hard}"]
        return [*argv, "-A"] if sanitized else argv

    @property
    def dialer(self) -> Dialer:
        """Makes TCP sockets in the sandbox's network namespace."""
        if self._dialer is None:
            from grader.load.dialer import Dialer

            self._dialer = Dialer(self.holder or None)
        return self._dialer


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
