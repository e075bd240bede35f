"""Drill `privileges`: drop_to and keep_only, by pretended results and by what the kernel says."""

from __future__ import annotations

from dataclasses import replace

from grader.checks.daemon.drills import drill_program
from grader.checks.daemon.dropping import (
    DROPS,
    IN_RANGE,
    RIGHTS,
    disorder,
    kept_by,
    pretended,
    used,
)
from grader.checks.daemon.house import ROOM, House, house
from grader.escaped import Escaped
from grader.outcome import TIME_LIMIT, Failed, check
from grader.process import Process
from grader.recording import Recording, record
from grader.rights import CAPABILITIES, Rights, names_of
from grader.run import Run
from grader.strace.ask import Trace
from grader.strace.faults import Fault

ASKS = ("getresuid", "getresgid", "getuid", "geteuid", "getgid", "getegid", "openat")
CALLS = frozenset((*DROPS, *ASKS))
KEPT = "CAP_NET_BIND_SERVICE"
SETS = ("CapInh", "CapPrm", "CapEff", "CapAmb", "CapBnd")


def _answer(home: House, process: Process) -> str:
    """Return what the function under test returned."""
    if not home.until(lambda: "\n" in process.stderr_text() or process.ended(), 3.0):
        raise Failed("the function does not return", expected="a result", reason=TIME_LIMIT)
    return process.stderr_text().strip() or "nothing: the process has ended"


def _pretend(
    run: Run, home: House, faults: list[Fault], user: str = "nobody"
) -> tuple[Recording, Trace, str]:
    recording = record(run, home.program, CALLS, stacks=True, faults=faults)
    process = home.start("drop", user, wrap=recording.strace.argv(), rights=RIGHTS)
    answer = _answer(home, process)
    process.kill()
    return recording, recording.trace(), answer


@check("privileges.order")
def test_order(run: Run) -> None:
    """Call drop_to("nobody") as root; the three changes are made to succeed, and their order is looked at."""
    with house(run, program=drill_program(run)) as home:
        recording, trace, _ = _pretend(run, home, pretended())
        found = disorder(trace)
        if found:
            remark = "" if found.calls else "no such call"
            evidence = recording.exhibit(found.calls, remark)
            raise Failed(found.observed, expected=found.expected, evidence=evidence)


@check("privileges.verified")
def test_verified(run: Run) -> None:
    """Let all changes of IDs report success without being made: drop_to must notice that it is still root."""
    with house(run, program=drill_program(run)) as home:
        recording, trace, answer = _pretend(run, home, pretended())
        if answer != "-1 EPERM":
            raise Failed(
                f"the IDs are still those of root, and drop_to returns {answer}",
                expected="-1 with EPERM: the kernel is asked for the IDs afterwards",
                evidence=recording.exhibit(trace.calls(*DROPS, *ASKS)[-6:]),
            )


@check("privileges.errors")
def test_errors(run: Run) -> None:
    """Fail each of the calls, and name a user that does not exist."""
    with house(run, program=drill_program(run)) as home:
        _, clean, _ = _pretend(run, home, pretended())
        for name in used(clean) or DROPS[:1]:
            recording, trace, answer = _pretend(run, home, pretended(name, "EAGAIN"))
            made = trace.calls(*DROPS)
            if answer != "-1 EAGAIN" or not made or made[-1].name != name:
                raise Failed(
                    f"{name} fails with EAGAIN, and drop_to returns {answer}",
                    expected="-1 with EAGAIN, and no further change is tried",
                    evidence=recording.exhibit(made),
                )
        recording, trace, answer = _pretend(run, home, pretended(), "nobody-of-that-name")
        if answer != "-1 ENOENT" or trace.calls(*DROPS):
            observed = f"a user that does not exist: drop_to returns {answer}"
            raise Failed(observed, expected="-1 with ENOENT, and nothing is changed")


@check("privileges.real")
def test_real(run: Run) -> None:
    """Call drop_to("nobody") as root of a sandbox with many users, in groups root and 4, 5; ask the kernel."""
    room = replace(ROOM, user=None, id_range=run.job.id_range)
    with house(run, room, drill_program(run)) as home:
        process = home.start("drop", "nobody", rights=IN_RANGE)
        answer = _answer(home, process)
        found = kept_by(Escaped(process.pid)) if answer == "0" else []
        if answer != "0" or found:
            observed = "; ".join(wrong.observed for wrong in found) or f"drop_to returns {answer}"
            raise Failed(observed, expected=found[0].expected if found else "0")


@check("privileges.keep")
def test_keep(run: Run) -> None:
    """Call keep_only as root with five capabilities: keep one, keep none, keep one that is not there."""
    with house(run, program=drill_program(run)) as home:
        _keeps(home, str(CAPABILITIES[KEPT]), (KEPT,))
        _keeps(home, "-1", ())
        process = home.start("keep", str(CAPABILITIES["CAP_KILL"]), rights=_five())
        answer = _answer(home, process)
        if answer != "-1 EPERM":
            observed = f"a capability that is not there: keep_only returns {answer}"
            raise Failed(observed, expected="-1 with EPERM")


def _five() -> Rights:
    return Rights((*RIGHTS.capabilities, KEPT, "CAP_CHOWN"))


def _keeps(home: House, number: str, kept: tuple[str, ...]) -> None:
    process = home.start("keep", number, rights=_five())
    answer = _answer(home, process)
    if answer != "0":
        raise Failed(f"keep_only({number}) returns {answer}", expected="0")
    seen = Escaped(process.pid)
    sets = {name: set(names_of(int(seen.status(name), 16))) for name in SETS}
    wanted = {name: set(kept) for name in ("CapPrm", "CapEff")}
    wanted |= {"CapInh": set(), "CapAmb": set()}
    wrong = [name for name in wanted if sets[name] != wanted[name]]
    wrong += ["CapBnd"] if sets["CapBnd"] - set(kept) else []
    if wrong:
        shown = ", ".join(f"{name} {' '.join(sorted(sets[name])) or 'empty'}" for name in wrong)
        raise Failed(
            f"keep_only({number}) leaves {shown}",
            expected=f"0; only {' '.join(kept) or 'nothing'} permitted and effective, and nothing in the others",
        )
