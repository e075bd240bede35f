"""How a trace shows that root was given up. Drill `privileges` and the project are asked alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Sequence

from grader.checks.daemon.detachment import Wrong
from grader.escaped import Escaped
from grader.id_range import NOBODY
from grader.rights import Rights, names_of
from grader.strace.ask import Trace
from grader.strace.call import Call
from grader.strace.faults import Fault

GROUPS = ("setgroups",)
GIDS = ("setresgid", "setregid", "setgid")
UIDS = ("setresuid", "setreuid", "setuid")
DROPS = (*GROUPS, *GIDS, *UIDS)
STAGES = (
    (GROUPS, "setgroups", "supplementary groups are kept"),
    (GIDS, "setresgid", "the group is kept"),
    (UIDS, "setresuid", "the user is kept"),
)
RIGHTS = Rights(("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"))
IN_RANGE = Rights(RIGHTS.capabilities, groups=(4, 5))
ALLOWED = {"CAP_DAC_READ_SEARCH"}  # a service that reads trees of all users may keep it


def pretended(failing: str = "", errno: str = "EPERM") -> list[Fault]:
    """Return faults with which all changes of IDs succeed without being made, but those of one call fail."""
    chosen = [Fault(call, retval=0, when="1+") for call in DROPS if call != failing]
    return [*chosen, Fault(failing, errno, when="1+")] if failing else chosen


@dataclass(frozen=True)
class Disorder:
    """What is wrong with the order, and the calls that show it."""

    observed: str
    expected: str
    calls: tuple[Call, ...]


def disorder(trace: Trace) -> Disorder | None:
    """Return what is wrong with the way in which a program gave up root, None if nothing is.

    glibc repeats each call in every thread (nptl(7)): each is judged by itself.
    """
    made = [call for call in trace.calls(*DROPS) if not call.failed and not _asks_back(call)]
    threads = {call.pid for call in made} or {trace.start.pid if trace.start else 0}
    for pid in sorted(threads):
        found = _disorder_of([call for call in made if call.pid == pid])
        if found:
            return found
    return None


def _asks_back(call: Call) -> bool:
    """A program that tries to become root again, to see that it cannot, is a careful one."""
    return all(arg.value == 0 for arg in call.args) and call.name != "setgroups"


def _disorder_of(calls: list[Call]) -> Disorder | None:
    firsts: list[Call] = []
    for names, usual, kept in STAGES:
        stage = [call for call in calls if call.name in names]
        if not stage:
            return Disorder(f"no {usual}: {kept}", "setgroups, setresgid, setresuid", tuple(calls))
        firsts.append(stage[0])
    for before, after in zip(firsts, firsts[1:]):
        if before.index > after.index:
            observed = (
                f"{after.name} comes before {before.name}, which is not allowed any more then"
            )
            return Disorder(observed, "groups, then the group, then the user", (after, before))
    return None


def first_input(trace: Trace) -> Call | None:
    """Return the first read of events: of what anybody may have made."""
    reads = (call for call in trace.calls("read") if "inotify" in call.arg(0).path)
    return next((call for call in reads if not call.failed), None)


def kept_by(process: Escaped) -> list[Wrong]:
    """Return what each thread of a process has kept of root, as the kernel says."""
    user = _outside(process.pid, "uid_map")
    group = _outside(process.pid, "gid_map")
    found: list[Wrong] = []
    for task in sorted(Path(f"/proc/{process.pid}/task").iterdir()):
        fields = _fields(task / "status")
        found += _ids("Uid", fields, user) + _ids("Gid", fields, group)
        if set(fields["Groups"].split()) - {str(group)}:
            what = (
                f"it is in groups {fields['Groups']} (outside of the sandbox: {group} is its own)"
            )
            found.append(Wrong(f"Groups: {what}", "its own group at most"))
        found += _capabilities(fields)
    return found


def _ids(name: str, fields: dict[str, str], wanted: int) -> list[Wrong]:
    numbers = [int(each) for each in fields[name].split()]
    kinds = ("real", "effective", "saved", "file system")
    kept = [kind for kind, number in zip(kinds, numbers) if number != wanted]
    if not kept:
        return []
    return [
        Wrong(f"{name}: the {' and the '.join(kept)} ID is not nobody's", "all four are nobody's")
    ]


def _capabilities(fields: dict[str, str]) -> list[Wrong]:
    found = []
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        kept = set(names_of(int(fields[name], 16))) - ALLOWED
        if kept:
            found.append(Wrong(f"{name}: {', '.join(sorted(kept))}", "no capability of root's"))
    return found


def _fields(status: Path) -> dict[str, str]:
    lines = status.read_text("utf-8", "replace").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _outside(pid: int, file: str) -> int:
    """The number that this side has for user or group nobody of the sandbox, see user_namespaces(7)."""
    for line in Path(f"/proc/{pid}/{file}").read_text("ascii").splitlines():
        first, outside, count = map(int, line.split())
        if first <= NOBODY < first + count:
            return outside + NOBODY - first
    return NOBODY


def used(trace: Trace, names: Sequence[str] = DROPS) -> list[str]:
    """Return which of these calls a program makes."""
    made: Iterable[Call] = trace.calls(*names)
    return list(dict.fromkeys(call.name for call in made if not _asks_back(call)))
