"""What this machine can do for a grading: facts, each with what it costs to be without and the mend."""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from grader import toolchain
from grader.id_range import LACK, id_range

RUNGS = 10_000  # connections that the largest load opens
FREE_MIB = 512
APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
PROFILE = "/etc/apparmor.d/bwrap-syslabs"
LIMIT = 10.0  # seconds for a program that does nothing


@dataclass(frozen=True)
class Fact:
    """One thing that was looked at. `lost` and `mend` matter where it is not ok."""

    name: str
    ok: bool
    detail: str
    lost: str = ""  # what cannot be graded without it
    mend: str = ""
    optional: bool = False  # nothing is ungradable without it


def packages() -> Iterator[Fact]:
    """Look for the packages that a grading needs."""
    for need in (*toolchain.NEEDS, *toolchain.OPTIONAL):
        mend = f"sudo apt-get install {need.package}"
        optional = need in toolchain.OPTIONAL
        yield Fact(need.name, need.met(), need.what_for, need.lost, mend, optional)


def abilities() -> Iterator[Fact]:
    """Try what a grading does; run it as the user who will grade, when all packages are there."""
    for name, look in _LOOKS.items():
        try:
            yield look()
        except OSError as error:
            yield Fact(name, False, str(error), toolchain.EVERYTHING, "see the message")


def _isolation() -> Fact:
    from grader.run import best_isolation

    level, trouble = best_isolation()
    mend = "in a container, allow user namespaces and an unmasked /proc; see bwrap(1)"
    if APPARMOR.exists() and APPARMOR.read_text("utf-8").strip() == "1":
        mend = f"sudo install -m 644 grader/apparmor-bwrap {PROFILE} && "
        mend += f"sudo apparmor_parser -r {PROFILE}"
    detail = f"isolation: {level}" + (f" ({trouble})" if trouble else "")
    lost = f"marks are advisory (isolation: {level}), and a batch refuses them"
    return Fact("sandbox", level == "full", detail, lost, mend)


def _tracing() -> Fact:
    argv = ["strace", "-f", "--seccomp-bpf", "-e", "trace=execve", "/bin/true"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        mend = "sudo apt-get install strace"
        return Fact("tracing", False, str(error), toolchain.TRACES, mend)
    trouble = [line for line in done.stderr.splitlines() if line.startswith("strace:")]
    ok = done.returncode == 0 and "execve(" in done.stderr
    mend = "sudo sysctl kernel.yama.ptrace_scope=1; in a container: --cap-add SYS_PTRACE"
    detail = trouble[0] if trouble else "strace may trace"
    return Fact("tracing", ok, detail, toolchain.TRACES, mend)


def _descriptors() -> Fact:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    lost = f"load above {max(hard - 100, 0):,} connections is inconclusive"
    mend = f"ulimit -Hn {2 * RUNGS} as root, or LimitNOFILE={2 * RUNGS} in systemd"
    return Fact("descriptors", hard >= RUNGS + 100, f"hard limit {hard:,}", lost, mend)


def _space() -> Fact:
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free >> 20
    detail, lost = f"{free:,} MiB free in {folder}", "large builds and traces may find no room"
    return Fact("space", free >= FREE_MIB, detail, lost, "free some space, or set TMPDIR")


def range_of_ids(user: int | None) -> Fact:
    """Try to get a range of user IDs, for `user` if root asks; some points of few labs need it."""
    with id_range(user) as descriptor:
        ok = descriptor >= 0
    detail = "IDs can really change" if ok else "one user only in each sandbox"
    lost = "checks that look at what is really left of root (lab daemon) are held"
    return Fact("ids", ok, detail, lost, LACK, optional=True)


_LOOKS: dict[str, Callable[[], Fact]] = {
    "sandbox": _isolation,
    "tracing": _tracing,
    "descriptors": _descriptors,
    "space": _space,
}
