"""Run a program under strace(1): the words in front of its command, the trace it leaves.

The words go in front of the launcher (`gate`), so that the tracer stays outside of the sandbox.
What strace needs: ptrace(2) of its own children, which a container may forbid; for --seccomp-bpf
also -f and seccomp(2), without which it is slow but right.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Collection

from grader.strace.ask import Trace
from grader.strace.elf import symbols_break_lines
from grader.strace.faults import Fault, expressions

# Sets of calls for `Strace.calls`; what a kernel or an architecture does not have is passed over.
PROCESSES = frozenset("execve execveat clone clone3 fork vfork exit_group".split())
WAITS = frozenset("epoll_wait epoll_pwait epoll_pwait2 poll ppoll select pselect6".split())
TRANSFERS = frozenset(
    """read recv recvfrom recvmsg readv pread64 preadv write send sendto sendmsg writev pwrite64
    pwritev splice sendfile tee""".split()
)
DESCRIPTORS = frozenset(
    """socket socketpair accept accept4 bind listen connect shutdown epoll_create epoll_create1
    epoll_ctl eventfd eventfd2 timerfd_create signalfd signalfd4 inotify_init inotify_init1 pipe
    pipe2 open openat
    openat2 creat memfd_create pidfd_open dup dup2 dup3 fcntl ioctl close close_range""".split()
)
SERVER = DESCRIPTORS | WAITS | TRANSFERS  # everything that the questions of Trace are about
ALL: frozenset[str] = frozenset()  # every system call: up to seven times slower

MOST = 48 << 20  # bytes of a trace that is read: some 300,000 calls
_PROBE_LIMIT = 10.0  # seconds


class StraceUnavailable(RuntimeError):
    """strace can not trace here, or left no trace: the machine's fault. The message says why."""


class TraceForged(RuntimeError):
    """The program can write lines of its own into the trace."""


class TraceTooLong(RuntimeError):
    """The program made more calls than are read (it spins, or floods the trace)."""


@dataclass(frozen=True)
class Strace:
    """How to trace one run.

    out: the file for the trace; calls: names, see the sets above (PROCESSES and the calls of the
    faults are always added, ALL traces everything); stacks: also who called, 0.5 ms a call;
    strings: bytes of a string and entries of a list that are shown; cpu: pin tracer and program to
    this processor, three times faster; signals: also show the signals that are delivered; follow:
    also trace its children and threads (off: they may have a tracer of their own, see attach.py).
    """

    out: Path
    calls: Collection[str] = SERVER
    stacks: bool = False
    faults: tuple[Fault, ...] = ()
    strings: int = 32
    cpu: int | None = None
    signals: bool = True
    follow: bool = True

    def argv(self) -> list[str]:
        """Return the words that go in front of the command to trace."""
        argv = [] if self.cpu is None else ["taskset", "-c", str(self.cpu)]
        argv += ["strace", *(["-f"] if self.follow else []), "-ttt", "-y", "-I2"]
        argv += ["--pidns-translation", "-s", str(self.strings)]
        if self.calls:
            wanted = {*self.calls, *PROCESSES, *(fault.call for fault in self.faults)}
            argv += ["--seccomp-bpf"] if self.follow else []
            argv += ["-e", "trace=" + ",".join(f"?{name}" for name in sorted(wanted))]
        if not self.signals:
            argv += ["-e", "signal=none"]
        if self.stacks:
            argv += ["-k"]
        for expression in expressions(self.faults):
            argv += ["-e", expression]
        return [*argv, "-o", str(self.out), "--"]

    def trace(self, program: str | Path = "", most: int = MOST) -> Trace:
        """Return what `program` (its path) did, from its execve on; without it, the whole trace.

        May be read while the program runs. Raises StraceUnavailable if nothing was traced,
        TraceTooLong if the file has more than `most` bytes, TraceForged if with `stacks` its lines
        can not be trusted.
        """
        if self.stacks and program and symbols_break_lines(Path(program)):
            raise TraceForged("symbol names with line breaks, which strace -k prints as they are")
        try:
            with self.out.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
                text = file.read(most)
                too_long = len(text) >= most and bool(file.read(1))  # it may grow meanwhile
        except OSError as error:
            raise StraceUnavailable(f"{self.out}: {error.strerror}") from error
        if too_long:
            raise TraceTooLong(f"the trace has more than {most >> 20} MiB")
        trace = Trace.of(text, str(program))
        if not trace.events:
            what = (
                f"the trace does not show {program} being executed"
                if text
                else "strace wrote no trace"
            )
            raise StraceUnavailable(what)
        return trace


def require_strace() -> None:
    """Try strace on a program that does nothing. Raises StraceUnavailable in strace's words."""
    if shutil.which("strace") is None:
        raise StraceUnavailable("strace is not installed")
    with tempfile.TemporaryDirectory(prefix="syslabs-strace-") as folder:
        strace = Strace(Path(folder) / "trace", calls={"execve"})
        try:
            run = subprocess.run(
                [*strace.argv(), "true"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                timeout=_PROBE_LIMIT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise StraceUnavailable(f"strace did not end within {_PROBE_LIMIT:.0f} s") from error
        if run.returncode != 0:
            raise StraceUnavailable(run.stderr.strip().partition("\n")[0] or "strace failed")
        strace.trace()
