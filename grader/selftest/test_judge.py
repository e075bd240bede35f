"""From what a check raises to its verdict, points and reason; and when a check is skipped."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Callable

import pytest

from grader import judge
from grader.build import BuildFailed
from grader.judge import Judge
from grader.load.dialer import TooFewDescriptors
from grader.outcome import Failed, Inconclusive, Tampered, check
from grader.plugin import Grading
from grader.process import NotStarted, TimeLimit
from grader.result import CheckResult, Evidence, Verdict, check_to_json
from grader.selftest.test_schedule import A
from grader.strace.run import StraceUnavailable, TraceTooLong

CHECK = replace(A, id="a.one", points=8.0, why="read(2)")
EVIDENCE = (Evidence("trace", "read(3) = 0", "a.c", 7),)


@check("a.one")
def function(run: Any) -> None:
    """Send one byte
    and expect it back.

    What follows is for those who read the code.
    """


JUDGE = Judge(lambda check_id: f"make replay CHECK={check_id}", {"a.one": function}, "/tmp/here")


def judged(body: Callable[[], Any]) -> CheckResult:
    return JUDGE.judged(CHECK, body)


def raised(error: BaseException) -> CheckResult:
    def body() -> None:
        raise error

    return judged(body)


def test_what_raises_nothing_passes() -> None:
    result = judged(lambda: "whatever it returns")
    assert (result.verdict, result.points, result.max_points) == (Verdict.PASS, 8.0, 8.0)
    assert (result.reason, result.why, result.hint, result.evidence) == ("", "", "", ())
    assert result.tried == "Send one byte and expect it back."
    assert (result.id, result.part, result.title) == ("a.one", "p", "t")
    assert result.replay == "make replay CHECK=a.one" and result.seconds >= 0


def test_a_failure_may_ask_another_question_first() -> None:
    assert raised(Failed("it does not listen", hint="does it?")).hint == "does it?"
    assert raised(Failed("it said no")).hint == CHECK.hints[0]


def test_a_failure_tells_everything() -> None:
    result = raised(Failed("it said no", expected="yes", evidence=EVIDENCE, share=0.25))
    assert (result.verdict, result.points) == (Verdict.FAIL, 2.0)
    assert (result.observed, result.expected) == ("it said no", "yes")
    assert (result.reason, result.why, result.hint) == ("wrong behaviour", "read(2)", "q")
    assert result.evidence == EVIDENCE


FAULT = "a fault of the grader, not of the program: "
VERDICTS: list[tuple[BaseException, Verdict, str]] = [
    (Failed("x"), Verdict.FAIL, "wrong behaviour"),
    (Failed("x", reason="output limit"), Verdict.FAIL, "output limit"),
    (TimeLimit("x"), Verdict.FAIL, "time limit"),
    (TraceTooLong("x"), Verdict.FAIL, "output limit"),
    (BuildFailed("a.c:1:1: error: x"), Verdict.FAIL, "does not compile"),
    (BuildFailed("cc1: out of memory"), Verdict.FAIL, "memory limit"),
    (Tampered("x", share=1.0), Verdict.TAMPERED, "wrong behaviour"),
    (Inconclusive("too busy"), Verdict.INCONCLUSIVE, "too busy"),
    (TooFewDescriptors(9, 4), Verdict.INCONCLUSIVE, "9 more descriptors are needed, "),
    (NotStarted("no bwrap"), Verdict.INCONCLUSIVE, "the machine could not start the program: "),
    (StraceUnavailable("x"), Verdict.INCONCLUSIVE, "the program cannot be traced here: x"),
    (ZeroDivisionError("x"), Verdict.INCONCLUSIVE, f"{FAULT}ZeroDivisionError: x"),
    (AssertionError(), Verdict.INCONCLUSIVE, f"{FAULT}AssertionError"),
    (OSError(28, "No space left on device"), Verdict.INCONCLUSIVE, f"{FAULT}OSError: [Errno 28]"),
    (MemoryError(), Verdict.INCONCLUSIVE, f"{FAULT}MemoryError"),
    (RecursionError(), Verdict.INCONCLUSIVE, f"{FAULT}RecursionError"),
    (SystemExit(0), Verdict.INCONCLUSIVE, f"{FAULT}SystemExit"),
    (KeyboardInterrupt(), Verdict.INCONCLUSIVE, f"{FAULT}KeyboardInterrupt"),
    (pytest.skip.Exception("x"), Verdict.INCONCLUSIVE, f"{FAULT}Skipped"),
]


@pytest.mark.parametrize(("error", "verdict", "reason"), VERDICTS)
def test_verdicts(error: BaseException, verdict: Verdict, reason: str) -> None:
    result = raised(error)
    assert result.verdict is verdict and result.reason.startswith(reason)
    assert result.points == 0
    assert result.reason and result.hint == "q"


def test_a_fault_of_the_grader_keeps_its_traceback() -> None:
    (note,) = raised(KeyError("nowhere")).evidence
    assert note.kind == "note" and "Traceback" in note.text and "nowhere" in note.text


@pytest.mark.parametrize(
    ("share", "points"), [(0.0, 0.0), (1 / 3, 2.67), (1.0, 8.0), (7.0, 8.0), (-1.0, 0.0)]
)
def test_shares_stay_within_the_points(share: float, points: float) -> None:
    assert raised(Failed("x", share=share)).points == points
    assert raised(Inconclusive("x", share=share)).points == points
    assert raised(Tampered("x", share=share)).points == 0


def test_on_a_full_disk_no_failure_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "disk_usage", lambda folder: SimpleNamespace(free=4096))
    result = raised(Failed("it printed nothing"))
    assert (result.verdict, result.points) == (Verdict.INCONCLUSIVE, 0)
    assert result.reason.startswith("no space left on the disk")
    assert judged(lambda: None).verdict is Verdict.PASS


# -- skipped -----------------------------------------------------------------------------------

NEEDY = replace(CHECK, id="a.two", needs=("a.one",))


def skipped(outcome: CheckResult | None) -> dict[str, Any] | None:
    """What becomes of a.two when a.one, which it needs, ended like this."""
    done = {"a.one": check_to_json(outcome)} if outcome else {}
    return Grading._skip(SimpleNamespace(_judge=JUDGE), NEEDY, done)  # type: ignore[arg-type]


def test_a_check_is_skipped_when_one_that_it_needs_earned_nothing() -> None:
    result = skipped(raised(Failed("x")))
    assert result and (result["verdict"], result["points"]) == ("skipped", 0)
    assert result["reason"] == "it needs a.one"
    assert skipped(raised(Tampered("x"))) is not None


def test_what_earned_a_share_is_enough() -> None:
    assert skipped(raised(Failed("x", share=0.1))) is None
    assert skipped(judged(lambda: None)) is None


def test_what_was_not_asked_for_is_not_missed() -> None:
    assert skipped(None) is None


def test_a_need_that_is_inconclusive_holds_the_points() -> None:
    result = skipped(raised(Inconclusive("busy")))
    assert result and result["verdict"] == "inconclusive"
    assert skipped(raised(Inconclusive("busy", share=0.5))) is None


def test_the_folder_of_the_grading_is_not_told() -> None:
    def body() -> None:
        shown = [Evidence("output", "in /tmp/here/build/x", "/tmp/here/a.c", 3)]
        raise Failed("/tmp/here/log is empty", expected="lines in /tmp/here/log", evidence=shown)

    result = JUDGE.judged(CHECK, body)
    assert (result.observed, result.expected) == ("log is empty", "lines in log")
    assert result.evidence[0].text == "in build/x"
