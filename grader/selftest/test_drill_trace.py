"""What the trace of a drill's test tells: marks, meddling, and the answers to questions. Made-up traces."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import drill_questions
from grader.marks import Witness
from grader.meddling import Watch
from grader.strace.ask import Trace

PROGRAM = "/scratch/unit_x"
REPORT = Path("/scratch/report-1/report.json")
CODE = range(0x401000, 0x402000)  # of the tests
STUDENT, LIBC = 0x403000, 0x7F0000001000
RUNNER, TEST, CHILD, THREAD, HELPER = 100, 200, 300, 400, 500  # as strace sees them; inside 5, 7, …
INSIDE = {RUNNER: 5, TEST: 7, CHILD: 8, THREAD: 9, HELPER: 10}
PASSED, ENTER, LEAVE = 1, 2, 3


class Script:
    """Writes a trace line by line: the runner starts, and a test that its lines are about."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.add(f'execve("{PROGRAM}", ["{PROGRAM}"], 0x7ff) = 0', RUNNER)
        self.spawn(TEST, RUNNER)
        self.add(f'execve("{PROGRAM}", ["boxfort-worker"], 0x7ff) = 0')

    def add(self, call: str, pid: int = TEST, at: int = LIBC) -> Script:
        """Add a call made by the instruction before address `at`."""
        self.lines.append(f"{pid} 1700000000.{len(self.lines):06d} [{at:016x}] {call}")
        return self

    def mark(self, kind: int, line: int = 42, at: int = 0x401100, pid: int = TEST) -> Script:
        """Add a mark."""
        argument = f"{kind << 24 | line:#x} /* SCHED_??? */"
        return self.add(
            f"sched_get_priority_max({argument}) = -1 EINVAL (Invalid argument)", pid, at
        )

    def spawn(self, pid: int, parent: int = TEST, flags: str = "SIGCHLD") -> Script:
        """Add the start of a process or thread."""
        pids = f"{INSIDE[pid]} /* {pid} in strace's PID NS */"
        self.add(f"clone(child_stack=NULL, flags={flags}) = {pids}", parent)
        return self.add("getpid() = 1", pid)

    def end(self, pid: int = TEST) -> Script:
        """Add the end of a process."""
        self.lines.append(
            f"{pid} 1700000000.{len(self.lines):06d} [????????????????] +++ exited with 0 +++"
        )
        return self

    def witness(self, chosen: int | None = None) -> Witness:
        """Return what was seen; chosen: of one test only."""
        whole = Witness(Trace.of("\n".join([*self.lines, ""]), PROGRAM), CODE)
        return whole if chosen is None else whole.alone(chosen)

    def meddling(self) -> str:
        """Return what was dishonest, or ""."""
        found = Watch(self.witness(), REPORT).first
        return found[0] if found else ""

    def answers(self, question: str) -> list[str]:
        """Return what is wrong by a question."""
        return [answer.observed for answer in drill_questions.ask([question], self.witness())]


def called(*calls: str) -> Script:
    """A test that calls the code under test once; it makes these system calls."""
    script = Script().mark(ENTER)
    for call in calls:
        script.add(call)
    return script.mark(LEAVE)


# -- marks -------------------------------------------------------------------------------------


def test_assertions_are_counted_where_the_tests_make_them() -> None:
    witness = Script().mark(PASSED).mark(PASSED, 43).witness()
    assert (witness.passed, witness.forged) == (2, ())
    assert [mark.line for mark in witness.marks] == [42, 43]


@pytest.mark.parametrize("at", [STUDENT, LIBC, CODE.stop, 0])
def test_marks_from_elsewhere_are_forged(at: int) -> None:
    witness = Script().mark(PASSED).mark(PASSED, at=at).witness()
    assert (witness.passed, len(witness.forged)) == (1, 1)


def test_an_honest_use_of_the_call_is_no_mark() -> None:
    script = Script().add("sched_get_priority_max(SCHED_FIFO) = 99").mark(0).mark(7)
    assert script.witness().marks == () and script.meddling() == ""


def test_a_stretch_lasts_from_mark_to_mark() -> None:
    script = Script().add("close(3) = 0").mark(ENTER, 17).add("close(4) = 0").mark(LEAVE)
    witness = script.add("close(5) = 0").witness()
    before, inside, after = witness.trace.calls("close")
    assert [witness.own(call) for call in (before, inside, after)] == [False, True, False]
    assert [stretch.line for stretch in witness.stretches] == [17]


def test_a_call_inside_of_a_callback_is_part_of_the_outer_one() -> None:
    script = (
        Script().mark(ENTER, 1).mark(ENTER, 2).mark(LEAVE, 2).add("close(4) = 0").mark(LEAVE, 1)
    )
    witness = script.witness()
    assert [stretch.line for stretch in witness.stretches] == [1]
    assert witness.own(witness.trace.calls("close")[0])


def test_a_call_that_does_not_return_has_no_end() -> None:
    witness = Script().mark(ENTER).add("exit_group(0) = ?").end().witness()
    assert witness.stretches[0].leave is None
    assert witness.own(witness.trace.calls("exit_group")[0])


def test_children_and_threads_belong_to_the_call_that_started_them() -> None:
    script = Script().spawn(HELPER, flags="CLONE_VM|CLONE_THREAD").mark(ENTER).spawn(CHILD)
    script.spawn(THREAD, flags="CLONE_VM|CLONE_THREAD").mark(LEAVE)
    for pid in (HELPER, CHILD, THREAD, TEST):
        script.add(f"close({pid}) = 0", pid)
    witness = script.witness()
    own = {call.pid for call in witness.trace.calls("close") if witness.own(call)}
    assert own == {CHILD, THREAD}


# -- several tests in one run ------------------------------------------------------------------

SECOND = CHILD  # a second test, in the scripts below


def two_tests() -> Script:
    """The first test passes one assertion; the second one two, and is shown to have started HELPER."""
    script = Script().mark(ENTER, 10).add("close(3) = 0").mark(LEAVE, 10).mark(PASSED, 11).end()
    script.spawn(SECOND, RUNNER).mark(ENTER, 20, pid=SECOND).spawn(HELPER, SECOND)
    script.add("close(4) = 0", HELPER).mark(LEAVE, 20, pid=SECOND)
    return script.mark(PASSED, 21, pid=SECOND).mark(PASSED, 22, pid=SECOND)


def test_each_test_has_its_own_marks_and_calls() -> None:
    script = two_tests()
    assert script.witness().tests == (TEST, SECOND)
    first, second = script.witness(TEST), script.witness(SECOND)
    assert (first.passed, second.passed) == (1, 2)
    assert [[each.line for each in w.stretches] for w in (first, second)] == [[10], [20]]
    own = [{c.pid for c in w.trace.calls("close") if w.own(c)} for w in (first, second)]
    assert own == [{TEST}, {HELPER}]


@pytest.mark.parametrize("pid", [SECOND, HELPER])
def test_a_test_is_not_to_blame_for_another_one(pid: int) -> None:
    script = two_tests().add("ptrace(PTRACE_ATTACH, 5) = -1 EPERM (No)", pid)
    script.mark(PASSED, 23, at=STUDENT, pid=pid)
    first, second = (Watch(script.witness(chosen), REPORT) for chosen in (TEST, SECOND))
    assert first.first is None and first.witness.forged == ()
    assert second.first is not None and len(second.witness.forged) == 1


def test_a_test_may_not_reach_for_another_one() -> None:
    script = two_tests().add(f"kill({INSIDE[TEST]}, SIGKILL) = 0", SECOND)
    assert "another process" in (Watch(script.witness(SECOND), REPORT).first or "")[0]


def test_what_came_from_nowhere_is_everybodys() -> None:
    """A process whose start the trace does not show."""
    script = two_tests().add("ptrace(PTRACE_ATTACH, 5) = -1 EPERM (No)", 999)
    assert Watch(script.witness(TEST), REPORT).first and Watch(script.witness(SECOND), REPORT).first


# -- meddling ----------------------------------------------------------------------------------

ROOT = "AT_FDCWD</tmp>"


@pytest.mark.parametrize(
    "call, words",
    [
        (f'openat({ROOT}, "/scratch/report-1/report.json", O_WRONLY) = 3</x>', "report"),
        (f'openat({ROOT}, "/scratch/x/../report-1", O_RDONLY) = -1 EACCES (Denied)', "report"),
        (f'openat({ROOT}, "innocent", O_WRONLY) = 3</scratch/report-1/report.json>', "report"),
        ('openat(4</scratch/report-1>, "report.json", O_WRONLY) = -1 EPERM (No)', "report"),
        ('open("/scratch/report-1/report.json", O_WRONLY) = 3</x>', "report"),
        ('creat("/scratch/report-1/new", 0644) = 3</x>', "report"),
        (f'openat({ROOT}, "/proc/5/mem", O_RDWR) = -1 EACCES (Denied)', "memory"),
        (f'openat({ROOT}, "/proc/self/mem", O_RDWR) = 3</proc/7/mem>', "memory"),
        (f'openat({ROOT}, "/proc/5/task/5/mem", O_RDWR) = 3</proc/5/task/5/mem>', "memory"),
        (f'openat({ROOT}, "/proc/5/cmdline", O_RDONLY) = 3</proc/5/cmdline>', "another process"),
        (f'openat({ROOT}, "/proc/5/fd/12", O_RDONLY) = 3</x>', "another process"),
        ('openat(3</proc/5>, "environ", O_RDONLY) = 4</proc/5/environ>', "another process"),
        (f'openat({ROOT}, "/tmp/link", O_RDONLY) = 4</proc/5/environ>', "another process"),
        ("kill(5, SIGKILL) = 0", "another process"),
        ("kill(-1, SIGKILL) = 0", "another process"),
        ("kill(-5, SIGKILL) = 0", "another process"),
        ("tgkill(5, 5, SIGKILL) = 0", "another process"),
        ("rt_sigqueueinfo(5, SIGKILL, {}) = 0", "another process"),
        ("pidfd_open(5, 0) = 3<anon_inode:[pidfd]>", "another process"),
        ("prlimit64(5, RLIMIT_FSIZE, {rlim_cur=0, rlim_max=0}, NULL) = 0", "another process"),
        ("ptrace(PTRACE_ATTACH, 5) = -1 EPERM (Operation not permitted)", "ptrace"),
        ("process_vm_writev(5, [], 1, [], 1, 0) = -1 EPERM (No)", "process_vm_writev"),
        ("clone(child_stack=NULL, flags=CLONE_UNTRACED) = -1 EPERM (No)", "cannot be watched"),
        ('connect(3, {sa_family=AF_UNIX, sun_path="/tmp/criterion_5.sock"}, 110) = 0', "runner"),
        ("mprotect(0x401000, 4096, PROT_READ|PROT_WRITE|PROT_EXEC) = 0", "executable"),
    ],
)
def test_meddling_is_seen(call: str, words: str) -> None:
    assert words in called(call).meddling()


@pytest.mark.parametrize(
    "call",
    [
        f'openat({ROOT}, "/etc/hosts", O_RDONLY) = 3</etc/hosts>',
        f'openat({ROOT}, "/scratch/report-11/x", O_RDONLY) = -1 ENOENT (No such file or directory)',
        f'openat({ROOT}, "/proc/self/maps", O_RDONLY) = 3</proc/7/maps>',
        f'openat({ROOT}, "/proc/7/fd", O_RDONLY|O_DIRECTORY) = 3</proc/7/fd>',
        f'openat({ROOT}, "/proc/5/stat", O_RDONLY) = 3</proc/5/stat>',
        f'openat({ROOT}, "mem", O_RDONLY) = 3</tmp/mem>',
        "kill(7 /* 200 in strace's PID NS */, SIGSTOP) = 0",
        "kill(0, SIGTERM) = 0",
        "kill(-7, SIGTERM) = 0",
        "tgkill(7, 7, SIGABRT) = 0",
        "prlimit64(0, RLIMIT_NOFILE, {rlim_cur=9, rlim_max=9}, NULL) = 0",
        "pidfd_open(7, 0) = 3<anon_inode:[pidfd]>",
        'connect(3, {sa_family=AF_UNIX, sun_path="/tmp/mine.sock"}, 110) = 0',
        "mprotect(0x7f0000000000, 4096, PROT_READ|PROT_WRITE) = 0",
        "clone(child_stack=NULL, flags=SIGCHLD) = -1 EAGAIN (Resource temporarily unavailable)",
    ],
)
def test_what_is_no_meddling(call: str) -> None:
    assert called(call).meddling() == ""


def test_the_runner_may_do_what_it_likes() -> None:
    script = Script().add(f'openat({ROOT}, "{REPORT}", O_WRONLY) = 3<{REPORT}>', RUNNER)
    assert script.add("kill(7, SIGKILL) = 0", RUNNER).meddling() == ""


def test_criterion_connects_before_the_test_begins() -> None:
    connect = 'connect(3, {sa_family=AF_UNIX, sun_path="/tmp/criterion_5.sock"}, 110) = 0'
    assert Script().add(connect).mark(ENTER).mark(LEAVE).meddling() == ""
    assert "runner" in Script().mark(ENTER).mark(LEAVE).add(connect).meddling()


def test_a_child_is_watched_after_its_parent_returned() -> None:
    script = Script().mark(ENTER).spawn(CHILD).mark(LEAVE)
    assert "report" in script.add(f'open("{REPORT}", O_WRONLY) = 3<{REPORT}>', CHILD).meddling()


def test_a_test_may_signal_its_own_children() -> None:
    assert (
        Script().mark(ENTER).spawn(CHILD).add("kill(8, SIGTERM) = 0").mark(LEAVE).meddling() == ""
    )


# -- questions ---------------------------------------------------------------------------------

SOCKET = "socket(AF_INET, SOCK_STREAM, 0) = 4<socket:[1]>"
GET = "fcntl(3</x>, F_GETFL) = 0x8402 (flags O_RDWR|O_APPEND)"


def test_a_descriptor_that_stays_open_is_a_leak() -> None:
    assert "descriptor 4" in called(SOCKET).answers("no_fd_leak")[0]
    assert called(SOCKET, "close(4<socket:[1]>) = 0").answers("no_fd_leak") == []


def test_descriptors_of_the_test_are_its_own_affair() -> None:
    script = (
        Script()
        .add(SOCKET)
        .mark(ENTER)
        .add("close(9) = -1 EBADF (Bad file descriptor)")
        .mark(LEAVE)
    )
    assert script.add("dup(4<socket:[1]>) = 5<socket:[1]>").answers("no_fd_leak") == []


def test_a_leak_of_one_of_two() -> None:
    two = "pipe2([4<pipe:[1]>, 5<pipe:[1]>], 0) = 0"
    assert len(called(two, "close(5<pipe:[1]>) = 0").answers("no_fd_leak")) == 1


@pytest.mark.parametrize(
    "calls, words",
    [
        ([GET, "fcntl(3</x>, F_SETFL, O_RDWR|O_APPEND|O_NONBLOCK) = 0"], ""),
        ([GET, "fcntl(3</x>, F_SETFL, O_RDWR|O_NONBLOCK) = 0"], "drops O_APPEND"),
        (["fcntl(3</x>, F_SETFL, O_RDWR|O_APPEND|O_NONBLOCK) = 0"], "without F_GETFL"),
        ([GET, "fcntl(6</y>, F_SETFL, O_APPEND|O_NONBLOCK) = 0"], "without F_GETFL"),
        (["ioctl(3</x>, FIONBIO, [1]) = 0"], ""),
        (["fcntl(3</x>, F_GETFL) = -1 EBADF (Bad file descriptor)"], ""),
    ],
)
def test_flags_are_kept(calls: list[str], words: str) -> None:
    found = called(*calls).answers("flags_kept")
    assert (words in found[0]) if words else not found


@pytest.mark.parametrize(
    "calls, wrong",
    [
        (['write(3</x>, "ab", 100) = 100'], False),
        (['write(3</x>, "ab", 100) = 60'], True),
        (['write(3</x>, "ab", 100) = 60', 'write(3</x>, "ab", 40) = 40'], False),
        (['write(3</x>, "ab", 100) = 60', 'write(6</y>, "ab", 40) = 40'], True),
        (
            ['write(3</x>, "ab", 100) = 60', 'write(3</x>, "ab", 40) = -1 EFBIG (File too large)'],
            False,
        ),
        (['write(3</x>, "ab", 100) = -1 EINTR (Interrupted system call)'], False),
        (['writev(3</x>, [{iov_base="a", iov_len=9}, {iov_base="b", iov_len=9}], 2) = 10'], True),
    ],
)
def test_short_writes_are_continued(calls: list[str], wrong: bool) -> None:
    assert bool(called(*calls).answers("short_writes_continued")) == wrong


SELECT = "pselect6(4, [3], NULL, NULL, NULL, NULL) = 1 (in [3])"
POLL = "poll([{fd=3, events=POLLIN}], 1, -1) = 1 ([{fd=3, revents=POLLIN}])"


@pytest.mark.parametrize(
    "calls, words",
    [
        ([SELECT], ""),
        ([POLL], "it waits by poll"),
        ([SELECT, SELECT], "twice in one call"),
        ([], "select is never called"),
    ],
)
def test_each_call_waits_once_and_as_it_is_told(calls: list[str], words: str) -> None:
    found = called(*calls).answers("waits_by_select")
    assert found == [] if not words else words in found[0]


def test_two_calls_may_wait_twice() -> None:
    script = Script().mark(ENTER).add(POLL).mark(LEAVE).mark(ENTER).add(POLL).mark(LEAVE)
    assert script.add(SELECT).answers("waits_by_poll") == []


def test_a_question_names_the_calls_that_it_needs() -> None:
    assert {"fcntl", "socket", "close"} <= drill_questions.calls(["no_fd_leak"])
    assert "write" in drill_questions.calls(["no_fd_leak", "short_writes_continued"])
    assert drill_questions.calls([]) == frozenset()


def test_no_kernel_means_no_call_that_locks_waits_or_yields() -> None:
    assert called("getpid() = 7").answers("no_kernel") == []
    assert called("sched_yield() = 0").answers("no_kernel") == ["it calls sched_yield"]
    script = Script().add("futex(0x1, FUTEX_WAKE, 1) = 0").mark(ENTER).mark(LEAVE)
    assert script.answers("no_kernel") == []


def test_one_process_that_reads_and_writes_does_not_go_through_memory() -> None:
    calls = ('read(3</a>, "x", 9) = 1', 'write(4</b>, "x", 1) = 1')
    said = called(*calls).answers("through_memory")
    assert said == ["one process reads and writes", "no memory is shared"]
    mapped = "mmap(NULL, 4096, PROT_READ, MAP_SHARED, 5, 0) = 0x7f0000000000"
    assert called(mapped, calls[0]).answers("through_memory") == []
