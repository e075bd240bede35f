"""The walls around the grading of one submission: a container of Docker or Podman."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

IMAGE = "syslabs"
PREFIX = "syslabs-grading-"  # of the names of containers
ENGINES = ("docker", "podman")
ANSWER = 30  # seconds in which an engine says whether it is there
SCRATCH = "--tmpfs=/tmp:exec,mode=1777,size=1g"  # of its memory
INODES = "nr_inodes=200000"  # podman knows no such option: there, memory alone is the limit
INSIDE_QUIET = "/run/quiet"
INSIDE = ("/usr/bin/python3", "-sP", "-m", "grader.batch.inside")
LIMITS = (
    *("--memory=2g", "--memory-swap=2g", "--pids-limit=2048"),
    *("--ulimit=nofile=20000:20000", "--ulimit=nproc=4096:4096", "--ulimit=core=0:0"),
)


class NoEngine(RuntimeError):
    """There is no container engine here that works; the message says why."""


@dataclass(frozen=True)
class Engine:
    """A container engine: the command to call, and the options that only this one has."""

    command: str
    extra: tuple[str, ...]

    def start(self, name: str, profile: Path, quiet: Path, seconds: float) -> list[str]:
        """Return the command that grades the task on its stdin in a container of that name.

        profile: the filter of system calls; quiet: the file whose lock the gradings of this machine
        share; seconds: after so long the container ends, whatever happens outside.
        """
        return [
            *(self.command, "run", "--interactive", "--rm", f"--name={name}", "--log-driver=none"),
            *("--network=none", "--read-only", self._scratch(), *LIMITS),
            *("--cap-drop=ALL", "--security-opt=no-new-privileges"),
            *(f"--security-opt=seccomp={profile}", *self.extra),
            f"--volume={quiet}:{INSIDE_QUIET}:ro",
            *(f"--env=SYSLABS_QUIET={INSIDE_QUIET}", "--env=PYTHONPATH=/syslabs"),
            *(IMAGE, "timeout", "--signal=KILL", f"{seconds:.0f}", *INSIDE),
        ]

    def _scratch(self) -> str:
        return SCRATCH if self.command == "podman" else f"{SCRATCH},{INODES}"

    def end(self, name: str) -> None:
        """Remove a container, running or not, if there is one of that name."""
        self.run("rm", "--force", name)

    def sweep(self, batch: str) -> None:
        """Remove what a killed batch has left running: containers whose names begin like its own."""
        found = self.run("ps", "--all", "--quiet", f"--filter=name={PREFIX}{batch}-").stdout
        if found.split():
            self.run("rm", "--force", *found.split())

    def label(self, image: str, name: str) -> str:
        """Return a label of an image, "" where there is no such image or label."""
        return self._inspected(image, f'{{{{index .Config.Labels "{name}"}}}}')

    def image_id(self, image: str) -> str:
        """Return the id of an image, "" for none."""
        return self._inspected(image, "{{.Id}}")

    def _inspected(self, image: str, form: str) -> str:
        done = self.run("image", "inspect", f"--format={form}", image)
        said = done.stdout.strip() if done.returncode == 0 else ""
        return "" if said == "<no value>" else said

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a short command of the engine."""
        argv = [self.command, *arguments]
        return subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False)


def find(commands: tuple[str, ...] = ENGINES) -> Engine:
    """Return an engine that answers. Raises NoEngine with what each one said."""
    said = []
    for command in commands:
        try:
            argv = [command, "info"]
            done = subprocess.run(
                argv, capture_output=True, text=True, errors="replace", timeout=ANSWER, check=False
            )
        except FileNotFoundError:
            said.append(f"{command}: not installed")
            continue
        except subprocess.TimeoutExpired:
            said.append(f"{command}: no answer within {ANSWER} s")
            continue
        if done.returncode == 0:
            return Engine(command, _extra(command))
        lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        said.append(f"{command}: {lines[-1]}")
    hint = "NO_CONTAINER=1 (--no-container) does without, on a machine that you could lose"
    raise NoEngine(f"{'; '.join(said)}. {hint}")


def _extra(command: str) -> tuple[str, ...]:
    """bubblewrap mounts a /proc of its own, which a masked one forbids, see mount_namespaces(7)."""
    if command != "podman":
        return ("--security-opt=systempaths=unconfined",)
    old_groups = not Path("/sys/fs/cgroup/cgroup.controllers").exists()
    runtime = ("--runtime=runc",) if old_groups and os.geteuid() == 0 else ()
    return ("--security-opt=unmask=ALL", *runtime)
