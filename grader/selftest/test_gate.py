"""gate, the door into a sandbox: its options, its report, its exit status."""

from __future__ import annotations

import errno
import os
import resource
import select
import signal
import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest

from grader import paths, seccomp_filter
from grader.selftest.trees import PYTHON

Unprivileged = Callable[[Callable[[], Any]], Any]


def gate(*arguments: object, pass_fds: tuple[int, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run gate as it is called and return what it did."""
    return subprocess.run(
        [str(paths.tool("gate")), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        pass_fds=pass_fds,
        timeout=20,
    )


def reported(*arguments: object) -> tuple[list[list[str]], subprocess.CompletedProcess[str]]:
    """Run gate -r and return the words of its report, line by line, and what it did."""
    read_end, write_end = os.pipe()
    done = gate("-r", write_end, *arguments, pass_fds=(write_end,))
    os.close(write_end)
    with os.fdopen(read_end) as report:
        return [line.split() for line in report], done


def run(unprivileged: Unprivileged, *arguments: object) -> tuple[int, str, str]:
    done = unprivileged(lambda: gate(*arguments))
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("arguments", [(), ("-x",), ("0",), ("-l", "7:1", "0", "/bin/true")])
def test_wrong_use_is_status_125(unprivileged: Unprivileged, arguments: tuple[str, ...]) -> None:
    status, out, err = run(unprivileged, *arguments)
    assert (status, out) == (125, "") and err


@pytest.mark.parametrize(
    ("code", "status"), [("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -9 $$", 128 + 9)]
)
def test_exits_as_the_program_does(unprivileged: Unprivileged, code: str, status: int) -> None:
    assert run(unprivileged, "0", "/bin/sh", "-c", code) == (status, "", "")


def test_reports_pid_and_exit(unprivileged: Unprivileged) -> None:
    lines, done = unprivileged(lambda: reported("0", "/bin/sh", "-c", "echo $$; exit 3"))
    assert [line[0] for line in lines] == ["pid", "exit"]
    assert lines[0][1] == done.stdout.strip()
    status, user, system, maxrss = map(int, lines[1][1:])
    assert os.waitstatus_to_exitcode(status) == 3
    assert user >= 0 and system >= 0 and 100 < maxrss < 1 << 20  # KiB


def test_reports_the_signal(unprivileged: Unprivileged) -> None:
    lines, _ = unprivileged(lambda: reported("0", "/bin/sh", "-c", "kill -TERM $$"))
    assert os.waitstatus_to_exitcode(int(lines[1][1])) == -signal.SIGTERM


@pytest.mark.parametrize(
    ("program", "error", "status"),
    [("/nonexistent", errno.ENOENT, 127), ("/etc/passwd", errno.EACCES, 126)],
)
def test_reports_why_a_program_cannot_be_executed(
    unprivileged: Unprivileged, program: str, error: int, status: int
) -> None:
    lines, done = unprivileged(lambda: reported("0", program))
    assert lines[0] == ["exec", str(error)] and lines[1][0] == "pid"
    assert done.returncode == status


def test_a_failure_of_its_own_has_no_pid(unprivileged: Unprivileged) -> None:
    lines, done = unprivileged(lambda: reported("-d", "/nonexistent", "0", "/bin/true"))
    assert "pid" not in [line[0] for line in lines]
    assert done.returncode == 125
    assert done.stderr == "gate: /nonexistent: No such file or directory\n"


def test_a_holder_that_is_gone(unprivileged: Unprivileged) -> None:
    def body() -> Any:
        with subprocess.Popen(["/bin/true"]) as ended:
            ended.wait()
        return reported(ended.pid, "/bin/true")

    lines, done = unprivileged(body)
    assert lines == [] and done.returncode == 125 and "pidfd_open" in done.stderr


def test_a_holder_that_is_not_ours(unprivileged: Unprivileged) -> None:
    lines, done = unprivileged(lambda: reported(1, "/bin/true"))
    assert lines == [] and done.returncode == 125 and "setns" in done.stderr


def test_limits_are_set_and_never_rise(unprivileged: Unprivileged) -> None:
    def body() -> Any:
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
        code = "import resource; print(*(resource.getrlimit(n) for n in (7, 4)))"
        limits = ("-l", "7:50:900", "-l", "4:0:0")
        return gate(*limits, "0", PYTHON, "-ISc", code).stdout

    assert unprivileged(body) == "(50, 100) (0, 0)\n"


def test_working_directory(unprivileged: Unprivileged, place: Path) -> None:
    assert run(unprivileged, "-d", place, "0", "/bin/pwd") == (0, f"{place}\n", "")


def test_privileges_are_gone_even_without_a_sandbox(unprivileged: Unprivileged) -> None:
    text = run(unprivileged, "0", "/bin/cat", "/proc/self/status")[1]
    status = dict(line.split(":\t", 1) for line in text.splitlines())
    assert [status[name].strip() for name in ("CapPrm", "CapEff", "CapInh")] == ["0" * 16] * 3
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "0")


def test_the_filter_is_loaded(unprivileged: Unprivileged) -> None:
    def body() -> Any:
        filter_fd = seccomp_filter.compiled()
        arguments = ("-f", filter_fd, "0", "/bin/grep", "Seccomp:", "/proc/self/status")
        return gate(*arguments, pass_fds=(filter_fd,)).stdout

    assert unprivileged(body).split() == ["Seccomp:", "2"]


def test_a_filter_that_cannot_be_loaded(unprivileged: Unprivileged, place: Path) -> None:
    def body() -> Any:
        (place / "empty").touch()
        with (place / "empty").open() as empty:
            return gate("-f", empty.fileno(), "0", "/bin/true", pass_fds=(empty.fileno(),))

    done = unprivileged(body)
    assert done.returncode == 125 and "filter" in done.stderr


def test_fixed_addresses(unprivileged: Unprivileged) -> None:
    first = run(unprivileged, "-A", "0", "/bin/cat", "/proc/self/maps")
    assert first == run(unprivileged, "-A", "0", "/bin/cat", "/proc/self/maps")
    plain = [run(unprivileged, "0", "/bin/cat", "/proc/self/maps") for _ in range(3)]
    assert first not in plain


def test_only_three_descriptors_are_passed(unprivileged: Unprivileged) -> None:
    def body() -> Any:
        extra = os.open("/dev/null", os.O_RDONLY)
        return gate("0", "/bin/ls", "/proc/self/fd", pass_fds=(extra,)).stdout

    assert unprivileged(body).split() == ["0", "1", "2", "3"]  # 3 is the folder that ls reads


def test_the_program_ends_with_gate(unprivileged: Unprivileged) -> None:
    def body() -> Any:
        read_end, write_end = os.pipe()
        argv = [paths.tool("gate"), "-r", str(write_end), "0", "/bin/cat"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, pass_fds=[write_end]) as process:
            os.close(write_end)
            program = os.pidfd_open(int(os.read(read_end, 99).split()[1]))
            process.kill()
            process.wait()
            return select.select([program], [], [], 20)[0] == [program]

    assert unprivileged(body)


def test_holding_ends_with_stdin(unprivileged: Unprivileged) -> None:
    assert run(unprivileged, "-H") == (0, "", "")
