"""The image of which every submission gets a container: built from the Dockerfile, kept current."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from grader import paths
from grader.batch.container import IMAGE, LIMITS, Engine
from grader.batch.task import tree_digest

TREE_LABEL = "syslabs.tree"
PROFILE_NAME = "seccomp.json"
PROFILE = f"/syslabs/build/{PROFILE_NAME}"  # inside; made from the engine's default, see profile.py


class NotBuilt(RuntimeError):
    """The image cannot be built; the message says why."""


def ensure(engine: Engine) -> str:
    """Build the image unless there is one of this very tree; return its id. Raises NotBuilt."""
    if engine.label(IMAGE, TREE_LABEL) != tree_digest():
        build(engine)
    return engine.image_id(IMAGE)


def build(engine: Engine) -> None:
    """Build the image; what the engine prints goes to stderr. Raises NotBuilt."""
    _ensure_base(engine, base_of(paths.ROOT / "Dockerfile"))
    print(f"syslabs: building the image {IMAGE} with {engine.command}", file=sys.stderr)
    argv = [engine.command, "build", "--network=host", f"--tag={IMAGE}"]
    argv += [f"--build-arg=TREE={tree_digest()}", str(paths.ROOT)]
    with tempfile.TemporaryFile("w+") as log:
        status = subprocess.run(argv, stdout=log, stderr=log, check=False).returncode
        if status:
            log.seek(0)
            raise NotBuilt(f"{engine.command} build failed:\n{log.read()[-2000:]}")


def base_of(dockerfile: Path) -> str:
    """Return the name of the image that ours is built upon."""
    found = re.search(r"^ARG BASE=(\S+)$", dockerfile.read_text("utf-8"), re.MULTILINE)
    assert found, f"{dockerfile}: no line ARG BASE=…"
    return found[1]


def _ensure_base(engine: Engine, name: str) -> None:
    """Pull the base; where no registry can be reached, make the same of Debian's packages."""
    if engine.image_id(name) or engine.run("pull", "--quiet", name).returncode == 0:
        return
    if shutil.which("mmdebstrap") is None:
        why = "it cannot be pulled, and mmdebstrap, which could make it, is not installed"
        raise NotBuilt(f"no image {name}: {why}")
    print(f"syslabs: making {name} of Debian's packages", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="syslabs-base-") as folder:
        archive = Path(folder) / "base.tar"
        argv = ["mmdebstrap", "--quiet", "--variant=minbase", "bookworm", str(archive)]
        made = subprocess.run(argv, capture_output=True, text=True, check=False)
        if made.returncode:
            raise NotBuilt(f"mmdebstrap: {made.stderr.strip()[-500:]}")
        taken = engine.run("import", str(archive), name)
        if taken.returncode:
            raise NotBuilt(f"{engine.command} import: {taken.stderr.strip()}")


def profile(engine: Engine, folder: Path) -> None:
    """Write the filter of system calls, which the image brings along, into a folder."""
    options = ("--rm", "--network=none", *LIMITS, *engine.extra)
    done = engine.run("run", *options, IMAGE, "cat", PROFILE)
    if done.returncode:
        raise NotBuilt(f"{IMAGE} does not start: {done.stderr.strip()}")
    (folder / PROFILE_NAME).write_text(done.stdout, "utf-8")
