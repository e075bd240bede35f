"""What the command is given, and what becomes of its exit status."""

from __future__ import annotations

import signal
from typing import Iterator

from grader.checks.syscalls.inspection import Inspection
from grader.checks.syscalls.inspector import ENGINES, Bench, bench
from grader.outcome import Failed, check
from grader.result import Evidence
from grader.run import Run

WORDS = ("two words", 'quo"te', "it's", "*", "", "$HOME", "`id`", "back\\slash", "-l", "-f", "--")
MORE = ("-o", "tab\there", "ünï", ";", "&&", "a=b", "%s%n")
CODES = (0, 1, 2, 124, 125, 126, 127, 128, 255)
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGUSR1, signal.SIGPIPE)


@check("transparent.io")
def test_transparent(run: Run) -> None:
    """Compare what a command gets and gives under the inspector with a direct run: streams, arguments, environment, descriptors."""
    words = [*WORDS, *MORE]
    run.random.shuffle(words)
    stdin = run.random.randbytes(3000)
    with bench(run, "mirror") as place:
        direct = place.complete([place.probe("mirror"), *words], stdin)
        for engine in ENGINES:
            mirror = place.probe("mirror")
            found = place.inspect("-e", engine, mirror, *words, stdin=stdin, to_file=True)
            _expect_same(found, direct, engine)
            _expect_environment(place, engine, direct)


def _expect_same(found: Inspection, direct: Inspection, engine: str) -> None:
    theirs, ours = direct.stdout.splitlines(), found.stdout.splitlines()
    missing = [line for line in theirs if line not in ours]
    extra = [line for line in ours if line not in theirs]
    if found.stdout != direct.stdout:
        observed = (
            f"engine {engine}: the command finds or writes something else than in a direct run"
        )
        evidence = [Evidence("diff", _diff(missing, extra)), *found.exhibits()]
        raise Failed(observed, expected="no difference", evidence=evidence)
    if found.stderr != direct.stderr:
        observed = f"engine {engine}: with -o FILE there is more on stderr than the command wrote"
        expected = f"stderr holds {direct.stderr!r} alone"
        raise Failed(observed, expected=expected, evidence=found.exhibits())


def _diff(missing: list[bytes], extra: list[bytes]) -> str:
    lines = [f"- {line[:90].decode('utf-8', 'replace')}" for line in missing[:6]]
    lines += [f"+ {line[:90].decode('utf-8', 'replace')}" for line in extra[:6]]
    return "\n".join(lines) or "the same lines, in another order or number"


def _expect_environment(place: Bench, engine: str, direct: Inspection) -> None:
    """-E sets, replaces, empties and removes."""
    value = f"x=1 {place.run.random.getrandbits(32):x} *"
    options = ["-E", f"INSPECTED={value}", "-E", "LANG=C", "-E", "HOME", "-E", "EMPTY="]
    found = place.inspect("-e", engine, *options, place.probe("mirror"), to_file=True)
    before = {line for line in direct.stdout.split(b"\n") if line.startswith(b"env ")}
    kept = {line for line in before if not line.startswith((b"env LANG=", b"env HOME="))}
    wanted = kept | {f"env INSPECTED={value}".encode(), b"env LANG=C", b"env EMPTY="}
    seen = {line for line in found.stdout.split(b"\n") if line.startswith(b"env ")}
    if seen != wanted:
        observed = f"engine {engine}: the environment is not what -E asks for"
        evidence = [Evidence("diff", _diff(sorted(wanted - seen), sorted(seen - wanted)))]
        expected = "-E NAME=VALUE sets, -E NAME removes, the rest stays"
        raise Failed(observed, expected=expected, evidence=[*evidence, *found.exhibits()])


@check("status.passed")
def test_status(run: Run) -> None:
    """Run commands that exit, are killed, cannot be found or executed, and use the inspector wrongly."""
    with bench(run, "probe") as place:
        cases = list(_cases(place))
        wrong = [text for text in (_misjudged(place, *case) for case in cases) if text]
    if wrong:
        expected = "the command's status; 128+N for signal N; 127, 126 and 125 as env(1) has them"
        share = 1 - len(wrong) / len(cases)
        raise Failed("\n".join(wrong[:6]), expected=expected, share=share)


def _cases(place: Bench) -> Iterator[tuple[list[str], int, bool]]:
    """Yield arguments, the status that they must give, and whether there must be a message."""
    probe, plain = str(place.probe("probe")), place.folder / "plain"
    plain.write_text("not a program\n", "utf-8")
    plain.chmod(0o644)
    others = place.run.random.sample(range(3, 124), 3)
    for code in (*CODES, *others):
        yield [probe, f"exit={code}"], code, False
    for number in SIGNALS:
        yield [probe, f"die={int(number)}"], 128 + number, False
    for engine in (["-e", name] for name in ENGINES):
        yield [*engine, probe, "exit=42"], 42, False
        yield [*engine, probe, "die=15"], 143, False
        yield [*engine, "no-such-command"], 127, True
        yield [*engine, "/no/such/command"], 127, True
        yield [*engine, str(plain)], 126, True
        yield [*engine, str(place.folder)], 126, True
    yield [], 125, True
    yield ["-e", "magic", probe], 125, True
    yield ["-?", probe], 125, True
    yield ["-o", "/no/such/folder/file", probe], 125, True


def _misjudged(place: Bench, words: list[str], code: int, message: bool) -> str:
    found = place.inspect(*words)
    if found.ending.code != code:
        return f"{found.words}: {found.ending}, not {code}"
    if message and not found.stderr.strip():
        return f"{found.words}: exit status {code} without a message on stderr"
    return ""
