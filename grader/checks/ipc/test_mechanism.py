"""How text travels: in shared memory, and in nothing else."""

from __future__ import annotations

import os

from grader.checks.ipc.delay import SHARED_MEMORY
from grader.checks.ipc.member import Member
from grader.checks.ipc.talk import Talk
from grader.checks.ipc.transcript import Said, expect_all
from grader.outcome import check
from grader.recording import Recording, record
from grader.run import Run
from grader.strace.ask import Trace
from grader.strace.call import Call

SENDS = (
    *("write", "writev", "pwrite64", "pwritev", "pwritev2", "sendto", "sendmsg", "sendmmsg"),
    *("msgsnd", "mq_timedsend", "splice", "vmsplice", "sendfile", "copy_file_range"),
)
SHARES = ("mmap", "shmat", "openat", "memfd_create", "shmget")
OUTPUT = (1, 2)  # descriptors


@check("mechanism")
def test_mechanism(run: Run) -> None:
    """Let two members talk under strace: they share a mapping (shm_open and mmap, or shmget and shmat), and no
    other channel carries what they say."""
    mechanism(run, "posix")


def mechanism(run: Run, backend: str) -> None:
    """Two members, everything that could carry text is traced."""
    with Talk(run, backend) as talk:
        recordings = [
            record(run, run.program(), (*SENDS, *SHARES), stacks=True, cpu=None) for _ in range(2)
        ]
        for name, recording in zip(("ann", "bob"), recordings):
            talk.start(name, wrap=recording.strace.argv())
        talk.expect_linked(talk.members)
        said: Said = {m.name: [b"%x" % talk.random.getrandbits(60)] for m in talk.members}
        for member in talk.members:
            member.say(*said[member.name])
        expect_all(talk, said)
        members = list(talk.members)
        talk.leave(*members)
        for member, recording in zip(members, recordings):
            _judge(talk, member, recording, [line for lines in said.values() for line in lines])


def _judge(talk: Talk, member: Member, recording: Recording, texts: list[bytes]) -> None:
    trace = recording.trace()
    for call in trace.calls(*SENDS):
        if not _prints(call) and any(text[:12].decode() in call.body for text in texts):
            observed = f"{member} hands what was said to {call.name}"
            shown = recording.exhibit([call])
            raise talk.failed(observed, "text travels in shared memory only", (), shown)
    if not _shares(trace):
        shown = recording.exhibit(trace.calls(*SHARES)[-4:])
        observed = f"{member} maps no shared memory"
        raise talk.failed(observed, "shm_open and mmap, or shmget and shmat", (), shown)


def _prints(call: Call) -> bool:
    """Whether it writes to stdout or stderr, or to what was a copy of them."""
    return call.name in ("write", "writev") and call.fd in OUTPUT


def _shares(trace: Trace) -> bool:
    """Whether shared memory is attached: a segment, or a mapping of a file in /dev/shm."""
    for call in trace.calls("shmat", "mmap"):
        if call.failed:
            continue
        path = os.fsencode(call.arg(4).path)
        shared = "MAP_SHARED" in call.arg(3).flags or "MAP_SHARED_VALIDATE" in call.arg(3).flags
        if call.name == "shmat" or (shared and path.startswith(SHARED_MEMORY)):
            return True
    return False
