"""The command line: help, wrong use, exit statuses, files, and what happens when it is interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any, Callable

import pytest

from grader import cli, history
from grader.result import CheckResult, Evidence, Grade
from grader.selftest.others import User, run_as
from grader.selftest.trees import HELLO, Tree, environment, submission, write

VERBS = "grade watch replay trace hint list doctor pack release new soak selftest clean".split()


def main(*arguments: str) -> int:
    """Run the command line in this process."""
    return cli.main(list(arguments))


# -- words -------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _signals() -> Any:
    """main() sets handlers of signals; give those of the test back."""
    kept = {number: signal.getsignal(number) for number in cli.ENDINGS}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


Output = pytest.CaptureFixture[str]


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_explains_itself(verb: str, capsys: Output) -> None:
    assert main(verb, "--help") == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: python3 -m grader {verb}")
    assert max(map(len, text.splitlines())) <= 80


def test_the_help_names_all_verbs(capsys: Output) -> None:
    assert main("--help") == 0
    text = capsys.readouterr().out
    assert [verb for verb in VERBS if f"    {verb} " not in text] == []


def test_every_verb_has_its_module() -> None:
    for verb in VERBS:
        assert callable(__import__(f"grader.verbs.{verb}", fromlist=["run"]).run)


WRONG = [
    [],
    ["dance"],
    ["grade"],
    ["grade", "--lab"],
    ["grade", "--lab=demo", "--no-such-option"],
    ["grade", "--lab=demo", "surplus"],
    ["grade", "--lab=demo", "--seed=-1"],
    ["grade", "--lab=demo", "--seed=1.5"],
    ["grade", "--lab=demo", "--seed=٣"],
    ["grade", "--lab=demo", f"--seed={1 << 63}"],
    ["grade", "--lab=demo", "--jobs=many"],
    ["replay", "--lab=demo"],
    ["replay", "--lab=demo", "--check=a", "--under=valgrind"],
    ["hint", "--lab=demo"],
    ["soak", "--lab=demo", "--runs=x"],
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_options_are_status_2(arguments: list[str], capsys: Output) -> None:
    assert main(*arguments) == 2
    said = capsys.readouterr()
    assert said.out == "" and "usage: python3 -m grader" in said.err


UNKNOWN = [
    (["grade", "--lab=demi"], "no lab is called 'demi'; did you mean demo"),
    (["grade", "--lab=../demo"], "no lab is called '../demo'"),
    (["grade", "--lab="], "no lab is called ''; there are: daemon, demo, epoll"),
    (["grade", "--lab=demo", "--part=projekt"], "no part is called 'projekt'; did you mean"),
    (["grade", "--lab=demo", "--check=hello.say"], "did you mean hello.says"),
    (["replay", "--lab=demo", "--check=x"], "no check is called 'x'; there are: hello.says, "),
    (["hint", "--lab=demo", "--check=x"], "no check is called 'x'"),
    (["hint", "--lab=x", "--check=x"], "no lab is called 'x'"),
    (["pack", "--lab=x"], "no lab is called 'x'"),
    (["selftest", "--lab=x"], "no lab is called 'x'"),
    (["soak", "--lab=x"], "no lab is called 'x'"),
]


@pytest.mark.parametrize(("arguments", "said"), UNKNOWN)
def test_unknown_names_are_status_2(tree: Tree, arguments: list[str], said: str) -> None:
    done = tree.run(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("syslabs: ") and said in done.stderr


def test_a_check_of_another_part(tree: Tree) -> None:
    done = tree.run("grade", "--lab=epoll", "--part=net", "--check=echo.basic")
    if "no part is called" in done.stderr:
        pytest.skip("no drills yet")
    assert done.returncode == 2
    assert done.stderr == "syslabs: check echo.basic is one of part project, not of net\n"


# -- grading -----------------------------------------------------------------------------------


def names(kind: type) -> list[str]:
    return [field.name for field in fields(kind)]


def test_full_marks(tree: Tree, tmp_path: Path) -> None:
    status, result = tree.grade(submission(tmp_path / "mine"), "--seed=7")
    assert list(result) == ["schema", *names(Grade)]
    for check in result["checks"]:
        assert list(check) == names(CheckResult)
    head = {name: result[name] for name in ("schema", "lab", "lab_version", "status", "seed")}
    assert head == {"schema": 1, "lab": "demo", "lab_version": "7", "status": "graded", "seed": 7}
    assert (status, result["score"], result["max_score"], result["held"]) == (0, 100, 100, 0)
    assert [check["id"] for check in result["checks"]] == [
        "hello.says",
        "hello.ends",
        "hello.alone",
    ]


def test_the_schema_is_the_one_of_the_contract() -> None:
    assert (
        names(Grade)
        == (
            "lab lab_version submission status seed isolation machine started duration timings "
            "notes score max_score held checks"
        ).split()
    )
    assert (
        names(CheckResult)
        == (
            "id part title verdict reason points max_points seconds tried expected observed why hint "
            "evidence replay"
        ).split()
    )
    assert names(Evidence) == ["kind", "text", "file", "line"]


def test_marks_missing(tree: Tree, tmp_path: Path) -> None:
    text = HELLO.replace("return 0", "return 3")
    status, result = tree.grade(submission(tmp_path / "mine", text))
    assert (status, result["score"]) == (1, 85)


def test_what_needs_a_failed_check_is_skipped(tree: Tree, tmp_path: Path) -> None:
    source = submission(tmp_path / "mine", HELLO.replace("hello", "\\033[2Jbye"))
    status, result = tree.grade(source)
    verdicts = {check["id"]: check["verdict"] for check in result["checks"]}
    expected = {"hello.says": "fail", "hello.ends": "skipped", "hello.alone": "pass"}
    assert (status, verdicts) == (1, expected)


def test_what_does_not_compile(tree: Tree, tmp_path: Path) -> None:
    source = submission(tmp_path / "mine", "int main(void)\n{\n    return x;\n}\n")
    status, result = tree.grade(source)
    assert (status, result["score"]) == (1, 0)
    assert {check["reason"] for check in result["checks"]} == {"does not compile"}
    assert "hello.c:3:12: error:" in result["checks"][0]["observed"]


def test_the_program_that_students_start_with(tree: Tree) -> None:
    done = tree.run("grade", "--lab=demo")
    assert done.returncode == 1 and "labs/demo" in done.stdout


def test_one_check_and_its_replay(tree: Tree, tmp_path: Path) -> None:
    source = submission(tmp_path / "my files", HELLO.replace("hello", "bye"))
    status, result = tree.grade(source, "--check=hello.says")
    (check,) = result["checks"]
    assert (status, check["id"], result["max_score"]) == (1, "hello.says", 60)
    assert check["replay"].startswith("make replay LAB=demo CHECK=hello.says SEED=")
    assert f"SRC='{source}'" in check["replay"]
    done = tree.run("replay", "--lab=demo", "--check=hello.says", f"--src={source}")
    assert done.returncode == 1 and "hello.ends" not in done.stdout


def test_a_mark_is_remembered(tree: Tree) -> None:
    assert tree.run("grade", "--lab=demo", "--src=solutions/demo").returncode == 0
    kept = history.last_grade("demo", tree.root)
    assert kept and kept.score == 100
    assert "not graded yet" not in tree.run("list").stdout.partition("\ndemo ")[2]


@pytest.mark.parametrize("option", ["--json", "--junit"])
def test_files_that_cannot_be_written(tree: Tree, tmp_path: Path, option: str) -> None:
    for path in (tmp_path / "no/file", tmp_path, Path("/proc/file")):
        done = tree.run("grade", "--lab=demo", "--src=solutions/demo", f"{option}={path}")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert done.stderr.startswith(f"syslabs: cannot write {path}: ")


def test_junit(tree: Tree, tmp_path: Path) -> None:
    target = tmp_path / "result.xml"
    assert (
        tree.run("grade", "--lab=demo", "--src=solutions/demo", f"--junit={target}").returncode == 0
    )
    assert target.read_text("utf-8").startswith("<?xml")


def test_timings(tree: Tree) -> None:
    done = tree.run("grade", "--lab=demo", "--src=solutions/demo", "--timings")
    assert "build" in done.stdout and "%" in done.stdout


# -- streams -----------------------------------------------------------------------------------


def shell(tree: Tree, command: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a shell command in the tree, where `grader` is the command line."""
    prefix = f'set -o pipefail; grader() {{ /usr/bin/python3 -m grader "$@"; }}; cd {tree.root}; '
    return subprocess.run(
        ["/bin/bash", "-c", prefix + command],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        **options,
    )


GRADE = "grader grade --lab=demo --src=solutions/demo"


@pytest.mark.parametrize(
    "command", [GRADE, "grader list", "grader hint --lab=demo --check=hello.says", "grader --help"]
)
def test_a_reader_that_goes_away(tree: Tree, command: str) -> None:
    done = shell(tree, f"{command} | true; echo ${{PIPESTATUS[0]}}")
    assert done.stderr == "" and done.stdout.strip() in "0 3".split()
    assert shell(tree, f"{command} | head -1").stderr == ""


@pytest.mark.parametrize("command", [GRADE, "grader list", "grader --help"])
def test_a_full_disk_behind_stdout(tree: Tree, command: str) -> None:
    done = shell(tree, f"{command} >/dev/full")
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1 and "No space left on device" in done.stderr


@pytest.mark.parametrize("streams", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(tree: Tree, streams: str) -> None:
    done = shell(tree, f"{GRADE} {streams}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_encoding_of_the_terminal(tree: Tree, encoding: str) -> None:
    done = shell(tree, f"PYTHONIOENCODING={encoding} {GRADE} | cat -v")
    assert (done.returncode, done.stderr) == (0, "")
    assert "100/100" in done.stdout


def test_names_that_would_harm_a_terminal(tree: Tree, tmp_path: Path) -> None:
    source = submission(tmp_path / "mine")
    for name in (b"\xff", b"\x1b[2J", b"a\nb"):
        with open(os.fsencode(source) + b"/" + name + b".txt", "wb"):
            pass
    done = shell(tree, f"grader grade --lab=demo --src={source}")
    assert done.returncode == 0 and done.stderr == ""
    assert "\x1b" not in done.stdout and "\\x1b[2J.txt" in done.stdout
    (source / "hello_\x1b[2J\n.c").symlink_to("/")
    done = shell(tree, f"grader grade --lab=demo --src={source}")
    assert done.returncode == 2 and "\x1b" not in done.stderr and done.stderr.count("\n") == 1


# -- interrupted -------------------------------------------------------------------------------

PR_SET_CHILD_SUBREAPER = 36


def interrupted(tree: Tree, source: Path, send: Callable[[int], None]) -> tuple[int, str]:
    """Grade a submission whose check hangs, send(pid) once it does; return exit status and stderr.

    The caller inherits every process that is left behind, and waits until the last one has ended.
    """
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    command = tree.command("grade", "--lab=demo", f"--src={source}")
    with subprocess.Popen(
        command,
        cwd=tree.root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout and process.stderr
        seen = b""
        while b"hello.says" not in seen:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            seen += line
        send(process.pid)
        said = process.communicate()[1].decode()
    try:
        while True:
            os.wait()
    except ChildProcessError:
        return process.returncode, said


WAYS: dict[str, tuple[Callable[[int], None], int]] = {
    "Ctrl-C": (lambda pid: os.killpg(pid, signal.SIGINT), 3),
    "Ctrl-C twice": (lambda pid: [os.killpg(pid, signal.SIGINT) for _ in range(2)] and None, 3),
    "SIGINT to one": (lambda pid: os.kill(pid, signal.SIGINT), 3),
    "SIGTERM": (lambda pid: os.kill(pid, signal.SIGTERM), 3),
    "a closed terminal": (lambda pid: os.killpg(pid, signal.SIGHUP), 3),
    "SIGKILL": (lambda pid: os.kill(pid, signal.SIGKILL), -signal.SIGKILL),
}


@pytest.mark.parametrize("way", WAYS)
def test_an_interrupted_grading_leaves_nothing_behind(tree: Tree, place: Path, way: str) -> None:
    source = submission(place / "mine", f"{HELLO}// CHECK HANGS\n")
    (place / "tmp").mkdir()
    send, expected = WAYS[way]

    def body() -> Any:
        os.environ["TMPDIR"] = str(place / "tmp")
        return interrupted(tree, source, send)

    status, said = run_as(User(None), place, body)
    assert status == expected
    if way != "SIGKILL":
        assert said == "syslabs: interrupted\n"
        assert os.listdir(place / "tmp") == []


def test_nohup_is_respected(tree: Tree) -> None:
    done = shell(tree, f"trap '' HUP; {GRADE} & pid=$!; kill -HUP $pid; wait $pid")
    assert done.returncode == 0


def test_results_are_plain_json(tree: Tree, tmp_path: Path) -> None:
    _, result = tree.grade(submission(tmp_path / "mine"))
    assert json.loads(json.dumps(result)) == result
    write(tmp_path / "again.json", json.dumps(result))
