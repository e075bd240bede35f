"""What a program can see, reach, use up and leave behind in a sandbox."""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from grader import paths
from grader.ledger import processes_in
from grader.limits import Limits
from grader.sandbox import FULL, Room
from grader.selftest.rooms import DAEMON, LIMIT, Unprivileged, inside, need, opened, python, told

FRESH = ("/tmp", "/dev/shm", "/run", "/var/log")
NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")


@pytest.fixture(autouse=True)
def _whole() -> None:
    need(FULL)


# -- what can be seen --------------------------------------------------------------------------


def test_the_file_system_holds_the_system_and_nothing_of_ours(unprivileged: Unprivileged) -> None:
    code = f"""
hidden = {{"/etc/shadow", "/etc/hostname", "/home", "/root", "/sys", "/mnt", "/boot", "/srv"}}
hidden -= {set(map(str, paths.ROOT.parents))!r}
ours = [os.path.join(base, f) for base, _, files in os.walk({str(paths.ROOT)!r}) for f in files]
tell([[name for name in hidden if os.path.exists(name)], ours, sorted(os.listdir("/"))])
"""
    seen, ours, root = inside(unprivileged, code)
    assert seen == []
    assert ours in ([], [str(paths.tool("gate"))])
    system = {"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "run", "sbin", "tmp"}
    above = {path.relative_to("/").parts[0] for path in (paths.tool("gate"),)}
    assert set(root) <= system | {"usr", "var"} | above


def test_only_fresh_folders_can_be_written(unprivileged: Unprivileged) -> None:
    code = f"""
def refused(name):
    try:
        open(name + "/x", "w").close()
    except OSError as error:
        return errno.errorcode[error.errno]
ways = {set(map(str, paths.tool("gate").parents))!r}  # to the door, should it be in one of them
found = {{name: [n for n in os.listdir(name) if f"{{name}}/{{n}}" not in ways] for name in {FRESH!r}}}
tell([found, {{name: refused(name) for name in {FRESH!r}}},
      {{name: refused(name) for name in ("/", "/usr", "/etc", "/var", "/dev", "/proc")}}])
"""

    def twice() -> Any:
        first = inside(lambda body: body(), code)
        return first, inside(lambda body: body(), code)

    first, second = unprivileged(twice)
    assert first == second  # what the first wrote, the second does not find
    found, fresh, others = first
    assert found == {name: [] for name in FRESH}
    assert fresh == {name: None for name in FRESH}
    assert set(others.values()) <= {"EROFS", "EACCES", "ENOENT"}


def test_namespaces_of_its_own(unprivileged: Unprivileged) -> None:
    code = f"tell({{n: os.readlink('/proc/self/ns/' + n) for n in {NAMESPACES!r}}})"
    theirs = inside(unprivileged, code)
    ours = {name: os.readlink(f"/proc/self/ns/{name}") for name in NAMESPACES}
    assert not set(theirs.items()) & set(ours.items())


def test_no_privileges(unprivileged: Unprivileged) -> None:
    code = """
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
names = "CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp".split()
tell({name: int(status[name], 16) for name in names})
"""
    status = inside(unprivileged, code)
    assert status.pop("NoNewPrivs") == 1 and status.pop("Seccomp") == 2
    assert set(status.values()) == {0}


def test_nothing_is_inherited(unprivileged: Unprivileged) -> None:
    def body() -> Any:
        os.environ["SECRET"] = "x"
        os.set_inheritable(os.open("/dev/null", os.O_RDONLY), True)
        return inside(
            lambda body: body(),
            """
fds = [int(name) for name in os.listdir("/proc/self/fd")]
tell([[fd for fd in fds if fd > 2 and os.path.exists("/proc/self/fd/%d" % fd)],
      sorted(os.environ), os.getcwd(), sys.stdin.read()])
""",
        )

    fds, names, folder, text = unprivileged(body)
    assert (fds, folder, text) == ([], "/tmp", "")
    assert set(names) <= {"HOME", "LANG", "PATH", "LC_CTYPE", "PWD"}


def test_a_room_shows_folders_at_their_own_path(unprivileged: Unprivileged, place: Path) -> None:
    def body() -> Any:
        for name in ("read", "write"):
            (place / name).mkdir()
        (place / "read/given").write_text("given")
        room = Room(readable=(place / "read",), writable=(place / "write",))
        with opened(room) as box:
            code = f"""
os.chdir({str(place)!r})
open("write/made", "w").write(open("read/given").read())
try:
    open("read/made", "w")
except OSError as error:
    tell(errno.errorcode[error.errno])
"""
            return told(box, code)

    assert unprivileged(body) == "EROFS"
    assert (place / "write/made").read_text() == "given"


def test_accounts_of_the_machine_are_not_told(unprivileged: Unprivileged) -> None:
    names = inside(unprivileged, "import pwd; tell([entry.pw_name for entry in pwd.getpwall()])")
    assert set(names) <= {"root", "student", "nobody", "daemon"}


# -- whom it can reach -------------------------------------------------------------------------


def test_kill_everybody_hurts_nobody_outside(unprivileged: Unprivileged) -> None:
    def body() -> Any:
        with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as bystander:
            with opened(Room()) as box:
                neighbour = python(box, "import signal; signal.pause()")
                killer = python(box, "import os; os.kill(-1, 9)")
                killer.wait(LIMIT)
                ends = neighbour.wait(LIMIT).signal, bystander.poll()
                alive = told(box, "tell(1)")  # the sandbox itself lives on
            bystander.communicate()
        return ends, alive, bystander.returncode

    assert unprivileged(body) == ((signal.SIGKILL, None), 1, 0)


def test_the_first_process_and_the_parent_cannot_be_harmed(unprivileged: Unprivileged) -> None:
    code = """
for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):
    os.kill(1, number)
tell([os.getppid(), os.getsid(0) == os.getpid()])
"""

    def body() -> Any:
        with opened(Room()) as box:
            return told(box, code), told(box, "tell(2)")

    assert unprivileged(body) == ([0, True], 2)  # parent 0: it is not in this PID namespace


def test_a_tracer_is_neither_seen_nor_reached(unprivileged: Unprivileged, place: Path) -> None:
    if not Path("/usr/bin/strace").exists():
        pytest.skip("no strace here")
    code = """
tracer = [line.split()[1] for line in open("/proc/self/status") if line.startswith("TracerPid")]
others = [name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]
os.killpg(0, 0)
tell([tracer, others, os.path.exists(%r)])
"""

    def body() -> Any:
        trace = place / "trace"
        wrap = ["/usr/bin/strace", "-f", "-I2", "-o", str(trace), "-e", "trace=kill"]
        with opened(Room()) as box:
            answer = told(box, code % str(trace), wrap=wrap)
        return answer, "kill(0, 0)" in trace.read_text()

    assert unprivileged(body) == ([["0"], ["1"], False], True)


def test_loopback_works_and_leads_nowhere_else(unprivileged: Unprivileged) -> None:
    code = """
with socket.create_server(("127.0.0.1", 5000)) as server:
    socket.create_connection(server.getsockname()).close()
try:
    socket.create_connection(("192.0.2.1", 80), 1)
except OSError as error:
    tell([[name for _, name in socket.if_nameindex()], errno.errorcode[error.errno]])
"""
    interfaces, error = inside(unprivileged, code)
    assert "lo" in interfaces and not {"eth0", "ens3"} & set(interfaces)
    assert error == "ENETUNREACH"


def test_the_dialer_widens_buffers_in_there_only(unprivileged: Unprivileged) -> None:
    def body() -> tuple[bool, int, int]:
        with opened(Room()) as box:
            wide = box.dialer.widen(1 << 20)
            inside = box.dialer.sockets(1)[0].getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
            outside = socket.socket().getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
            return wide, inside, outside

    wide, inside, outside = unprivileged(body)
    assert not wide or inside == 1 << 20 != outside


def test_the_dialer_reaches_a_server_inside(unprivileged: Unprivileged) -> None:
    code = """
import socket
with socket.create_server(("127.0.0.1", 5000)) as server:
    connection, _ = server.accept()
    connection.sendall(b"hello")
"""

    def body() -> Any:
        with opened(Room()) as one, opened(Room()) as other:  # the same port in both
            for box in (one, other):
                assert python(box, code).ready(5000, LIMIT)
            answers = []
            for box in (one, other):
                with box.dialer.connect(5000, limit=LIMIT) as connection:
                    select.select([connection], [], [], LIMIT)
                    answers.append(connection.recv(99))
            return answers

    assert unprivileged(body) == [b"hello", b"hello"]


def test_the_kernel_tells_of_the_sockets_inside_only(unprivileged: Unprivileged) -> None:
    code = "import signal, socket; s = socket.create_server(('127.0.0.1', 5000)); signal.pause()"

    def body() -> Any:
        with opened(Room()) as one, opened(Room()) as other:
            assert python(one, code).ready(5000, LIMIT)
            tables = [type(box.tcp).__name__ for box in (one, other)]
            return tables, one.tcp.listening_ports(), other.tcp.listening_ports()

    assert unprivileged(body) == (["SockDiag", "SockDiag"], {5000}, set())


def test_programs_in_one_sandbox_share_it(unprivileged: Unprivileged) -> None:
    def body() -> Any:
        with opened(Room()) as box:
            told(box, "open('/tmp/note', 'w').write('for you'); tell(0)")
            neighbour = python(box, "import signal; signal.pause()")
            pids = told(box, "tell([int(n) for n in os.listdir('/proc') if n.isdigit()])")
            alive = not neighbour.ended()
            return told(box, "tell(open('/tmp/note').read())"), len(pids), alive

    assert unprivileged(body) == ("for you", 3, True)  # holder, neighbour, itself


def test_no_socket_of_ours_is_in_reach(unprivileged: Unprivileged) -> None:
    """Abstract sockets belong to a network namespace: a neighbour's is not found."""

    def body() -> Any:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(b"")  # the kernel chooses an abstract name, see unix(7)
            server.listen()
            name = server.getsockname()
            code = f"tell(socket.socket(socket.AF_UNIX).connect_ex({name!r}))"
            return inside(lambda body: body(), code)

    assert unprivileged(body) == errno.ECONNREFUSED


# -- what it can use up ------------------------------------------------------------------------

BOMB = """
made = 0
while True:
    try:
        child = os.fork()
    except OSError as error:
        tell([made, errno.errorcode[error.errno]])
        break
    if child == 0:
        signal.pause()
    made += 1
"""


def test_a_fork_bomb_meets_the_process_limit(unprivileged: Unprivileged) -> None:
    def body() -> Any:
        with opened(Room()) as box:
            answer = told(box, BOMB, limits=Limits(processes=32))
            left = [os.pidfd_open(pid) for pid in processes_in(box.holder)]
        ended = select.select(left, [], [], 0)[0]
        return answer, len(left), len(ended)

    (made, error), left, ended = unprivileged(body)
    assert error == "EAGAIN" and 25 <= made <= 32
    assert left == ended == made + 1  # the children and the holder


@pytest.mark.parametrize(
    ("limits", "code", "expected"),
    [
        (Limits(memory=256), "try:\n x = bytearray(2**29)\nexcept MemoryError:\n tell(1)", 1),
        (Limits(nofile=64, soft_nofile=64), "import resource; tell(resource.getrlimit(7))", [64] * 2),
        (Limits(), "import resource; tell(resource.getrlimit(4))", [0, 0]),  # no core files
    ],
)  # fmt: skip
def test_limits(unprivileged: Unprivileged, limits: Limits, code: str, expected: Any) -> None:
    assert inside(unprivileged, code, limits=limits) == expected


@pytest.mark.parametrize("argv", [["/usr/bin/yes"], ["/usr/bin/dd", "if=/dev/zero", "of=/tmp/x"]])
def test_floods_end_at_the_file_size_limit(unprivileged: Unprivileged, argv: list[str]) -> None:
    def body() -> Any:
        with opened(Room()) as box:
            process = box.start(argv, limits=Limits(file_size=1))
            return process.wait(LIMIT).signal, len(process.stderr_text())

    number, length = unprivileged(body)
    assert number == signal.SIGXFSZ and length <= 65536


def test_the_disk_inside_is_small(unprivileged: Unprivileged) -> None:
    code = """
full = {}
for folder in ("/tmp", "/dev/shm", "/run", "/var/log"):
    try:
        with open(folder + "/x", "wb", 0) as file:
            while file.write(bytes(65536)) == 65536:
                pass
    except OSError as error:
        full[folder] = errno.errorcode[error.errno]
tell(full)
"""

    def body() -> Any:
        with opened(Room(tmpfs_bytes=1 << 20)) as box:
            return told(box, code)

    answer = unprivileged(body)
    assert set(answer.values()) <= {"ENOSPC"}
    assert inside(unprivileged, "tell(os.path.exists('/tmp/x'))") is False


# -- what it leaves behind ---------------------------------------------------------------------


def test_a_daemon_ends_with_its_sandbox(unprivileged: Unprivileged) -> None:
    def body() -> Any:
        with opened(Room()) as box:
            assert python(box, DAEMON).wait(LIMIT).code == 0
            left = processes_in(box.holder)
            watched = [os.pidfd_open(pid) for pid in left]
        return len(left), len(select.select(watched, [], [], 0)[0])

    assert unprivileged(body) == (2, 2)  # the holder and the daemon


def test_a_program_that_ignores_sigterm_is_ended(unprivileged: Unprivileged) -> None:
    code = "import signal; signal.signal(15, signal.SIG_IGN); print(flush=True); signal.pause()"

    def body() -> Any:
        with opened(Room()) as box:
            process = python(box, code)
            assert process.until(lambda: process.stderr_text() != "", LIMIT)
            process.signal(signal.SIGTERM)
            assert not process.ended()
            watched = os.pidfd_open(process.pid)
        return len(select.select([watched], [], [], 0)[0])

    assert unprivileged(body) == 1


def test_kernel_objects_end_with_the_sandbox(unprivileged: Unprivileged) -> None:
    make = """
import subprocess
for option in ("-M 4096", "-S 1", "-Q"):
    subprocess.run(["/usr/bin/ipcmk", *option.split()], check=True, stdout=subprocess.DEVNULL)
open("/dev/shm/object", "w").close()
"""
    count = """
tell([[len(open("/proc/sysvipc/" + kind).readlines()) - 1 for kind in ("shm", "sem", "msg")],
      os.listdir("/dev/shm")])
"""

    def body() -> Any:
        before = Path("/proc/sysvipc/shm").read_text()
        with opened(Room()) as box:
            within = told(box, make + count)
            outside = Path("/proc/sysvipc/shm").read_text() == before
        with opened(Room()) as box:
            return within, told(box, count), outside

    within, after, outside = unprivileged(body)
    assert within == [[1, 1, 1], ["object"]]
    assert after == [[0, 0, 0], []] and outside


def test_files_of_ours_are_gone_afterwards(unprivileged: Unprivileged, place: Path) -> None:
    inside(unprivileged, "tell(0)")
    assert list(place.iterdir()) == []
