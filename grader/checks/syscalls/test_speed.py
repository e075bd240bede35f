"""What a traced call costs, against strace on the same machine, in turns."""

from __future__ import annotations

from pathlib import Path

from grader.checks.syscalls.inspection import typed
from grader.checks.syscalls.inspector import STEP, Bench, bench
from grader.outcome import Failed, Inconclusive, check
from grader.process import TimeLimit
from grader.result import Evidence
from grader.run import Run

ENGINE = "ptrace"
SPEED_CALLS, ROUNDS = 6_000, 5
BANDS = (
    (1.15, 1.0),
    (1.5, 0.7),
    (2.0, 0.4),
    (3.0, 0.2),
)  # times strace's cost, share of the points


@check("ptrace.speed")
def test_speed(run: Run) -> None:
    """Compare the processor time of a traced call, alternately with `strace -f -o` and with engine ptrace."""
    with bench(run, "probe") as place:
        probe = place.probe("probe")
        ours = [run.program(), "-e", ENGINE, "-o", "/dev/null", probe]
        theirs = ["/usr/bin/strace", "-f", "-o", "/dev/null", probe]
        costs = [(_cost(place, ours), _cost(place, theirs)) for _ in range(ROUNDS)]
    ratio = min(our for our, _ in costs) / max(min(their for _, their in costs), 1e-9)
    share = next((share for most, share in BANDS if ratio <= most), 0.0)
    if share < 1.0:
        us, them = (1e6 * min(each) / SPEED_CALLS for each in zip(*costs))
        observed = f"a call costs {us:.1f} microseconds, with strace {them:.1f}: {ratio:.2f} times"
        expected = f"at most {BANDS[0][0]:g} times what strace costs"
        evidence = [Evidence("note", typed([*ours, f"many={SPEED_CALLS}"]))]
        raise Failed(observed, expected=expected, evidence=evidence, share=share)


def _cost(place: Bench, argv: list[object]) -> float:
    """Return seconds of processor time, of tracer and command, for SPEED_CALLS calls."""
    wrap = ["taskset", "-c", str(place.run.cpu)]
    spent = []
    for calls in (0, SPEED_CALLS):
        process = place.start([*argv, f"many={calls}"], wrap=wrap)
        try:
            ending = process.wait(place.run.limit(STEP))
        except TimeLimit as limit:
            raise Failed(f"{typed(argv)}: {limit}") from limit
        finally:
            process.kill()
        if ending.code != 0:
            if Path(str(argv[0])).name == "strace":
                raise Inconclusive(f"strace: {ending}")
            raise Failed(f"{typed(argv)}: {ending}", expected="exit status 0")
        spent.append(ending.cpu_seconds)
    return spent[1] - spent[0]
