"""The resources that a run may use, in the units of lab.toml, as limits for setrlimit(2)."""

from __future__ import annotations

import resource
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one run of a program may use."""

    time: float = 10.0  # seconds of waiting before a run counts as hanging
    memory: int = 4096  # MiB of address space
    output: int = 1024  # KiB of output that a check reads
    processes: int = 256  # processes and threads in the sandbox
    nofile: int = 0  # hard limit of descriptors; 0 keeps the machine's
    soft_nofile: int = 1024  # soft limit that the program finds
    file_size: int = 256  # MiB; above every tmpfs, as SIGXFSZ kills
    core: int = 0  # MiB of a core file


def rlimits(limits: Limits, sanitized: bool, in_namespace: bool) -> list[tuple[int, int, int]]:
    """Return (resource, soft, hard) for gate.

    sanitized: the address space is left unlimited, which sanitizers need; in_namespace: the process
    limit counts the sandbox only (outside it would count all of the user's processes).
    """
    nofile = limits.nofile or resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    size = limits.file_size << 20
    found = [
        (resource.RLIMIT_CORE, *_core(limits.core)),
        (resource.RLIMIT_FSIZE, size, size),
        (resource.RLIMIT_NOFILE, min(limits.soft_nofile, nofile), nofile),
    ]
    if not sanitized:
        found.append((resource.RLIMIT_AS, limits.memory << 20, limits.memory << 20))
    if in_namespace:
        found.append((resource.RLIMIT_NPROC, limits.processes, limits.processes))
    return found


def _core(mebibytes: int) -> tuple[int, int]:
    """The soft and the hard limit of core files, as far as this machine allows them."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    size = mebibytes << 20 if hard == resource.RLIM_INFINITY else min(mebibytes << 20, hard)
    return size, size
