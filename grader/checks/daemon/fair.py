"""Which faults are fair to a service: what the man pages allow, and a correct one survives or refuses to start with."""

from __future__ import annotations

from grader.checks.daemon.house import LOG
from grader.checks.daemon.starved import FORKS
from grader.strace.ask import Trace
from grader.strace.call import Call
from grader.strace.sweep import Pair

CALLS = frozenset(
    """clone setsid chdir openat read write writev dup2 ftruncate fcntl flock pipe pipe2 socketpair
    inotify_init inotify_init1 inotify_add_watch""".split()
)


def _on_log(trace: Trace, call: Call) -> bool:
    return call.arg(0).path.startswith(LOG)


def _on_events(trace: Trace, call: Call) -> bool:
    return "inotify" in call.arg(0).path


def _locks(trace: Trace, call: Call) -> bool:
    return call.name == "flock" or "F_SETLK" in call.body or "F_OFD_SETLK" in call.body


def _opens_log(trace: Trace, call: Call) -> bool:
    return any(arg.string == LOG.encode() for arg in call.args)


def pairs_of_sweep() -> list[Pair]:
    """Return the fair pairs of call and error."""
    pairs = [Pair(call, errno) for call in FORKS[:2] for errno in ("EAGAIN", "ENOMEM")]
    pairs += [Pair("pipe2", "EMFILE"), Pair("pipe", "EMFILE")]
    pairs += [Pair(call, "EMFILE") for call in ("inotify_init", "inotify_init1")]
    pairs += [Pair("inotify_add_watch", errno) for errno in ("ENOSPC", "ENOMEM")]
    pairs += [Pair("openat", errno, _opens_log) for errno in ("EMFILE", "ENOSPC")]
    pairs += [Pair("read", "EINTR", _on_events)]
    pairs += [
        Pair(call, errno, _on_log) for call in ("write", "writev") for errno in ("ENOSPC", "EIO")
    ]
    pairs += [Pair(call, "ENOLCK", _locks) for call in ("fcntl", "flock")]
    return pairs
