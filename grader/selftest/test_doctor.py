"""`doctor`: it looks as the user who will grade, and names the mend for what is missing."""

from __future__ import annotations

import resource
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from grader import machine, toolchain
from grader.machine import Fact, abilities, packages
from grader.selftest.denied import deny, without
from grader.selftest.trees import Tree, environment
from grader.verbs import doctor


def asked(tree: Tree, before: tuple[str, ...] | list[str] = (), **options: Any) -> tuple[int, str]:
    """Run doctor; return its exit status and what it printed."""
    done = subprocess.run(
        [*before, *tree.command("doctor")],
        cwd=tree.root,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        **options,
    )
    if "setting up uid map" in done.stderr:
        pytest.skip("this machine lets nobody alter what a command sees")
    assert done.stderr == "", done.stderr
    return done.returncode, done.stdout


def test_what_it_says(tree: Tree) -> None:
    status, text = asked(tree)
    assert max(map(len, text.splitlines())) <= 80
    names = [need.name for need in toolchain.NEEDS]
    for name in (*names, "sandbox", "tracing", "descriptors", "space", "gdb", "go"):
        assert f" {name} " in text
    missing = [line for line in text.splitlines() if line.startswith("MISSING")]
    assert status == (3 if missing else 0)
    assert text.endswith("can be graded here.\n")


def test_it_finds_what_a_grading_finds(tree: Tree) -> None:
    status, text = asked(tree, preexec_fn=partial(deny, "user namespaces"))
    assert status == 3
    assert "MISSING   sandbox     isolation: none (bwrap: " in text
    assert "marks are advisory" in text and "mend: " in text


def test_no_right_to_trace(tree: Tree) -> None:
    status, text = asked(tree, preexec_fn=partial(deny, "ptrace"))
    assert status == 3 and "MISSING   tracing     strace: " in text
    assert "ptrace_scope" in text


def test_few_descriptors(tree: Tree) -> None:
    limit = partial(resource.setrlimit, resource.RLIMIT_NOFILE, (256, 256))
    status, text = asked(tree, preexec_fn=limit)
    assert status == 3 and "MISSING   descriptors hard limit 256" in text
    assert "load above 156 connections is inconclusive" in text


@pytest.mark.parametrize(("program", "package"), [("gcc", "gcc"), ("strace", "strace")])
def test_a_package_that_is_missing(tree: Tree, program: str, package: str) -> None:
    status, text = asked(tree, before=without(f"/usr/bin/{program}"))
    assert status == 3
    assert f"MISSING   {program} " in text and f"mend: sudo apt-get install {package}" in text


def test_what_is_optional_makes_nothing_ungradable(monkeypatch: Any, capsys: Any) -> None:
    absent = Fact("gdb", False, "is for replay", "replay UNDER=gdb", "apt-get", optional=True)
    monkeypatch.setattr(doctor, "packages", lambda: iter([absent]))
    monkeypatch.setattr(doctor, "_tried", lambda: [])
    monkeypatch.setattr(toolchain, "prepare", lambda: None)
    assert doctor.run(None) == 0  # type: ignore[arg-type]
    text = capsys.readouterr().out
    assert "not here  gdb" in text and "Everything can be graded here." in text


def test_tools_that_cannot_be_built(monkeypatch: Any, capsys: Any) -> None:
    def refuse() -> None:
        raise toolchain.Unready("the grader's tools cannot be built: no room")

    monkeypatch.setattr(toolchain, "prepare", refuse)
    assert doctor.run(None) == 3  # type: ignore[arg-type]
    assert "MISSING   tools       the grader's tools cannot be built" in capsys.readouterr().out


def test_apparmor_has_its_own_mend(monkeypatch: Any, tmp_path: Path) -> None:
    switch = tmp_path / "switch"
    switch.write_text("1\n")
    monkeypatch.setattr(machine, "APPARMOR", switch)
    monkeypatch.setattr("grader.run.best_isolation", lambda: ("none", "setting up uid map"))
    fact = next(fact for fact in abilities() if fact.name == "sandbox")
    assert not fact.ok and "apparmor_parser -r" in fact.mend
    assert (Path(machine.__file__).parent / "apparmor-bwrap").exists()


def test_a_look_that_fails_is_a_fact(monkeypatch: Any) -> None:
    def broken() -> Fact:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(machine, "_LOOKS", {"sandbox": broken})
    (fact,) = abilities()
    assert not fact.ok and "Permission denied" in fact.detail


def test_every_fact_that_can_be_missing_names_its_mend() -> None:
    for fact in packages():
        assert fact.detail and fact.lost and fact.mend
    assert {fact.name for fact in packages() if fact.optional} == {
        *("gdb", "jinja2", "go", "dot", "markdown")
    }


def test_needs_by_name() -> None:
    assert toolchain.has("gcc") and toolchain.has("pytest") and toolchain.has("libc")
    assert (
        toolchain.lacking(["rich", "gcc"]) == "missing gcc, rich: apt-get install gcc python3-rich"
    )
    with pytest.raises(KeyError):
        toolchain.has("no such need")


def test_tools_are_built_again_when_a_source_changes(tmp_path: Path, monkeypatch: Any) -> None:
    from grader import paths
    from grader.selftest.trees import plant

    plant(tmp_path)
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(paths, "TOOLS", tmp_path / "build/tools")
    toolchain.prepare()
    before = paths.tool("gate").stat().st_mtime_ns
    toolchain.prepare()
    assert paths.tool("gate").stat().st_mtime_ns == before
    (tmp_path / "grader/tools/common.h").touch()
    (tmp_path / "grader/tools/gate.c").touch()
    toolchain.prepare()
    assert paths.tool("gate").stat().st_mtime_ns != before
