"""Run the sessions of a handout in a sandbox, as an unprivileged user, and tell what they print.

    python3 -m grader.handout_session job.json FD

reads the commands from session.json beside the job. A person types slowly: the next command comes when
what runs in the background sleeps.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

from grader import calibrate, paths
from grader.comparison import TROUBLES
from grader.golang import roomy
from grader.job import Job, read_job
from grader.limits import Limits
from grader.orphan import end_with_parent
from grader.outcome import Inconclusive
from grader.process import TimeLimit
from grader.run import best_isolation
from grader.sandbox import Room, Sandbox

SCRIPT = "session.json"
USER = 65534  # nobody, who has a name in grader/etc/passwd
LIMIT = 40.0  # seconds for a session, on a fast machine
BACKGROUND = re.compile(r"(?<![&>])&(?=\s|$)")
MARK = "\036"
SETTLE = r"""
settle() {  # until the last job, each of its threads and its children sleep
    local comm state turn awake task children
    for turn in {1..20000}; do
        [ -e /proc/$!/stat ] || return
        read -r comm 2> /dev/null < /proc/$!/comm; awake=0
        read -r children 2> /dev/null < /proc/$!/task/$!/children
        [ -z "$children" ] || printf -v children "/proc/%s/stat " $children
        for task in /proc/$!/task/*/stat $children; do
            read -r _ _ state _ 2> /dev/null < "$task" || state=
            [ "$state" = S ] || awake=1
        done
        [ "$comm" != bash ] && [ "$comm" != strace ] && [ $awake = 0 ] && return
    done
}
"""


def script(commands: list[str]) -> str:
    """Return a bash script that runs the commands, and marks where the output of each one begins."""
    lines, begun = [SETTLE, "exec 2>&1"], False
    for command in commands:
        lines += [f"printf '{MARK}'", command]
        begun = begun or BACKGROUND.search(command) is not None
        lines += ["settle"] if begun else []
    return "\n".join([*lines, "exit 0"])


def play(job: Job, setup: str, sessions: list[list[str]]) -> list[list[str]]:
    """Return what each command of each session printed. Raises Inconclusive."""
    folder = Path(job.scratch) / "session"
    folder.mkdir()
    source = Path(job.source)
    checks = paths.CHECKS / job.lab
    room = Room(readable=(source, checks), writable=(folder,), user=USER)
    env = {"SRC": str(source), "CHECKS": str(checks), "TERM": "dumb", "COLUMNS": "100"}
    limit = LIMIT * calibrate.slowness()
    found = []
    with Sandbox(room, best_isolation()[0]) as box:
        for commands in [[setup], *sessions]:
            process = box.start(
                ["/bin/bash", "-c", script(commands)],
                limits=roomy(Limits(time=limit)),
                env=env,
                ptrace=True,
                cwd=str(folder),
            )
            try:
                process.wait(limit)
            except TimeLimit as error:
                raise Inconclusive(f"{error}\n{process.stderr_text()}") from None
            found.append(_outputs(process.stderr_text(), folder))
    return found[1:]


def _outputs(text: str, folder: Path) -> list[str]:
    return text.replace(f"{folder}/", "").split(MARK)[1:]


def main(job_file: str, events: str) -> None:
    """Play the sessions that stand beside the job."""
    end_with_parent(os.getppid())
    job = read_job(Path(job_file))
    wanted = json.loads((Path(job_file).parent / SCRIPT).read_text("utf-8"))
    with os.fdopen(int(events), "w") as sink:
        try:
            outputs = play(job, wanted["setup"], wanted["sessions"])
            json.dump({"event": "played", "outputs": outputs}, sink)
        except TROUBLES as error:
            json.dump({"event": "trouble", "reason": str(error)}, sink)


if __name__ == "__main__":
    main(*sys.argv[1:])
