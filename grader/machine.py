"""What this machine can do for a grading: facts, each with what it costs to be without and the mend."""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from grader import toolchain

RUNGS = 10_000  # connections that the largest load opens
FREE_MIB = 512
APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")


@dataclass(frozen=True)
class Fact:
    """One thing that was looked at. `ungradable` and `mend` matter where it is not ok."""

    name: str
    ok: bool
    detail: str
    ungradable: str = ""
    mend: str = ""


def facts() -> Iterator[Fact]:
    """Look at the machine and yield what was found; run it as the user who will grade."""
    for need in toolchain.NEEDS:
        mend = f"sudo apt-get install {need.package}"
        yield Fact(need.name, need.met(), need.what_for, need.lost, mend)
    yield _isolation()
    yield _tracing()
    yield _descriptors()
    yield _space()
    gdb = shutil.which("gdb") is not None
    yield Fact("gdb", gdb, "replays a check", "replay UNDER=gdb", "sudo apt-get install gdb")
    go = shutil.which("go") is not None
    yield Fact("go", go, "builds the Go twins", "the Go twins only", "sudo apt-get install golang")


def _isolation() -> Fact:
    from grader.run import best_isolation

    level, trouble = best_isolation()
    mend = "see bwrap(1); in a container allow user namespaces and an unmasked /proc"
    if APPARMOR.exists() and APPARMOR.read_text().strip() == "1":
        mend = "sudo install -m 644 grader/apparmor-bwrap /etc/apparmor.d/bwrap-syslabs && "
        mend += "sudo apparmor_parser -r /etc/apparmor.d/bwrap-syslabs"
    detail = f"isolation: {level}" + (f" ({trouble})" if trouble else "")
    return Fact("sandbox", level == "full", detail, "marks are advisory", mend)


def _tracing() -> Fact:
    name, lost = "ptrace", toolchain.TRACES
    try:
        argv = ["strace", "-f", "--seccomp-bpf", "-e", "trace=execve", "/bin/true"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Fact(name, False, str(error), lost, "install strace")
    trouble = [line for line in done.stderr.splitlines() if line.startswith("strace:")]
    ok = done.returncode == 0 and "execve(" in done.stderr
    mend = "docker run --cap-add SYS_PTRACE, or sysctl kernel.yama.ptrace_scope=1"
    return Fact(name, ok, trouble[0] if trouble else "strace may trace", lost, mend)


def _descriptors() -> Fact:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    needed = RUNGS + 100
    lost = f"load above {max(hard - 100, 0)} connections is inconclusive"
    mend = f"raise the hard limit: ulimit -Hn {2 * RUNGS} (as root), or LimitNOFILE= in systemd"
    return Fact("descriptors", hard >= needed, f"hard limit {hard}", lost, mend)


def _space() -> Fact:
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free >> 20
    lost = "builds and traces may fail"
    return Fact("space", free >= FREE_MIB, f"{free} MiB free in {folder}", lost, "free some space")


def as_dict(fact: Fact) -> dict[str, object]:
    """Return a fact as JSON-ready data."""
    return {name: getattr(fact, name) for name in Fact.__dataclass_fields__}
