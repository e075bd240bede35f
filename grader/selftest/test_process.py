"""A program seen from outside: ready, waiting with limits, how it ended, what it holds."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path
from typing import Any, Callable

import pytest

from grader.ending import signal_name
from grader.ledger import count_fds, read_ledger
from grader.process import NotStarted, TimeLimit
from grader.sandbox import PARTIAL
from grader.selftest.rooms import LIMIT, Unprivileged, need, opened
from grader.selftest.trees import PYTHON

SOON = 0.05  # seconds, where nothing is to happen
PAUSE = "import signal; signal.pause()"


@pytest.fixture(autouse=True)
def _namespaces() -> None:
    need(PARTIAL)  # ports and signals of other programs are none of ours


def with_program(unprivileged: Unprivileged, code: str, look: Callable[[Any], Any]) -> Any:
    """Start Python code in a sandbox and return look(process)."""

    def body() -> Any:
        with opened() as box:
            return look(box.start([PYTHON, "-ISc", code]))

    return unprivileged(body)


def settled(process: Any) -> Any:
    """Wait until the program has printed something, and return it."""
    assert process.until(lambda: process.stderr_text() != "", LIMIT), process.stderr_text()
    return process


# -- the end -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("", "exit status 0"),
        ("raise SystemExit(42)", "exit status 42"),
        ("raise SystemExit(125)", "exit status 125"),
        ("import os; os.kill(os.getpid(), 15)", "killed by SIGTERM"),
        ("import os; os.abort()", "killed by SIGABRT"),
        ("import os; os.kill(os.getpid(), 40)", "killed by signal 40"),
    ],
)
def test_exit(unprivileged: Unprivileged, code: str, shown: str) -> None:
    end = with_program(unprivileged, code, lambda process: process.wait(LIMIT))
    assert str(end) == shown
    assert end.cpu_seconds > 0 and end.maxrss_bytes > 1 << 20


def test_waiting_twice_gives_the_same(unprivileged: Unprivileged) -> None:
    first, second = with_program(
        unprivileged, "", lambda process: (process.wait(LIMIT), process.wait(0))
    )
    assert first == second


def test_a_wait_has_a_limit(unprivileged: Unprivileged) -> None:
    def look(process: Any) -> Any:
        with pytest.raises(TimeLimit, match="did not end within 0.1 s"):
            process.wait(SOON + 0.05)
        assert not process.ended() and not process.ended(SOON)
        process.kill()
        return process.wait(LIMIT).signal, process.ended()

    assert with_program(unprivileged, PAUSE, look) == (signal.SIGKILL, True)


def test_a_program_that_goes_with_its_sandbox(unprivileged: Unprivileged) -> None:
    def body() -> Any:
        with opened() as box:
            process = box.start([PYTHON, "-ISc", PAUSE])
        return process.ended(), process.ledger().state

    assert unprivileged(body) == (True, "X")


def test_a_signal_to_one_that_has_ended(unprivileged: Unprivileged) -> None:
    def look(process: Any) -> Any:
        process.wait(LIMIT)
        process.signal(signal.SIGTERM)
        return process.until(lambda: False, LIMIT)

    assert with_program(unprivileged, "", look) is False


def test_signal_names() -> None:
    assert (signal_name(15), signal_name(63)) == ("SIGTERM", "signal 63")


# -- the start ---------------------------------------------------------------------------------


def test_what_cannot_be_executed(unprivileged: Unprivileged) -> None:
    def body() -> Any:
        with opened() as box:
            absent, folder = box.start(["/usr/bin/absent"]), box.start(["/usr"])
            return [(p.exec_error, p.wait(LIMIT).code) for p in (absent, folder)]

    assert unprivileged(body) == [(errno.ENOENT, 127), (errno.EACCES, 126)]


def test_a_launcher_that_fails_is_no_fault_of_the_program(unprivileged: Unprivileged) -> None:
    def body() -> None:
        with opened() as box:
            with pytest.raises(NotStarted, match="No such file or directory"):
                box.start(["/usr/bin/true"], cwd="/nonexistent")
            with pytest.raises(NotStarted, match="no tracing today"):
                wrap = ["/bin/sh", "-c", "echo no tracing today >&2; exit 1"]
                box.start(["/usr/bin/true"], wrap=wrap)
            with pytest.raises(NotStarted, match="/nonexistent"):
                box.start(["/usr/bin/true"], wrap=["/nonexistent"])

    unprivileged(body)


# -- while it runs -----------------------------------------------------------------------------

SERVER = """
import signal, socket
server = socket.create_server(("127.0.0.1", 5000))
signal.pause()
"""


def test_ready(unprivileged: Unprivileged) -> None:
    def look(process: Any) -> Any:
        return process.ready(5000, LIMIT), process.ready(5001, SOON)

    assert with_program(unprivileged, SERVER, look) == (True, False)


def test_a_server_on_ipv6_is_ready_too(unprivileged: Unprivileged) -> None:
    code = SERVER.replace('("127.0.0.1", 5000)', '("::1", 5000), family=socket.AF_INET6')
    assert with_program(unprivileged, code, lambda process: process.ready(5000, LIMIT))


def test_a_bound_port_is_not_ready(unprivileged: Unprivileged) -> None:
    code = """
import signal, socket
server = socket.socket()
server.bind(("127.0.0.1", 5000))
print(flush=True)
signal.pause()
"""
    look = lambda process: settled(process).ready(5000, SOON)  # noqa: E731
    assert with_program(unprivileged, code, look) is False


def test_a_server_that_dies_is_not_waited_for(unprivileged: Unprivileged) -> None:
    assert with_program(unprivileged, "", lambda process: process.ready(5000, 1e6)) is False


def test_output_is_bounded_and_always_text(unprivileged: Unprivileged) -> None:
    code = "import os; os.write(1, b'\\xff' * 100000); os.write(2, b'end')"

    def look(process: Any) -> Any:
        process.wait(LIMIT)
        return process.stderr_text()

    assert with_program(unprivileged, code, look) == "\ufffd" * 65536


LEDGER = """
import os, signal, threading
files = [open("/dev/null") for _ in range(5)]
pipes = os.pipe()
child = os.fork()
if child == 0:
    signal.pause()
for _ in range(2):
    threading.Thread(target=signal.pause, daemon=True).start()
sum(range(1000000))
print(flush=True)
signal.pause()
"""


def test_ledger(unprivileged: Unprivileged) -> None:
    ledger, count = with_program(
        unprivileged, LEDGER, lambda p: (settled(p).ledger(), count_fds(p.pid))
    )
    assert len(ledger.fds) == count == 3 + 5 + 2
    assert list(ledger.fds.values()).count("/dev/null") == 6  # stdin is one more
    assert (ledger.threads, len(ledger.children)) == (3, 1)
    assert ledger.state in "SRD" and ledger.cpu_seconds > 0 and ledger.rss_bytes > 1 << 20
    assert "10 descriptors (" in str(ledger) and "2 × pipe" in str(ledger)


def test_ledger_of_a_stopped_and_of_no_process(unprivileged: Unprivileged) -> None:
    def look(process: Any) -> Any:
        process.signal(signal.SIGSTOP)
        stopped = process.until(lambda: process.ledger().state == "T", LIMIT)
        process.signal(signal.SIGKILL)
        process.wait(LIMIT)
        return stopped, process.ledger()

    stopped, gone = with_program(unprivileged, PAUSE, look)
    assert stopped
    assert (gone.state, gone.fds, gone.children, gone.rss_bytes) == ("X", {}, (), 0)


def test_ledger_of_a_name_with_spaces_and_parentheses(unprivileged: Unprivileged) -> None:
    code = """
import ctypes, signal
ctypes.CDLL(None).prctl(15, b"a) X (b", 0, 0, 0)
print(flush=True)
signal.pause()
"""
    assert with_program(unprivileged, code, lambda p: settled(p).ledger()).threads == 1


def test_ledger_of_ourselves() -> None:
    ledger = read_ledger(os.getpid())
    assert ledger.pid == os.getpid() and ledger.state == "R"
    assert count_fds(os.getpid()) == len(os.listdir("/proc/self/fd"))
    assert Path("/proc/self").exists()
