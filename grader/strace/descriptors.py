"""The life of every descriptor: what opened it, what it is, how it blocks, who used and closed it.

A *file* here is an open file description (open(2)): what dup(2) and fork(2) share, and where
O_NONBLOCK lives. A *descriptor* is a number in one process for the time between its opening and
its closing; the same number opened again is another Descriptor.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from grader.strace.call import Call

KINDS = {  # the call that opens → what it opens
    "socket": "socket",
    "socketpair": "socket",
    "accept": "connection",
    "accept4": "connection",
    "epoll_create": "epoll",
    "epoll_create1": "epoll",
    "eventfd": "eventfd",
    "eventfd2": "eventfd",
    "timerfd_create": "timerfd",
    "signalfd": "signalfd",
    "signalfd4": "signalfd",
    "inotify_init": "inotify",
    "inotify_init1": "inotify",
    "pipe": "pipe",
    "pipe2": "pipe",
    "pidfd_open": "pidfd",
    "memfd_create": "memfd",
    "mq_open": "mqueue",
    "open": "file",
    "openat": "file",
    "openat2": "file",
    "creat": "file",
}


@dataclass(frozen=True)
class Mode:
    """From line `index` on the file is non-blocking, or is not; `call` made or showed it so."""

    index: int
    nonblocking: bool
    call: Call | None


@dataclass(eq=False)
class File:
    """An open file description. Read-only outside of the model."""

    kind: str  # a value of KINDS, or "inherited"
    path: str  # as -y says it, at opening; may be ""
    opened: Call | None  # None: it was open before the trace began
    listener: Descriptor | None = None  # for a connection: where it was accepted
    listen: Call | None = None  # the listen(2) that made it a listening socket
    modes: list[Mode] = field(default_factory=list)
    descriptors: list[Descriptor] = field(default_factory=list)

    def nonblocking(self, index: int) -> bool | None:
        """Whether it is in non-blocking mode at line `index`; None if the trace does not say."""
        known = [mode.nonblocking for mode in self.modes if mode.index <= index]
        return known[-1] if known else None

    @property
    def end(self) -> int | None:
        """The line where its last descriptor is closed, or None if one is left open."""
        ends = [descriptor.end for descriptor in self.descriptors]
        return None if None in ends else max((end for end in ends if end is not None), default=None)


@dataclass(eq=False)
class Descriptor:
    """One descriptor of one process, from opening to closing. Read-only for everybody else."""

    number: int
    process: int
    file: File
    opened: Call | None  # the call that made this number: open, accept, dup, fork …
    begin: int  # line
    cloexec: bool = False  # as it was last set
    closed: Call | None = None  # close, close_range, dup2 onto it, execve
    end: int | None = None  # line
    uses: list[Call] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """What it is: "connection", "socket", "epoll", "pipe", "file" …, "inherited"."""
        return self.file.kind

    def open_at(self, index: int) -> bool:
        """Whether it is open at line `index`."""
        return self.begin <= index and (self.end is None or index < self.end)

    def __str__(self) -> str:
        return f"{self.number}<{self.file.path}>" if self.file.path else str(self.number)


def wanted_nonblocking(call: Call) -> bool:
    """Whether a call that opens asks for non-blocking mode (SOCK_NONBLOCK, O_NONBLOCK …)."""
    return any(flag.endswith("_NONBLOCK") for arg in call.args for flag in arg.flags)


def wanted_cloexec(call: Call) -> bool:
    """Whether a call that opens asks for close-on-exec."""
    return any(flag.endswith("_CLOEXEC") for arg in call.args for flag in arg.flags)


def numbers_used(call: Call) -> list[int]:
    """Return the descriptors that a call works on (those of poll and select included)."""
    if call.name in ("poll", "ppoll"):
        fields = [item.struct["fd"] for item in call.arg(0).items if "fd" in item.struct]
    elif call.name in ("select", "pselect6"):
        fields = [item for place in (1, 2, 3) for item in call.arg(place).items]
    elif call.name in _SECOND:
        fields = [call.arg(0), call.arg(_SECOND[call.name])]
    else:
        fields = [call.arg(0)] if call.name in _FIRST else []
        if call.body.count("<") > len(fields):
            fields += [arg for arg in call.args if arg.path]
    return list(dict.fromkeys(f.fd for f in fields if f.fd is not None and f.fd >= 0))


_SECOND = {"epoll_ctl": 2, "splice": 2, "copy_file_range": 2, "tee": 1, "sendfile": 1}
_FIRST = frozenset(
    """read write readv writev pread64 pwrite64 preadv pwritev recv send recvfrom sendto recvmsg
    sendmsg recvmmsg sendmmsg accept accept4 bind listen connect shutdown getsockname getpeername
    getsockopt setsockopt fcntl ioctl close dup dup2 dup3 fstat lseek ftruncate fsync fdatasync
    flock getdents64 epoll_wait epoll_pwait epoll_pwait2 timerfd_settime timerfd_gettime
    inotify_add_watch inotify_rm_watch fchmod fchown fchdir fallocate mq_timedsend
    mq_timedreceive""".split()
)
