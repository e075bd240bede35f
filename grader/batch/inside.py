"""Grade one submission where no one looks on: in a container, or in a process of its own.

    python3 -m grader.batch.inside < task > result.json

Reads a task (one line), writes a result of schema 1, and ends when its stdin does: whoever wanted the
result is gone then. Status 3: not gradable here, and stderr says why. What student code does cannot
reach stdout: programs run in sandboxes of their own, and print into files.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

from grader import paths
from grader.batch.task import Task, read_task
from grader.manifest import ManifestError, load_lab
from grader.report.json_file import SIZE_LIMIT
from grader.result import Grade, to_json
from grader.session import Options, grade
from grader.submission import Submission
from grader.toolchain import Unready, prepare
from grader.worker import WorkerFailed

QUIET = "SYSLABS_QUIET"  # names the file whose lock makes machines quiet, see grader/quiet.py


def graded(task: Task) -> Grade:
    """Grade a task. Raises Unready, WorkerFailed, ManifestError, OSError."""
    lab = load_lab(paths.ROOT, task.lab)
    prepare()
    submission = Submission(Path(task.label), task.label, task.files, task.ignored)
    options = Options(task.checks, task.seed, jobs=task.jobs, quiet=os.environ.get(QUIET, ""))
    return grade(lab, submission, options, lambda event: None)


def _end_with_stdin() -> None:
    """End this process in good order when nobody wants its result any more."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    threading.Thread(target=watch, daemon=True).start()


def main() -> int:
    """Grade the task on stdin; return 0, or 3 where that is not possible."""
    result_fd = os.dup(1)
    os.dup2(2, 1)
    task = read_task(sys.stdin.readline())
    _end_with_stdin()
    try:
        text = json.dumps(to_json(graded(task)), ensure_ascii=False)
    except (Unready, WorkerFailed, ManifestError, OSError) as error:
        print(f"{error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 3
    if len(text) > SIZE_LIMIT:
        print("the result is too long", file=sys.stderr)
        return 3
    with os.fdopen(result_fd, "w", encoding="utf-8") as stream:
        stream.write(text)
    return 0


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # the thread that reads stdin would keep the interpreter waiting
