"""Criterion's report on a test: a whole one, a broken one, one that says too much."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import paths
from grader.criterion_report import Report, bodies, read, sentences

# As Criterion 2.4.1 writes it: what is in messages is not escaped.
REPORT = r"""{
  "id": "Criterion v2.4.1",
  "passed": 0,
  "test_suites": [
    {
      "name": "net",
      "tests": [
        {
          "name": "timeout",
          "assertions": 0,
          "status": "SKIPPED",
          "messages": ["The test was skipped."]
        },
        {
          "name": "machine",
          "assertions": 0,
          "status": "SKIPPED",
          "messages": ["machine: a "socket" \ : EMFILE"]
        },
        {
          "name": "errors",
          "assertions": 2,
          "status": "FAILED",
          "messages": [
            "unit_net.c:389: expected: -1 (EADDRINUSE) from tcp_listen("127.0.0.1", busy, 8)",
            "  observed: 17 (0)	and a \ "
          ]
        },
        {
          "name": "connect",
          "assertions": 24,
          "status": "PASSED"
        }
      ]
    }
  ]
}
"""


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.json"
    path.write_text(REPORT, "utf-8")
    return path


def test_a_pass(report: Path) -> None:
    assert read(report, "net", "connect", "printed") == Report("PASSED", 24, (), "printed")


def test_a_failure_in_its_own_words(report: Path) -> None:
    found = read(report, "net", "errors")
    assert found is not None and found.status == "FAILED"
    failure = found.failure()
    assert failure.expected == '-1 (EADDRINUSE) from tcp_listen("127.0.0.1", busy, 8)'
    assert failure.observed == "17 (0)\tand a \\"


def test_what_a_test_could_not_get(report: Path) -> None:
    found = read(report, "net", "machine")
    assert found is not None and found.lack == 'a "socket" \\ : EMFILE'


def test_a_time_limit_is_named() -> None:
    failure = Report("TIMEOUT", 0, ("net::timeout: Timed out.",)).failure()
    assert failure.reason == "time limit" and "Timed out" in failure.observed


def test_a_crash_without_words() -> None:
    assert Report("CRASHED", 0, ()).failure().observed == "the test crashed"


@pytest.mark.parametrize("suite, name", [("net", "nothing"), ("io", "connect"), ("", "")])
def test_a_test_that_is_not_there(report: Path, suite: str, name: str) -> None:
    assert read(report, suite, name) is None


def test_a_test_that_is_there_twice(report: Path) -> None:
    once = '{\n          "name": "connect",'
    other = '{"name": "connect", "assertions": 24, "status": "PASSED"}, ' + once
    report.write_text(report.read_text("utf-8").replace(once, other), "utf-8")
    assert read(report, "net", "connect") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"test_suites": 3}',
        '{"test_suites": [{"name": "net"}]}',
        "[" * 99999,
    ]
    + [REPORT[:length] for length in range(10, len(REPORT) - 10, 50)],
)
def test_a_report_that_is_not_whole(text: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(text, "utf-8")
    assert read(path, "net", "connect") is None


def test_a_report_that_is_missing_or_no_text(tmp_path: Path) -> None:
    assert read(tmp_path / "nothing", "net", "connect") is None
    assert read(tmp_path, "net", "connect") is None
    (tmp_path / "bytes").write_bytes(bytes(range(256)))
    assert read(tmp_path / "bytes", "net", "connect") is None


def test_sentences_stand_before_the_tests(tmp_path: Path) -> None:
    path = tmp_path / "unit_x.c"
    path.write_text(
        "/* Of the file. */\n\n/* read_full goes on: it\n * does, and * too. */\nTest(x, one)\n{\n}\n"
        "\n/* Needs. */\nTest(x, machine)\n{\n}\n\n/* Two. */\nTest(x, two, .timeout = 3)\n",
        "utf-8",
    )
    assert sentences(path) == {"x.one": "read_full goes on: it does, and * too.", "x.two": "Two."}


@pytest.mark.parametrize(
    "path", sorted(paths.CHECKS.glob("*/unit_*.c")), ids=lambda path: path.stem
)
def test_every_test_has_a_sentence(path: Path) -> None:
    tests = path.read_text("utf-8").count("\nTest(")
    found = sentences(path)
    assert len(found) == tests - 1  # all but `machine`
    assert all(20 < len(each) < 400 and each[-1] == "." for each in found.values())


def test_where_the_tests_are(tmp_path: Path) -> None:
    file = tmp_path / "unit_x.c"
    lines = [
        "/* one */",
        "Test(x, one)",
        "{",
        "    if (a) {",
        "    }",
        "}",
        "",
        "static int f(void)",
        "{",
    ]
    lines += ["}", "Test(x, two, .disabled = true)", "{", "}", ""]
    file.write_text("\n".join(lines), "utf-8")
    assert bodies(file) == {"one": range(2, 7), "two": range(11, 14)}
