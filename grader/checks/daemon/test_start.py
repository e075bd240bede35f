"""What the caller learns: when it returns, with which status and message."""

from __future__ import annotations

import signal

from grader.checks.daemon.line import tail
from grader.checks.daemon.house import TREE, House, house
from grader.checks.daemon.service import Service, note, wait_caller
from grader.outcome import Failed, check
from grader.recording import record
from grader.run import Run
from grader.strace.faults import Fault

LATE = 150_000  # microseconds that each watch takes longer
READY = ("inotify_add_watch", "inotify_init1", "inotify_init", "fcntl", "flock", "openat")
IMPOSSIBLE = (
    ("-d", "/tmp/there-is-no-such-folder"),
    ("-d", TREE, "-l", "/tmp/no-such-folder/log"),
    ("-d", TREE, "-l", "/tmp"),
    ("-d", TREE, "-p", "/tmp/no-such-folder/pid"),
    ("-d", TREE, "-u", "nobody-of-that-name"),
)


@check("start.status")
def test_start(run: Run) -> None:
    """Make its watches slow and see when the caller returns; start it where it cannot work; use it wrongly;
    name things relative to the caller's folder; keep it in the foreground."""
    with house(run) as home:
        _only_when_ready(run, home)
        for arguments in IMPOSSIBLE:
            _refused(home, arguments)
        _wrong_use(home)
        _relative(home)
        _foreground(home)


def _only_when_ready(run: Run, home: House) -> None:
    late = Fault("inotify_add_watch", delay_us=LATE, when="1+")
    recording = record(run, run.program(), READY, faults=[late])
    service = home.begin("-d", TREE, wrap=recording.strace.argv())
    home.awake(service.daemon)
    home.end_all()
    service.caller.kill()
    trace = recording.trace()
    first = trace.start.pid if trace.start else 0
    exits = [call for call in trace.calls("exit_group") if call.pid == first]
    watches = trace.calls("inotify_add_watch")
    if exits and (not watches or watches[0].end_index > exits[0].index):
        raise Failed(
            "the caller has returned before the service was ready",
            expected="status 0 only after the first watch is set, LOG open and PIDFILE locked",
            evidence=recording.exhibit([*exits[:1], *watches[:1]]),
        )


def _refused(home: House, arguments: tuple[str, ...]) -> None:
    """Raise Failed unless the caller is told, and nothing is left."""
    caller = home.start(*arguments)
    end, said = wait_caller(home, caller), caller.stderr_text().strip()
    shown = " ".join(arguments)
    if end.code in (0, None):
        observed = f"sysdaemon {shown} ends with {end}"
        raise Failed(observed, expected="it cannot start: exit status 1", evidence=note(said))
    if not said:
        raise Failed(f"sysdaemon {shown} says nothing", expected="a message on stderr")
    if not home.empty():
        raise Failed(f"sysdaemon {shown}: a process stays behind", expected="nothing is left")


def _wrong_use(home: House) -> None:
    for arguments in (("-Z",), ("-d", TREE, "superfluous")):
        end = wait_caller(home, home.start(*arguments))
        home.end_all()
        if end.code != 2:
            raise Failed(f"sysdaemon {' '.join(arguments)}: {end}", expected="exit status 2")


def _relative(home: House) -> None:
    """TREE, LOG and PIDFILE as seen from /tmp."""
    home.begin("-d", "watched", "-l", "here.log", "-p", "here.pid", cwd="/tmp")
    home.synchronise("/tmp/here.log")
    if not home.path("/tmp/here.pid").exists():
        raise Failed("-p here.pid: no such file in the caller's folder", expected="/tmp/here.pid")
    home.end_all()


def _foreground(home: House) -> None:
    process = home.start("-n", "-d", TREE)
    if not home.awake(process):
        raise Failed(
            "with -n: no line for an event, or it is gone",
            expected="it serves in the foreground",
            evidence=[tail(home.log()), *note(process.stderr_text())],
        )
    if Service(home, process).daemon.pid != process.pid:
        raise Failed("with -n another process serves", expected="the process that was started")
    process.signal(signal.SIGTERM)
    end = process.wait(home.run.limit(3.0))
    if end.code != 0:
        raise Failed(f"with -n, after SIGTERM: {end}", expected="exit status 0")
