"""The student's syscall-inspect in a sandbox, and what the grader itself sees of the same command."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterator, Sequence

from grader.checks.syscalls.inspection import Inspection, typed
from grader.checks.syscalls.neighbours import described, state
from grader.ending import Exit
from grader.ledger import processes_in
from grader.limits import Limits
from grader.outcome import OUTPUT_LIMIT, TIME_LIMIT, Failed
from grader.process import POLL_SECONDS, Process, TimeLimit
from grader.recording import record
from grader.result import Evidence
from grader.run import Run
from grader.sandbox import Sandbox
from grader.strace.ask import Trace
from grader.strace.run import ALL

PROBES = Path(__file__).parent / "probes"
STEP = 4.0  # seconds for one run of the inspector, on a fast machine
MOST = 4 << 20  # bytes of output that are read
ENGINES = ("strace", "ptrace")


@dataclass(frozen=True)
class Bench:
    """A sandbox in which inspectors run; `folder` is writable in it, and seen from outside."""

    run: Run
    box: Sandbox
    folder: Path

    def probe(self, name: str) -> Path:
        """Return a program of ours."""
        return self.run.helper(PROBES / f"{name}.c")

    def start(
        self, argv: Sequence[object], limits: Limits | None = None, **options: object
    ) -> Process:
        """Start a program that may trace; see Sandbox.start for the options."""
        limits = limits or self.run.limits
        words = list(map(str, argv))
        return self.box.start(words, limits=limits, ptrace=True, **options)  # type: ignore[arg-type]

    def inspect(
        self,
        *words: object,
        stdin: bytes = b"",
        to_file: bool = False,
        limits: Limits | None = None,
        **options: object,
    ) -> Inspection:
        """Run the inspector to its end. Raises Failed where it does not end.

        to_file: its report goes to a file (-o), so that stderr is the command's alone.
        """
        report = self.folder / "report"
        report.unlink(missing_ok=True)
        given = [*(["-o", report] if to_file else []), *words]
        found = self.complete([self.run.program(), *given], stdin, limits, **options)
        shown = _read(report).decode("utf-8", "replace") if to_file else found.stderr
        return replace(found, report=shown)

    def complete(
        self,
        argv: Sequence[object],
        stdin: bytes = b"",
        limits: Limits | None = None,
        **options: object,
    ) -> Inspection:
        """Run a program, the inspector or another, to its end. Raises Failed where it does not end."""
        with _captured(self.folder, stdin) as (streams, outputs):
            process = self.start(argv, limits, **streams, **options)
            try:
                ending = self.ended(process, argv)
            finally:
                process.kill()
            stdout, stderr = (_read(path) for path in outputs)
        text = stderr.decode("utf-8", "replace")
        return Inspection(typed(argv), ending, stdout, text, text)

    def ended(self, process: Process, argv: Sequence[object], limit: float = STEP) -> Exit:
        """Wait for the inspector's end. Raises Failed with the processes that are still there."""
        limit = self.run.limit(limit)
        try:
            return process.wait(limit)
        except TimeLimit:
            observed = f"{typed(argv)}\nit still runs after {limit:.0f} s"
            expected = "it ends when the command has ended"
            evidence = [Evidence("ledger", str(process.ledger())), self.inhabitants()]
            raise Failed(
                observed, expected=expected, evidence=evidence, reason=TIME_LIMIT
            ) from None

    def inhabitants(self) -> Evidence:
        """Return the processes in the sandbox as evidence."""
        lines = [described(pid) for pid in sorted(self.others())]
        return Evidence("ledger", "\n".join(lines) or "nothing else runs")

    def others(self) -> list[int]:
        """The processes in the sandbox, apart from its first one and those that only wait to be reaped."""
        pids = processes_in(self.box.holder) if self.box.holder else []
        return [pid for pid in pids if pid != self.box.holder and state(pid) not in "XZ"]

    def alone(self, limit: float = 1.0) -> bool:
        """Whether nothing runs in the sandbox any more, or soon."""
        end = time.monotonic() + self.run.limit(limit)
        while self.others():
            if time.monotonic() > end:
                return False
            select.select([], [], [], POLL_SECONDS)
        return True

    def clear(self) -> None:
        """End every process in the sandbox but its first one."""
        for pid in self.others():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.alone()

    def observe(self, *words: object, stdin: int = subprocess.DEVNULL) -> Trace:
        """Run a command under the grader's own strace; return what it did."""
        program = Path(str(words[0]))
        recording = record(self.run, program, ALL)
        argv = recording.strace.argv()
        process = self.box.start(
            list(map(str, words)),
            limits=self.run.limits,
            wrap=argv,
            ptrace=True,
            stdin=stdin,
            stdout=subprocess.DEVNULL,
        )
        try:
            process.wait(self.run.limit(STEP))
        except TimeLimit as limit:
            raise RuntimeError(f"{typed(words)}: {limit}") from limit
        finally:
            process.kill()
        return recording.trace()


@contextmanager
def bench(run: Run, *probes: str) -> Iterator[Bench]:
    """Build the inspector and the probes, and open a sandbox that sees them."""
    run.program()
    for name in probes:
        run.helper(PROBES / f"{name}.c")
    folder = run.scratch("bench")
    folder.mkdir(exist_ok=True)
    room = replace(run.room(), writable=(folder,))
    with run.sandbox(room) as box:
        yield Bench(run, box, folder)


@contextmanager
def _captured(folder: Path, stdin: bytes) -> Iterator[tuple[dict[str, int], tuple[Path, Path]]]:
    """Open files for the three streams; yields the descriptors and the paths of the two outputs."""
    paths = folder / "stdin", folder / "stdout", folder / "stderr"
    paths[0].write_bytes(stdin)
    flags = (
        os.O_RDONLY,
        os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
        os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    )
    fds = [os.open(path, flag | os.O_CLOEXEC, 0o600) for path, flag in zip(paths, flags)]
    try:
        yield dict(zip(("stdin", "stdout", "stderr"), fds)), (paths[1], paths[2])
    finally:
        for fd in fds:
            os.close(fd)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MOST + 1)
    except OSError:
        return b""
    if len(data) > MOST:
        raise Failed(f"more than {MOST >> 20} MiB of output", reason=OUTPUT_LIMIT)
    return data
