"""Faults: what is asked of strace, where a sweep strikes, what is judged, the table."""

from __future__ import annotations

from collections import Counter

import pytest

from grader.result import Evidence
from grader.strace.ask import Trace
from grader.strace.faults import (
    Fault,
    adds_connection,
    baseline,
    expressions,
    floor,
    on_connection,
    ordinals,
    struck,
)
from grader.strace import sweep
from grader.strace.sweep import (
    FAILED,
    SURVIVED,
    UNFAIR,
    UNREACHED,
    Cell,
    Matrix,
    Pair,
    plan_sweep,
    spread,
)


def trace(lines: str) -> Trace:
    return Trace.of("".join(f"{line.strip()}\n" for line in lines.strip().split("\n")), "/p/server")


LAUNCHER = """
    50 1.0 execve("/usr/bin/gate", ["gate"], 0x1) = 0
    50 1.0 pipe2([3, 4], O_CLOEXEC) = 0
    50 1.0 clone(child_stack=NULL, flags=SIGCHLD) = 51
    51 1.0 close(9) = 0
    51 1.1 execve("/p/server", ["server"], 0x1) = 0
    50 1.1 read(3, "", 4) = 0
    50 1.1 write(4, "pid 51", 6) = 6
    50 1.1 write(4, "pid 51", 6) = 6
    51 1.1 openat(AT_FDCWD</>, "/lib/libc.so.6", O_RDONLY) = 3</lib/libc.so.6>
    51 1.1 read(3</lib/libc.so.6>, "ELF", 832) = 832
    51 1.1 close(3</lib/libc.so.6>) = 0
"""
SERVER = (
    LAUNCHER
    + """
    51 1.2 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_IP) = 3<socket:[10]>
    51 1.2 listen(3<socket:[10]>, 4096) = 0
    51 1.2 epoll_create1(0) = 4<anon_inode:[eventpoll]>
    51 1.2 epoll_ctl(4<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 3<socket:[10]>, {events=EPOLLIN, data=0x3}) = 0
    51 1.3 accept4(3<socket:[10]>, NULL, NULL, SOCK_NONBLOCK) = 5<socket:[11]>
    51 1.3 epoll_ctl(4<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 5<socket:[11]>, {events=EPOLLIN, data=0x5}) = 0
    51 1.4 read(5<socket:[11]>, "a", 9) = 1
    51 1.4 write(5<socket:[11]>, "a", 1) = 1
    51 1.5 read(5<socket:[11]>, "b", 9) = 1
    51 1.5 write(5<socket:[11]>, "b", 1) = 1
    51 1.6 write(5<socket:[11]>, "c", 1) = 1
    51 1.7 close(5<socket:[11]>) = 0
    50 1.8 wait4(51, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 51
"""
)
EMPTY = LAUNCHER + "    51 1.2 exit_group(0) = ?\n"
BASE = Counter({"execve": 1, "openat": 1, "read": 1, "close": 2})


def injected(line: str, where: str = SERVER) -> Trace:
    """The server's run in which one call got an injected result."""
    return trace(
        where.replace(line, line.rpartition(" = ")[0] + " = -1 EIO (Input/output error) (INJECTED)")
    )


# -- a fault ---------------------------------------------------------------------------------------


def test_what_strace_is_asked() -> None:
    assert (
        Fault("accept4", "EMFILE", when="3").expression() == "inject=?accept4:error=EMFILE:when=3"
    )
    late = Fault("clone3", delay_us=500, delay_exit_us=7, when="2+")
    assert late.expression() == "inject=?clone3:delay_enter=500:delay_exit=7:when=2+"
    pretended = Fault("setresuid", retval=0, signal="SIGTERM")
    assert pretended.expression() == "inject=?setresuid:retval=0:signal=SIGTERM:when=1"


@pytest.mark.parametrize(
    ("when", "moved"),
    [
        ("1", "4"),
        ("2+", "5+"),
        ("2+3", "5+3"),
        ("2..4", "5..7"),
        ("2..4+2", "5..7+2"),
        ("1..", "4.."),
    ],
)
def test_counting_from_main(when: str, moved: str) -> None:
    assert Fault("read", "EINTR", when=when).after({"read": 3}).when == moved
    assert Fault("read", "EINTR", when=when).after({}).when == when


@pytest.mark.parametrize("when", ["", "0", "x", "1-2", "65536", "+1", "1 "])
def test_wrong_places_are_refused(when: str) -> None:
    with pytest.raises(ValueError):
        Fault("read", "EINTR", when=when)


def test_contradictions_are_refused() -> None:
    with pytest.raises(ValueError):
        Fault("read", "EINTR", retval=0)
    with pytest.raises(ValueError, match="read"):
        expressions([Fault("read", "EINTR"), Fault("write", "EINTR"), Fault("read", delay_us=5)])


# -- where it strikes ------------------------------------------------------------------------------


def test_calls_before_main_are_counted() -> None:
    assert baseline(lambda: trace(EMPTY)) == BASE
    with pytest.raises(ValueError):
        baseline(lambda: trace("1 1.0 close(3) = 0"))


def test_every_thread_is_counted_by_itself() -> None:
    server = trace(SERVER)
    numbers = ordinals(server)
    assert [numbers[call.index] for call in server.calls("read")] == [1, 2, 3]
    assert [numbers[call.index] for call in server.calls("write")] == [1, 2, 3]
    assert [numbers[call.index] for call in server.calls("close")] == [2, 3]


def test_neither_loader_nor_launcher_may_be_struck() -> None:
    server = trace(SERVER)
    assert {name: floor(server, BASE, name) for name in ("read", "write", "accept4", "clone")} == {
        "read": 1,
        "write": 2,
        "accept4": 0,
        "clone": 1,
    }


def test_a_plan() -> None:
    pairs = [
        Pair("read", "ECONNRESET", on_connection),
        Pair("write", "EINTR"),
        Pair("epoll_ctl", "ENOMEM", adds_connection),
        Pair("accept4", "EMFILE"),
        Pair("splice", "EIO"),
    ]
    cells = plan_sweep(trace(SERVER), pairs, BASE)
    assert [(cell.call, cell.n, cell.when) for cell in cells] == [
        ("read", 1, 2),
        ("read", 2, 3),
        ("write", 3, 3),
        ("epoll_ctl", 2, 2),
        ("accept4", 1, 1),
    ]
    assert cells[0].fault.expression() == "inject=?read:error=ECONNRESET:when=2"


def test_a_program_that_makes_many_calls_is_run_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    server = trace(SERVER)
    pairs = [Pair("read", "ECONNRESET"), Pair("write", "EINTR"), Pair("accept4", "EMFILE")]
    every = plan_sweep(server, pairs, BASE)
    monkeypatch.setattr(sweep, "CALLS", 2 * len(server.calls()))
    assert plan_sweep(server, pairs, BASE) == every[:: -(-len(every) // 2)]
    monkeypatch.setattr(sweep, "CALLS", 1)
    assert plan_sweep(server, pairs, BASE) == every[:1]


def test_places_are_spread() -> None:
    assert spread(list(range(1, 4)), 4) == [1, 2, 3]
    assert spread(list(range(1, 101)), 4) == [1, 26, 51, 76]
    assert spread(list(range(1, 101)), 2) == [1, 51]
    assert spread(list(range(1, 101)), 1) == [1]
    assert len(spread(list(range(1000)), 7)) == 7


# -- whether it struck -----------------------------------------------------------------------------


def test_what_was_struck() -> None:
    assert struck(trace(SERVER))[0] == "unreached"
    read = injected('51 1.5 read(5<socket:[11]>, "b", 9) = 1')
    assert struck(read, on_connection)[0] == "hit"
    assert [call.time for call in struck(read)[1]] == [1.5]
    listener = injected("EPOLL_CTL_ADD, 3<socket:[10]>, {events=EPOLLIN, data=0x3}) = 0")
    assert struck(listener, adds_connection)[0] == "unfair" and struck(listener)[0] == "hit"
    connection = injected("EPOLL_CTL_ADD, 5<socket:[11]>, {events=EPOLLIN, data=0x5}) = 0")
    assert struck(connection, adds_connection)[0] == "hit"
    launcher = injected('50 1.1 read(3, "", 4) = 0')
    assert struck(launcher)[0] == "unfair"
    loader = injected('51 1.1 read(3</lib/libc.so.6>, "ELF", 832) = 832')
    assert struck(loader, on_connection)[0] == "unfair"
    late = trace(SERVER.replace('"b", 1) = 1', '"b", 1) = 1 (DELAYED)'))
    assert struck(late)[0] == "hit"


def test_only_fair_strikes_are_judged() -> None:
    cell = Cell("read", "EIO", 1, 2, fair=on_connection)
    proof = Evidence("trace", "read(5) = -1 EIO")
    hit = injected('51 1.5 read(5<socket:[11]>, "b", 9) = 1')
    assert cell.judged(hit, True, [proof]) == Cell("read", "EIO", 1, 2, SURVIVED)
    assert cell.judged(hit, False, [proof]) == Cell("read", "EIO", 1, 2, FAILED, (proof,))
    assert cell.judged(trace(SERVER), False).verdict == UNREACHED
    assert (
        cell.judged(injected('51 1.1 read(3</lib/libc.so.6>, "ELF", 832) = 832'), False).verdict
        == UNFAIR
    )


# -- the table -------------------------------------------------------------------------------------


def cells(call: str, errno: str, *verdicts: str) -> list[Cell]:
    proof = (Evidence("trace", f"{call} {errno}"),)
    return [
        Cell(call, errno, n, n, verdict, proof if verdict == FAILED else ())
        for n, verdict in enumerate(verdicts, 1)
    ]


def test_the_table() -> None:
    matrix = Matrix(
        (
            *cells("accept4", "EMFILE", SURVIVED, SURVIVED, FAILED),
            *cells("accept4", "ECONNABORTED", SURVIVED, UNREACHED),
            *cells("epoll_wait", "EINTR", FAILED, SURVIVED, UNFAIR),
        )
    )
    assert matrix.text() == (
        "            EMFILE  ECONNABORTED  EINTR\n"
        "accept4     ..X     .-\n"
        "epoll_wait                        X.-\n"
        ". survived   X failed   - did not strike, not judged"
    )
    assert matrix.judged == 6 and matrix.share == pytest.approx(1 / 3)
    assert [exhibit.text for exhibit in matrix.evidence()[1:]] == [
        "accept4 EMFILE",
        "epoll_wait EINTR",
    ]
    assert matrix.evidence()[0].kind == "matrix"


def test_a_wide_table_is_folded() -> None:
    errors = [f"ELONGNAME{number}" for number in range(20)]
    matrix = Matrix(
        tuple(cell for error in errors for cell in cells("epoll_pwait2", error, SURVIVED))
    )
    lines = matrix.text().split("\n")
    assert all(len(line) <= 80 for line in lines) and len(lines) == 9
    assert all(any(error in line for line in lines) for error in errors)


def test_an_empty_table() -> None:
    assert Matrix(()).share == 0.0 and Matrix(()).judged == 0
    assert Matrix(()).text().startswith(".")


def test_faults_that_end_alike_are_told_once() -> None:
    ends = ("no table", "no table", "it hangs")
    failed = [
        Cell("read", "EINTR", n, n, FAILED, (Evidence("note", text),))
        for n, text in enumerate(ends)
    ]
    matrix = Matrix((*failed, *cells("wait4", "EINTR", SURVIVED)))
    count = "3 of 4 faults were not survived"
    assert matrix.told() == f"{count}\nread EINTR: no table (2 times)\nread EINTR: it hangs"
    assert matrix.told(1) == f"{count}\nread EINTR: no table (2 times)"
