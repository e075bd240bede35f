"""The kernel objects of a sandbox that outlive processes: shared memory, semaphores, queues."""

from __future__ import annotations

from dataclasses import dataclass

from grader.checks.ipc.talk import Talk
from grader.limits import Limits

# /proc/sysvipc: key, id, perms first (proc(5)); find: the mode, then the name.
SCRIPT = r"""
find /dev/shm -mindepth 1 -printf 'file %m /dev/shm/%P\n'
for kind in shm sem msg; do
    while read -r key id perms rest; do
        [ "$key" = key ] || echo "$kind $perms key $key id $id"
    done </proc/sysvipc/$kind
done
"""


@dataclass(frozen=True)
class Object:
    """One object: `file`, `shm`, `sem` or `msg`, its mode and its name."""

    kind: str
    mode: int
    name: str

    def __str__(self) -> str:
        kinds = {"shm": "System V shared memory", "sem": "System V semaphores", "msg": "queue"}
        return f"{kinds.get(self.kind, 'file')} {self.name} (mode {self.mode:04o})"


def objects(talk: Talk) -> list[Object]:
    """Return what there is in /dev/shm and /proc/sysvipc of the talk's sandbox."""
    process = talk.box.start(["/bin/sh", "-c", SCRIPT], limits=Limits())
    process.wait(talk.run.limit(5.0))
    found = []
    for line in process.stderr_text().splitlines():
        kind, mode, name = line.split(" ", 2)
        if kind in ("file", "shm", "sem", "msg"):
            found.append(Object(kind, int(mode, 8) & 0o777, name))
    return found


def expect_none(talk: Talk, when: str) -> None:
    """Raise Failed if there is any object left."""
    left = objects(talk)
    if left:
        observed = f"{when}: {', '.join(map(str, left))}"
        raise talk.failed(observed, "the last one out removes every object")
