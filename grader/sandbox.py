"""Where untrusted code lives: namespaces held by bubblewrap, entered through gate.

A sandbox is a holder (`gate -H`, the first process of a PID namespace that bwrap made) that programs
enter one by one. When the sandbox closes, the kernel ends everything in it. Where the machine forbids
namespaces the sandbox falls back, and says so in `isolation`.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from socket import AF_NETLINK
from typing import TYPE_CHECKING, Any, Sequence

from grader import paths, seccomp_filter
from grader.holder import ENVIRONMENT, FULL, NONE, PARTIAL, START_LIMIT, Holder, Room
from grader.ledger import OUTPUT
from grader.limits import Limits, rlimits
from grader.process import NotStarted, Process
from grader.rights import Rights
from grader.sock_diag import tcp_table
from grader.tcp_table import TcpTable
from grader.under import GDB, Under

if TYPE_CHECKING:
    from grader.load.dialer import Dialer

__all__ = ["FULL", "NONE", "PARTIAL", "Room", "Sandbox"]


class Sandbox:
    """A context manager; `start` runs a program inside, `dialer` makes sockets that reach it.

    room: what is visible inside; isolation: FULL, PARTIAL or NONE; under: how a replay runs programs;
    mishaps: a list that is told which tracers have died, see mishap.py.
    """

    def __init__(
        self,
        room: Room,
        isolation: str = FULL,
        under: Under | None = None,
        mishaps: list[str] | None = None,
    ):
        self.room = room
        self.isolation = isolation
        self._under = under
        self._holder = Holder(room, isolation)
        self._processes: list[Process] = []
        self._mishaps = [] if mishaps is None else mishaps
        self._dialer: Dialer | None = None
        self._tcp: TcpTable | None = None
        self._outputs = tempfile.TemporaryDirectory(prefix=OUTPUT)

    def __enter__(self) -> Sandbox:
        try:
            if self.isolation != NONE:
                self._holder.open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: Any) -> None:
        for helper in (self._tcp, self._dialer):
            if helper is not None:
                helper.close()
        self._holder.close()
        for process in self._processes:
            process.close()
            if process.tracer_died():
                self._mishaps.append(process.stderr_text())
        self._outputs.cleanup()

    @property
    def holder(self) -> int:
        """The process id of the first process inside, 0 without isolation."""
        return self._holder.pid

    def start(
        self,
        argv: Sequence[str | Path],
        *,
        limits: Limits = Limits(),
        wrap: Sequence[str] = (),
        env: dict[str, str] | None = None,
        sanitized: bool = False,
        ptrace: bool = False,
        trap: bool = False,
        stdin: int | None = subprocess.DEVNULL,
        stdout: int | None = None,
        stderr: int | None = None,
        cwd: str = "/tmp",
        rights: Rights = Rights(),
    ) -> Process:
        """Start a program inside and return it once it has a process id.

        argv: absolute path and arguments; wrap: a command that stays outside and runs the launcher,
        such as strace; sanitized: the program was built with a sanitizer; ptrace: it may trace; trap:
        see seccomp_filter.compiled; stdout and stderr are kept in a file (Process.stderr_text) unless
        descriptors are given; rights: what it may do in there. Raises NotStarted.
        """
        attached = False
        if self._under is not None and self._under.concerns(argv):
            wrap, argv = self._under.wrap(wrap), self._under.command(argv)
            attached = self._under.tool == GDB
        filter_fd = seccomp_filter.compiled(ptrace or sanitized or attached, trap)
        flags = ["-f", str(filter_fd), "-d", cwd, *(["-A"] if sanitized else [])]
        for resource, soft, hard in rlimits(limits, sanitized, self.holder != 0):
            flags += ["-l", f"{resource}:{soft}:{hard}"]
        command = [*flags, *rights.flags(), str(self.holder), *map(str, argv)]
        streams = (None, None, None) if attached else (stdin, stdout, stderr)
        process = self._launch(wrap, command, streams, {**ENVIRONMENT, **(env or {})}, attached)
        process.await_start(START_LIMIT)
        return process

    def _launch(
        self,
        wrap: Sequence[str],
        command: Sequence[str],
        streams: tuple[int | None, int | None, int | None],
        env: dict[str, str],
        attached: bool,
    ) -> Process:
        """Start gate with these flags, sandbox and program; what is no stream of ours goes into a file.

        attached: stdin, stdout and stderr are the caller's own.
        """
        output = Path(self._outputs.name) / f"output-{len(self._processes)}"
        report_read, report_write = os.pipe()
        gate = [*wrap, str(paths.tool("gate")), "-r", str(report_write)]
        try:
            with output.open("wb") as sink:
                stdin, stdout, stderr = streams
                launcher = subprocess.Popen(
                    [*gate, *command],
                    stdin=stdin,
                    stdout=sink if stdout is None and not attached else stdout,
                    stderr=sink if stderr is None and not attached else stderr,
                    env=env,
                    pass_fds=[report_write, int(command[1])],
                )
        except OSError as error:
            os.close(report_read)
            raise NotStarted(f"{error.filename}: {error.strerror}") from error
        finally:
            os.close(report_write)
        process = Process(launcher, report_read, output, lambda: self.tcp.listening_ports())
        self._processes.append(process)
        return process

    def end_programs(self) -> None:
        """End every program that was started here, its launcher and its tracer; the sandbox stays."""
        for process in self._processes:
            process.kill()

    @property
    def dialer(self) -> Dialer:
        """Makes TCP sockets in the sandbox's network namespace."""
        if self._dialer is None:
            from grader.load.dialer import Dialer

            self._dialer = Dialer(self.holder or None)
        return self._dialer

    @property
    def tcp(self) -> TcpTable:
        """Tells of the TCP sockets in the sandbox's network namespace."""
        if self._tcp is None:
            self._tcp = tcp_table(
                lambda: self.dialer.sockets(1, AF_NETLINK)[0], self.holder or os.getpid()
            )
        return self._tcp
