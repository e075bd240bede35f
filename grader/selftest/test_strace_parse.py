"""The parser of strace's output, on recorded traces of two versions and on single lines."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from grader.strace.events import Call, Exit, Garbage, Note, Signal, Superseded
from grader.strace.parse import parse

TRACES = sorted((Path(__file__).parent / "traces").glob("*.txt"))
VERSIONS = ("strace-6.1", "strace-6.13")


def call(line: str) -> Call:
    """The one call of one line."""
    (event,) = parse(line + "\n")
    assert isinstance(event, Call), event
    return event


def recorded(version: str, probe: str) -> list[Call]:
    path = Path(__file__).parent / "traces" / f"{version}-{probe}.txt"
    return [event for event in parse(path.read_text()) if isinstance(event, Call)]


# -- whole recorded traces -------------------------------------------------------------------------


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_every_recorded_line_is_understood(path: Path) -> None:
    events = parse(path.read_text())
    assert events
    assert not [event for event in events if isinstance(event, (Garbage, Note))]


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_a_recorded_trace_cut_anywhere_never_lies(path: Path) -> None:
    text = path.read_text()
    whole = {event.index: event for event in parse(text) if isinstance(event, Call)}
    for end in range(0, len(text), 997):
        for event in parse(text[:end]):
            if isinstance(event, Call):
                full = whole[event.index]
                assert (event.name, event.pid) == (full.name, full.pid)
                assert event.unfinished or (event.body, event.tail) == (full.body, full.tail)


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_lines_are_counted_once(path: Path) -> None:
    lines = path.read_text().split("\n")
    events = [event for event in parse(path.read_text()) if not isinstance(event, Garbage)]
    printed = [line for event in events for line in event.text.split("\n")]
    assert sorted(printed) == sorted(line for line in lines if line and not line.startswith(" > "))


@pytest.mark.parametrize("version", VERSIONS)
def test_sockets(version: str) -> None:
    calls = recorded(version, "sockets")
    accepted = [c for c in calls if c.name == "accept4" and not c.failed]
    assert [c.arg(3).flags for c in accepted] == [{"SOCK_CLOEXEC", "SOCK_NONBLOCK"}]
    assert accepted[0].result_path.startswith("socket:[")
    bound = next(c for c in calls if c.name == "bind")
    assert bound.arg(1).struct["sin_port"].value == 0
    waits = [c for c in calls if c.name == "epoll_wait" and c.result == 1]
    assert all(c.arg(1).items[0].struct["events"].flags == {"EPOLLIN"} for c in waits)
    sent = next(c for c in calls if c.name == "sendto")
    assert sent.arg(1).string == b'hel"lo\n\1\0012\377'
    assert sent.arg(3).flags == {"MSG_NOSIGNAL"}
    ioctl = next(c for c in calls if c.name == "ioctl")
    assert ioctl.arg(1).flags == {"FIONBIO"} and ioctl.arg(2).value == 1
    option = next(c for c in calls if c.name == "getsockopt")
    assert option.arg(4).value == 4
    poll = [c for c in calls if c.name == "poll"][-1]
    assert [item.struct["fd"].fd for item in poll.arg(0).items] == [5, 3]
    assert poll.result == 1 and poll.result_text == "([{fd=5, revents=POLLIN}])"
    select = next(c for c in calls if c.name == "pselect6")
    assert [item.fd for item in select.arg(1).items] == [3, 5]
    pipes = next(c for c in calls if c.name == "pipe2")
    assert [item.path.partition("[")[0] for item in pipes.arg(0).items] == ["pipe:", "pipe:"]
    abstract = [c for c in calls if c.name == "bind"][-1]
    assert abstract.arg(1).struct["sun_path"].string == b"\0dev/l"


@pytest.mark.parametrize("version", VERSIONS)
def test_names(version: str) -> None:
    opened = [
        c for c in recorded(version, "names") if c.name == "openat" and c.arg(3).value == 0o640
    ]
    names = [c.arg(1).string for c in opened]
    assert names[:8] == [
        b"a) = 5",
        b"b<c>d",
        b"new\nline",
        b'q"uote',
        b"back\\slash",
        b"x <unfinished ...>",
        b"y = -1 ENOENT (No such file or directory)",
        b"\xff\xfe\x80",
    ]
    for item in opened:
        if item.failed:
            continue
        assert item.result == 3 and item.errno == ""
        name = (item.arg(1).string or b"").decode("utf-8", "surrogateescape")
        assert item.result_path == f"/tmp/w/{name}"
    everything = next(
        c for c in recorded(version, "names") if c.name == "write" and c.result == 256
    )
    assert everything.arg(1).string == bytes(range(32)) and everything.arg(1).truncated
    fake = next(
        c for c in recorded(version, "names") if (c.arg(1).string or b"").startswith(b"123 17")
    )
    assert fake.name == "write" and fake.result == 64
    assert not [c for c in recorded(version, "names") if c.name == "accept4"]


@pytest.mark.parametrize("version", VERSIONS)
def test_processes(version: str) -> None:
    path = Path(__file__).parent / "traces" / f"{version}-processes.txt"
    events = parse(path.read_text())
    ends = [event for event in events if isinstance(event, Exit)]
    assert {event.signal for event in ends} >= {"SIGKILL", "SIGABRT", "SIGSEGV", "SIGTERM"}
    assert {event.code for event in ends} >= {3, 127, 0, 5}
    stopped = [event for event in events if isinstance(event, Signal) and event.stopped]
    assert [event.name for event in stopped] == ["SIGSTOP"]
    child = next(event for event in events if isinstance(event, Signal) and event.name == "SIGCHLD")
    assert child.fields["si_status"].value == 3
    (superseded,) = [event for event in events if isinstance(event, Superseded)]
    exec_call = next(
        event
        for event in events
        if isinstance(event, Call) and event.pid == superseded.by and event.name == "execve"
    )
    assert exec_call.result == 0 and exec_call.arg(1).items[1].string == b"a b"
    restarts = {event.errno for event in events if isinstance(event, Call)}
    assert restarts >= {"ERESTARTSYS", "ERESTARTNOHAND", "ERESTART_RESTARTBLOCK"}
    mask = next(event for event in events if isinstance(event, Call) and event.name == "umask")
    assert mask.arg(0).value == 0o27 and mask.result == 0o22


@pytest.mark.parametrize("version", VERSIONS)
def test_pids_of_another_namespace(version: str) -> None:
    calls = recorded(version, "nested")
    forks = [c for c in calls if c.name in ("clone", "clone3", "vfork") and "NS */" in c.tail]
    path = Path(__file__).parent / "traces" / f"{version}-nested.txt"
    pids = {event.pid for event in parse(path.read_text()) if isinstance(event, (Call, Exit))}
    assert forks and all(c.result_pid in pids and c.result_pid != c.result for c in forks)
    kill = next(c for c in calls if c.name == "kill" and "NS */" in c.body)
    assert kill.arg(0).value == 3 and kill.arg(0).pid in pids and kill.arg(1).flags == {"SIGCONT"}


@pytest.mark.parametrize("version", VERSIONS)
def test_stacks(version: str) -> None:
    handler = [
        c
        for c in recorded(version, "stacks")
        if c.name == "write" and c.arg(1).string == b"handler\n"
    ]
    assert handler
    for item in handler:
        functions = [frame.function for frame in item.stack]
        assert functions[-1] == "_start" and "on" in functions and "main" in functions
        assert item.stack[-1].image.endswith("/processes") and item.stack[-1].address


@pytest.mark.parametrize("version", VERSIONS)
def test_faults(version: str) -> None:
    calls = recorded(version, "faults")
    (aborted,) = [c for c in calls if c.injected and c.name == "accept4"]
    assert aborted.errno == "ECONNABORTED" and aborted.result == -1 and not aborted.delayed
    (pretended,) = [c for c in calls if c.injected and c.name == "epoll_ctl"]
    assert pretended.result == 0 and not pretended.failed
    (late,) = [c for c in calls if c.delayed]
    assert not late.injected and late.duration is not None and late.duration >= 0.0009


@pytest.mark.parametrize("version", VERSIONS)
def test_objects(version: str) -> None:
    calls = {c.name: c for c in recorded(version, "objects")}
    assert calls["semtimedop"].arg(1).items[0].struct["sem_flg"].flags == {"SEM_UNDO"}
    assert calls["capset"].arg(1).struct["effective"].flags == {
        "CAP_NET_BIND_SERVICE",
        "CAP_NET_ADMIN",
    }
    assert calls["setgroups"].arg(1).items[1].value == 1001
    assert calls["mq_open"].result_path == "/q"


# -- single lines ----------------------------------------------------------------------------------


def test_a_call_without_pid_and_time() -> None:
    read = call('read(3, "x", 1)     = 1')
    assert (read.pid, read.time, read.result) == (0, 0.0, 1)


def test_the_pid_as_it_is_on_a_terminal() -> None:
    assert call("[pid    12] 1700000000.5 getpid() = 12").pid == 12


def test_text_in_a_string_is_only_text() -> None:
    line = r'7 1.5 write(1</tmp/x>, "\") = 5 <unfinished ...> --- SIGTERM +++", 9) = 9'
    assert call(line).result == 9


def test_a_path_may_hold_anything() -> None:
    item = call(r"7 1.5 fsync(3</tmp/a) = 0, \"b \74x\76>(deleted)) = -1 EIO (Input/output error)")
    assert item.errno == "EIO" and item.fd == 3
    assert item.arg(0).path == '/tmp/a) = 0, "b <x>' and item.arg(0).deleted


def test_endpoints_of_yy() -> None:
    item = call("7 1.5 read(3<TCP:[127.0.0.1:1->127.0.0.1:2]>, 4</dev/null<char 1:3>>, 5) = 0")
    assert item.arg(0).path == "TCP:[127.0.0.1:1->127.0.0.1:2]"
    assert item.arg(1).path == "/dev/null<char 1:3>" and item.arg(2).value == 5


def test_halves_are_joined() -> None:
    (first, second) = parse(
        "1 1.0 read(3,  <unfinished ...>\n"
        '2 1.1 write(4, "a", 1) = 1\n'
        '1 1.2 <... read resumed>"abc", 10) = 3 (INJECTED)\n'
    )
    assert isinstance(first, Call) and isinstance(second, Call)
    assert [arg.text for arg in first.args] == ["3", '"abc"', "10"]
    assert (first.result, first.injected, first.end_time, first.end_index) == (3, True, 1.2, 2)
    assert first.overlaps(second) and second.overlaps(first)


def test_halves_that_do_not_fit_stay_apart() -> None:
    events = parse("1 1.0 read(3,  <unfinished ...>\n1 1.1 <... write resumed>) = 1\n")
    assert [type(event) for event in events] == [Call, Garbage]
    events = parse('1 1.1 <... read resumed>"a", 1) = 1\n')
    assert [type(event) for event in events] == [Garbage]


def test_death_inside_a_call() -> None:
    first, end = parse(
        "9 1.0 futex(0x1, FUTEX_WAIT, 2, NULL <unfinished ...>\n9 1.1 +++ killed by SIGKILL +++\n"
    )
    assert isinstance(first, Call) and first.unfinished and first.result is None
    assert first.arg(1).flags == {"FUTEX_WAIT"} and first.arg(9).value is None
    assert isinstance(end, Exit) and (end.signal, end.code, end.core) == ("SIGKILL", None, False)
    (first, _) = parse(
        "9 1.0 read(0,  <unfinished ...>) = ?\n9 1.1 +++ killed by SIGSEGV (core dumped) +++\n"
    )
    assert isinstance(first, Call) and first.unfinished and first.result is None and first.fd == 0


def test_a_call_that_went_on_after_a_stop() -> None:
    item = call("9 1.0 restart_syscall(<... resuming interrupted clock_nanosleep ...>) = 0")
    assert (item.name, item.result) == ("restart_syscall", 0)


def test_an_unfinished_line_that_strace_left() -> None:
    for ending in ("<detached ...>", "<unfinished ...>", "<ptrace(SYSCALL):No such process>"):
        (event,) = parse(f"9 1.0 pause( {ending}\n")
        assert isinstance(event, Call) and event.unfinished and event.args == ()


def test_the_last_line_counts_only_when_it_is_whole() -> None:
    first, cut = parse('9 1.0 getpid() = 9\n9 1.1 write(1, "abc", 3) = 1')
    assert isinstance(first, Call) and isinstance(cut, Garbage)


def test_what_strace_says_about_itself() -> None:
    events = parse(
        "strace: Process 7 attached\n[pid 3] [ Process PID=3 runs in 32 bit mode. ]\n5 1.0 <detached ...>\n"
    )
    assert [type(event) for event in events] == [Note, Note, Note]


def test_forged_stack_lines_are_garbage() -> None:
    events = parse("1 1.0 getpid() = 1\n > /p/x(evil\n > /p/x(main+0x4) [0x1234]\n")
    assert [type(event) for event in events] == [Call, Garbage, Garbage]


def test_names_in_a_stack() -> None:
    (event,) = parse(
        "1 1.0 getpid() = 1\n > /p/x(f(int, char*)+0x4) [0x1234]\n > unexpected_backtracing_error [0x7f]\n"
    )
    assert isinstance(event, Call)
    assert event.stack[0].function == "f(int, char*)" and event.stack[0].image == "/p/x"
    assert event.stack[1].address == 0x7F and event.stack[1].image == ""


def test_values() -> None:
    item = call(
        "1 1.0 f(0x10, 0644, NULL, AT_FDCWD</tmp>, [16 => 4], 8192*1024, 5 /* 7 in strace's PID NS */, -1, X) = 0x7f"
    )
    assert [arg.value for arg in item.args] == [16, 0o644, 0, -100, 4, 8192 * 1024, 5, -1, None]
    assert item.result == 0x7F and item.arg(3).path == "/tmp"
    item = call("1 1.0 clone3({flags=CLONE_VM|CLONE_FILES, stack=0x1} => {parent_tid=[5]}, 88) = 5")
    assert (
        item.arg("flags").flags == {"CLONE_VM", "CLONE_FILES"} and item.arg("parent_tid").value == 5
    )
    item = call("1 1.0 clone(child_stack=NULL, flags=CLONE_VFORK|SIGCHLD) = 5")
    assert item.arg("flags").flags == {"CLONE_VFORK", "SIGCHLD"} and item.arg("nothing").text == ""
    item = call("1 1.0 fcntl(3, F_GETFL) = 0x802 (flags O_RDWR|O_NONBLOCK)")
    assert item.result == 0x802 and item.result_text == "(flags O_RDWR|O_NONBLOCK)"
    item = call("1 1.0 rt_sigprocmask(SIG_BLOCK, ~[RTMIN RT_1], [INT], 8) = 0")
    assert item.arg(1).flags == {"RTMIN", "RT_1"} and item.arg(2).flags == {"INT"}


def test_it_is_fast() -> None:
    text = (Path(__file__).parent / "traces" / "strace-6.1-sockets.txt").read_text() * 50
    start = time.process_time()
    events = parse(text)
    assert (
        len(events) / (time.process_time() - start) > 20_000
    )  # 150,000 and more when nothing else runs


def test_instruction_pointers() -> None:
    text = """\
7 1700000000.000001 [000000000040125b] close(3 <unfinished ...>
8 1700000000.000002 [00007f50ce6845d8] getpid() = 8
7 1700000000.000003 [000000000040125b] <... close resumed>) = 0
7 1700000000.000004 [????????????????] +++ exited with 0 +++
"""
    closed, asked, ended = parse(text)
    assert isinstance(closed, Call) and closed.result == 0 and "[000000000040125b]" in closed.text
    assert isinstance(asked, Call) and asked.pid == 8
    assert not isinstance(ended, (Call, Garbage))
