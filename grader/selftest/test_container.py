"""The walls of a container, and what is graded in it: the hostile suite, and honest work beside it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator

import pytest

from grader import paths
from grader.batch import container, image, work
from grader.batch.container import Engine
from grader.batch.profile import grading_profile
from grader.batch.belief import Fault
from grader.batch.work import Place
from grader.result import Verdict
from grader.selftest.engines import engine
from grader.selftest.hostile import HONEST, Case, cases, reference, task
from grader.selftest.test_hostile import judged

IMAGE_BYTES = 700_000_000
WORST = 8  # of the hostile submissions, side by side with honest ones


@pytest.fixture(name="box", scope="module")
def _box() -> Iterator[Place]:
    """This machine with containers."""
    with engine():
        place = work.settle(True, f"selftest{os.getpid()}")
        yield place
        work.clear(place)


def said(place: Place, script: str) -> str:
    """What a shell prints in the container of a grading."""
    assert place.engine is not None
    argv = place.engine.start(
        f"syslabs-walls-{os.getpid()}", place.folder / "seccomp.json", place.quiet, 30
    )
    argv[argv.index("timeout") :] = ["sh", "-c", script]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


@pytest.mark.lab("epoll")
@pytest.mark.parametrize("case", cases(), ids=str)
def test_hostile(box: Place, case: Case) -> None:
    judged(box, case)


@pytest.mark.lab("epoll")
def test_leaks_are_seen_in_a_container(box: Place) -> None:
    """LeakSanitizer keeps silent where the filter of the container refuses untraced clones."""
    files = reference()
    leak = b"""
static void *volatile lost;

__attribute__((constructor)) static void lose(void)
{
    for (int each = 0; each < 100; each++)
        lost = malloc(100);
    lost = NULL;
}
"""
    files["echo_server.c"] += leak
    grade = work.attempt(box, task("leak", files, "clean.memory"))
    assert grade.checks[0].verdict is Verdict.FAIL and "leak" in grade.checks[0].observed.lower()


def test_walls(box: Place) -> None:
    assert "Read-only file system" in said(box, "touch /syslabs/x")
    assert said(box, "id -u").strip() != "0"
    assert "CapBnd:\t0000000000000000" in said(box, "cat /proc/self/status")
    assert "NoNewPrivs:\t1" in said(box, "cat /proc/self/status")
    assert said(box, "ls /sys/class/net").split() == ["lo"]
    assert (
        said(box, "ls /syslabs/solutions /syslabs/grader/selftest 2>&1").count("No such file") == 2
    )
    assert (
        said(box, "find /syslabs -name mutants -o -name alternatives -o -name .git").strip() == ""
    )
    assert "No space left" in said(box, "head -c 2G /dev/zero > /tmp/full")
    families = "import socket\nfor f in 1, 2, 40, 17:\n try: socket.socket(f, 1); print(f)\n"
    assert said(box, f"python3 -c '{families} except OSError: pass'").split() == ["1", "2"]


def test_the_image_is_small_and_says_what_it_is(box: Place) -> None:
    assert box.engine is not None
    size = box.engine.run("image", "inspect", "--format={{.Size}}", container.IMAGE).stdout
    assert int(size) < IMAGE_BYTES
    assert box.engine.label(container.IMAGE, "org.opencontainers.image.title") == "syslabs"


def test_students_grade_in_it(box: Place) -> None:
    assert "args.errors" in said(box, "make grade LAB=epoll CHECK=args.errors INSTALL=no")


def test_a_container_ends_with_its_batch(box: Place) -> None:
    """Whoever is killed leaves containers behind; the next batch on that folder removes them."""
    assert box.engine is not None
    batch = f"left{os.getpid()}"
    name = f"{container.PREFIX}{batch}-1"
    argv = box.engine.start(name, box.folder / "seccomp.json", box.quiet, 60)
    argv[argv.index("--interactive")] = "--detach"
    argv[argv.index("timeout") :] = ["sleep", "60"]
    subprocess.run(argv, check=True, capture_output=True)
    box.engine.sweep(batch)
    assert name not in box.engine.run("ps", "--all", "--format={{.Names}}").stdout


def test_an_engine_that_fails_is_no_zero(box: Place) -> None:
    broken = Place(Engine("/bin/false", ()), box.folder, "selftest")
    with pytest.raises(Fault, match="status 1"):
        work.attempt(broken, task("ann", reference(), HONEST[1]))


# -- without an engine ---------------------------------------------------------------------------

DEFAULT = {
    "defaultAction": "SCMP_ACT_ERRNO",
    "syscalls": [
        {"names": ["read", "keyctl", "io_uring_setup"], "action": "SCMP_ACT_ALLOW", "args": []},
        {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0}]},
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "args": []},
    ],
}


def test_profile() -> None:
    rules = grading_profile(DEFAULT)["syscalls"]
    allowed = {
        name for rule in rules if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]
    }
    assert {"read", "clone", "unshare", "mount", "ptrace", "socket"} <= allowed
    assert not {"keyctl", "io_uring_setup", "clone3"} & allowed
    assert all(rule["args"] for rule in rules if rule["names"] == ["socket"])
    for bad in ({}, {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{}]}):
        with pytest.raises(ValueError):
            grading_profile(bad)


def test_the_base_is_pinned_by_a_tag() -> None:
    assert image.base_of(paths.ROOT / "Dockerfile").partition(":")[2] not in ("", "latest")


def test_devcontainer() -> None:
    text = (paths.ROOT / ".devcontainer/devcontainer.json").read_text("utf-8")
    assert "systempaths=unconfined" in " ".join(json.loads(text)["runArgs"])
