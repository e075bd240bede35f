"""Questions about traces, on small traces written by hand and on the recorded ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.strace.ask import Trace
from grader.strace.descriptors import Descriptor

VERSIONS = ("strace-6.1", "strace-6.13")


def trace(lines: str, program: str = "") -> Trace:
    """A trace of lines without time and, where it does not matter, without pid."""
    return Trace.of("".join(f"{line.strip()}\n" for line in lines.strip().split("\n")), program)


def recorded(version: str, probe: str, program: str = "") -> Trace:
    path = Path(__file__).parent / "traces" / f"{version}-{probe}.txt"
    return Trace.of(path.read_text(), program)


def one(trace: Trace, number: int) -> Descriptor:
    """The only descriptor that ever had this number."""
    (found,) = [d for d in trace.descriptors() if d.number == number]
    return found


SERVER = """
    7 1.0 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, IPPROTO_IP) = 3<socket:[10]>
    7 1.1 listen(3<socket:[10]>, 4096) = 0
    7 1.2 epoll_create1(EPOLL_CLOEXEC) = 4<anon_inode:[eventpoll]>
    7 1.3 epoll_ctl(4<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 3<socket:[10]>, {events=EPOLLIN, data=0x3}) = 0
    7 1.4 epoll_wait(4<anon_inode:[eventpoll]>, [{events=EPOLLIN, data=0x3}], 64, -1) = 1
    7 1.5 accept4(3<socket:[10]>, NULL, NULL, SOCK_NONBLOCK) = 5<socket:[11]>
    7 1.6 epoll_ctl(4<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 5<socket:[11]>, {events=EPOLLIN|EPOLLET, data=0x5}) = 0
    7 2.0 epoll_wait(4<anon_inode:[eventpoll]>, [{events=EPOLLIN, data=0x5}], 64, -1) = 1
    7 2.1 read(5<socket:[11]>, "abcd", 4) = 4
    7 2.2 write(5<socket:[11]>, "abcd", 4) = 4
    7 2.3 read(5<socket:[11]>, 0x1, 4) = -1 EAGAIN (Resource temporarily unavailable)
    7 3.0 epoll_wait(4<anon_inode:[eventpoll]>, [{events=EPOLLIN|EPOLLRDHUP, data=0x5}], 64, -1) = 1
    7 3.1 read(5<socket:[11]>, "", 4) = 0
    7 3.2 close(5<socket:[11]>) = 0
    7 3.3 epoll_wait(4<anon_inode:[eventpoll]>, [], 64, 500) = 0
"""


def test_a_good_server_gives_no_reason_to_complain() -> None:
    server = trace(SERVER)
    assert [d.number for d in server.listeners()] == [3]
    (connection,) = server.connections()
    assert connection.number == 5 and connection.kind == "connection"
    assert connection.file.listener is server.listeners()[0]
    assert server.opened_nonblocking(connection) and not server.blocking_sockets()
    assert server.waited_on_before_nonblocking(connection) is None
    assert not server.unannounced_reads() and not server.undrained_reads()
    assert not server.level_triggered()
    assert [r.timeout for r in server.epoll_returns()] == [-1, -1, -1, 500]
    assert [r.call.time for r in server.epoll_returns(connection)] == [2.0, 3.0]
    (registration,) = server.registrations(connection)
    assert registration.events == {"EPOLLIN", "EPOLLET"} and registration.data == 5
    assert registration.end is None and not registration.active_at(13)  # closed
    reads = server.reads(connection)
    assert [(r.moved, r.asked, r.again, r.end_of_file) for r in reads] == [
        (4, 4, False, False),
        (0, 4, True, False),
        (0, 4, False, True),
    ]


def test_stretches_know_the_whole() -> None:
    server = trace(SERVER)
    part = server.between(2.05, 3.05)
    assert [c.name for c in part.calls()] == ["read", "write", "read", "epoll_wait"]
    assert [t.nonblocking for t in part.transfers()] == [True, True, True]
    assert len(part.epoll_returns()) == 1 and part.connections() == ()
    assert len(server.since(3.0).calls()) == 4
    accept = server.calls("accept4")[0]
    assert server.since(accept).calls()[0] is accept
    assert server.between(accept, server.calls("read")[0]).calls("read") == ()
    assert part.between(3.0).calls("epoll_wait") == part.calls("epoll_wait")


def test_a_connection_that_blocks() -> None:
    server = trace(SERVER.replace("NULL, NULL, SOCK_NONBLOCK", "NULL, NULL, 0"))
    (blocking,) = server.blocking_sockets()
    assert blocking.descriptor.number == 5
    assert [c.name for c in blocking.calls] == ["accept4", "read", "write", "read", "read"]
    wait = server.waited_on_before_nonblocking(blocking.descriptor)
    assert wait is not None and wait.time == 2.0
    assert not server.opened_nonblocking(blocking.descriptor)


@pytest.mark.parametrize(
    "line",
    [
        "fcntl(5<socket:[11]>, F_SETFL, O_RDWR|O_NONBLOCK) = 0",
        "ioctl(5<socket:[11]>, FIONBIO, [1]) = 0",
    ],
)
def test_every_way_to_be_nonblocking(line: str) -> None:
    text = SERVER.replace("NULL, NULL, SOCK_NONBLOCK", "NULL, NULL, 0")
    server = trace(text.replace("7 2.0 ", f"7 1.7 {line}\n    7 2.0 "))
    assert not server.blocking_sockets()
    assert server.waited_on_before_nonblocking(server.connections()[0]) is None


def test_dontwait_on_every_call_is_as_good() -> None:
    text = SERVER.replace("NULL, NULL, SOCK_NONBLOCK", "NULL, NULL, 0")
    text = text.replace(
        'read(5<socket:[11]>, "abcd", 4)', 'recv(5<socket:[11]>, "abcd", 4, MSG_DONTWAIT)'
    )
    text = text.replace(
        "read(5<socket:[11]>, 0x1, 4)", "recvfrom(5<socket:[11]>, 0x1, 4, MSG_DONTWAIT, NULL, NULL)"
    )
    text = text.replace(
        'write(5<socket:[11]>, "abcd", 4)',
        'sendto(5<socket:[11]>, "abcd", 4, MSG_DONTWAIT|MSG_NOSIGNAL, NULL, 0)',
    )
    server = trace(
        text.replace('read(5<socket:[11]>, "", 4)', 'recv(5<socket:[11]>, "", 4, MSG_DONTWAIT)')
    )
    assert not server.blocking_sockets()
    server = trace(text)  # the last one is still a plain read
    assert [c.name for c in server.blocking_sockets()[0].calls] == ["accept4", "read"]


def test_a_listener_may_block_only_where_nobody_waits_for_it() -> None:
    text = SERVER.replace("SOCK_STREAM|SOCK_NONBLOCK", "SOCK_STREAM")
    (blocking,) = trace(text).blocking_sockets()
    assert [c.name for c in blocking.calls] == ["socket", "epoll_wait", "accept4"]
    lines = [line for line in text.split("\n") if "data=0x3" not in line]
    assert not trace("\n".join(lines)).blocking_sockets()


THREADED = """
    7 1.0 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3<socket:[10]>
    7 1.1 listen(3<socket:[10]>, 4096) = 0
    7 1.2 epoll_create1(0) = 4<anon_inode:[eventpoll]>
    7 1.3 accept(3<socket:[10]>, NULL, NULL) = 5<socket:[11]>
    7 1.4 clone3({flags=CLONE_VM|CLONE_FILES|CLONE_THREAD, stack=0x1} => {parent_tid=[8]}, 88) = 8
    8 1.5 read(5<socket:[11]>, "a", 4) = 1
    8 1.6 write(5<socket:[11]>, "a", 1) = 1
    8 1.7 read(5<socket:[11]>, "b", 4) = 1
    8 1.8 write(5<socket:[11]>, "b", 1) = 1
"""


def test_a_thread_per_connection_with_dead_epoll_code() -> None:
    server = trace(THREADED)
    assert len(server.threads()) == 1 and not server.forks()
    assert [r.call.time for r in server.unannounced_reads()] == [1.7]
    assert [c.name for c in server.blocking_sockets()[0].calls] == [
        "accept",
        "read",
        "write",
        "read",
        "write",
    ]
    assert server.members[8].thread and server.members[8].process == 7


def test_polling_without_an_announcement() -> None:
    text = SERVER.replace(
        "7 3.0 epoll_wait", '7 2.5 read(5<socket:[11]>, "x", 4) = 1\n    7 3.0 epoll_wait'
    )
    assert [r.call.time for r in trace(text).unannounced_reads()] == [2.5]
    assert [r.call.time for r in trace(text).since(2.0).unannounced_reads()] == [2.5]
    assert not trace(text).between(2.6, 3.0).unannounced_reads()


def test_data_that_tells_connections_apart_badly_is_no_offence() -> None:
    text = SERVER.replace("data=0x3", "data=0").replace("data=0x5", "data=0")
    server = trace(text)
    assert server.epoll_returns()[1].ready[0].target is None
    assert not server.unannounced_reads()


def test_a_list_that_strace_cut_is_no_offence() -> None:
    text = SERVER.replace(
        "[{events=EPOLLIN, data=0x5}], 64, -1) = 1",
        "[{events=EPOLLIN, data=0x3}, ...], 64, -1) = 2",
    )
    server = trace(text)
    assert not server.epoll_returns()[1].complete
    assert not server.unannounced_reads()


def test_edge_triggered_without_draining() -> None:
    text = "\n".join(line for line in SERVER.split("\n") if "EAGAIN" not in line)
    assert [r.call.time for r in trace(text).undrained_reads()] == [2.1]
    level = trace(text.replace("EPOLLIN|EPOLLET", "EPOLLIN"))
    assert [r.target.number for r in level.level_triggered()] == [5]


def test_modify_and_delete_and_injected_results() -> None:
    head = "\n".join(SERVER.strip().split("\n")[:7])
    later = trace(
        head
        + """
        7 2.0 epoll_ctl(4<anon_inode:[eventpoll]>, EPOLL_CTL_MOD, 5<socket:[11]>, {events=EPOLLIN|EPOLLOUT, data={u32=5, u64=5}}) = 0
        7 2.1 epoll_ctl(4<anon_inode:[eventpoll]>, EPOLL_CTL_MOD, 5<socket:[11]>, {events=0, data={u32=5, u64=5}}) = -1 ENOMEM (Cannot allocate memory) (INJECTED)
        7 2.2 epoll_ctl(4<anon_inode:[eventpoll]>, EPOLL_CTL_DEL, 5<socket:[11]>, NULL) = 0
        7 2.3 epoll_ctl(4<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 5<socket:[11]>, {events=EPOLLIN, data=0x5}) = 0 (INJECTED)
        7 2.4 close(5<socket:[11]>) = -1 EINTR (Interrupted system call) (INJECTED)
        """
    )
    (connection,) = later.connections()
    assert [sorted(r.events) for r in later.registrations(connection)] == [
        ["EPOLLET", "EPOLLIN"],
        ["EPOLLIN", "EPOLLOUT"],
    ]
    assert later.registrations(connection)[1].ended_by is later.calls("epoll_ctl")[-2]
    assert connection.closed is None
    assert [c.name for c in later.injected()] == ["epoll_ctl", "epoll_ctl", "close"]


def test_descriptors_through_dup_fork_and_exec() -> None:
    t = trace(
        """
        7 openat(AT_FDCWD</>, "/a", O_RDONLY|O_CLOEXEC) = 3</a>
        7 dup(3</a>) = 4</a>
        7 fcntl(3</a>, F_DUPFD_CLOEXEC, 10) = 10</a>
        7 fcntl(4</a>, F_SETFL, O_RDONLY|O_NONBLOCK) = 0
        7 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD) = 8
        8 close(4</a>) = 0
        8 dup2(10</a>, 0) = 0</a>
        8 execve("/bin/true", ["true"], 0x1 /* 3 vars */) = 0
        7 fcntl(10</a>, F_SETFD, 0) = 0
        7 close(3</a>) = 0
        7 pipe2([3<pipe:[5]>, 5<pipe:[5]>], O_NONBLOCK) = 0
        """
    )
    files = {id(d.file): d.file for d in t.descriptors() if d.file.path == "/a"}
    (file,) = files.values()
    assert file.nonblocking(2) is False and file.nonblocking(5) is True
    child = {
        (d.number, d.closed.name if d.closed else "") for d in t.descriptors() if d.process == 8
    }
    assert child == {(3, "execve"), (4, "close"), (10, "execve"), (0, "")}
    parent = [(d.number, d.cloexec, d.end) for d in t.descriptors() if d.process == 7]
    assert parent == [
        (3, True, 9),
        (4, False, None),
        (10, False, None),
        (3, False, None),
        (5, False, None),
    ]
    assert file.end is None
    assert t.descriptor(t.calls("close")[0]) is not t.descriptor(t.calls("close")[1])


def test_close_frees_the_number_when_it_begins() -> None:
    t = trace(
        """
        7 socket(AF_INET, SOCK_STREAM, 0) = 5<socket:[1]>
        7 close(5<socket:[1]> <unfinished ...>
        8 accept4(3<socket:[9]>, NULL, NULL, SOCK_NONBLOCK) = 5<socket:[2]>
        7 <... close resumed>) = 0
        8 read(5<socket:[2]>, "x", 1) = 1
        """.replace(
            "8 accept4", "8 accept4"
        )
    )
    (connection,) = t.connections()
    assert connection.closed is None and t.reads(connection)


def test_a_socket_that_changed_behind_the_trace() -> None:
    t = trace('7 read(5<socket:[1]>, "x", 1) = 1\n7 read(5<socket:[2]>, "y", 1) = 1')
    assert [d.file.path for d in t.descriptors()] == ["socket:[1]", "socket:[2]"]
    assert [r.nonblocking for r in t.reads()] == [None, None]


def test_close_range_and_bad_numbers() -> None:
    t = trace(
        """
        7 eventfd2(0, EFD_CLOEXEC) = 5<anon_inode:[eventfd]>
        7 eventfd2(0, 0) = 6<anon_inode:[eventfd]>
        7 close(77) = -1 EBADF (Bad file descriptor)
        7 close_range(6, 4294967295, 0) = 0
        7 signalfd4(-1, [TERM], 8, SFD_NONBLOCK) = 6<anon_inode:[signalfd]>
        7 signalfd4(6<anon_inode:[signalfd]>, [INT], 8, SFD_NONBLOCK) = 6<anon_inode:[signalfd]>
        """
    )
    assert [(d.number, d.kind, d.end) for d in t.descriptors()] == [
        (5, "eventfd", None),
        (6, "eventfd", 3),
        (6, "signalfd", None),
    ]


def test_waits_of_all_kinds() -> None:
    t = trace(
        """
        7 poll([{fd=5<socket:[1]>, events=POLLIN}, {fd=-1}], 2, 250) = 0 (Timeout)
        7 ppoll([{fd=5<socket:[1]>, events=POLLIN}], 1, NULL, NULL, 8) = 1 ([{fd=5, revents=POLLIN}])
        7 pselect6(6, [5<socket:[1]>], [], NULL, {tv_sec=1, tv_nsec=500000000}, NULL) = 0 (Timeout)
        7 select(6, [5], NULL, NULL, {tv_sec=0, tv_usec=1500}) = 0 (Timeout)
        7 epoll_pwait2(4, [], 1, {tv_sec=0, tv_nsec=1000000}, NULL, 8) = 0
        7 epoll_pwait(4, 0x1, 1, 10, NULL, 8) = -1 EINTR (Interrupted system call)
        7 epoll_wait(4,  <unfinished ...>
        """
    )
    assert [(w.kind, w.timeout, w.returned) for w in t.waits()] == [
        ("poll", 250, 0),
        ("poll", -1, 1),
        ("select", 1500, 0),
        ("select", 1.5, 0),
        ("epoll", 1, 0),
        ("epoll", 10, -1),
        ("epoll", None, None),
    ]
    assert {d.number for w in t.waits("poll", "select") for d in w.descriptors} == {5}
    assert [r.count for r in t.epoll_returns()] == [0, -1]


def test_bytes_of_all_calls() -> None:
    t = trace(
        """
        7 readv(3, [{iov_base="ab", iov_len=10}, {iov_base="", iov_len=10}], 2) = 2
        7 sendmsg(3, {msg_name=NULL, msg_iov=[{iov_base="abc", iov_len=3}], msg_iovlen=1, msg_flags=0}, MSG_DONTWAIT) = 2
        7 splice(3, NULL, 4, NULL, 100, SPLICE_F_NONBLOCK) = 50
        7 sendfile(5, 6, NULL, 10) = -1 EAGAIN (Resource temporarily unavailable)
        7 pwrite64(3, "x", 1, 0) = 1
        """
    )
    assert [(x.descriptor.number, x.out, x.asked, x.moved, x.dontwait) for x in t.transfers()] == [
        (3, False, 20, 2, False),
        (3, True, 3, 2, True),
        (3, False, 100, 50, True),
        (4, True, 100, 50, True),
        (6, False, 10, 0, False),
        (5, True, 10, 0, False),
        (3, True, 1, 1, False),
    ]
    assert t.transfers()[1].short and not t.transfers()[4].short and t.transfers()[4].again


def test_only_the_program_counts() -> None:
    t = trace(
        """
        50 execve("/usr/bin/gate", ["gate"], 0x1) = 0
        50 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>
        51 prctl(PR_CAPBSET_DROP, CAP_CHOWN) = 0
        50 <... clone resumed>) = 51
        51 execve("/p/server", ["server"], 0x1) = -1 ENOENT (No such file or directory)
        51 execve("/p/server", ["server"], 0x1) = 0
        51 brk(NULL) = 0x1
        50 wait4(51,  <unfinished ...>
        51 clone3({flags=CLONE_THREAD|CLONE_FILES}, 88) = 2 /* 52 in strace's PID NS */
        52 execve("/p/server", ["server"], 0x1) = 0
        50 <... wait4 resumed>[{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 51
        """,
        "/p/server",
    )
    assert t.start is not None and t.start.index == 5
    assert [c.name for c in t.calls()] == ["execve", "brk", "clone3", "execve"]
    assert {m.pid: m.process for m in t.members.values()} == {51: 51, 52: 51}
    assert len(t.launcher) == 5
    assert trace('1 execve("/p/x", [], 0x1) = 0', "/p/server").events == ()


def test_children_whose_numbers_nobody_translated() -> None:
    t = trace(
        """
        100 clone3({flags=CLONE_THREAD|CLONE_FILES}, 88) = 2
        100 clone(child_stack=NULL, flags=SIGCHLD) = 3
        101 close(5) = 0
        102 close(5) = 0
        """
    )
    assert t.members[101].thread and not t.members[102].thread
    assert (t.members[101].process, t.members[102].process) == (100, 102)


@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_sockets(version: str) -> None:
    t = recorded(version, "sockets", "/tmp/bin/sockets")
    connections = t.connections()
    assert [t.opened_nonblocking(c) for c in connections] == [True, False, False]
    assert not [b for b in t.blocking_sockets() if b.descriptor in connections]
    assert [str(r.target.number) for r in t.registrations() if "EPOLLET" in r.events] == list(
        "5777"
    )
    assert not t.unannounced_reads() and not t.garbage() and t.exits()[-1].code == 0
    assert len(t.threads()) == 1
    duplicates = [d.number for d in t.descriptors("eventfd")]
    assert duplicates[:6] == [5, 16, 40, 41, 50, 60]


@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_processes(version: str) -> None:
    t = recorded(version, "nested", "/tmp/bin/processes")
    spawned = [m for m in t.members.values() if m.parent is not None]
    assert all(m.spawn is not None and m.spawn.result_pid == m.pid for m in spawned)
    assert {m.pid for m in spawned if m.thread} and {m.pid for m in spawned if not m.thread}
    assert t.start is not None and t.start.name == "execve"
