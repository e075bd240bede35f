"""The grader's C tools: their own Criterion tests, and what they do for Python. Nothing runs outside a box."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Iterator

import pytest

from grader import paths, privilege
from grader.load import Dialer
from grader.process import NotStarted
from grader.sandbox import Room, Sandbox

LIMIT = 60  # seconds for anything in the box

WRITER = r"""
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIZE = 20000 };

/* Sends and receives SIZE bytes; HONEST goes on after a short count. */
int main(void)
{
    static char out[SIZE], in[SIZE];
    int fds[2], file = open("/dev/zero", O_RDONLY);
    size_t sent = 0, got = 0;
    for (int i = 0; i < SIZE; i++)
        out[i] = (char)(i % 251);
    if (read(file, in, SIZE) != SIZE)
        return 3; /* no socket: never short */
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == -1)
        return 4;
    do
        sent += (size_t)write(fds[0], out + sent, SIZE - sent);
    while (HONEST && sent < SIZE);
    do
        got += (size_t)recv(fds[1], in + got, SIZE - got, 0);
    while (HONEST && got < SIZE);
    printf("sent %zu, got %zu\n", sent, got);
    return memcmp(out, in, SIZE) != 0;
}
"""


@pytest.fixture(name="folder", scope="module")
def _folder() -> Iterator[Path]:
    """A folder that everybody can read, with the tools, their tests and two writers in it."""
    paths.TOOLS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=paths.TOOLS.parent, prefix="test-tools-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        targets = ["all", f"{name}/test_shortio", f"{name}/test_sockets"]
        subprocess.run(
            ["make", "-s", "-C", paths.ROOT / "grader" / "tools", f"OUT={name}", *targets],
            check=True,
        )
        for honest, program in enumerate(("naive", "honest")):
            argv = ["gcc", f"-DHONEST={honest}", "-xc", "-", "-o", folder / program]
            subprocess.run(argv, input=WRITER, text=True, check=True)
        yield folder


def boxed(*argv: object) -> subprocess.CompletedProcess[str]:
    """Run a command as nobody in particular, in namespaces of its own, with an empty /tmp."""
    box = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    box += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    box += ["--ro-bind", paths.ROOT, paths.ROOT]  # should it be below /tmp
    box += ["--tmpfs", "/dev/shm", "--chdir", "/tmp", "--"]
    if privilege.is_root():
        user = str(privilege.unused_user())
        box = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--", *box]
    return subprocess.run(
        [*box, *map(str, argv)], capture_output=True, text=True, timeout=LIMIT, check=False
    )


@pytest.fixture(name="_box", scope="module", autouse=True)
def _box() -> None:
    if boxed("true").returncode != 0:
        pytest.skip("this machine allows no namespaces")


@pytest.mark.parametrize("name", ["test_shortio", "test_sockets"])
def test_criterion(folder: Path, name: str) -> None:
    result = boxed("env", f"TOOLS={folder}", folder / name)
    assert result.returncode == 0, result.stderr


# -- shortio -----------------------------------------------------------------------------------


def shortio(folder: Path, *argv: object) -> tuple[int, str, list[str]]:
    """Return exit status and output of a command under shortio, and the lines of the report."""
    result = boxed(folder / "shortio", *argv)
    output = result.stdout.splitlines()
    return result.returncode, output[0] if output else "", result.stderr.splitlines()


def test_an_honest_writer_loses_nothing(folder: Path) -> None:
    status, output, report = shortio(folder, folder / "honest")
    assert (status, output) == (0, "sent 20000, got 20000")
    assert report[0].startswith("shortened=")
    assert report[1].startswith("write(") and report[1].endswith(") 20000 -> 10000")
    assert not any("read(" in line for line in report)


def test_a_naive_writer_is_found_out(folder: Path) -> None:
    assert boxed(folder / "naive").stdout == "sent 20000, got 20000\n"
    status, output, report = shortio(folder, folder / "naive")
    assert (status, output) == (1, "sent 10000, got 10000")
    status, output, report = shortio(folder, "-m", "read", folder / "naive")
    assert (status, output) == (1, "sent 20000, got 10000")
    assert report[0] == "shortened=1 calls=1"


def test_only_every_nth_call(folder: Path) -> None:
    status, _, report = shortio(folder, "-n", 3, folder / "naive")
    assert (status, report) == (0, ["shortened=0 calls=2"])


def test_behind_a_launcher(folder: Path) -> None:
    program = folder / "naive"
    command = ["-p", program, folder / "gate", 0, program]
    status, output, report = shortio(folder, *command)
    assert (status, output, report[0]) == (1, "sent 10000, got 10000", "shortened=2 calls=2")
    status, output, report = shortio(folder, "-p", folder / "honest", folder / "gate", 0, program)
    assert (status, report) == (0, ["shortened=0 calls=0"])


@pytest.mark.parametrize(
    ("argv", "status", "text"),
    [
        ([], 2, "usage: "),
        (["-n", "0", "true"], 2, "usage: "),
        (["-m", "some", "true"], 2, "usage: "),
        (["-x", "true"], 2, "usage: "),
        (["-p", "/nowhere", "true"], 125, "/nowhere: No such file"),
        (["-o", "/nowhere/report", "true"], 125, "/nowhere/report: No such file"),
        (["/nowhere"], 127, "/nowhere: No such file"),
        (["sh", "-c", "exit 7"], 7, "shortened=0 calls=0"),
        (["sh", "-c", "kill -USR1 $$"], 128 + 10, "shortened=0 calls=0"),
    ],
)
def test_exit_status(folder: Path, argv: list[str], status: int, text: str) -> None:
    result = boxed("sh", "-c", '"$@"; exit $?', "sh", folder / "shortio", *argv)
    assert result.returncode == status and text in result.stderr


def test_nothing_outlives_the_tracer(folder: Path) -> None:
    """Kill shortio with SIGKILL: the kernel kills what it traced."""
    script = """
        "$0" -o /dev/null sleep 1000 & tracer=$!
        while child=$(cat /proc/$tracer/task/$tracer/children); test -z "$child"; do :; done
        kill -KILL $tracer; wait $tracer
        while test -d /proc/$child; do :; done"""
    result = boxed("timeout", 20, "sh", "-c", script, folder / "shortio")
    assert result.returncode == 0, result.stderr


# -- sockets -----------------------------------------------------------------------------------


@pytest.fixture(name="box", scope="module")
def _sandbox(folder: Path) -> Iterator[Sandbox]:
    del folder  # builds the tools
    try:
        with Sandbox(Room()) as box:
            yield box
    except NotStarted as reason:
        pytest.skip(f"no sandbox: {reason}")


def test_sockets_live_in_the_sandbox(box: Sandbox) -> None:
    listener = box.dialer.sockets(1)[0]
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    port = listener.getsockname()[1]
    with listener, box.dialer.connect(port, source="127.0.0.9", limit=5) as client:
        accepted, address = listener.accept()
        assert address == client.getsockname() and address[0] == "127.0.0.9"
        accepted.close()
        with socket.socket() as outsider:
            assert outsider.connect_ex(("127.0.0.1", port)) != 0


def test_thousands_of_sockets(box: Sandbox) -> None:
    before = len(os.listdir("/proc/self/fd"))
    socks = box.dialer.sockets(1001)
    assert len({sock.fileno() for sock in socks}) == 1001
    assert not any(os.get_inheritable(sock.fileno()) for sock in socks)
    for sock in socks:
        sock.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_ipv6(box: Sandbox) -> None:
    sock = box.dialer.sockets(1, socket.AF_INET6)[0]
    assert sock.family == socket.AF_INET6
    sock.close()


def test_nobody_listens(box: Sandbox) -> None:
    with pytest.raises(ConnectionRefusedError, match="connect to port 9: Connection refused"):
        box.dialer.connect(9, limit=5)


def test_a_wrong_family_is_an_error_and_the_helper_lives_on(box: Sandbox) -> None:
    with pytest.raises(OSError, match="sockets: socket: Address family not supported"):
        box.dialer.sockets(3, 255)
    box.dialer.sockets(1)[0].close()


def test_no_such_holder(folder: Path) -> None:
    del folder
    with pytest.raises(FileNotFoundError, match="sockets: open ns/net"):
        Dialer(2**22 - 1)
