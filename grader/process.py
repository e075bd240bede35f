"""A running student program, seen from outside its sandbox: signals, waits with limits, ledger."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Callable

from grader.ending import Exit
from grader.ledger import Ledger, cpu_seconds, read_ledger
from grader.pidfd import Pidfd
from grader.poll import ready_to_read

GATE_FAILED = 125  # exit status of gate itself, see grader/tools/gate.c
TRACER_DIED = "strace: walk: cannot initialize libunwind"  # its status is 1 then, see mishap.py
POLL_SECONDS = 0.002  # how often /proc is looked at where the kernel offers no event


class NotStarted(RuntimeError):
    """The sandbox or the tracer could not start the program: the machine is at fault."""


class TimeLimit(Exception):
    """Something did not happen within its limit."""


class Process:
    """A program that gate started; `pid` is its process id as this side sees it.

    listening_ports: returns the TCP ports that are listened on where it runs.
    """

    def __init__(
        self,
        launcher: subprocess.Popen,
        report_fd: int,
        output: Path,
        listening_ports: Callable[[], set[int]],
    ):
        self._launcher = launcher
        self._report_fd = report_fd
        self._listening_ports = listening_ports
        self._report = b""
        self._output = output
        self._exit: Exit | None = None
        self.pid = 0
        self._pidfd = Pidfd()

    # -- start ---------------------------------------------------------------------------------

    def await_start(self, limit: float) -> None:
        """Wait until the program has its process id. Raises NotStarted."""
        end = time.monotonic() + limit
        while not self._field("pid"):
            if not self._read_report(end - time.monotonic()):
                self.kill()
                raise NotStarted(self.stderr_text().strip() or "the program did not start in time")
        self.pid = int(self._field("pid")[0])
        self._pidfd = Pidfd(self.pid)

    def _read_report(self, seconds: float) -> bool:
        """Take in what gate says; False at its end or after `seconds`."""
        if not ready_to_read(self._report_fd, seconds):
            return False
        chunk = os.read(self._report_fd, 4096)
        self._report += chunk
        return bool(chunk)

    def _field(self, name: str) -> list[str]:
        """The values of a whole line `name value…` of the report, or nothing."""
        for line in self._report.decode("ascii", "replace").split("\n")[:-1]:
            key, *values = line.split()
            if key == name:
                return values
        return []

    # -- observe -------------------------------------------------------------------------------

    def ready(self, port: int, limit: float) -> bool:
        """Wait until TCP `port` is listened on; False when the program ended or `limit` seconds passed."""
        end = time.monotonic() + limit
        while port not in self._listening_ports():
            if self.ended(POLL_SECONDS) or time.monotonic() > end:
                return False
        return True

    def until(self, condition: Callable[[], bool], limit: float) -> bool:
        """Wait until condition() holds; False after `limit` seconds or when the program ends first."""
        end = time.monotonic() + limit
        while not condition():
            if self.ended(POLL_SECONDS):
                return condition()
            if time.monotonic() > end:
                return False
        return True

    def ended(self, seconds: float = 0.0) -> bool:
        """Return whether the program has ended, giving it `seconds` to do so."""
        return self._exit is not None or self._pidfd.ended(seconds)

    def ledger(self) -> Ledger:
        """Return what the program holds now."""
        return read_ledger(self.pid)

    def cpu_seconds(self) -> float:
        """Return the CPU time that the program has used so far."""
        return cpu_seconds(self.pid)

    def stderr_text(self) -> str:
        """Return what the program has written to stderr so far (at most 64 KiB of it)."""
        try:
            with self._output.open("rb") as file:
                return file.read(65536).decode("utf-8", "replace")
        except OSError:
            return ""

    def reaped(self) -> bool:
        """Whether the program has ended and its parent has waited for it: no kill(2) finds it any more."""
        return not self._pidfd.signal(0)

    # -- act -----------------------------------------------------------------------------------

    def signal(self, number: int) -> None:
        """Send a signal to the program; one that has ended gets none."""
        self._pidfd.signal(number)

    def wait(self, limit: float) -> Exit:
        """Return how the program ended. Raises TimeLimit after `limit` seconds, NotStarted if gate failed."""
        end = time.monotonic() + limit
        while self._exit is None:
            fields = self._field("exit")
            if fields:
                self._exit = self._decode(fields)
            elif not self._read_report(end - time.monotonic()):
                if time.monotonic() >= end:
                    raise TimeLimit(f"the program did not end within {limit:.1f} s")
                self._exit = Exit(None, signal.SIGKILL)  # gate went with its sandbox
        return self._exit

    def _decode(self, fields: list[str]) -> Exit:
        status, user, system, maxrss = map(int, fields)
        code = os.waitstatus_to_exitcode(status)
        cpu = (user + system) / 1e6
        if code < 0:
            return Exit(None, -code, cpu, maxrss * 1024)
        return Exit(code, None, cpu, maxrss * 1024)

    @property
    def exec_error(self) -> int:
        """The errno with which the program could not be executed, or 0."""
        values = self._field("exec")
        return int(values[0]) if values else 0

    def freeze_tracer(self) -> None:
        """Stop the tracer: the program stops at its next traced call, and the kernel goes on without it.

        No signal reaches the program, so that no call of it is interrupted. `thaw_tracer` ends it.
        """
        self._launcher.send_signal(signal.SIGSTOP)

    def thaw_tracer(self) -> None:
        """Let the tracer, and with it the program, go on."""
        self._launcher.send_signal(signal.SIGCONT)

    def tracer_died(self) -> bool:
        """Whether the tracer ended of its own, and the program with it; known once it was waited for."""
        return self._launcher.returncode == 1 and TRACER_DIED in self.stderr_text()

    def kill(self) -> None:
        """End the program, its launcher and its tracer."""
        self.signal(signal.SIGKILL)
        self._launcher.send_signal(signal.SIGCONT)  # a frozen tracer could not end
        try:
            self._launcher.wait(1.0)
        except subprocess.TimeoutExpired:
            self._launcher.kill()
            self._launcher.wait()

    def close(self) -> None:
        """End everything and give back the descriptors."""
        self.kill()
        self._pidfd.close()
        if self._report_fd != -1:
            os.close(self._report_fd)
        self._report_fd = -1
